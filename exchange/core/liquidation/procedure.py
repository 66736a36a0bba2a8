"""One scope's liquidation in one pass: it is locked, the policy is asked step by step, and the venue does what it says.

The policy never moves anything: whatever it asks for is held within the position and the book.
Source: docs/rules.md, section 8.1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exchange.core.account import Leg, Scope
from exchange.core.clearing import end_order, expire_knocked_out, pay_owed
from exchange.core.enums import (
    BalanceReason,
    ConditionalStatus,
    ExpireReason,
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
)
from exchange.core.events import AccountLocked, AccountReleased, BackstopRefused, LiquidationWaits
from exchange.core.fund import fund_equity, fund_notional
from exchange.core.liquidation.margin_call import position_lines
from exchange.core.liquidation.sale import Sale, begin_sale, report_sale
from exchange.core.liquidation.transfer import Party, transfer_lots
from exchange.core.margin import bankruptcy_amount, position_maintenance, position_notional, standing
from exchange.core.policies.adl import AdlTrigger
from exchange.core.policies.backstop import lots_taken
from exchange.core.policies.case import Case, Deleverage, HandOver, Intent, PositionCase, SendOrder, Wait, ill_typed
from exchange.core.state import Market, State
from exchange.core.units import INT63_MAX, MILLISECOND, RATE_ONE, Atoms, Lots, Nanos, clamp
from exchange.core.venue_orders import new_venue_order, send_venue_order
from exchange.core.waiting import conditionals_in, end_conditional

STEPS_MAX = 100  # that a policy may take for one scope in one pass
WAIT_LEAST = 10 * MILLISECOND  # a wait asks for a tick of its own: not for one after the other

Key = tuple[str, PositionSide]


@dataclass(slots=True)
class Tried:
    """What was tried about a position in this pass, in lots."""

    orders: int = 0
    filled: int = 0
    unfilled: int = 0  # of the last order
    over: bool = False  # queued, or given up


@dataclass(slots=True)
class _Work:
    """A scope at work: the liquidation of the position that the last step was about, and what was tried so far."""

    scope: Scope
    queue: list[Sale]
    sale: Sale | None = None
    tried: dict[Key, Tried] = field(default_factory=dict)


def liquidate(state: State, scope: Scope, queue: list[Sale]) -> None:
    """Lock a scope, cancel the orders behind it, and do what the policy says; what is to be deleveraged is queued."""
    _lock(state, scope)
    scope.wait(0, scope.memory)  # its wait, if it had one, is over
    work = _Work(scope, queue)
    for steps in range(STEPS_MAX):
        balance, required = standing(state, scope)
        if balance > required:
            break
        case = _case(state, work, balance, required, steps)
        if not case.positions:
            break
        intent = _decided(state, case)
        if intent is None:
            break
        assert not ill_typed(intent), f"the policy's answer: {ill_typed(intent)}"
        if isinstance(intent, Wait):
            _wait(state, scope, intent)
            break
        sale = _sale_about(state, work, case, intent)
        _DOERS[type(intent)](state, work, sale, intent)
    else:  # too many steps at once: it goes on later
        _wait(state, scope, Wait(state.ts + state.rules.engine.carry_over, scope.memory))
    if work.sale is not None:
        report_sale(state, work.sale)
    clear(state, scope)


def clear(state: State, scope: Scope) -> None:
    """Let the fund pay what cross positions that are gone have left owed, and release a scope that is flat or well."""
    has_position = any(scope.legs())
    if not scope.symbol and not has_position:
        pay_owed(state, scope, max(0, -scope.wallet))
    balance, required = standing(state, scope)
    if not has_position or balance > required:
        release(state, scope)


def release(state: State, scope: Scope) -> None:
    """End the liquidation of a scope, and say so."""
    scope.lock(locked=False)
    state.events.append(AccountReleased(scope.account.account_id, Atoms(scope.wallet), scope.symbol, scope.side))


def _lock(state: State, scope: Scope) -> None:
    account, begins = scope.account, not scope.in_liquidation
    if begins:
        scope.lock(locked=True)
        balance, required = standing(state, scope)
        state.events.append(
            AccountLocked(
                account_id=account.account_id,
                equity=Atoms(balance),
                maintenance_margin=Atoms(required),
                symbol=scope.symbol,
                position_side=scope.side,
                wallet_balance=Atoms(scope.wallet),
                positions=position_lines(state, scope),
            )
        )
    for symbol, holding in account.holdings.items():
        if symbol == scope.symbol or not scope.symbol:
            for order in list(holding.orders.values()):
                end_order(state, order, OrderStatus.EXPIRED, ExpireReason.LIQUIDATION)
            for conditional in conditionals_in(account, symbol):
                end_conditional(state, conditional, ConditionalStatus.EXPIRED)
    held = [symbol for symbol, _, _ in scope.legs()]
    if begins and held and all(state.markets[symbol].frozen for symbol in held):
        state.events.append(LiquidationWaits(account.account_id, Nanos(0), scope.symbol, scope.side))


def _case(state: State, work: _Work, balance: int, required: int, steps: int) -> Case:
    scope = work.scope
    positions = [
        _position_case(state.markets[symbol], leg, balance, required, work.tried.get((symbol, leg.side), Tried()))
        for symbol, _, leg in scope.legs()
        if not state.markets[symbol].frozen
    ]
    at_hand = [
        position
        for position in sorted(positions, key=lambda one: (-one.maintenance_margin, one.symbol))  # stable: by side
        if not work.tried.get((position.symbol, position.side), Tried()).over
    ]
    return Case(
        ts=state.ts,
        account_id=scope.account.account_id,
        isolated=bool(scope.symbol),
        equity=balance,
        maintenance_margin=required,
        positions=tuple(at_hand),
        fund_equity=fund_equity(state),
        memory=scope.memory,
        steps=steps,
    )


def _position_case(market: Market, leg: Leg, balance: int, required: int, tried: Tried) -> PositionCase:
    position, margin = leg.position, position_maintenance(market, leg.position)
    return PositionCase(
        contract=market.contract,
        side=leg.side,
        quantity=position.quantity,
        mark_price=market.mark_price,
        entry_value=position.entry_value,
        maintenance_margin=margin,
        bankruptcy_value=bankruptcy_amount(-position_notional(market, position), balance, margin, required),
        best_price=market.book.best_price(Side.BUY if position.quantity > 0 else Side.SELL) or 0,
        orders=tried.orders,
        filled=tried.filled,
        unfilled=tried.unfilled,
    )


def _decided(state: State, case: Case) -> Intent | None:
    """Ask the policy; while the fund is drawn down there is nothing to ask."""
    if state.drawdown:
        return Deleverage(case.positions[0].symbol, case.positions[0].side)
    return state.policy.decide(case)


def _wait(state: State, scope: Scope, intent: Wait) -> None:
    _must_fit("time and memory of a wait", intent.until, intent.memory)
    until = max(intent.until, state.ts + WAIT_LEAST)
    scope.wait(until, intent.memory)
    state.events.append(LiquidationWaits(scope.account.account_id, Nanos(until), scope.symbol, scope.side))


def _must_fit(what: str, *numbers: int) -> None:
    """Hold a policy to what can be recorded."""
    assert all(abs(number) <= INT63_MAX for number in numbers), f"the policy's {what} is beyond 63 bits: {numbers}"


def _sale_about(state: State, work: _Work, case: Case, intent: SendOrder | HandOver | Deleverage) -> Sale:
    """Return the liquidation that a step is about, begun if it is another position's than the step before."""
    key = intent.symbol, intent.side
    named = any(key == (position.symbol, position.side) for position in case.positions)
    assert named, f"the policy asks about {key}, which is not in its case"
    sale = work.sale
    if sale is not None and key == (sale.market.contract.symbol, sale.leg.side):
        return sale
    if sale is not None:
        report_sale(state, sale)
    market, leg = state.markets[intent.symbol], work.scope.account.leg(intent.symbol, intent.side)
    work.sale = begin_sale(state, work.scope, market, leg)
    work.tried.setdefault(key, Tried())
    return work.sale


def _send_order(state: State, work: _Work, sale: Sale, intent: SendOrder) -> None:
    """Send an order of the liquidated account, held within its position."""
    market, leg = sale.market, sale.leg
    _must_fit("order", intent.quantity, intent.limit_price)
    assert 0 <= intent.fee_rate <= RATE_ONE, f"the policy's fee rate, {intent.fee_rate}, is not within 0 and 1"
    lots = clamp(intent.quantity, 1, abs(leg.position.quantity))
    limit = max(1, intent.limit_price)
    life = TimeInForce.FOK if intent.fills_whole else TimeInForce.IOC
    order = new_venue_order(
        state, sale.scope.account, market, sale.side, OrderType.LIQUIDATION, lots, limit, leg.side, life
    )
    sale.orders += 1
    nth = "" if sale.orders == 1 else f"-{sale.orders}"
    order.client_order_id = f"autoclose-{sale.liquidation_id}{nth}"
    sale.ordered += lots
    sale.limit = limit
    send_venue_order(state, market, order, sale.fee_rule(intent.fee_rate, gap=intent.fund_pays_gap))
    tried = work.tried[intent.symbol, intent.side]
    tried.orders += 1
    tried.filled += order.filled
    tried.unfilled = order.remaining


def _hand_over(state: State, work: _Work, sale: Sale, intent: HandOver) -> None:
    """Give what is left to the fund, as far as it takes it; queue the rest."""
    market, leg, left = sale.market, sale.leg, abs(sale.leg.position.quantity)
    equity, inventory = fund_equity(state), fund_notional(state)
    lot_value = market.contract.notional(market.mark_price, -sale.side)
    stopped = state.ts < state.unwind_stopped_until
    lots = 0 if stopped else lots_taken(state.rules.engine.backstop, equity, inventory, lot_value, left)
    if lots:
        fund_leg = state.fund.leg(intent.symbol)
        value = sale.part(lots)
        sale.taken += lots
        sale.taken_value += value
        giver, taker = Party(sale.scope.account, leg), Party(state.fund, fund_leg)
        transfer_lots(state, giver, taker, intent.symbol, lots, value, BalanceReason.INSURANCE_CLEAR)
        expire_knocked_out(state, fund_leg)
    if lots < left:
        state.events.append(
            BackstopRefused(
                liquidation_id=sale.liquidation_id,
                account_id=sale.scope.account.account_id,
                symbol=intent.symbol,
                position_side=leg.side,
                quantity=Lots(left - lots),
                fund_equity=Atoms(equity),
                fund_notional=Atoms(inventory),
            )
        )
        _queue(state, work, sale, intent)


def _queue(state: State, work: _Work, sale: Sale, intent: HandOver | Deleverage) -> None:
    """Queue what is left for deleveraging; where there is none, give it up for this pass."""
    work.tried[intent.symbol, intent.side].over = True
    if state.rules.engine.adl.trigger is not AdlTrigger.NEVER:
        sale.queued = abs(sale.leg.position.quantity)
        work.queue.append(sale)


# The type of an intent depends on its key in the table, which a mapping cannot say: hence Any.
_DOERS: Mapping[type[Any], Callable[[State, _Work, Sale, Any], None]] = {
    SendOrder: _send_order,
    HandOver: _hand_over,
    Deleverage: _queue,
}
