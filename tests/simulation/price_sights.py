"""What is seen of index, marks, funding and circuit breakers in the events of a command, by name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from exchange.core.commands import Command, Resume, SetIndexPrice, SetMarketState, Tick
from exchange.core.enums import MarketState, MarkRule, PremiumSource, PremiumWeights, SourceStatus
from exchange.core.events import (
    CircuitBroken,
    Event,
    FundingSettled,
    IndexPriceSet,
    IndexSourceChanged,
    MarketStateSet,
    MarkPriceSet,
    Rejected,
)
from tests.reference.prices import held_near, median
from tests.reference.world import World

PRICE_SIGHTS = (
    *(f"source {status.value}" for status in SourceStatus),
    *(f"state {state.value}" for state in MarketState),
    *(f"mark by {rule.value}" for rule in MarkRule),
    *(f"premium of {source.value}" for source in PremiumSource),
    *(f"funding weighed {weights.value}" for weights in PremiumWeights),
    "index source held near the median",
    "index of one source of many",
    "index moved by a silent source",
    "mark with an index price",
    "mark held by its band",
    "funding at its cap",
    "funding at its floor",
    "funding interval shortened",
    "funding interval long again",
    "circuit broken by a fall",
    "circuit broken by a rise",
    "circuit closed by its pause",
    "circuit closed by the operator",
    "index stale with a living source",
    "price too few for an index",
    "fundings beyond the bound missed",
)


@dataclass(slots=True)
class PriceSights:
    """Tells what is seen; remembers which circuits are broken and which funding intervals are short."""

    _broken: set[str] = field(default_factory=set)
    _shortened: set[str] = field(default_factory=set)

    def seen(self, command: Command, events: Sequence[Event], world: World) -> Iterator[str]:
        """Yield the names of what the events of one command tell."""
        if isinstance(command, Resume):
            yield from _seen_in_outage(events, world)
        if isinstance(command, SetIndexPrice) and not any(isinstance(one, IndexPriceSet | Rejected) for one in events):
            yield "price too few for an index"
        for event in events:
            match event:
                case IndexSourceChanged():
                    yield f"source {event.status.value}"
                case IndexPriceSet():
                    yield from _seen_in_index(command, event, world)
                case MarkPriceSet():
                    yield from _seen_in_mark(command, event, world)
                case FundingSettled():
                    yield from self._seen_in_funding(event, world)
                case CircuitBroken():
                    self._broken.add(event.symbol)
                    yield f"circuit broken by a {'fall' if event.mark_price < event.reference_price else 'rise'}"
                case MarketStateSet():
                    yield from self._seen_in_state(command, event, world)

    def _seen_in_funding(self, event: FundingSettled, world: World) -> Iterator[str]:
        rules = world.contracts[event.symbol].funding
        if rules.floor < event.funding_rate < rules.cap:
            yield f"funding weighed {rules.weights.value}"
        elif rules.floor < rules.cap:
            yield f"funding at its {'cap' if event.funding_rate == rules.cap else 'floor'}"
        if event.next_interval < rules.interval:
            self._shortened.add(event.symbol)
            yield "funding interval shortened"
        elif event.symbol in self._shortened:
            self._shortened.remove(event.symbol)
            yield "funding interval long again"

    def _seen_in_state(self, command: Command, event: MarketStateSet, world: World) -> Iterator[str]:
        yield f"state {event.state.value}"
        sources = world.quotes[event.symbol].sources.values()
        if event.state is MarketState.INDEX_STALE and any(one.status is SourceStatus.LIVE for one in sources):
            yield "index stale with a living source"
        if event.symbol in self._broken and event.state is not MarketState.HALTED:
            self._broken.remove(event.symbol)
            yield f"circuit closed by {'the operator' if isinstance(command, SetMarketState) else 'its pause'}"


def _seen_in_outage(events: Sequence[Event], world: World) -> Iterator[str]:
    """See a contract in which fundings were due even after the last one that was settled."""
    last = {event.symbol: event for event in events if isinstance(event, FundingSettled)}
    if any(event.funding_ts + event.next_interval <= world.now for event in last.values()):
        yield "fundings beyond the bound missed"


def _seen_in_index(command: Command, event: IndexPriceSet, world: World) -> Iterator[str]:
    sources = world.quotes[event.symbol].sources.values()
    alive = [source.price for source in sources if source.status is SourceStatus.LIVE]
    clamp = world.contracts[event.symbol].index.clamp
    if any(held_near(price, median(alive), clamp) != price for price in alive):
        yield "index source held near the median"
    if len(alive) == 1 < len(sources):
        yield "index of one source of many"
    if isinstance(command, Tick):
        yield "index moved by a silent source"


def _seen_in_mark(command: Command, event: MarkPriceSet, world: World) -> Iterator[str]:
    contract = world.contracts[event.symbol]
    yield f"mark by {contract.mark.rule.value}"
    if event.premium_index:
        yield f"premium of {contract.funding.premium.value}"
    if isinstance(command, SetIndexPrice) and not contract.mark.interval:
        yield "mark with an index price"
    bounds = [held_near(far, event.index_price, contract.mark.band) for far in (0, 2 * contract.max_price)]
    if contract.mark.band and event.mark_price in bounds and event.mark_price != event.index_price:
        yield "mark held by its band"
