"""What REST and the control API do alike: take a body, have a command done, answer in JSON. It knows no path."""

from collections.abc import Mapping

import orjson
from aiohttp import web

from exchange.core.commands import Command
from exchange.core.events import Rejected
from exchange.dialects.binance.parameters import BODY_BYTES_MAX
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.rejections import rejection
from exchange.runtime.sequencer import Applied, InboxFullError, Sequencer, StoppedError


async def read_body(request: web.Request) -> bytes:
    """Return the raw body. Errors: 413 beyond BODY_BYTES_MAX, 400 when it breaks off or its coding is broken."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise errors.BODY_TOO_LARGE.error(BODY_BYTES_MAX) from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise errors.BODY_UNREADABLE.error() from error


async def submit(sequencer: Sequencer, command: Command) -> Applied:
    """Have a command done and return what it did. Errors: -1008 when none is taken now, and that of its refusal."""
    try:
        applied = await sequencer.submit(command)
    except (InboxFullError, StoppedError):
        raise errors.OVERLOADED.error() from None
    for event in applied.events:
        if isinstance(event, Rejected):
            contracts = {symbol: market.contract for symbol, market in sequencer.venue.state.markets.items()}
            raise rejection(contracts, command, event)
    return applied


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a JSON-able object as an HTTP response."""
    return web.Response(body=orjson.dumps(body), status=status, headers=headers, content_type="application/json")
