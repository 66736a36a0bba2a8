"""Venue time that is ahead of the machine's clock stands still: that is right, and it is told."""

from pathlib import Path

import pytest

from exchange.core.commands import SetIndexPrice
from exchange.core.units import SECOND, Ticks
from exchange.runtime.sequencer import CLOCK_AHEAD_NS_MAX
from tests.journal.recording import START
from tests.runtime.harness import desk
from tests.runtime.manual_clock import ManualClock
from tests.wire.conftest import open_served

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


async def test_clients_are_answered_in_wall_time_while_venue_time_stands_still(tmp_path: Path) -> None:
    clock = ManualClock(START)
    async with open_served(tmp_path, clock) as venue:
        await venue.set_index("BTCUSDT", "100000")
        trader, maker = await venue.create_account(), await venue.create_account()
        key = (await trader.call("POST", "/fapi/v1/listenKey", signed=False)).body["listenKey"]
        clock.set_back(60 * SECOND)
        wall_ms = (START - 60 * SECOND) // 10**6
        assert (await trader.get("/fapi/v1/time"))["serverTime"] == wall_ms
        done = await trader.post("/fapi/v1/leverage", symbol="BTCUSDT", leverage="25")
        assert done["leverage"] == 25
        ahead = await trader.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage="5", timestamp=START // 10**6)
        assert ahead.code == -1021
        await maker.limit("SELL", "0.010", "100000")
        await trader.market("BUY", "0.010")
        fills = await trader.get("/fapi/v1/userTrades", symbol="BTCUSDT", startTime=wall_ms)
        assert [fill["time"] for fill in fills] == [START // 10**6]
        async with venue.session.ws_connect(f"{venue.ws_url}/ws/{key}") as stream:
            await trader.post("/fapi/v1/leverage", symbol="BTCUSDT", leverage="20")
            told = await stream.receive_json()
            assert (told["e"], told["E"], told["T"]) == ("ACCOUNT_CONFIG_UPDATE", wall_ms, START // 10**6)
