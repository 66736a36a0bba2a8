"""What time and prices set going, and in which order: samples, marks, funding, margin passes. The rules are below."""

from exchange.core.commands import DropIndexSource, Resume, SetIndexPrice, Tick
from exchange.core.deadlines import meet_deadlines, next_deadline
from exchange.core.enums import RejectReason
from exchange.core.events import MarkPriceSet, Rejected, Resumed
from exchange.core.funding import predicted_rate, sample_premium, settle_funding
from exchange.core.index import drop_sources, expire_sources, named_sources, price_sources
from exchange.core.liquidation.margin_pass import go_on, margin_pass
from exchange.core.market_state import end_pause, watch_mark
from exchange.core.price_rules import MISSED_FUNDINGS_MAX
from exchange.core.pricing import mark_price, sample_book
from exchange.core.state import Market, State
from exchange.core.units import NEVER, Nanos, RateE8, Ticks
from exchange.core.unwinding import unwind


def next_due(state: State) -> int:
    """Return when a `Tick` is wanted next, in nanoseconds; NEVER before the first `Resume`."""
    due = min(state.unwind_due, state.pass_due, state.firing_due, next_deadline(state))
    for market in state.markets.values():
        sampled = min(market.sample_due, market.premium_due, market.mark_due)
        due = min(due, sampled, market.funding_due, market.stale_due, market.breaker_due)
    return due


def next_multiple(interval: int, ts: int) -> int:
    """Return the next due time strictly after `ts`; never, for an interval of 0."""
    return (ts // interval + 1) * interval if interval else NEVER


def tick(state: State, _command: Tick) -> None:
    """Do what is due, each step for all contracts before the next step."""
    ts, markets = state.ts, list(state.markets.values())
    meet_deadlines(state)
    moved = _expire(state)
    for market in markets:
        if market.sample_due <= ts:
            market.sample_due = next_multiple(market.contract.mark.sample_interval, ts)
            if _is_priced(market):
                sample_book(market)
    for market in markets:
        if market.premium_due <= ts:
            market.premium_due = next_multiple(market.contract.funding.premium_interval, ts)
            if _is_priced(market):
                sample_premium(market)
    for market in markets:
        if market.mark_due <= ts:
            market.mark_due = next_multiple(market.contract.mark.interval, ts)
            if _is_priced(market):
                _make_mark(state, market)
                moved = True
    for market in markets:
        if market.funding_due <= ts:
            moved |= _settle(state, market)
            market.funding_due = next_multiple(market.funding_interval, ts)
    if moved:
        margin_pass(state)
    elif state.pass_due <= ts:
        go_on(state)
    if state.unwind_due <= ts:
        state.unwind_due = next_multiple(state.rules.engine.unwind.interval, ts)
        unwind(state)


def resume(state: State, _command: Resume) -> None:
    """Start, or start again: settle the fundings that were missed at the last mark, and set all due times anew."""
    ts = state.ts
    outage = ts - state.previous_ts if state.resumed else 0
    state.resumed = True
    missed = 0
    for market in state.markets.values():
        settled = 0
        while settled < MISSED_FUNDINGS_MAX and market.funding_due <= ts and _settle(state, market):
            settled += 1
            # Each sets the interval to the next one: an outage after a capped settlement misses more of them.
            market.funding_due = next_multiple(market.funding_interval, market.funding_due)
        missed += settled
        _set_due_times(market, ts)
    state.events.insert(0, Resumed(Nanos(outage), missed))
    state.unwind_due = next_multiple(state.rules.engine.unwind.interval, ts)
    meet_deadlines(state)
    if _expire(state):
        margin_pass(state)
    elif state.pass_due <= ts:
        go_on(state)


def set_index_price(state: State, market: Market, command: SetIndexPrice) -> Rejected | None:
    """Take a new price of index sources; where marks have no interval of their own, the mark follows at once."""
    names = named_sources(market, command.source)
    if not names:
        return Rejected(RejectReason.UNKNOWN_INDEX_SOURCE)
    if command.price <= 0:
        return Rejected(RejectReason.PRICE_NOT_POSITIVE)
    if command.price > market.contract.max_price:
        return Rejected(RejectReason.PRICE_ABOVE_MAX, detail=market.contract.max_price)
    if price_sources(state, market, names, command.price, command.source_ts) and _follow_index(state, market):
        margin_pass(state)
    return None


def drop_index_source(state: State, market: Market, command: DropIndexSource) -> Rejected | None:
    """Lose index sources: they count no more until their next price."""
    names = named_sources(market, command.source)
    if not names:
        return Rejected(RejectReason.UNKNOWN_INDEX_SOURCE)
    if drop_sources(state, market, names) and _follow_index(state, market):
        margin_pass(state)
    return None


def _expire(state: State) -> bool:
    """Let silent sources go and end pauses that are over; return whether a mark was made of an index so changed."""
    marked, markets = False, list(state.markets.values())
    for market in markets:
        if market.stale_due <= state.ts and expire_sources(state, market):
            marked |= _follow_index(state, market)
    for market in markets:
        if market.breaker_due <= state.ts:
            end_pause(state, market)
    return marked


def _set_due_times(market: Market, ts: int) -> None:
    mark, funding = market.contract.mark, market.contract.funding
    market.sample_due = next_multiple(mark.sample_interval, ts)
    market.premium_due = next_multiple(funding.premium_interval, ts)
    market.mark_due = next_multiple(mark.interval, ts)
    market.funding_due = next_multiple(market.funding_interval, ts)


def _is_priced(market: Market) -> bool:
    """Tell whether there is an index to look at; a stale one is as good as none."""
    return bool(market.index_price) and not market.index_stale


def _settle(state: State, market: Market) -> bool:
    """Settle the funding that is due, and return whether there was a mark to settle at."""
    if not market.mark_price:
        return False
    settle_funding(state, market, market.funding_due)
    return True


def _follow_index(state: State, market: Market) -> bool:
    """Make the mark that a new index asks for at once, and return whether a margin pass must follow."""
    if not market.contract.mark.interval:
        _make_mark(state, market)
        return True
    if not market.mark_price:
        market.mark_price = market.index_price
        _report_mark(state, market)
    return False


def _make_mark(state: State, market: Market) -> None:
    market.previous_mark = market.mark_price
    market.mark_price = mark_price(market, state.ts)
    _report_mark(state, market)
    watch_mark(state, market)


def _report_mark(state: State, market: Market) -> None:
    state.events.append(
        MarkPriceSet(
            symbol=market.contract.symbol,
            mark_price=Ticks(market.mark_price),
            index_price=Ticks(market.index_price),
            funding_rate=RateE8(predicted_rate(market)),
            next_funding_ts=Nanos(market.funding_due),
            premium_index=RateE8(market.premium.last),
        )
    )
