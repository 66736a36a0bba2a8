"""What docs/rules.md 8.1 and 9.1 ask of the reference venue's fund: its equity over time, how much it takes over."""

import math
from fractions import Fraction

from exchange.core.enums import ExpireReason, OrderStatus
from exchange.core.policies.backstop import BackstopKind
from tests.reference.risk import equity, value_at_mark
from tests.reference.walk import excess, waiting_orders
from tests.reference.world import FUND, Leg, Scope, World, end, position_of, share, take_off


def fund_equity(world: World) -> int:
    """Return wallet and unrealised profits of the fund, in atoms."""
    return equity(world, Scope(FUND))


def fund_notional(world: World) -> int:
    """Return the net notional of all that the fund holds, at the mark and signed."""
    return sum(value_at_mark(world, Leg(FUND, symbol)) for symbol in world.contracts)


def note_equity(world: World, notes: list[tuple[int, int]]) -> int:
    """Note the equity of the fund, forget what is older than the window, and return the peak."""
    oldest = world.now - world.rules.engine.fund_window
    notes[:] = [(when, noted) for when, noted in notes if when > oldest] + [(world.now, fund_equity(world))]
    return max(noted for _, noted in notes)


def is_stopped(world: World) -> bool:
    """Tell whether the fund is out of the market after its losses."""
    return world.now < world.unwind_stopped_until


def lots_taken(world: World, leg: Leg) -> int:
    """Return how many lots of a position the fund takes over: all, some within its cap, none."""
    rules, held = world.rules.engine.backstop, position_of(world, leg).quantity
    if rules.kind is BackstopKind.NONE or is_stopped(world):
        return 0
    if rules.kind is BackstopKind.VAULT:
        return abs(held) if fund_equity(world) > 0 else 0
    sign = 1 if held > 0 else -1
    cap = math.floor(share(max(0, fund_equity(world)), rules.cap))
    lot = Fraction(abs(value_at_mark(world, leg)), abs(held))
    return max(0, min(abs(held), math.floor((cap - sign * fund_notional(world)) / lot)))


def expire_idle_orders(world: World, symbol: str) -> None:
    """Expire the resting orders of the fund that close nothing any more."""
    inventory = Leg(FUND, symbol)
    for gone in excess(waiting_orders(world, symbol), inventory, position_of(world, inventory).quantity):
        resting = next(one for one in world.orders if one.order.order_id == gone.order_id)
        take_off(world, resting)
        end(world, resting.order, OrderStatus.EXPIRED, ExpireReason.REDUCE_ONLY)
