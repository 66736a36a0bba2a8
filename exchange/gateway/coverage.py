"""Notes what clients use: calls as the desk settled them, streams as they are asked for. It counts nothing itself."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Protocol

from aiohttp import web

from exchange.dialects.binance.document.parameter_table import ignored
from exchange.dialects.binance.route import BatchRoute, Params, Route
from exchange.dialects.binance.streams.table import stream_kind
from exchange.dialects.binance.text.numbers import to_ms
from exchange.dialects.binance.ws_api import OK, OWN_PARAMETERS, VERB
from exchange.gateway.call import Answer, Call
from exchange.runtime.app import App
from exchange.runtime.usage import Usage, write_usage

WRITE_SECONDS = 30  # between two writings of the file, when there is something new
USER_STREAM = "<listenKey>"
SECRET_CHARACTERS_MIN = 16  # what is so long and no stream may be somebody's listen key
_LOG = logging.getLogger(__name__)


class Streams(Protocol):
    """The streams of a venue."""

    def knows(self, name: str) -> bool:
        """Tell whether a name is a market stream or a live listen key."""
        ...

    def account_of(self, name: str) -> int | None:
        """Return whose user stream a name is; None: it is no live listen key."""
        ...


def note_call(usage: Usage, call: Call, answer: Answer) -> None:
    """Note a call with what it came to."""
    over_websocket = call.verb == VERB
    if call.route is None:
        if call.name:  # else it was no request at all
            usage.missing(f"{call.verb} {call.name}")
    elif call.name:
        count, name = (usage.method, call.name) if over_websocket else (usage.endpoint, f"{call.verb} {call.name}")
        count(name, _ignored(call.route, call.params), refused=answer.status != OK)
    parts = answer.body if isinstance(call.route, BatchRoute) and isinstance(answer.body, list) else [answer.body]
    for part in parts:
        _note_error(usage, part)


def note_streams(usage: Usage, names: Iterable[str], streams: Streams) -> None:
    """Note names that are subscribed to. A listen key, live or not, is a secret and is not named."""
    for name in names:
        if streams.account_of(name) is not None:
            usage.stream(USER_STREAM)
        elif streams.knows(name):
            usage.stream(stream_kind(name))
        elif "@" in name or name.startswith("!"):
            usage.missing(f"stream {name}")
        elif len(name) >= SECRET_CHARACTERS_MIN:
            usage.missing(f"stream {USER_STREAM}, not live")
        # else a word in the path that means nothing: ccxt numbers its connections so


def keep_usage(app: App) -> Callable[[web.Application], AsyncIterator[None]]:
    """Return what writes the usage into the data folder: now and then, and when serving ends."""

    async def keep(_application: web.Application) -> AsyncIterator[None]:
        keeper = asyncio.create_task(_write_now_and_then(app))
        yield
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        _write(app)

    return keep


async def _write_now_and_then(app: App) -> None:
    written = 0
    while True:
        await asyncio.sleep(WRITE_SECONDS)
        if app.usage.version != written:
            written = app.usage.version
            _write(app)


def _write(app: App) -> None:
    """Write the file; that it cannot be written ends nothing."""
    try:
        write_usage(app.data_folder, app.usage.report(to_ms(app.clock.wall())))
    except OSError as error:
        _LOG.warning("the usage could not be written: %s", error)


def _ignored(route: Route, params: Params) -> list[str]:
    return [name for name in ignored(route.method, route.path, params) if name not in OWN_PARAMETERS]


def _note_error(usage: Usage, body: object) -> None:
    """Note the error that a body, or an element of a batch's, is."""
    if isinstance(body, dict) and isinstance(body.get("code"), int) and body["code"] < 0:
        usage.error(body["code"], str(body.get("msg", "")))
