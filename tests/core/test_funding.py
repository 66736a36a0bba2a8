"""Funding: premiums, averages, rates at exactly cap and floor, shorter intervals, and payments that sum to dust."""

from collections.abc import Sequence
from fractions import Fraction
from math import trunc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core import commands as c
from exchange.core.checks import violations
from exchange.core.enums import (
    BalanceReason,
    MarginType,
    OrderType,
    PositionSide,
    PremiumSource,
    PremiumWeights,
    Side,
)
from exchange.core.events import AccountUpdated, Event, FundingSettled, MarkPriceSet, Resumed
from exchange.core.funding import (
    PREMIUM_SOURCES,
    average_premium,
    funding_rate,
    impact_premium,
    impact_price,
    mark_premium,
    mid_premium,
    next_interval,
    sample_premium,
    settle_funding,
    uncapped_rate,
)
from exchange.core.state import Premium
from exchange.core.units import NEVER, RATE_ONE, SECOND, Atoms, Lots, Nanos, RateE8, Ticks
from tests.core.priced import START, SYMBOL, Levels, Priced, market_of
from tests.market.notation import read_contract

HOUR = 3600 * SECOND
EIGHT_HOURS = 8 * HOUR
# Binance's own numbers for BTCUSDT.
BINANCE = {
    "funding.shortened_interval_seconds": "3600",
    "funding.interest": "0.0001",
    "funding.clamp": "0.0005",
    "funding.cap": "0.003",
    "funding.floor": "-0.003",
}
RULES = read_contract(BINANCE).funding
LEVELS = st.lists(st.tuples(st.integers(1, 10**4), st.integers(1, 50)), max_size=6)


# ------------------------------------------------------------------------------------------------- premiums


@pytest.mark.parametrize(
    ("levels", "notional", "price"),
    [
        ([(100, 10)], 1000, Fraction(100)),
        ([(100, 10)], 1001, None),
        ([], 1, None),
        ([(100, 10), (90, 10)], 1000, Fraction(100)),  # the first level holds exactly all of it
        ([(100, 10), (90, 10)], 1900, Fraction(95)),
        ([(100, 10), (90, 10)], 1901, None),
        ([(100, 10), (90, 10)], 1450, Fraction(1450, 15)),
        ([(100, 10), (90, 10)], 1001, Fraction(1001 * 90, 901)),  # a ninetieth of a lot
        ([(100, 10), (1, 10**9)], 1001, Fraction(1001, 11)),
    ],
)
def test_the_impact_price_is_an_exact_average(levels: Levels, notional: int, price: Fraction | None) -> None:
    for unit in (1, 10_000):
        ratio = impact_price(levels, notional * unit, unit)
        assert (ratio and Fraction(*ratio)) == price


@given(LEVELS, st.integers(1, 10**6))
def test_an_impact_price_lies_among_the_levels_it_needs(levels: Levels, notional: int) -> None:
    ratio = impact_price(levels, notional, 1)
    assert (ratio is None) == (sum(price * quantity for price, quantity in levels) < notional)
    if ratio:
        assert min(price for price, _ in levels) <= Fraction(*ratio) <= max(price for price, _ in levels)


@pytest.mark.parametrize(
    ("bid", "ask", "premium"),
    [
        ((1001, 1), (1003, 1), 100_000),
        ((997, 1), (999, 1), -100_000),
        ((999, 1), (1001, 1), 0),  # the index lies within
        ((1000, 1), (1000, 1), 0),
        ((1010, 1), (990, 1), 0),  # both count: they cancel out
        ((3001, 3), None, 33_333),  # toward zero
        (None, (2999, 3), -33_333),
        (None, None, 0),
        (None, (1001, 1), 0),
    ],
)
def test_the_premium_of_impact_prices(bid: tuple[int, int], ask: tuple[int, int], premium: int) -> None:
    assert impact_premium(bid, ask, 1000) == premium


@pytest.mark.parametrize(
    ("bid", "ask", "premium"),
    [(1000, 1000, 0), (1000, 1001, 50_000), (999, 1000, -50_000), (None, 1001, 0), (1001, None, 0), (None, None, 0)],
)
def test_the_premium_of_the_mid_price(bid: int | None, ask: int | None, premium: int) -> None:
    assert mid_premium(bid, ask, 1000) == premium


@pytest.mark.parametrize(("mark", "premium"), [(1001, 100_000), (999, -100_000), (1000, 0), (0, 0)])
def test_the_premium_of_the_mark(mark: int, premium: int) -> None:
    assert mark_premium(mark, 1000) == premium


def test_premiums_are_rounded_toward_zero() -> None:
    assert (mark_premium(2, 3), mark_premium(4, 3)) == (-33_333_333, 33_333_333)
    assert (mid_premium(2, 3, 3), mid_premium(3, 4, 3)) == (-16_666_666, 16_666_666)


def test_every_source_of_a_premium_is_in_the_table() -> None:
    assert PREMIUM_SOURCES.keys() == set(PremiumSource)


@pytest.mark.parametrize(
    ("source", "premium"),
    [
        # 1 USDT at 50 times are 50 USDT: 0.5 BTC at 100, of which 0.4 at 101 (40.4) and 9.6 / 100.5 at 100.5.
        (PremiumSource.IMPACT_PRICES, trunc((Fraction(50) / (Fraction(2, 5) + Fraction(96, 1005)) / 100 - 1) * 10**8)),
        (PremiumSource.MID_PRICE, 1_500_000),
        (PremiumSource.MARK_PRICE, 3_000_000),
    ],
)
def test_a_sample_takes_what_the_contract_says(source: PremiumSource, premium: int) -> None:
    changes = {"funding.premium": source.value, "funding.impact_margin": "1"}
    market = market_of(changes, index=1000, bids=((1010, 400), (1005, 400)), asks=((1020, 1000),))
    market.mark_price = 1030
    sample_premium(market)
    assert market.premium == Premium(count=1, total=premium, weighted=premium, last=premium)


# ------------------------------------------------------------------------------------------- averages and rates


@pytest.mark.parametrize(
    ("samples", "linear", "uniform"),
    [
        ([], 0, 0),
        ([7], 7, 7),
        ([0, 0, 6], 3, 2),
        ([1, 2], 1, 1),  # 5/3 and 3/2, toward zero
        ([-1, -2], -1, -1),
        ([6, 0, 0], 1, 2),
    ],
)
def test_averages(samples: Sequence[int], linear: int, uniform: int) -> None:
    weighted = sum(position * sample for position, sample in enumerate(samples, 1))
    premium = Premium(len(samples), sum(samples), weighted)
    assert average_premium(premium, PremiumWeights.LINEAR) == linear
    assert average_premium(premium, PremiumWeights.UNIFORM) == uniform


@pytest.mark.parametrize(
    ("average", "rate"),
    [
        (0, 10_000),  # nothing but the interest
        (60_000, 10_000),  # exactly as far as the clamp lets it pull
        (60_001, 10_001),
        (-40_000, 10_000),
        (-40_001, 9_999),
        (100_000, 50_000),
        (-100_000, -50_000),
    ],
)
def test_the_interest_pulls_at_most_as_far_as_the_clamp(average: int, rate: int) -> None:
    assert uncapped_rate(average, 10_000, 50_000) == rate
    assert funding_rate(average, RULES, EIGHT_HOURS) == rate


@pytest.mark.parametrize(
    ("premium", "rate"), [(100_000, 75_000), (-20_000, 0), (-300_000, -275_000), (25_000, 0), (25_001, 1)]
)
def test_without_interest_the_clamp_is_a_dead_band(premium: int, rate: int) -> None:
    """Deribit's rate; the first three are the examples of its specification."""
    assert uncapped_rate(premium, 0, 25_000) == rate


@pytest.mark.parametrize(
    ("average", "rate"),
    [
        (349_999, 299_999),
        (350_000, 300_000),
        (350_001, 300_000),
        (-349_999, -299_999),
        (-350_000, -300_000),
        (-350_001, -300_000),
    ],
)
def test_a_rate_is_held_at_exactly_cap_and_floor(average: int, rate: int) -> None:
    assert funding_rate(average, RULES, EIGHT_HOURS) == rate


@pytest.mark.parametrize(
    ("average", "hours", "rate"),
    [(0, 1, 1_250), (100_007, 1, 6_250), (-100_007, 1, -6_250), (0, 4, 5_000), (0, 24, 30_000), (10**7, 1, 300_000)],
)
def test_an_interval_pays_its_share_of_eight_hours(average: int, hours: int, rate: int) -> None:
    assert funding_rate(average, RULES, hours * HOUR) == rate


def test_one_bound_makes_a_constant_rate() -> None:
    rules = read_contract({"funding.cap": "-0.0002", "funding.floor": "-0.0002"}).funding
    assert {funding_rate(average, rules, HOUR) for average in (-(10**7), 0, 10**7)} == {-20_000}


@pytest.mark.parametrize(
    ("rate", "interval"), [(300_000, HOUR), (299_999, EIGHT_HOURS), (-300_000, HOUR), (-299_999, EIGHT_HOURS)]
)
def test_the_interval_is_shortened_at_exactly_cap_and_floor(rate: int, interval: int) -> None:
    assert next_interval(rate, RULES) == interval
    never = read_contract({**BINANCE, "funding.shortened_interval_seconds": "0"}).funding
    assert next_interval(rate, never) == EIGHT_HOURS


# ----------------------------------------------------------------------------------------------- settlements


# One order a side makes the premium: without it the rate is the interest, 0.01 %.
MOVING = {
    **BINANCE,
    "funding.premium": "MID_PRICE",
    "funding.premium_interval_seconds": "900",
    "mark.interval_seconds": "3600",
}
QUOTE = 10**8


def settled(events: Sequence[Event]) -> list[tuple[int, int]]:
    """Rate and next interval in hours of each settlement among events."""
    return [(event.funding_rate, event.next_interval // HOUR) for event in events if isinstance(event, FundingSettled)]


def quoted(priced: Priced, offset: int, bid: int, ask: int) -> None:
    """Let the account 1, made here if it is missing, be the whole book."""
    if 1 not in priced.venue.state.accounts:
        priced.at(offset, c.CreateAccount("maker", Atoms(10**6 * QUOTE)))
    priced.at(offset, c.CancelAllOrders(1, SYMBOL))
    for side, price in ((Side.BUY, bid), (Side.SELL, ask)):
        priced.at(offset, c.PlaceOrder(1, SYMBOL, side, OrderType.LIMIT, Lots(1), Ticks(price)))


def run(priced: Priced, until: int) -> list[Event]:
    """Tick whenever something is due, but no unwinding or look at the book, up to an offset."""
    events = []
    due = min(priced.market.premium_due, priced.market.funding_due, priced.market.mark_due)
    while due <= START + until:
        events += priced.tick(due - START)
        due = min(priced.market.premium_due, priced.market.funding_due, priced.market.mark_due)
    return events


def test_before_the_first_settlement_the_rate_is_that_of_no_premium() -> None:
    priced = Priced(MOVING)
    assert (priced.market.funding_rate, priced.market.funding_interval) == (10_000, EIGHT_HOURS)
    assert priced.market.funding_due == START + EIGHT_HOURS


def test_a_mark_tells_the_rate_and_the_premium_of_the_moment() -> None:
    priced = Priced(MOVING)
    priced.price(0, 10_000)
    quoted(priced, 0, 10_009, 10_011)
    mark = run(priced, HOUR)[-1]
    assert isinstance(mark, MarkPriceSet)
    assert (mark.funding_rate, mark.premium_index, mark.next_funding_ts) == (50_000, 100_000, START + EIGHT_HOURS)


def test_a_settlement_at_the_cap_shortens_the_interval_until_one_below_it() -> None:
    priced = Priced(MOVING)
    priced.price(0, 10_000)
    quoted(priced, 0, 10_034, 10_036)  # 0.35 %: exactly the cap of 0.3 % after the pull of 0.05 %
    assert settled(run(priced, EIGHT_HOURS)) == [(300_000, 1)]
    assert priced.market.funding_due == START + 9 * HOUR
    assert priced.market.premium == Premium(last=350_000)
    # Within an hour the cap of one interval is far away: 0.3 % / 8.
    assert settled(run(priced, 9 * HOUR)) == [(37_500, 8)]
    # Back to the multiples of eight hours.
    assert priced.market.funding_due == START + 16 * HOUR


def test_touching_the_cap_before_the_settlement_shortens_nothing() -> None:
    priced = Priced(MOVING)
    priced.price(0, 10_000)
    quoted(priced, 0, 10_039, 10_041)
    events = run(priced, 4 * HOUR)
    assert isinstance(events[-1], MarkPriceSet)
    assert events[-1].funding_rate == 300_000
    quoted(priced, 4 * HOUR, 9_999, 10_001)
    ((rate, hours),) = settled(run(priced, EIGHT_HOURS))
    # 16 samples of 0.4 % and 16 of 0, the later ones heavier: sum(1..16) of sum(1..32), less the pull.
    assert (rate, hours) == (400_000 * 136 // 528 - 50_000, 8)


def test_samples_of_the_premium_at_the_time_of_the_settlement_count() -> None:
    priced = Priced({**MOVING, "funding.premium_interval_seconds": "28800"})
    priced.price(0, 10_000)
    quoted(priced, 0, 10_009, 10_011)
    assert settled(run(priced, EIGHT_HOURS)) == [(50_000, 8)]


def test_without_a_mark_nothing_settles_but_time_goes_on() -> None:
    priced = Priced(MOVING)
    assert settled(run(priced, EIGHT_HOURS)) == []
    assert priced.market.funding_due == START + 2 * EIGHT_HOURS


def test_an_outage_settles_each_time_with_the_interval_that_the_one_before_set() -> None:
    priced = Priced(MOVING)
    priced.price(0, 10_000)
    quoted(priced, 0, 10_034, 10_036)
    run(priced, EIGHT_HOURS - HOUR)
    events = priced.at(17 * HOUR, c.Resume())
    # At 8 h by the samples, at the cap; at 9 h without any, for one hour; then at 16 h.
    assert settled(events) == [(300_000, 1), (1_250, 8), (10_000, 8)]
    assert events[0] == Resumed(Nanos(10 * HOUR), 3)
    times = [event.funding_ts - START for event in events if isinstance(event, FundingSettled)]
    assert times == [8 * HOUR, 9 * HOUR, 16 * HOUR]
    market = priced.market
    assert market.funding_due == START + 24 * HOUR
    assert (market.premium_due, market.mark_due) == (START + 17 * HOUR + 900 * SECOND, START + 18 * HOUR)


def test_an_outage_of_a_contract_without_a_mark_settles_nothing() -> None:
    priced = Priced({"funding.interval_seconds": "1"})
    offset = 366 * 24 * HOUR
    assert priced.at(offset, c.Resume()) == [Resumed(Nanos(offset), 0)]
    assert priced.market.funding_due == START + offset + SECOND


def test_an_outage_ends_exactly_at_a_settlement() -> None:
    priced = Priced(MOVING)
    priced.price(0, 10_000)
    assert settled(priced.at(EIGHT_HOURS, c.Resume())) == [(10_000, 8)]
    assert settled(priced.at(EIGHT_HOURS, c.Resume())) == []


def test_due_times_are_unknown_before_the_first_resume() -> None:
    market = market_of({})
    assert {market.mark_due, market.sample_due, market.premium_due, market.funding_due} == {NEVER}


# -------------------------------------------------------------------------------------------------- payments


def hedged(rate: str) -> Priced:
    """Long 3, hedged long 2 (isolated) and short 1, all against account 3, at 10,001 ticks and a constant rate.

    K is 10,000 atoms: a lot is worth 100,010,000 atoms.
    """
    priced = Priced({"funding.cap": rate, "funding.floor": rate, "mark.interval_seconds": "3600"})
    priced.price(0, 10_001)
    for name in ("long", "hedge", "counter"):
        priced.at(0, c.CreateAccount(name, Atoms(10**6 * QUOTE)))
    priced.at(0, c.SetPositionMode(2, hedge=True))
    priced.at(0, c.SetMarginType(2, SYMBOL, MarginType.ISOLATED))
    for account, side, lots, leg in (
        (1, Side.BUY, 3, PositionSide.BOTH),
        (2, Side.BUY, 2, PositionSide.LONG),
        (2, Side.SELL, 1, PositionSide.SHORT),
    ):
        price = Ticks(10_001)
        priced.at(0, c.PlaceOrder(3, SYMBOL, side.opposite, OrderType.LIMIT, Lots(lots), price))
        order = c.PlaceOrder(account, SYMBOL, side, OrderType.LIMIT, Lots(lots), price, position_side=leg)
        priced.at(0, order)
    return priced


def paid(events: Sequence[Event]) -> list[tuple[int, int]]:
    """Account and payment (negative: paid) of each funding payment."""
    return [
        (event.account_id, event.balance_change)
        for event in events
        if isinstance(event, AccountUpdated) and event.reason is BalanceReason.FUNDING_FEE
    ]


@pytest.mark.parametrize(
    ("rate", "payments", "dust"),
    [
        # 100,010,000 atoms at 0.0001 are 10,001 a lot: nothing to round.
        ("0.0001", [(1, -30_003), (2, -20_002), (2, 10_001), (3, 40_004)], 0),
        ("-0.0001", [(1, 30_003), (2, 20_002), (2, -10_001), (3, -40_004)], 0),
        # 100,010,000 at 1e-8 are 1.0001: who pays pays the ceil, who receives gets the floor.
        ("0.00000001", [(1, -4), (2, -3), (2, 1), (3, 4)], 2),
        ("-0.00000001", [(1, 3), (2, 2), (2, -2), (3, -5)], 2),
        ("0", [(1, 0), (2, 0), (2, 0), (3, 0)], 0),
    ],
)
def test_payments_and_what_rounding_leaves_sum_to_zero(rate: str, payments: list[tuple[int, int]], dust: int) -> None:
    priced = hedged(rate)
    events = priced.tick(EIGHT_HOURS)
    assert paid(events) == payments
    assert priced.venue.state.dust == dust == -sum(payment for _, payment in payments)
    assert violations(priced.venue.state) == []


def test_an_isolated_position_pays_from_its_own_wallet() -> None:
    priced = hedged("0.0001")
    account = priced.venue.state.accounts[2]
    legs = account.holdings[SYMBOL].legs
    wallets = [legs[side].isolated_wallet for side in (PositionSide.LONG, PositionSide.SHORT)]
    cross = account.cross_wallet
    events = priced.tick(EIGHT_HOURS)
    after = [legs[side].isolated_wallet for side in (PositionSide.LONG, PositionSide.SHORT)]
    assert after == [wallets[0] - 20_002, wallets[1] + 10_001]
    assert account.cross_wallet == cross
    told = [event for event in events if isinstance(event, AccountUpdated) and event.account_id == 2]
    assert [event.positions[0].position_side for event in told] == [PositionSide.LONG, PositionSide.SHORT]


def test_a_settlement_says_what_it_was() -> None:
    priced = hedged("0.0001")
    (event,) = [event for event in priced.tick(EIGHT_HOURS) if isinstance(event, FundingSettled)]
    assert event == FundingSettled(
        SYMBOL, RateE8(10_000), Ticks(10_001), Nanos(START + EIGHT_HOURS), Nanos(EIGHT_HOURS)
    )


def test_settling_forgets_the_samples_and_keeps_the_last_premium() -> None:
    priced = Priced(BINANCE)
    priced.price(0, 1000)
    market = priced.market
    market.premium = Premium(count=2, total=900_000, weighted=1_300_000, last=400_000)
    settle_funding(priced.venue.state, market, START)
    # 1,300,000 / 3 less the pull of 50,000, capped.
    assert (market.funding_rate, market.funding_interval) == (300_000, HOUR)
    assert market.premium == Premium(last=400_000)


@given(st.integers(-(10**7), 10**7), st.integers(1, 3 * EIGHT_HOURS))
def test_a_rate_never_leaves_its_bounds_and_grows_with_the_premium(average: int, interval: int) -> None:
    rate = funding_rate(average, RULES, interval)
    assert -300_000 <= rate <= 300_000 < RATE_ONE
    assert rate <= funding_rate(average + 1, RULES, interval)
