"""The task that plays index prices into the venue: it keeps the time, the paths keep the prices."""

import asyncio
from collections.abc import Mapping, Sequence

from exchange.core.commands import SetIndexPrice
from exchange.core.contract import Contract
from exchange.core.events import TradePrinted
from exchange.core.units import ATOMS_PER_QUOTE, SECOND, Nanos
from exchange.runtime.feeds.coupling import Coupling, resumed
from exchange.runtime.feeds.paths import index_ticks
from exchange.runtime.feeds.sources import IndexSource
from exchange.runtime.sequencer import Applied, InboxFullError, Sequencer

# At 60x a second holds a minute of the path: four prices a second show its way through that minute, and a mark tick
# (one a second) never jumps by more than a quarter of it. At the pace of life one a second is what venues publish.
FAST_BEAT_S = 0.25
SLOW_BEAT_S = 1.0
FAST_FROM_SPEED = 4.0


class IndexFeed:
    """Plays a source at a speed: one SetIndexPrice per contract and beat, on and on, until its task is cancelled."""

    def __init__(
        self, source: IndexSource, sequencer: Sequencer, contracts: Sequence[Contract], *, speed: float, coupled: bool
    ) -> None:
        """Go on from the source time that the venue's state holds, or begin at the source's start."""
        self.source = source
        self._sequencer = sequencer
        self._contracts: Mapping[str, Contract] = {contract.symbol: contract for contract in contracts}
        self._speed = speed
        self._played_s = 0.0  # of the last beat
        markets = sequencer.venue.state.markets
        self.start_ns = max([source.start_ns, *(markets[symbol].index_source_ts for symbol in source.paths)])
        self._flow_atoms = dict.fromkeys(source.paths, 0)
        self._coupling: dict[str, Coupling] = {}
        self.beats_dropped = 0  # the inbox was full
        if coupled:
            for symbol, path in source.paths.items():
                index = markets[symbol].index_price * self._contracts[symbol].tick_atoms / ATOMS_PER_QUOTE
                self._coupling[symbol] = resumed(index, path.price_at(self.start_ns)) if index else Coupling()
            sequencer.subscribe(self._count_flow)

    async def run(self) -> None:
        """Play until cancelled; a manual source plays nothing and returns. Errors of the sequencer pass through."""
        if not self.source.paths:
            return
        loop = asyncio.get_running_loop()
        beat_s = FAST_BEAT_S if self._speed >= FAST_FROM_SPEED else SLOW_BEAT_S
        begun = loop.time()
        beat = 0
        while True:
            try:
                await asyncio.gather(*map(self._sequencer.submit, self.prices_at(beat * beat_s)))
            except InboxFullError:
                self.beats_dropped += 1  # the next beat tells the price of its own time
            # A late beat is made up for by what was missed, not played faster: the path keeps to wall time.
            beat = max(beat + 1, int((loop.time() - begun) / beat_s) + 1)
            await asyncio.sleep(begun + beat * beat_s - loop.time())

    def prices_at(self, played_s: float) -> list[SetIndexPrice]:
        """Return the prices of the moment so many seconds after the feed began, which is later than the last one.

        Impact is paced like trading, in seconds of the venue, and fades over the beats that were missed, too.
        """
        source_ns = self.start_ns + round(played_s * self._speed * SECOND)
        elapsed_s, self._played_s = played_s - self._played_s, played_s
        commands = []
        for symbol, path in self.source.paths.items():
            price = path.price_at(source_ns)
            if symbol in self._coupling:
                flow, self._flow_atoms[symbol] = self._flow_atoms[symbol], 0
                price *= self._coupling[symbol].step(flow / ATOMS_PER_QUOTE, elapsed_s)
            commands.append(SetIndexPrice(symbol, index_ticks(price, self._contracts[symbol]), Nanos(source_ns)))
        return commands

    def _count_flow(self, batch: Sequence[Applied]) -> None:
        for applied in batch:
            for event in applied.events:
                if isinstance(event, TradePrinted) and event.symbol in self._coupling:
                    notional = self._contracts[event.symbol].notional(event.price, event.quantity)
                    self._flow_atoms[event.symbol] += event.taker_side * notional
