"""From the journal back to the venue: what recovery rebuilds, and how loudly it says that something was changed."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from exchange.core.commands import Annotate, Resume
from exchange.core.snapshot import state_hash
from exchange.journal import store
from exchange.journal.codec import GENESIS
from exchange.journal.errors import CoreRevisionError, CorruptJournalError, DivergenceError
from exchange.journal.recovery import Applied, recover, replay, verify
from exchange.journal.store import Journal, JournalReader
from tests.journal.life import life
from tests.journal.recording import START, record

MINUTE = [entry for entry in life() if entry[0] < START + 60 * 10**9]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the first minute of the scripted life."""
    record(tmp_path, MINUTE)
    return tmp_path


def alter(data: Path, sql: str, *values: object) -> None:
    """Change a journal behind its back."""
    with sqlite3.connect(data / store.JOURNAL_NAME) as connection:
        connection.execute(sql, values)
    connection.close()


# ----------------------------------------------------------------------------------------------------------- recovering


def test_recovery_rebuilds_the_venue_and_goes_on_where_it_ended(data: Path) -> None:
    report = replay(data)
    with Journal(data) as journal:
        recovered = recover(journal)
        assert (recovered.seq, recovered.ts) == (report.seq, report.ts)
        assert recovered.event_hash.hex() == report.event_hash
        assert state_hash(recovered.venue.state) == report.state_hash
        assert recovered.journal is journal


def test_listeners_hear_every_command_once_in_order_batch_by_batch(data: Path) -> None:
    heard: list[list[Applied]] = []

    def listener(batch: Sequence[Applied]) -> None:
        heard.append(list(batch))

    with Journal(data) as journal:
        recovered = recover(journal, [listener])
        rows = [(row.first_seq, row.last_seq) for row in journal.batches()]
    assert [(batch[0].seq, batch[-1].seq) for batch in heard] == rows
    assert [applied.seq for batch in heard for applied in batch] == list(range(1, recovered.seq + 1))
    assert isinstance(heard[0][0].command, Resume)
    assert heard[-1][-1].ts == recovered.ts
    assert sum(len(applied.events) for batch in heard for applied in batch) > recovered.seq


def test_the_hash_does_not_depend_on_who_shared_a_batch(tmp_path: Path) -> None:
    reports = []
    for size in (1, 7, 10_000):
        record(tmp_path / str(size), MINUTE, batch_size=size)
        reports.append(replay(tmp_path / str(size)))
    assert len({report.event_hash for report in reports}) == 1
    assert len({report.state_hash for report in reports}) == 1
    assert reports[0].batches == reports[0].seq
    assert reports[2].batches == 1


def test_an_empty_journal_is_a_venue_before_its_first_command(tmp_path: Path) -> None:
    record(tmp_path, [])
    report = replay(tmp_path)
    assert (report.seq, report.batches, report.ts, report.event_hash) == (0, 0, 0, GENESIS.hex())
    assert verify(tmp_path).problems == ()


def test_replaying_reads_while_a_venue_writes(data: Path) -> None:
    with Journal(data):
        assert replay(data).seq == verify(data).seq


# ------------------------------------------------------------------------------------------------------------ diverging


def test_an_altered_hash_is_located(data: Path) -> None:
    alter(data, "UPDATE batches SET event_hash = zeroblob(32) WHERE first_seq = 7")
    with pytest.raises(DivergenceError, match="sequence numbers 7-9") as caught:
        replay(data)
    assert (caught.value.first_seq, caught.value.last_seq) == (7, 9)
    with Journal(data) as journal, pytest.raises(DivergenceError):
        recover(journal)


def test_an_altered_command_is_located_by_replay_and_by_verify(data: Path) -> None:
    alter(data, "UPDATE batches SET entries = replace(entries, 'usual', 'other') WHERE first_seq = 4")
    assert replay(data).seq == verify(data).seq  # the pattern was not there: nothing is altered
    alter(data, "UPDATE batches SET entries = replace(entries, '\"long at', '\"l0ng at') WHERE first_seq = 4")
    with pytest.raises(DivergenceError, match="sequence numbers 4-6"):
        replay(data)
    report = verify(data)
    assert report.problems == ("sequence numbers 4-6: the stored commands do not match their hash",)


def test_a_refused_command_cannot_be_altered_unseen(data: Path) -> None:
    # Its event does not tell what was asked for, so that replaying sees nothing; the hash of the commands does.
    alter(data, "UPDATE batches SET entries = replace(entries, '\"order_id\":999999', '\"order_id\":888888')")
    assert replay(data).seq > 0
    assert len(verify(data).problems) == 1


def test_a_command_that_the_core_fails_on_is_located(data: Path) -> None:
    alter(data, 'UPDATE batches SET entries = replace(entries, \'{"type":"resume"}\', \'{"type":"tick"}\')')
    with pytest.raises(DivergenceError, match=r"sequence number 1: the core fails on Tick\(\)"):
        replay(data)


def test_another_core_revision_is_not_replayed_but_verified(data: Path) -> None:
    alter(data, "UPDATE header SET value = '7' WHERE name = 'core_revision'")
    with pytest.raises(CoreRevisionError):
        replay(data)
    report = verify(data)
    assert (report.core_revision, report.problems) == (7, ())


# ------------------------------------------------------------------------------------------------------------ verifying


def test_a_sound_journal_has_no_problems(data: Path) -> None:
    report = verify(data)
    with JournalReader(data) as reader:
        rows = list(reader.batches())
    assert report.problems == ()
    assert (report.seq, report.batches, report.ts) == (rows[-1].last_seq, len(rows), rows[-1].ts)


EARLY = '[[5,{"type":"tick"}],[5,{"type":"tick"}],[5,{"type":"tick"}]]'
Damage = tuple[str, str]
DAMAGES: dict[str, Damage] = {
    "a row is missing": ("DELETE FROM batches WHERE first_seq = 4", "follow 3: a gap"),
    "a command is missing": ("UPDATE batches SET last_seq = last_seq + 1 WHERE first_seq = 4", "hold 3 commands"),
    "no commands": ("UPDATE batches SET entries = '[]' WHERE first_seq = 4", "hold 0 commands"),
    "torn text": ("UPDATE batches SET entries = substr(entries, 1, 20) WHERE first_seq = 4", "cannot be read"),
    "unknown command": ("UPDATE batches SET entries = replace(entries, '_account', '_thing')", "cannot be read"),
    "time of the row": ("UPDATE batches SET ts = ts + 1 WHERE first_seq = 4", "not that of its last command"),
    "time goes backwards": (
        f"UPDATE batches SET ts = 5, entries = '{EARLY}' WHERE first_seq = 4",
        "time goes backwards",
    ),
}


@pytest.mark.parametrize("check", [replay, verify], ids=lambda check: check.__name__)
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_is_told(data: Path, damage: Damage, check: Callable[[Path], object]) -> None:
    sql, expected = damage
    alter(data, sql)
    if check is verify:
        assert any(expected in problem for problem in verify(data).problems)
    else:
        with pytest.raises(CorruptJournalError, match=expected):
            check(data)


def test_a_flipped_page_is_told_by_verify(data: Path) -> None:
    path = data / store.JOURNAL_NAME
    content = bytearray(path.read_bytes())
    content[-4096:] = bytes(4096)
    path.write_bytes(content)
    assert verify(data).problems != ()


def test_time_may_stand_still(tmp_path: Path) -> None:
    record(tmp_path, [(START, Resume()), (START, Annotate("news", "a")), (START, Annotate("news", "b"))])
    assert verify(tmp_path).problems == ()
    assert replay(tmp_path).seq == 3
