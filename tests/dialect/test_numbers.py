"""Decimal text and integers: exact both ways, and an error for all other text, never an exception of Python's."""

from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.units import DECIMAL_TEXT_MAX, INT63_MAX
from exchange.dialects.binance.text import numbers
from exchange.dialects.binance.text.errors import DialectError
from tests.dialect.desk import shipped_contracts
from tests.dialect.outcome import outcome

BTC, ETH = shipped_contracts()
FORTY_DIGITS = "1" * 40


def code_of(parse: object, *arguments: object) -> int:
    """Return the code that parsing raises."""
    with pytest.raises(DialectError) as raised:
        parse(*arguments)  # type: ignore[operator]
    return raised.value.code


@pytest.mark.parametrize(
    ("text", "ticks"),
    [("50000", 500_000), ("50000.1", 500_001), ("50000.10", 500_001), ("50000.1000000000", 500_001), ("0", 0)],
)
def test_a_price_is_read_exactly(text: str, ticks: int) -> None:
    assert numbers.parse_price(BTC, text) == ticks


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("50000.123", -1111),
        ("50000.15", -4014),
        ("-0.1", -4001),
        (FORTY_DIGITS, -1100),
        ("99999999999999999999", -4002),
        ("1e5", -1100),
        ("5_0", -1100),
        ("0x10", -1100),
        (" 1", -1100),
        ("1\n", -1100),
        ("1,5", -1100),
        ("NaN", -1100),
        ("Infinity", -1100),
        ("٣", -1100),
        ("1.", -1100),
        (".5", -1100),
        ("--1", -1100),
        ("true", -1100),
        ("null", -1100),
        ("[1]", -1100),
    ],
)
def test_a_bad_price_has_its_error(text: str, code: int) -> None:
    assert code_of(numbers.parse_price, BTC, text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [("0.0001", -1111), ("-1", -4003), (FORTY_DIGITS, -1100), ("99999999999999999999", -4005), ("", -1100)],
)
def test_a_bad_quantity_has_its_error(text: str, code: int) -> None:
    assert code_of(numbers.parse_quantity, BTC, text) == code


def test_a_quantity_off_the_step_has_its_error() -> None:
    coarse = shipped_contracts()[0]
    by_five = type(coarse)(**{name: getattr(coarse, name) for name in coarse.__struct_fields__} | {"step_e8": 500_000})
    assert code_of(numbers.parse_quantity, by_five, "0.007") == -4023
    assert numbers.parse_quantity(by_five, "0.010") == 2


def test_the_longest_decimal_text_is_one_for_both_readers() -> None:
    longest = "-" + "0" * 15 + "50000." + "1" + "0" * 17
    assert len(longest) == DECIMAL_TEXT_MAX
    assert numbers.parse_price(BTC, longest[1:]) == 500_001
    assert code_of(numbers.parse_price, BTC, longest) == -4001
    assert numbers.parse_amount(longest, "amount") == -5_000_010_000_000
    for longer in (longest + "0", longest[1:] + "0", longest.replace("-", "-0"), longest[1:-2].rjust(41, "0")):
        assert code_of(numbers.parse_price, BTC, longer) == -1100, longer


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "tRuE"])
def test_true_has_many_spellings(text: str) -> None:
    assert numbers.parse_boolean(text, "reduceOnly") is True


@pytest.mark.parametrize("text", ["false", "False", "FALSE"])
def test_false_has_many_spellings(text: str) -> None:
    assert numbers.parse_boolean(text, "reduceOnly") is False


@pytest.mark.parametrize("text", ["", "1", "0", "yes", "t", "None"])
def test_other_words_are_no_booleans(text: str) -> None:
    assert code_of(numbers.parse_boolean, text, "reduceOnly") == -1130


@given(st.integers(0, INT63_MAX))
def test_price_text_comes_back(ticks: int) -> None:
    text = numbers.price_text(ETH, ticks)
    if len(text.partition(".")[0]) <= 20:
        assert numbers.parse_price(ETH, text) == ticks


@given(st.integers(-INT63_MAX, INT63_MAX))
def test_amounts_come_back(atoms: int) -> None:
    assert numbers.parse_amount(numbers.money_text(atoms), "amount") == atoms


@given(st.integers(0, 10**15))
def test_quantities_are_what_decimal_says(lots: int) -> None:
    text = numbers.quantity_text(BTC, lots)
    assert Decimal(text) == Decimal(lots) * Decimal("0.001")
    assert numbers.parse_quantity(BTC, text) == lots


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_a_dialect_error(text: str) -> None:
    for parse in (numbers.parse_price, numbers.parse_quantity):
        value = outcome(partial(parse, BTC, text))
        assert isinstance(value, DialectError) or 0 <= value <= INT63_MAX
    amount = outcome(lambda: numbers.parse_amount(text, "amount"))
    assert isinstance(amount, DialectError) or abs(amount) <= INT63_MAX
    limit = outcome(lambda: numbers.parse_integer(text, "limit", 1, 1000))
    assert isinstance(limit, DialectError) or 1 <= limit <= 1000


@given(st.text(alphabet="0123456789.-", max_size=45))
def test_text_like_a_number_is_one_or_a_dialect_error(text: str) -> None:
    ticks = outcome(lambda: numbers.parse_price(BTC, text))
    if isinstance(ticks, DialectError):
        assert ticks.code in {-1100, -1111, -4001, -4002, -4014}
    else:
        assert Decimal(text) == ticks * Decimal("0.1")


@pytest.mark.parametrize(
    ("value", "lots", "text"),
    [(0, 0, "0.00"), (5_000_400_000_00, 100, "50004.00"), (-5_000_400_000_00, -100, "50004.00"), (1, 3, "0.00")],
)
def test_average_prices(value: int, lots: int, text: str) -> None:
    assert numbers.average_price_text(BTC, value, lots) == text


def test_half_a_digit_goes_to_the_even_one() -> None:
    # 3 lots of 0.001 for 0.00015 + 3 * 0.001 * 50000.00: 50000.05 a piece, shown with two digits
    assert numbers.average_price_text(BTC, 3 * 5_000_000_000 + 15_000, 3) == "50000.05"
    assert numbers.average_price_text(BTC, 2 * 5_000_000_000 + 1_000, 2) == "50000.00"  # 50000.005
    assert numbers.average_price_text(BTC, 2 * 5_000_000_000 + 3_000, 2) == "50000.02"  # 50000.015


@pytest.mark.parametrize(("value", "text"), [(20_000, "0.0002"), (0, "0"), (10**14, "1000000"), (-(10**7), "-0.1")])
def test_short_text_has_no_trailing_zeros(value: int, text: str) -> None:
    assert numbers.short_text(value) == text
