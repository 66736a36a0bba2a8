"""A stream connection for tests, and a book kept by the dialect's own rules, strictly. It forgives nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import aiohttp

from tests.wire.conftest import Served

WAIT_SECONDS_MAX = 10


class StreamClient:
    """One connection: requests by method, messages as they come."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Speak on an open socket."""
        self.socket = socket

    async def text(self) -> str:
        """Return the next message as it came. Raises when the connection is closed instead."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            message = await self.socket.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, f"{message.type!r} {message.data!r} {message.extra!r}"
        return str(message.data)

    async def next(self) -> Any:
        """Return the next message."""
        return json.loads(await self.text())

    async def until(self, event: str) -> Any:
        """Return the next raw event of this name; others are passed over."""
        while True:
            message = await self.next()
            if isinstance(message, dict) and message.get("e") == event:
                return message

    async def ask(self, method: str, params: object = None, request_id: object = 1) -> Any:
        """Send a request and return the answer with its id; events that come before it are passed over."""
        request = {"method": method, "id": request_id} | ({} if params is None else {"params": params})
        await self.socket.send_str(json.dumps(request))
        while True:
            message = await self.next()
            if isinstance(message, dict) and "id" in message and "e" not in message:
                return message

    async def next_after(self, method: str) -> Any:
        """Send a request and return the next message, whatever it is."""
        await self.socket.send_json({"method": method, "id": 1})
        return await self.next()

    async def close_code(self) -> int:
        """Return the code that the venue closes the connection with; messages before are passed over."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            async for _ in self.socket:
                pass
        assert self.socket.close_code is not None
        return self.socket.close_code


@asynccontextmanager
async def connected(served: Served, path: str, **options: Any) -> AsyncIterator[StreamClient]:
    """Open a connection to a path below the root of the venue."""
    async with served.session.ws_connect(f"{served.ws_url}{path}", **options) as socket:
        yield StreamClient(socket)


class Messages(Protocol):
    """Where messages come from, one by one."""

    async def next(self) -> Any:
        """Return the next message."""
        ...


class StrictBook:
    """A local book by the rules of the dialect (10.4); any break of them is an assertion error."""

    def __init__(self, client: Messages, served: Served, symbol: str = "BTCUSDT") -> None:
        """Keep the book of a contract from the diffs of a connection that hears nothing else."""
        self._client = client
        self._served = served
        self._symbol = symbol
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}
        self.update_id = 0
        self.diffs = 0
        self.snapshot_taken = asyncio.Event()

    async def synchronise(self) -> None:
        """Take a snapshot while diffs are buffered, and apply the first diff that covers it."""
        url = f"{self._served.rest_url}/fapi/v1/depth"
        async with self._served.session.get(url, params={"symbol": self._symbol, "limit": "1000"}) as response:
            snapshot = await response.json()
        self.bids, self.asks = dict(snapshot["bids"]), dict(snapshot["asks"])
        last = snapshot["lastUpdateId"]
        self.snapshot_taken.set()
        while True:
            diff = await self._client.next()
            if diff["u"] >= last:
                break
        assert diff["U"] <= last <= diff["u"], f"the first diff {diff['U']}..{diff['u']} does not cover {last}"
        self._apply(diff)

    async def follow(self, update_id: int) -> None:
        """Apply diffs until the book is that of this update id on the wire."""
        while self.update_id < update_id:
            diff = await self._client.next()
            assert diff["pu"] == self.update_id, f"a gap: {diff['pu']} after {self.update_id}"
            assert diff["U"] == diff["pu"] + 1
            self._apply(diff)

    def levels(self) -> tuple[list[list[str]], list[list[str]]]:
        """Return bids and asks, best first."""
        bids = sorted(self.bids.items(), key=lambda level: -float(level[0]))
        asks = sorted(self.asks.items(), key=lambda level: float(level[0]))
        return [list(level) for level in bids], [list(level) for level in asks]

    def _apply(self, diff: dict[str, Any]) -> None:
        for side, changes in ((self.bids, diff["b"]), (self.asks, diff["a"])):
            for price, quantity in changes:
                if float(quantity) == 0:
                    side.pop(price, None)
                else:
                    side[price] = quantity
        self.update_id = diff["u"]
        self.diffs += 1
