"""Parameters from raw query and body, whatever the content type would say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.dialects.binance.parameters import (
    BODY_BYTES_MAX,
    PARAMETERS_MAX,
    QUERY_BYTES_MAX,
    parse_parameters,
    required,
)
from exchange.dialects.binance.text.errors import DialectError
from tests.dialect.outcome import outcome


@pytest.mark.parametrize(
    ("query", "body", "params"),
    [
        (b"a=1&b=2", b"", {"a": "1", "b": "2"}),
        (b"", b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a=1", b"a=2&c=3", {"a": "1", "c": "3"}),
        (b"a=%7B%22x%22%3A+1%7D", b"", {"a": '{"x": 1}'}),
        (b"", b'batchOrders=[{"symbol":"BTCUSDT"}]', {"batchOrders": '[{"symbol":"BTCUSDT"}]'}),
        (b"a=", b"", {"a": ""}),
        (b"", b'{"symbol": "BTCUSDT"', {'{"symbol": "BTCUSDT"': ""}),
        (b"", b"\xff\xfe=1", {"\ufffd\ufffd": "1"}),
        (b"", b"", {}),
    ],
)
def test_pairs(query: bytes, body: bytes, params: dict[str, str]) -> None:
    assert parse_parameters(query, body) == params


@pytest.mark.parametrize(
    ("query", "body", "http"),
    [
        (b"", b"a" * (BODY_BYTES_MAX + 1), 413),
        (b"a" * (QUERY_BYTES_MAX + 1), b"", 413),
        (b"a=1&" * (PARAMETERS_MAX + 1), b"", 400),
    ],
)
def test_limits(query: bytes, body: bytes, http: int) -> None:
    with pytest.raises(DialectError) as raised:
        parse_parameters(query, body)
    assert raised.value.http == http


@pytest.mark.parametrize(
    ("query", "body", "name"),
    [
        (b"side=BUY&side=SELL", b"", "side"),
        (b"", b"side=BUY&price=1&side=BUY", "side"),
        (b"side=BUY", b"price=1&price=2", "price"),
        (b"price=1", b"price=2&price=3", "price"),
        (b"symbols%5B%5D=A&symbols[]=B", b"", "symbols[]"),
        (b"limit=&limit=5", b"", "limit"),
        (b"signature=a&signature=b", b"", "signature"),
    ],
)
def test_a_name_twice_in_one_place_is_refused_by_its_name(query: bytes, body: bytes, name: str) -> None:
    with pytest.raises(DialectError) as raised:
        parse_parameters(query, body)
    assert (raised.value.http, raised.value.code) == (400, -1101)
    assert raised.value.msg == f"Duplicate values for parameter '{name}'."


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_are_text_or_refused(query: bytes, body: bytes) -> None:
    params = outcome(lambda: parse_parameters(query, body))
    if isinstance(params, DialectError):
        assert params.code == -1101
    else:
        text = "".join([*params, *params.values()])
        assert text.encode("utf-8").decode("utf-8") == text


def test_a_required_parameter_must_not_be_empty() -> None:
    assert required({"a": "1"}, "a") == "1"
    for params in ({}, {"a": ""}):
        with pytest.raises(DialectError, match="Mandatory parameter 'a'"):
            required(params, "a")
