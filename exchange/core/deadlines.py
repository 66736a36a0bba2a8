"""What ends at a time that a trader chose: orders good till a date, and all orders of a contract after a countdown."""

from exchange.core.account import Account
from exchange.core.clearing import end_order
from exchange.core.commands import SetCountdown
from exchange.core.conditional import Conditional
from exchange.core.enums import ConditionalStatus, OrderStatus, RejectReason
from exchange.core.events import CountdownSet, Rejected
from exchange.core.state import Market, State
from exchange.core.units import INT63_MAX, NEVER, Nanos
from exchange.core.waiting import end_conditional


def next_deadline(state: State) -> int:
    """Return when the next order expires or the next countdown is over, in nanoseconds; NEVER when none does."""
    times = [keys.peekitem(0)[0][0] for keys in (state.good_tills, state.countdowns) if keys]
    return min(times, default=NEVER)


def meet_deadlines(state: State) -> None:
    """Expire the orders whose date has come, then cancel those behind countdowns that are over."""
    while state.good_tills and state.good_tills.peekitem(0)[0][0] <= state.ts:
        _, over = state.good_tills.peekitem(0)
        if isinstance(over, Conditional):
            end_conditional(state, over, ConditionalStatus.EXPIRED)
        else:
            end_order(state, over, OrderStatus.EXPIRED)
    while state.countdowns and state.countdowns.peekitem(0)[0][0] <= state.ts:
        _, account_id, symbol = state.countdowns.peekitem(0)[0]
        account = state.accounts[account_id]
        for order in list(account.holdings[symbol].orders.values()):
            end_order(state, order, OrderStatus.CANCELED)
        _set_due(state, account, symbol, 0)


def set_countdown(state: State, account: Account, _market: Market, command: SetCountdown) -> Rejected | None:
    """Start a countdown anew, or end it."""
    if not 0 <= command.countdown <= INT63_MAX - state.ts:
        return Rejected(RejectReason.VALUE_OUT_OF_RANGE, account.account_id)
    _set_due(state, account, command.symbol, state.ts + command.countdown if command.countdown else 0)
    return None


def _set_due(state: State, account: Account, symbol: str, due: int) -> None:
    holding = account.holdings[symbol]
    if holding.countdown_due:
        del state.countdowns[holding.countdown_due, account.account_id, symbol]
    holding.countdown_due = due
    if due:
        state.countdowns[due, account.account_id, symbol] = None
    state.events.append(CountdownSet(account.account_id, symbol, Nanos(due)))
