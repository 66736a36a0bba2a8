"""The WebSocket API as text (12): requests to routes and parameters, who sent them, the form of answers. No sockets.

A method is one of the REST routes under another name, so that both do and refuse the same. Only the session is its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlencode

import orjson

from exchange.core.units import INT63_MAX
from exchange.dialects.binance.door.auth import FindKey, check_key_form, check_signed, check_time
from exchange.dialects.binance.door.credentials import Credentials
from exchange.dialects.binance.parameters import PARAMETERS_MAX, required
from exchange.dialects.binance.rest.routes import find
from exchange.dialects.binance.route import Context, Params, ReadRoute, Route, Security
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.errors import DialectError
from exchange.dialects.binance.text.json_parameters import JsonNumber, read_json

# method: the REST route that it is
METHODS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "order.place": ("POST", "/fapi/v1/order"),
        "order.modify": ("PUT", "/fapi/v1/order"),
        "order.cancel": ("DELETE", "/fapi/v1/order"),
        "order.status": ("GET", "/fapi/v1/order"),
        "algoOrder.place": ("POST", "/fapi/v1/algoOrder"),
        "algoOrder.cancel": ("DELETE", "/fapi/v1/algoOrder"),
        "v2/account.balance": ("GET", "/fapi/v3/balance"),
        "v2/account.status": ("GET", "/fapi/v3/account"),
        "v2/account.position": ("GET", "/fapi/v3/positionRisk"),
        "account.balance": ("GET", "/fapi/v2/balance"),
        "account.status": ("GET", "/fapi/v2/account"),
        "account.position": ("GET", "/fapi/v2/positionRisk"),
        "depth": ("GET", "/fapi/v1/depth"),
        "ticker.price": ("GET", "/fapi/v1/ticker/price"),
        "ticker.book": ("GET", "/fapi/v1/ticker/bookTicker"),
        "userDataStream.start": ("POST", "/fapi/v1/listenKey"),
        "userDataStream.ping": ("PUT", "/fapi/v1/listenKey"),
        "userDataStream.stop": ("DELETE", "/fapi/v1/listenKey"),
    }
)
SESSION_WEIGHT = 2
CONNECTION_WEIGHT = 5
RETURN_LIMITS = "returnRateLimits"
VERB = "WS"  # where REST has GET or POST
PATH = "/ws-fapi/v1"
OWN_PARAMETERS = ("apiKey", RETURN_LIMITS)  # of every request, beside those of its route
METHOD_CHARACTERS_MAX = 100  # of an unknown method, in the error that names it
_MS_PER_SECOND = 1000
OK = 200

RequestId = int | str | None
Json = dict[str, object]


@dataclass(slots=True)
class Session:
    """What a connection is, to those who ask: since when, and who logged on. Times in milliseconds."""

    connected_ms: int
    returns_limits: bool = True  # unless a request says otherwise
    api_key: str | None = None
    authorized_ms: int | None = None

    def shown(self, now_ms: int) -> Json:
        """Return the answer to every method of the session."""
        return {
            "apiKey": self.api_key,
            "authorizedSince": self.authorized_ms,
            "connectedSince": self.connected_ms,
            "returnRateLimits": self.returns_limits,
            "serverTime": now_ms,
        }

    def forget_revoked(self, find_key: FindKey) -> None:
        """Log out whose key is known no more."""
        if self.api_key is not None and find_key(self.api_key) is None:
            self.api_key = self.authorized_ms = None

    def log_on(self, context: Context, params: Params) -> Json:
        """Answer session.logon, whose key and signature are checked: later requests need neither."""
        self.api_key, self.authorized_ms = required(params, "apiKey"), context.now_ms
        return self.shown(context.now_ms)

    def status(self, context: Context, _params: Params) -> Json:
        """Answer session.status."""
        return self.shown(context.now_ms)

    def log_out(self, context: Context, _params: Params) -> Json:
        """Answer session.logout: later requests have to name their key and to sign again."""
        self.api_key = self.authorized_ms = None
        return self.shown(context.now_ms)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came: `sent` are its parameters as JSON holds them, numbers as their own text."""

    request_id: RequestId
    method: str
    sent: Mapping[str, object]

    @property
    def api_key(self) -> str | None:
        """The key that the request names, None when it names none."""
        value = self.sent.get("apiKey")
        return value if isinstance(value, str) else None

    def returns_limits(self, session: Session) -> bool:
        """Tell whether the answer carries rate limits."""
        value = self.sent.get(RETURN_LIMITS)
        return session.returns_limits if value is None else _text_of(value) != "false"

    def signed_texts(self) -> Iterator[bytes]:
        """Yield the two texts that may have been signed: all but the signature, by name, as sent; percent-encoded."""
        pairs = sorted((name, _text_of(value)) for name, value in self.sent.items() if name != "signature")
        plain = "&".join(f"{name}={value}" for name, value in pairs)
        yield plain.encode("utf-8", errors="replace")
        yield urlencode(pairs, errors="replace").encode()  # few clients sign this one, and it is slow to make


class MalformedRequestError(DialectError):
    """A message that is no request; `request_id` is what could be read of its id."""

    def __init__(self, reason: DialectError, request_id: RequestId = None) -> None:
        """Keep the refusal and the id to echo."""
        super().__init__(reason.http, reason.code, reason.msg)
        self.request_id = request_id


def parse_request(data: bytes | str) -> Request:
    """Return the request in a message.

    Raises MalformedRequestError: -1130 for JSON, id or params, -1102 without a method, -1101 for too many params.
    """
    try:
        text = data if isinstance(data, str) else data.decode()
        orjson.loads(text)  # the stricter one: what it reads can be written again, halves of characters cannot
        message = read_json(text, "request")
    except (ValueError, DialectError) as error:
        raise MalformedRequestError(errors.DATA_NOT_VALID.error("request")) from error
    if not isinstance(message, dict):
        raise MalformedRequestError(errors.DATA_NOT_VALID.error("request"))
    request_id = _request_id(message.get("id"))
    method, sent = message.get("method"), message.get("params")
    if not isinstance(method, str) or isinstance(method, JsonNumber):
        raise MalformedRequestError(errors.MANDATORY_PARAMETER.error("method"), request_id)
    if sent is not None and not isinstance(sent, dict):
        raise MalformedRequestError(errors.DATA_NOT_VALID.error("params"), request_id)
    if sent is not None and len(sent) > PARAMETERS_MAX:
        raise MalformedRequestError(errors.TOO_MANY_PARAMETERS.error(PARAMETERS_MAX, len(sent)), request_id)
    return Request(request_id, method, {name: value for name, value in (sent or {}).items() if value is not None})


# What opening a connection is charged as.
CONNECT = ReadRoute(VERB, PATH, Security.NONE, CONNECTION_WEIGHT, lambda _context, _params: None)


def session_routes(session: Session) -> Mapping[str, ReadRoute]:
    """Return the methods of a session; they are charged and answered as any other."""
    return {
        "session.logon": ReadRoute(VERB, PATH, Security.SIGNED, SESSION_WEIGHT, session.log_on),
        "session.status": ReadRoute(VERB, PATH, Security.NONE, SESSION_WEIGHT, session.status),
        "session.logout": ReadRoute(VERB, PATH, Security.NONE, SESSION_WEIGHT, session.log_out),
    }


def route_of(method: str, of_session: Mapping[str, Route]) -> Route:
    """Return the route that a method is; -5000 when there is no such method."""
    route = of_session.get(method) or (find(*METHODS[method]) if method in METHODS else None)
    if route is None:
        raise errors.PATH_NOT_VALID.error(PATH, method[:METHOD_CHARACTERS_MAX])
    return route


def authenticate(
    security: Security, request: Request, params: Params, session: Session, find_key: FindKey, now_ms: int
) -> Credentials | None:
    """Return whose request this is, None where no key is asked for; check what the route's security asks for.

    On a connection that is logged on, a request that names no key is that of the session, and needs no signature; the
    key is looked up all the same, so that one that was revoked opens nothing. Errors as those of REST.
    """
    if security is Security.NONE:
        return None
    of_session = request.api_key is None and session.api_key is not None
    known = find_key(check_key_form(session.api_key if of_session else request.api_key))
    if known is None:
        raise errors.KEY_UNKNOWN.error()
    if security is Security.SIGNED:
        required(params, "timestamp")
        if not of_session:
            check_signed(known, required(params, "signature"), request.signed_texts())
        check_time(params, now_ms)
    return known


def key_of(request: Request, session: Session, find_key: FindKey) -> Credentials | None:
    """Return the key that a request shows, by itself or through its session, whether it is asked for or not."""
    shown = request.api_key or session.api_key
    return None if shown is None else find_key(shown)


def answer(request_id: RequestId, status: int, body: object, limits: list[Json] | None) -> Json:
    """Return the answer to a request: `body` is its result, or code and msg; `limits` None: not asked for."""
    answered: Json = {"id": request_id, "status": status, "result" if status == OK else "error": body}
    if limits is not None:
        answered["rateLimits"] = limits
    return answered


def waiting_body(body: object, retry_after: int, now_ms: int) -> object:
    """Return the body of an error with when to come again, in milliseconds, where the refusal says so."""
    if not retry_after or not isinstance(body, dict):
        return body
    return {**body, "data": {"serverTime": now_ms, "retryAfter": now_ms + retry_after * _MS_PER_SECOND}}


def _text_of(value: object) -> str:
    """Return a JSON value as clients write it where they sign: numbers as they were sent, booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _request_id(value: object) -> RequestId:
    """Return the id, to be echoed with its type; -1130 when it is neither an integer of 63 bits, nor text, nor null."""
    if isinstance(value, JsonNumber):
        digits = value.removeprefix("-")  # Python refuses to read thousands of them
        if digits.isdecimal() and len(digits) <= len(str(INT63_MAX)) and int(digits) <= INT63_MAX:
            return int(value)
    elif value is None or isinstance(value, str):
        return value
    raise MalformedRequestError(errors.DATA_NOT_VALID.error("id"))
