"""What an incoming order would do to the book: the walk, and the rules of each time in force. Pure; nothing changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from exchange.core.account import Account, Leg
from exchange.core.book import Order, OrderBook
from exchange.core.enums import (
    ExpireReason,
    OrderType,
    PositionSide,
    PriceMatch,
    SelfTradePrevention,
    Side,
    TimeInForce,
)


@dataclass(frozen=True, slots=True)
class LifeRule:
    """How an order lives: whether it may rest, must fill whole, must not take; and why its remainder expires."""

    rests: bool
    fills_whole: bool = False
    post_only: bool = False
    remainder: ExpireReason = ExpireReason.NONE
    self_trade: ExpireReason = ExpireReason.SELF_TRADE


LIFE_RULES: Mapping[TimeInForce, LifeRule] = {
    TimeInForce.GTC: LifeRule(rests=True),
    TimeInForce.GTX: LifeRule(rests=True, post_only=True),
    TimeInForce.IOC: LifeRule(
        rests=False, remainder=ExpireReason.IOC_REMAINDER, self_trade=ExpireReason.IOC_SELF_TRADE
    ),
    TimeInForce.FOK: LifeRule(rests=False, fills_whole=True),
    TimeInForce.GTD: LifeRule(rests=True),
}
# Whether the price is of the other side of the book, and of which level, counted from the best.
PRICE_MATCHES: Mapping[PriceMatch, tuple[bool, int]] = {
    PriceMatch.OPPONENT: (True, 1),
    PriceMatch.OPPONENT_5: (True, 5),
    PriceMatch.OPPONENT_10: (True, 10),
    PriceMatch.OPPONENT_20: (True, 20),
    PriceMatch.QUEUE: (False, 1),
    PriceMatch.QUEUE_5: (False, 5),
    PriceMatch.QUEUE_10: (False, 10),
    PriceMatch.QUEUE_20: (False, 20),
}
MARKET_RULE = LifeRule(rests=False, remainder=ExpireReason.MARKET_REMAINDER)


def life_rule(order_type: OrderType, time_in_force: TimeInForce) -> LifeRule:
    """Return the rule of an order; a MARKET order has its own, whatever time in force came with it."""
    return MARKET_RULE if order_type is OrderType.MARKET else LIFE_RULES[time_in_force]


def matched_price(book: OrderBook, side: Side, price_match: PriceMatch) -> int | None:
    """Return the price in ticks that an order of this side takes from the book; None when it is not that deep."""
    of_other_side, place = PRICE_MATCHES[price_match]
    levels = book.depth(side.opposite if of_other_side else side, place)
    return levels[-1][0] if len(levels) == place else None


class Terms(Struct, frozen=True, gc=False):
    """An incoming order as the walk sees it. `limit` in ticks, `quantity` in lots."""

    account_id: int
    symbol: str
    side: Side
    limit: int
    quantity: int
    self_trade_prevention: SelfTradePrevention
    position_side: PositionSide


class Step(Struct, frozen=True, gc=False):
    """One thing that happens on the way: a trade of `quantity` lots with `maker`, or, at 0, its self-trade expiry."""

    maker: Order
    quantity: int


@dataclass(slots=True)
class Walk:
    """What an incoming order meets, in order.

    `quantity` is what it asked for: less than the order when the position cuts a reduce-only one short.
    """

    quantity: int = 0
    steps: list[Step] = field(default_factory=list)
    filled: int = 0
    worst_price: int = 0  # of the last trade; 0 when there is none
    stopped_by_self: bool = False


def walk(book: OrderBook, accounts: Mapping[int, Account], terms: Terms) -> Walk:
    """Return what the order would do: best price first, oldest first. The one function that matches and that counts."""
    found = Walk(terms.quantity)
    ahead = _Ahead(accounts, terms)
    for level in book.levels(terms.side.opposite):
        if (level.price - terms.limit) * terms.side > 0:
            break
        for maker in level.orders.values():
            if found.filled == terms.quantity or found.stopped_by_self:
                return found
            if maker.order_id in ahead.knocked_out:
                continue
            if maker.account_id == terms.account_id and terms.self_trade_prevention is not SelfTradePrevention.NONE:
                _meet_own(found, maker, terms.self_trade_prevention)
                continue
            quantity = min(maker.remaining, terms.quantity - found.filled)
            found.steps.append(Step(maker, quantity))
            found.filled += quantity
            found.worst_price = maker.price
            ahead.trade(maker, quantity)
    return found


def knock_outs(orders: list[tuple[Order, int]], room: int) -> list[Order]:
    """Return which reduce-only orders close nothing any more, worst first.

    `orders` are (order, lots) pairs of one leg and side, best price first, then oldest; `room` is how many lots the
    position lets them close.
    """
    total = sum(quantity for _, quantity in orders)
    out: list[Order] = []
    for order, quantity in reversed(orders):
        if total <= room:
            break
        total -= quantity
        out.append(order)
    return out


def reduce_only_orders(leg: Leg, side: Side) -> list[Order]:
    """Return the resting reduce-only orders of a leg and side, best price first, then oldest."""
    orders = [order for order in leg.reduce_only.values() if order.side is side]
    return sorted(orders, key=lambda order: -side * order.price)  # stable: legs keep them oldest first


def closing_room(position_quantity: int, side: Side) -> int:
    """Return how many lots an order of this side can close."""
    return max(0, -side * position_quantity)


def _meet_own(found: Walk, maker: Order, mode: SelfTradePrevention) -> None:
    if mode is not SelfTradePrevention.EXPIRE_TAKER:
        found.steps.append(Step(maker, 0))
    if mode is not SelfTradePrevention.EXPIRE_MAKER:
        found.stopped_by_self = True


class _Ahead:
    """Positions and reduce-only orders of makers as the walk goes on: it skips orders knocked out on the way."""

    __slots__ = ("_accounts", "_moved", "_terms", "_traded", "knocked_out")

    def __init__(self, accounts: Mapping[int, Account], terms: Terms) -> None:
        self._accounts = accounts
        self._terms = terms
        self._moved: dict[tuple[int, PositionSide], int] = {}  # leg -> lots traded by its makers
        self._traded: dict[int, int] = {}  # reduce-only order -> lots
        self.knocked_out: dict[int, None] = {}

    def trade(self, maker: Order, quantity: int) -> None:
        """Think a trade done. A trade of a leg with itself moves no position, so it knocks nothing out."""
        if maker.reduce_only:
            self._traded[maker.order_id] = quantity
        party = (maker.account_id, maker.position_side)
        if party == (self._terms.account_id, self._terms.position_side):
            return
        moved = self._moved[party] = self._moved.get(party, 0) + quantity
        leg = self._accounts[maker.account_id].leg(self._terms.symbol, maker.position_side)
        if not closing_room(leg.position.quantity, maker.side):
            return  # it closes nothing, so no reduce-only order of this side rests
        room = closing_room(leg.position.quantity + maker.side * moved, maker.side)
        left = [
            (order, order.remaining - self._traded.get(order.order_id, 0))
            for order in reduce_only_orders(leg, maker.side)
            if order.order_id not in self.knocked_out
        ]
        for order in knock_outs(left, room):
            self.knocked_out[order.order_id] = None
