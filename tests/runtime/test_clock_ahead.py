"""Venue time that is ahead of the machine's clock stands still: that is right, and it is told."""

from pathlib import Path

import pytest

from exchange.core.commands import SetIndexPrice
from exchange.core.units import SECOND, Ticks
from exchange.runtime.sequencer import CLOCK_AHEAD_NS_MAX
from tests.journal.recording import START
from tests.runtime.harness import desk

INDEX = SetIndexPrice("BTCUSDT", Ticks(1_000_000))


async def test_a_clock_that_is_set_back_is_told_once_and_until_it_has_caught_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with desk(tmp_path) as running:
        await running.sequencer.submit(INDEX)
        running.clock.set_back(CLOCK_AHEAD_NS_MAX)
        await running.sequencer.submit(INDEX)
        assert running.sequencer.clock_ahead_ns == CLOCK_AHEAD_NS_MAX
        assert capsys.readouterr().err == ""
        running.clock.set_back(1799 * SECOND)
        for _ in range(2):
            await running.sequencer.submit(INDEX)
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert "venue time is 1,800.0 s ahead of this machine's clock" in told
        running.clock.advance(1800 * SECOND)
        await running.sequencer.submit(INDEX)
        assert running.sequencer.clock_ahead_ns == 0
        assert running.published[-1].ts == START
        running.clock.set_back(2 * SECOND)
        await running.sequencer.submit(INDEX)
        assert "2.0 s ahead" in capsys.readouterr().err


async def test_a_journal_from_the_future_is_told_at_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with desk(tmp_path, start=START + 90 * SECOND):
        pass
    assert capsys.readouterr().err == ""
    async with desk(tmp_path) as running:
        assert running.sequencer.clock_ahead_ns == 90 * SECOND
        assert "venue time is 90.0 s ahead" in capsys.readouterr().err
