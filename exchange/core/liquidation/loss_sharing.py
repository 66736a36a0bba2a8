"""What the fund could not pay is paid by traders, if the loss policy says so: an explicit transfer for each.

Source: docs/rules.md, section 8.4.
"""

from exchange.core.account import FUND_ID, Position, Scope, cross_scope, scope_of
from exchange.core.clearing import change_wallet
from exchange.core.enums import BalanceReason
from exchange.core.events import LossShared
from exchange.core.margin import position_notional, unrealized_pnl
from exchange.core.policies.losses import LossPolicy, charges, haircut
from exchange.core.state import Market, State
from exchange.core.units import Atoms


def share_losses(state: State) -> None:
    """Let the positions of traders pay what the fund is below zero, as far as the policy lets them."""
    policy, loss = state.rules.engine.loss, -state.fund.cross_wallet
    if policy is LossPolicy.HOUSE or loss <= 0:
        return
    payers = _payers(state)
    weights = [_weight(policy, state.markets[symbol], position) for _, symbol, position in payers]
    if not any(weights):
        return
    parts = haircut(loss, weights) if policy is LossPolicy.HAIRCUT else charges(loss, weights)
    for (scope, symbol, _), part in zip(payers, parts, strict=True):
        if part:
            change_wallet(state, scope, -part, BalanceReason.LOSS_SHARED, symbol)
    paid = min(loss, sum(parts))
    change_wallet(state, cross_scope(state.fund), paid, BalanceReason.LOSS_SHARED)
    state.dust += sum(parts) - paid
    state.events.append(LossShared(Atoms(loss), Atoms(paid)))


def _payers(state: State) -> list[tuple[Scope, str, Position]]:
    """Return the open positions of traders whose scope is not in liquidation, by account and leg."""
    found = []
    for account_id, account in sorted(state.accounts.items()):
        for symbol, _, leg in account.legs():
            scope = scope_of(account, symbol, leg.side)
            if account_id != FUND_ID and leg.position.quantity and not scope.in_liquidation:
                found.append((scope, symbol, leg.position))
    return found


def _weight(policy: LossPolicy, market: Market, position: Position) -> int:
    if policy is LossPolicy.HAIRCUT:
        return max(0, unrealized_pnl(market, position))
    return abs(position_notional(market, position))
