"""What is seen of the liquidation engine in the events of a command, by name: all its parts at work, and the edges."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from exchange.core.enums import BalanceReason, Execution, ExpireReason, OrderType, TimeInForce
from exchange.core.events import (
    AccountLocked,
    AccountReleased,
    AccountUpdated,
    BackstopRefused,
    Deleveraged,
    DeleveragingExhausted,
    DrawdownChanged,
    Event,
    LiquidationWaits,
    LossShared,
    MarkPriceSet,
    OrderUpdated,
    PositionLiquidated,
    UnwindingStopped,
)
from exchange.core.policies.adl import AdlPrice, AdlTrigger, Ranker
from exchange.core.policies.backstop import BackstopKind
from exchange.core.policies.losses import LossPolicy
from exchange.core.policies.presets import EngineRules
from exchange.core.policies.unwinding import UnwindStyle
from tests.reference.risk import equity, is_unjudged, value_at_mark
from tests.reference.world import FUND, Leg, Scope, World, held_legs, is_isolated, scope_of, traders

POLICIES = (
    "binance_smart",
    "tier_ladder",
    "deribit_incremental",
    "dydx_v4",
    "hyperliquid_backstop",
    "naive_full",
    "custom",
)
ENGINE_SIGHTS = (
    *(f"liquidated by {name}" for name in POLICIES),
    *(f"sold on the book by {name}" for name in POLICIES),
    *(f"taken over, {kind.value}" for kind in BackstopKind if kind is not BackstopKind.NONE),
    *(f"backstop refuses, {kind.value}" for kind in BackstopKind),
    *(f"deleveraged by {ranker.value}" for ranker in Ranker),
    *(f"several deleveraged by {ranker.value}" for ranker in Ranker),
    *(f"deleveraged at {price.value}" for price in AdlPrice),
    *(f"fund unwinds, {style.value}" for style in UnwindStyle),
    *(f"loss shared, {loss.value}" for loss in LossPolicy if loss is not LossPolicy.HOUSE),
    "position taken over in part",
    "fund exhausted in a pass",
    "backstop refuses while it is stopped",
    "given up for this pass",
    "both sides liquidated at once",
    "position liquidated twice in a pass",
    "several orders in a liquidation",
    "fill-or-kill liquidation filled",
    "fill-or-kill liquidation killed",
    "fund pays a gap",
    "liquidation finds nobody",
    "deleveraged against somebody in liquidation",
    "deleveraged against the own other side",
    "infeasible counterparty passed over",
    "fund is a counterparty",
    "vault is deleveraged",
    "isolated position deleveraged",
    "isolated counterparty deleveraged",
    "victim loses its orders",
    "queued but well again",
    "deleveraged in a drawdown",
    "drawdown begins",
    "drawdown ends",
    "maker of a liquidation falls in the same pass",
    "liquidation goes on after a wait",
    "wait ends without a mark",
    "liquidation goes on after it was carried over",
    "unwinding goes on after a stop",
    "fund wallet below zero is shared in part",
    "loss shared by an isolated position",
    "funding delta leaves dust",
    "muted engine leaves a bankrupt alone",
)


@dataclass(slots=True)
class EngineSights:
    """Tells what is seen; remembers who is in liquidation, who waits, and what the fund is up to."""

    _locked: set[Scope] = field(default_factory=set)
    _waiting: set[Scope] = field(default_factory=set)
    _drawdown: bool = False
    _carried_over: bool = False
    _stopped: bool = False

    def seen(self, events: Sequence[Event], world: World) -> Iterator[str]:
        """Yield the names of what the events of one command tell; `world` is as it left it."""
        rules = world.rules.engine
        marked = any(isinstance(event, MarkPriceSet) for event in events)
        for event in events:
            match event:
                case AccountLocked():
                    self._locked.add(Scope(event.account_id, event.symbol, event.position_side))
                case LiquidationWaits() if event.until_ts:
                    self._waiting.add(Scope(event.account_id, event.symbol, event.position_side))
                case AccountReleased():
                    gone = {Scope(event.account_id, event.symbol, event.position_side)}
                    self._locked -= gone
                    self._waiting -= gone
                case PositionLiquidated():
                    yield from self._seen_in_liquidation(event, rules, marked=marked)
                case Deleveraged():
                    yield from self._seen_in_deleveraging(event, world)
                case OrderUpdated():
                    yield from self._seen_in_order(event, rules)
                case DrawdownChanged():
                    self._drawdown = event.active
                    yield f"drawdown {'begins' if event.active else 'ends'}"
                case UnwindingStopped():
                    self._stopped = True
                case LossShared():
                    yield from _seen_in_loss(event, rules)
        yield from _seen_together(events, world)
        if any(type(event).__name__ == "LiquidationsCarriedOver" for event in events):
            self._carried_over = True
        if rules.muted and marked:
            yield from _seen_while_muted(world)

    def _seen_in_liquidation(self, event: PositionLiquidated, rules: EngineRules, *, marked: bool) -> Iterator[str]:
        policy = type(rules.liquidation).__struct_config__.tag
        yield f"liquidated by {policy}"
        if event.filled_quantity:
            yield f"sold on the book by {policy}"
        elif event.ordered_quantity:
            yield "liquidation finds nobody"
        if event.taken_over_quantity:
            yield f"taken over, {rules.backstop.kind.value}"
        if event.fee < 0:
            yield "fund pays a gap"
        if event.queued_quantity and self._drawdown:
            yield "deleveraged in a drawdown"
        isolated = Scope(event.account_id, event.symbol, event.position_side)
        for scope in (isolated, Scope(event.account_id)):
            if scope in self._waiting:
                self._waiting.remove(scope)
                yield "liquidation goes on after a wait"
                if not marked:
                    yield "wait ends without a mark"
        if self._carried_over:
            self._carried_over = False
            yield "liquidation goes on after it was carried over"

    def _seen_in_deleveraging(self, event: Deleveraged, world: World) -> Iterator[str]:
        rules = world.rules.engine
        bankrupt = Leg(event.account_id, event.symbol, event.position_side)
        victim = Leg(event.counterparty_id, event.symbol, event.counterparty_side)
        if bankrupt.account == FUND:
            yield "vault is deleveraged"
        elif scope_of(world, victim) in self._locked:
            yield "deleveraged against somebody in liquidation"
        else:
            yield f"deleveraged by {rules.adl.ranker.value}"
            yield f"deleveraged at {rules.adl.price.value}"
        if bankrupt.account == victim.account:
            yield "deleveraged against the own other side"
        if victim.account == FUND:
            yield "fund is a counterparty"
        if is_isolated(world, bankrupt):
            yield "isolated position deleveraged"
        if is_isolated(world, victim):
            yield "isolated counterparty deleveraged"
        if any(one != victim for one in _infeasible(world, event)):
            yield "infeasible counterparty passed over"

    def _seen_in_order(self, event: OrderUpdated, rules: EngineRules) -> Iterator[str]:
        order = event.order
        if order.account_id == FUND and event.execution is Execution.TRADE:
            yield f"fund unwinds, {rules.unwind.style.value}"
            if self._stopped:
                self._stopped = False
                yield "unwinding goes on after a stop"
        if order.order_type is OrderType.LIQUIDATION and order.time_in_force is TimeInForce.FOK:
            if event.execution is Execution.TRADE:
                yield "fill-or-kill liquidation filled"
            elif event.execution is Execution.EXPIRED:
                yield "fill-or-kill liquidation killed"


def _seen_in_loss(event: LossShared, rules: EngineRules) -> Iterator[str]:
    yield f"loss shared, {rules.loss.value}"
    if event.paid < event.loss:
        yield "fund wallet below zero is shared in part"


def _seen_while_muted(world: World) -> Iterator[str]:
    scopes = {scope_of(world, leg) for account in traders(world) for leg in held_legs(world, account)}
    if any(equity(world, scope) < 0 for scope in scopes if not is_unjudged(world, scope)):
        yield "muted engine leaves a bankrupt alone"


def _infeasible(world: World, event: Deleveraged) -> Iterator[Leg]:
    """Yield positions that could be counterparties, but would be left with less than nothing at the price paid."""
    bankrupt = Leg(event.account_id, event.symbol, event.position_side)
    unit = world.contracts[event.symbol].value_unit
    gain = event.side * (event.quantity * event.mark_price * unit - event.value)  # to a victim that buys, at the mark
    for account in traders(world):
        for leg in held_legs(world, account):
            value = value_at_mark(world, leg)
            other = leg.symbol == event.symbol and leg != bankrupt and value * event.side < 0
            if other and scope_of(world, leg) not in world.locked and equity(world, scope_of(world, leg)) + gain < 0:
                yield leg


def _seen_together(events: Sequence[Event], world: World) -> Iterator[str]:
    """Yield what several events tell together."""
    rules = world.rules.engine
    liquidated = [event for event in events if isinstance(event, PositionLiquidated)]
    closings = [event for event in events if isinstance(event, Deleveraged) and event.account_id != FUND]
    sides = {(event.symbol, event.quantity > 0) for event in liquidated}
    legs = [Leg(event.account_id, event.symbol, event.position_side) for event in liquidated]
    refused = {event.liquidation_id for event in events if isinstance(event, BackstopRefused)}
    tried = {event.liquidation_id for event in events if isinstance(event, Deleveraged | DeleveragingExhausted)}
    if any((symbol, not long) in sides for symbol, long in sides):
        yield "both sides liquidated at once"
    if len(set(legs)) < len(legs):
        yield "position liquidated twice in a pass"
    if any(event.taken_over_quantity and event.liquidation_id in refused for event in liquidated):
        yield "position taken over in part"
    if any(event.queued_quantity and event.liquidation_id not in tried for event in liquidated):
        yield "queued but well again"
    if any(one.liquidation_id == other.liquidation_id for one, other in pairwise(closings)):
        yield f"several deleveraged by {rules.adl.ranker.value}"
    if any(isinstance(event, OrderUpdated) and _is_second(event) for event in events):
        yield "several orders in a liquidation"
    just_now = any(isinstance(event, UnwindingStopped) for event in events)  # after the pass
    stopped = world.now < world.unwind_stopped_until and not just_now
    yield from _seen_in_refusals(events, rules, stopped=stopped)
    yield from _seen_of_makers(events)
    yield from _seen_of_payers(events, world)
    victims = {event.counterparty_id for event in closings} - {event.account_id for event in liquidated}
    ended = [event for event in events if isinstance(event, OrderUpdated)]
    if any(one.expire_reason is ExpireReason.LIQUIDATION and one.order.account_id in victims for one in ended):
        yield "victim loses its orders"


def _is_second(event: OrderUpdated) -> bool:
    return event.order.client_order_id.startswith("autoclose-") and event.order.client_order_id.count("-") > 1


def _seen_in_refusals(events: Sequence[Event], rules: EngineRules, *, stopped: bool) -> Iterator[str]:
    lost = False  # it has taken lots over, or paid
    for event in events:
        lost = lost or (isinstance(event, PositionLiquidated) and event.taken_over_quantity > 0)
        lost = lost or (isinstance(event, AccountUpdated) and event.account_id == FUND and event.balance_change < 0)
        if isinstance(event, BackstopRefused):
            yield f"backstop refuses, {rules.backstop.kind.value}"
            if lost and event.fund_equity <= 0:
                yield "fund exhausted in a pass"
            if rules.adl.trigger is AdlTrigger.NEVER:
                yield "given up for this pass"
            if rules.backstop.kind is not BackstopKind.NONE and stopped:
                yield "backstop refuses while it is stopped"


def _seen_of_makers(events: Sequence[Event]) -> Iterator[str]:
    """See somebody whose order a liquidation met, and who is then locked."""
    makers: set[int] = set()
    liquidating = False
    for event in events:
        if isinstance(event, OrderUpdated) and event.fill is not None:
            if event.fill.maker and liquidating:
                makers.add(event.order.account_id)
        elif isinstance(event, OrderUpdated):
            liquidating = event.order.order_type is OrderType.LIQUIDATION
        elif isinstance(event, AccountLocked) and event.account_id in makers:
            yield "maker of a liquidation falls in the same pass"


def _seen_of_payers(events: Sequence[Event], world: World) -> Iterator[str]:
    paid = [one for one in events if isinstance(one, AccountUpdated) and one.reason is BalanceReason.LOSS_SHARED]
    if any(event.positions for event in paid):
        yield "loss shared by an isolated position"
    if world.rules.engine.loss is LossPolicy.FUNDING_DELTA and sum(event.balance_change for event in paid) < 0:
        yield "funding delta leaves dust"
