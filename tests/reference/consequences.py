"""What follows each command in the reference venue: closers expire, trailing orders follow, one fires (rules 12.3)."""

from fractions import Fraction

import msgspec

from exchange.core.commands import PlaceOrder
from exchange.core.enums import ConditionalStatus, MarketState, OrderType, WorkingType
from exchange.core.records import ConditionalRecord
from exchange.core.units import MILLISECOND, NEVER, Lots, Nanos
from tests.reference.conditional import LIMITS, TRAILING, follow, give_up, rises, working_price
from tests.reference.orders import place_fired
from tests.reference.refusal import RefusedError
from tests.reference.world import Leg, World, position_of, share, tell_conditional, waiting_conditionals

LATER = 10 * MILLISECOND


def follow_up(world: World) -> None:
    """Do all that follows from what a command did, until nothing is left or it has fired as many as it may."""
    fired = 0
    while True:
        _expire_closers(world)
        _trail(world)
        due = _first_due(world)
        if due is None or fired >= world.rules.firings_per_command:
            world.firing_due = NEVER if due is None else world.now + LATER
            return
        fired += 1
        _fire(world, due)


# --------------------------------------------------------------------------------------------------------- closers


def _expire_closers(world: World) -> None:
    for leg, left in world.ended:
        for one in waiting_conditionals(world, leg.account, leg.symbol):
            idle = left == 0 or left * one.side > 0
            if one.close_position and one.position_side is leg.side and idle:
                give_up(world, one, ConditionalStatus.EXPIRED)
    world.ended = []


# -------------------------------------------------------------------------------------------------------- trailing


def _trail(world: World) -> None:
    world.conditionals = [follow(world, one) if one.kind is TRAILING else one for one in world.conditionals]


# ---------------------------------------------------------------------------------------------------------- firing


def _first_due(world: World) -> ConditionalRecord | None:
    """Return the conditional order that fires next; None when none is due."""
    due = [one for one in world.conditionals if is_reached(world, one) and not is_held_back(world, one)]
    places = list(world.contracts)

    def turn(one: ConditionalRecord) -> tuple[int, bool, bool, int, int, int]:
        up = rises(one.kind, one.side)
        price = one.trigger_price if up else -one.trigger_price
        by_trades = one.working_type is WorkingType.CONTRACT_PRICE
        return (places.index(one.symbol), by_trades, not up, price, one.callback_rate, one.conditional_id)

    return min(due, key=turn, default=None)


def is_reached(world: World, one: ConditionalRecord) -> bool:
    """Tell whether the price of a conditional order is there, in a contract that trades."""
    if one.trigger_price == 0 or world.quotes[one.symbol].state is not MarketState.TRADING:
        return False
    now = working_price(world, one.symbol, one.working_type)
    return now >= one.trigger_price if rises(one.kind, one.side) else now <= one.trigger_price


def is_held_back(world: World, one: ConditionalRecord) -> bool:
    """Tell whether mark and last price are too far apart for one that is protected from that."""
    mark, last = (working_price(world, one.symbol, kind) for kind in WorkingType)
    apart = Fraction(abs(mark - last), mark) if mark else Fraction(0)
    return one.price_protect and apart > share(1, world.contracts[one.symbol].trigger_protect)


def _fire(world: World, one: ConditionalRecord) -> None:
    """Ask for the order that a conditional one becomes; it is refused like any other."""
    fired = msgspec.structs.replace(one, triggered_ts=Nanos(world.now))
    fired = give_up(world, fired, ConditionalStatus.TRIGGERING)
    try:
        place_fired(world, _order_of(world, fired), fired)
    except RefusedError as refused:
        tell_conditional(
            world, fired, ConditionalStatus.REJECTED, reject_reason=refused.reason, reject_detail=refused.detail
        )


def _order_of(world: World, one: ConditionalRecord) -> PlaceOrder:
    """Return the order that a conditional one becomes."""
    held = position_of(world, Leg(one.account_id, one.symbol, one.position_side)).quantity
    return PlaceOrder(
        account_id=one.account_id,
        symbol=one.symbol,
        side=one.side,
        order_type=OrderType.LIMIT if one.kind in LIMITS else OrderType.MARKET,
        quantity=Lots(max(1, -one.side * held)) if one.close_position else one.quantity,
        price=one.price,
        time_in_force=one.time_in_force,
        reduce_only=one.reduce_only,
        client_order_id=one.client_id,
        self_trade_prevention=one.self_trade_prevention,
        position_side=one.position_side,
        price_match=one.price_match,
        good_till=one.good_till,
    )
