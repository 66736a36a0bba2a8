"""Every stream of the dialect's table on every root, raw and wrapped, says something of the documented shape."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from exchange.dialects.binance.streams.table import STREAM_TABLE
from tests.dialect.test_story import differences
from tests.dialect.test_streams_table import STREAMS, shape_of
from tests.wire.conftest import Served
from tests.wire.signed_client import SignedClient
from tests.wire.stream_client import StreamClient, connected

ROOTS = ["", "/public", "/market", "/private"]
SPEEDS = ["", "@0ms", "@100ms", "@250ms", "@500ms"]
SHAPES_BY_NAME: dict[str, str] = {name: shape for name, _, shape in STREAMS} | {
    f"btcusdt@depth{levels}{speed}": "stream-depthUpdate" for levels in ("", 5, 10, 20) for speed in SPEEDS
}
LOUD_SECONDS_MAX = 30


@pytest.fixture
async def traders(served: Served) -> tuple[SignedClient, SignedClient, SignedClient]:
    """A maker, a taker, and one with a long position that a small fall liquidates."""
    await served.set_index("BTCUSDT", "50000")
    await served.set_index("ETHUSDT", "2500")
    maker, taker, gambler = [await served.create_account(deposit) for deposit in ("1000000", "1000000", "600")]
    await maker.limit("SELL", "0.200", "50000")
    await gambler.limit("BUY", "0.200", "50000")
    await maker.limit("BUY", "0.500", "46000")
    return maker, taker, gambler


async def make_noise(served: Served, maker: SignedClient, taker: SignedClient, heard: "asyncio.Future[object]") -> None:
    """Have a liquidation, then trades, book changes and market states in both contracts until all is heard."""
    await served.set_index("BTCUSDT", "47000")
    loud = 0
    while not heard.done():
        loud += 1
        await maker.limit("SELL", "0.010", "48000")
        await taker.limit("BUY", "0.010", "48000", timeInForce="IOC")
        states = {"symbol": "ETHUSDT", "state": ("CANCEL_ONLY", "TRADING")[loud % 2]}
        await served.controlled("/market-state", states)
        await asyncio.wait([heard], timeout=0.2)


async def first_of_each(client: StreamClient) -> dict[str, Any]:
    """Return the first message of each stream of a connection that has all of them, wrapped."""
    told: dict[str, Any] = {}
    while len(told) < len(SHAPES_BY_NAME):
        message = await client.next()
        assert list(message) == ["stream", "data"]
        told.setdefault(message["stream"], message["data"])
    return told


async def first_by_request(client: StreamClient, name: str) -> Any:
    """Subscribe to one stream and return its first message, which comes after the answer."""
    await client.socket.send_json({"method": "SUBSCRIBE", "params": [name], "id": 1})
    assert await client.next() == {"result": None, "id": 1}
    return await client.next()


def wrong(name: str, message: Any) -> list[str]:
    """Return where a message is not of the shape of its stream; a book may have changed on one side only."""
    sample = shape_of(SHAPES_BY_NAME[name])
    found = differences([sample] if name == "!ticker@arr" else sample, message, name)
    return [fault for fault in found if not fault.endswith((".b: empty", ".a: empty"))]


async def test_every_stream_speaks_on_every_root_raw_and_wrapped(
    served: Served, traders: tuple[SignedClient, SignedClient, SignedClient]
) -> None:
    """At each root each name has a raw connection of its own, half of them by request, and all share a wrapped one."""
    names = list(SHAPES_BY_NAME)
    maker, taker, _ = traders
    async with asyncio.timeout(LOUD_SECONDS_MAX), AsyncExitStack() as opened:
        session = await opened.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        many = replace(served, session=session)
        wrapped, raw = [], []
        for root in ROOTS:
            client = await opened.enter_async_context(connected(many, f"{root}/stream?streams={'/'.join(names)}"))
            wrapped.append(first_of_each(client))
            for number, name in enumerate(names):
                by_request = number % 2
                path = f"{root}/ws" if by_request else f"{root}/ws/{name}"
                client = await opened.enter_async_context(connected(many, path))
                raw.append(first_by_request(client, name) if by_request else client.next())
        heard = asyncio.gather(asyncio.gather(*wrapped), asyncio.gather(*raw))
        await make_noise(served, maker, taker, heard)
        of_wrapped, of_raw = await heard
    told = [(name, of_root[name]) for of_root in of_wrapped for name in names]
    told += zip(names * len(ROOTS), of_raw, strict=True)
    assert [fault for name, message in told for fault in wrong(name, message)] == []


def test_every_row_of_the_table_is_among_the_names() -> None:
    """With those of the wire test every speed is, too."""
    assert all(any(row.pattern.fullmatch(name) for name in SHAPES_BY_NAME) for row in STREAM_TABLE)
    assert len(SHAPES_BY_NAME) > len(STREAM_TABLE)
