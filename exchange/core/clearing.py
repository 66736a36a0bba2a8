"""Where trades happen and orders end: positions, wallets and orders change, and each change leaves its events.

It checks nothing and decides nothing; callers have.
"""

from typing import Protocol

from exchange.core.account import FUND_ID, Account, Change, Leg, Scope, cross_scope, scope_of
from exchange.core.book import Order
from exchange.core.enums import (
    BalanceReason,
    ConditionalStatus,
    Execution,
    ExpireReason,
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
)
from exchange.core.events import AccountUpdated, FundShortfall, OrderUpdated, TradePrinted
from exchange.core.isolated import settle_fill
from exchange.core.margin import bid_ask_notionals, unrealized_pnl
from exchange.core.matching import Walk, closing_room, knock_outs, reduce_only_orders
from exchange.core.records import Fill, PositionRecord
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, Atoms, Lots, Ticks, div_ceil
from exchange.core.waiting import report_conditional

ENDED = frozenset({OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.EXPIRED_IN_MATCH})


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


def change_wallet(state: State, scope: Scope, change: int, reason: BalanceReason, symbol: str = "") -> None:
    """Move the wallet of a scope by `change` and say so; `symbol` is the contract that it is about, if any."""
    leg, account = scope.isolated_leg, scope.account
    if leg is None:
        account.cross_wallet += change
    else:
        leg.isolated_wallet += change
    report_account(state, account, change, reason, scope.symbol or symbol, None if leg is None else leg.side)


def report_account(
    state: State, account: Account, change: int, reason: BalanceReason, symbol: str, side: PositionSide | None
) -> None:
    """Say how the wallets stand after the futures wallet moved by `change`; with a side, that position, too."""
    state.touched[account.account_id] = None
    positions = () if side is None else (position_record(state, account, symbol, side),)
    state.events.append(
        AccountUpdated(
            account_id=account.account_id,
            reason=reason,
            wallet_balance=Atoms(account.wallet_balance),
            balance_change=Atoms(change),
            funding_balance=Atoms(account.funding_wallet),
            symbol=symbol,
            positions=positions,
            isolated_balance=Atoms(account.isolated_balance),
        )
    )
    if account.account_id == FUND_ID and change < 0 and account.cross_wallet < 0:
        _count_shortfall(state, min(-change, -account.cross_wallet))


def move_position(
    state: State, account: Account, symbol: str, leg: Leg, change: Change, net: int, reason: BalanceReason
) -> int:
    """Book `net` (profit less fee) of a change of a position, and say so. Returns what the fund must pay for it.

    Source: docs/rules.md, section 5: only an isolated position that is gone with less than nothing is owed anything.
    """
    owed = 0
    if change.closed and (change.opened or not leg.position.quantity):
        turned_to = Side.BUY if leg.position.quantity > 0 else Side.SELL if leg.position.quantity < 0 else None
        state.closed.append((account.account_id, symbol, leg.side, turned_to))
    if account.holdings[symbol].isolated:
        owed = settle_fill(state, account, symbol, leg, change, net)
    else:
        account.cross_wallet += net
    report_account(state, account, net, reason, symbol, leg.side)
    return owed


def pay_owed(state: State, scope: Scope, owed: int) -> None:
    """Let the fund pay what a scope without a position has lost beyond its wallet."""
    if owed:
        change_wallet(state, scope, owed, BalanceReason.INSURANCE_CLEAR)
        change_wallet(state, cross_scope(state.fund), -owed, BalanceReason.INSURANCE_CLEAR)


def position_record(state: State, account: Account, symbol: str, side: PositionSide) -> PositionRecord:
    """Return a position as it stands, frozen."""
    holding, leg = account.holdings[symbol], account.leg(symbol, side)
    position = leg.position
    return PositionRecord(
        symbol=symbol,
        quantity=Lots(position.quantity),
        entry_value=Atoms(position.entry_value),
        realized_pnl=Atoms(position.realized_pnl),
        unrealized_pnl=Atoms(unrealized_pnl(state.markets[symbol], position)),
        position_side=side,
        margin_type=holding.margin_type,
        isolated_wallet=Atoms(leg.isolated_wallet),
    )


def report_order(
    state: State,
    order: Order,
    execution: Execution,
    fill: Fill | None = None,
    reason: ExpireReason = ExpireReason.NONE,
) -> None:
    """Say what happened to an order; with its end, the conditional order that became it has finished."""
    leg = state.accounts[order.account_id].leg(order.symbol, order.position_side)
    bids, asks = bid_ask_notionals(state.markets[order.symbol], leg)
    order.updated_ts = state.ts
    state.events.append(OrderUpdated(order.record(), execution, fill, reason, Atoms(bids), Atoms(asks)))
    if order.conditional is not None and order.status in ENDED:
        order.conditional.filled, order.conditional.cum_quote = order.filled, order.cum_quote
        report_conditional(state, order.conditional, ConditionalStatus.FINISHED)


def open_order(state: State, order: Order) -> None:
    """Count an order among its account's open ones: it can rest."""
    account = state.accounts[order.account_id]
    account.holdings[order.symbol].open(order)
    account.client_order_ids[order.client_order_id] = order
    if order.good_till:
        state.good_tills[order.good_till, order.order_id] = order


def forget_order(state: State, order: Order) -> None:
    """Take an order out of its account's open ones, if it is among them."""
    account = state.accounts[order.account_id]
    holding = account.holdings[order.symbol]
    if order.order_id in holding.orders:
        holding.close(order)
        del account.client_order_ids[order.client_order_id]
        if order.good_till:
            del state.good_tills[order.good_till, order.order_id]


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


def expire_knocked_out(state: State, leg: Leg) -> None:
    """Expire the resting reduce-only orders of a leg that the position leaves nothing to close."""
    if not leg.reduce_only:
        return
    for side in (Side.BUY, Side.SELL):
        orders = [(order, order.remaining) for order in reduce_only_orders(leg, side)]
        for order in knock_outs(orders, closing_room(leg.position.quantity, side)):
            end_order(state, order, OrderStatus.EXPIRED, ExpireReason.REDUCE_ONLY)


def run_walk(state: State, market: Market, taker: Order, found: Walk, taker_fee: FeeRule) -> None:
    """Do what the walk found: trades, own makers expired, and after each trade the knock-outs of both legs."""
    taker_leg = state.accounts[taker.account_id].leg(taker.symbol, taker.position_side)
    for step in found.steps:
        maker = step.maker
        if step.quantity == 0:
            end_order(state, maker, OrderStatus.EXPIRED_IN_MATCH, ExpireReason.SELF_TRADE)
            continue
        _trade(state, market, taker, maker, step.quantity, taker_fee)
        maker_leg = state.accounts[maker.account_id].leg(maker.symbol, maker.position_side)
        expire_knocked_out(state, maker_leg)
        if maker_leg is not taker_leg:
            expire_knocked_out(state, taker_leg)


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
    maker_fee = no_fee if maker.account_id == FUND_ID else proportional_fee(market.contract.maker_fee)
    notional = market.contract.notional(price, quantity)
    for order, fee_rule in ((maker, maker_fee), (taker, taker_fee)):
        leg = state.accounts[order.account_id].leg(order.symbol, order.position_side)
        change = leg.position.fill(order.side, quantity, notional)
        fee = fee_rule(quantity, notional)
        fill = Fill(trade_id, Ticks(price), Lots(quantity), Atoms(fee), Atoms(change.profit), order is maker)
        _book_fill(state, order, leg, change, fill, notional)


def _book_fill(state: State, order: Order, leg: Leg, change: Change, fill: Fill, notional: int) -> None:
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
    net = fill.realized_pnl - fill.fee
    owed = move_position(state, account, order.symbol, leg, change, net, BalanceReason.ORDER)
    report_order(state, order, Execution.TRADE, fill)
    if order.order_type is not OrderType.LIQUIDATION:
        state.trading_fees += fill.fee
    elif fill.fee:
        change_wallet(state, cross_scope(state.fund), fill.fee, BalanceReason.INSURANCE_CLEAR)
    pay_owed(state, scope_of(account, order.symbol, leg.side), owed)


def _count_shortfall(state: State, amount: int) -> None:
    state.shortfall_total += amount
    state.events.append(FundShortfall(Atoms(amount), Atoms(state.shortfall_total)))
