"""The margin pass of a mark tick: margin calls, then liquidations in a stated order. The mark stands still.

It looks at scopes: the cross positions of an account together, and each isolated position alone.
"""

from fractions import Fraction

from exchange.core.account import Scope, cross_scope, scopes
from exchange.core.clearing import end_order, pay_owed, report_account
from exchange.core.enums import BalanceReason, ExpireReason, MarginMove, OrderStatus, PositionSide
from exchange.core.events import AccountLocked, AccountReleased, MarginCalled, MarginCallPosition
from exchange.core.isolated import move_margin
from exchange.core.liquidation.through_book import liquidate_position
from exchange.core.liquidation.watch import due_accounts, watch_again
from exchange.core.margin import (
    max_withdrawable,
    on_stale_index,
    position_initial_margin,
    position_maintenance,
    position_notional,
    standing,
    unrealized_pnl,
)
from exchange.core.state import State
from exchange.core.units import RATE_ONE, Atoms, Lots, Ticks

Rank = tuple[int, Fraction, int]


def margin_pass(state: State) -> None:
    """Call, liquidate and release scopes at the marks of this moment."""
    candidates: list[tuple[Rank, Scope]] = []
    due = due_accounts(state)
    state.touched.clear()  # whom this pass touches, the next one looks at
    for account in due:
        if not (account.has_position() or account.in_liquidation or account.cross_wallet < 0):
            account.margin_called = False
            continue
        for scope in scopes(account):
            if on_stale_index(state, scope):
                continue  # nobody knows its equity
            balance, required = standing(state, scope)
            _call(state, scope, balance, required)
            if _must_liquidate(balance, required):
                candidates.append((_rank(state, scope, balance, required), scope))
            elif scope.in_liquidation:
                _release(state, scope)
    for _, scope in sorted(candidates, key=lambda candidate: candidate[0]):  # stable: else by account, then scope
        if _falls(state, scope):  # it may be well again: its orders were makers of a liquidation before it
            _top_up(state, scope)
        if _falls(state, scope):
            _liquidate(state, scope)
        elif scope.in_liquidation:
            _release(state, scope)
    for account in due:
        watch_again(state, account)


def _is_healthy(state: State, scope: Scope) -> bool:
    balance, required = standing(state, scope)
    return balance > required


def _falls(state: State, scope: Scope) -> bool:
    return _must_liquidate(*standing(state, scope))


def _must_liquidate(balance: int, required: int) -> bool:
    return balance < 0 or (required > 0 and balance <= required)


def _rank(state: State, scope: Scope, balance: int, required: int) -> Rank:
    """Order candidates: no equity first, then the highest margin ratio, then the largest notional."""
    notional = sum(abs(position_notional(state.markets[symbol], leg.position)) for symbol, _, leg in scope.legs())
    ratio = Fraction(required, balance) if balance > 0 else Fraction(0)
    return (int(balance > 0), -ratio, -notional)


def _call(state: State, scope: Scope, balance: int, required: int) -> None:
    """Send the margin call, once, until the ratio has fallen below the re-arming one."""
    if required == 0 or required * RATE_ONE < state.rules.margin_call_rearm * balance:
        scope.mark_called(called=False)
    due = required > 0 and required * RATE_ONE >= state.rules.margin_call_ratio * balance
    if not due or scope.margin_called or scope.in_liquidation:
        return
    scope.mark_called(called=True)
    positions = tuple(
        MarginCallPosition(
            symbol=symbol,
            quantity=Lots(leg.position.quantity),
            mark_price=Ticks(state.markets[symbol].mark_price),
            unrealized_pnl=Atoms(unrealized_pnl(state.markets[symbol], leg.position)),
            maintenance_margin=Atoms(position_maintenance(state.markets[symbol], leg.position)),
            position_side=leg.side,
        )
        for symbol, _, leg in scope.legs()
    )
    state.events.append(
        MarginCalled(
            account_id=scope.account.account_id,
            wallet_balance=Atoms(scope.wallet),
            equity=Atoms(balance),
            maintenance_margin=Atoms(required),
            positions=positions,
            symbol=scope.symbol,
            position_side=scope.side,
        )
    )


def _top_up(state: State, scope: Scope) -> None:
    """Bring an isolated position back to its initial margin from the cross wallet, if it asked for it and it helps."""
    leg = scope.isolated_leg
    if leg is None or leg.in_liquidation or scope.account.in_liquidation:
        return
    market, holding = state.markets[scope.symbol], scope.account.holdings[scope.symbol]
    if not holding.auto_add_margin or market.frozen or on_stale_index(state, cross_scope(scope.account)):
        return
    balance, required = standing(state, scope)
    missing = position_initial_margin(market, holding, leg) - balance
    amount = min(max_withdrawable(state, scope.account), missing)
    if amount > 0 and balance + amount > required:
        move_margin(state, scope.account, scope.symbol, leg, amount, MarginMove.AUTO_ADD)
        report_account(state, scope.account, 0, BalanceReason.MARGIN_TRANSFER, scope.symbol, leg.side)


def _liquidate(state: State, scope: Scope) -> None:
    """Lock the scope, cancel the orders behind it, sell its positions until it is healthy, and clear what is owed."""
    account = scope.account
    if not scope.in_liquidation:
        scope.lock(locked=True)
        balance, required = standing(state, scope)
        state.events.append(
            AccountLocked(account.account_id, Atoms(balance), Atoms(required), scope.symbol, scope.side)
        )
    for symbol, holding in account.holdings.items():
        if symbol == scope.symbol or not scope.symbol:
            for order in list(holding.orders.values()):
                end_order(state, order, OrderStatus.EXPIRED, ExpireReason.LIQUIDATION)
    for symbol, side in _positions_worst_first(state, scope):
        if _is_healthy(state, scope):
            break
        if not state.markets[symbol].frozen:
            liquidate_position(state, scope, state.markets[symbol], account.leg(symbol, side))
    has_position = any(scope.legs())
    if not scope.symbol and not has_position:
        pay_owed(state, scope, max(0, -scope.wallet))
    if not has_position or _is_healthy(state, scope):
        _release(state, scope)


def _positions_worst_first(state: State, scope: Scope) -> list[tuple[str, PositionSide]]:
    """Return the positions of a scope, the largest maintenance margin first, then by symbol, then by side."""
    ranked = [
        (-position_maintenance(state.markets[symbol], leg.position), symbol, leg.side)
        for symbol, _, leg in scope.legs()
    ]
    return [(symbol, side) for _, symbol, side in sorted(ranked, key=lambda row: row[:2])]  # stable: legs are in order


def _release(state: State, scope: Scope) -> None:
    scope.lock(locked=False)
    state.events.append(AccountReleased(scope.account.account_id, Atoms(scope.wallet), scope.symbol, scope.side))
