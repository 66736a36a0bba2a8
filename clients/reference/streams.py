"""Market and user streams that outlive a lost connection, as asynchronous iterators of events. They keep no state.

A reconnect is told as an event `{"e": "connected"}`, since whatever happened in between was missed: a reader takes it
as the sign to ask for the whole state again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import aiohttp
import orjson

from clients.reference.rest import ConnectionLostError, Rest, VenueError

_LOG = logging.getLogger(__name__)

RETRY_S = 1.0
KEEP_ALIVE_S = 25 * 60  # a listen key lives for 60 minutes
HEARTBEAT_S = 60.0
MESSAGE_BYTES_MAX = 2**24
CONNECTED = "connected"

Event = dict[str, Any]


async def market_events(session: aiohttp.ClientSession, ws_url: str, streams: Sequence[str]) -> AsyncIterator[Event]:
    """Yield the events of market streams (`btcusdt@depth@100ms`, ...) for ever, whatever happens to the connection."""
    async for event in _events(session, f"{ws_url}/stream?streams={'/'.join(streams)}"):
        yield event


async def user_events(session: aiohttp.ClientSession, ws_url: str, rest: Rest) -> AsyncIterator[Event]:
    """Yield the events of an account for ever; gets, keeps alive and renews the listen key."""
    while True:
        try:
            key = (await rest.public("POST", "/fapi/v1/listenKey"))["listenKey"]
        except (VenueError, ConnectionLostError):
            await asyncio.sleep(RETRY_S)
            continue
        keeper = asyncio.create_task(_keep_alive(rest))
        try:
            async for event in _events(session, f"{ws_url}/private/ws?listenKey={key}", connections=1):
                if event.get("e") == "listenKeyExpired":
                    break
                yield event
        finally:
            keeper.cancel()


async def _keep_alive(rest: Rest) -> None:
    while True:
        await asyncio.sleep(KEEP_ALIVE_S)
        with suppress(VenueError, ConnectionLostError):  # then the key runs out, and its stream is opened anew
            await rest.public("PUT", "/fapi/v1/listenKey")


async def _events(session: aiohttp.ClientSession, url: str, connections: int | None = None) -> AsyncIterator[Event]:
    made, connected = 0, False
    while connections is None or made < connections:
        made += 1
        try:
            async with session.ws_connect(url, heartbeat=HEARTBEAT_S, max_msg_size=MESSAGE_BYTES_MAX) as socket:
                connected = True
                yield {"e": CONNECTED}
                async for message in socket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        event = orjson.loads(message.data)
                        yield event.get("data", event)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _LOG.debug("stream: %s", error)
        if made == 1 or connected:
            _LOG.warning("a stream is not connected; trying again until the venue is there")
        connected = False
        await asyncio.sleep(RETRY_S)
