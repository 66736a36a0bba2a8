"""Decimal text and rounding: nothing is lost on the way in and out, and each division goes the way of its name."""

import statistics
from fractions import Fraction
from math import ceil, floor, trunc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.units import (
    DECIMAL_TEXT_MAX,
    div_ceil,
    div_floor,
    div_half_even,
    div_toward_zero,
    format_decimal,
    median,
    parse_decimal,
)

DIGITS = st.integers(0, 12)
NUMERATORS = st.integers(-(10**20), 10**20)
DENOMINATORS = st.integers(1, 10**12)


@given(st.integers(-(10**25), 10**25), DIGITS)
def test_what_is_formatted_is_parsed_again(value: int, digits: int) -> None:
    assert parse_decimal(format_decimal(value, digits), digits) == value


@given(st.integers(-(10**20), 10**20), DIGITS, DIGITS)
def test_more_digits_change_nothing(value: int, digits: int, more: int) -> None:
    assert parse_decimal(format_decimal(value, digits), digits + more) == value * 10**more


@given(st.integers(-(10**12), 10**12), st.integers(1, 8))
def test_fewer_digits_are_exact_or_refused(value: int, fewer: int) -> None:
    exact = Fraction(value, 10**fewer)
    assert parse_decimal(format_decimal(value, 8), 8 - fewer) == (exact if exact.denominator == 1 else None)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 100), ("+1", 100), ("-1", -100), ("1.", 100), (".5", 50), ("-.5", -50), ("0.10", 10), ("1.2300000", 123)],
)
def test_plain_decimal_text(text: str, value: int) -> None:
    assert parse_decimal(text, 2) == value


NO_DECIMALS = (
    "", ".", "-", "+-1", "--1", "1e5", "1E5", " 1", "1 ", "1\n", "1,000", "1_000", "0x10", "nan", "inf", "1.2.3",
    "0.001", "\uff11", "\u00b2", "1" * (DECIMAL_TEXT_MAX + 1), "0.000000000000000000000000000000001",
)  # fmt: skip


@pytest.mark.parametrize("text", NO_DECIMALS)
def test_anything_else_is_refused(text: str) -> None:
    assert parse_decimal(text, 2) is None


def test_the_longest_text_is_exact() -> None:
    text = "9" * DECIMAL_TEXT_MAX
    assert parse_decimal(text, 0) == int(text)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0, 8, "0.00000000"), (1, 8, "0.00000001"), (-1, 1, "-0.1"), (-10, 1, "-1.0"), (5, 0, "5"), (-5, 0, "-5")],
)
def test_formatting(value: int, digits: int, text: str) -> None:
    assert format_decimal(value, digits) == text


@given(NUMERATORS, DENOMINATORS)
def test_divisions_round_as_they_are_named(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert div_floor(numerator, denominator) == floor(exact)
    assert div_ceil(numerator, denominator) == ceil(exact)
    assert div_toward_zero(numerator, denominator) == trunc(exact)
    assert div_half_even(numerator, denominator) == round(exact)


@pytest.mark.parametrize(("numerator", "quotient"), [(1, 0), (3, 2), (5, 2), (-1, 0), (-3, -2), (-5, -2)])
def test_ties_go_to_the_even_number(numerator: int, quotient: int) -> None:
    assert div_half_even(numerator, 2) == quotient


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=9))
def test_median_of_an_even_count_is_rounded_down(values: list[int]) -> None:
    assert median(values) == floor(statistics.median(Fraction(value) for value in values))
