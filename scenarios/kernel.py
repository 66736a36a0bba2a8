"""Virtual time: a heap of what is to happen, and the one place in it that has the venue execute. It decides nothing.

Commands arrive after their sender's latency; the venue's own `Tick`s are executed when they are due, before anything
later. Nothing waits and nothing sleeps, so it also runs inside a notebook's event loop.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from exchange.core.commands import Command, Resume, Tick
from exchange.core.events import Event
from exchange.core.venue import Venue

VENUE = "venue"  # the origin of ticks


@dataclass(frozen=True, slots=True)
class Executed:
    """One command as the venue did it: `seq` counts from 1, `ts` in nanoseconds of virtual time."""

    seq: int
    ts: int
    origin: str  # who sent it: the name of an agent, or VENUE
    command: Command
    events: Sequence[Event]


Listener = Callable[[Executed], None]


class Kernel:
    """One run: a venue, the time, and what is still to happen."""

    def __init__(self, venue: Venue, start_ts: int) -> None:
        """Let the venue begin at a time, in nanoseconds."""
        self.venue = venue
        self.now = start_ts
        self.seq = 0
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._pushed = 0
        self._listeners: list[Listener] = []
        self._due = venue.next_due  # it changes only when something is executed
        self._execute(Resume(), VENUE)

    def listen(self, listener: Listener) -> None:
        """Have a listener told of every command from now on, in order."""
        self._listeners.append(listener)

    def call_at(self, ts: int, action: Callable[[], None]) -> None:
        """Have something happen at a time; what is wanted at the same time happens in the order of asking."""
        assert ts >= self.now, "nothing happens in the past"
        self._pushed += 1
        heappush(self._heap, (ts, self._pushed, action))

    def submit(self, command: Command, origin: str, delay_ns: int = 0) -> None:
        """Have a command arrive after a delay; without one it is done at once."""
        if delay_ns:
            self.call_at(self.now + delay_ns, lambda: self._execute(command, origin))
        else:
            self._execute(command, origin)

    def run(self, until: int) -> None:
        """Let everything happen that is due before `until`, and leave the time there."""
        while self._heap and self._heap[0][0] < until:
            ts, _, action = heappop(self._heap)
            self._tick_until(ts)
            self.now = ts
            action()
        self._tick_until(until - 1)
        self.now = until

    def _tick_until(self, ts: int) -> None:
        while self._due <= ts:
            self.now = self._due
            self._execute(Tick(), VENUE)

    def _execute(self, command: Command, origin: str) -> None:
        self.seq += 1
        events = self.venue.execute(self.now, command)
        self._due = self.venue.next_due
        executed = Executed(self.seq, self.now, origin, command, events)
        for listener in self._listeners:
            listener(executed)
