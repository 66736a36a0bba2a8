"""Stream connections: WebSocket paths, control messages, one bounded queue per reader. It knows no stream by name.

A reader is never waited for. What it has not taken yet waits in its queue; when that would exceed QUEUE_BYTES_MAX the
connection is closed (1008), since a diff left out silently would make a wrong book. Paths are the four roots x `/ws`,
`/ws/<names>` and `/stream`, and every stream is served on each of them.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable, Callable

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from exchange.dialects.binance.listen_keys import ListenKeys
from exchange.dialects.binance.numbers import to_ms
from exchange.dialects.binance.streams import (
    STREAMS_MAX,
    Control,
    ControlError,
    answer,
    parse_control,
    stream_names,
)
from exchange.gateway.app_keys import LISTEN_KEYS
from exchange.gateway.fanout import Fanout
from exchange.gateway.stream_door import StreamDoor, abort
from exchange.runtime.app import App

ROOTS = ("", "/public", "/market", "/private")
QUEUE_BYTES_MAX = 8 * 1024 * 1024  # waiting for one reader: more than one batch of the sequencer makes
SEND_BUFFER_BYTES = 256 * 1024  # of the socket, so that a slow reader shows in its queue and not in the kernel
MESSAGE_BYTES_MAX = 64 * 1024  # of an incoming message: a larger one closes the connection (1009)
MESSAGES_PER_SECOND_MAX = 10  # incoming; more close the connection (1008)
CONNECTIONS_MAX = 1_000
PING_SECONDS = 180
PONG_SECONDS_MAX = 600  # without a pong the connection is closed
LIFE_SECONDS_MAX = 24 * 3600
CLOSE_SECONDS_MAX = 1  # a closing handshake may take so long, then the socket is cut
UPGRADE_REQUIRED = 426
TOO_MANY_CONNECTIONS = STREAMS_CLOSED = 503

FANOUT = web.AppKey("fanout", Fanout)
CONNECTIONS: web.AppKey[dict["Connection", None]] = web.AppKey("connections", dict)
STREAM_DOOR = web.AppKey("stream_door", StreamDoor)


def add_stream_routes(application: web.Application, app: App) -> None:
    """Serve the streams of a venue. `application` must have its LISTEN_KEYS already."""
    contracts = {symbol: market.contract for symbol, market in app.venue.state.markets.items()}
    listen_keys: ListenKeys = application[LISTEN_KEYS]
    fanout = Fanout(app.market_data, contracts, listen_keys, lambda: to_ms(app.clock.wall()), app.sequencer.fail)
    app.sequencer.subscribe(fanout.publish)
    application[FANOUT] = fanout
    connections: dict[Connection, None] = {}
    application[CONNECTIONS] = connections
    application[STREAM_DOOR] = StreamDoor(connections)
    for root in ROOTS:
        application.router.add_get(f"{root}/ws", _handler(combined=False))
        application.router.add_get(f"{root}/ws/{{names:.*}}", _handler(combined=False))
        application.router.add_get(f"{root}/stream", _handler(combined=True))
    application.on_shutdown.append(_close_all)


class Connection:
    """One reader: what it hears, and what waits to be sent to it."""

    def __init__(self, socket_: web.WebSocketResponse, fanout: Fanout, *, combined: bool, events: list[str]) -> None:
        """Begin to hear nothing. `events`: the user events it wants, all when empty."""
        self.combined = combined
        self._events = events
        self._socket = socket_
        self._transport: asyncio.BaseTransport | None = None
        self._fanout = fanout
        self._names: dict[str, None] = {}
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._close_code = WSCloseCode.OK
        self._close_reason = b""
        self._began = self._ponged = asyncio.get_running_loop().time()
        self._received: deque[float] = deque(maxlen=MESSAGES_PER_SECOND_MAX)

    def send(self, frame: bytes) -> None:
        """Queue a message; a queue beyond its limit ends the connection."""
        if self._closing.is_set():
            return
        if self._queued_bytes + len(frame) > QUEUE_BYTES_MAX:
            self.close(WSCloseCode.POLICY_VIOLATION, b"slow reader")
            return
        self._queue.append(frame)
        self._queued_bytes += len(frame)
        self._wake.set()

    def wants(self, event_name: str) -> bool:
        """Tell whether this user event was asked for."""
        return not self._events or event_name in self._events

    def close(self, code: WSCloseCode, reason: bytes) -> None:
        """Have the connection closed, without waiting; what is queued is not sent any more."""
        if not self._closing.is_set():
            self._close_code, self._close_reason = code, reason
            self._closing.set()

    def hears(self, account_id: int) -> bool:
        """Tell whether it hears the user stream of this account."""
        return any(self._fanout.account_of(name) == account_id for name in self._names)

    def cut(self) -> None:
        """End at once, without a closing handshake; what is queued is not sent any more."""
        abort(self._transport)
        self.close(WSCloseCode.ABNORMAL_CLOSURE, b"cut")

    async def run(self, transport: asyncio.BaseTransport | None, names: list[str]) -> None:
        """Serve, hearing these streams, until either side ends it; then hear nothing and cut a lingering socket."""
        self._transport = transport
        parts = [
            asyncio.create_task(part)
            for part in (self._read(), self._write(), self._keep_alive(), self._closing.wait())
        ]
        try:
            self._hear(names)
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for name in self._names:
                self._fanout.leave(name, self)
            for part in parts:
                part.cancel()
            outcomes = await asyncio.gather(*parts, return_exceptions=True)
            await self._cut(transport)
        for outcome in outcomes:
            if isinstance(outcome, Exception) and not isinstance(outcome, ConnectionError):
                raise outcome

    async def _cut(self, transport: asyncio.BaseTransport | None) -> None:
        """Say good-bye, and do not wait long for the answer."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await self._socket.close(code=self._close_code, message=self._close_reason)
        except (TimeoutError, ConnectionError):
            abort(transport)

    async def _write(self) -> None:
        """Send what is queued, in order."""
        while True:
            while self._queue:
                frame = self._queue[0]
                await self._socket.send_frame(frame, WSMsgType.TEXT)
                self._queue.popleft()
                self._queued_bytes -= len(frame)
            self._wake.clear()
            await self._wake.wait()

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
            if len(self._received) == MESSAGES_PER_SECOND_MAX and now - self._received[0] < 1:
                self.close(WSCloseCode.POLICY_VIOLATION, b"too many messages")
                return
            self._received.append(now)
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self._ponged = now
            else:
                self._control(message.data)

    def _hear(self, names: list[str]) -> None:
        """Begin to hear streams; names that are none are passed over."""
        for name in names:
            if len(self._names) < STREAMS_MAX and self._fanout.knows(name):
                self._names[name] = None
                self._fanout.join(name, self)

    def _control(self, data: bytes | str) -> None:
        """Do one request and queue its answer, which comes before the first event of a new stream."""
        try:
            control = parse_control(data)
            _CONTROLS[control.method](self, control)
        except ControlError as error:
            self.send(orjson.dumps(error.body))

    def _subscribe(self, control: Control) -> None:
        unknown = [name for name in control.params if not self._fanout.knows(name)]
        if unknown:
            raise ControlError(f"unknown stream {unknown[0][:_SHOWN_CHARACTERS_MAX]}", control.request_id)
        if len({**self._names, **dict.fromkeys(control.params)}) > STREAMS_MAX:
            raise ControlError(f"at most {STREAMS_MAX} streams on a connection", control.request_id)
        self._answer(control, None)
        self._hear(list(control.params))

    def _unsubscribe(self, control: Control) -> None:
        for name in control.params:
            if name in self._names:
                del self._names[name]
                self._fanout.leave(name, self)
        self._answer(control, None)

    def _list_subscriptions(self, control: Control) -> None:
        self._answer(control, list(self._names))

    def _set_property(self, control: Control) -> None:
        self.combined = control.value
        self._answer(control, None)

    def _get_property(self, control: Control) -> None:
        self._answer(control, self.combined)

    def _answer(self, control: Control, result: object) -> None:
        self.send(orjson.dumps(answer(result, control.request_id)))


_FROM_CLIENT = frozenset({WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG})
_SHOWN_CHARACTERS_MAX = 100  # of an unknown name, in the error that names it
_CONTROLS: dict[str, Callable[[Connection, Control], None]] = {
    "SUBSCRIBE": Connection._subscribe,  # noqa: SLF001 - the table of this class, outside it as it names its methods
    "UNSUBSCRIBE": Connection._unsubscribe,  # noqa: SLF001 - same
    "LIST_SUBSCRIPTIONS": Connection._list_subscriptions,  # noqa: SLF001 - same
    "SET_PROPERTY": Connection._set_property,  # noqa: SLF001 - same
    "GET_PROPERTY": Connection._get_property,  # noqa: SLF001 - same
}


def _handler(*, combined: bool) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return the handler of a path whose connections begin with raw or with wrapped messages."""

    async def handle(request: web.Request) -> web.StreamResponse:
        socket_ = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=MESSAGE_BYTES_MAX)
        if not socket_.can_prepare(request).ok:
            return _refused(UPGRADE_REQUIRED, "This path is a WebSocket.")
        connections = request.app[CONNECTIONS]
        if not request.app[STREAM_DOOR].open:
            return _refused(STREAMS_CLOSED, "Stream connections are closed.")
        if len(connections) >= CONNECTIONS_MAX:
            return _refused(TOO_MANY_CONNECTIONS, "Too many stream connections.")
        events = stream_names(request.query.get("events", ""))
        connection = Connection(socket_, request.app[FANOUT], combined=combined, events=events)
        connections[connection] = None  # before the first wait, so that it counts for those who ask meanwhile
        try:
            await socket_.prepare(request)
            _bound_send_buffer(request.transport)
            await connection.run(request.transport, _first_names(request))
        finally:
            del connections[connection]
        return socket_

    return handle


def _first_names(request: web.Request) -> list[str]:
    """Return the names that the address asks for: in the path, as `streams`, as `listenKey`."""
    asked = (request.match_info.get("names", ""), request.query.get("streams", ""), request.query.get("listenKey", ""))
    return stream_names("/".join(asked))


def _bound_send_buffer(transport: asyncio.BaseTransport | None) -> None:
    """Keep the kernel from buffering megabytes for a reader that does not read."""
    raw = None if transport is None else transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def _refused(status: int, msg: str) -> web.Response:
    """Return a JSON error of the dialect."""
    body = orjson.dumps({"code": -1000, "msg": msg})
    return web.Response(body=body, status=status, content_type="application/json")


async def _close_all(application: web.Application) -> None:
    """Have every connection closed, and stop the timers."""
    application[FANOUT].close()
    connections = application[CONNECTIONS]
    for connection in list(connections):
        connection.close(WSCloseCode.GOING_AWAY, b"the venue closes")
