"""What all bots see of the market: one connection for the house, the latest prices per contract. It trades nothing."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from clients.reference import Rest, market_events

MOVES_KEPT = 30  # mark events, about one a second


@dataclass(slots=True)
class Quote:
    """One contract: its grid as text, and its latest prices; 0 for what was not seen yet."""

    symbol: str
    tick_size: str
    step_size: str
    mark: float = 0.0
    index: float = 0.0
    bid: float = 0.0
    ask: float = 0.0
    indices: deque[float] = field(default_factory=lambda: deque(maxlen=MOVES_KEPT))
    _marked: asyncio.Event = field(default_factory=asyncio.Event)

    async def next_mark(self) -> None:
        """Wait for the next mark price event, about one a second."""
        await self._marked.wait()

    def move_bp(self, events: int) -> float:
        """Return how far the index came, in basis points, signed, over the last `events` mark events."""
        then = self.indices[-min(events + 1, len(self.indices))] if self.indices else 0.0
        return (self.index / then - 1) * 1e4 if then else 0.0

    def apply(self, event: dict[str, Any]) -> None:
        """Take in a market event of this contract."""
        match event["e"]:
            case "markPriceUpdate":
                self.mark, self.index = float(event["p"]), float(event["i"])
                self.indices.append(self.index)
                waiting, self._marked = self._marked, asyncio.Event()
                waiting.set()
            case "bookTicker":
                self.bid, self.ask = float(event["b"] or 0), float(event["a"] or 0)
            case _:
                pass


class MarketView:
    """The quotes of all contracts that the house trades."""

    def __init__(self, quotes: Mapping[str, Quote]) -> None:
        self.quotes = quotes

    @classmethod
    async def load(cls, rest: Rest) -> "MarketView":
        """Ask the venue which contracts there are. Raises VenueError, ConnectionLostError."""
        info = await rest.public("GET", "/fapi/v1/exchangeInfo")
        quotes = {}
        for row in info["symbols"]:
            filters = {entry["filterType"]: entry for entry in row["filters"]}
            tick_size, step_size = filters["PRICE_FILTER"]["tickSize"], filters["LOT_SIZE"]["stepSize"]
            quotes[row["symbol"]] = Quote(row["symbol"], tick_size, step_size)
        return cls(quotes)

    async def follow(self, session: aiohttp.ClientSession, ws_url: str) -> None:
        """Keep the quotes up to date until cancelled."""
        names = [f"{symbol.lower()}@{stream}" for symbol in self.quotes for stream in ("markPrice@1s", "bookTicker")]
        async for event in market_events(session, ws_url, names):
            if event.get("s") in self.quotes:
                self.quotes[event["s"]].apply(event)
