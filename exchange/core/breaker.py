"""What a contract allows, as its operator sets it and its circuit breaker finds it. Silent sources are in `index`."""

from exchange.core.commands import SetMarketState
from exchange.core.enums import MarketState, RejectReason
from exchange.core.events import CircuitBroken, MarketStateSet, Rejected
from exchange.core.state import Market, State
from exchange.core.units import NEVER, RATE_ONE, Nanos, Ticks


def set_market_state(state: State, command: SetMarketState) -> Rejected | None:
    """Open, restrict or halt a contract; opening it closes a broken circuit breaker, too."""
    market = state.markets.get(command.symbol)
    if market is None:
        return Rejected(RejectReason.UNKNOWN_SYMBOL)
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


def breaking_reference(marks: list[int], mark: int, move: int) -> int | None:
    """Return the mark that `mark` is too far from: the highest one, else the lowest one; None when it is not.

    `marks` are those of the window, the new one among them, in ticks; `move` in 1e-8 of the reference: reached is too
    far.
    """
    high, low = max(marks), min(marks)
    if (high - mark) * RATE_ONE >= move * high:
        return high
    return low if (mark - low) * RATE_ONE >= move * low else None


def watch_mark(state: State, market: Market) -> None:
    """Note the mark just made, and halt the contract when it has moved too far within the window."""
    rules, ts, mark = market.contract.breaker, state.ts, market.mark_price
    if not rules.move or market.breaker_due != NEVER:
        return
    market.recent_marks.append((ts, mark))
    market.recent_marks = [noted for noted in market.recent_marks if noted[0] > ts - rules.window]
    reference = breaking_reference([price for _, price in market.recent_marks], mark, rules.move)
    if reference is None:
        return
    before = market.state
    # Forgotten, so that the move that broke it does not break it again after the pause.
    market.recent_marks = []
    market.breaker_due = ts + rules.pause
    until = Nanos(market.breaker_due)
    state.events.append(CircuitBroken(market.contract.symbol, Ticks(mark), Ticks(reference), until))
    report_state_change(state, market, before)


def end_pause(state: State, market: Market) -> None:
    """Close a broken circuit breaker: what the contract allows is again what operator and index say."""
    before = market.state
    market.breaker_due = NEVER
    report_state_change(state, market, before)
