"""Margin arithmetic where a table would be too long: the liquidation price in brackets, netting, the fee's cap."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from exchange.core.contract import Bracket, bracket_cums, bracket_holding
from exchange.core.enums import Side
from exchange.core.liquidation.through_book import LiquidationFee
from exchange.core.margin import (
    bankruptcy_amount,
    liquidation_price_exact,
    liquidation_price_ratio,
    maintenance_of,
    netted_notional,
)
from exchange.core.units import RATE_ONE, Atoms, RateE8

CAPS = [10**12, 3 * 10**12, 10**13]
RATES = [10**6, 2 * 10**6, 5 * 10**6]
CUMS = bracket_cums(CAPS, RATES)
BRACKETS = [
    Bracket(Atoms(floor), Atoms(cap), RateE8(rate), Atoms(cum), 1)
    for floor, cap, rate, cum in zip([0, *CAPS], CAPS, RATES, CUMS, strict=False)
]
VALUE_UNIT = 10_000
QUANTITIES = st.integers(-(10**5), 10**5).filter(bool)
PRICES = st.integers(1, 10**6)
MONEY = st.integers(-(10**13), 10**13)


def exact_gap(quantity: int, entry_value: int, free: int, price: Fraction) -> Fraction:
    """Equity less maintenance margin at a price, without any rounding."""
    notional = abs(quantity) * price * VALUE_UNIT
    bracket = next((each for each in BRACKETS if notional <= each.cap), BRACKETS[-1])
    required = notional * Fraction(bracket.rate, RATE_ONE) - bracket.cum
    return free + quantity * price * VALUE_UNIT - entry_value - required


@given(QUANTITIES, PRICES, MONEY)
def test_at_the_liquidation_price_equity_is_maintenance_margin(quantity: int, entry: int, free: int) -> None:
    entry_value = quantity * entry * VALUE_UNIT
    ratio = liquidation_price_exact(quantity, entry_value, free, BRACKETS, VALUE_UNIT)
    if ratio is not None:
        assert Fraction(*ratio) > 0
        assert exact_gap(quantity, entry_value, free, Fraction(*ratio)) == 0


@given(QUANTITIES, PRICES, MONEY)
def test_there_is_one_where_the_gap_changes_its_sign_above_zero(quantity: int, entry: int, free: int) -> None:
    """With the price a long's gap only rises, and a short's only falls."""
    entry_value = quantity * entry * VALUE_UNIT
    found = liquidation_price_exact(quantity, entry_value, free, BRACKETS, VALUE_UNIT) is not None
    gap_at_zero = exact_gap(quantity, entry_value, free, Fraction(0))
    assert found == (gap_at_zero < 0 if quantity > 0 else gap_at_zero > 0)


@given(QUANTITIES, PRICES, MONEY)
def test_no_two_brackets_claim_the_liquidation_price(quantity: int, entry: int, free: int) -> None:
    entry_value, claims = quantity * entry * VALUE_UNIT, 0
    for bracket in BRACKETS:
        price = Fraction(*liquidation_price_ratio(quantity, entry_value, free, bracket.rate, bracket.cum, VALUE_UNIT))
        notional = abs(quantity) * price * VALUE_UNIT
        claims += bracket.floor < notional and (notional <= bracket.cap or bracket is BRACKETS[-1])
    assert claims == (liquidation_price_exact(quantity, entry_value, free, BRACKETS, VALUE_UNIT) is not None)


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
    fee = LiquidationFee(side, total, bankruptcy_value, rate)
    for quantity, notional in fills:
        paid = fee(quantity, notional)
        received -= side * notional
        notionals += notional
        assert 0 <= paid <= notional * rate // RATE_ONE
        assert fee.paid <= max(0, notionals * rate // RATE_ONE)
    assert fee.bankruptcy_share() == bankruptcy_value
    if len(fills) == 1:
        assert fee.paid == max(0, min(notionals * rate // RATE_ONE, received - bankruptcy_value))
