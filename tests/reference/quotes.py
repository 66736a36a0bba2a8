"""What the reference venue remembers of one contract's prices: plain numbers and whole lists of samples. No rules."""

from dataclasses import dataclass, field

from exchange.core.enums import MarketState, SourceStatus
from exchange.core.units import NEVER


@dataclass(slots=True)
class Source:
    """One source of an index: its last price (ticks; 0: none yet), when it was heard (ns), and what it counts for."""

    price: int = 0
    heard: int = 0
    status: SourceStatus = SourceStatus.LOST


@dataclass(slots=True)
class Quotes:
    """Prices (ticks, 0: none yet), samples since the beginning and due times of one contract.

    Samples are kept as they were taken; whoever wants an average adds them up again.
    """

    sources: dict[str, Source]
    min_live: int  # sources that must live, lest the index is stale
    interval: int  # of funding, the one that runs, ns
    rate: int  # of the last settlement, 1e-8
    operator: MarketState = MarketState.TRADING
    broken_until: int = NEVER  # NEVER: the circuit breaker is closed
    index: int = 0
    source_ts: int = 0
    mark: int = 0
    previous_mark: int = 0
    last: int = 0
    basis: list[int] = field(default_factory=list)  # half ticks
    book_prices: list[int] = field(default_factory=list)  # half ticks
    premiums: list[int] = field(default_factory=list)  # since the last settlement, 1e-8
    last_premium: int = 0
    notes: list[tuple[int, int]] = field(default_factory=list)  # of the circuit breaker: when, which mark
    update_id: int = 0
    mark_due: int = NEVER
    sample_due: int = NEVER
    premium_due: int = NEVER
    funding_due: int = NEVER

    @property
    def stale(self) -> bool:
        """Tell whether there was an index and too few sources of it live."""
        return self.index > 0 and not self.known

    @property
    def known(self) -> bool:
        """Tell whether enough sources live to make an index."""
        return sum(one.status is SourceStatus.LIVE for one in self.sources.values()) >= self.min_live

    @property
    def state(self) -> MarketState:
        """What the contract allows: the circuit breaker first, then the operator, then the index."""
        if self.broken_until < NEVER:
            return MarketState.HALTED
        if self.operator is not MarketState.TRADING:
            return self.operator
        return MarketState.INDEX_STALE if self.stale else MarketState.TRADING

    @property
    def frozen(self) -> bool:
        """Tell whether the venue neither liquidates nor unwinds here."""
        return self.stale or self.state is MarketState.HALTED
