"""One WebSocket connection: its bounded queue, its pings, its end. What is said on it, its subclasses know.

A reader is never waited for. What it has not taken yet waits in its queue, where a message that makes an earlier one of
the same key superfluous takes its place; when the queue would exceed QUEUE_BYTES_MAX, the connection is closed (1008).
"""

import asyncio
import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from aiohttp import WSCloseCode, WSMsgType, web

from exchange.dialects.binance.text.errors import DialectError
from exchange.door import json_response
from exchange.gateway.app_keys import DESK
from exchange.gateway.stream_door import abort

QUEUE_BYTES_MAX = 8 * 1024 * 1024  # waiting for one reader: more than one batch of the sequencer makes
SEND_BUFFER_BYTES = 256 * 1024  # of the socket, so that a slow reader shows in its queue and not in the kernel
MESSAGE_BYTES_MAX = 64 * 1024  # of an incoming message: a larger one closes the connection (1009)
CONNECTIONS_MAX = 1_000
PING_SECONDS = 180
PONG_SECONDS_MAX = 600  # without a pong the connection is closed
LIFE_SECONDS_MAX = 24 * 3600
CLOSE_SECONDS_MAX = 1  # a closing handshake may take so long, then the socket is cut
UPGRADE_REQUIRED = 426
TOO_MANY_CONNECTIONS = 503
TEXT_FRAME = 0x81  # the first byte of a text in one frame: RFC 6455, section 5.2
TWO_BYTE_LENGTH, EIGHT_BYTE_LENGTH = 126, 2**16  # from here on a length is written behind the second byte, so long
_FROM_CLIENT = frozenset({WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG})

CONNECTIONS: web.AppKey[dict["Connection", None]] = web.AppKey("connections", dict)


@dataclass(slots=True)
class _Waiting:
    """A message that waits; `key` is that of its kind when a later one may take its place."""

    frame: bytes
    key: str | None


class Connection(ABC):
    """One client: what waits to be sent to it, and how it ends."""

    def __init__(self, socket_: web.WebSocketResponse, messages_per_second_max: int | None) -> None:
        """Begin on a socket that is not open yet; more incoming messages a second than this end it (None: any)."""
        self._socket = socket_
        self._transport: asyncio.Transport | None = None
        self._queue: deque[_Waiting] = deque()
        self._replaceable: dict[str, _Waiting] = {}  # the messages of the queue that have a key
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._idle = False  # nothing is queued, nothing on its way
        self._closing = asyncio.Event()
        self._close_code = WSCloseCode.OK
        self._close_reason = b""
        self._began = self._ponged = asyncio.get_running_loop().time()
        self._messages_max = messages_per_second_max
        self._received: deque[float] = deque(maxlen=messages_per_second_max or 1)

    def send(self, frame: bytes, key: str | None = None) -> None:
        """Queue a message, or put it in the place of one with the same key that still waits.

        A queue beyond its limit ends the connection.
        """
        if self._closing.is_set():
            return
        if self._idle and self._write_now(frame):
            return
        waiting = self._replaceable.get(key) if key is not None else None
        grows = len(frame) - (len(waiting.frame) if waiting is not None else 0)
        if self._queued_bytes + grows > QUEUE_BYTES_MAX:
            self.close(WSCloseCode.POLICY_VIOLATION, b"slow reader")
            return
        self._queued_bytes += grows
        if waiting is not None:
            waiting.frame = frame
            return
        waiting = _Waiting(frame, key)
        self._queue.append(waiting)
        self._idle = False
        if key is not None:
            self._replaceable[key] = waiting
        self._wake.set()

    def _write_now(self, frame: bytes) -> bool:
        """Hand a message to a socket that has taken all before it; else return False, and it must wait its turn.

        Most readers keep up: waking a task for each of a thousand of them costs more than the sending.
        """
        transport = self._transport
        if transport is None or transport.is_closing() or self._socket.closed or transport.get_write_buffer_size():
            return False
        transport.write(text_frame(frame))
        return True

    def answer(self, frame: bytes) -> None:
        """Queue an answer: nothing that is sent later takes a place before it."""
        self._replaceable.clear()
        self.send(frame)

    def close(self, code: WSCloseCode, reason: bytes) -> None:
        """Have the connection closed, without waiting; what is queued is not sent any more."""
        if not self._closing.is_set():
            self._close_code, self._close_reason = code, reason
            self._closing.set()

    def cut(self) -> None:
        """End at once, without a closing handshake; what is queued is not sent any more."""
        abort(self._transport)
        self.close(WSCloseCode.ABNORMAL_CLOSURE, b"cut")

    @abstractmethod
    def hears(self, account_id: int) -> bool:
        """Tell whether the connection is of use to this account."""

    @abstractmethod
    def begin(self) -> None:
        """Do what comes before the first message."""

    @abstractmethod
    async def receive(self, data: bytes | str) -> None:
        """Take what the client says. No further message is read until this returns."""

    @abstractmethod
    def end(self) -> None:
        """Let go of everything."""

    async def run(self, transport: asyncio.Transport | None) -> None:
        """Serve until either side ends it, then cut a lingering socket."""
        self._transport = transport
        parts: list[asyncio.Task[object]] = [
            asyncio.create_task(part)
            for part in (self._read(), self._write(), self._keep_alive(), self._closing.wait())
        ]
        try:
            self.begin()
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.end()
            for part in parts:
                part.cancel()
            outcomes = await asyncio.gather(*parts, return_exceptions=True)
            await self._say_goodbye()
        for outcome in outcomes:
            if isinstance(outcome, Exception) and not isinstance(outcome, ConnectionError):
                raise outcome

    async def _say_goodbye(self) -> None:
        """Close with a handshake, and do not wait long for the answer."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await self._socket.close(code=self._close_code, message=self._close_reason)
        except (TimeoutError, ConnectionError):
            abort(self._transport)

    async def _write(self) -> None:
        """Send what is queued, in order. A message on its way cannot be replaced any more, and still counts."""
        while True:
            while self._queue:
                waiting = self._queue.popleft()
                if waiting.key is not None and self._replaceable.get(waiting.key) is waiting:
                    del self._replaceable[waiting.key]
                await self._socket.send_frame(waiting.frame, WSMsgType.TEXT)
                self._queued_bytes -= len(waiting.frame)
            self._wake.clear()
            self._idle = True
            await self._wake.wait()
            self._idle = False

    async def _keep_alive(self) -> None:
        """Ping, and end the connection when no pong comes or its day is over."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(PING_SECONDS)
            if loop.time() - self._ponged > PONG_SECONDS_MAX:
                self.close(WSCloseCode.POLICY_VIOLATION, b"no pong")
            if loop.time() - self._began > LIFE_SECONDS_MAX:
                self.close(WSCloseCode.GOING_AWAY, b"24 hours are over")
            await self._socket.ping()

    async def _read(self) -> None:
        """Take what the client says until it ends."""
        loop = asyncio.get_running_loop()
        while True:
            message = await self._socket.receive()
            if message.type not in _FROM_CLIENT:
                return
            now = loop.time()
            if self._messages_max is not None:
                if len(self._received) == self._messages_max and now - self._received[0] < 1:
                    self.close(WSCloseCode.POLICY_VIOLATION, b"too many messages")
                    return
                self._received.append(now)
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self._ponged = now
            else:
                await self.receive(message.data)


async def serve_connection(
    request: web.Request, make: Callable[[web.WebSocketResponse], Connection]
) -> web.StreamResponse:
    """Take a connection, if there is room and its address may open one more, and serve it to its end."""
    socket_ = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=MESSAGE_BYTES_MAX)
    if not socket_.can_prepare(request).ok:
        return refused(UPGRADE_REQUIRED, "This path is a WebSocket.")
    desk = request.app[DESK]
    call = desk.call(request.method, request.path, request.remote)
    try:
        desk.limits.charge_connection(call.caller, call.now_ms)
    except DialectError as error:
        return json_response(error.body(), error.http, {"Retry-After": str(error.retry_after)})
    connections = request.app[CONNECTIONS]
    if len(connections) >= CONNECTIONS_MAX:
        return refused(TOO_MANY_CONNECTIONS, "Too many connections.")
    connection = make(socket_)
    connections[connection] = None  # before the first wait, so that it counts for those who ask meanwhile
    try:
        await socket_.prepare(request)
        _bound_send_buffer(request.transport)
        await connection.run(request.transport)
    finally:
        del connections[connection]
    return socket_


@lru_cache(maxsize=1)
def text_frame(payload: bytes) -> bytes:
    """Return the WebSocket frame of a text that a server sends, whole; all who hear a message share its last one."""
    length = len(payload)
    if length < TWO_BYTE_LENGTH:
        return bytes((TEXT_FRAME, length)) + payload
    if length < EIGHT_BYTE_LENGTH:
        return bytes((TEXT_FRAME, TWO_BYTE_LENGTH)) + length.to_bytes(2, "big") + payload
    return bytes((TEXT_FRAME, TWO_BYTE_LENGTH + 1)) + length.to_bytes(8, "big") + payload


def refused(status: int, msg: str) -> web.Response:
    """Return a JSON error of the dialect."""
    return json_response({"code": -1000, "msg": msg}, status)


async def close_connections(application: web.Application) -> None:
    """Have every connection closed, as the venue stops."""
    connections = application[CONNECTIONS]
    for connection in list(connections):
        connection.close(WSCloseCode.GOING_AWAY, b"the venue closes")


def _bound_send_buffer(transport: asyncio.Transport | None) -> None:
    """Keep the kernel from buffering megabytes for a reader that does not read."""
    raw = None if transport is None else transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
