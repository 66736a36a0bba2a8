"""When answers and events leave: at once, or late by seeded delays, as over a real network. It changes no message.

Each channel keeps its order: nothing overtakes what was given to it before. Channels overtake one another, so that a
bot can meet its fill before the acknowledgement of its order, as it does in real life.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from random import Random
from types import MappingProxyType
from typing import Protocol

MS_PER_SECOND = 1000


class Kind(Enum):
    """What a channel carries."""

    ANSWER = "answer"  # of a command, over REST or the WebSocket API: one channel per account
    USER = "user"  # events of one account
    MARKET = "market"  # messages of one market stream


@dataclass(frozen=True, slots=True)
class Delays:
    """Log-normal delays: half of them below the median; two thirds within a factor of exp(spread) of it. In ms."""

    median_ms: float
    spread: float
    most_ms: float

    def draw_ms(self, chance: Random) -> float:
        """Return one delay."""
        return min(self.most_ms, self.median_ms * math.exp(self.spread * chance.gauss(0, 1)))


# Chosen, not measured: an answer makes a longer way than the events, and each is late now and then.
REAL: Mapping[Kind, Delays] = MappingProxyType(
    {
        Kind.ANSWER: Delays(median_ms=12, spread=0.6, most_ms=400),
        Kind.USER: Delays(median_ms=8, spread=0.6, most_ms=400),
        Kind.MARKET: Delays(median_ms=5, spread=0.5, most_ms=200),
    }
)
INSTANT: Mapping[Kind, Delays] = MappingProxyType({})
TIMINGS: Mapping[str, Mapping[Kind, Delays]] = MappingProxyType({"instant": INSTANT, "real": REAL})


class Loop(Protocol):
    """What a channel needs of an event loop."""

    def time(self) -> float:
        """Return the loop's time in seconds."""
        ...

    def call_at(self, when: float, callback: Callable[[], object]) -> object:
        """Have something called at a time of the loop."""
        ...


class Channel(Protocol):
    """Carries deliveries in order."""

    def carry(self, deliver: Callable[[], None]) -> None:
        """Have something delivered, now or later, after all that was given to this channel before."""
        ...


class InstantChannel:
    """Delivers at once."""

    def carry(self, deliver: Callable[[], None]) -> None:
        """Deliver."""
        deliver()


class DelayedChannel:
    """Delivers each thing after a delay of its own, but nothing before what came first."""

    def __init__(self, loop: Loop, draw_ms: Callable[[], float]) -> None:
        """Begin empty; `draw_ms` gives the next delay."""
        self._loop = loop
        self._draw_ms = draw_ms
        self._waiting: deque[tuple[float, Callable[[], None]]] = deque()
        self._last = 0.0

    def carry(self, deliver: Callable[[], None]) -> None:
        """Have something delivered when its delay is over and all before it is delivered."""
        self._last = max(self._last, self._loop.time() + self._draw_ms() / MS_PER_SECOND)
        self._waiting.append((self._last, deliver))
        if len(self._waiting) == 1:
            self._loop.call_at(self._last, self._deliver)

    def _deliver(self) -> None:
        """Deliver what is due. The first one is: loops round times, and may ring a little early."""
        due = max(self._loop.time(), self._waiting[0][0])
        ripe = [waiting for waiting in self._waiting if waiting[0] <= due]
        for _ in ripe:
            self._waiting.popleft()
        if self._waiting:
            self._loop.call_at(self._waiting[0][0], self._deliver)
        for _, deliver in ripe:
            deliver()


class Timing:
    """The channels of one served venue."""

    def __init__(self, name: str, seed: int, loop: Callable[[], Loop]) -> None:
        """Take the timing of this name (a key of TIMINGS). `loop` is asked for when a delayed channel is made."""
        self._delays = TIMINGS[name]
        self._seed = seed
        self._loop = loop

    def channel(self, kind: Kind, whose: str) -> Channel:
        """Return a new channel; its delays follow from the seed, its kind and whose it is."""
        delays = self._delays.get(kind)
        if delays is None:
            return InstantChannel()
        chance = Random(f"{self._seed}/{kind.value}/{whose}")
        return DelayedChannel(self._loop(), lambda: delays.draw_ms(chance))
