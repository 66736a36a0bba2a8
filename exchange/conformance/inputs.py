"""What a vector gives: its inputs by name, checked for their kind, and the units that hold them. No formulas."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import lcm
from typing import Any, cast

from exchange.core.units import RATE_ONE, RateE8

Output = Fraction | bool | str | list[Any]
Outputs = dict[str, Output]


class Inputs:
    """The inputs of a vector by name: numbers as fractions. A missing one raises KeyError, a wrong type TypeError."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Wrap values that were already checked to be fractions, booleans, names, or lists of them."""
        self._values = values

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def number(self, key: str) -> Fraction:
        """Return a number."""
        value = self._values[key]
        if not isinstance(value, Fraction):
            raise TypeError(f"input {key!r} is no number")
        return value

    def number_or(self, key: str, absent: int) -> Fraction:
        """Return a number, or `absent`, the value that changes nothing, where the vector gives none."""
        return self.number(key) if key in self else Fraction(absent)

    def number_or_none(self, key: str) -> Fraction | None:
        """Return a number, or None where the vector gives none."""
        return self.number(key) if key in self else None

    def name(self, key: str) -> str:
        """Return a name."""
        value = self._values[key]
        if not isinstance(value, str):
            raise TypeError(f"input {key!r} is no name")
        return value

    def sign(self, key: str) -> int:
        """Return a side: +1 or -1."""
        value = self.number(key)
        if value not in {1, -1}:
            raise ValueError(f"input {key!r} must be 1 or -1")
        return int(value)

    def positive(self, key: str) -> Fraction:
        """Return a number above zero."""
        value = self.number(key)
        if value <= 0:
            raise ValueError(f"input {key!r} must be positive")
        return value

    def integer(self, key: str) -> int:
        """Return a whole number."""
        value = self.number(key)
        if value.denominator != 1:
            raise ValueError(f"input {key!r} must be whole")
        return int(value)

    def numbers(self, key: str) -> list[Fraction]:
        """Return a list of numbers."""
        value = self._values[key]
        if not isinstance(value, list) or not all(isinstance(item, Fraction) for item in value):
            raise TypeError(f"input {key!r} is no list of numbers")
        return value

    def rows(self, key: str, width: int) -> list[list[Any]]:
        """Return a list of rows, each of `width` values."""
        value = self._values[key]
        if not isinstance(value, list) or not all(isinstance(row, list) and len(row) == width for row in value):
            raise TypeError(f"input {key!r} is no list of rows of {width}")
        return value


def unit_of(values: Iterable[Fraction], rates: Iterable[Fraction] = ()) -> int:
    """Return how many money units make one: enough for the values to be whole, and for each rate to divide them."""
    return lcm(*(value.denominator for value in values)) * lcm(RATE_ONE, *(rate.denominator for rate in rates))


def rate_of(value: Fraction) -> RateE8:
    """Return a rate in the core's unit: an integer, or the fraction it is where that is finer than 1e-8.

    The core's formulas are the same for a fraction; its contracts have none.
    """
    scaled = value * RATE_ONE
    return RateE8(int(scaled)) if scaled.denominator == 1 else cast("RateE8", scaled)


def given(*values: Fraction | None) -> list[Fraction]:
    """Return those of some optional inputs that the vector gives."""
    return [value for value in values if value is not None]
