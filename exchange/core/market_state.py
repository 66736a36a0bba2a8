"""What a contract allows, as its operator sets it and its circuit breaker finds it. Silent sources are in `index`."""

from collections import deque

from exchange.core.commands import SetMarketState
from exchange.core.enums import MarketState, RejectReason
from exchange.core.events import CircuitBroken, MarketStateSet, Rejected
from exchange.core.state import Market, State
from exchange.core.units import NEVER, RATE_ONE, Nanos, Ticks


def set_market_state(state: State, market: Market, command: SetMarketState) -> Rejected | None:
    """Open, restrict or halt a contract; opening it closes a broken circuit breaker, too."""
    if command.state is MarketState.INDEX_STALE:
        return Rejected(RejectReason.VALUE_OUT_OF_RANGE)
    market.operator_state = command.state
    if command.state is MarketState.TRADING:
        market.breaker_due = NEVER
    state.events.append(MarketStateSet(command.symbol, market.state))
    return None


def report_state_change(state: State, market: Market, before: MarketState) -> None:
    """Say what a contract allows now, if that is another than before."""
    if market.state is not before:
        state.events.append(MarketStateSet(market.contract.symbol, market.state))


def breaking_reference(high: int, low: int, mark: int, move: int) -> int | None:
    """Return the mark that `mark` is too far from: the highest of the window, else the lowest; None when it is not.

    In ticks, the new mark among them; `move` in 1e-8 of the reference: reached is too far.
    """
    if (high - mark) * RATE_ONE >= move * high:
        return high
    return low if (mark - low) * RATE_ONE >= move * low else None


def watch_mark(state: State, market: Market) -> None:
    """Note the mark just made, and halt the contract when it has moved too far within the window."""
    rules, ts, mark = market.contract.breaker, state.ts, market.mark_price
    if not rules.move or market.breaker_due != NEVER:
        return
    _note(market.high_marks, (ts, mark), rules.window, 1)
    _note(market.low_marks, (ts, mark), rules.window, -1)
    reference = breaking_reference(market.high_marks[0][1], market.low_marks[0][1], mark, rules.move)
    if reference is None:
        return
    before = market.state
    # Forgotten, so that the move that broke it does not break it again after the pause.
    market.high_marks.clear()
    market.low_marks.clear()
    market.breaker_due = ts + rules.pause
    until = Nanos(market.breaker_due)
    state.events.append(CircuitBroken(market.contract.symbol, Ticks(mark), Ticks(reference), until))
    report_state_change(state, market, before)


def _note(marks: deque[tuple[int, int]], noted: tuple[int, int], window: int, sign: int) -> None:
    """Note (ts, mark) so that the first is the highest (sign 1) or lowest (-1) of the window.

    A mark that a later one reaches is never again the extreme: what is kept falls (rises) from first to last.
    """
    while marks and sign * marks[-1][1] <= sign * noted[1]:
        marks.pop()
    marks.append(noted)
    while marks[0][0] <= noted[0] - window:
        marks.popleft()


def end_pause(state: State, market: Market) -> None:
    """Close a broken circuit breaker: what the contract allows is again what operator and index say."""
    before = market.state
    market.breaker_due = NEVER
    report_state_change(state, market, before)
