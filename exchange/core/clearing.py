"""Where trades happen and orders end: positions, wallets and orders change, and each change leaves its events.

It checks nothing and decides nothing; callers have.
"""

from typing import Protocol

from exchange.core.account import FUND_ID, Account
from exchange.core.book import Order
from exchange.core.enums import BalanceReason, Execution, ExpireReason, OrderStatus, OrderType, Side, Wallet
from exchange.core.events import AccountUpdated, Fill, FundShortfall, OrderUpdated, PositionRecord, TradePrinted
from exchange.core.margin import open_notionals, unrealized_pnl
from exchange.core.matching import Walk, closing_room, knock_outs, reduce_only_orders
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, Atoms, Lots, Ticks, div_ceil


class FeeRule(Protocol):
    """What one side of a trade pays: (lots, notional in atoms) -> fee in atoms, negative for a rebate."""

    def __call__(self, quantity: int, notional: int, /) -> int:
        """Return the fee of one fill."""
        ...


def proportional_fee(rate: int) -> FeeRule:
    """Return the rule fee = ceil(notional * rate): a fee grows, a rebate shrinks, to the whole atom."""
    return lambda _quantity, notional: div_ceil(notional * rate, RATE_ONE)


def no_fee(_quantity: int, _notional: int, /) -> int:
    """Charge nothing: the fund's own orders."""
    return 0


def change_wallet(
    state: State, account: Account, change: int, reason: BalanceReason, symbol: str = "", *, moved: bool = False
) -> None:
    """Move the futures wallet by `change` and say so; `moved` tells that the position in `symbol` moved as well."""
    account.wallets[Wallet.FUTURES] += change
    positions = (position_record(state, account, symbol),) if moved else ()
    state.events.append(
        AccountUpdated(
            account_id=account.account_id,
            reason=reason,
            wallet_balance=Atoms(account.wallet_balance),
            balance_change=Atoms(change),
            funding_balance=Atoms(account.wallets[Wallet.FUNDING]),
            symbol=symbol,
            positions=positions,
        )
    )
    if account.account_id == FUND_ID and change < 0 and account.wallet_balance < 0:
        _count_shortfall(state, min(-change, -account.wallet_balance))


def position_record(state: State, account: Account, symbol: str) -> PositionRecord:
    """Return a position as it stands, frozen."""
    position = account.holdings[symbol].position
    return PositionRecord(
        symbol=symbol,
        quantity=Lots(position.quantity),
        entry_value=Atoms(position.entry_value),
        realized_pnl=Atoms(position.realized_pnl),
        unrealized_pnl=Atoms(unrealized_pnl(state.markets[symbol], position)),
    )


def report_order(
    state: State,
    order: Order,
    execution: Execution,
    fill: Fill | None = None,
    reason: ExpireReason = ExpireReason.NONE,
) -> None:
    """Say what happened to an order."""
    holding = state.accounts[order.account_id].holdings[order.symbol]
    bids, asks = open_notionals(state.markets[order.symbol], holding)
    order.updated_ts = state.ts
    state.events.append(OrderUpdated(order.record(), execution, fill, reason, Atoms(bids), Atoms(asks)))


def open_order(state: State, order: Order) -> None:
    """Count an order among its account's open ones: it can rest."""
    account = state.accounts[order.account_id]
    account.holdings[order.symbol].open(order)
    account.client_order_ids[order.client_order_id] = order


def forget_order(state: State, order: Order) -> None:
    """Take an order out of its account's open ones, if it is among them."""
    account = state.accounts[order.account_id]
    holding = account.holdings[order.symbol]
    if order.order_id in holding.orders:
        holding.close(order)
        del account.client_order_ids[order.client_order_id]


def end_order(
    state: State,
    order: Order,
    status: OrderStatus,
    reason: ExpireReason = ExpireReason.NONE,
    *,
    resting: bool = True,
) -> None:
    """End an order that is not filled: canceled, expired, or expired in match."""
    if resting:
        state.markets[order.symbol].book.remove(order)
    forget_order(state, order)
    order.status = status
    execution = Execution.CANCELED if status is OrderStatus.CANCELED else Execution.EXPIRED
    report_order(state, order, execution, reason=reason)


def expire_knocked_out(state: State, account: Account, symbol: str) -> None:
    """Expire the resting reduce-only orders of an account that the position leaves nothing to close."""
    holding = account.holdings[symbol]
    if not holding.reduce_only:
        return
    for side in (Side.BUY, Side.SELL):
        orders = [(order, order.remaining) for order in reduce_only_orders(holding, side)]
        for order in knock_outs(orders, closing_room(holding.position.quantity, side)):
            end_order(state, order, OrderStatus.EXPIRED, ExpireReason.REDUCE_ONLY)


def run_walk(state: State, market: Market, taker: Order, found: Walk, taker_fee: FeeRule) -> None:
    """Do what the walk found: trades, own makers expired, and after each trade the knock-outs of both accounts."""
    for step in found.steps:
        maker = step.maker
        if step.quantity == 0:
            end_order(state, maker, OrderStatus.EXPIRED_IN_MATCH, ExpireReason.SELF_TRADE)
            continue
        _trade(state, market, taker, maker, step.quantity, taker_fee)
        expire_knocked_out(state, state.accounts[maker.account_id], maker.symbol)
        if maker.account_id != taker.account_id:
            expire_knocked_out(state, state.accounts[taker.account_id], taker.symbol)


def _trade(state: State, market: Market, taker: Order, maker: Order, quantity: int, taker_fee: FeeRule) -> None:
    trade_id = state.next_trade_id
    state.next_trade_id += 1
    price = maker.price
    market.book.reduce(maker, quantity)
    market.last_price = price
    state.events.append(
        TradePrinted(
            symbol=taker.symbol,
            trade_id=trade_id,
            price=Ticks(price),
            quantity=Lots(quantity),
            taker_side=taker.side,
            maker_order_id=maker.order_id,
            taker_order_id=taker.order_id,
            liquidation=taker.order_type is OrderType.LIQUIDATION,
        )
    )
    maker_fee = proportional_fee(market.contract.maker_fee)
    notional = market.contract.notional(price, quantity)
    for order, fee_rule in ((maker, maker_fee), (taker, taker_fee)):
        profit = state.accounts[order.account_id].holdings[order.symbol].position.fill(order.side, quantity, notional)
        fee = fee_rule(quantity, notional)
        fill = Fill(trade_id, Ticks(price), Lots(quantity), Atoms(fee), Atoms(profit), order is maker)
        _book_fill(state, order, fill, notional)


def _book_fill(state: State, order: Order, fill: Fill, notional: int) -> None:
    """Move the wallet and the order of one side of a trade, whose position has moved, and pass its fee on."""
    account = state.accounts[order.account_id]
    holding = account.holdings[order.symbol]
    if order.order_id in holding.orders:
        holding.work(order, -fill.quantity)
    order.filled += fill.quantity
    order.cum_quote += notional
    order.status = OrderStatus.PARTIALLY_FILLED if order.remaining else OrderStatus.FILLED
    if not order.remaining:
        forget_order(state, order)
    change_wallet(state, account, fill.realized_pnl - fill.fee, BalanceReason.ORDER, order.symbol, moved=True)
    report_order(state, order, Execution.TRADE, fill)
    if order.order_type is not OrderType.LIQUIDATION:
        state.trading_fees += fill.fee
    elif fill.fee:
        change_wallet(state, state.fund, fill.fee, BalanceReason.INSURANCE_CLEAR)


def _count_shortfall(state: State, amount: int) -> None:
    state.shortfall_total += amount
    state.events.append(FundShortfall(Atoms(amount), Atoms(state.shortfall_total)))
