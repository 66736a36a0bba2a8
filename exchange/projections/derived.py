"""A SQLite file that is derived from the journal: whole when opened, its failures named. It knows no tables.

Nothing in it is of any worth by itself, so a damaged one is deleted and made anew, never repaired.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BUSY_MS_MAX = 20  # to wait for another process that writes the file: the venue's loop stands still meanwhile
MS_PER_SECOND = 1000
FILE_SUFFIXES = ("", "-wal", "-shm")
Row = tuple[Any, ...]  # as sqlite3 gives it

_NO_DAMAGE = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR}
)  # of the place where the file is
_UNREADABLE = frozenset(
    {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}
)  # of the place, too, but gone with the file


class DerivedFileError(Exception):
    """The file cannot be used now, though it may be sound; the text is meant for the person at the terminal."""


class BusyFileError(DerivedFileError):
    """Another process is writing the file."""


class DamagedFileError(DerivedFileError):
    """The file is damaged or is none of ours, for this `reason`: it has to be made anew."""

    def __init__(self, path: Path | None, reason: str) -> None:
        self.reason = reason
        way_out = "it is made anew from the journal at the next start"
        super().__init__(f"{path} is damaged: {reason}; delete it, with its -wal and -shm: {way_out}")


class DerivedFile:
    """An open file, or a database in memory when there is no path.

    `damage` is the first damage that was found, by a reader or a writer, or None.
    """

    def __init__(self, path: Path | None) -> None:
        """Open or make it, and check its pages (about 0.2 s for 100 MB). Raises DerivedFileError."""
        self.path = path
        self.damage: DamagedFileError | None = None
        with self._translated():
            target = ":memory:" if path is None else path
            self._connection = sqlite3.connect(target, timeout=BUSY_MS_MAX / MS_PER_SECOND, isolation_level=None)
        try:
            self._check()
        except BaseException:
            self._connection.close()
            raise

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return what a query finds. Raises DerivedFileError."""
        with self._translated():
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for one transaction: all of it is written, or nothing. Raises DerivedFileError."""
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:  # it failed, and SQLite has not taken it back by itself
                    self._connection.execute("ROLLBACK")

    def damaged(self, reason: str) -> DamagedFileError:
        """Return the error of this damage, and remember it."""
        self.damage = DamagedFileError(self.path, " ".join(reason.split()))  # SQLite tells it in several lines
        return self.damage

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _check(self) -> None:
        """Set the connection up and look at every page."""
        self.rows("PRAGMA journal_mode=WAL")
        self.rows("PRAGMA synchronous=OFF")  # after a crash the journal is folded again
        problem = self.rows("PRAGMA quick_check(1)")[0][0]
        if problem != "ok":
            raise self.damaged(problem)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise SQLite's errors as ours: what passes or can be mended by itself, else damage."""
        try:
            yield
        except sqlite3.Error as error:
            # Without a code it is Python that cannot make text of what it read. Extended codes end in the primary one.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
            if code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise BusyFileError(f"cannot use {self.path}: another process is writing it ({error})") from error
            if code & 0xFF in _NO_DAMAGE and code not in _UNREADABLE:
                way_out = "free some space, or let it be written, and start again"
                raise DerivedFileError(f"cannot use {self.path}: {error}; {way_out}") from error
            raise self.damaged(str(error)) from error


def remove(path: Path) -> None:
    """Delete a derived file with what SQLite keeps beside it. Raises OSError."""
    for suffix in FILE_SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
