"""The book of one contract as it was published, in plain dicts: cheap to fold, for a run reads it seldom. No orders."""

from heapq import nlargest, nsmallest

from exchange.core.enums import Side
from exchange.core.events import BookChanged

Levels = list[tuple[int, int]]  # (ticks, lots), best first


class Mirror:
    """Totals of all levels, in lots by ticks, after the last command."""

    __slots__ = ("_asks", "_bids")

    def __init__(self) -> None:
        """Begin with an empty book."""
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}

    def fold(self, event: BookChanged) -> None:
        """Take in the new totals of the levels that a command touched."""
        for levels, changes in ((self._bids, event.bids), (self._asks, event.asks)):
            for price, quantity in changes:
                if quantity:
                    levels[price] = quantity
                else:
                    levels.pop(price, None)

    def level(self, side: Side, price: int) -> int:
        """Return the total of one level in lots, 0 when there is none."""
        return (self._bids if side is Side.BUY else self._asks).get(price, 0)

    def best(self, side: Side) -> int | None:
        """Return the best price of a side in ticks, or None."""
        return max(self._bids, default=None) if side is Side.BUY else min(self._asks, default=None)

    def depth(self, side: Side, limit: int) -> Levels:
        """Return up to `limit` levels of a side."""
        if side is Side.BUY:
            return nlargest(limit, self._bids.items())
        return nsmallest(limit, self._asks.items())
