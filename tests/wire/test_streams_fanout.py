"""The fan-out without sockets: one encoding for all who hear a message, timers only while somebody listens."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from exchange.core.commands import Annotate, Command
from exchange.core.events import Event
from exchange.dialects.binance.streams.sources import MarkPrices, Message
from exchange.dialects.binance.streams.table import EVERY_BATCH, Stream, every_message_counts
from exchange.gateway import fanout as fanout_module
from exchange.gateway.fanout import Fanout
from exchange.gateway.server import create_application
from exchange.gateway.streams import FANOUT
from exchange.journal.recovery import Applied
from exchange.runtime.app import open_app
from exchange.runtime.sequencer import StoppedError
from exchange.runtime.settings import Settings
from tests.dialect.desk import Desk
from tests.dialect.test_story import SHAPES

BTC = {"symbol": "BTCUSDT"}


@dataclass(eq=False)
class Ear:
    """A reader that keeps what it hears."""

    combined: bool = False
    frames: list[bytes] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, frame: bytes, key: str | None = None) -> None:
        self.frames.append(frame)
        self.keys.append(key)
        self.heard.set()

    def wants(self, event_name: str) -> bool:
        return bool(event_name)


class Floor(Desk):
    """A desk whose every command is published to a fan-out, as a batch of one."""

    fanout: Fanout | None = None

    def execute(self, command: Command) -> list[Event]:
        events = super().execute(command)
        if self.fanout is not None:
            self.fanout.publish([Applied(self.seq, self.ts, command, tuple(events))])
        return events

    def open(self) -> Fanout:
        contracts = {contract.symbol: contract for contract in self.contracts}
        self.fanout = Fanout(self.market_data, contracts, self.listen_keys, lambda: self.ts // 10**6, pytest.fail)
        return self.fanout

    def order(self, account: int, side: str, price: str) -> None:
        params = {**BTC, "type": "LIMIT", "timeInForce": "GTC", "side": side, "quantity": "0.01", "price": price}
        self.call(account, "POST", "/fapi/v1/order", params)


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every object that is encoded from now on."""
    seen: list[object] = []

    class Counting:
        @staticmethod
        def dumps(message: object) -> bytes:
            seen.append(message)
            return orjson.dumps(message)

    monkeypatch.setattr(fanout_module, "orjson", Counting)
    return seen


async def test_a_message_is_encoded_once_and_its_bytes_are_shared(encoded: list[object]) -> None:
    floor = Floor()
    trader = floor.account(10_000)
    fanout = floor.open()
    ears = [Ear() for _ in range(3)] + [Ear(combined=True) for _ in range(3)]
    for ear in ears:
        fanout.join("btcusdt@depth@0ms", ear)
    encoded.clear()  # the name of the stream was encoded when it was set to work
    floor.order(trader, "BUY", "49000")
    assert len(encoded) == 1
    raw, wrapped = ears[0].frames[0], ears[3].frames[0]
    assert all(ear.frames == [raw] and ear.frames[0] is raw for ear in ears[:3])
    assert all(ear.frames == [wrapped] and ear.frames[0] is wrapped for ear in ears[3:])
    sample = json.loads((SHAPES / "stream-frame-combined.json").read_text("utf-8"))
    assert list(json.loads(wrapped)) == list(sample)
    assert json.loads(wrapped) == {"stream": "btcusdt@depth@0ms", "data": json.loads(raw)}


async def test_a_venue_without_readers_encodes_nothing_and_keeps_no_timer(encoded: list[object]) -> None:
    floor = Floor()
    trader = floor.account(10_000)
    fanout = floor.open()
    ear = Ear()
    key = floor.listen_keys.create(trader, floor.ts // 10**6)
    for name in ("btcusdt@depth@0ms", "btcusdt@bookTicker", key):
        fanout.join(name, ear)
        fanout.leave(name, ear)
    encoded.clear()
    floor.order(trader, "BUY", "49000")
    assert (encoded, ear.frames, fanout._markets, fanout._users) == ([], [], {}, {})


async def test_a_timed_stream_speaks_at_its_pace_and_its_timer_ends_with_it() -> None:
    floor = Floor()
    trader = floor.account(10_000)
    fanout = floor.open()
    ear = Ear()
    fanout.join("btcusdt@depth@100ms", ear)
    floor.order(trader, "BUY", "49000")
    floor.order(trader, "BUY", "49001")
    assert ear.frames == []
    async with asyncio.timeout(5):
        await ear.heard.wait()
    [diff] = [json.loads(frame) for frame in ear.frames]
    assert (diff["U"], diff["u"], diff["pu"]) == (1, 4, 0)
    assert diff["b"] == [["49001.00", "0.010"], ["49000.00", "0.010"]]
    fanout.leave("btcusdt@depth@100ms", ear)
    slower = Ear()
    fanout.join("btcusdt@depth5@250ms", slower)
    async with asyncio.timeout(5):
        await slower.heard.wait()
    assert list(fanout._timers) == [250]
    assert len(ear.frames) == 1
    fanout.close()
    assert not fanout._timers


class Broken(MarkPrices):
    """A source with a fault."""

    def take(self, now_ms: int) -> list[Message]:
        raise LookupError(f"at {now_ms}")


@pytest.mark.parametrize("period_ms", [EVERY_BATCH, 100])
async def test_a_source_that_fails_ends_the_venue_loudly_whoever_asked_it(
    period_ms: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        fanout_module, "find_stream", lambda _, name: Stream(name, period_ms, make_broken, every_message_counts)
    )
    fatal: asyncio.Queue[str] = asyncio.Queue()
    app = open_app(Settings(data_folder=tmp_path / "data", index="manual"), on_fatal=fatal.put_nowait)
    fanout = create_application(app)[FANOUT]
    await app.start()
    fanout.join("any", Ear())
    await app.sequencer.submit(Annotate("test", "a batch"))
    async with asyncio.timeout(5):
        message = await fatal.get()
    assert "stopped at sequence number" in message
    assert "LookupError: at " in message
    with pytest.raises(StoppedError):
        await app.sequencer.submit(Annotate("test", "too late"))
    fanout.close()
    await app.close()


def make_broken() -> Broken:
    return Broken([], as_list=True)


async def test_streams_of_one_batch_are_told_whole_and_in_order() -> None:
    floor = Floor()
    maker, taker = floor.account(100_000), floor.account(100_000)
    for price in ("50000", "50001", "50002"):
        floor.order(maker, "SELL", price)
    fanout = floor.open()
    ear = Ear()
    fanout.join("btcusdt@trade", ear)
    params = {**BTC, "type": "MARKET", "side": "BUY", "quantity": "0.03"}
    floor.call(taker, "POST", "/fapi/v1/order", params)
    assert [json.loads(frame)["t"] for frame in ear.frames] == [1, 2, 3]


# stream: the keys of what it says when ETHUSDT and BTCUSDT have traded
KEYS = {
    "btcusdt@depth@0ms": [None],
    "btcusdt@trade": [None],
    "btcusdt@depth5@0ms": ["btcusdt@depth5@0ms "],
    "btcusdt@bookTicker": ["btcusdt@bookTicker "],
    "!bookTicker": ["!bookTicker BTCUSDT", "!bookTicker ETHUSDT"],
    "!markPrice@arr@1s": ["!markPrice@arr@1s "],
    "btcusdt@kline_1m": ["btcusdt@kline_1m "],
    "btcusdt@miniTicker": ["btcusdt@miniTicker "],
    "!miniTicker@arr": [None],
}


@pytest.mark.parametrize(("name", "keys"), KEYS.items())
async def test_a_message_carries_the_key_of_what_it_makes_superfluous(name: str, keys: list[str | None]) -> None:
    floor = Floor()
    trader = floor.account(100_000)
    fanout = floor.open()
    ear = Ear()
    fanout.join(name, ear)
    for side, kind in (("SELL", "LIMIT"), ("BUY", "LIMIT")):
        for symbol, price in (("BTCUSDT", "50000"), ("ETHUSDT", "2500")):
            params = {"symbol": symbol, "side": side, "type": kind, "timeInForce": "GTC", "quantity": "0.1"}
            stp = {"selfTradePreventionMode": "NONE", "price": price}
            floor.call(trader, "POST", "/fapi/v1/order", {**params, **stp})
    for period_ms in list(fanout._by_period):
        fanout._sample(period_ms, floor.ts // 10**6)
    assert sorted(set(ear.keys), key=str) == keys
    fanout.close()
