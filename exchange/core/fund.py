"""What the insurance fund, account 0, is worth, and how far it has fallen. It moves no money."""

from exchange.core.account import cross_scope
from exchange.core.margin import equity, position_notional
from exchange.core.state import Notes, State


def fund_equity(state: State) -> int:
    """Return the fund's balance and the unrealised profit of what it holds, in atoms."""
    return equity(state, cross_scope(state.fund))


def fund_notional(state: State) -> int:
    """Return the net notional that the fund holds at the marks, signed, over all contracts, in atoms."""
    return sum(position_notional(state.markets[symbol], leg.position) for symbol, _, leg in state.fund.legs())


def note_equity(state: State, notes: Notes) -> tuple[int, int]:
    """Note the fund's equity, forget what is older than the window, and return equity and peak, in atoms.

    Only those that no later one is above are kept: so the first is the peak.
    """
    now = fund_equity(state)
    while notes and notes[-1][1] <= now:
        notes.pop()
    notes.append((state.ts, now))
    while notes[0][0] <= state.ts - state.rules.engine.fund_window:
        notes.popleft()
    return now, notes[0][1]
