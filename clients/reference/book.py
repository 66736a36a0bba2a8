"""An order book kept in sync through diffs: the pure book, and the loop that snapshots and follows.

The rules are those of the dialect: drop events that end before the snapshot, begin with the one that spans it, and from
then on demand that each event's `pu` is the `u` of the one before; else begin again.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

import aiohttp

from clients.reference.rest import ConnectionLostError, Rest, VenueError
from clients.reference.streams import CONNECTED, RETRY_S, market_events

Levels = dict[str, str]


class LocalBook:
    """Price text -> quantity text, per side, as of `update_id`; -1 while out of sync. Pure: no socket."""

    def __init__(self) -> None:
        self.bids: Levels = {}
        self.asks: Levels = {}
        self.update_id = -1
        self._first = True

    def reset(self, snapshot: dict[str, Any]) -> None:
        """Begin with the answer of GET depth."""
        self.bids = dict(snapshot["bids"])
        self.asks = dict(snapshot["asks"])
        self.update_id = int(snapshot["lastUpdateId"])
        self._first = True

    def apply(self, event: dict[str, Any]) -> bool:
        """Take in a depthUpdate; False when it does not follow: the book is then out of sync and needs a snapshot."""
        if self.update_id < 0:
            return False
        if self._first and event["u"] < self.update_id:
            return True  # older than the snapshot
        follows = event["U"] <= self.update_id <= event["u"] or event["pu"] == self.update_id
        if not (follows if self._first else event["pu"] == self.update_id):
            self.update_id = -1
            return False
        self._first = False
        _change(self.bids, event["b"])
        _change(self.asks, event["a"])
        self.update_id = event["u"]
        return True

    def best(self) -> tuple[str, str]:
        """Return best bid and best ask; an empty text for an empty side."""
        return max(self.bids, key=float, default=""), min(self.asks, key=float, default="")


class SyncedBook:
    """A LocalBook that follows one contract; run `follow` as a task."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.book = LocalBook()
        self.changed = asyncio.Condition()

    async def follow(self, session: aiohttp.ClientSession, ws_url: str, rest: Rest) -> None:
        """Keep the book in sync until cancelled; readers wait on `changed`."""
        async for event in market_events(session, ws_url, [f"{self.symbol.lower()}@depth@100ms"]):
            if event["e"] == CONNECTED or not self.book.apply(event):
                await self._snapshot(rest)
                if event["e"] != CONNECTED:
                    self.book.apply(event)
            async with self.changed:
                self.changed.notify_all()

    async def _snapshot(self, rest: Rest) -> None:
        while True:
            try:
                self.book.reset(await rest.public("GET", "/fapi/v1/depth", {"symbol": self.symbol, "limit": 1000}))
            except (VenueError, ConnectionLostError):
                await asyncio.sleep(RETRY_S)
            else:
                return


def _change(levels: Levels, changes: Iterable[tuple[str, str]]) -> None:
    for price, quantity in changes:
        if float(quantity) == 0:
            levels.pop(price, None)
        else:
            levels[price] = quantity
