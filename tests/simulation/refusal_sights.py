"""What is seen of refusals for margin and for stale indices, by name: which rule said no. It compares nothing."""

from collections.abc import Iterator, Sequence

from exchange.core.commands import AdjustMargin, AmendOrder, Command, PlaceOrder, SetLeverage, Transfer, Withdraw
from exchange.core.enums import RejectReason
from exchange.core.events import Event, Rejected
from tests.reference.risk import Extra, is_placeable, is_unjudged, only_reduces, surplus
from tests.reference.world import Leg, Scope, World, open_orders, position_of

REFUSAL_SIGHTS = (
    "withdrawal refused at a stale index",
    "margin move refused at a stale index",
    "isolated order refused beside a stale cross position",
    "isolated order that reduces beside a stale cross position",
    "isolated order refused beside profit of cross positions",
    "leverage refused beside profit of cross positions",
    "closing beyond bankruptcy refused",
    "reduce-only order beyond bankruptcy refused",
    "turning around beyond bankruptcy refused",
    "amendment beyond bankruptcy refused",
)


def seen_in_refusals(command: Command, events: Sequence[Event], world: World) -> Iterator[str]:
    """Yield the names of what the answer to one command tells; a refused one has changed nothing."""
    reason = events[0].reason if events and isinstance(events[0], Rejected) else None
    match command:
        case Withdraw() | Transfer() if reason is RejectReason.INDEX_STALE:
            yield "withdrawal refused at a stale index"
        case AdjustMargin() if reason is RejectReason.INDEX_STALE:
            yield "margin move refused at a stale index"
        case SetLeverage() if reason is RejectReason.LEVERAGE_MARGIN_INSUFFICIENT:
            if surplus(world, command.account_id, leverages={command.symbol: command.leverage}) >= 0:
                yield "leverage refused beside profit of cross positions"
        case AmendOrder() if reason is RejectReason.MARGIN_INSUFFICIENT:
            yield from _seen_in_amendment(command, world)
        case PlaceOrder() if reason in {None, RejectReason.INDEX_STALE, RejectReason.MARGIN_INSUFFICIENT}:
            yield from _seen_in_order(command, reason, world)


def _seen_in_order(command: PlaceOrder, reason: RejectReason | None, world: World) -> Iterator[str]:
    """See why an order that is well-formed was refused, or what it was let do."""
    leg = Leg(command.account_id, command.symbol, command.position_side)
    extra = Extra(leg, command.side, command.quantity, command.price)
    isolated = (command.account_id, command.symbol) in world.isolated
    beside_stale = isolated and is_unjudged(world, Scope(command.account_id)) and not world.quotes[command.symbol].stale
    if beside_stale and reason is RejectReason.INDEX_STALE:
        yield "isolated order refused beside a stale cross position"
    elif beside_stale and reason is None:
        yield "isolated order that reduces beside a stale cross position"
    if reason is not RejectReason.MARGIN_INSUFFICIENT:
        return
    closes = command.reduce_only or (
        leg.account in world.hedged and position_of(world, leg).quantity * command.side < 0
    )
    if closes:
        yield "reduce-only order beyond bankruptcy refused"
    elif only_reduces(world, extra):
        yield "closing beyond bankruptcy refused"
    elif isolated and command.price and is_placeable(world, leg.account, leg.symbol, extra):
        yield "turning around beyond bankruptcy refused"
    elif isolated and command.price and surplus(world, leg.account, extra) >= 0:
        yield "isolated order refused beside profit of cross positions"


def _seen_in_amendment(command: AmendOrder, world: World) -> Iterator[str]:
    mine = open_orders(world, command.account_id, command.symbol)
    for one in (one.order for one in mine if one.order.order_id == command.order_id):
        if one.reduce_only:
            yield "amendment beyond bankruptcy refused"
