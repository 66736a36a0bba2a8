"""The real client ccxt.pro as tests use it: it keeps what ccxt has no call for, and speaks for accounts of a venue."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import ccxt.pro

from clients.connect import point_ccxt_at
from tests.wire.conftest import Served

SYMBOL = "BTC/USDT:USDT"
PATIENCE_SECONDS = 20


class RecordingClient(ccxt.pro.binanceusdm):  # type: ignore[misc]  # ccxt has no types here
    """ccxt.pro as it is, which also keeps what ccxt has no call for: raw events, and which streams are connected."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.raw_events: list[dict[str, Any]] = []
        self.connected_urls: list[str] = []
        self.happened = asyncio.Event()

    def on_connected(self, client: Any, message: Any = None) -> None:
        """Note which stream is connected."""
        super().on_connected(client, message)
        self.connected_urls.append(client.url)
        self.happened.set()

    def handle_message(self, client: Any, message: Any) -> None:
        """Keep the event, then do what ccxt does."""
        if isinstance(message, dict) and "e" in message:
            self.raw_events.append(message)
            self.happened.set()
        super().handle_message(client, message)

    async def connected(self, part: str) -> None:
        """Return when a stream with `part` in its address is connected; it must have been asked for."""
        await self._until(lambda: any(part in url for url in self.connected_urls))

    async def raw_event(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first raw event that is wanted, past or to come."""
        await self._until(lambda: any(map(wanted, self.raw_events)))
        return next(filter(wanted, self.raw_events))

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                self.happened.clear()
                await self.happened.wait()


MakeClient = Callable[..., Awaitable[RecordingClient]]


@asynccontextmanager
async def clients_of(served: Served) -> AsyncIterator[MakeClient]:
    """Give a function that opens an account and returns the ccxt client of its owner, on the venue's time."""
    opened: list[RecordingClient] = []

    async def make(deposit: str = "10000", funding_deposit: str = "0") -> RecordingClient:
        body = {"name": "trader", "deposit": deposit, "fundingDeposit": funding_deposit}
        made = await served.controlled("/accounts", body)
        client = RecordingClient({"apiKey": made["apiKey"], "secret": made["secretKey"], "enableRateLimit": False})
        client.milliseconds = served.now_ms
        point_ccxt_at(client, served.rest_url)
        opened.append(client)
        await client.load_markets()
        return client

    try:
        yield make
    finally:
        for client in opened:
            await client.close()
