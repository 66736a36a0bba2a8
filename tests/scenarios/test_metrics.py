"""Each metric on a story small enough to be counted by hand; the bootstrap against what it must come to."""

import numpy as np
import pytest

from exchange.core.enums import Side
from exchange.core.units import ATOMS_PER_QUOTE, SECOND
from scenarios.analysis import comparisons, metrics
from scenarios.analysis.columns import unit_of
from scenarios.record.sink import Tables
from tests.scenarios.story import PRICE, START, VALUE_UNIT, Story

LOTS = 1_000  # a position of 1000 USDT
MARGIN = 50 * ATOMS_PER_QUOTE  # of it, at 20x: liquidated once the mark is at or below 9596 ticks
TAKEN = 400  # lots that the book takes of the second liquidation


def worth(lots: int, ticks: int) -> int:
    """Return a notional in atoms."""
    return lots * ticks * VALUE_UNIT


def told(rules: dict[str, str] | None = None, contract: dict[str, str] | None = None) -> Tables:
    """Tell of two longs that fall one after the other, the second only partly on the book; then the price comes back.

    Account 1 makes, 2 and 3 are the longs; marks at 0 s, 30 s, 32 s and 152 s.
    """
    story = Story(rules or {}, contract)
    maker, first, second = story.rich(), story.account(MARGIN), story.account(MARGIN + ATOMS_PER_QUOTE)
    story.trade(first, maker, LOTS)
    story.trade(second, maker, LOTS)
    story.order(maker, Side.BUY, LOTS, 9_590)
    story.order(maker, Side.BUY, TAKEN, 9_500)
    story.later(30)
    story.price(9_595)
    story.later(2)
    story.price(9_500)
    story.later(120)
    story.price(9_800)
    return story.tables()


def quiet() -> Tables:
    """Tell of two who trade, and of nobody's ruin."""
    story = Story()
    story.trade(story.rich(), story.rich(), LOTS)
    story.price(PRICE + 100)
    return story.tables()


def test_liquidated_notional_is_parted_by_who_took_it_and_whose_it_was() -> None:
    found = metrics.liquidated(told())
    book = worth(LOTS, 9_590) + worth(TAKEN, 9_500)
    fund = worth(LOTS - TAKEN, 9_490)  # at bankruptcy: 51 of margin on 1000
    assert (found.book_a, found.fund_a, found.adl_a, found.total_a) == (book, fund, 0, book + fund)
    assert (found.long_a, found.short_a) == (book + fund, 0)
    assert found.intervals == ((START, book + fund),)
    assert (found.lots, found.accounts, found.open_interest_l) == (2 * LOTS, 2, 2 * LOTS)
    assert found.share_of_open_interest == 1.0


def test_a_short_that_is_bought_back_is_no_long() -> None:
    story = Story()
    maker, trader = story.rich(), story.account(MARGIN)
    story.trade(maker, trader, LOTS)
    story.order(maker, Side.SELL, LOTS, 10_420)
    story.price(10_410)
    found = metrics.liquidated(story.tables())
    assert (found.book_a, found.long_a, found.short_a) == (worth(LOTS, 10_420), 0, worth(LOTS, 10_420))


def test_intervals_are_counted_from_the_grid() -> None:
    found = metrics.liquidated(told(), interval_ns=SECOND)
    assert [at for at, _ in found.intervals] == [START + 30 * SECOND, START + 32 * SECOND]
    assert [atoms for _, atoms in found.intervals] == [
        worth(LOTS, 9_590),
        worth(TAKEN, 9_500) + worth(LOTS - TAKEN, 9_490),
    ]


def test_deleveraging_counts_what_was_paid_for_the_lots() -> None:
    found = metrics.liquidated(told({"backstop.kind": "NONE"}))
    assert (found.fund_a, found.adl_a) == (0, worth(LOTS - TAKEN, 9_490))


def test_a_cascade_is_what_parent_links_make() -> None:
    (found,) = metrics.cascades(told())
    assert (found.cascade_id, found.liquidations, found.accounts, found.generations) == (1, 2, 2, 2)
    assert (found.lots, found.duration_ns) == (2 * LOTS, 2 * SECOND)
    assert found.notional_a == metrics.liquidated(told()).total_a


@pytest.mark.parametrize(("gap_s", "sizes"), [(1, [LOTS, LOTS]), (2, [2 * LOTS])])
def test_a_cluster_is_parted_by_a_longer_gap(gap_s: int, sizes: list[int]) -> None:
    assert [one.lots for one in metrics.clusters(told(), gap_ns=gap_s * SECOND)] == sizes


def test_absorption_shares_sum_to_one() -> None:
    found = metrics.absorption(told())
    assert (found.book_l, found.fund_l, found.adl_l, found.left_l) == (LOTS + TAKEN, LOTS - TAKEN, 0, 0)
    assert found.shares == (0.7, 0.3, 0.0)
    assert metrics.absorption(told({"backstop.kind": "NONE"})).shares == (0.7, 0.0, 0.3)


def test_the_equity_of_the_fund_is_at_the_mark() -> None:
    """It takes 600 lots at 9490 when the mark is 9500, and holds them: nobody bids."""
    found = metrics.fund_equity(told({"fund_seed": "10000"}))
    seed = 10_000 * ATOMS_PER_QUOTE
    gain = (LOTS - TAKEN) * (9_800 - 9_490) * VALUE_UNIT
    assert (found.start_a, found.end_a, found.minimum_a, found.largest_fall_a) == (seed, seed + gain, seed, 0)
    assert metrics.fund_wallet(told({"fund_seed": "10000"})).largest_fall_a == 0


def test_the_wallet_of_the_fund_pays_for_a_gap() -> None:
    """Sold at any price: 1000 lots bought at 10,000 with 50 of margin bring 9300 a tick."""
    story = Story({"engine": "naive_full", "fund_seed": "500"})
    maker, trader = story.rich(), story.account(MARGIN)
    story.trade(trader, maker, LOTS)
    story.order(maker, Side.BUY, LOTS, 9_300)
    story.price(9_400)
    found = metrics.fund_wallet(story.tables())
    seed, loss = 500 * ATOMS_PER_QUOTE, worth(LOTS, PRICE - 9_300) - MARGIN
    assert (found.start_a, found.end_a, found.minimum_a, found.largest_fall_a, found.recovery_ns) == (
        seed,
        seed - loss,
        seed - loss,
        loss,
        None,
    )


def test_a_fund_that_is_not_touched_has_a_path_too() -> None:
    found = metrics.fund_wallet(quiet())
    seed = 1_000_000 * ATOMS_PER_QUOTE
    assert (found.start_a, found.end_a, found.minimum_a, found.largest_fall_a, found.recovery_ns) == (
        seed,
        seed,
        seed,
        0,
        None,
    )


def test_the_largest_fall_is_from_an_earlier_peak_and_recovers_at_that() -> None:
    found = metrics._fund_path(np.array([5, 9, 4, 8, 9, 3, 8]), np.array([0, 1, 2, 3, 4, 5, 6]))
    assert (found.largest_fall_a, found.minimum_a, found.recovery_ns) == (6, 3, None)
    found = metrics._fund_path(np.array([5, 9, 4, 8, 9, 6]), np.array([0, 1, 2, 3, 4, 5]))
    assert (found.largest_fall_a, found.recovery_ns) == (5, 2)


def test_an_overshoot_is_what_came_back() -> None:
    found = metrics.overshoot(told())
    assert (found.start_t, found.extreme_t, found.end_t) == (PRICE, 9_500, 9_800)
    assert found.extreme_ns == START + 32 * SECOND
    assert (found.move_bp, found.overshoot_bp, found.share) == (500.0, 300.0, 0.6)
    rising = metrics.overshoot(told(), rising=True)
    assert (rising.extreme_t, rising.move_bp, rising.share) == (PRICE, 0.0, None)


def test_an_overshoot_upward() -> None:
    story = Story()
    for ticks in (9_900, 10_500, 10_300):
        story.price(ticks)
    found = metrics.overshoot(story.tables(), rising=True)
    assert (found.extreme_t, found.move_bp, found.overshoot_bp, found.share) == (10_500, 500.0, 200.0, 0.4)


def test_divergence_is_weighted_by_how_long_it_held() -> None:
    """Mark = index. The last trade is none, then 10,000 for 2 s against 9595, then 9590 for 120 s against 9500."""
    found = metrics.divergence(told())
    assert found.mark_index == metrics.Gap(0.0, 0.0)
    assert found.last_index is not None
    gaps = (10_000 * 405 / 9_595, 10_000 * 90 / 9_500)
    assert found.last_index.maximum_bp == pytest.approx(gaps[0])
    assert found.last_index.mean_bp == pytest.approx((2 * gaps[0] + 120 * gaps[1]) / 122)
    assert Story().tables()["trades"].num_rows == 0
    assert metrics.divergence(Story().tables()).last_index is None


def test_time_to_shares_of_what_was_forced() -> None:
    assert metrics.time_to(told()) == {0.50: 0, 0.88: 2 * SECOND, 0.95: 2 * SECOND}


def test_without_liquidations_there_is_nothing_and_no_division() -> None:
    tables = quiet()
    found = metrics.liquidated(tables)
    assert (found.total_a, found.lots, found.intervals, found.share_of_open_interest) == (0, 0, (), None)
    assert metrics.cascades(tables) == metrics.clusters(tables) == ()
    assert metrics.absorption(tables).shares is None
    assert metrics.time_to(tables) is None
    assert comparisons.branching([tables]).ratio is None


def test_an_attack_costs_what_was_paid_beyond_the_index_and_brings_what_is_left() -> None:
    """The attacker sells 100 short at the index, pushes with 50 at 9990, and buys all back at 9900 after the fall."""
    story = Story(contract={"taker_fee": "0.001"})
    maker, attacker = story.rich(), story.rich()
    story.order(maker, Side.BUY, 100, PRICE)
    story.order(maker, Side.BUY, 50, 9_990)
    story.order(attacker, Side.SELL, 100, PRICE)
    story.later(10)
    story.order(attacker, Side.SELL, 50, 9_990)
    story.later(10)
    story.price(9_900)
    story.order(maker, Side.SELL, 150, 9_900)
    story.order(attacker, Side.BUY, 150, 9_900)
    tables = story.tables()
    fees = [worth(lots, ticks) // 1_000 for lots, ticks in ((100, PRICE), (50, 9_990), (150, 9_900))]
    found = metrics.mark_attack(tables, attacker, begin_ns=START + SECOND, end_ns=START + 20 * SECOND)
    assert (found.cost_a, found.fees_a) == (worth(50, 10) + fees[1], fees[1])
    assert found.result_a == worth(100, 100) + worth(50, 90) - sum(fees)
    assert found.gain_a == found.result_a + found.cost_a
    assert metrics.mark_attack(tables, attacker).cost_a == worth(50, 10) + sum(fees)


def test_an_open_position_is_worth_the_index() -> None:
    story = Story()
    maker, holder = story.rich(), story.rich()
    story.trade(holder, maker, LOTS, 9_990)
    story.price(10_100)
    tables = story.tables()
    assert metrics.mark_attack(tables, holder).result_a == worth(LOTS, 110)
    assert metrics.mark_attack(tables, maker).result_a == -worth(LOTS, 110)


def test_amplification_is_the_fall_with_the_engine_over_that_without() -> None:
    on, muted = Story(), Story()
    for story, path in ((on, (10_100, 9_595)), (muted, (9_900, 9_950))):
        for ticks in path:
            story.price(ticks)
    found = comparisons.amplification(on.tables(), muted.tables())
    assert (found.on, found.muted) == (505 / 10_100, 0.01)
    assert found.ratio == pytest.approx(5.0)
    flat = Story().tables()
    assert comparisons.amplification(flat, flat).ratio is None


def test_amplification_upward() -> None:
    on, muted = Story(), Story()
    for story, path in ((on, (9_500, 10_450)), (muted, (10_200,))):
        for ticks in path:
            story.price(ticks)
    found = comparisons.amplification(on.tables(), muted.tables(), rising=True)
    assert (found.on, found.muted) == (0.1, 0.02)


def test_two_scenarios_are_not_compared() -> None:
    one, other = Story(), Story(start_price=9_000)
    with pytest.raises(ValueError, match="two scenarios"):
        comparisons.amplification(one.tables(), other.tables())


def test_branching_is_pooled_over_runs() -> None:
    found = comparisons.branching([told(), told(), quiet()])
    assert (found.children, found.parents, found.ratio) == (2, 4, 0.5)
    lots = comparisons.branching_in_lots([told(), quiet()], [100, 500])
    assert (lots.children, lots.parents) == (LOTS + TAKEN, LOTS + TAKEN + 600)


def test_a_liquidation_in_many_steps_is_one_parent_and_one_child() -> None:
    tables = told({"liquidation": "deribit_incremental"})
    assert tables["liquidations"].num_rows > 100
    found = comparisons.branching([tables])
    assert (found.children, found.parents) == (2, 3)  # the first one heals, and falls again
    assert [one.liquidations for one in metrics.cascades(tables)] == [3]


def test_a_contract_must_be_traded_and_named_if_there_are_more() -> None:
    assert (unit_of(quiet()).symbol, unit_of(quiet()).value_unit) == ("BTCUSDT", VALUE_UNIT)
    with pytest.raises(ValueError, match="was not traded"):
        unit_of(quiet(), "ETHUSDT")


def test_a_constant_difference_has_no_interval() -> None:
    found = comparisons.paired_bootstrap([1.0, 5.0, 9.0], [3.0, 7.0, 11.0], seed=1)
    assert (found.value, found.low, found.high, found.pairs) == (2.0, 2.0, 2.0, 3)


def test_the_interval_is_that_of_the_normal_law_for_many_pairs() -> None:
    chance = np.random.default_rng(3)
    first = chance.normal(10, 3, 400)
    second = first + chance.normal(1, 2, 400)
    found = comparisons.paired_bootstrap(first.tolist(), second.tolist(), seed=1)
    half = 1.96 * float((second - first).std()) / 20
    assert found.low == pytest.approx(found.value - half, abs=0.03)
    assert found.high == pytest.approx(found.value + half, abs=0.03)
    assert found == comparisons.paired_bootstrap(first.tolist(), second.tolist(), seed=1)
    assert found != comparisons.paired_bootstrap(first.tolist(), second.tolist(), seed=2)


def test_ratios_are_pooled_or_averaged_as_logarithms() -> None:
    pooled = comparisons.paired_bootstrap([1.0, 3.0], [2.0, 3.0], seed=1, statistic=comparisons.POOLED_RATIO)
    assert (pooled.value, pooled.low, pooled.high) == (1.25, 1.0, 2.0)
    logs = comparisons.paired_bootstrap([1.0, 3.0], [2.0, 6.0], seed=1, statistic=comparisons.MEAN_LOG_RATIO)
    assert logs.value == pytest.approx(np.log(2))
    with pytest.raises(ValueError, match="pairs"):
        comparisons.paired_bootstrap([1.0], [], seed=1)
