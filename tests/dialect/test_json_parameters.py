"""JSON of clients: every digit is kept, every odd value refused by name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.dialects.binance.text.errors import DialectError
from exchange.dialects.binance.text.json_parameters import JsonNumber, as_parameters, read_json
from tests.dialect.outcome import outcome

NOT_VALID = (-1130, "Data sent for parameter 'batchOrders' is not valid.")


def parameters(text: str) -> dict[str, str]:
    fields = read_json(text, "batchOrders")
    assert isinstance(fields, dict)
    return as_parameters(fields)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0.1", "0.1"),
        ("50000", "50000"),
        ("50000.10", "50000.10"),
        ("-3", "-3"),
        ("0.12345678901234567890", "0.12345678901234567890"),
        ("123456789012345678901", "123456789012345678901"),
        ("1e-05", "0.00001"),
        ("1E3", "1000"),
        ("1.5e+2", "150"),
        ("0e999999", "0"),
        ('"0.10"', "0.10"),
        ('""', ""),
        ("true", "true"),
        ("false", "false"),
        ("[1, 0.10]", '["1", "0.10"]'),
        ('{"a": null}', '{"a": null}'),
    ],
)
def test_a_value_is_the_text_that_the_client_meant(written: str, meant: str) -> None:
    assert parameters(f'{{"x": {written}}}') == {"x": meant}


def test_null_is_not_sent() -> None:
    assert parameters('{"price": null, "side": "BUY"}') == {"side": "BUY"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "nope",
        "{'a': 1}",
        "[NaN]",
        "[Infinity]",
        "[-Infinity]",
        "[01]",
        "[1.]",
        "[" * 17 + "]" * 17,
        "[" * 60_000,
    ],
)
def test_what_is_no_json_is_refused_by_name(text: str) -> None:
    error = outcome(lambda: read_json(text, "batchOrders"))
    assert isinstance(error, DialectError)
    assert (error.code, error.msg) == NOT_VALID


@pytest.mark.parametrize("number", ["1e40", "1e-40", "1e999999999", "-1e99", "1e99999999999999999999"])
def test_a_number_beyond_all_bounds_is_refused_by_the_name_of_its_parameter(number: str) -> None:
    error = outcome(lambda: parameters(f'{{"price": {number}}}'))
    assert isinstance(error, DialectError)
    assert (error.code, error.msg) == (-1130, "Data sent for parameter 'price' is not valid.")


@given(st.integers(min_value=0, max_value=20), st.integers(min_value=0, max_value=10**25))
def test_what_python_writes_as_a_decimal_stays_as_it_is(digits: int, units: int) -> None:
    written = f"{units // 10**digits}" + (f".{units % 10**digits:0{digits}}" if digits else "")
    assert parameters(f'{{"x": {written}}}') == {"x": written}


def test_the_text_of_a_number_is_kept_for_signatures() -> None:
    fields = read_json(json.dumps({"stopLossPrice": 0.00001}), "params")
    assert fields == {"stopLossPrice": "1e-05"}
    assert isinstance(fields, dict)
    assert isinstance(fields["stopLossPrice"], JsonNumber)


def test_a_field_sent_twice_is_refused() -> None:
    error = outcome(lambda: read_json('[{"price": 1, "price": 2}]', "batchOrders"))
    assert isinstance(error, DialectError)
    assert (error.code, error.msg) == (-1101, "Duplicate values for parameter 'price'.")


def test_half_a_character_can_be_repeated_in_an_answer() -> None:
    [(name, value)] = parameters('{"\\ud800": "\\udfff"}').items()
    assert (name, value) == ("?", "?")
