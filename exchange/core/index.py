"""The index: which of its sources live, and the weighted mean of those. What follows from a new index is not here."""

from collections.abc import Iterable, Sequence

from exchange.core.enums import SourceStatus
from exchange.core.events import IndexPriceSet, IndexSourceChanged
from exchange.core.market_state import report_state_change
from exchange.core.state import Market, Source, State
from exchange.core.units import NEVER, Nanos, Ticks, clamp_around, div_floor, median


def index_of(weighted_prices: Sequence[tuple[int, int]], clamp: int) -> int:
    """Return the index of (weight, price) pairs, at least one: the mean of the held prices, rounded toward -inf.

    Binance, FAQ on the price index: a source too far from the median of all counts as if it stood at the bound.
    """
    middle = median([price for _, price in weighted_prices])
    total = sum(weight * clamp_around(price, middle, clamp) for weight, price in weighted_prices)
    return div_floor(total, sum(weight for weight, _ in weighted_prices))


def named_sources(market: Market, name: str) -> list[str]:
    """Return the sources that a name means, in the contract's order: all for an empty one, none for an unknown one."""
    return [source for source in market.sources if name in {"", source}]


def price_sources(state: State, market: Market, names: Iterable[str], price: int, source_ts: int) -> bool:
    """Give sources a new price, in ticks: they live. Return whether they are enough for an index, changed or not."""
    before = market.state
    market.index_source_ts = source_ts
    for name in names:
        source = market.sources[name]
        source.price, source.updated_ts = price, state.ts
        _set_status(state, market, name, SourceStatus.LIVE)
    made = _make_index(state, market, always=True)
    report_state_change(state, market, before)
    return made


def drop_sources(state: State, market: Market, names: Iterable[str]) -> bool:
    """Lose sources, and return whether the others made another index."""
    return _silence(state, market, names, SourceStatus.LOST)


def expire_sources(state: State, market: Market) -> bool:
    """Let the sources go that have been silent for too long, and return whether the others made another index."""
    late = [
        name
        for name, source in market.sources.items()
        if source.status is SourceStatus.LIVE and _silent_at(market, source) <= state.ts
    ]
    return _silence(state, market, late, SourceStatus.STALE)


def _silence(state: State, market: Market, names: Iterable[str], status: SourceStatus) -> bool:
    before = market.state
    for name in names:
        _set_status(state, market, name, status)
    changed = _make_index(state, market, always=False)
    report_state_change(state, market, before)
    return changed


def _set_status(state: State, market: Market, name: str, status: SourceStatus) -> None:
    source = market.sources[name]
    if source.status is not status:
        source.status = status
        state.events.append(IndexSourceChanged(market.contract.symbol, name, status))


def _make_index(state: State, market: Market, *, always: bool) -> bool:
    """Make the index of the sources that live and return whether it was told; with too few, the last one stands."""
    rules = market.contract.index
    living = [source for source in market.sources.values() if source.status is SourceStatus.LIVE]
    market.stale_due = min((_silent_at(market, source) for source in living), default=NEVER)
    enough = len(living) >= rules.min_live
    market.index_stale = bool(market.index_price) and not enough
    if not enough:
        return False
    price = index_of(
        [
            (written.weight, source.price)
            for written, source in zip(rules.sources, market.sources.values(), strict=True)
            if source.status is SourceStatus.LIVE
        ],
        rules.clamp,
    )
    if price == market.index_price and not always:
        return False
    market.index_price = price
    state.events.append(IndexPriceSet(market.contract.symbol, Ticks(price), Nanos(market.index_source_ts)))
    return True


def _silent_at(market: Market, source: Source) -> int:
    """Return when a living source counts as silent unless a price comes before; never, where that is not watched."""
    stale_after = market.contract.index.stale_after
    return source.updated_ts + stale_after if stale_after else NEVER
