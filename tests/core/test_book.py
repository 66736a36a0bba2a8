"""The order book against a naive one: a plain list of orders, searched and sorted each time."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from exchange.core.book import Order, OrderBook
from exchange.core.enums import Side
from tests.core.resting import resting

PRICES = st.integers(1, 6)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(Side), PRICES, st.integers(1, 5)),
        st.tuples(st.just("remove"), st.sampled_from(Side), st.integers(0, 99), st.just(0)),
        st.tuples(st.just("fill"), st.sampled_from(Side), st.integers(0, 99), st.integers(1, 5)),
        st.tuples(st.just("report"), st.sampled_from(Side), st.just(0), st.just(0)),
    ),
    max_size=60,
)


def naive_levels(orders: Sequence[Order], side: Side) -> list[tuple[int, int, list[int]]]:
    """(price, total, ids oldest first) of a side, best first. `orders` are in order of arrival."""
    prices = sorted({order.price for order in orders if order.side is side}, reverse=side is Side.BUY)
    levels = []
    for price in prices:
        there = [order for order in orders if order.side is side and order.price == price]
        levels.append((price, sum(order.remaining for order in there), [order.order_id for order in there]))
    return levels


@given(OPERATIONS)
def test_it_is_the_naive_book(operations: list[tuple[str, Side, int, int]]) -> None:
    book, orders = OrderBook(), list[Order]()
    touched: dict[Side, set[int]] = {Side.BUY: set(), Side.SELL: set()}
    for number, (operation, side, at, quantity) in enumerate(operations):
        if operation == "add":
            order = resting(number, side, at, quantity)
            orders.append(order)
            book.add(order)
            touched[side].add(at)
        elif operation == "report":
            expected = sorted(touched[side], reverse=side is Side.BUY)
            assert book.take_touched(side) == expected
            touched[side].clear()
        elif orders:
            order = orders[at % len(orders)]
            filled = order.remaining if operation == "remove" else min(quantity, order.remaining)
            if operation == "remove":
                book.remove(order)
            else:
                book.reduce(order, filled)
            order.filled += filled
            touched[order.side].add(order.price)
            orders = [left for left in orders if left.remaining]
        for each in Side:
            levels = naive_levels(orders, each)
            assert [(level.price, level.quantity, list(level.orders)) for level in book.levels(each)] == levels
            assert book.best_price(each) == (levels[0][0] if levels else None)
            assert book.depth(each, 2) == [(price, total) for price, total, _ in levels[:2]]
            totals = {price: total for price, total, _ in levels}
            assert [book.level_quantity(each, price) for price in range(8)] == [totals.get(p, 0) for p in range(8)]
