"""The single writer: stamps, executes, commits, answers, publishes, in this order. It knows no wire and no rules.

Everything but the commit runs on the event loop, with no `await` between reading and writing the venue. A commit runs
in a thread of its own, one at a time; what is executed meanwhile gathers for the next one, and nothing of it leaves.
"""

import asyncio
import os
import sys
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NoReturn

from exchange.core.commands import Command, Resume, Tick
from exchange.core.units import NEVER, SECOND
from exchange.core.venue import Venue
from exchange.journal.codec import decode_command, encode_command, encode_entries, hash_events
from exchange.journal.recovery import Applied, Listener, Recovered
from exchange.journal.store import Batch
from exchange.projections.derived import DerivedFileError
from exchange.runtime.clock import Clock

__all__ = ["INBOX_MAX", "Applied", "InboxFullError", "Sequencer", "StoppedError", "exit_process"]

INBOX_MAX = 4096  # commands not yet durable: waiting, executed, or being committed
STALL_NS_MAX = 60 * SECOND  # beyond it (a laptop slept) the venue resumes instead of catching up tick by tick
CLOCK_AHEAD_NS_MAX = SECOND  # venue time may be ahead of the machine's clock by so much without a word
MS_PER_SECOND = 1000

OnFatal = Callable[[str], None]


class InboxFullError(Exception):
    """Too many commands wait to become durable; this one was not taken and may be sent again."""


class StoppedError(Exception):
    """The sequencer takes no commands: it was not started, is stopping, or has failed. This one was not taken."""


def exit_process(message: str) -> NoReturn:
    """Print why on stderr and end the process at once, so that no answer leaves any more."""
    sys.stderr.write(message)
    sys.stderr.flush()
    os._exit(1)


class Sequencer:
    """The only one that changes a served venue.

    `seq` is the last committed sequence number. When a command, a commit or a listener fails, `on_fatal` gets the
    sequence number and the reason as text; it must not return to a process that goes on answering.
    """

    def __init__(self, recovered: Recovered, clock: Clock, on_fatal: OnFatal = exit_process) -> None:
        self.venue: Venue = recovered.venue
        self.seq = recovered.seq
        self.event_hash: bytes = recovered.event_hash  # of the last executed command
        self._journal = recovered.journal
        self._clock = clock
        self._on_fatal = on_fatal
        self._executed_seq = recovered.seq
        self._ts = recovered.ts
        self._listeners: list[Listener] = []
        self._inbox: deque[tuple[bytes, Command, asyncio.Future[Applied]]] = deque()
        self._pending: list[_Executed] = []
        self._in_flight: list[_Executed] = []
        self._readers: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._armed = False
        self._open = False
        self._halted = False
        self._failed = False
        self._commit_lag_ms = 0.0
        self._told_clock_ahead = False

    @property
    def clock_ahead_ns(self) -> int:
        """How far venue time is ahead of the machine's clock, normally 0; until it has caught up, nothing falls due.

        It is ahead when the clock was set back, or was wrong when the journal was written: time does not go backwards.
        """
        return max(0, max(self._clock.now(), self._ts) - self._clock.wall())

    @property
    def commit_lag_ms(self) -> float:
        """Milliseconds from the execution of a batch until it was durable: the last one, or the open one if longer."""
        waiting = self._in_flight or self._pending
        if not waiting or self._loop is None:
            return self._commit_lag_ms
        return max(self._commit_lag_ms, (self._loop.time() - waiting[0].started) * MS_PER_SECOND)

    @property
    def executed_seq(self) -> int:
        """The last sequence number that was executed: what the venue's state stands at. `seq` follows it."""
        return self._executed_seq

    def subscribe(self, listener: Listener) -> None:
        """Have `listener` called synchronously with each batch, in order, once it is durable."""
        self._listeners.append(listener)

    async def start(self) -> Applied:
        """Begin on the running loop with `Resume`, before anything that is due; return when it is durable."""
        self._loop = asyncio.get_running_loop()
        self._open = True
        future: asyncio.Future[Applied] = self._loop.create_future()
        self._work(lambda ts: self._execute(ts, encode_command(Resume()), Resume(), future))
        return await future

    async def submit(self, command: Command) -> Applied:
        """Execute a command and return what it did, once that is durable. Refusals are events, not errors.

        Raises InboxFullError, StoppedError, or ValueError when the command cannot be written to the journal (text that
        is no Unicode, a field of a wrong type): then it was not executed. A caller that is cancelled while it waits
        does not take the command back.
        """
        if not self._open or self._loop is None:
            raise StoppedError("the venue takes no commands now")
        if len(self._inbox) + len(self._pending) + len(self._in_flight) >= INBOX_MAX:
            raise InboxFullError(f"{INBOX_MAX} commands wait to become durable")
        data = encode_command(command)
        # What recovery will read is what is executed now; a field of a wrong type must not get into the journal.
        written = decode_command(data)
        future: asyncio.Future[Applied] = self._loop.create_future()
        self._inbox.append((data, written, future))
        self.wake()
        return await future

    async def durable(self) -> None:
        """Return when all that was executed before this call is committed: await it before answering a read."""
        if self._executed_seq > self.seq:
            assert self._loop is not None, "only a started sequencer executes"
            future: asyncio.Future[None] = self._loop.create_future()
            self._readers.append((self._executed_seq, future))
            await future

    def wake(self) -> None:
        """Look at the clock and the inbox in the next turn of the loop."""
        if not self._armed and self._loop is not None:
            self._armed = True
            self._loop.call_soon(self._drain)

    def fail(self, reason: str) -> None:
        """Stop as when a listener fails, at the word of one that found out between two batches that it is wrong."""
        self._fail(self.seq, reason)

    async def stop(self) -> None:
        """Take no more commands, finish those that wait, and return when all is durable. The journal stays open."""
        if self._open:
            self._open = False
            self._drain()
            self._halt()
            await self.durable()
        self._writer.shutdown()

    # -------------------------------------------------------------------------------------------------- on the loop

    def _drain(self) -> None:
        """One turn of the loop: what is due, then what waits."""
        self._armed = False
        if not self._halted:
            self._work(self._run_due_and_waiting)

    def _work(self, execute: Callable[[int], None]) -> None:
        """Stamp, execute, and have it committed."""
        try:
            execute(max(self._clock.now(), self._ts))
        except Exception:  # noqa: BLE001 - whatever the core raises, its state cannot be trusted any more
            self._fail(self._executed_seq + 1, traceback.format_exc())
            return
        self._commit()
        self._set_timer()
        self._watch_clock()

    def _watch_clock(self) -> None:
        """Say once when venue time begins to be ahead of the machine's clock."""
        ahead = self.clock_ahead_ns
        if ahead > CLOCK_AHEAD_NS_MAX and not self._told_clock_ahead:
            sys.stderr.write(
                f"margincall: venue time is {ahead / SECOND:,.1f} s ahead of this machine's clock, which was set back, "
                "or was ahead when the journal was written. Until it has caught up, venue time stands still: no new "
                "marks, so no liquidations, and no funding; orders are still traded\n"
            )
        self._told_clock_ahead = ahead > CLOCK_AHEAD_NS_MAX

    def _run_due_and_waiting(self, ts: int) -> None:
        self._run_due(ts)
        while self._inbox:
            data, command, future = self._inbox.popleft()
            self._execute(ts, data, command, future)

    def _run_due(self, ts: int) -> None:
        """Execute each `Tick` that is due by now, stamped with its due time; after a long stall resume instead."""
        if self.venue.next_due < ts - STALL_NS_MAX:
            self._execute_own(ts, Resume())
        while (due := self.venue.next_due) <= ts:
            self._execute_own(due, Tick())
            assert self.venue.next_due > due, "a tick must do what is due"

    def _execute_own(self, ts: int, command: Command) -> None:
        self._execute(ts, encode_command(command), command, None)

    def _execute(self, ts: int, data: bytes, command: Command, future: asyncio.Future[Applied] | None) -> None:
        assert self._loop is not None, "only a started sequencer executes"
        started = self._loop.time()
        events = tuple(self.venue.execute(ts, command))
        self._executed_seq += 1
        self._ts = ts
        self.event_hash = hash_events(self.event_hash, events)
        applied = Applied(self._executed_seq, ts, command, events)
        self._pending.append(_Executed(applied, data, future, self.event_hash, started))

    def _commit(self) -> None:
        """Hand all that is executed to the writer thread, unless a commit is in flight."""
        if self._in_flight or not self._pending:
            return
        assert self._loop is not None, "only a started sequencer executes"
        self._in_flight, self._pending = self._pending, []
        row = _row(self._in_flight)
        self._loop.run_in_executor(self._writer, self._journal.append, row).add_done_callback(self._committed)

    def _committed(self, commit: asyncio.Future[None]) -> None:
        """Answer and publish a batch that is durable, then commit what was executed meanwhile."""
        if self._failed or commit.cancelled():
            return
        batch, self._in_flight = self._in_flight, []
        error = commit.exception()
        if error is not None:
            self._fail(batch[0].applied.seq, f"{type(error).__name__}: {error}\n")
            return
        self.seq = batch[-1].applied.seq
        assert self._loop is not None, "only a started sequencer commits"
        self._commit_lag_ms = (self._loop.time() - batch[0].started) * MS_PER_SECOND
        self._answer(batch)
        self._publish([executed.applied for executed in batch])
        if not self._failed:
            self._commit()

    def _answer(self, batch: Sequence["_Executed"]) -> None:
        """Resolve those who wait. They run in later turns of the loop, when the listeners have seen the batch, too."""
        for executed in batch:
            if executed.future is not None and not executed.future.done():  # done: its caller was cancelled
                executed.future.set_result(executed.applied)
        while self._readers and self._readers[0][0] <= self.seq:
            reader = self._readers.popleft()[1]
            if not reader.done():
                reader.set_result(None)

    def _publish(self, batch: Sequence[Applied]) -> None:
        for listener in self._listeners:
            try:
                listener(batch)
            except DerivedFileError as error:  # nothing of ours is wrong: the reason alone is of use
                self._fail(batch[0].seq, str(error))
                return
            except Exception:  # noqa: BLE001 - a projection that missed a batch is wrong for ever; recovery rebuilds it
                self._fail(batch[0].seq, traceback.format_exc())
                return

    def _set_timer(self) -> None:
        """Come back when the venue has something to do by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.venue.next_due
        if due != NEVER and self._open and self._loop is not None:
            delay = max(0, due - self._clock.now()) / SECOND
            self._timer = self._loop.call_later(delay, self.wake)

    def _halt(self) -> None:
        """Execute nothing more."""
        self._open = False
        self._halted = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fail(self, seq: int, reason: str) -> None:
        """Answer nothing more and say why."""
        self._failed = True
        self._halt()
        self._on_fatal(
            f"margincall: stopped at sequence number {seq}, the last durable one is {self.seq}; "
            f"a restart recovers to it. Reason: {reason.rstrip()}\n"
        )


@dataclass(slots=True)
class _Executed:
    """A command between its execution and its commit. `started` is the loop's time in seconds."""

    applied: Applied
    data: bytes
    future: asyncio.Future[Applied] | None
    event_hash: bytes
    started: float


def _row(batch: Sequence[_Executed]) -> Batch:
    last = batch[-1]
    return Batch(
        first_seq=batch[0].applied.seq,
        last_seq=last.applied.seq,
        ts=last.applied.ts,
        entries=encode_entries([(executed.applied.ts, executed.data) for executed in batch]),
        event_hash=last.event_hash,
    )
