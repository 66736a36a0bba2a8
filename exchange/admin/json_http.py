"""JSON over aiohttp, for the control API and the REST door alike: bodies in, answers out. It knows no path."""

from collections.abc import Mapping

import orjson
from aiohttp import web

from exchange.dialects.binance import errors
from exchange.dialects.binance.parameters import BODY_BYTES_MAX


async def read_body(request: web.Request) -> bytes:
    """Return the raw body. Errors: 413 beyond BODY_BYTES_MAX, 400 when it breaks off or its coding is broken."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise errors.BODY_TOO_LARGE.error(BODY_BYTES_MAX) from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise errors.BODY_UNREADABLE.error() from error


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a JSON-able object as an HTTP response."""
    return web.Response(body=orjson.dumps(body), status=status, headers=headers, content_type="application/json")
