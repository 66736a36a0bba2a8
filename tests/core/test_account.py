"""A position's fills: no atom is lost, closing releases everything, a flip starts anew."""

from hypothesis import given
from hypothesis import strategies as st

from exchange.core.account import Position
from exchange.core.enums import Side
from exchange.core.units import div_toward_zero

FILLS = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 50), st.integers(1, 10**9)),
    min_size=1,
    max_size=30,
)


@given(FILLS)
def test_paid_received_and_kept_add_up(fills: list[tuple[Side, int, int]]) -> None:
    """Entry value is what was paid, less what was received, plus the profit realised on the way: to the atom."""
    position, profit = Position(), 0
    for side, quantity, price in fills:
        profit += position.fill(side, quantity, quantity * price).profit
    assert position.quantity == sum(side * quantity for side, quantity, _ in fills)
    assert position.entry_value == sum(side * quantity * price for side, quantity, price in fills) + profit
    assert position.realized_pnl == profit


@given(FILLS, st.integers(1, 10**9))
def test_closing_releases_all(fills: list[tuple[Side, int, int]], price: int) -> None:
    position = Position()
    for side, quantity, paid in fills:
        position.fill(side, quantity, quantity * paid)
    if position.quantity:
        side = Side.SELL if position.quantity > 0 else Side.BUY
        position.fill(side, abs(position.quantity), abs(position.quantity) * price)
    assert (position.quantity, position.entry_value) == (0, 0)


@given(FILLS)
def test_two_sides_of_the_same_trades_mirror_each_other(fills: list[tuple[Side, int, int]]) -> None:
    one, other, sum_of_profits = Position(), Position(), 0
    for side, quantity, price in fills:
        sum_of_profits += one.fill(side, quantity, quantity * price).profit
        sum_of_profits += other.fill(side.opposite, quantity, quantity * price).profit
        assert (one.quantity, one.entry_value) == (-other.quantity, -other.entry_value)
    assert sum_of_profits == 0


@given(st.sampled_from(Side), st.integers(1, 1000), st.integers(1, 10**12), st.data())
def test_a_part_releases_its_share_rounded_toward_zero(side: Side, held: int, entry: int, data: st.DataObject) -> None:
    closing, price = data.draw(st.integers(1, held)), data.draw(st.integers(1, 10**9))
    position = Position(quantity=side * held, entry_value=side * entry)
    profit, closed, opened, opened_value = position.fill(side.opposite, closing, closing * price)
    assert (closed, opened, opened_value) == (closing, 0, 0)
    released = div_toward_zero(side * entry * closing, held)
    assert abs(released) <= entry
    assert profit == side * closing * price - released
    assert position.entry_value == side * entry - released
    assert abs(position.entry_value) * held >= entry * (held - closing)


@given(st.sampled_from(Side), st.integers(1, 100), st.integers(1, 100), st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_flip_realises_the_old_side_and_opens_the_new_one_at_its_price(
    side: Side, held: int, beyond: int, entry: int, price: int
) -> None:
    position = Position(quantity=side * held, entry_value=side * held * entry)
    profit, closed, opened, opened_value = position.fill(side.opposite, held + beyond, (held + beyond) * price)
    assert (closed, opened, opened_value) == (held, beyond, beyond * price)
    assert profit == side * held * (price - entry)
    assert (position.quantity, position.entry_value) == (-side * beyond, -side * beyond * price)
