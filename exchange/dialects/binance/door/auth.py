"""Who is calling, may they, and is it fresh: key form, signature, permission, timestamp window. It keeps no keys."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote_to_bytes

from exchange.core.units import INT63_MAX
from exchange.dialects.binance.door.credentials import Credentials, KeyKind, Permission
from exchange.dialects.binance.door.public_keys import ed25519_matches, rsa_matches
from exchange.dialects.binance.parameters import required
from exchange.dialects.binance.route import Params, Route, Security
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.numbers import parse_integer

RECV_WINDOW_MS = 5000
RECV_WINDOW_MS_MAX = 60_000
AHEAD_MS_MAX = 1000
_KEY_FORM = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SIGNATURE = b"signature="
_CHANGING = frozenset({"POST", "PUT", "DELETE"})

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
        check_signature(known, raw_query, raw_body, params)
        check_time(params, now_ms)
    return known


def check_key_form(api_key: str | None) -> str:
    """Return the key of the header X-MBX-APIKEY; -2014 (401) when it is missing or cannot be a key."""
    if api_key is None or not _KEY_FORM.fullmatch(api_key):
        raise errors.KEY_MALFORMED.error()
    return api_key


def check_permission(known: Credentials | None, route: Route) -> None:
    """Refuse (-2015, 401) a key that may only read on what trades, sets or moves: signed calls that change something.

    The user stream's endpoints are not signed, so they are open to every key; so is a session of the WebSocket API.
    """
    writes = route.security is Security.SIGNED and route.method in _CHANGING
    if writes and known is not None and known.permission is not Permission.TRADE:
        raise errors.KEY_UNKNOWN.error()


def check_signature(known: Credentials, raw_query: bytes, raw_body: bytes, params: Params) -> None:
    """Check the parameter `signature` over query and body as sent, or over their percent-decoded form.

    Some clients sign what they meant and send it encoded (python-binance's DELETE batchOrders), so both forms count.
    Errors: -1102 without a signature, -1022 when neither form matches.
    """
    given = required(params, "signature")
    raw = signed_bytes(raw_query, raw_body)
    check_signed(known, given, (raw, unquote_to_bytes(raw.replace(b"+", b" "))))


def check_signed(known: Credentials, signature: str, texts: Iterable[bytes]) -> None:
    """Refuse (-1022) a signature that is that of none of the texts. They are asked for one by one, as they are made."""
    tried: bytes | None = None
    for text in texts:
        if text != tried and verify(known, text, signature):
            return
        tried = text
    raise errors.SIGNATURE_NOT_VALID.error()


def verify(known: Credentials, signed_text: bytes, signature: str) -> bool:
    """Tell whether this signature, as text, is what the owner of the key makes of this text.

    HMAC: hex in either case. Ed25519 and RSA (PKCS#1 v1.5, SHA-256): base64.
    """
    return _VERIFIERS[known.kind](known, signed_text, signature)


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


def _hmac_matches(secret_key: str, signed_text: bytes, signature: str) -> bool:
    expected = hmac.new(secret_key.encode(), signed_text, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.lower().encode("utf-8", errors="replace"))


_VERIFIERS: Mapping[KeyKind, Callable[[Credentials, bytes, str], bool]] = {
    KeyKind.HMAC: lambda known, text, signature: _hmac_matches(known.secret_key, text, signature),
    KeyKind.ED25519: lambda known, text, signature: ed25519_matches(known.public_key, text, signature),
    KeyKind.RSA: lambda known, text, signature: rsa_matches(known.public_key, text, signature),
}
