"""What the fund could not pay is paid by traders, if the loss policy says so: an explicit transfer for each.

Source: docs/rules.md, section 8.4.
"""

from exchange.core.account import FUND_ID, Scope, cross_scope, scopes
from exchange.core.clearing import change_wallet
from exchange.core.enums import BalanceReason
from exchange.core.events import LossShared
from exchange.core.margin import equity, on_stale_index, position_notional, unrealized_profit
from exchange.core.policies.losses import LossPolicy, Payer, parts_of
from exchange.core.state import State
from exchange.core.units import Atoms


def share_losses(state: State) -> None:
    """Let traders pay what the fund has come below zero, as far as the policy and their equity let them.

    Each loss is shared once: what nobody could pay stays with the fund, else the same profits would pay at every pass.
    """
    policy = state.rules.engine.loss
    if policy is LossPolicy.HOUSE:
        return
    below = max(0, -state.fund.cross_wallet)
    loss = below - min(below, state.loss_left)
    if loss:
        _share(state, policy, loss)
    state.loss_left = max(0, -state.fund.cross_wallet)


def _share(state: State, policy: LossPolicy, loss: int) -> None:
    found = _payers(state)
    parts = parts_of(policy, loss, [_payer(state, scope) for scope in found])
    if not any(parts):
        return
    for scope, part in zip(found, parts, strict=True):
        if part:
            change_wallet(state, scope, -part, BalanceReason.LOSS_SHARED)
    paid = min(loss, sum(parts))
    change_wallet(state, cross_scope(state.fund), paid, BalanceReason.LOSS_SHARED)
    state.dust += sum(parts) - paid
    state.events.append(LossShared(Atoms(loss), Atoms(paid)))


def _payers(state: State) -> list[Scope]:
    """Return the scopes of traders with a position, not in liquidation, and of which somebody knows what they have."""
    return [
        scope
        for account_id, account in sorted(state.accounts.items())
        for scope in scopes(account)
        if account_id != FUND_ID and any(scope.legs()) and not scope.in_liquidation and not on_stale_index(state, scope)
    ]


def _payer(state: State, scope: Scope) -> Payer:
    notional = sum(abs(position_notional(state.markets[symbol], leg.position)) for symbol, _, leg in scope.legs())
    return Payer(equity(state, scope), unrealized_profit(state, scope), notional)
