"""A sequencer on a real journal with a clock that stands, and two seams: a commit that can be held, or made to fail."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from exchange.journal.errors import DiskFullError
from exchange.journal.recovery import Applied, recover
from exchange.journal.store import Batch, Journal, create
from exchange.runtime.sequencer import Sequencer
from tests.journal.recording import START, header
from tests.runtime.manual_clock import ManualClock

HOLD_SECONDS_MAX = 30


class HeldJournal(Journal):
    """A journal whose commits wait at a gate, in the writer's thread; `failing` makes them fail when let through."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.gate = threading.Event()
        self.gate.set()
        self.reached = threading.Semaphore(0)
        self.failing = False
        self._only_one = False

    def append(self, batch: Batch) -> None:
        """Say that a commit is at work, wait for the gate, then commit or fail."""
        self.reached.release()
        assert self.gate.wait(HOLD_SECONDS_MAX), "the test never opened the gate"
        if self._only_one:
            self._only_one = False
            self.gate.clear()
        if self.failing:
            raise DiskFullError(self.path, "a test")
        super().append(batch)

    def let_one(self) -> None:
        """Open the gate for the commit that waits there; it closes behind it."""
        self._only_one = True
        self.gate.set()

    async def commit_at_work(self) -> None:
        """Return when the next commit has reached the gate."""
        assert await asyncio.to_thread(self.reached.acquire, timeout=HOLD_SECONDS_MAX), "no commit was begun"


@dataclass
class Desk:
    """A running sequencer and what a test looks at."""

    sequencer: Sequencer
    journal: HeldJournal
    clock: ManualClock
    published: list[Applied] = field(default_factory=list)
    batches: list[tuple[int, int]] = field(default_factory=list)
    fatal: list[str] = field(default_factory=list)
    failed: asyncio.Event = field(default_factory=asyncio.Event)

    def listen(self, batch: Sequence[Applied]) -> None:
        """A listener that notes what it is told."""
        self.published.extend(batch)
        self.batches.append((batch[0].seq, batch[-1].seq))


@asynccontextmanager
async def desk(data: Path, start: int = START) -> AsyncIterator[Desk]:
    """Begin or recover a venue in `data` and run its sequencer; the clock stands at `start`."""
    if not (data / "journal.sqlite").exists():
        create(data, header())
    with HeldJournal(data) as journal:
        clock = ManualClock(start)
        fatal: list[str] = []
        failed = asyncio.Event()

        def die(message: str) -> None:
            fatal.append(message)
            failed.set()

        sequencer = Sequencer(recover(journal), clock, on_fatal=die)
        running = Desk(sequencer, journal, clock, fatal=fatal, failed=failed)
        sequencer.subscribe(running.listen)
        await sequencer.start()
        await journal.commit_at_work()
        try:
            yield running
        finally:
            journal.gate.set()
            await sequencer.stop()
