"""A reader's book and what can be wrong with it, in the words of outcomes. No socket; it is fed."""

from typing import Any

from clients.reference.book import LocalBook
from loadtests.outcomes import OK

BROKEN = "book chain broken"
CROSSED = "book crossed"
DIFFERENT = "book differs"
SNAPSHOT_LEVELS = 1_000  # of each side: deeper ones are not in it


class CheckedBook:
    """A book kept through diffs that says when their chain breaks, when its sides meet, and when a snapshot differs."""

    def __init__(self) -> None:
        self._book = LocalBook()
        self._witness: dict[str, Any] | None = None

    def reset(self, snapshot: dict[str, Any]) -> None:
        """Begin, or begin again, with the answer of GET depth."""
        self._book.reset(snapshot)
        self._witness = None

    def expect(self, snapshot: dict[str, Any]) -> None:
        """Remember an answer of GET depth until the diff comes that it lies in."""
        self._witness = snapshot

    def compare(self, event: dict[str, Any]) -> str:
        """Compare with the remembered snapshot if the diff about to be heard covers it; an empty text if it does not.

        A snapshot lies in the middle of a diff, so levels that the diff changes are left out.
        """
        witness, now = self._witness, self._book.update_id
        if witness is None or event["u"] < witness["lastUpdateId"]:
            return ""
        self._witness = None
        follows = event["pu"] == now or event["U"] <= now
        if not (follows and 0 <= now <= witness["lastUpdateId"]):
            return ""
        changing = now < witness["lastUpdateId"]
        sides = ((self._book.bids, "bids", "b"), (self._book.asks, "asks", "a"))
        same = all(_agree(mine, witness[side], event[key] if changing else []) for mine, side, key in sides)
        return OK if same else DIFFERENT

    def hear(self, event: dict[str, Any]) -> str:
        """Take in a depthUpdate and return the outcome; after a broken chain the book wants a snapshot."""
        return OK if self._book.apply(event) else BROKEN

    def stand(self) -> str:
        """Return the outcome of looking at it: its best bid must stand below its best ask."""
        bid, ask = self._book.best()
        return CROSSED if bid and ask and float(bid) >= float(ask) else OK


def _agree(mine: dict[str, str], told: list[list[str]], changing: list[list[str]]) -> bool:
    """Tell whether a side is the same, but for the levels that are changing; one that is too deep is not compared."""
    if len(told) >= SNAPSHOT_LEVELS:
        return True
    moving = {price for price, _ in changing}
    other = {price: quantity for price, quantity in told if price not in moving}
    return {price: quantity for price, quantity in mine.items() if price not in moving} == other
