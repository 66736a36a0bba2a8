"""A reader's book and what can be wrong with it, in the words of outcomes. No socket; it is fed."""

from typing import Any

from clients.reference.book import LocalBook
from loadtests.outcomes import OK

BROKEN = "book chain broken"
CROSSED = "book crossed"


class CheckedBook:
    """A book kept through diffs that says when their chain breaks and when its sides meet."""

    def __init__(self) -> None:
        self._book = LocalBook()

    def reset(self, snapshot: dict[str, Any]) -> None:
        """Begin, or begin again, with the answer of GET depth."""
        self._book.reset(snapshot)

    def hear(self, event: dict[str, Any]) -> str:
        """Take in a depthUpdate and return the outcome; after a broken chain the book wants a snapshot."""
        return OK if self._book.apply(event) else BROKEN

    def stand(self) -> str:
        """Return the outcome of looking at it: its best bid must stand below its best ask."""
        bid, ask = self._book.best()
        return CROSSED if bid and ask and float(bid) >= float(ask) else OK
