"""Who is calling, and is it fresh: key form, signature over the bytes as sent, timestamp window. It keeps no keys."""

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Protocol
from urllib.parse import unquote_to_bytes

from exchange.core.units import INT63_MAX
from exchange.dialects.binance import errors
from exchange.dialects.binance.numbers import parse_integer
from exchange.dialects.binance.parameters import required
from exchange.dialects.binance.route import Params, Security

RECV_WINDOW_MS = 5000
RECV_WINDOW_MS_MAX = 60_000
AHEAD_MS_MAX = 1000
_KEY_FORM = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SIGNATURE = b"signature="


class Credentials(Protocol):
    """What is known of an API key."""

    @property
    def account_id(self) -> int:
        """Whose key it is."""
        ...

    @property
    def api_key(self) -> str:
        """The public part."""
        ...

    @property
    def secret_key(self) -> str:
        """What its owner signs with."""
        ...


FindKey = Callable[[str], Credentials | None]


def authenticate(
    security: Security,
    header: str | None,
    find_key: FindKey,
    raw_query: bytes,
    raw_body: bytes,
    params: Params,
    now_ms: int,
) -> Credentials | None:
    """Return whose request this is, None where no key is asked for; check what the route's security asks for.

    `header` is X-MBX-APIKEY. Errors, in this order: -2014 and -2015 (401) for the key, -1022 the signature, -1021 the
    time; -1102 for a missing signature or timestamp.
    """
    if security is Security.NONE:
        return None
    known = find_key(check_key_form(header))
    if known is None:
        raise errors.KEY_UNKNOWN.error()
    if security is Security.SIGNED:
        required(params, "timestamp")
        check_signature(known.secret_key, raw_query, raw_body, params)
        check_time(params, now_ms)
    return known


def check_key_form(api_key: str | None) -> str:
    """Return the key of the header X-MBX-APIKEY; -2014 (401) when it is missing or cannot be a key."""
    if api_key is None or not _KEY_FORM.fullmatch(api_key):
        raise errors.KEY_MALFORMED.error()
    return api_key


def check_signature(secret_key: str, raw_query: bytes, raw_body: bytes, params: Params) -> None:
    """Check the parameter `signature`: HMAC-SHA256 of query and body as sent, or of their percent-decoded form.

    Some clients sign what they meant and send it encoded (python-binance's DELETE batchOrders), so both forms count.
    Errors: -1102 without a signature, -1022 when neither form matches.
    """
    given = required(params, "signature").lower()
    raw = signed_bytes(raw_query, raw_body)
    decoded = unquote_to_bytes(raw.replace(b"+", b" "))
    for text in (raw, decoded):
        expected = hmac.new(secret_key.encode(), text, hashlib.sha256).hexdigest()
        if hmac.compare_digest(expected.encode(), given.encode("utf-8", errors="replace")):
            return
    raise errors.SIGNATURE_NOT_VALID.error()


def signed_bytes(raw_query: bytes, raw_body: bytes) -> bytes:
    """Return what a client signs: query and body without a separator, the `signature` pair removed, order kept."""
    return _unsigned(raw_query) + _unsigned(raw_body)


def check_time(params: Params, now_ms: int) -> None:
    """Check `timestamp` and `recvWindow`, both in milliseconds, against the server's time.

    Accepted: timestamp < now + 1000 and now - timestamp <= recvWindow (5000 when not sent, at most 60000).
    Errors: -1102 without a timestamp, -1021 too old or ahead, -1131 for a window beyond the maximum.
    """
    timestamp_ms = parse_integer(required(params, "timestamp"), "timestamp", 0, INT63_MAX)
    window = params.get("recvWindow")
    window_ms = RECV_WINDOW_MS if not window else parse_integer(window, "recvWindow", 1, INT63_MAX)
    if window_ms > RECV_WINDOW_MS_MAX:
        raise errors.RECV_WINDOW_TOO_LARGE.error()
    if timestamp_ms >= now_ms + AHEAD_MS_MAX:
        raise errors.TIMESTAMP_AHEAD.error()
    if now_ms - timestamp_ms > window_ms:
        raise errors.TIMESTAMP_TOO_OLD.error()


def _unsigned(part: bytes) -> bytes:
    return b"&".join(pair for pair in part.split(b"&") if not pair.startswith(_SIGNATURE))
