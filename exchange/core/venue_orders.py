"""Orders that the venue itself sends, to liquidate or unwind: IOC, reduce-only, unchecked, never among open orders."""

from exchange.core.account import Account
from exchange.core.book import Order
from exchange.core.clearing import FeeRule, end_order, report_order, run_walk
from exchange.core.enums import (
    Execution,
    ExpireReason,
    OrderStatus,
    OrderType,
    PositionSide,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from exchange.core.matching import Terms, walk
from exchange.core.state import Market, State


def new_venue_order(
    state: State,
    account: Account,
    market: Market,
    side: Side,
    order_type: OrderType,
    quantity: int,
    limit: int,
    position_side: PositionSide = PositionSide.BOTH,
) -> Order:
    """Return an order in the name of an account, with the next id and no client order id yet. Lots; ticks."""
    order_id = state.next_order_id
    state.next_order_id += 1
    return Order(
        order_id=order_id,
        account_id=account.account_id,
        symbol=market.contract.symbol,
        client_order_id="",
        side=side,
        order_type=order_type,
        time_in_force=TimeInForce.IOC,
        quantity=quantity,
        price=limit,
        reduce_only=True,
        self_trade_prevention=SelfTradePrevention.NONE,
        created_ts=state.ts,
        updated_ts=state.ts,
        position_side=position_side,
    )


def send_venue_order(state: State, market: Market, order: Order, fee: FeeRule) -> None:
    """Match an order of the venue and expire what is left of it."""
    report_order(state, order, Execution.NEW)
    terms = Terms(
        account_id=order.account_id,
        symbol=order.symbol,
        side=order.side,
        limit=order.price,
        quantity=order.quantity,
        self_trade_prevention=order.self_trade_prevention,
        position_side=order.position_side,
    )
    run_walk(state, market, order, walk(market.book, state.accounts, terms), fee)
    if order.remaining:
        end_order(state, order, OrderStatus.EXPIRED, ExpireReason.IOC_REMAINDER, resting=False)
