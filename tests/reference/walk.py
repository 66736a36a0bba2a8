"""The walk of docs/rules.md section 6: first planned as a pure list of steps, then carried out step by step."""

import math
from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

import msgspec

from exchange.core.enums import (
    BalanceReason,
    Execution,
    ExpireReason,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from exchange.core.events import TradePrinted
from exchange.core.records import Fill, OrderRecord
from exchange.core.units import Atoms, Lots, Nanos, Ticks
from tests.reference.isolated import close_by_venue, fill_isolated, settle_debt
from tests.reference.world import (
    FUND,
    Leg,
    World,
    end,
    is_isolated,
    leg_of,
    move,
    pay,
    pay_leg,
    position_of,
    queue,
    share,
    take_off,
    tell,
)

FeeRule = Callable[[int, int], int]  # (lots, atoms of the fill) -> atoms that the taker pays


class Kind(Enum):
    """What a step of a walk does with a resting order."""

    TRADE = "trade"
    SELF_TRADE = "self trade"
    KNOCK_OUT = "knock-out"


class Step(NamedTuple):
    """One thing that a walk does to one resting order."""

    kind: Kind
    order_id: int
    quantity: int
    price: int


class Plan(NamedTuple):
    """All steps of a walk; how much it fills; whether self-trade prevention ended it."""

    steps: tuple[Step, ...]
    filled: int
    self_ended: bool

    @property
    def worst_price(self) -> int | None:
        """The price of the last trade, which is the worst; None without a trade."""
        prices = [step.price for step in self.steps if step.kind is Kind.TRADE]
        return prices[-1] if prices else None


class Waiting(NamedTuple):
    """A resting order as the plan sees it."""

    order_id: int
    leg: Leg
    side: Side
    price: int
    place: int
    left: int
    reduce_only: bool


def waiting_orders(world: World, symbol: str) -> list[Waiting]:
    """Return the whole book of a contract, for a plan."""
    return [
        Waiting(
            one.order.order_id,
            leg_of(one.order),
            one.order.side,
            one.order.price,
            one.place,
            one.left,
            one.order.reduce_only,
        )
        for side in Side
        for one in queue(world, symbol, side)
    ]


def excess(orders: Sequence[Waiting], leg: Leg, held: int) -> list[Waiting]:
    """Return the reduce-only orders of a leg that close nothing any more, worst first."""
    gone: list[Waiting] = []
    for side, closable in ((Side.BUY, max(0, -held)), (Side.SELL, max(0, held))):
        kept = [one for one in orders if one.leg == leg and one.reduce_only and one.side is side]
        kept.sort(key=lambda one: (-one.side * one.price, one.place))
        while sum(one.left for one in kept) > closable:
            gone.append(kept.pop())
    return gone


def plan_walk(world: World, taker: OrderRecord, limit: int, most: int) -> Plan:
    """Return what a taker would do to the book, at most `most` lots at prices that meet `limit`; nothing changes."""
    book = waiting_orders(world, taker.symbol)
    mine = leg_of(taker)
    held = {leg: position_of(world, leg).quantity for leg in (mine, *(one.leg for one in book))}
    steps: list[Step] = []
    filled = 0
    mode = taker.self_trade_prevention
    while filled < most:
        facing = [one for one in book if one.side is taker.side.opposite and taker.side * (limit - one.price) >= 0]
        if not facing:
            break
        maker = min(facing, key=lambda one: (taker.side * one.price, one.place))
        book.remove(maker)
        if maker.leg.account == mine.account and mode is not SelfTradePrevention.NONE:
            if mode is SelfTradePrevention.EXPIRE_TAKER:
                return Plan(tuple(steps), filled, self_ended=True)
            steps.append(Step(Kind.SELF_TRADE, maker.order_id, 0, maker.price))
            if mode is SelfTradePrevention.EXPIRE_BOTH:
                return Plan(tuple(steps), filled, self_ended=True)
            continue
        quantity = min(most - filled, maker.left)
        filled += quantity
        steps.append(Step(Kind.TRADE, maker.order_id, quantity, maker.price))
        held[maker.leg] += maker.side * quantity
        held[mine] += taker.side * quantity
        if quantity < maker.left:
            book.append(maker._replace(left=maker.left - quantity))
        for leg in (maker.leg, mine):
            for gone in excess(book, leg, held[leg]):
                book.remove(gone)
                steps.append(Step(Kind.KNOCK_OUT, gone.order_id, 0, gone.price))
    return Plan(tuple(steps), filled, self_ended=False)


def carry_out(world: World, taker: OrderRecord, plan: Plan, liquidation_fee: FeeRule | None = None) -> OrderRecord:
    """Do what a plan says and return the taker as it stands afterwards."""
    for step in plan.steps:
        maker = next(one for one in world.orders if one.order.order_id == step.order_id)
        if step.kind is Kind.TRADE:
            taker = _trade(world, step, taker, liquidation_fee)
        else:
            take_off(world, maker)
            if step.kind is Kind.KNOCK_OUT:
                end(world, maker.order, OrderStatus.EXPIRED, ExpireReason.REDUCE_ONLY)
            else:
                end(world, maker.order, OrderStatus.EXPIRED_IN_MATCH, ExpireReason.SELF_TRADE)
    return taker


def _trade(world: World, step: Step, taker: OrderRecord, liquidation_fee: FeeRule | None) -> OrderRecord:
    """Match a taker with one resting order: the maker moves first."""
    contract, quotes = world.contracts[taker.symbol], world.quotes[taker.symbol]
    resting = next(one for one in world.orders if one.order.order_id == step.order_id)
    value = step.quantity * step.price * contract.value_unit
    world.trades_made += 1
    quotes.last = step.price
    world.events.append(
        TradePrinted(
            taker.symbol,
            world.trades_made,
            Ticks(step.price),
            Lots(step.quantity),
            taker.side,
            step.order_id,
            taker.order_id,
            taker.order_type is OrderType.LIQUIDATION,
        )
    )
    world.touched.add((taker.symbol, taker.side.opposite, step.price))
    resting.order = _filled(world, resting.order, step.quantity, value)
    if resting.left == 0:
        world.orders.remove(resting)
    _settle(world, resting.order, step, value, fee=_fee(resting.order, value, contract.maker_fee), maker=True)
    after = _filled(world, taker, step.quantity, value)
    world.entering = after if world.entering else None
    usual = _fee(taker, value, contract.taker_fee)
    fee = usual if liquidation_fee is None else liquidation_fee(step.quantity, value)
    _settle(world, after, step, value, fee=fee, maker=False, to_fund=liquidation_fee is not None)
    return after


def _fee(order: OrderRecord, value: int, rate: int) -> int:
    return 0 if order.account_id == FUND else math.ceil(share(value, rate))


def _filled(world: World, order: OrderRecord, quantity: int, value: int) -> OrderRecord:
    filled = order.filled + quantity
    status = OrderStatus.FILLED if filled == order.quantity else OrderStatus.PARTIALLY_FILLED
    return msgspec.structs.replace(
        order,
        filled=Lots(filled),
        cum_quote=Atoms(order.cum_quote + value),
        status=status,
        updated_ts=Nanos(world.now),
    )


def _settle(
    world: World, order: OrderRecord, step: Step, value: int, *, fee: int, maker: bool, to_fund: bool = False
) -> None:
    """Move one side of a trade and report it; a liquidation fee goes to the fund, any other to the venue."""
    leg, owed = leg_of(order), 0
    before = position_of(world, leg)
    moved = move(world, leg, order.side, step.quantity, value)
    gained = moved.profit - fee
    if not is_isolated(world, leg):
        pay_leg(world, leg, BalanceReason.ORDER, gained, moved=True)
    elif to_fund:
        owed = close_by_venue(world, leg, BalanceReason.ORDER, gained)
    else:
        owed = fill_isolated(world, leg, before, moved, fee=fee)
    fill = Fill(world.trades_made, Ticks(step.price), Lots(step.quantity), Atoms(fee), Atoms(moved.profit), maker)
    tell(world, order, Execution.TRADE, fill=fill)
    if not to_fund:
        world.fees += fee
    elif fee:
        pay(world, FUND, BalanceReason.INSURANCE_CLEAR, fee)
    settle_debt(world, leg, owed)


def expire_taker(world: World, taker: OrderRecord, plan: Plan, *, cut_by_position: bool) -> None:
    """Report why a taker that cannot rest, or was ended by self-trade prevention, ends unfilled."""
    if plan.self_ended:
        immediate = taker.time_in_force is TimeInForce.IOC and taker.order_type is OrderType.LIMIT
        reason = ExpireReason.IOC_SELF_TRADE if immediate else ExpireReason.SELF_TRADE
        end(world, taker, OrderStatus.EXPIRED_IN_MATCH, reason)
    elif cut_by_position:
        end(world, taker, OrderStatus.EXPIRED, ExpireReason.REDUCE_ONLY)
    elif taker.order_type is OrderType.MARKET:
        end(world, taker, OrderStatus.EXPIRED, ExpireReason.MARKET_REMAINDER)
    else:
        end(world, taker, OrderStatus.EXPIRED, ExpireReason.IOC_REMAINDER)
