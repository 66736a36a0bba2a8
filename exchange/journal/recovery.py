"""From a journal back to a venue: recover, replay, verify. It executes what was recorded and adds nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from exchange.core.commands import Command
from exchange.core.events import Event
from exchange.core.policies.case import Custom
from exchange.core.snapshot import state_hash
from exchange.core.venue import Venue
from exchange.journal.codec import GENESIS, Entry, decode_entries, hash_entries, hash_events
from exchange.journal.errors import CorruptJournalError, DivergenceError
from exchange.journal.policies import policy_of
from exchange.journal.store import Batch, Journal, JournalReader


@dataclass(frozen=True, slots=True)
class Applied:
    """One command that was executed: its sequence number, its time in nanoseconds, and what it did."""

    seq: int
    ts: int
    command: Command
    events: tuple[Event, ...]


Listener = Callable[[Sequence[Applied]], None]  # called in order, once for each committed batch


@dataclass(frozen=True, slots=True)
class Recovered:
    """A venue as its journal tells it, and the journal, open and locked, to go on writing."""

    journal: Journal
    venue: Venue
    seq: int
    ts: int
    event_hash: bytes


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What replaying a whole journal gave. Hashes in hex; `ts` is the time of the last command in nanoseconds."""

    seq: int
    batches: int
    ts: int
    event_hash: str
    state_hash: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What the storage of a journal looks like; `problems` is empty when it is sound."""

    seq: int
    batches: int
    ts: int
    core_revision: int
    problems: tuple[str, ...]


def recover(journal: Journal, listeners: Sequence[Listener] = ()) -> Recovered:
    """Replay an open journal, telling each listener of each batch, and return the venue with which to go on.

    Raises CorruptJournalError, PolicyError when the user's own policy cannot be imported, or DivergenceError when the
    events are not the recorded ones; the journal stays open.
    """
    fold = _Fold(journal)
    for batch in journal.batches():
        applied = fold.execute(batch)
        for listener in listeners:
            listener(applied)
    return Recovered(journal, fold.venue, fold.seq, fold.ts, fold.event_hash)


def replay(data: Path) -> ReplayReport:
    """Replay the journal of folder `data` against its recorded hashes, reading only; a venue may be writing it.

    Raises a JournalError; DivergenceError at the first batch whose events are not the recorded ones.
    """
    with JournalReader(data) as journal:
        journal.require_revision()
        fold = _Fold(journal)
        for batch in journal.batches():
            fold.execute(batch)
    return ReplayReport(fold.seq, fold.batches, fold.ts, fold.event_hash.hex(), state_hash(fold.venue.state))


def verify(data: Path) -> VerifyReport:
    """Check the storage of the journal of folder `data`; execute nothing. Any core revision will do.

    Raises a JournalError only when the file cannot be opened as a journal of this format.
    """
    with JournalReader(data) as journal:
        problems = [f"storage: {problem}" for problem in journal.integrity_problems()]
        seq, ts, batches, entries_hash = 0, 0, 0, GENESIS
        try:
            for batch in journal.batches():
                problems += _batch_problems(batch, seq, ts, entries_hash)
                seq, ts, entries_hash = batch.last_seq, batch.ts, batch.entries_hash
                batches += 1
        except CorruptJournalError as error:
            problems.append(f"after sequence number {seq}: {error}")
        return VerifyReport(seq, batches, ts, journal.core_revision, tuple(problems))


class _Fold:
    """A venue on its way through a journal."""

    def __init__(self, journal: JournalReader) -> None:
        self._path = journal.path
        rules = journal.header.rules
        self._policy = rules.engine.liquidation
        self.venue = Venue(rules, journal.header.contracts, policy_of(rules))
        self.seq = 0
        self.ts = 0
        self.batches = 0
        self.event_hash = GENESIS

    def execute(self, batch: Batch) -> list[Applied]:
        """Execute one batch. Raises CorruptJournalError or DivergenceError."""
        entries = _entries(self._path, batch)
        problems = _sequence_problems(batch, entries, self.seq, self.ts)
        if problems:
            raise CorruptJournalError(self._path, problems[0])
        applied = [self._execute_one(ts, command) for ts, command in entries]
        if self.event_hash != batch.event_hash:
            reason = f"running hash {self.event_hash.hex()}, recorded {batch.event_hash.hex()}{self._doubt()}"
            raise DivergenceError(batch.first_seq, batch.last_seq, reason)
        self.batches += 1
        return applied

    def _execute_one(self, ts: int, command: Command) -> Applied:
        seq = self.seq + 1
        try:
            events = tuple(self.venue.execute(ts, command))
        except Exception as error:
            raise DivergenceError(seq, seq, f"the core fails on {command!r}: {error!r}{self._doubt()}") from error
        self.seq, self.ts = seq, ts
        self.event_hash = hash_events(self.event_hash, events)
        return Applied(seq, ts, command, events)

    def _doubt(self) -> str:
        """Return whom to ask first: the user's own policy may be another than it was."""
        own = self._policy
        return f" (has the policy {own.path} changed since?)" if isinstance(own, Custom) else ""


def _entries(path: Path, batch: Batch) -> list[Entry]:
    try:
        return decode_entries(batch.entries)
    except msgspec.DecodeError as error:
        reason = f"sequence numbers {batch.first_seq}-{batch.last_seq} cannot be read: {error}"
        raise CorruptJournalError(path, reason) from error


def _batch_problems(batch: Batch, seq: int, ts: int, entries_hash: bytes) -> list[str]:
    """Return what is wrong with a row that follows one with these last values."""
    where = f"sequence numbers {batch.first_seq}-{batch.last_seq}"
    problems = []
    if hash_entries(entries_hash, batch.entries) != batch.entries_hash:
        problems.append(f"{where}: the stored commands do not match their hash")
    try:
        entries = decode_entries(batch.entries)
    except msgspec.DecodeError as error:
        return [*problems, f"{where} cannot be read: {error}"]
    return problems + _sequence_problems(batch, entries, seq, ts)


def _sequence_problems(batch: Batch, entries: Sequence[Entry], seq: int, ts: int) -> list[str]:
    where = f"sequence numbers {batch.first_seq}-{batch.last_seq}"
    times = [entry[0] for entry in entries]
    checks = [
        (batch.first_seq == seq + 1, f"{where} follow {seq}: a gap"),
        (
            len(entries) > 0 and batch.last_seq - batch.first_seq + 1 == len(entries),
            f"{where} hold {len(entries)} commands",
        ),
        ([ts, *times] == sorted([ts, *times]), f"{where}: time goes backwards"),
        (not times or times[-1] == batch.ts, f"{where}: the time of the row is not that of its last command"),
    ]
    return [problem for holds, problem in checks if not holds]
