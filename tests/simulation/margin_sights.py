"""What is seen of isolated positions, hedge mode and stale indices in the events of a command, by name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from exchange.core.commands import Command, PlaceOrder
from exchange.core.enums import (
    BalanceReason,
    Execution,
    ExpireReason,
    MarginMove,
    MarginType,
    MarketState,
    PositionSide,
)
from exchange.core.events import (
    AccountLocked,
    AccountReleased,
    AccountUpdated,
    Event,
    IsolatedMarginMoved,
    LiquidationWaits,
    MarginCalled,
    MarkPriceSet,
    OrderUpdated,
    PositionLiquidated,
)
from exchange.core.records import PositionRecord
from exchange.core.units import RATE_ONE
from tests.reference.risk import equity, is_unjudged, maintenance, positions_in, scopes_of
from tests.reference.world import FUND, Leg, Scope, World, held_legs, is_isolated, isolated_wallet, leg_of, traders

MARGIN_SIGHTS = (
    *(f"margin to a position by {cause.value}" for cause in MarginMove),
    "margin from a position by TRADE",
    "margin from a position by USER_ADJUST",
    "position flips",
    "isolated position flips",
    "fund position flips",
    "fund pays an isolated loss",
    "fill of an isolated position finds too little to spare",
    "funding of an isolated position",
    "margin call of an isolated position",
    "margin call of a hedge position",
    "isolated position liquidated",
    "isolated position liquidated through the book",
    "isolated liquidation waits for a market",
    "hedge position liquidated",
    "both positions of a hedge liquidated",
    "cross positions liquidated beside an isolated one",
    "liquidation of many positions at once",
    "liquidation ends with a position left",
    "liquidation waits for a market",
    "order closes a hedge position unasked",
    "order of a hedge knocked out",
    "legs of one hedge trade with each other",
    "order that reduces at a stale index",
    "fill of an isolated position brings its loss",
    "isolated position turned around after a margin call",
    "margin call waits for an index",
    "liquidation waits for an index",
    "auto-add waits for an index",
)


@dataclass(slots=True)
class MarginSights:
    """Tells what is seen; remembers the lots of every position, to see it flip, and what moved with the last fill."""

    _held: dict[Leg, int] = field(default_factory=dict)
    _moved: int = 0  # atoms, towards an isolated position, since the last fill
    _called: frozenset[Scope] = frozenset()  # before the command

    def seen(self, command: Command, events: Sequence[Event], world: World) -> Iterator[str]:
        """Yield the names of what the events of one command tell."""
        for event in events:
            if isinstance(event, AccountUpdated):
                for position in event.positions:
                    yield from self._seen_in_position(event, position)
            yield from self._seen_in_fill(event, world)
            yield from _seen_in(event, world)
        yield from _seen_in_liquidations([event for event in events if isinstance(event, PositionLiquidated)], world)
        if any(isinstance(event, MarkPriceSet) for event in events):
            yield from _seen_in_unjudged(world)
        if isinstance(command, PlaceOrder):
            yield from _seen_in_order(command, events, world)
        self._called = frozenset(world.called)

    def _seen_in_position(self, event: AccountUpdated, position: PositionRecord) -> Iterator[str]:
        leg, isolated = Leg(event.account_id, position.symbol, position.position_side), MarginType.ISOLATED
        before, self._held[leg] = self._held.get(leg, 0), position.quantity
        if before * position.quantity < 0:
            yield "fund position flips" if leg.account == FUND else "position flips"
            if position.margin_type is isolated:
                yield "isolated position flips"
                if Scope(*leg) in self._called:
                    yield "isolated position turned around after a margin call"
        if position.margin_type is isolated and event.reason is BalanceReason.FUNDING_FEE:
            yield "funding of an isolated position"
        paid = event.reason is BalanceReason.INSURANCE_CLEAR and before == position.quantity
        if paid and position.margin_type is isolated and event.balance_change > 0:
            yield "fund pays an isolated loss"

    def _seen_in_fill(self, event: Event, world: World) -> Iterator[str]:
        """See a fill that opens and gets less than its initial margin."""
        if isinstance(event, IsolatedMarginMoved):
            self._moved = event.amount
        if not isinstance(event, OrderUpdated) or event.fill is None:
            return
        moved, self._moved = self._moved, 0
        leg, fill = leg_of(event.order), event.fill
        held = abs(self._held.get(leg, 0))
        turned = held < fill.quantity  # then its wallet is what it took, and nothing else
        taken = isolated_wallet(world, leg) if turned else moved
        value = fill.price * min(held, fill.quantity) * world.contracts[leg.symbol].value_unit
        opens = is_isolated(world, leg) and self._held[leg] * event.order.side > 0
        if opens and taken < value // world.leverages[leg.account, leg.symbol]:
            yield "fill of an isolated position finds too little to spare"
        if opens and not turned and taken > -(-value // world.leverages[leg.account, leg.symbol]):
            yield "fill of an isolated position brings its loss"


def _seen_in(event: Event, world: World) -> Iterator[str]:
    """Yield the names of what one event tells by itself."""
    match event:
        case IsolatedMarginMoved():
            yield f"margin {'to' if event.amount > 0 else 'from'} a position by {event.cause.value}"
        case MarginCalled():
            if event.symbol:
                yield "margin call of an isolated position"
            if any(position.position_side is not PositionSide.BOTH for position in event.positions):
                yield "margin call of a hedge position"
        case AccountLocked() if event.symbol and (event.account_id, event.symbol) in world.auto_add:
            if is_unjudged(world, Scope(event.account_id)):
                yield "auto-add waits for an index"
        case AccountReleased():
            if positions_in(world, Scope(event.account_id, event.symbol, event.position_side)):
                yield "liquidation ends with a position left"
        case LiquidationWaits() if event.until_ts == 0:
            yield "isolated liquidation waits for a market" if event.symbol else "liquidation waits for a market"
        case OrderUpdated():
            hedge = event.order.position_side is not PositionSide.BOTH
            if hedge and event.expire_reason is ExpireReason.REDUCE_ONLY:
                yield "order of a hedge knocked out"


def _seen_in_liquidations(events: Sequence[PositionLiquidated], world: World) -> Iterator[str]:
    if len(events) > 1:
        yield "liquidation of many positions at once"
    done = {Leg(event.account_id, event.symbol, event.position_side) for event in events}
    for event in events:
        isolated = event.margin_type is MarginType.ISOLATED
        if isolated:
            yield "isolated position liquidated"
        if isolated and event.filled_quantity:
            yield "isolated position liquidated through the book"
        if not isolated and any(is_isolated(world, leg) for leg in held_legs(world, event.account_id)):
            yield "cross positions liquidated beside an isolated one"
        if event.position_side is not PositionSide.BOTH:
            yield "hedge position liquidated"
        if event.position_side is PositionSide.LONG and (event.account_id, event.symbol, PositionSide.SHORT) in done:
            yield "both positions of a hedge liquidated"


def _seen_in_unjudged(world: World) -> Iterator[str]:
    """See scopes that would be called or fall if the price of all their positions were known."""
    for account in traders(world):
        for scope in scopes_of(world, account):
            owned, needed = equity(world, scope), maintenance(world, scope)
            if is_unjudged(world, scope) and owned <= needed and scope not in world.locked:
                yield "liquidation waits for an index"
            if is_unjudged(world, scope) and needed * RATE_ONE >= world.rules.margin_call_ratio * owned > 0:
                yield "margin call waits for an index"


def _seen_in_order(command: PlaceOrder, events: Sequence[Event], world: World) -> Iterator[str]:
    updates = [event for event in events if isinstance(event, OrderUpdated)]
    if not updates:
        return
    if world.quotes[command.symbol].state is MarketState.INDEX_STALE:
        yield "order that reduces at a stale index"
    if updates[0].order.reduce_only and not command.reduce_only:
        yield "order closes a hedge position unasked"
    traded = [one.order for one in updates if one.execution is Execution.TRADE]
    own = [order for order in traded if order.account_id == command.account_id]
    if {PositionSide.LONG, PositionSide.SHORT} <= {order.position_side for order in own}:
        yield "legs of one hedge trade with each other"
