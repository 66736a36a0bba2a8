"""What happened in lives, counted by name, and the names that a campaign must have seen. It compares nothing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import get_args

from exchange.core.commands import AmendOrder, Command, PlaceOrder
from exchange.core.enums import (
    BalanceReason,
    Execution,
    ExpireReason,
    OrderStatus,
    OrderType,
    RejectReason,
    SelfTradePrevention,
    TimeInForce,
)
from exchange.core.events import AccountUpdated, Event, OrderUpdated, PositionLiquidated, Rejected, Resumed
from tests.reference.orders import RESTS
from tests.reference.world import FUND, World
from tests.simulation.conditional_sights import CONDITIONAL_SIGHTS, ConditionalSights
from tests.simulation.engine_sights import ENGINE_SIGHTS, EngineSights
from tests.simulation.margin_sights import MARGIN_SIGHTS, MarginSights
from tests.simulation.price_sights import PRICE_SIGHTS, PriceSights
from tests.simulation.refusal_sights import REFUSAL_SIGHTS, seen_in_refusals

INTERESTING = (
    *(f"command {kind.__name__}" for kind in get_args(Command)),
    *(f"event {kind.__name__}" for kind in get_args(Event)),
    *(f"refused {reason.value}" for reason in RejectReason),
    *(f"expired {reason.name}" for reason in ExpireReason if reason is not ExpireReason.NONE),
    *(f"balance {reason.value}" for reason in BalanceReason),
    *(f"self-trade {mode.value}" for mode in SelfTradePrevention),
    "amendment canceled",
    "amendment keeps its place",
    "amendment loses its place",
    "amendment trades",
    "fill or kill filled",
    "post-only rests",
    "market order in many trades",
    "resting reduce-only order knocked out",
    "walk of a reduce-only order cut short",
    "maker rebate",
    "liquidation sold in full",
    "liquidation sold in part",
    "liquidation taken over in full",
    "liquidation with fee",
    "liquidation without equity",
    "fund unwinds",
    "bankrupt wallet cleared",
    "funding missed in an outage",
    "refused order type LIQUIDATION",
    *PRICE_SIGHTS,
    *MARGIN_SIGHTS,
    *ENGINE_SIGHTS,
    *REFUSAL_SIGHTS,
    *CONDITIONAL_SIGHTS,
)


@dataclass(slots=True)
class Census:
    """Counts by name, over a whole life."""

    counts: Counter[str] = field(default_factory=Counter)
    _prices: PriceSights = field(default_factory=PriceSights)
    _margins: MarginSights = field(default_factory=MarginSights)
    _engine: EngineSights = field(default_factory=EngineSights)
    _conditionals: ConditionalSights = field(default_factory=ConditionalSights)

    def count(self, command: Command, events: Sequence[Event], world: World) -> None:
        """Count what one command did; `world` is as it left it."""
        self.counts[f"command {type(command).__name__}"] += 1
        self.counts.update(f"event {type(event).__name__}" for event in events)
        for event in events:
            self.counts.update(_seen_in(event))
        self.counts.update(_seen_in_order(command, events))
        self.counts.update(self._prices.seen(command, events, world))
        self.counts.update(self._margins.seen(command, events, world))
        self.counts.update(self._engine.seen(events, world))
        self.counts.update(self._conditionals.seen(command, events, world))
        self.counts.update(seen_in_refusals(command, events, world))

    def missing(self) -> list[str]:
        """Return the interesting things that never happened."""
        return [name for name in INTERESTING if not self.counts[name]]


def _seen_in(event: Event) -> Iterator[str]:
    """Yield the names of what one event tells by itself."""
    match event:
        case Rejected():
            yield f"refused {event.reason.value}"
        case AccountUpdated():
            yield f"balance {event.reason.value}"
            if event.account_id != FUND and event.reason is BalanceReason.INSURANCE_CLEAR and not event.positions:
                yield "bankrupt wallet cleared"
        case Resumed() if event.missed_fundings:
            yield "funding missed in an outage"
        case OrderUpdated():
            yield from _seen_in_update(event)
        case PositionLiquidated():
            yield from _seen_in_liquidation(event)


def _seen_in_update(event: OrderUpdated) -> Iterator[str]:
    order = event.order
    if event.expire_reason is not ExpireReason.NONE:
        yield f"expired {event.expire_reason.name}"
    if event.expire_reason is ExpireReason.REDUCE_ONLY:
        resting = order.order_type is OrderType.LIMIT and order.time_in_force in RESTS
        yield "resting reduce-only order knocked out" if resting else "walk of a reduce-only order cut short"
    if event.fill is not None and event.fill.fee < 0:
        yield "maker rebate"
    if event.fill is not None and order.account_id == FUND:
        yield "fund unwinds"


def _seen_in_liquidation(event: PositionLiquidated) -> Iterator[str]:
    if event.filled_quantity:
        yield f"liquidation sold in {'full' if event.filled_quantity == abs(event.quantity) else 'part'}"
    if event.taken_over_quantity == abs(event.quantity):
        yield "liquidation taken over in full"
    if event.fee:
        yield "liquidation with fee"
    if event.equity <= 0:
        yield "liquidation without equity"


def _seen_in_order(command: Command, events: Sequence[Event]) -> Iterator[str]:
    """Yield the names of what a trader's own order did."""
    if not isinstance(command, PlaceOrder | AmendOrder):
        return
    updates = [event for event in events if isinstance(event, OrderUpdated) and event.order.origin is None]
    trades = [event for event in updates if event.execution is Execution.TRADE]
    taken = [event for event in trades if event.fill is not None and not event.fill.maker]
    if isinstance(command, AmendOrder):
        yield from _seen_in_amendment(updates, taken)
        return
    if command.order_type is OrderType.LIQUIDATION and isinstance(events[0], Rejected):
        yield "refused order type LIQUIDATION"
    if command.order_type is OrderType.MARKET and len(taken) > 1:
        yield "market order in many trades"
    if command.order_type is OrderType.LIMIT and command.time_in_force is TimeInForce.FOK and taken:
        yield "fill or kill filled"
    if command.time_in_force is TimeInForce.GTX and updates:
        yield "post-only rests"
    mode = command.self_trade_prevention
    ended = [event for event in updates if event.order.status is OrderStatus.EXPIRED_IN_MATCH]
    own = [event for event in trades if event.order.account_id == command.account_id]
    if ended or (mode is SelfTradePrevention.NONE and len(own) > len(taken)):
        yield f"self-trade {mode.value}"


def _seen_in_amendment(updates: Sequence[OrderUpdated], taken: Sequence[OrderUpdated]) -> Iterator[str]:
    if not updates:
        return
    if updates[0].execution is Execution.CANCELED:
        yield "amendment canceled"
    elif updates[0].order.self_trade_prevention is SelfTradePrevention.NONE:
        yield "amendment loses its place"
    else:
        yield "amendment keeps its place"
    if taken:
        yield "amendment trades"
