"""Whether stream connections are taken, and how open ones end at an operator's word. It knows no protocol."""

import asyncio
from collections.abc import Collection
from typing import Protocol, cast


class Line(Protocol):
    """One stream connection."""

    def hears(self, account_id: int) -> bool:
        """Tell whether it hears the user stream of this account."""
        ...

    def cut(self) -> None:
        """End at once, as when a cable is pulled: no closing handshake, nothing of what waits is sent."""
        ...


class StreamDoor:
    """The door of all stream connections. `open` false: no new one is taken."""

    def __init__(self, lines: Collection[Line]) -> None:
        """Start open; `lines` are the connections that there are, kept up to date by whoever serves them."""
        self.open = True
        self._lines = lines

    def cut(self, account_id: int) -> int:
        """End the connections that hear this account's user stream, of 0 all, and return how many these were."""
        chosen = [line for line in self._lines if not account_id or line.hears(account_id)]
        for line in chosen:
            line.cut()
        return len(chosen)


def abort(transport: asyncio.BaseTransport | None) -> None:
    """End a connection at once; None: it has ended already. uvloop's transports are none of asyncio's classes."""
    if transport is not None:
        cast("asyncio.Transport", transport).abort()
