"""Stream connections: their paths and what is asked on them. It knows no stream by name.

Paths are the four roots x `/ws`, `/ws/<names>` and `/stream`, and every stream is served on each of them. A reader that
is too slow is closed, since a diff left out silently would make a wrong book; but of what only tells how things stand,
the latest message takes the place of one that it has not taken yet (docs/streams.md).
"""

from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from exchange.dialects.binance.streams.control import Control, ControlError, answer, parse_control
from exchange.dialects.binance.streams.event_order import EVENT_ORDERS
from exchange.dialects.binance.streams.listen_keys import ListenKeys
from exchange.dialects.binance.streams.table import STREAMS_MAX, may_be_stream, stream_names
from exchange.dialects.binance.text.numbers import to_ms
from exchange.gateway.app_keys import APP, DESK, LISTEN_KEYS
from exchange.gateway.connection import CONNECTIONS, Connection, close_connections, refused, serve_connection
from exchange.gateway.coverage import note_streams
from exchange.gateway.fanout import Fanout
from exchange.gateway.stream_door import StreamDoor
from exchange.runtime.app import App
from exchange.runtime.usage import Usage

ROOTS = ("", "/public", "/market", "/private")
MESSAGES_PER_SECOND_MAX = 10  # incoming; more close the connection (1008)
STREAMS_CLOSED = 503

FANOUT = web.AppKey("fanout", Fanout)
STREAM_DOOR = web.AppKey("stream_door", StreamDoor)


def add_stream_routes(application: web.Application, app: App) -> None:
    """Serve the streams of a venue. `application` must have its LISTEN_KEYS and its DESK already."""
    contracts = {symbol: market.contract for symbol, market in app.venue.state.markets.items()}
    listen_keys: ListenKeys = application[LISTEN_KEYS]
    fanout = Fanout(
        app.market_data,
        contracts,
        listen_keys,
        lambda: to_ms(app.clock.wall()),
        app.sequencer.fail,
        application[DESK].timing,
        EVENT_ORDERS[app.settings.event_order],
    )
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


class StreamConnection(Connection):
    """One reader of streams: what it hears, and what it asks for."""

    def __init__(
        self,
        socket_: web.WebSocketResponse,
        fanout: Fanout,
        usage: Usage,
        names: list[str],
        events: list[str],
        *,
        combined: bool,
    ) -> None:
        """Hear these streams once it runs. `events`: the user events it wants, all when empty."""
        super().__init__(socket_, MESSAGES_PER_SECOND_MAX)
        self.combined = combined
        self._first_names = names
        self._events = events
        self._fanout = fanout
        self._usage = usage
        self._names: dict[str, None] = {}  # those that are no stream, too: they say nothing

    def wants(self, event_name: str) -> bool:
        """Tell whether this user event was asked for."""
        return not self._events or event_name in self._events

    def hears(self, account_id: int) -> bool:
        """Tell whether it hears the user stream of this account."""
        return any(self._fanout.account_of(name) == account_id for name in self._names)

    def begin(self) -> None:
        """Hear what the address named; names that are no stream are passed over."""
        note_streams(self._usage, self._first_names, self._fanout)
        self._hear([name for name in self._first_names if self._fanout.knows(name)])

    async def receive(self, data: bytes | str) -> None:
        """Do one request and queue its answer, which comes before the first event of a new stream."""
        try:
            control = parse_control(data)
            _CONTROLS[control.method](self, control)
        except ControlError as error:
            self.answer(orjson.dumps(error.body))

    def end(self) -> None:
        """Hear nothing more."""
        for name in self._names:
            self._fanout.leave(name, self)

    def _hear(self, names: list[str]) -> None:
        """Begin to hear streams."""
        for name in names:
            self._names[name] = None
            if self._fanout.knows(name):
                self._fanout.join(name, self)

    def _subscribe(self, control: Control) -> None:
        if not all(may_be_stream(name) or self._fanout.knows(name) for name in control.params):
            raise ControlError("invalid stream", control.request_id)
        if len({**self._names, **dict.fromkeys(control.params)}) > STREAMS_MAX:
            raise ControlError(f"at most {STREAMS_MAX} streams on a connection", control.request_id)
        self._answer(control, None)
        note_streams(self._usage, control.params, self._fanout)
        self._hear(list(dict.fromkeys(control.params)))

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
        self.answer(orjson.dumps(answer(result, control.request_id)))


_CONTROLS: dict[str, Callable[[StreamConnection, Control], None]] = {
    "SUBSCRIBE": StreamConnection._subscribe,  # noqa: SLF001 - the table of this class, outside it as it names its methods
    "UNSUBSCRIBE": StreamConnection._unsubscribe,  # noqa: SLF001 - same
    "LIST_SUBSCRIPTIONS": StreamConnection._list_subscriptions,  # noqa: SLF001 - same
    "SET_PROPERTY": StreamConnection._set_property,  # noqa: SLF001 - same
    "GET_PROPERTY": StreamConnection._get_property,  # noqa: SLF001 - same
}


def _handler(*, combined: bool) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return the handler of a path whose connections begin with raw or with wrapped messages."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if not request.app[STREAM_DOOR].open:
            return refused(STREAMS_CLOSED, "Stream connections are closed.")
        fanout, usage = request.app[FANOUT], request.app[APP].usage
        events, names = stream_names(request.query.get("events", "")), _first_names(request)
        return await serve_connection(
            request, lambda socket_: StreamConnection(socket_, fanout, usage, names, events, combined=combined)
        )

    return handle


def _first_names(request: web.Request) -> list[str]:
    """Return the names that the address asks for: in the path, as `streams`, as `listenKey`."""
    asked = (request.match_info.get("names", ""), request.query.get("streams", ""), request.query.get("listenKey", ""))
    return stream_names("/".join(asked))


async def _close_all(application: web.Application) -> None:
    """Have every connection closed, and stop the timers."""
    application[FANOUT].close()
    await close_connections(application)
