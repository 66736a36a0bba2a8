"""Signatures over the bytes as sent, in every form that popular clients use, and the window of time."""

import base64
import hashlib
import hmac
import subprocess
import sys
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from exchange.dialects.binance.door.auth import authenticate, check_permission, check_time, signed_bytes, verify
from exchange.dialects.binance.door.credentials import KeyKind, Permission
from exchange.dialects.binance.door.public_keys import public_key_kind
from exchange.dialects.binance.parameters import parse_parameters
from exchange.dialects.binance.rest.routes import ROUTES
from exchange.dialects.binance.route import Security
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.errors import DialectError
from tests.dialect.outcome import outcome

NOW = 1_764_000_000_000


@dataclass(frozen=True)
class Key:
    """A key as the door knows it."""

    account_id: int = 7
    api_key: str = "k" * 64
    secret_key: str = "s" * 64
    kind: KeyKind = KeyKind.HMAC
    public_key: str = ""
    permission: Permission = Permission.TRADE


KEY = Key()


def find(api_key: str) -> Key | None:
    """Know one key."""
    return KEY if api_key == KEY.api_key else None


def sign(text: bytes) -> bytes:
    """Return the hex signature of a text."""
    return hmac.new(KEY.secret_key.encode(), text, hashlib.sha256).hexdigest().encode()


def admit(query: bytes, body: bytes, header: str | None = KEY.api_key, security: Security = Security.SIGNED) -> int:
    """Return the account that a request speaks for, 0 for none."""
    known = authenticate(security, header, find, query, body, parse_parameters(query, body), NOW)
    return 0 if known is None else known.account_id


def refusal(query: bytes, body: bytes, header: str | None = KEY.api_key) -> DialectError:
    """Return the error that a signed request gets."""
    with pytest.raises(DialectError) as raised:
        admit(query, body, header)
    return raised.value


STAMP = b"timestamp=%d" % NOW


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (b"symbol=BTCUSDT&" + STAMP, b""),
        (b"", b"symbol=BTCUSDT&" + STAMP),
        (b"symbol=BTCUSDT", STAMP),
        (STAMP, b'batchOrders=[{"symbol":"BTCUSDT"}]'),
        (STAMP + b"&orderIdList=%5B1%2C%202%5D", b""),
    ],
)
def test_query_body_and_both_may_be_signed(query: bytes, body: bytes) -> None:
    signature = b"&signature=" + sign(query + body)
    assert admit(query + signature, body) == KEY.account_id
    assert admit(query, body + signature) == KEY.account_id
    assert admit(b"signature=" + sign(query + body) + b"&" + query, body) == KEY.account_id


def test_the_decoded_form_may_be_signed() -> None:
    sent = STAMP + b"&orderIdList=%5B1,+2%5D"
    assert admit(sent + b"&signature=" + sign(STAMP + b"&orderIdList=[1, 2]"), b"") == KEY.account_id


def test_hex_may_be_in_capitals() -> None:
    assert admit(STAMP + b"&signature=" + sign(STAMP).upper(), b"") == KEY.account_id


@pytest.mark.parametrize("signature", [b"0" * 64, b"", b"xyz", "é".encode(), b"%00", sign(STAMP)[:-1]])
def test_a_wrong_signature_is_refused(signature: bytes) -> None:
    error = refusal(STAMP + b"&signature=" + signature, b"")
    assert (error.http, error.code) == (400, -1022 if signature else -1102)


def test_a_changed_byte_is_refused() -> None:
    query = b"quantity=1&" + STAMP
    assert refusal(query.replace(b"1", b"2", 1) + b"&signature=" + sign(query), b"").code == -1022


@pytest.mark.parametrize(("header", "code"), [(None, -2014), ("", -2014), ("a b", -2014), ("x" * 200, -2014)])
def test_a_malformed_key_is_refused(header: str | None, code: int) -> None:
    error = refusal(STAMP, b"", header)
    assert (error.http, error.code) == (401, code)


def test_an_unknown_key_is_refused() -> None:
    error = refusal(STAMP, b"", "z" * 64)
    assert (error.http, error.code, error.msg) == (401, -2015, "Invalid API-key, IP, or permissions for action.")


def test_a_public_route_asks_for_nothing_and_a_key_route_for_no_signature() -> None:
    assert admit(b"", b"", None, Security.NONE) == 0
    assert admit(b"", b"", KEY.api_key, Security.KEY) == KEY.account_id


@pytest.mark.parametrize(
    ("timestamp", "window", "text"),
    [
        (NOW + 999, None, ""),
        (NOW + 1000, None, "Timestamp for this request was 1000ms ahead of the server's time."),
        (NOW - 5000, None, ""),
        (NOW - 5001, None, "Timestamp for this request is outside of the recvWindow."),
        (NOW - 10_000, 10_000, ""),
        (NOW - 60_000, 60_000, ""),
        (NOW - 60_000, 60_001, "recvWindow must be less than 60000"),
        (NOW - 11, 10, "Timestamp for this request is outside of the recvWindow."),
        (NOW, 0, "Data sent for parameter 'recvWindow' is not valid."),
        (-1, None, "Data sent for parameter 'timestamp' is not valid."),
        (10**19, None, "Data sent for parameter 'timestamp' is not valid."),
    ],
)
def test_the_window_of_time(timestamp: int, window: int | None, text: str) -> None:
    params = {"timestamp": str(timestamp)} | ({} if window is None else {"recvWindow": str(window)})
    error = outcome(lambda: check_time(params, NOW))
    assert (error.msg if isinstance(error, DialectError) else "") == text


def test_a_missing_timestamp_is_named() -> None:
    error = refusal(b"signature=" + sign(b""), b"")
    assert error.msg == "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed."


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_refused_not_raised(query: bytes, body: bytes) -> None:
    assert refusal(query, body).code in {-1022, -1100, -1101, -1102, -1130, -1131}


@given(st.lists(st.from_regex(rb"[a-z]{1,5}=[a-z0-9]{0,5}", fullmatch=True), max_size=5))
def test_the_signature_pair_is_left_out_wherever_it_stands(pairs: list[bytes]) -> None:
    for place in range(len(pairs) + 1):
        sent = b"&".join([*pairs[:place], b"signature=abc", *pairs[place:]])
        assert signed_bytes(sent, b"") == b"&".join(pairs)


def pem(public: Ed25519PublicKey | RSAPublicKey) -> str:
    """Return a public key as its owner registers it."""
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RSA = generate_private_key(65_537, 2048)
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
OWNED = {
    KeyKind.ED25519: Key(secret_key="", kind=KeyKind.ED25519, public_key=pem(ED25519.public_key())),
    KeyKind.RSA: Key(secret_key="", kind=KeyKind.RSA, public_key=pem(RSA.public_key())),
}


def owned_signature(kind: KeyKind, text: bytes) -> bytes:
    """Return the base64 signature of the owner of a private key."""
    raw = ED25519.sign(text) if kind is KeyKind.ED25519 else RSA.sign(text, PKCS1v15(), SHA256())
    return base64.b64encode(raw)


def admit_owned(kind: KeyKind, query: bytes, body: bytes = b"") -> int:
    """Return the account that a request signed with a private key speaks for. Raises DialectError."""
    known = authenticate(
        Security.SIGNED, OWNED[kind].api_key, lambda _: OWNED[kind], query, body, parse_parameters(query, body), NOW
    )
    return 0 if known is None else known.account_id


@pytest.mark.parametrize("kind", [KeyKind.ED25519, KeyKind.RSA])
def test_private_keys_sign_in_base64_encoded_once_twice_or_not_in_query_or_body(kind: KeyKind) -> None:
    plus = next(  # a signature with a plus sign, which reads as a space when it is not encoded
        text
        for text in (b"symbol=BTCUSDT&recvWindow=%d&" % window + STAMP for window in range(1, 1000))
        if b"+" in owned_signature(kind, text)
    )
    raw = owned_signature(kind, plus)
    encoded = quote(raw, safe="")
    for signature in (raw, encoded.encode(), quote(encoded, safe="").encode()):
        assert admit_owned(kind, plus + b"&signature=" + signature) == KEY.account_id
        assert admit_owned(kind, b"", plus + b"&signature=" + signature) == KEY.account_id


@pytest.mark.parametrize("kind", [KeyKind.ED25519, KeyKind.RSA])
@pytest.mark.parametrize(
    "signature",
    [
        b"%00",
        b"x",
        "é".encode(),
        sign(STAMP),
        quote(base64.b64encode(STRANGER.sign(STAMP)), safe="").encode(),
        quote(base64.b64encode(bytes(256)), safe="").encode(),
    ],
)
def test_what_the_private_key_did_not_sign_is_refused(kind: KeyKind, signature: bytes) -> None:
    with pytest.raises(DialectError) as raised:
        admit_owned(kind, STAMP + b"&signature=" + signature)
    assert (raised.value.http, raised.value.code) == (400, -1022)


@pytest.mark.parametrize("kind", list(KeyKind))
def test_every_kind_verifies_its_own_signature_and_no_others(kind: KeyKind) -> None:
    signatures = {KeyKind.HMAC: sign(b"text").decode()} | {
        owned: owned_signature(owned, b"text").decode() for owned in OWNED
    }
    known = {KeyKind.HMAC: KEY, **OWNED}[kind]
    assert {other: verify(known, b"text", given) for other, given in signatures.items()} == {
        other: other is kind for other in KeyKind
    }
    assert not verify(known, b"text2", signatures[kind])


@pytest.mark.parametrize("kind", [KeyKind.ED25519, KeyKind.RSA])
def test_the_kind_is_found_from_the_public_key(kind: KeyKind) -> None:
    assert public_key_kind(OWNED[kind].public_key) is kind


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no public key in PEM"),
        ("nonsense", "no public key in PEM"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no public key in PEM"),
        (pem(generate_private_key(65_537, 1024).public_key()), "2048 to 4096 bits"),
        (pem(X25519PrivateKey.generate().public_key()), "neither an Ed25519 nor an RSA key"),  # type: ignore[arg-type]
        (
            ED25519.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            "no public key in PEM",
        ),
    ],
)
def test_a_public_key_that_is_of_no_use_is_refused_with_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        public_key_kind(text)


def test_a_key_that_may_only_read_opens_every_signed_query_and_no_signed_change() -> None:
    reader = Key(permission=Permission.READ)
    found = {route: outcome(lambda route=route: check_permission(reader, route)) for route in ROUTES}  # type: ignore[misc]
    refused = {route for route, error in found.items() if error is not None}
    assert {str(found[route]) for route in refused} == {str(errors.KEY_UNKNOWN.error())}
    for route in ROUTES:
        check_permission(KEY, route)
        check_permission(None, route)
    assert refused == {route for route in ROUTES if route.security is Security.SIGNED and route.method != "GET"}
    assert {"/fapi/v1/order", "/fapi/v1/leverage", "/sapi/v1/asset/transfer"} <= {route.path for route in refused}
    assert not any("listenKey" in route.path for route in refused)


def test_the_command_line_answers_without_cryptography() -> None:
    code = "import sys, exchange.cli; sys.exit(any(name.startswith('cryptography') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
