"""Margin arithmetic where a table would be too long: the liquidation price in brackets, netting, the fee's cap."""

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from exchange.core.account import cross_scope
from exchange.core.contract import Bracket, bracket_cums, bracket_holding, maintenance_of
from exchange.core.enums import Side
from exchange.core.liquidation.sale import Sale
from exchange.core.liquidation_price import liquidation_prices_exact
from exchange.core.margin import (
    bankruptcy_amount,
    netted_notional,
)
from exchange.core.rules import VenueRules
from exchange.core.units import RATE_ONE, Atoms, RateE8
from exchange.core.venue import Venue
from tests.market.notation import read_contract

CAPS = [10**12, 3 * 10**12, 10**13]
RATES = [10**6, 2 * 10**6, 5 * 10**6]
CUMS = bracket_cums(CAPS, RATES)
BRACKETS = [
    Bracket(Atoms(floor), Atoms(cap), RateE8(rate), Atoms(cum), 1)
    for floor, cap, rate, cum in zip([0, *CAPS], CAPS, RATES, CUMS, strict=False)
]
VALUE_UNIT = 10_000
VENUE = Venue(VenueRules(), [read_contract({})])
MARKET = VENUE.state.markets["BTCUSDT"]
QUANTITIES = st.integers(-(10**5), 10**5).filter(bool)
PRICES = st.integers(1, 10**6)
MONEY = st.integers(-(10**13), 10**13)


Legs = list[tuple[int, int]]


def exact_gap(legs: Legs, free: int, price: Fraction) -> Fraction:
    """Equity less maintenance margin of the legs of one contract at a price, without any rounding."""
    gap = Fraction(free)
    for quantity, entry_value in legs:
        notional = abs(quantity) * price * VALUE_UNIT
        bracket = next((each for each in BRACKETS if notional <= each.cap), BRACKETS[-1])
        gap += quantity * price * VALUE_UNIT - entry_value - notional * Fraction(bracket.rate, RATE_ONE) + bracket.cum
    return gap


@st.composite
def one_or_two_legs(draw: st.DrawFn) -> Legs:
    """A position, or the long and the short one of hedge mode, the short often nearly as large as the long."""
    quantity, entry = draw(QUANTITIES), draw(PRICES)
    legs = [(quantity, quantity * entry * VALUE_UNIT)]
    if draw(st.booleans()):
        other = draw(st.one_of(QUANTITIES.map(abs), st.just(abs(quantity)), st.just(abs(quantity) * 99 // 100 + 1)))
        legs = [(abs(quantity), abs(quantity) * entry * VALUE_UNIT), (-other, -other * draw(PRICES) * VALUE_UNIT)]
    return legs


@given(one_or_two_legs(), MONEY)
def test_at_a_liquidation_price_equity_is_maintenance_margin(legs: Legs, free: int) -> None:
    found = liquidation_prices_exact(legs, free, BRACKETS, VALUE_UNIT)
    assert len(found) <= len(legs)
    for above, below, _ in found:
        assert above > 0
        assert below > 0
        assert exact_gap(legs, free, Fraction(above, below)) == 0
    assert [Fraction(above, below) for above, below, _ in found] == sorted(Fraction(row[0], row[1]) for row in found)


@given(one_or_two_legs(), MONEY)
def test_the_slope_tells_which_way_of_the_price_liquidates(legs: Legs, free: int) -> None:
    """The gap is concave: just on one side of each price it is below zero, and that side is the one told."""
    for above, below, slope in liquidation_prices_exact(legs, free, BRACKETS, VALUE_UNIT):
        price = Fraction(above, below)
        assert exact_gap(legs, free, price * (1 - Fraction(slope, 10**9))) < 0


@given(one_or_two_legs(), MONEY)
def test_no_price_is_missed(legs: Legs, free: int) -> None:
    """Where the gap has another sign at the next corner of the brackets, a price lies between."""
    found = [Fraction(above, below) for above, below, _ in liquidation_prices_exact(legs, free, BRACKETS, VALUE_UNIT)]
    corners = {Fraction(cap, abs(quantity) * VALUE_UNIT) for cap in CAPS for quantity, _ in legs}
    edges = [Fraction(0), *sorted(corners), 1000 * max(corners)]
    for low, high in pairwise(edges):
        if exact_gap(legs, free, low) * exact_gap(legs, free, high) < 0:
            assert any(low <= price <= high for price in found)


@given(st.integers(0, 2 * 10**13))
def test_maintenance_is_rounded_up(notional: int) -> None:
    bracket = bracket_holding(BRACKETS, notional)
    exact = Fraction(notional * bracket.rate, RATE_ONE) - bracket.cum
    assert 0 <= maintenance_of(notional, bracket) - exact < 1


@given(MONEY, st.integers(0, 10**13), st.integers(0, 10**13))
def test_the_netted_notional_is_the_worst_of_one_side_filling(position: int, bids: int, asks: int) -> None:
    netted = netted_notional(position, bids, asks)
    assert netted >= abs(position + bids)
    assert netted >= abs(position - asks)
    assert netted in {abs(position + bids), abs(position - asks)}


@given(st.lists(st.tuples(MONEY, st.integers(1, 10**10)), min_size=1, max_size=5), MONEY)
def test_bankruptcy_values_of_all_positions_leave_the_account_nothing_to_owe(
    positions: list[tuple[int, int]], wallet: int
) -> None:
    """Each closed at its share: what is left is not negative, and less than an atom a position."""
    equity, total = wallet + sum(value for value, _ in positions), sum(margin for _, margin in positions)
    received = sum(bankruptcy_amount(-value, equity, margin, total) for value, margin in positions)
    assert 0 <= wallet + received < len(positions)


@given(
    st.sampled_from(Side),
    st.integers(0, 10**12),
    st.integers(0, 10**8),
    st.lists(st.tuples(st.integers(1, 100), st.integers(1, 10**10)), min_size=1, max_size=8),
)
def test_the_liquidation_fee_never_takes_more_than_is_left_above_bankruptcy(
    side: Side, value: int, rate: int, fills: list[tuple[int, int]]
) -> None:
    total = sum(quantity for quantity, _ in fills)
    bankruptcy_value, received, notionals = -side * value, 0, 0
    fund = VENUE.state.fund
    sale = Sale(1, cross_scope(fund), MARKET, fund.leg("BTCUSDT"), -side * total, bankruptcy_value, 0, 0)
    fee = sale.fee_rule(rate, gap=False)
    for quantity, notional in fills:
        paid = fee(quantity, notional)
        received -= side * notional
        notionals += notional
        assert 0 <= paid <= notional * rate // RATE_ONE
        assert sale.fees <= max(0, notionals * rate // RATE_ONE)
    assert sale.filled == total
    if len(fills) == 1:
        assert sale.fees == max(0, min(notionals * rate // RATE_ONE, received - bankruptcy_value))
