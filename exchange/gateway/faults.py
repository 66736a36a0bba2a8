"""What a fault does to a request that it befalls. Which one befalls which request is the dialect's record."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from exchange.dialects.binance.door.faults import Fault, FaultKind
from exchange.dialects.binance.text.errors import DialectError

MS_PER_SECOND = 1000


class UnansweredError(Exception):
    """The request was done, and its connection has to end without an answer."""


async def suffer(fault: Fault | None, do: Callable[[], Awaitable[object]]) -> object:
    """Do a request as its fault lets it be done, and return its answer. Raises DialectError and UnansweredError."""
    if fault is None:
        return await do()
    error = fault.error.with_traceback(None)  # one for all whom it befalls: else it keeps the frames of each of them
    if fault.kind is FaultKind.REFUSE:
        raise error
    if fault.kind is FaultKind.DELAY:
        answer = await do()
        await asyncio.sleep(fault.delay_ms / MS_PER_SECOND)
        return answer
    with suppress(DialectError):  # a refusal is not told either: nobody is to know what became of it
        await do()
    if fault.kind is FaultKind.SILENT:
        raise UnansweredError
    raise error
