"""The margin pass of a mark tick: margin calls, then liquidations in a stated order. The mark stands still."""

from fractions import Fraction

from exchange.core.account import FUND_ID, Account
from exchange.core.clearing import change_wallet, end_order
from exchange.core.enums import BalanceReason, ExpireReason, MarketState, OrderStatus
from exchange.core.events import AccountLocked, AccountReleased, MarginCalled, MarginCallPosition
from exchange.core.liquidation.through_book import liquidate_position
from exchange.core.margin import (
    equity,
    maintenance_margin,
    position_maintenance,
    position_notional,
    unrealized_pnl,
)
from exchange.core.state import State
from exchange.core.units import RATE_ONE, Atoms, Lots, Ticks

Rank = tuple[int, Fraction, int, int]


def margin_pass(state: State) -> None:
    """Call, liquidate and release accounts at the marks of this moment."""
    candidates: list[tuple[Rank, Account]] = []
    for account_id, account in sorted(state.accounts.items()):
        if account_id == FUND_ID or not (
            account.in_liquidation or account.wallet_balance < 0 or account.has_position()
        ):
            account.margin_called = False
            continue
        balance, required = equity(state, account), maintenance_margin(state, account)
        _call(state, account, balance, required)
        if _must_liquidate(balance, required):
            candidates.append((_rank(state, account, balance, required), account))
        elif account.in_liquidation:
            _release(state, account)
    for _, account in sorted(candidates, key=lambda candidate: candidate[0]):
        if _must_liquidate(equity(state, account), maintenance_margin(state, account)):
            _liquidate(state, account)
        elif account.in_liquidation:
            _release(state, account)


def _must_liquidate(balance: int, required: int) -> bool:
    return balance < 0 or (required > 0 and balance <= required)


def _rank(state: State, account: Account, balance: int, required: int) -> Rank:
    """Order candidates: no equity first, then the highest margin ratio, the largest notional, the oldest account."""
    notional = sum(
        abs(position_notional(state.markets[symbol], holding.position)) for symbol, holding in account.holdings.items()
    )
    ratio = Fraction(required, balance) if balance > 0 else Fraction(0)
    return (int(balance > 0), -ratio, -notional, account.account_id)


def _call(state: State, account: Account, balance: int, required: int) -> None:
    """Send the margin call, once, until the ratio has fallen below the re-arming one."""
    if required == 0 or required * RATE_ONE < state.rules.margin_call_rearm * balance:
        account.margin_called = False
    due = required > 0 and required * RATE_ONE >= state.rules.margin_call_ratio * balance
    if not due or account.margin_called or account.in_liquidation:
        return
    account.margin_called = True
    positions = tuple(
        MarginCallPosition(
            symbol=symbol,
            quantity=Lots(holding.position.quantity),
            mark_price=Ticks(state.markets[symbol].mark_price),
            unrealized_pnl=Atoms(unrealized_pnl(state.markets[symbol], holding.position)),
            maintenance_margin=Atoms(position_maintenance(state.markets[symbol], holding.position)),
        )
        for symbol, holding in account.holdings.items()
        if holding.position.quantity
    )
    wallet = Atoms(account.wallet_balance)
    state.events.append(MarginCalled(account.account_id, wallet, Atoms(balance), Atoms(required), positions))


def _liquidate(state: State, account: Account) -> None:
    """Lock the account, cancel its orders, sell its positions until it is healthy, and clear what is owed."""
    if not account.in_liquidation:
        account.in_liquidation = True
        balance, required = equity(state, account), maintenance_margin(state, account)
        state.events.append(AccountLocked(account.account_id, Atoms(balance), Atoms(required)))
    for holding in account.holdings.values():
        for order in list(holding.orders.values()):
            end_order(state, order, OrderStatus.EXPIRED, ExpireReason.LIQUIDATION)
    for symbol in _positions_worst_first(state, account):
        if equity(state, account) > maintenance_margin(state, account):
            break
        if state.markets[symbol].state is not MarketState.HALTED:
            liquidate_position(state, account, state.markets[symbol])
    if not account.has_position() and account.wallet_balance < 0:
        owed = -account.wallet_balance
        change_wallet(state, account, owed, BalanceReason.INSURANCE_CLEAR)
        change_wallet(state, state.fund, -owed, BalanceReason.INSURANCE_CLEAR)
    if not account.has_position() or equity(state, account) > maintenance_margin(state, account):
        _release(state, account)


def _positions_worst_first(state: State, account: Account) -> list[str]:
    """Return the symbols held, the largest maintenance margin first, then by name."""
    ranked = [
        (-position_maintenance(state.markets[symbol], holding.position), symbol)
        for symbol, holding in account.holdings.items()
        if holding.position.quantity
    ]
    return [symbol for _, symbol in sorted(ranked)]


def _release(state: State, account: Account) -> None:
    account.in_liquidation = False
    state.events.append(AccountReleased(account.account_id, Atoms(account.wallet_balance)))
