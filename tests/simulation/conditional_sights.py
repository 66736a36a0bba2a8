"""What is seen of conditional orders, dates, price matching and countdowns in the events of a command, by name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from exchange.core.commands import AmendOrder, CancelAllOrders, Command, PlaceOrder, Resume, Tick
from exchange.core.enums import (
    ConditionalStatus,
    ConditionalType,
    Execution,
    ExpireReason,
    OrderStatus,
    PositionSide,
    PriceMatch,
    RejectReason,
    TimeInForce,
    WorkingType,
)
from exchange.core.events import (
    AccountLocked,
    ConditionalUpdated,
    CountdownSet,
    Event,
    OrderUpdated,
    TradePrinted,
)
from exchange.core.records import ConditionalRecord
from exchange.core.units import NEVER
from tests.reference.conditional import TRAILING, rises
from tests.reference.consequences import is_held_back, is_reached
from tests.reference.world import Leg, World, position_of

REFUSED_AT_FIRING = (
    RejectReason.INDEX_STALE,
    RejectReason.PRICE_ABOVE_BAND,
    RejectReason.PRICE_BELOW_BAND,
    RejectReason.NOTIONAL_TOO_SMALL,
    RejectReason.CLIENT_ORDER_ID_DUPLICATED,
    RejectReason.TOO_MANY_OPEN_ORDERS,
    RejectReason.REDUCE_ONLY_REJECTED,
    RejectReason.REDUCE_ONLY_EXCEEDS_POSITION,
    RejectReason.COUNTER_PRICE_OUT_OF_BAND,
    RejectReason.FOK_NOT_FILLABLE,
    RejectReason.POST_ONLY_WOULD_TAKE,
    RejectReason.POSITION_LIMIT,
    RejectReason.MARGIN_INSUFFICIENT,
    RejectReason.NO_DEPTH,
)
CONDITIONAL_SIGHTS = (
    *(f"conditional {status.value}" for status in ConditionalStatus),
    *(f"fired {kind.value}" for kind in ConditionalType),
    *(f"fired on {kind.value}" for kind in WorkingType),
    *(f"fired with {kind.value}" for kind in TimeInForce),
    *(f"fired in {side.value}" for side in PositionSide),
    *(f"refused at firing {reason.value}" for reason in REFUSED_AT_FIRING),
    *(f"price of {match.value}" for match in PriceMatch if match is not PriceMatch.NONE),
    "amendment to a price of the book",
    "fired at a price of the book",
    "closer fired",
    "closer expired, position flat",
    "closer expired, position turned around",
    "closer kept by a position that turned around",
    "trailing order moved",
    "trailing order activated",
    "trailing order trails a contract that is not trading",
    "firing carried over",
    "firing carried over to a tick",
    "firing ends with nothing due",
    "price-protected order held back",
    "price-protected order fired",
    "firing triggers another",
    "fired order trades with another fired one",
    "fired order rests",
    "fired order ends in a later command",
    "fired order amended",
    "good-till order expired by a tick",
    "good-till order expired after an outage",
    "good-till conditional expired",
    "fired good-till order expired",
    "countdown set",
    "countdown over",
    "countdown cancels orders",
    "countdown leaves conditional orders",
    "conditional canceled with all orders",
    "conditional expired by liquidation",
    "conditional outlives the liquidation of another scope",
)


@dataclass(slots=True)
class ConditionalSights:
    """Tells what is seen; remembers what waited before the command, and last prices."""

    _waiting: dict[int, ConditionalRecord] = field(default_factory=dict)
    _last: dict[str, int] = field(default_factory=dict)
    _carried: bool = False

    def seen(self, command: Command, events: Sequence[Event], world: World) -> Iterator[str]:
        """Yield the names of what one command did; `world` is as it left it."""
        changes = [event.conditional for event in events if isinstance(event, ConditionalUpdated)]
        for one in changes:
            yield f"conditional {one.status.value}"
            yield from self._seen_in_status(command, one, changes, world)
        yield from _seen_in_matching(command, events)
        yield from self._seen_in_waiting(changes, world)
        yield from self._seen_in_firing(command, changes, world)
        yield from self._seen_in_trades(events)
        yield from _seen_in_orders(command, events)
        yield from _seen_in_deadlines(command, events, world)
        yield from _seen_in_liquidation(events, world)
        self._waiting = {one.conditional_id: one for one in world.conditionals}
        self._last = {symbol: quotes.last for symbol, quotes in world.quotes.items()}
        self._carried = world.firing_due < NEVER

    def _seen_in_status(
        self, command: Command, one: ConditionalRecord, changes: Sequence[ConditionalRecord], world: World
    ) -> Iterator[str]:
        match one.status:
            case ConditionalStatus.TRIGGERED:
                yield from _seen_in_triggered(one)
            case ConditionalStatus.REJECTED if one.reject_reason is not None:
                yield f"refused at firing {one.reject_reason.value}"
            case ConditionalStatus.EXPIRED if one.close_position:
                held = position_of(world, leg_of_conditional(one)).quantity
                yield f"closer expired, position {'turned around' if held * one.side > 0 else 'flat'}"
                keeps = [other for other in world.conditionals if leg_of_conditional(other) == leg_of_conditional(one)]
                if any(other.close_position and other.side is not one.side for other in keeps):
                    yield "closer kept by a position that turned around"
            case ConditionalStatus.EXPIRED if one.good_till and one.good_till <= world.now:
                yield "good-till conditional expired"
            case ConditionalStatus.CANCELED if isinstance(command, CancelAllOrders):
                yield "conditional canceled with all orders"
            case ConditionalStatus.FINISHED:
                fired_now = any(
                    other.conditional_id == one.conditional_id and other.status is ConditionalStatus.TRIGGERED
                    for other in changes
                )
                if not fired_now:
                    yield "fired order ends in a later command"

    def _seen_in_waiting(self, changes: Sequence[ConditionalRecord], world: World) -> Iterator[str]:
        placed = {one.conditional_id: one for one in changes if one.status is ConditionalStatus.NEW}
        for one in world.conditionals:
            before = {**self._waiting, **placed}[one.conditional_id]
            if one.kind is TRAILING and one.trigger_price != before.trigger_price:
                yield "trailing order moved" if before.trigger_price else "trailing order activated"
                if world.quotes[one.symbol].state.value != "TRADING":
                    yield "trailing order trails a contract that is not trading"
            if is_reached(world, one) and is_held_back(world, one):
                yield "price-protected order held back"

    def _seen_in_firing(self, command: Command, changes: Sequence[ConditionalRecord], world: World) -> Iterator[str]:
        fired = any(one.status is ConditionalStatus.TRIGGERING for one in changes)
        if world.firing_due < NEVER:
            yield "firing carried over"
        if self._carried and fired and isinstance(command, Tick):
            yield "firing carried over to a tick"
        if self._carried and not fired and world.firing_due == NEVER:
            yield "firing ends with nothing due"

    def _seen_in_trades(self, events: Sequence[Event]) -> Iterator[str]:
        """See trades of fired orders, and who fires because of them."""
        last, spawned, own = dict(self._last), set[int](), dict[str, int]()
        for event in events:
            if isinstance(event, ConditionalUpdated) and event.conditional.status is ConditionalStatus.TRIGGERED:
                spawned.add(event.conditional.order_id)
            elif isinstance(event, TradePrinted):
                if event.taker_order_id in spawned:
                    own.setdefault(event.symbol, last[event.symbol])  # the price before the first such trade
                last[event.symbol] = event.price
            elif isinstance(event, ConditionalUpdated) and event.conditional.status is ConditionalStatus.TRIGGERING:
                before = own.get(event.conditional.symbol, 0)
                if before and not _was_reached(event.conditional, before):
                    yield "firing triggers another"


def _was_reached(one: ConditionalRecord, price: int) -> bool:
    """Tell whether a price other than the mark had triggered an order; of others, yes."""
    if one.working_type is WorkingType.MARK_PRICE or one.kind is TRAILING:
        return True
    return price >= one.trigger_price if rises(one.kind, one.side) else price <= one.trigger_price


def leg_of_conditional(one: ConditionalRecord) -> Leg:
    """Return the name of the position that a conditional order is about."""
    return Leg(one.account_id, one.symbol, one.position_side)


def _seen_in_triggered(one: ConditionalRecord) -> Iterator[str]:
    yield f"fired {one.kind.value}"
    yield f"fired on {one.working_type.value}"
    yield f"fired with {one.time_in_force.value}"
    yield f"fired in {one.position_side.value}"
    if one.price_match is not PriceMatch.NONE:
        yield "fired at a price of the book"
    if one.close_position:
        yield "closer fired"
    if one.price_protect:
        yield "price-protected order fired"


def _seen_in_matching(command: Command, events: Sequence[Event]) -> Iterator[str]:
    if not isinstance(command, PlaceOrder | AmendOrder) or command.price_match is PriceMatch.NONE:
        return
    if isinstance(events[0], OrderUpdated):
        yield f"price of {command.price_match.value}"
        if events[0].execution is Execution.AMENDMENT:
            yield "amendment to a price of the book"


def _seen_in_orders(command: Command, events: Sequence[Event]) -> Iterator[str]:
    """See what becomes of orders that conditional ones became, and of those with a date."""
    updates = [event for event in events if isinstance(event, OrderUpdated)]
    fired = {event.order.order_id for event in updates if event.order.origin}
    trades = [event for event in events if isinstance(event, TradePrinted)]
    if any({event.maker_order_id, event.taker_order_id} <= fired for event in trades):
        yield "fired order trades with another fired one"
    latest = {event.order.order_id: event.order for event in updates}
    open_statuses = {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED}
    if any(order.origin and order.status in open_statuses for order in latest.values()):
        yield "fired order rests"
    for event in updates:
        if event.execution is Execution.AMENDMENT and event.order.origin:
            yield "fired order amended"
        by_date = event.execution is Execution.EXPIRED and event.expire_reason is ExpireReason.NONE
        if by_date and isinstance(command, Tick | Resume):
            yield f"good-till order expired {'by a tick' if isinstance(command, Tick) else 'after an outage'}"
            if event.order.origin:
                yield "fired good-till order expired"


def _seen_in_deadlines(command: Command, events: Sequence[Event], world: World) -> Iterator[str]:
    canceled: set[tuple[int, str]] = set()
    for event in events:
        if isinstance(event, OrderUpdated) and event.execution is Execution.CANCELED:
            canceled.add((event.order.account_id, event.order.symbol))
        if not isinstance(event, CountdownSet):
            continue
        if not isinstance(command, Tick | Resume):
            yield "countdown set"
            continue
        yield "countdown over"
        if (event.account_id, event.symbol) in canceled:
            yield "countdown cancels orders"
        if any((one.account_id, one.symbol) == (event.account_id, event.symbol) for one in world.conditionals):
            yield "countdown leaves conditional orders"


def _seen_in_liquidation(events: Sequence[Event], world: World) -> Iterator[str]:
    locked: set[tuple[int, str]] = set()
    for event in events:
        if isinstance(event, AccountLocked):
            locked.add((event.account_id, event.symbol))
            if any(one.account_id == event.account_id for one in world.conditionals):
                yield "conditional outlives the liquidation of another scope"
        elif isinstance(event, ConditionalUpdated) and event.conditional.status is ConditionalStatus.EXPIRED:
            one = event.conditional
            if {(one.account_id, ""), (one.account_id, one.symbol)} & locked:
                yield "conditional expired by liquidation"
