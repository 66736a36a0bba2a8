"""How the insurance fund gets rid of what it took over: small orders into the book, a share of its depth at a time."""

from exchange.core.account import FUND_ID
from exchange.core.book import Order, OrderBook
from exchange.core.clearing import end_order, no_fee, report_order, run_walk
from exchange.core.enums import (
    Execution,
    ExpireReason,
    MarketState,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from exchange.core.matching import Terms, walk
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, div_floor


def unwind(state: State) -> None:
    """Send one order of the fund in each contract in which it holds a position."""
    for symbol, market in state.markets.items():
        held = state.fund.holdings[symbol].position.quantity
        if not held or not market.mark_price or market.state is not MarketState.TRADING:
            continue
        side = Side.SELL if held > 0 else Side.BUY
        bound = state.rules.unwind_bound
        limit = market.contract.price_shifted(market.mark_price, side * bound, up=side is Side.BUY)
        quantity = unwind_quantity(market.book, side, limit, abs(held), state.rules.unwind_share)
        if quantity:
            _send(state, market, side, limit, quantity)


def unwind_quantity(book: OrderBook, side: Side, limit: int, held: int, share: int) -> int:
    """Return how many lots to send: a share (1e-8) of the depth that meets the limit, at least one; 0 without depth."""
    depth = 0
    for level in book.levels(side.opposite):
        if (level.price - limit) * side > 0:
            break
        depth += level.quantity
    return min(held, max(1, div_floor(depth * share, RATE_ONE))) if depth else 0


def _send(state: State, market: Market, side: Side, limit: int, quantity: int) -> None:
    order_id = state.next_order_id
    state.next_order_id += 1
    order = Order(
        order_id=order_id,
        account_id=FUND_ID,
        symbol=market.contract.symbol,
        client_order_id=f"unwind-{order_id}",
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.IOC,
        quantity=quantity,
        price=limit,
        reduce_only=True,
        self_trade_prevention=SelfTradePrevention.NONE,
        created_ts=state.ts,
        updated_ts=state.ts,
    )
    report_order(state, order, Execution.NEW)
    terms = Terms(FUND_ID, order.symbol, side, limit, quantity, order.self_trade_prevention)
    run_walk(state, market, order, walk(market.book, state.accounts, terms), no_fee)
    if order.remaining:
        end_order(state, order, OrderStatus.EXPIRED, ExpireReason.IOC_REMAINDER, resting=False)
