"""The published results, through the venue: fewer repetitions here than `margincall reproduce`, and wider limits."""

from math import sqrt

import msgspec
import numpy as np
import pytest

from exchange.core.account import scope_of
from exchange.core.checks import conservation_residue, violations
from exchange.core.commands import CancelOrder, Command
from exchange.core.contract import maintenance_of
from exchange.core.enums import MarkRule, PositionSide, Side
from exchange.core.events import AccountReleased, OrderUpdated
from exchange.core.margin import standing
from scenarios.chance import stream
from scenarios.reproduce.borel_tanner import (
    START_PRICE,
    CascadeResult,
    Cascades,
    Law,
    branching_ratio,
    check_cascades,
    chi_square_p,
    margin_for,
    run_cascades,
)
from scenarios.reproduce.cst import Book, Rates, check_cell, exact_table, play_cell
from scenarios.reproduce.ladder import LadderResult, bankruptcy_price, check_ladder, run_ladder
from scenarios.reproduce.reference import LadderCase, reference
from scenarios.reproduce.stage import unit_contract

SEED = 20_101
CST, BOREL_TANNER, LADDER = reference().cst, reference().borel_tanner, reference().ladder
RATES = Rates(CST.limit_rate, CST.market_rate, CST.cancel_rate)


@pytest.mark.parametrize(("bids", "asks"), [(1, 1), (2, 3), (5, 1)])
def test_cells_of_the_table_are_met_by_the_venues_book(bids: int, asks: int) -> None:
    repetitions = 1_200
    result = play_cell(bids, asks, repetitions, SEED)
    exact = exact_table(RATES)[bids - 1, asks - 1]
    four_standard_errors = 4 * sqrt(exact * (1 - exact) / repetitions)
    assert result.ups / repetitions == pytest.approx(exact, abs=four_standard_errors)
    assert check_cell(result).passed


def test_a_cell_far_from_the_table_does_not_pass() -> None:
    result = play_cell(1, 1, 400, SEED)
    assert check_cell(result).passed
    assert not check_cell(result._replace(ups=0)).passed
    assert not check_cell(result._replace(bids=5, asks=1, repetitions=30_000, ups=15_000)).passed


def test_the_chain_solves_to_the_published_table() -> None:
    exact = exact_table(RATES)
    assert np.abs(exact[:5, :5] - np.array(CST.exact)).max() < 5e-5
    assert np.abs(exact[:5, :5] - np.array(CST.published)).max() <= 0.001
    assert np.abs(exact[:5, :5] - exact_table(RATES, 40)[:5, :5]).max() < 1e-6


def test_the_driver_knows_the_queues_as_the_venue_has_them() -> None:
    """Seeded: after each of 300 events the queues are the orders of the book, and the venue is sound."""
    book = Book(RATES, stream(SEED, "queues"))
    state, symbol = book.bench.venue.state, book.bench.contract.symbol
    buyer, seller = book._traders
    for _ in range(300):
        lengths = {}
        for trader in (buyer, seller):
            queue = book.queues[trader.side]
            book._start(trader, 0 if queue else 3)
            resting = {order for level in state.markets[symbol].book.levels(trader.side) for order in level.orders}
            assert {queue.pick(place) for place in range(len(queue))} == resting
            lengths[trader.side] = len(queue)
        book._next_event(buyer, seller, lengths[Side.BUY], lengths[Side.SELL])
    assert not violations(state)
    assert conservation_residue(state) == 0


def test_cancels_take_any_order_of_a_queue_alike() -> None:
    """Of three bids each is the one canceled first about as often: 300 cancels, within 4 standard errors."""
    book = Book(RATES, stream(SEED, "cancels"))
    updates: list[tuple[Command, OrderUpdated]] = []
    book.bench.kernel.listen(
        lambda executed: updates.extend(
            (executed.command, event) for event in executed.events if isinstance(event, OrderUpdated)
        )
    )
    places = [0, 0, 0]
    while sum(places) < 300:
        updates.clear()
        book.play(3, 3)
        bids = [update.order.order_id for _, update in updates if update.order.side is Side.BUY][:3]
        command, ended = next((cause, update) for cause, update in updates[6:] if update.order.order_id in bids)
        if isinstance(command, CancelOrder):
            places[bids.index(ended.order.order_id)] += 1
    four_standard_errors = 4 * sqrt(2 / 9 / sum(places))
    assert all(abs(count / sum(places) - 1 / 3) < four_standard_errors for count in places), places


def test_the_law_is_the_one_tabulated() -> None:
    law = Law(0.5, 1)
    assert [law.pmf(s) for s in range(1, 11)] == pytest.approx(BOREL_TANNER.pmf, abs=5e-9)
    assert 1 - sum(law.pmf(s) for s in range(1, 10)) == pytest.approx(BOREL_TANNER.p_at_least_10, abs=5e-9)
    assert (law.mean, law.variance) == (2, 4)
    assert law.pmf(0) == 0


@pytest.mark.parametrize(("n", "k", "runs"), [(0.2, 10, 120), (0.5, 1, 400), (0.7, 1, 150)])
def test_cascades_follow_the_law(n: float, k: int, runs: int) -> None:
    checks = check_cascades(run_cascades(Law(n, k), runs, SEED))
    assert [check.name.split(",")[0] for check in checks] == ["mean lots", "branching ratio", "chi-square p at least"]
    assert all(check.passed for check in checks), checks


def test_sizes_of_another_law_do_not_pass() -> None:
    other = run_cascades(Law(0.2, 1), 400, SEED)._replace(law=Law(0.5, 1))
    assert not any(check.passed for check in check_cascades(other))


def test_the_distribution_is_tested_not_only_its_mean() -> None:
    runs = 5_000
    all_at_the_mean = CascadeResult(Law(0.5, 1), [2] * runs, 0, 0)
    assert branching_ratio(all_at_the_mean) == 0.5
    assert chi_square_p(all_at_the_mean, BOREL_TANNER.chi_square_expected_least) < 1e-9


def test_a_cascade_at_the_cap_is_truncated_and_does_not_pass() -> None:
    cascades = Cascades(Law(0.9, 10), stream(SEED, "cap"), cap=11)
    assert cascades.run() is None
    assert not any(check.passed for check in check_cascades(CascadeResult(Law(0.9, 10), [], 3, 0)))


@pytest.mark.parametrize("distance", [1, 2, 17, 4_000])
def test_an_account_is_liquidated_at_its_tick_and_not_before(distance: int) -> None:
    """The integer inequality equity <= maintenance, at the least rate that a contract allows."""
    contract, tick = unit_contract(MarkRule.LAST_PRICE), START_PRICE - distance
    wallet = margin_for(contract, START_PRICE, tick)
    falls = [
        wallet + contract.notional(mark - START_PRICE, 1)
        <= maintenance_of(contract.notional(mark, 1), contract.brackets[0])
        for mark in (tick + 1, tick, tick - 1)
    ]
    assert falls == [False, True, True]


def test_the_venue_liquidates_each_account_at_the_tick_drawn_for_it() -> None:
    """An account whose tick is two below the first bid stays at one lot sold, and goes with the next but one."""
    cascades = Cascades(Law(0.0, 1), stream(SEED, "tick"), cap=1_000)
    cascades._set_back()
    cascades._prepare(4)
    cascades.bench.do(cascades.bench.order(cascades.outside, Side.SELL, 1, START_PRICE))
    cascades._go_long(START_PRICE - 3)
    state, symbol = cascades.bench.venue.state, cascades.bench.contract.symbol
    account = state.accounts[cascades._free[0]]
    for sold in (1, 2, 3):
        cascades.bench.do(cascades.bench.order(cascades.outside, Side.SELL, 1))
        events = cascades.bench.until_due()
        equity, required = standing(state, scope_of(account, symbol, PositionSide.BOTH))
        released = [event.account_id for event in events if isinstance(event, AccountReleased)]
        if sold < 3:
            assert (released, equity - required) == ([], 3 - sold)
        else:
            assert released == [account.account_id]
    assert not account.leg(symbol).position.quantity
    assert account.leg(symbol).isolated_wallet == 0
    assert conservation_residue(state) == 0


def test_what_is_left_of_the_margin_goes_to_the_fund() -> None:
    """One account at 125, sold at 99,697 to 99,598, above 99,200 where it is bankrupt: the fund's."""
    rules = msgspec.structs.replace(LADDER, leverages=[125], accounts_per_leverage=1)
    found = run_ladder(rules, 909)
    proceeds = 3 * sum(range(99_598, 99_698))
    assert bankruptcy_price(rules, 125) == 99_200
    assert found == LadderResult(99_597, [909, 300], 1, proceeds - 99_200 * 300)
    assert found.fund_change == 134_250


@pytest.mark.parametrize("case", LADDER.cases, ids=lambda case: f"{case.shock} lots")
def test_the_ladder_gives_the_golden_integers(case: LadderCase) -> None:
    checks = check_ladder(LADDER, case)
    assert all(check.passed for check in checks), [check for check in checks if not check.passed]


def test_another_ladder_is_told_apart() -> None:
    rules = msgspec.structs.replace(LADDER, leverages=[10], accounts_per_leverage=1)
    checks = check_ladder(rules, LadderCase(900, 99_701, 300, 1, [900, 3], 1, 1.5))
    failed = [check.name.removeprefix("ladder, 900 lots: ") for check in checks if not check.passed]
    assert failed == [
        "final best bid",
        "amplification",
        "accounts liquidated",
        "fund change, tick-lots",
        "lots of generation 1",
    ]
