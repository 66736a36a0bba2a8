"""What would have kept a scope from being liquidated at the moment it was: computed exactly, by pure functions.

They answer for that one moment, everything else as it was: not for the marks after it. A scope is liquidated when its
equity is at most its maintenance margin, or, without one, below zero (docs/rules.md, section 7). All money in atoms.
"""

from collections.abc import Mapping

from exchange.core.contract import Contract
from exchange.core.events import AccountLocked, MarginCallPosition
from exchange.core.margin import falls_short, initial_margin_of


def smallest_deposit(equity: int, maintenance_margin: int) -> int:
    """Return the fewest atoms more in its wallet with which the scope would not have been liquidated."""
    least = maintenance_margin + 1 if maintenance_margin else 0
    return max(0, least - equity)


def highest_leverage(locked: AccountLocked, contracts: Mapping[str, Contract]) -> int:
    """Return the largest whole leverage at entry with which the scope would have stayed, 0 when not even 1 would do.

    It is at most the highest that its contracts all allow. Its wallet, cross or isolated, is thought to be the initial
    margin of that leverage and nothing more: ceil(sum of |entry value| / leverage). What was added to it since, and the
    leverage chosen now, which entry need not have had, say nothing here; nor do the fees and funding that it paid.
    """
    profit = locked.equity - locked.wallet_balance
    total = sum(abs(entry_value(contracts[row.symbol], row)) for row in locked.positions)
    highest = min((contracts[row.symbol].max_leverage for row in locked.positions), default=0)
    for leverage in range(highest, 0, -1):
        if not falls_short(initial_margin_of(total, leverage) + profit, locked.maintenance_margin):
            return leverage
    return 0


def entry_value(contract: Contract, position: MarginCallPosition) -> int:
    """Return the signed value that a position was entered at: what it is worth at the mark, less its profit."""
    return contract.notional(position.mark_price, position.quantity) - position.unrealized_pnl
