"""How the fund of the reference venue sells what it holds into the book: docs/rules.md section 9."""

import math

from exchange.core.enums import Execution, OrderType, SelfTradePrevention, Side, TimeInForce
from tests.reference.orders import new_record, take_bound
from tests.reference.walk import carry_out, expire_taker, plan_walk
from tests.reference.world import FUND, Leg, World, position_of, queue, share, tell


def unwind(world: World, symbol: str) -> None:
    """Let the fund trade a little of what it holds away, near the mark."""
    quotes, held = world.quotes[symbol], position_of(world, Leg(FUND, symbol)).quantity
    if quotes.mark == 0 or quotes.frozen or held == 0:
        return
    side = Side.SELL if held > 0 else Side.BUY
    bound = take_bound(quotes.mark, world.rules.unwind_bound, side)
    depth = sum(one.left for one in queue(world, symbol, side.opposite) if side * (bound - one.order.price) >= 0)
    if depth == 0:
        return
    size = min(abs(held), max(1, math.floor(share(depth, world.rules.unwind_share))))
    order = new_record(
        world,
        leg=Leg(FUND, symbol),
        client_order_id=f"unwind-{world.orders_made + 1}",
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.IOC,
        quantity=size,
        price=bound,
        reduce_only=True,
        prevention=SelfTradePrevention.NONE,
    )
    world.orders_made += 1
    tell(world, order, Execution.NEW)
    plan = plan_walk(world, order, bound, size)
    order = carry_out(world, order, plan)
    if order.filled < size:
        expire_taker(world, order, plan, cut_by_position=False)
