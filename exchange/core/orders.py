"""What a trader does with orders and leverage: place, amend, cancel. `admission` refuses, `clearing` moves money."""

from exchange.core.account import Account, Holding
from exchange.core.admission import admit, admit_amendment, admit_replacement, find_order, locked
from exchange.core.book import Order
from exchange.core.candidate import Candidate, crosses
from exchange.core.clearing import end_order, open_order, proportional_fee, report_order, run_walk
from exchange.core.commands import AmendOrder, CancelAllOrders, CancelOrder, PlaceOrder, SetLeverage
from exchange.core.enums import (
    ConditionalStatus,
    Execution,
    ExpireReason,
    OrderStatus,
    RejectReason,
    SelfTradePrevention,
)
from exchange.core.events import LeverageSet, Rejected
from exchange.core.margin import exposure_of, open_notional, reserved, reserved_apart, surplus
from exchange.core.state import Market, State
from exchange.core.waiting import conditionals_in, end_conditional


def place_order(state: State, account: Account, market: Market, command: PlaceOrder) -> Rejected | None:
    """Let an order in, match it, and rest or expire what is left."""
    candidate = admit(state, account, market, command)
    if isinstance(candidate, Rejected):
        return candidate
    enter_order(state, command, candidate, state.take_order_id())
    return None


def enter_order(state: State, command: PlaceOrder, candidate: Candidate, order_id: int) -> None:
    """Match an order that is let in, and rest or expire what is left."""
    order = Order(
        order_id=order_id,
        account_id=command.account_id,
        symbol=command.symbol,
        client_order_id=command.client_order_id or f"mc-{order_id}",
        side=command.side,
        order_type=command.order_type,
        time_in_force=command.time_in_force,
        quantity=command.quantity,
        price=candidate.price,
        reduce_only=candidate.reduce_only,
        self_trade_prevention=command.self_trade_prevention,
        position_side=command.position_side,
        created_ts=state.ts,
        updated_ts=state.ts,
        price_match=command.price_match,
        good_till=command.good_till,
        conditional=candidate.conditional,
    )
    if candidate.life.rests:
        open_order(state, order)
    report_order(state, order, Execution.NEW)
    _work(state, order, candidate)


def amend_order(state: State, account: Account, market: Market, command: AmendOrder) -> Rejected | None:
    """Change quantity and price of an open order; it keeps its place only when it gets smaller at the same price."""
    candidate = admit_amendment(state, account, market, command)
    if isinstance(candidate, Rejected):
        return candidate
    order = candidate.amended
    assert order is not None
    if candidate.remaining <= 0 or (candidate.life.post_only and crosses(candidate)):
        end_order(state, order, OrderStatus.CANCELED)
    elif candidate.price == order.price and command.quantity < order.quantity:
        less = order.quantity - command.quantity
        candidate.market.book.reduce(order, less)
        candidate.holding.work(order, -less)
        order.quantity = command.quantity
        _report_amendment(state, order, command)
    else:
        refusal = admit_replacement(candidate)
        if refusal is not None:
            return refusal
        candidate.market.book.remove(order)
        candidate.holding.close(order)
        order.price = candidate.price
        order.quantity = command.quantity
        order.self_trade_prevention = SelfTradePrevention.NONE
        candidate.holding.open(order)
        _report_amendment(state, order, command)
        _work(state, order, candidate)
    return None


def cancel_order(state: State, account: Account, _market: Market, command: CancelOrder) -> Rejected | None:
    """Cancel one open order."""
    order = find_order(account, command.symbol, command.order_id, command.client_order_id)
    if order is None:
        return Rejected(RejectReason.UNKNOWN_ORDER, command.account_id)
    end_order(state, order, OrderStatus.CANCELED)
    return None


def cancel_all_orders(state: State, account: Account, _market: Market, command: CancelAllOrders) -> Rejected | None:
    """Cancel every open order of an account in a contract; nothing open is no refusal."""
    for order in list(account.holdings[command.symbol].orders.values()):
        end_order(state, order, OrderStatus.CANCELED)
    if command.conditionals:
        for conditional in conditionals_in(account, command.symbol):
            end_conditional(state, conditional, ConditionalStatus.CANCELED)
    return None


def set_leverage(state: State, account: Account, market: Market, command: SetLeverage) -> Rejected | None:
    """Choose a leverage: position and orders must fit its cap, and a lower one needs the margin."""
    refusal = _leverage_refusal(state, account, market, command.leverage)
    if refusal is not None:
        return refusal
    account.holdings[command.symbol].leverage = command.leverage
    state.events.append(LeverageSet(command.account_id, command.symbol, command.leverage))
    return None


def _report_amendment(state: State, order: Order, command: AmendOrder) -> None:
    order.amendments += 1
    order.modify_id = command.modify_id
    order.price_match = command.price_match
    report_order(state, order, Execution.AMENDMENT)


def _leverage_refusal(state: State, account: Account, market: Market, leverage: int) -> Rejected | None:
    contract, account_id = market.contract, account.account_id
    holding = account.holdings[contract.symbol]
    lower = leverage < holding.leverage
    if locked(account, contract.symbol):
        return Rejected(RejectReason.IN_LIQUIDATION, account_id)
    if not 1 <= leverage <= contract.max_leverage:
        return Rejected(RejectReason.LEVERAGE_NOT_VALID, account_id, leverage)
    if lower and holding.isolated and holding.has_position():
        return Rejected(RejectReason.ISOLATED_LEVERAGE_REDUCTION, account_id)
    cap = contract.notional_cap(leverage)
    for leg in holding.legs.values():
        if open_notional(market, leg.position, exposure_of(market, holding, leg)) > cap:
            return Rejected(RejectReason.POSITION_LIMIT, account_id, cap)
    more = _more_reserved(market, holding, leverage) if lower else 0
    if lower and (
        surplus(state, account) < more
        or (holding.isolated and account.cross_wallet - reserved_apart(state, account) < more)
    ):
        return Rejected(RejectReason.LEVERAGE_MARGIN_INSUFFICIENT, account_id)
    return None


def _more_reserved(market: Market, holding: Holding, leverage: int) -> int:
    """Return how much more of the cross wallet the legs of a contract would reserve at another leverage."""
    more = 0
    for leg in holding.legs.values():
        exposure = exposure_of(market, holding, leg)
        more += reserved(market, holding, leg, exposure, leverage)
        more -= reserved(market, holding, leg, exposure, holding.leverage)
    return more


def _work(state: State, order: Order, candidate: Candidate) -> None:
    """Expire whom the order knocks out, do its walk, and rest or expire what is left of it."""
    for other in candidate.knocked_out:
        end_order(state, other, OrderStatus.EXPIRED, ExpireReason.REDUCE_ONLY)
    market, life, found = candidate.market, candidate.life, candidate.walk
    run_walk(state, market, order, found, proportional_fee(market.contract.taker_fee))
    if not order.remaining:
        return
    if found.stopped_by_self:
        end_order(state, order, OrderStatus.EXPIRED_IN_MATCH, life.self_trade, resting=False)
    elif life.rests:
        market.book.add(order)
    else:
        cut_short = found.filled == found.quantity  # by the position, as something is left
        reason = ExpireReason.REDUCE_ONLY if cut_short else life.remainder
        end_order(state, order, OrderStatus.EXPIRED, reason, resting=False)
