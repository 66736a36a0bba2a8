"""The journal as a SQLite file: one header, one row per committed batch. It stores and reads; it executes nothing."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Self

import msgspec

from exchange.journal.codec import CORE_REVISION, FORMAT_VERSION, GENESIS, hash_entries
from exchange.journal.disk import sync
from exchange.journal.errors import (
    CoreRevisionError,
    CorruptJournalError,
    DiskError,
    DiskFullError,
    FormatMismatchError,
    JournalError,
    JournalMissingError,
    ReadOnlyFolderError,
    StrayLogError,
)
from exchange.journal.header import Header
from exchange.journal.lock import FolderLock

JOURNAL_NAME = "journal.sqlite"
VENUE_ID_BYTES = 16
BATCHES_PER_READ = 256  # a reader holds no transaction for longer, so that the live venue can checkpoint

SCHEMA = """
CREATE TABLE header (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE batches (
    first_seq INTEGER PRIMARY KEY,
    last_seq INTEGER NOT NULL,
    ts INTEGER NOT NULL,
    entries TEXT NOT NULL,
    entries_hash BLOB NOT NULL,
    event_hash BLOB NOT NULL
);
CREATE VIEW commands AS
SELECT
    first_seq + key AS seq,
    json_extract(value, '$[0]') AS ts,
    json_extract(value, '$[1].type') AS type,
    json_extract(value, '$[1]') AS command
FROM batches, json_each(entries);
"""


class Durability(Enum):
    """When a batch counts as committed: on the disk, or with the operating system (outlives a kill, no power cut)."""

    COMMIT = "commit"
    RELAXED = "relaxed"


LOG_SUFFIXES = ("-wal", "-shm")  # of the files that SQLite keeps beside a journal
SYNCHRONOUS = {Durability.COMMIT: "FULL", Durability.RELAXED: "NORMAL"}


@dataclass(frozen=True, slots=True)
class Batch:
    """One row. `ts` is the time of its last entry in nanoseconds, `entries` JSON text (codec); the hashes run."""

    first_seq: int
    last_seq: int
    ts: int
    entries: str
    event_hash: bytes
    entries_hash: bytes = b""


def create(data: Path, header: Header) -> None:
    """Begin a journal in folder `data`, which is made if need be. It is there whole or not at all.

    Raises JournalError when there is one already, StrayLogError when only its log is left, DiskError when it cannot be
    written.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FolderLock(data)
    try:
        path = data / JOURNAL_NAME
        if path.exists():
            raise JournalError(f"there is a journal at {path} already")
        for suffix in LOG_SUFFIXES:
            log = path.with_name(path.name + suffix)
            if log.exists():
                raise StrayLogError(log, path)
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        own = {"format_version": str(FORMAT_VERSION), "core_revision": str(CORE_REVISION)}
        rows = {**own, "venue_id": msgspec.json.encode(secrets.token_hex(VENUE_ID_BYTES)).decode(), **header.rows()}
        with _translated(path):
            connection = sqlite3.connect(unfinished, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")
            connection.executemany("INSERT INTO header VALUES (?, ?)", rows.items())
            connection.close()
        sync(unfinished)
        unfinished.rename(path)
        sync(data)
    finally:
        lock.release()


class JournalReader:
    """A journal opened for reading; a venue may be writing it at the same time.

    `venue_id` is a text made at random when the journal was begun, so that other files can tell whether they belong to
    it.
    """

    def __init__(self, data: Path) -> None:
        """Open the journal of folder `data` and check its header.

        Raises JournalMissingError, CorruptJournalError, FormatMismatchError, ReadOnlyFolderError, DiskError, and
        CoreRevisionError when another revision wrote a header that this one cannot read.
        """
        self.path = data / JOURNAL_NAME
        with _translated(self.path):
            if not self.path.exists():
                raise JournalMissingError(self.path)
            self._connection = self._connect()
        try:
            self.core_revision, self.venue_id, self.header = self._read_header()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def require_revision(self) -> None:
        """Raise CoreRevisionError unless this core does with the commands what the recording one did."""
        if self.core_revision != CORE_REVISION:
            raise CoreRevisionError(self.path, self.core_revision, CORE_REVISION)

    def last_seq(self) -> int:
        """Return the last committed sequence number, 0 when there is none."""
        with _translated(self.path):
            return int(self._connection.execute("SELECT coalesce(max(last_seq), 0) FROM batches").fetchone()[0])

    def batches(self, after_seq: int = 0) -> Iterator[Batch]:
        """Yield the batches whose first sequence number is beyond `after_seq`, in order."""
        while True:
            with _translated(self.path):
                rows = self._connection.execute(
                    "SELECT first_seq, last_seq, ts, entries, event_hash, entries_hash FROM batches"
                    " WHERE first_seq > ? ORDER BY first_seq LIMIT ?",
                    (after_seq, BATCHES_PER_READ),
                ).fetchall()
            for row in rows:
                if tuple(type(value) for value in row) != _ROW_TYPES:
                    raise CorruptJournalError(self.path, f"the row of sequence number {row[0]} holds wrong types")
                yield Batch(*row)
            if len(rows) < BATCHES_PER_READ:
                return
            after_seq = rows[-1][0]

    def integrity_problems(self) -> list[str]:
        """Return what SQLite finds wrong with the file, empty when it is whole."""
        try:
            found = [str(row[0]) for row in self._connection.execute("PRAGMA integrity_check")]
        except sqlite3.Error as error:
            return [str(error)]
        return [] if found == ["ok"] else found

    def _connect(self) -> sqlite3.Connection:
        uri = f"{self.path.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        try:
            connection.execute("PRAGMA schema_version")  # the first look needs files beside this one
        except sqlite3.Error as error:
            connection.close()
            if _primary(error) not in _MAY_NOT_WRITE:
                raise
            log = self.path.with_name(self.path.name + "-wal")
            if log.exists() and log.stat().st_size > 0:
                raise ReadOnlyFolderError(self.path) from error
            # Where nothing may be written, and with no log, nobody changes the file: without that, SQLite takes locks.
            return sqlite3.connect(f"{uri}&immutable=1", uri=True, isolation_level=None)
        return connection

    def _read_header(self) -> tuple[int, str, Header]:
        try:
            with _translated(self.path):
                rows = dict(self._connection.execute("SELECT name, value FROM header").fetchall())
            version = int(rows["format_version"])
            if version != FORMAT_VERSION:
                raise FormatMismatchError(self.path, version, FORMAT_VERSION)
            venue_id = msgspec.json.decode(rows["venue_id"], type=str)
            revision = int(rows["core_revision"])
            try:
                return revision, venue_id, Header.from_rows(rows)
            except (KeyError, ValueError, msgspec.DecodeError) as error:
                if revision != CORE_REVISION:  # its contracts had other fields then: that is no damage
                    raise CoreRevisionError(self.path, revision, CORE_REVISION) from error
                raise
        except (KeyError, ValueError, msgspec.DecodeError) as error:
            raise CorruptJournalError(self.path, f"its header cannot be read: {error}") from error


class Journal(JournalReader):
    """The journal of the venue at work: appends, and keeps the data folder locked until closed.

    `append` may be called from one other thread at a time.
    """

    def __init__(self, data: Path, durability: Durability = Durability.COMMIT) -> None:
        """Open for writing. Raises what JournalReader raises, DataFolderLockedError and CoreRevisionError."""
        self._durability = durability
        with _translated(data / JOURNAL_NAME):
            if not (data / JOURNAL_NAME).exists():
                raise JournalMissingError(data / JOURNAL_NAME)
            self._lock = FolderLock(data)
        try:
            super().__init__(data)
            self.require_revision()
            with _translated(self.path):
                last = self._connection.execute(
                    "SELECT entries_hash FROM batches ORDER BY first_seq DESC LIMIT 1"
                ).fetchone()
        except BaseException:
            self._lock.release()
            raise
        self._entries_hash: bytes = last[0] if last else GENESIS

    def append(self, batch: Batch) -> None:
        """Commit one batch; when this returns, it is durable. Raises DiskError, DiskFullError, CorruptJournalError."""
        entries_hash = hash_entries(self._entries_hash, batch.entries)
        with _translated(self.path):
            self._connection.execute(
                "INSERT INTO batches (first_seq, last_seq, ts, entries, entries_hash, event_hash)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (batch.first_seq, batch.last_seq, batch.ts, batch.entries, entries_hash, batch.event_hash),
            )
        self._entries_hash = entries_hash

    def close(self) -> None:
        """Close the file and let the data folder go."""
        super().close()
        self._lock.release()

    def _connect(self) -> sqlite3.Connection:
        uri = f"{self.path.resolve().as_uri()}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS[self._durability]}")
        return connection


_ROW_TYPES = (int, int, int, str, bytes, bytes)
_MAY_NOT_WRITE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Raise SQLite's errors as ours: damage (a missing table, too), a full disk, any other failure of the disk."""
    try:
        yield
    except OSError as error:
        raise DiskError(path, error.strerror or str(error)) from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if _primary(error) in _DAMAGE or code == sqlite3.SQLITE_IOERR_SHORT_READ:
            raise CorruptJournalError(path, str(error)) from error
        if _primary(error) == sqlite3.SQLITE_FULL:
            raise DiskFullError(path, str(error)) from error
        hint = "; is there space left?" if _primary(error) == sqlite3.SQLITE_IOERR else ""
        raise DiskError(path, f"{error}{hint}") from error


def _primary(error: sqlite3.Error) -> int:
    """Return the primary code of an error: extended codes end in it."""
    # Without a code it is Python that cannot make text of what it read.
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & 0xFF
