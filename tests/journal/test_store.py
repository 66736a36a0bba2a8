"""The journal as a file: what it keeps, whom it lets in, and what it says when something is wrong with it."""

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from exchange.core.commands import Annotate, Resume
from exchange.core.rules import VenueRules
from exchange.core.units import Atoms
from exchange.journal import codec, store
from exchange.journal.errors import (
    CoreRevisionError,
    CorruptJournalError,
    DataFolderLockedError,
    DiskError,
    DiskFullError,
    FormatMismatchError,
    HeaderMismatchError,
    JournalError,
    JournalMissingError,
    StrayLogError,
)
from exchange.journal.store import Batch, Durability, Journal, JournalReader
from tests.journal.recording import START, header, record


def batch(seq: int, text: str = "hello") -> Batch:
    """A row of one annotation."""
    entries = codec.encode_entries([(START + seq, codec.encode_command(Annotate("news", text)))])
    return Batch(seq, seq, START + seq, entries, bytes([seq % 256]) * codec.HASH_BYTES)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with an empty journal."""
    store.create(tmp_path / "data", header())
    return tmp_path / "data"


def alter(data: Path, sql: str, *values: object) -> None:
    """Change a journal behind its back."""
    with sqlite3.connect(data / store.JOURNAL_NAME) as connection:
        connection.execute(sql, values)
    connection.close()


# -------------------------------------------------------------------------------------------------------------- keeping


def test_rows_come_back_as_they_were_appended(data: Path) -> None:
    with Journal(data) as journal:
        assert list(journal.batches()) == []
        for seq in (1, 2, 3):
            journal.append(batch(seq))
    with JournalReader(data) as reader:
        found = list(reader.batches())
        assert reader.last_seq() == 3
        assert [row.first_seq for row in reader.batches(after_seq=1)] == [2, 3]
    assert [(row.first_seq, row.ts, row.entries, row.event_hash) for row in found] == [
        (row.first_seq, row.ts, row.entries, row.event_hash) for row in map(batch, (1, 2, 3))
    ]


def test_the_hash_of_the_commands_runs_across_openings(data: Path) -> None:
    expected = codec.GENESIS
    for seq in (1, 2, 3):
        with Journal(data) as journal:
            journal.append(batch(seq))
        expected = codec.hash_entries(expected, batch(seq).entries)
    with JournalReader(data) as reader:
        assert [row.entries_hash for row in reader.batches()][-1] == expected


def test_reading_goes_on_in_portions(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BATCHES_PER_READ", 2)
    with Journal(data) as journal:
        for seq in range(1, 6):
            journal.append(batch(seq))
        assert [row.first_seq for row in journal.batches()] == [1, 2, 3, 4, 5]


def test_a_reader_sees_the_header(data: Path) -> None:
    with JournalReader(data) as reader:
        assert reader.header == header()
        assert reader.core_revision == codec.CORE_REVISION


def test_every_journal_has_an_id_of_its_own_and_keeps_it(data: Path, tmp_path: Path) -> None:
    store.create(tmp_path / "other", header())
    with JournalReader(data) as one, JournalReader(tmp_path / "other") as other:
        assert len({one.venue_id, other.venue_id, ""}) == 3
        found = one.venue_id
    with Journal(data) as again:
        assert again.venue_id == found
    alter(data, "DELETE FROM header WHERE name = 'venue_id'")
    with pytest.raises(CorruptJournalError, match="its header cannot be read: 'venue_id'"):
        JournalReader(data)


def test_a_reader_does_not_wait_for_the_writer(data: Path) -> None:
    with Journal(data) as journal, JournalReader(data) as reader:
        journal.append(batch(1))
        assert [row.first_seq for row in reader.batches()] == [1]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader._connection.execute("DELETE FROM batches")


@pytest.mark.parametrize(("durability", "level"), [(Durability.COMMIT, 2), (Durability.RELAXED, 1)])
def test_durability_is_what_sqlite_is_told(data: Path, durability: Durability, level: int) -> None:
    with Journal(data, durability) as journal:
        assert journal._connection.execute("PRAGMA synchronous").fetchone() == (level,)
        assert journal._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_commands_can_be_read_with_plain_sql(tmp_path: Path) -> None:
    record(tmp_path, [(START, Resume()), (START + 1, Annotate("news", "hello"))])
    connection = sqlite3.connect(tmp_path / store.JOURNAL_NAME)
    found = connection.execute("SELECT seq, ts, type, json_extract(command, '$.text') FROM commands").fetchall()
    connection.close()
    assert found == [(1, START, "resume", None), (2, START + 1, "annotate", "hello")]


# -------------------------------------------------------------------------------------------------------------- opening


def test_a_missing_journal_says_how_to_begin_one(tmp_path: Path) -> None:
    for opening in (Journal, JournalReader):
        with pytest.raises(JournalMissingError, match="margincall serve"):
            opening(tmp_path)


def test_a_journal_is_not_begun_twice(data: Path) -> None:
    with pytest.raises(JournalError, match="already"):
        store.create(data, header())


def test_a_half_made_journal_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "journal.new").write_bytes(b"a crash left this")
    store.create(tmp_path, header())
    with JournalReader(tmp_path) as reader:
        assert reader.last_seq() == 0


def test_one_process_at_a_time(data: Path) -> None:
    code = "import sys, pathlib; from exchange.journal.store import Journal; Journal(pathlib.Path(sys.argv[1]))"
    with Journal(data):
        done = subprocess.run([sys.executable, "-c", code, str(data)], check=False, capture_output=True, text=True)
        assert done.returncode == 1
        assert f"DataFolderLockedError: data folder {data} is in use by process {os.getpid()}: stop it" in done.stderr
        with pytest.raises(DataFolderLockedError):
            Journal(data)
    Journal(data).close()


@pytest.mark.parametrize("opening", [Journal, JournalReader])
def test_another_format_is_refused(data: Path, opening: Callable[[Path], JournalReader]) -> None:
    alter(data, "UPDATE header SET value = '99' WHERE name = 'format_version'")
    with pytest.raises(FormatMismatchError, match="format 99, this release reads format 1: use the release"):
        opening(data)


def test_another_core_revision_is_refused_with_the_way_out(data: Path) -> None:
    alter(data, "UPDATE header SET value = '7' WHERE name = 'core_revision'")
    with pytest.raises(
        CoreRevisionError,
        match=rf"revision 7, this is revision {codec.CORE_REVISION}.*use the version .* that wrote it",
    ):
        Journal(data)
    with JournalReader(data) as reader:  # looking is allowed
        assert reader.core_revision == 7
    alter(data, f"UPDATE header SET value = '{codec.CORE_REVISION}' WHERE name = 'core_revision'")
    Journal(data).close()  # the refusal has let the folder go


def test_differences_name_the_field() -> None:
    mine = header()
    contracts = (msgspec.structs.replace(mine.contracts[0], taker_fee=77), mine.contracts[1])
    other = msgspec.structs.replace(mine, rules=VenueRules(fund_seed=Atoms(5)), contracts=contracts)
    assert mine.differences(mine) == ()
    assert mine.differences(other) == (
        f"rules.fund_seed: journal {mine.rules.fund_seed}, now 5",
        "contracts.BTCUSDT.taker_fee: journal 50000, now 77",
    )
    error = HeaderMismatchError(Path("x"), mine.differences(other))
    assert error.fields == mine.differences(other)
    assert "contracts.BTCUSDT.taker_fee" in str(error)


def test_differences_see_a_missing_contract_and_another_order() -> None:
    mine = header()
    fewer = msgspec.structs.replace(mine, contracts=mine.contracts[:1])
    assert "contracts.ETHUSDT.symbol: journal 'ETHUSDT', now nothing" in mine.differences(fewer)
    turned = msgspec.structs.replace(mine, contracts=mine.contracts[::-1])
    assert mine.differences(turned) == (
        "order of contracts: journal ['BTCUSDT', 'ETHUSDT'], now ['ETHUSDT', 'BTCUSDT']",
    )


# --------------------------------------------------------------------------------------------------------------- damage


@pytest.mark.parametrize("size", [0, 50, 100, 5_000])
def test_a_torn_file_is_told(data: Path, size: int) -> None:
    with Journal(data) as journal:
        for seq in range(1, 50):
            journal.append(batch(seq))
    path = data / store.JOURNAL_NAME
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CorruptJournalError, match="margincall verify"), Journal(data) as journal:
        list(journal.batches())
    assert path.stat().st_size == size, "nothing was changed"


@pytest.mark.parametrize("cut", [0, 31, 32, 5_000, 20_000, -1])
def test_a_torn_tail_of_the_log_loses_the_tail_only(data: Path, tmp_path: Path, cut: int) -> None:
    """What a power cut can leave under relaxed durability: a log that ends in the middle of a commit."""
    torn = tmp_path / "torn"
    torn.mkdir()
    with Journal(data, Durability.RELAXED) as journal:
        for seq in range(1, 21):
            journal.append(batch(seq))
        log = (data / f"{store.JOURNAL_NAME}-wal").read_bytes()
        (torn / store.JOURNAL_NAME).write_bytes((data / store.JOURNAL_NAME).read_bytes())
    (torn / f"{store.JOURNAL_NAME}-wal").write_bytes(log[:cut])
    with Journal(torn) as journal:
        kept = journal.last_seq()
        assert kept == 0 if cut <= 32 and cut >= 0 else 0 < kept < 20
        journal.append(batch(kept + 1))
    expected = codec.GENESIS
    with JournalReader(torn) as reader:
        for seq, row in enumerate(reader.batches(), 1):
            expected = codec.hash_entries(expected, batch(seq).entries)
            assert (row.first_seq, row.entries_hash) == (seq, expected)
        assert reader.last_seq() == kept + 1


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_a_new_journal_does_not_swallow_the_log_of_a_lost_one(data: Path, tmp_path: Path, suffix: str) -> None:
    with Journal(data) as journal:
        for seq in range(1, 4):
            journal.append(batch(seq))
        log = (data / f"{store.JOURNAL_NAME}{suffix}").read_bytes()
    lost = tmp_path / "lost"
    lost.mkdir()
    (lost / f"{store.JOURNAL_NAME}{suffix}").write_bytes(log)
    with pytest.raises(StrayLogError, match=f"{suffix} holds the last commands .* move this file away"):
        store.create(lost, header())
    assert [file.name for file in lost.iterdir() if file.name != "lock"] == [f"{store.JOURNAL_NAME}{suffix}"]
    assert (lost / f"{store.JOURNAL_NAME}{suffix}").read_bytes() == log


def test_a_file_that_is_no_journal_is_told(data: Path) -> None:
    (data / store.JOURNAL_NAME).write_text("these are my shopping notes, " * 200)
    with pytest.raises(CorruptJournalError, match="not a database"):
        JournalReader(data)


def test_a_header_that_an_older_core_wrote_is_not_called_damaged(data: Path) -> None:
    alter(data, "UPDATE header SET value = '1' WHERE name = 'core_revision'")
    alter(data, 'UPDATE header SET value = \'[{"symbol": "BTCUSDT", "funding_rate": 1}]\' WHERE name = \'contracts\'')
    with pytest.raises(CoreRevisionError, match="written by core revision 1"):
        JournalReader(data)


@pytest.mark.parametrize("name", ["format_version", "core_revision", "rules", "contracts", "settings"])
@pytest.mark.parametrize("sql", ["DELETE FROM header WHERE name = ?", "UPDATE header SET value = '{' WHERE name = ?"])
def test_a_damaged_header_is_told(data: Path, name: str, sql: str) -> None:
    alter(data, sql, name)
    with pytest.raises(CorruptJournalError, match="header"):
        JournalReader(data)


@pytest.mark.parametrize("value", [b"\xff\xfe", None])
def test_a_row_of_wrong_types_is_told(data: Path, value: object) -> None:
    with Journal(data) as journal:
        journal.append(batch(1))
    # The schema refuses a NULL; who alters the file may alter the schema.
    alter(data, "CREATE TABLE other AS SELECT * FROM batches")
    alter(data, "DROP VIEW commands")
    alter(data, "DROP TABLE batches")
    alter(data, "ALTER TABLE other RENAME TO batches")
    alter(data, "UPDATE batches SET entries = ?", value)
    with JournalReader(data) as reader, pytest.raises(CorruptJournalError, match="wrong types"):
        list(reader.batches())


def test_text_that_is_no_unicode_is_told(data: Path) -> None:
    with Journal(data) as journal:
        journal.append(batch(1))
    alter(data, "UPDATE batches SET entries = CAST(? AS TEXT)", b"\xff\xfe\xfd")
    with JournalReader(data) as reader, pytest.raises(CorruptJournalError, match="UTF-8"):
        list(reader.batches())


def test_a_sequence_number_is_not_written_twice(data: Path) -> None:
    with Journal(data) as journal:
        journal.append(batch(1))
        with pytest.raises(DiskError, match="UNIQUE"):
            journal.append(batch(1))


def fill(journal: Journal) -> None:
    """Append until the disk is full."""
    for seq in range(2, 1_000):
        journal.append(batch(seq, "x" * 1_000))


def test_a_full_disk_is_told_and_what_was_committed_stays(data: Path) -> None:
    with Journal(data) as journal:
        journal.append(batch(1))
        journal._connection.execute("PRAGMA max_page_count = 10")
        with pytest.raises(DiskFullError, match=r"no space is left .* free some and start again"):
            fill(journal)
        kept = journal.last_seq()
        assert kept < 20
    with Journal(data) as journal:
        assert journal.last_seq() == kept
        journal.append(batch(kept + 1))  # the chain of hashes goes on from what was committed
        rows = list(journal.batches())
    chained = codec.GENESIS
    for row in rows:
        chained = codec.hash_entries(chained, row.entries)
        assert row.entries_hash == chained


FILL = """
import resource, sys
from pathlib import Path
from exchange.journal.errors import DiskError
from exchange.journal.store import Journal
from tests.journal.test_store import batch

journal = Journal(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
for seq in range(1, 1_000):
    try:
        journal.append(batch(seq, "x" * 1_000))
    except DiskError as error:
        print(seq - 1, error)
        sys.exit(3)
"""


def test_a_file_that_may_not_grow_is_told(data: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    done = subprocess.run([sys.executable, "-c", FILL, str(data)], check=False, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    committed, reason = done.stdout.split(maxsplit=1)
    assert reason.startswith(f"cannot use {data / store.JOURNAL_NAME}: ")
    with Journal(data) as journal:
        assert journal.last_seq() == int(committed) > 10
