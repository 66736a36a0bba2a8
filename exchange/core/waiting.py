"""Conditional orders come, wait and go: where they are kept changes, and each change of status leaves its event.

It checks nothing and fires nothing.
"""

from exchange.core.account import Account
from exchange.core.conditional import Conditional
from exchange.core.enums import ConditionalStatus
from exchange.core.events import ConditionalUpdated
from exchange.core.state import State


def report_conditional(state: State, conditional: Conditional, status: ConditionalStatus) -> None:
    """Give a conditional order its new status, and say so."""
    conditional.status = status
    conditional.updated_ts = state.ts
    state.events.append(ConditionalUpdated(conditional.record()))


def open_conditional(state: State, conditional: Conditional) -> None:
    """Let a new conditional order wait."""
    account = state.accounts[conditional.account_id]
    account.conditionals[conditional.conditional_id] = conditional
    account.conditional_client_ids[conditional.client_id] = conditional
    market = state.markets[conditional.symbol]
    market.triggers.add(conditional, market.working_price(conditional.working_type))
    if conditional.good_till:
        state.good_tills[conditional.good_till, conditional.conditional_id] = conditional
    report_conditional(state, conditional, ConditionalStatus.NEW)


def withdraw_conditional(state: State, conditional: Conditional) -> None:
    """Let a conditional order wait no more; it must be waiting."""
    account = state.accounts[conditional.account_id]
    del account.conditionals[conditional.conditional_id]
    del account.conditional_client_ids[conditional.client_id]
    state.markets[conditional.symbol].triggers.remove(conditional)
    if conditional.good_till:
        del state.good_tills[conditional.good_till, conditional.conditional_id]


def end_conditional(state: State, conditional: Conditional, status: ConditionalStatus) -> None:
    """End a conditional order that waits: canceled or expired."""
    withdraw_conditional(state, conditional)
    report_conditional(state, conditional, status)


def conditionals_in(account: Account, symbol: str) -> list[Conditional]:
    """Return the waiting conditional orders of an account in a contract, oldest first."""
    return [conditional for conditional in account.conditionals.values() if conditional.symbol == symbol]
