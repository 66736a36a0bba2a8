"""The limit order book of one contract, in price-time priority. It keeps orders; it does not match them."""

from collections.abc import Iterator
from dataclasses import dataclass

from sortedcontainers import SortedDict

from exchange.core.conditional import Conditional
from exchange.core.enums import (
    OrderStatus,
    OrderType,
    PositionSide,
    PriceMatch,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from exchange.core.records import OrderRecord
from exchange.core.units import Atoms, Lots, Nanos, Ticks


@dataclass(slots=True)
class Order:
    """An order while the venue works on it. Quantities in lots, price in ticks, times in nanoseconds."""

    order_id: int
    account_id: int
    symbol: str
    client_order_id: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: int
    price: int
    reduce_only: bool
    self_trade_prevention: SelfTradePrevention
    created_ts: int
    updated_ts: int
    status: OrderStatus = OrderStatus.NEW
    filled: int = 0
    cum_quote: int = 0
    amendments: int = 0
    modify_id: int = 0
    position_side: PositionSide = PositionSide.BOTH
    price_match: PriceMatch = PriceMatch.NONE
    good_till: int = 0
    conditional: Conditional | None = None  # that became this order

    @property
    def remaining(self) -> int:
        """Lots not yet filled."""
        return self.quantity - self.filled

    def record(self) -> OrderRecord:
        """Return the order as it stands, frozen."""
        return OrderRecord(
            order_id=self.order_id,
            account_id=self.account_id,
            symbol=self.symbol,
            client_order_id=self.client_order_id,
            side=self.side,
            order_type=self.order_type,
            time_in_force=self.time_in_force,
            quantity=Lots(self.quantity),
            price=Ticks(self.price),
            reduce_only=self.reduce_only,
            self_trade_prevention=self.self_trade_prevention,
            status=self.status,
            filled=Lots(self.filled),
            cum_quote=Atoms(self.cum_quote),
            created_ts=Nanos(self.created_ts),
            updated_ts=Nanos(self.updated_ts),
            modify_id=self.modify_id,
            position_side=self.position_side,
            price_match=self.price_match,
            good_till=Nanos(self.good_till),
            origin=None if self.conditional is None else self.conditional.origin(),
        )


@dataclass(slots=True)
class Level:
    """All orders at one price, oldest first; `quantity` is their total."""

    price: int
    quantity: int
    orders: dict[int, Order]


class OrderBook:
    """Bids and asks of one contract. Remembers which levels were touched since `take_touched`."""

    __slots__ = ("_levels", "_touched")

    def __init__(self) -> None:
        """Make an empty book."""
        # Keyed by price * -side: the best level of either side is the first.
        self._levels: dict[Side, SortedDict[int, Level]] = {Side.BUY: SortedDict(), Side.SELL: SortedDict()}
        self._touched: dict[Side, dict[int, None]] = {Side.BUY: {}, Side.SELL: {}}

    def add(self, order: Order) -> None:
        """Rest an order behind all others at its price."""
        levels = self._levels[order.side]
        level = levels.get(-order.side * order.price)
        if level is None:
            level = levels[-order.side * order.price] = Level(order.price, 0, {})
        level.orders[order.order_id] = order
        level.quantity += order.remaining
        self._touched[order.side][order.price] = None

    def remove(self, order: Order) -> None:
        """Take an order off the book; it must rest there."""
        levels = self._levels[order.side]
        level = levels[-order.side * order.price]
        del level.orders[order.order_id]
        level.quantity -= order.remaining
        if not level.orders:
            del levels[-order.side * order.price]
        self._touched[order.side][order.price] = None

    def reduce(self, order: Order, quantity: int) -> None:
        """Account for `quantity` lots that leave a resting order (a fill or a smaller amount); it keeps its place.

        Call it before the order itself is changed. It removes the order when nothing of it is left.
        """
        if quantity == order.remaining:
            self.remove(order)
            return
        self._levels[order.side][-order.side * order.price].quantity -= quantity
        self._touched[order.side][order.price] = None

    def levels(self, side: Side) -> Iterator[Level]:
        """Yield the levels of a side, best price first."""
        return iter(self._levels[side].values())

    def best_price(self, side: Side) -> int | None:
        """Return the best price of a side in ticks, or None when it is empty."""
        levels = self._levels[side]
        return levels.peekitem(0)[1].price if levels else None

    def level_quantity(self, side: Side, price: int) -> int:
        """Return the total of one level in lots, 0 when there is none."""
        level = self._levels[side].get(-side * price)
        return 0 if level is None else level.quantity

    def depth(self, side: Side, limit: int) -> list[tuple[int, int]]:
        """Return up to `limit` (price, quantity) pairs of a side, best first."""
        values = self._levels[side].values()
        return [(level.price, level.quantity) for level in values[:limit]]

    @property
    def touched(self) -> bool:
        """Tell whether any level was touched since `take_touched`."""
        return bool(self._touched[Side.BUY] or self._touched[Side.SELL])

    def take_touched(self, side: Side) -> list[int]:
        """Return the prices of a side touched since the last call, best first, and forget them."""
        touched = self._touched[side]
        prices = sorted(touched, reverse=side is Side.BUY)
        touched.clear()
        return prices
