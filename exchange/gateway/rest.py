"""The REST door: one catch-all handler from raw request to JSON answer. It knows no endpoint and no venue rule."""

import logging

from aiohttp import web

from exchange.dialects.binance.door.auth import authenticate
from exchange.dialects.binance.parameters import parse_parameters
from exchange.dialects.binance.rest.routes import find
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.errors import DialectError
from exchange.door import json_response, read_body
from exchange.gateway.call import Answer, Call
from exchange.gateway.desk import Desk, printable
from exchange.gateway.stream_door import abort

API_KEY_HEADER = "X-MBX-APIKEY"
_LOG = logging.getLogger(__name__)


class RestDoor:
    """Answers REST requests of the dialect for one venue."""

    def __init__(self, desk: Desk) -> None:
        """Have requests answered at this desk."""
        self._desk = desk

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request; whatever happens, the answer is JSON."""
        path = request.path.encode("utf-8", errors="replace").decode()  # what is no text could not be answered
        call = self._desk.call(request.method, path, request.remote)
        answer = await self._desk.settle(call, self._answer(call, request))
        if answer.unanswered:
            abort(request.transport)  # what is written below reaches nobody
        return self._response(call, answer)

    async def _answer(self, call: Call, request: web.Request) -> object:
        """Check at the door in the documented order, then have it done; raise DialectError for every refusal."""
        call.route = find(call.verb, call.name)
        self._desk.refuse_banned(call)
        if call.route is None:
            self._desk.charge_failed(call)
            _LOG.warning("no such endpoint: %s %s", call.verb, printable(call.name))
            raise errors.PATH_NOT_VALID.error(call.name, call.verb)
        raw_query = request.raw_path.partition("?")[2].encode("utf-8", errors="surrogateescape")
        header = request.headers.get(API_KEY_HEADER)
        find_key = self._desk.find_key
        try:
            raw_body = await read_body(request)
            call.params = parse_parameters(raw_query, raw_body)
            known = authenticate(call.route.security, header, find_key, raw_query, raw_body, call.params, call.now_ms)
        except DialectError:
            self._desk.charge_failed(call)
            raise
        return await self._desk.answer(call, known, known or find_key(header or ""))

    def _response(self, call: Call, answer: Answer) -> web.Response:
        headers = self._desk.limits.weight_headers(call.caller, call.now_ms)
        if call.counts_orders:
            headers |= self._desk.limits.order_headers(call.caller, call.now_ms)
        if answer.retry_after:
            headers["Retry-After"] = str(answer.retry_after)
        return json_response(answer.body, answer.status, headers)
