"""WebSocket API connections: requests are begun in the order in which they came, and answered as they finish.

So one that reads much holds up none behind it, and orders that were sent without waiting for each other's answers share
one commit. An answer is found by its id, as on the real venue; commands are done, and finish, in their order.
"""

import asyncio
import logging

import orjson
from aiohttp import WSCloseCode, web

from exchange.dialects.binance.text.errors import DialectError
from exchange.dialects.binance.text.json_parameters import as_parameters
from exchange.dialects.binance.ws_api import (
    CONNECT,
    OK,
    PATH,
    RETURN_LIMITS,
    VERB,
    MalformedRequestError,
    Request,
    RequestId,
    Session,
    answer,
    authenticate,
    key_of,
    parse_request,
    route_of,
    session_routes,
    waiting_body,
)
from exchange.door import json_response
from exchange.gateway.app_keys import DESK
from exchange.gateway.call import Answer, Call
from exchange.gateway.connection import Connection, serve_connection
from exchange.gateway.desk import Desk

_LOG = logging.getLogger(__name__)
UNANSWERED_MAX = 200  # requests of one connection: beyond it nothing more is read from it until one is answered


def add_ws_api_routes(application: web.Application) -> None:
    """Serve the WebSocket API. `application` must have its desk and its connections already."""
    for path in (PATH, f"{PATH}/{{tail:.*}}"):
        application.router.add_get(path, _handle)


class ApiConnection(Connection):
    """One client of the WebSocket API, and who logged on there."""

    def __init__(self, socket_: web.WebSocketResponse, desk: Desk, address: str | None, session: Session) -> None:
        """Begin with nobody logged on."""
        super().__init__(socket_, messages_per_second_max=None)  # request weight bounds them
        self._desk = desk
        self._address = address
        self._session = session
        self._session_routes = session_routes(session)
        self._account_ids: dict[int, None] = {}  # who spoke here
        self._free = asyncio.Semaphore(UNANSWERED_MAX)
        self._answering: dict[asyncio.Task[None], None] = {}

    def hears(self, account_id: int) -> bool:
        """Tell whether this account spoke here."""
        return account_id in self._account_ids

    def begin(self) -> None:
        """Wait for requests."""

    async def receive(self, data: bytes | str) -> None:
        """Begin a request; one of the session comes after all before it have begun, and is finished before the next."""
        call = self._desk.call(VERB, "", self._address)
        try:
            request = parse_request(data)
        except MalformedRequestError as error:
            self._send(call, error.request_id, await self._desk.settle(call, self._refuse(call, error)))
            return
        call.name = request.method
        if request.method in self._session_routes:
            await asyncio.sleep(0)  # tasks that were just made look at the session in their first step
            await self._do(call, request)
            return
        await self._free.acquire()
        task = asyncio.create_task(self._do(call, request))
        self._answering[task] = None
        task.add_done_callback(self._answered)

    def end(self) -> None:
        """Answer nothing more. What was begun is done all the same."""
        for task in self._answering:
            task.cancel()

    def _answered(self, task: asyncio.Task[None]) -> None:
        del self._answering[task]
        self._free.release()
        if not task.cancelled() and (error := task.exception()) is not None:  # whoever waits for it would wait for ever
            _LOG.error("an answer of the WebSocket API was lost", exc_info=error)
            self.close(WSCloseCode.INTERNAL_ERROR, b"internal error")

    async def _do(self, call: Call, request: Request) -> None:
        """Have a request done and answer it."""
        outcome = await self._desk.settle(call, self._outcome(call, request))
        if call.account_id:
            self._account_ids[call.account_id] = None
        if outcome.unanswered:
            self.cut()
        else:
            self._send(call, request.request_id, outcome, told_limits=request.returns_limits(self._session))

    async def _outcome(self, call: Call, request: Request) -> object:
        """Check at the door in the order of REST, then have it done; raise DialectError for every refusal."""
        find_key = self._desk.find_key
        self._desk.refuse_banned(call)
        if request.method in self._session_routes:
            self._session.forget_revoked(find_key)
        try:
            call.route = route_of(request.method, self._session_routes)
            call.params = as_parameters(request.sent)
            known = authenticate(call.route.security, request, call.params, self._session, find_key, call.now_ms)
        except DialectError:
            self._desk.charge_failed(call)
            raise
        return await self._desk.answer(call, known, known or key_of(request, self._session, find_key))

    async def _refuse(self, call: Call, error: DialectError) -> object:
        """Charge a message that is no request, and refuse it."""
        self._desk.refuse_banned(call)
        self._desk.charge_failed(call)
        raise error

    def _send(self, call: Call, request_id: RequestId, outcome: Answer, *, told_limits: bool = True) -> None:
        """Queue an answer."""
        body = waiting_body(outcome.body, outcome.retry_after, call.now_ms)
        limits = self._desk.limits.figures(call.caller, call.now_ms, orders=call.counts_orders) if told_limits else None
        self.send(orjson.dumps(answer(request_id, outcome.status, body, limits)))


async def _handle(request: web.Request) -> web.StreamResponse:
    """Charge a new connection, then serve it. `?returnRateLimits=false` is the default of its requests."""
    desk = request.app[DESK]
    call = desk.call(VERB, "", request.remote)
    call.route = CONNECT
    outcome = await desk.settle(call, desk.answer(call, None, None))
    if outcome.status != OK:
        return json_response(outcome.body, outcome.status, {"Retry-After": str(outcome.retry_after)})
    session = Session(call.now_ms, returns_limits=request.query.get(RETURN_LIMITS, "true").lower() != "false")
    return await serve_connection(request, lambda socket_: ApiConnection(socket_, desk, request.remote, session))
