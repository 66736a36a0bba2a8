"""A journal where nothing may be written: a backup, a share, a medium. Reading must do, or say what would do.

A real folder without the right to write, looked at without the rights of root: for root every folder can be written.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exchange.core.commands import Annotate, Resume
from exchange.journal.errors import DiskError, ReadOnlyFolderError
from exchange.journal.recovery import replay, verify
from exchange.journal.store import JOURNAL_NAME, Journal, JournalReader
from tests.journal.recording import START, record

NOBODY = 65_534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, with a journal that was closed in order."""
    found = Path(tempfile.mkdtemp())
    data = found / "data"
    record(data, [(START, Resume()), (START + 1, Annotate("news", "hello"))])
    found.chmod(0o755)
    yield data
    data.chmod(0o755)
    shutil.rmtree(found)


@contextmanager
def reading_only(data: Path, mode: int = 0o555) -> Iterator[None]:
    """Take away every right to write in the folder, and be nobody; `mode` is what is left for the folder."""
    for file in data.iterdir():
        file.chmod(0o444)
    data.chmod(mode)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        with pytest.raises(PermissionError):
            (data / "new").touch()
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_journal_that_was_closed_in_order_is_read(folder: Path) -> None:
    expected = replay(folder)
    with reading_only(folder):
        assert replay(folder) == expected
        report = verify(folder)
    assert (report.seq, report.problems) == (2, ())


def test_an_empty_log_is_none(folder: Path) -> None:
    (folder / f"{JOURNAL_NAME}-wal").touch()
    with reading_only(folder):
        assert replay(folder).seq == 2


def test_a_log_that_cannot_be_read_is_told_with_the_way_out(folder: Path) -> None:
    log = folder / f"{JOURNAL_NAME}-wal"
    with sqlite3.connect(folder / JOURNAL_NAME, isolation_level=None) as connection:
        connection.execute("INSERT INTO header VALUES ('note', '1')")
        kept = log.read_bytes()
    connection.close()
    assert kept
    log.write_bytes(kept)
    with reading_only(folder), pytest.raises(ReadOnlyFolderError, match=r"-wal.*copy the whole folder"):
        replay(folder)
    copy = folder.parent / "copy"
    shutil.copytree(folder, copy)
    assert verify(copy).seq == 2


def test_where_writing_is_allowed_the_file_may_change_while_it_is_read(folder: Path) -> None:
    with JournalReader(folder) as reader, Journal(folder) as journal:
        journal._connection.execute("DELETE FROM batches")
        assert reader.last_seq() == 0


def test_a_folder_that_may_not_be_entered_is_told(folder: Path) -> None:
    with reading_only(folder, mode=0):
        for look in (replay, verify):
            with pytest.raises(DiskError, match="Permission denied"):
                look(folder)
