"""The REST door: one catch-all handler from raw request to JSON answer. It knows no endpoint and no venue rule."""

import logging
import re
from dataclasses import dataclass

from aiohttp import web

from exchange.dialects.binance import errors
from exchange.dialects.binance.auth import Credentials, authenticate
from exchange.dialects.binance.errors import DialectError
from exchange.dialects.binance.limits import RateLimits
from exchange.dialects.binance.listen_keys import ListenKeys
from exchange.dialects.binance.numbers import to_ms
from exchange.dialects.binance.parameters import parse_parameters
from exchange.dialects.binance.route import CommandRoute, Context, Params, ReadRoute, Route, weight_of
from exchange.dialects.binance.routes import find
from exchange.door import json_response, read_body, submit
from exchange.projections.adl import AdlQueues
from exchange.projections.derived import BusyFileError
from exchange.runtime.app import App

API_KEY_HEADER = "X-MBX-APIKEY"
LOGGED_PATH_CHARACTERS_MAX = 200
FAILED_CALL_WEIGHT = 1  # what a request costs its address when nobody can be told to have sent it
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Call:
    """One request on its way: what it costs is charged to `caller`, who is the address until a key is known."""

    method: str
    path: str
    caller: str
    now_ms: int
    orders_of: str = ""  # set when the call counts as orders


class RestDoor:
    """Answers REST requests of the dialect for one venue."""

    def __init__(self, app: App, listen_keys: ListenKeys) -> None:
        """Start with empty rate counters and no queue made."""
        self._app = app
        self._listen_keys = listen_keys
        self._adl_queues = AdlQueues()
        self._limits = RateLimits()
        self._contracts = {symbol: market.contract for symbol, market in app.venue.state.markets.items()}

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request; whatever happens, the answer is JSON."""
        call = _Call(
            method=request.method,
            path=request.path.encode("utf-8", errors="replace").decode(),  # what is no text could not be answered
            caller=f"address:{request.remote}",
            now_ms=to_ms(self._app.clock.wall()),  # venue time may stand still, and clients do not
        )
        try:
            body = await self._answer(call, request)
        except DialectError as error:
            return self._response(call, error.body(), error.http, retry_after=error.retry_after)
        except Exception:  # noqa: BLE001 - an own error: the answer is still JSON, the log gets the traceback
            _LOG.exception("%s %s failed", call.method, printable(call.path))
            unknown = errors.UNKNOWN_ERROR.error()
            return self._response(call, unknown.body(), unknown.http)
        return self._response(call, body, 200)

    async def _answer(self, call: _Call, request: web.Request) -> object:
        """Check at the door in the documented order, then read or command; raise DialectError for every refusal."""
        route = find(call.method, call.path)
        if route is None:
            self._limits.charge_weight(call.caller, FAILED_CALL_WEIGHT, call.now_ms)
            _LOG.warning("no such endpoint: %s %s", call.method, printable(call.path))
            raise errors.PATH_NOT_VALID.error(call.path, call.method)
        raw_query = request.raw_path.partition("?")[2].encode("utf-8", errors="surrogateescape")
        header = request.headers.get(API_KEY_HEADER)
        try:
            raw_body = await read_body(request)
            params = parse_parameters(raw_query, raw_body)
            known = authenticate(route.security, header, self._find_key, raw_query, raw_body, params, call.now_ms)
        except DialectError:
            self._limits.charge_weight(call.caller, FAILED_CALL_WEIGHT, call.now_ms)
            raise
        self._charge(call, route, params, known or self._find_key(header or ""))
        context = self._context(call, known)
        if isinstance(route, ReadRoute):
            return await self._read(route, context, params)
        return await self._command(route, context, params)

    def _charge(self, call: _Call, route: Route, params: Params, known: Credentials | None) -> None:
        """Count the call for its key, or for its address where no key is shown."""
        if known is not None:
            call.caller = f"key:{known.api_key}"
        self._limits.charge_weight(call.caller, weight_of(route, params), call.now_ms)
        if isinstance(route, CommandRoute) and route.order_count and known is not None:
            call.orders_of = f"account:{known.account_id}"
            self._limits.charge_orders(call.orders_of, route.order_count, call.now_ms)

    def _find_key(self, api_key: str) -> Credentials | None:
        return self._app.keys.find(api_key)

    async def _read(self, route: ReadRoute, context: Context, params: Params) -> object:
        """Read when history has caught up, and answer when what was read is durable, too."""
        await self._app.sequencer.durable()
        try:
            answer = route.read(context, params)
        except BusyFileError as error:  # it passes, and the venue trades on: come again
            raise errors.OVERLOADED.error() from error
        await self._app.sequencer.durable()
        return answer

    async def _command(self, route: CommandRoute, context: Context, params: Params) -> object:
        """Have the command done and render what it did."""
        applied = await submit(self._app.sequencer, route.parse(context, params))
        return route.respond(context, params, applied.seq, applied.events)

    def _context(self, call: _Call, known: Credentials | None) -> Context:
        return Context(
            state=self._app.venue.state,
            contracts=self._contracts,
            market_data=self._app.market_data,
            history=self._app.history,
            listen_keys=self._listen_keys,
            adl_queues=self._adl_queues,
            now_ms=call.now_ms,
            account_id=0 if known is None else known.account_id,
        )

    def _response(self, call: _Call, body: object, status: int, retry_after: int = 0) -> web.Response:
        headers = self._limits.weight_headers(call.caller, call.now_ms)
        if call.orders_of:
            headers |= self._limits.order_headers(call.orders_of, call.now_ms)
        if retry_after:
            headers["Retry-After"] = str(retry_after)
        return json_response(body, status, headers)


def printable(path: str) -> str:
    """Return a path fit for a log line: bounded, and without what could forge another line."""
    return _UNPRINTABLE.sub("?", path[:LOGGED_PATH_CHARACTERS_MAX])
