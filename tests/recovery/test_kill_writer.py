"""SIGKILL of the single writer under load: whatever left it is in the journal, once, with the same events."""

import random
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from exchange.journal.recovery import Applied, recover, replay, verify
from exchange.journal.store import Journal
from exchange.runtime.app import open_app
from exchange.runtime.settings import Settings

LINES_MAX = 1_500


def lines_until_killed(data: Path, seed: int) -> list[tuple[str, Applied]]:
    """Run the writer, kill it after a random number of lines, and return every whole line that it printed."""
    wanted = random.Random(seed).randrange(100, LINES_MAX)
    command = [sys.executable, "-m", "tests.recovery.writer", str(data), str(seed)]
    found: list[bytes] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while len(found) < wanted:
            line = process.stdout.readline()
            assert line, "the writer ended by itself"
            found.append(line)
        process.kill()
        found.extend(process.stdout)
    assert process.returncode == -9
    parts = [line.decode().split(" ", 1) for line in found if line.endswith(b"\n")]
    return [(word, msgspec.json.decode(text, type=Applied)) for word, text in parts]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_what_left_a_killed_writer_is_there_once(tmp_path: Path, seed: int) -> None:
    left: list[tuple[str, Applied]] = []
    for round_ in range(3):  # the same venue is killed again and again
        left += lines_until_killed(tmp_path, 10 * seed + round_)
        kept: list[Applied] = []
        with Journal(tmp_path) as journal:
            recover(journal, [kept.extend])
        by_seq = {applied.seq: applied for applied in kept}
        assert list(by_seq) == list(range(1, len(kept) + 1))
        assert all(by_seq[applied.seq] == applied for _, applied in left)
        published = [applied.seq for word, applied in left if word == "event"]
        assert published == sorted(set(published)), "published once and in order, over all lives"
        answered = [applied.seq for word, applied in left if word == "answer"]
        assert len(answered) == len(set(answered))
    assert verify(tmp_path).problems == ()
    before = replay(tmp_path)
    app = open_app(Settings(tmp_path))
    assert app.history.seq == app.sequencer.seq == before.seq
    await app.close()
