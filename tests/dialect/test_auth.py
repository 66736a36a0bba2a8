"""Signatures over the bytes as sent, in every form that popular clients use, and the window of time."""

import hashlib
import hmac
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.dialects.binance.auth import authenticate, check_time, signed_bytes
from exchange.dialects.binance.credentials import KeyKind, Permission
from exchange.dialects.binance.errors import DialectError
from exchange.dialects.binance.parameters import parse_parameters
from exchange.dialects.binance.route import Security
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
