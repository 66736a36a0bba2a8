"""The published book of one contract, folded from BookChanged: what streams show. Reads look at the state's book."""

from sortedcontainers import SortedDict

from exchange.core.events import BookChanged

Levels = list[tuple[int, int]]


class Depth:
    """Bids and asks as last published: prices in ticks, totals in lots."""

    __slots__ = ("_asks", "_bids", "ts", "update_id")

    def __init__(self) -> None:
        """Start with an empty book, before its first update."""
        self._bids: SortedDict[int, int] = SortedDict()  # by -price, so that the best is the first
        self._asks: SortedDict[int, int] = SortedDict()
        self.update_id = 0
        self.ts = 0  # nanoseconds, of the last update

    def fold(self, ts: int, event: BookChanged) -> None:
        """Take in one update; those of a contract count from 1 without a gap."""
        assert event.update_id == self.update_id + 1, (event.update_id, self.update_id)
        self.update_id = event.update_id
        self.ts = ts
        for price, quantity in event.bids:
            _set(self._bids, -price, quantity)
        for price, quantity in event.asks:
            _set(self._asks, price, quantity)

    def best_bid(self) -> tuple[int, int] | None:
        """Return (price, quantity) of the best bid, or None."""
        if not self._bids:
            return None
        price, quantity = self._bids.peekitem(0)
        return -price, quantity

    def best_ask(self) -> tuple[int, int] | None:
        """Return (price, quantity) of the best ask, or None."""
        return self._asks.peekitem(0) if self._asks else None

    def bids(self, limit: int) -> Levels:
        """Return up to `limit` bids, best first."""
        return [(-price, quantity) for price, quantity in self._bids.items()[:limit]]

    def asks(self, limit: int) -> Levels:
        """Return up to `limit` asks, best first."""
        return list(self._asks.items()[:limit])


def _set(levels: "SortedDict[int, int]", key: int, quantity: int) -> None:
    """Write the new total of a level; zero removes it."""
    if quantity:
        levels[key] = quantity
    else:
        levels.pop(key, None)


class DepthDiff:
    """What changed in a book since the last `take`: one chain of diffs, at whatever pace it is taken."""

    __slots__ = ("_asks", "_bids", "_last_taken", "_update_id", "ts")

    def __init__(self, update_id: int) -> None:
        """Start a chain after the update `update_id`."""
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self._update_id = update_id
        self._last_taken = update_id
        self.ts = 0  # nanoseconds, of the last update

    def fold(self, ts: int, event: BookChanged) -> None:
        """Take in one update: the newest total of each level stands."""
        self._update_id = event.update_id
        self.ts = ts
        self._bids.update(event.bids)
        self._asks.update(event.asks)

    def take(self) -> tuple[int, int, Levels, Levels] | None:
        """Return (update id before, update id after, bids, asks), best first, and begin anew; None without update."""
        if self._update_id == self._last_taken:
            return None
        bids = sorted(self._bids.items(), reverse=True)
        asks = sorted(self._asks.items())
        taken = (self._last_taken, self._update_id, bids, asks)
        self._last_taken = self._update_id
        self._bids, self._asks = {}, {}
        return taken
