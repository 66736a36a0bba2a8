"""How the fund of the reference venue gets rid of what it holds: docs/rules.md section 9."""

import math
from fractions import Fraction

from exchange.core.enums import Execution, OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce
from exchange.core.events import UnwindingStopped
from exchange.core.policies.unwinding import UnwindStyle
from exchange.core.records import OrderRecord
from exchange.core.units import Atoms, Nanos
from tests.reference.fund import fund_equity, is_stopped, note_equity
from tests.reference.orders import new_record, take_bound
from tests.reference.walk import carry_out, expire_taker, plan_walk
from tests.reference.world import (
    FUND,
    Leg,
    World,
    best,
    end,
    open_orders,
    position_of,
    queue,
    rest,
    share,
    take_off,
    tell,
)


def unwind(world: World) -> None:
    """Let the fund trade a little of what it holds away, unless it has lost too much."""
    if world.rules.engine.unwind.loss_stop > 0 and not is_stopped(world):
        _watch_losses(world)
    if is_stopped(world):
        return
    for symbol, quotes in world.quotes.items():
        held = position_of(world, Leg(FUND, symbol)).quantity
        if quotes.mark == 0 or quotes.frozen or held == 0:
            continue
        side = Side.SELL if held > 0 else Side.BUY
        if world.rules.engine.unwind.style is UnwindStyle.TAKE:
            _take(world, symbol, side, abs(held))
        else:
            _quote(world, symbol, side, abs(held))


def _watch_losses(world: World) -> None:
    """Leave the market for a while when the equity has fallen too far from its peak."""
    rules, peak, now = world.rules.engine.unwind, note_equity(world, world.stop_notes), fund_equity(world)
    if peak <= 0 or Fraction(peak - now, peak) < share(1, rules.loss_stop):
        return
    world.unwind_stopped_until = world.now + rules.stop_pause
    world.stop_notes = []
    world.events.append(UnwindingStopped(Nanos(world.unwind_stopped_until), Atoms(now), Atoms(peak)))
    for symbol in world.contracts:
        _withdraw_quotes(world, symbol)


def _withdraw_quotes(world: World, symbol: str) -> None:
    for resting in open_orders(world, FUND, symbol):
        take_off(world, resting)
        end(world, resting.order, OrderStatus.CANCELED)


def _part(world: World, lots: int) -> int:
    return max(1, math.floor(share(lots, world.rules.engine.unwind.share)))


def _take(world: World, symbol: str, side: Side, held: int) -> None:
    """Sell a share of what stands at the best price, if that is near enough to the mark."""
    mark, brackets = world.quotes[symbol].mark, world.contracts[symbol].brackets
    lowest = min(brackets, key=lambda one: one.floor)
    bound = take_bound(mark, min(world.rules.engine.unwind.bound, lowest.rate), side)
    price = best(world, symbol, side.opposite)
    if price is None or side * (bound - price) < 0:
        return
    there = sum(one.left for one in queue(world, symbol, side.opposite) if one.order.price == price)
    size = min(held, _part(world, there))
    order = _order(world, symbol, side, size, price, TimeInForce.IOC)
    plan = plan_walk(world, order, price, size)
    order = carry_out(world, order, plan)
    if order.filled < size:
        expire_taker(world, order, plan, cut_by_position=False)


def _quote(world: World, symbol: str, side: Side, held: int) -> None:
    """Keep one order on the book, at the mark or at what the fund paid, that takes nothing."""
    size, price = min(held, _part(world, held)), _price(world, symbol, side)
    if price == best(world, symbol, side.opposite):  # an ask of one tick: no bid can stay behind it
        return
    there = [(one.order.side, one.order.price, one.left) for one in open_orders(world, FUND, symbol)]
    if there != [(side, price, size)]:
        _withdraw_quotes(world, symbol)
        rest(world, _order(world, symbol, side, size, price, TimeInForce.GTX), 0)


def _price(world: World, symbol: str, side: Side) -> int:
    """Return the price of a quote in ticks."""
    price, facing = world.quotes[symbol].mark, best(world, symbol, side.opposite)
    if world.rules.engine.unwind.style is UnwindStyle.QUOTE_ENTRY:
        held, entry, _ = position_of(world, Leg(FUND, symbol))
        paid = Fraction(entry, held * world.contracts[symbol].value_unit)
        price = math.ceil(paid) if side is Side.SELL else math.floor(paid)
    if facing is not None:
        price = max(price, facing + 1) if side is Side.SELL else min(price, facing - 1)
    return max(1, price)


def _order(world: World, symbol: str, side: Side, size: int, price: int, life: TimeInForce) -> OrderRecord:
    """Return a reduce-only order of the fund, after telling of it."""
    order = new_record(
        world,
        leg=Leg(FUND, symbol),
        client_order_id=f"unwind-{world.orders_made + 1}",
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=life,
        quantity=size,
        price=price,
        reduce_only=True,
        prevention=SelfTradePrevention.NONE,
    )
    world.orders_made += 1
    tell(world, order, Execution.NEW)
    return order
