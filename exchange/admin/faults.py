"""The control API's part that harms clients on purpose: faults of order requests, and stream connections that end.

Nothing of it is a command: the journal knows what was done, not what a client was told about it.
"""

from typing import Annotated, Literal, Protocol

import msgspec
from aiohttp import web

from exchange.admin.bodies import BODY_NOT_VALID, Body, parse_body
from exchange.admin.control import ACCOUNT_UNKNOWN, guarded
from exchange.dialects.binance.door.faults import (
    DELAY_MS_MAX,
    PENDING_MAX,
    RETRY_AFTER_S_MAX,
    TIMES_MAX,
    Asked,
    Fault,
    FaultKind,
    Faults,
    TooManyFaultsError,
    error_of,
)
from exchange.dialects.binance.text.errors import Refusal
from exchange.door import read_body
from exchange.runtime.app import App

TOO_MANY_FAULTS = Refusal(-9106, "%s faults wait already; DELETE /sim/v1/faults lets them go.", 409)
MESSAGE_CHARACTERS_MAX = 500


class NewFault(Body, frozen=True):
    """A fault for order requests to come; without an account it befalls whoever asks next."""

    kind: Literal["REFUSE", "UNKNOWN", "SILENT", "DELAY"]
    request: Literal["PLACE", "AMEND", "CANCEL"] = "PLACE"
    account_id: int | None = None
    code: int | None = None
    msg: Annotated[str, msgspec.Meta(max_length=MESSAGE_CHARACTERS_MAX)] | None = None
    retry_after: Annotated[int, msgspec.Meta(ge=0, le=RETRY_AFTER_S_MAX)] = 0
    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=DELAY_MS_MAX)] = 0
    times: Annotated[int, msgspec.Meta(ge=1, le=TIMES_MAX)] = 1


class StreamsOf(Body, frozen=True):
    """Whose stream connections: those that hear the user stream of an account, or all of them."""

    account_id: int | None = None


class StreamsOpen(Body, frozen=True):
    """Whether stream connections are taken; false also ends those that there are."""

    open: bool


class StreamDoor(Protocol):
    """The stream connections of a venue."""

    open: bool

    def cut(self, account_id: int) -> int:
        """End the connections that hear this account's user stream, of 0 all, and return how many these were."""
        ...


def add_fault_routes(application: web.Application, app: App, faults: Faults, streams: StreamDoor) -> None:
    """Add the paths of faults to an application. `faults` is the record that the desk asks."""
    control = FaultControl(app, faults, streams)
    for method, path, answer in (
        ("GET", "/faults", control.show),
        ("POST", "/faults", control.add),
        ("DELETE", "/faults", control.clear),
        ("POST", "/streams/disconnect", control.disconnect),
        ("POST", "/streams", control.open_streams),
    ):
        application.router.add_route(method, f"/sim/v1{path}", guarded(app.admin_token, answer))


class FaultControl:
    """What the control API does about faults. Methods return JSON-able objects and raise DialectError."""

    def __init__(self, app: App, faults: Faults, streams: StreamDoor) -> None:
        """Keep what is controlled."""
        self._app = app
        self._faults = faults
        self._streams = streams

    async def show(self, _request: web.Request) -> object:
        """Return the faults that wait, oldest first."""
        return [
            {
                "kind": waiting.fault.kind.value,
                "request": waiting.fault.asked.name,
                "accountId": waiting.fault.account_id or None,
                "code": waiting.fault.error.code,
                "delayMs": waiting.fault.delay_ms,
                "times": waiting.times,
            }
            for waiting in self._faults.pending
        ]

    async def add(self, request: web.Request) -> object:
        """Have a fault befall requests to come; -9101 for an error that the dialect does not have."""
        body = parse_body(await read_body(request), NewFault)
        account_id = self._account_id(body.account_id)
        error = error_of(FaultKind[body.kind], body.code, body.msg, body.retry_after)
        if error is None:
            raise BODY_NOT_VALID.error(f"the dialect has no error {body.code} - at `$.code`")
        fault = Fault(FaultKind[body.kind], error, Asked[body.request], account_id, body.delay_ms)
        try:
            self._faults.add(fault, body.times)
        except TooManyFaultsError as full:
            raise TOO_MANY_FAULTS.error(PENDING_MAX) from full
        return {"pending": len(self._faults.pending)}

    async def clear(self, _request: web.Request) -> object:
        """Let no fault befall anybody any more."""
        self._faults.clear()
        return {"pending": 0}

    async def disconnect(self, request: web.Request) -> object:
        """End stream connections without a word; their clients may come again at once."""
        body = parse_body(await read_body(request), StreamsOf)
        return {"disconnected": self._streams.cut(self._account_id(body.account_id))}

    async def open_streams(self, request: web.Request) -> object:
        """Take stream connections or do not; when they are not taken any more, those that there are end."""
        body = parse_body(await read_body(request), StreamsOpen)
        self._streams.open = body.open
        return {"disconnected": 0 if body.open else self._streams.cut(0)}

    def _account_id(self, named: int | None) -> int:
        """Return the account that is named, 0 for none; -9102 when it is no trader's."""
        if named is None:
            return 0
        if self._app.venue.state.trader(named) is None:
            raise ACCOUNT_UNKNOWN.error()
        return named
