"""The liquidation of one scope, docs/rules.md 8.1: step by step what its policy asks for, done within bounds."""

from dataclasses import dataclass, field

from exchange.core.enums import (
    BalanceReason,
    ConditionalStatus,
    Execution,
    ExpireReason,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from exchange.core.events import AccountLocked, AccountReleased, BackstopRefused, LiquidationWaits, MarginCallPosition
from exchange.core.policies.adl import AdlTrigger
from exchange.core.policies.case import Case, Deleverage, HandOver, Intent, PositionCase, SendOrder, Wait
from exchange.core.records import OrderRecord
from exchange.core.units import Atoms, Lots, Nanos, Ticks
from tests.reference.bankruptcy import Sale, bankruptcy_value, begin, part_of, tell_sale
from tests.reference.conditional import give_up
from tests.reference.fund import expire_idle_orders, fund_equity, fund_notional, lots_taken
from tests.reference.isolated import close_by_venue, settle_debt
from tests.reference.orders import new_record
from tests.reference.policies import decide
from tests.reference.risk import equity, maintenance, position_maintenance, positions_in, profit, wallet
from tests.reference.walk import carry_out, expire_taker, plan_walk
from tests.reference.world import (
    FUND,
    Leg,
    Scope,
    World,
    best,
    end,
    forget,
    is_isolated,
    move,
    open_orders,
    pay,
    pay_leg,
    position_of,
    take_off,
    tell,
    waiting_conditionals,
)

STEPS_MAX = 100


@dataclass(slots=True)
class Attempt:
    """What one margin pass did about a scope so far: orders as (leg, lots, lots filled), what it will not touch."""

    scope: Scope
    orders: list[tuple[Leg, int, int]] = field(default_factory=list)
    left_alone: set[Leg] = field(default_factory=set)  # given up, or queued
    sales: list[Sale] = field(default_factory=list)
    steps: int = 0


# ---------------------------------------------------------------------------------------------- beginning and end


def liquidate(world: World, scope: Scope) -> list[Sale]:
    """Do all that can be done about a scope now; return what must be deleveraged."""
    fresh = scope not in world.locked
    if fresh:
        _lock(world, scope)
    world.resume_at.pop(scope, None)  # its wait, if it had one, is over
    for symbol in [scope.symbol] if scope.symbol else world.contracts:
        for resting in open_orders(world, scope.account, symbol):
            take_off(world, resting)
            end(world, resting.order, OrderStatus.EXPIRED, ExpireReason.LIQUIDATION)
        for waiting in waiting_conditionals(world, scope.account, symbol):
            give_up(world, waiting, ConditionalStatus.EXPIRED)
    held = positions_in(world, scope)
    if fresh and held and all(world.quotes[leg.symbol].frozen for leg in held):
        world.events.append(LiquidationWaits(scope.account, Nanos(0), scope.symbol, scope.side))
    attempt = Attempt(scope)
    while attempt.steps < STEPS_MAX and _step(world, attempt):
        attempt.steps += 1
    if attempt.steps == STEPS_MAX:
        _wait(world, scope, Wait(world.now + world.rules.engine.carry_over, world.memory.get(scope, 0)))
    if attempt.sales:
        tell_sale(world, attempt.sales[-1])
    close_case(world, scope)
    return [sale for sale in attempt.sales if sale.queued]


def close_case(world: World, scope: Scope) -> None:
    """Clear what a scope without positions owes, and release it when it is well (steps 7 and 8)."""
    if scope.symbol == "" and not positions_in(world, scope) and wallet(world, scope) < 0:
        owed = -wallet(world, scope)
        pay(world, scope.account, BalanceReason.INSURANCE_CLEAR, owed)
        pay(world, FUND, BalanceReason.INSURANCE_CLEAR, -owed)
    if not positions_in(world, scope) or equity(world, scope) > maintenance(world, scope):
        release(world, scope)


def release(world: World, scope: Scope) -> None:
    """End the liquidation of a scope."""
    forget(world, scope)
    world.events.append(AccountReleased(scope.account, Atoms(wallet(world, scope)), scope.symbol, scope.side))


def _lock(world: World, scope: Scope) -> None:
    world.locked.add(scope)
    owned, needed, paying = equity(world, scope), maintenance(world, scope), wallet(world, scope)
    event = AccountLocked(
        scope.account,
        Atoms(owned),
        Atoms(needed),
        scope.symbol,
        scope.side,
        Atoms(paying),
        list_positions(world, scope),
    )
    world.events.append(event)


def list_positions(world: World, scope: Scope) -> tuple[MarginCallPosition, ...]:
    """Return the positions of a scope as its owner is told of them."""
    return tuple(
        MarginCallPosition(
            leg.symbol,
            Lots(position_of(world, leg).quantity),
            Ticks(world.quotes[leg.symbol].mark),
            Atoms(profit(world, leg)),
            Atoms(position_maintenance(world, leg)),
            leg.side,
            world.leverages[leg.account, leg.symbol],
        )
        for leg in positions_in(world, scope)
    )


# -------------------------------------------------------------------------------------------------------- deciding


def _step(world: World, attempt: Attempt) -> bool:
    """Take one step; tell whether there may be another."""
    scope = attempt.scope
    hand = _at_hand(world, attempt)
    if equity(world, scope) > maintenance(world, scope) or not hand:
        return False
    intent = _intent(world, attempt, hand[0])
    if intent is None:
        return False
    if isinstance(intent, Wait):
        _wait(world, scope, intent)
        return False
    leg = Leg(scope.account, intent.symbol, intent.side)
    assert leg in hand, "a policy asked for what is not at hand"
    sale = _sale_of(world, attempt, leg)
    if isinstance(intent, SendOrder):
        _send(world, attempt, sale, intent)
    elif isinstance(intent, HandOver):
        _hand_over(world, attempt, sale)
    else:
        _queue(world, attempt, sale)
    return True


def _intent(world: World, attempt: Attempt, first: Leg) -> Intent | None:
    """Return what to do next: in a drawdown nobody is asked."""
    if world.drawdown:
        return Deleverage(first.symbol, first.side)
    return decide(world.policy, _case(world, attempt))


def _at_hand(world: World, attempt: Attempt) -> list[Leg]:
    """Return the positions that can be acted on, the largest maintenance margin first."""
    legs = [leg for leg in positions_in(world, attempt.scope) if leg not in attempt.left_alone]
    legs = [leg for leg in legs if not world.quotes[leg.symbol].frozen]
    # LONG stands before SHORT, and sorting is stable.
    return sorted(legs, key=lambda leg: (-position_maintenance(world, leg), leg.symbol))


def _case(world: World, attempt: Attempt) -> Case:
    scope = attempt.scope
    return Case(
        ts=world.now,
        account_id=scope.account,
        isolated=scope.symbol != "",
        equity=equity(world, scope),
        maintenance_margin=maintenance(world, scope),
        positions=tuple(_position_case(world, attempt, leg) for leg in _at_hand(world, attempt)),
        fund_equity=fund_equity(world),
        memory=world.memory.get(scope, 0),
        steps=attempt.steps,
    )


def _position_case(world: World, attempt: Attempt, leg: Leg) -> PositionCase:
    held, entry, _ = position_of(world, leg)
    sent = [(lots, filled) for mine, lots, filled in attempt.orders if mine == leg]
    facing = Side.BUY if held > 0 else Side.SELL
    return PositionCase(
        contract=world.contracts[leg.symbol],
        side=leg.side,
        quantity=held,
        mark_price=world.quotes[leg.symbol].mark,
        entry_value=entry,
        maintenance_margin=position_maintenance(world, leg),
        bankruptcy_value=bankruptcy_value(world, leg),
        best_price=best(world, leg.symbol, facing) or 0,
        orders=len(sent),
        filled=sum(filled for _, filled in sent),
        unfilled=sent[-1][0] - sent[-1][1] if sent else 0,
    )


def _wait(world: World, scope: Scope, intent: Wait) -> None:
    until = max(intent.until, world.now + 10**7)  # 10 ms
    world.resume_at[scope], world.memory[scope] = until, intent.memory
    world.events.append(LiquidationWaits(scope.account, Nanos(until), scope.symbol, scope.side))


def _sale_of(world: World, attempt: Attempt, leg: Leg) -> Sale:
    """Return the liquidation that a step belongs to: the last one or, about another position, a new one."""
    last = attempt.sales[-1] if attempt.sales else None
    if last is not None and last.leg == leg:
        return last
    if last is not None:
        tell_sale(world, last)
    attempt.sales.append(begin(world, leg))
    return attempt.sales[-1]


# ---------------------------------------------------------------------------------------------------------- acting


def _send(world: World, attempt: Attempt, sale: Sale, intent: SendOrder) -> None:
    """Sell some of a position into the book."""
    leg, held = sale.leg, abs(position_of(world, sale.leg).quantity)
    lots, limit = max(1, min(held, intent.quantity)), max(1, intent.limit_price)
    sale.limit, sale.orders, sale.ordered = limit, sale.orders + 1, sale.ordered + lots
    order = _liquidation_order(world, sale, lots, whole=intent.fills_whole)
    tell(world, order, Execution.NEW)
    plan = plan_walk(world, order, limit, lots)
    filled = lots if plan.filled == lots else 0 if intent.fills_whole else plan.filled
    if filled:

        def fee(quantity: int, value: int) -> int:
            return sale.fee(quantity, value, intent.fee_rate, gap=intent.fund_pays_gap)

        order = carry_out(world, order, plan, fee)
    if filled < lots:
        expire_taker(world, order, plan, cut_by_position=False)
    attempt.orders.append((leg, lots, filled))


def _liquidation_order(world: World, sale: Sale, lots: int, *, whole: bool) -> OrderRecord:
    again = f"-{sale.orders}" if sale.orders > 1 else ""
    order = new_record(
        world,
        leg=sale.leg,
        client_order_id=f"autoclose-{sale.number}{again}",
        side=sale.side,
        order_type=OrderType.LIQUIDATION,
        time_in_force=TimeInForce.FOK if whole else TimeInForce.IOC,
        quantity=lots,
        price=sale.limit,
        reduce_only=True,
        prevention=SelfTradePrevention.NONE,
    )
    world.orders_made += 1
    return order


def _hand_over(world: World, attempt: Attempt, sale: Sale) -> None:
    """Let the fund take what it can of a position; the rest is queued, or given up."""
    leg, lots = sale.leg, lots_taken(world, sale.leg)
    owned, net = Atoms(fund_equity(world)), Atoms(fund_notional(world))
    if lots:
        _take_over(world, sale, lots)
    left = abs(position_of(world, leg).quantity)
    if left == 0:
        return
    event = BackstopRefused(sale.number, leg.account, leg.symbol, leg.side, Lots(left), owned, net)
    world.events.append(event)
    _queue(world, attempt, sale)


def _take_over(world: World, sale: Sale, lots: int) -> None:
    """Move lots to the fund at bankruptcy: a transfer, no trade."""
    leg, side, inventory = sale.leg, sale.side, Leg(FUND, sale.leg.symbol)
    received = part_of(world, sale, lots)
    sale.taken += lots
    sale.taken_value += received
    value, owed = -side * received, 0
    gained = move(world, leg, side, lots, value).profit
    if is_isolated(world, leg):
        owed = close_by_venue(world, leg, BalanceReason.INSURANCE_CLEAR, gained)
    else:
        pay_leg(world, leg, BalanceReason.INSURANCE_CLEAR, gained, moved=True)
    gained = move(world, inventory, side.opposite, lots, value).profit
    pay_leg(world, inventory, BalanceReason.INSURANCE_CLEAR, gained, moved=True)
    settle_debt(world, leg, owed)
    expire_idle_orders(world, leg.symbol)


def _queue(world: World, attempt: Attempt, sale: Sale) -> None:
    """Queue what is left of a position for deleveraging; where nobody is deleveraged, give it up for this pass."""
    attempt.left_alone.add(sale.leg)
    if world.rules.engine.adl.trigger is not AdlTrigger.NEVER:
        sale.queued = abs(position_of(world, sale.leg).quantity)
