"""Orders that the venue itself sends, to liquidate or unwind: reduce-only and unchecked."""

from exchange.core.account import Account
from exchange.core.book import Order
from exchange.core.clearing import FeeRule, end_order, open_order, report_order, run_walk
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
from exchange.core.matching import Terms, life_rule, walk
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
    time_in_force: TimeInForce = TimeInForce.IOC,
) -> Order:
    """Return an order in the name of an account, with the next id and no client order id yet. Lots; ticks."""
    order_id = state.take_order_id()
    return Order(
        order_id=order_id,
        account_id=account.account_id,
        symbol=market.contract.symbol,
        client_order_id="",
        side=side,
        order_type=order_type,
        time_in_force=time_in_force,
        quantity=quantity,
        price=limit,
        reduce_only=True,
        self_trade_prevention=SelfTradePrevention.NONE,
        created_ts=state.ts,
        updated_ts=state.ts,
        position_side=position_side,
    )


def send_venue_order(state: State, market: Market, order: Order, fee: FeeRule) -> None:
    """Match an order of the venue that does not rest, and expire what is left of it."""
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
    found = walk(market.book, state.accounts, terms)
    if found.filled == order.quantity or not life_rule(order.order_type, order.time_in_force).fills_whole:
        run_walk(state, market, order, found, fee)
    if order.remaining:
        end_order(state, order, OrderStatus.EXPIRED, ExpireReason.IOC_REMAINDER, resting=False)


def rest_venue_order(state: State, market: Market, order: Order) -> None:
    """Put an order of the venue on the book; its price must meet nobody's."""
    open_order(state, order)
    market.book.add(order)
    report_order(state, order, Execution.NEW)
