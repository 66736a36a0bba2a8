"""Faults that wait for an order request to befall: a record of them, and which one comes next. It does nothing itself.

They exist so that a client can be tried: the venue's own rules never make one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from exchange.dialects.binance.route import ReadRoute, Route
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.errors import DialectError, Refusal

PENDING_MAX = 100
TIMES_MAX = 1_000
DELAY_MS_MAX = 60_000
RETRY_AFTER_S_MAX = 3_600
ORDER_PATHS = frozenset(
    {
        "/fapi/v1/order",
        "/fapi/v1/batchOrders",
        "/fapi/v1/allOpenOrders",
        "/fapi/v1/algoOrder",
        "/fapi/v1/algoOpenOrders",
    },
)

INTERNAL_ERROR = Refusal(-1001, "Internal error; unable to process your request. Please try again.", 500)
UNEXPECTED_RESPONSE = Refusal(
    -1006, "An unexpected response was received from the message bus. Execution status unknown.", 503
)
TIMED_OUT = Refusal(
    -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.", 408
)
MAYBE_DONE = Refusal(-1000, "Unknown error, please check your request or try again later.", 503)


class FaultKind(Enum):
    """What befalls a request."""

    REFUSE = "REFUSE"  # it is not done, and answered with an error
    UNKNOWN = "UNKNOWN"  # it is done, and answered with an error that leaves that open
    SILENT = "SILENT"  # it is done, and its connection ends without an answer
    DELAY = "DELAY"  # it is done, and answered late


class Asked(Enum):
    """What a request asks about orders, as it is told by its method."""

    PLACE = "POST"
    AMEND = "PUT"
    CANCEL = "DELETE"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault and whom it waits for. `account_id` 0: whoever comes. `error` is that of REFUSE and UNKNOWN."""

    kind: FaultKind
    error: DialectError
    asked: Asked = Asked.PLACE
    account_id: int = 0
    delay_ms: int = 0


class TooManyFaultsError(Exception):
    """So many faults wait that no more is taken."""


@dataclass(slots=True)
class Pending:
    """A fault and how often it still comes."""

    fault: Fault
    times: int


class Faults:
    """The faults that wait, oldest first: of several that fit a request, the oldest befalls it."""

    def __init__(self) -> None:
        """Start with none."""
        self.pending: list[Pending] = []

    def add(self, fault: Fault, times: int) -> None:
        """Have a fault befall the next `times` requests that it fits. Raises TooManyFaultsError."""
        if len(self.pending) >= PENDING_MAX:
            raise TooManyFaultsError(f"{PENDING_MAX} faults wait already")
        self.pending.append(Pending(fault, times))

    def clear(self) -> None:
        """Let nothing more befall anybody."""
        self.pending.clear()

    def take(self, route: Route, account_id: int) -> Fault | None:
        """Return what befalls this request, which then waits once less; None: nothing. A batch is one request."""
        if not self.pending or not may_befall(route):
            return None
        for waiting in self.pending:
            fault = waiting.fault
            if fault.asked.value == route.method and fault.account_id in {0, account_id}:
                waiting.times -= 1
                if not waiting.times:
                    self.pending.remove(waiting)
                return fault
        return None


def may_befall(route: Route) -> bool:
    """Tell whether faults are about requests of this route: those that do something to orders."""
    return not isinstance(route, ReadRoute) and route.path in ORDER_PATHS


def error_of(kind: FaultKind, code: int | None, msg: str | None, retry_after: int) -> DialectError | None:
    """Return the error with this code of the dialect, the usual one of the kind for None; None: it has no such error.

    Places in the dialect's text are filled with its usual limits, or with `?`, unless `msg` says it all.
    """
    refusal = _USUAL.get(kind, errors.UNKNOWN_ERROR) if code is None else KNOWN.get(code)
    if refusal is None:
        return None
    places = _USUAL_PLACES.get(refusal.code, ("?",) * refusal.text.count("%s"))
    text = refusal.text % places if msg is None else msg
    return DialectError(refusal.http, refusal.code, text, retry_after)


# What stands in the text of errors about limits.
_USUAL_PLACES: Mapping[int, tuple[object, ...]] = {
    errors.TOO_MANY_REQUESTS.code: (2400,),
    errors.TOO_MANY_ORDERS.code: (300, "10 SECOND"),
}
_USUAL: Mapping[FaultKind, Refusal] = {FaultKind.REFUSE: INTERNAL_ERROR, FaultKind.UNKNOWN: MAYBE_DONE}
_ALL = [refusal for refusal in vars(errors).values() if isinstance(refusal, Refusal)]
KNOWN: Mapping[int, Refusal] = {
    refusal.code: refusal for refusal in [*reversed(_ALL), INTERNAL_ERROR, UNEXPECTED_RESPONSE, TIMED_OUT]
}
