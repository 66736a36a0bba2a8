"""One user's connections, blocking and friendly to gevent: REST, the WebSocket API, and a stream. No strategy.

Each call is timed and noted as one operation with its outcome; no call raises.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Protocol
from urllib.parse import urlencode

import orjson
from geventhttpclient import HTTPClient
from websocket import WebSocket, WebSocketException, create_connection

from clients.ready import Credentials
from loadtests.outcomes import OK, UNANSWERED, outcome_of, unheard
from loadtests.signing import Params, signed_params, signed_query

TIMEOUT_S = 10.0
PATIENCE_S = 1.0
WS_API_PATH = "/ws-fapi/v1?returnRateLimits=false"
LOST = (OSError, EOFError, HTTPException, WebSocketException, ValueError)  # what ends without an answer

# operation: REST method and path, method of the WebSocket API
OPERATIONS = {
    "limit": ("POST", "/fapi/v1/order", "order.place"),
    "market": ("POST", "/fapi/v1/order", "order.place"),
    "cancel": ("DELETE", "/fapi/v1/order", "order.cancel"),
    "query": ("GET", "/fapi/v1/order", "order.status"),
    "positions": ("GET", "/fapi/v3/positionRisk", "v2/account.position"),
    "leverage": ("POST", "/fapi/v1/leverage", ""),
}


class Note(Protocol):
    """Who is told of each call: when it began (epoch seconds), how long it took, and how late it began."""

    def __call__(
        self, door: str, operation: str, began: float, took_ms: float, outcome: str, late_ms: float = 0.0
    ) -> None:
        """Take a note."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the outcome in one word, and the decoded body; None when nothing came."""

    outcome: str
    body: Any = None
    lost: bool = False

    @property
    def done(self) -> bool:
        """Tell whether the venue did it."""
        return self.outcome == OK


class Caller(Protocol):
    """A way to ask for an operation. `due_s`: when the next one falls due, by `time.monotonic`; 0: now."""

    due_s: float

    def ask(self, operation: str, params: Params) -> Reply:
        """Ask, signed, and wait for the answer."""

    def close(self) -> None:
        """Give the connection back."""


class RestCaller:
    """Signed REST calls over one kept connection."""

    def __init__(self, rest_url: str, account: Credentials, note: Note, door: str = "REST") -> None:
        self.due_s = 0.0
        self._account = account
        self._note = note
        self._door = door
        self._headers = {"X-MBX-APIKEY": account.api_key} if account.api_key else {}
        self._client = HTTPClient.from_url(rest_url, connection_timeout=TIMEOUT_S, network_timeout=TIMEOUT_S)

    def ask(self, operation: str, params: Params) -> Reply:
        """Ask, signed, and wait for the answer."""
        method, path, _ = OPERATIONS[operation]
        query = signed_query(self._account, params, _now_ms())
        return self._timed(operation, method, f"{path}?{query}")

    def snapshot(self, symbol: str) -> Reply:
        """Ask for a book of 1,000 levels, unsigned."""
        return self._timed("depth snapshot", "GET", f"/fapi/v1/depth?{urlencode({'symbol': symbol, 'limit': 1000})}")

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _timed(self, operation: str, method: str, target: str) -> Reply:
        def exchange() -> Reply:
            answer = self._client.request(method, target, headers=self._headers)
            body = orjson.loads(bytes(answer.read()))
            return Reply(outcome_of(answer.status_code, body), body)

        return timed(self._note, self._door, operation, exchange, self.due_s)


class SocketCaller:
    """Requests of the WebSocket API, one at a time: each signed, or, once logged on, none."""

    def __init__(self, ws_url: str, account: Credentials, note: Note, *, logs_on: bool) -> None:
        self._url = f"{ws_url}{WS_API_PATH}"
        self.due_s = 0.0
        self._account = account
        self._note = note
        self._logs_on = logs_on
        self._ids = itertools.count(1)
        self._socket: WebSocket | None = None

    def ask(self, operation: str, params: Params) -> Reply:
        """Ask and wait for the answer; a lost connection is opened anew first."""
        if self._socket is None and not self._open():
            return Reply("transport closed")
        return self._timed(operation, OPERATIONS[operation][2], params, signs=not self._logs_on)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close(timeout=0)
            self._socket = None

    def _open(self) -> bool:
        def connect() -> Reply:
            self._socket = create_connection(self._url, timeout=TIMEOUT_S, skip_utf8_validation=True)
            return Reply(OK)

        timed(self._note, "WS", "connect", connect)
        if self._socket is not None and self._logs_on:
            self._timed("logon", "session.logon", {}, signs=True)
        return self._socket is not None

    def _timed(self, operation: str, method: str, params: Params, *, signs: bool) -> Reply:
        now_ms = _now_ms()
        sent = signed_params(self._account, params, now_ms) if signs else {**params, "timestamp": now_ms}

        def exchange() -> Reply:
            answer = self._exchange({"id": next(self._ids), "method": method, "params": sent})
            body = answer.get("result", answer.get("error"))
            return Reply(outcome_of(answer["status"], body), body)

        reply = timed(self._note, "WS", operation, exchange, self.due_s)
        if reply.lost:
            self.close()
        return reply

    def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._socket is not None
        self._socket.send(orjson.dumps(request).decode())
        while True:
            answer: dict[str, Any] = orjson.loads(self._socket.recv())
            if answer.get("id") == request["id"]:
                return answer


def timed(note: Note, door: str, operation: str, exchange: Callable[[], Reply], due_s: float = 0.0) -> Reply:
    """Exchange a request for an answer, and note how long it took and what came of it.

    A run that ends cuts off whoever still waits: who has done so for PATIENCE_S is noted, too, else a venue that hangs
    until the end would be seen by nobody.
    """
    began, start_s = time.time(), time.monotonic()
    late_s = max(0.0, start_s - due_s) if due_s else 0.0
    outcome = UNANSWERED
    try:
        reply = exchange()
        outcome = reply.outcome
    except LOST as error:
        outcome = unheard(error)
        reply = Reply(outcome, lost=True)
    finally:
        took_s = time.monotonic() - start_s
        if outcome != UNANSWERED or took_s > PATIENCE_S:
            note(door, operation, began, took_s * 1e3, outcome, late_s * 1e3)
    return reply


def open_stream(ws_url: str, streams: list[str]) -> WebSocket:
    """Open a connection that hears these streams. Raises what stands in LOST."""
    url = f"{ws_url}/stream?streams={'/'.join(streams)}"
    return create_connection(url, timeout=TIMEOUT_S, skip_utf8_validation=True)


def next_event(socket_: WebSocket) -> dict[str, Any]:
    """Wait for the next event of a stream connection. Raises what stands in LOST."""
    message: dict[str, Any] = orjson.loads(socket_.recv())
    event: dict[str, Any] = message.get("data", message)
    return event


def _now_ms() -> int:
    return time.time_ns() // 10**6
