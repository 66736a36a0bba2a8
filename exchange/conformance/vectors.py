"""Numeric vectors: reads a file of published numbers and holds each against the formulas. It has no formula of its own.

A file holds `[[vector]]` tables with an id, the name of a formula, its inputs, and expected values, each perhaps with a
rounding and a quantum (see `tests/conformance/own.toml`). How a formula is computed stands in `formulas`.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import ceil, floor, trunc
from pathlib import Path
from typing import Any, Literal

import msgspec

from exchange.conformance.formulas import FORMULAS, UNSUPPORTED
from exchange.conformance.inputs import Inputs, Output
from exchange.core.units import format_decimal

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(/\d+)?")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
NUMBER_LENGTH_MAX = 100  # characters
SCHEMA = 1
ROUNDINGS: Mapping[str, Callable[[Fraction], int]] = {
    "half_even": round,
    "up": ceil,
    "down": floor,
    "zero": trunc,
}

Status = Literal["match", "mismatch", "unsupported"]


class VectorFileError(ValueError):
    """The file is not in the format; the text names the vector and what is wrong with it."""


class VectorResult(msgspec.Struct, frozen=True):
    """What became of one vector. `expected` and `got` are texts by name; `got` is exact, before rounding."""

    id: str
    formula: str
    status: Status
    reason: str
    expected: dict[str, str]
    got: dict[str, str]


def evaluate(path: Path) -> list[VectorResult]:
    """Evaluate every vector of a file, in its order. Raises VectorFileError on what is not in the format."""
    try:
        written = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise VectorFileError(f"{path}: {error}") from error
    if written.get("schema") != SCHEMA:
        raise VectorFileError(f"{path}: schema is {written.get('schema')!r}, not {SCHEMA}")
    vectors = written.get("vector")
    if not isinstance(vectors, list) or not vectors:
        raise VectorFileError(f"{path}: there is no [[vector]]")
    results: list[VectorResult] = []
    for number, vector in enumerate(vectors, 1):
        result = _evaluate_one(number, vector)
        if any(result.id == earlier.id for earlier in results):
            raise VectorFileError(f"vector {result.id}: the id is used twice")
        results.append(result)
    return results


def _evaluate_one(number: int, vector: object) -> VectorResult:
    if not isinstance(vector, dict):
        raise VectorFileError(f"vector number {number}: it is no table")
    name = vector.get("id")
    if not isinstance(name, str) or not name:
        raise VectorFileError(f"vector number {number}: it has no id")
    formula, inputs, expected = vector.get("formula"), vector.get("inputs"), vector.get("expected")
    if not isinstance(formula, str) or not formula:
        raise VectorFileError(f"vector {name}: it names no formula")
    if not isinstance(inputs, dict):
        raise VectorFileError(f"vector {name}: it has no inputs")
    if not isinstance(expected, dict) or not expected:
        raise VectorFileError(f"vector {name}: it expects nothing")
    stated = {key: _Expected(name, key, entry) for key, entry in expected.items()}
    texts = {key: entry.text for key, entry in stated.items()}
    if formula not in FORMULAS:
        reason = UNSUPPORTED.get(formula, f"no formula {formula!r} is known")
        return VectorResult(name, formula, "unsupported", reason, texts, {})
    read = Inputs(
        {key: _value(f"vector {name}: input {key!r}", value, keep_text=True) for key, value in inputs.items()}
    )
    try:
        outputs = FORMULAS[formula](read)
    except KeyError as error:
        raise VectorFileError(f"vector {name}: input {error.args[0]!r} is missing") from error
    except (ValueError, TypeError, ZeroDivisionError) as error:
        raise VectorFileError(f"vector {name}: {error}") from error
    got = {key: _text(outputs[key]) for key in stated if key in outputs}
    missing = [key for key in stated if key not in outputs]
    if missing:
        reason = f"{formula} gives no {', '.join(missing)}"
        return VectorResult(name, formula, "unsupported", reason, texts, got)
    wrong = [key for key, entry in stated.items() if not entry.holds(outputs[key])]
    reason = "; ".join(f"{key}: expected {texts[key]}, got {got[key]}" for key in wrong)
    return VectorResult(name, formula, "mismatch" if wrong else "match", reason, texts, got)


class _Expected:
    """One expected value: how the exact result is rounded, and what it must equal then."""

    def __init__(self, vector: str, key: str, entry: object) -> None:
        where = f"vector {vector}: expected {key!r}"
        if not isinstance(entry, dict) or "value" not in entry:
            raise VectorFileError(f"{where} has no value")
        if entry.keys() - {"value", "rounding", "quantum"}:
            raise VectorFileError(f"{where} has more than value, rounding and quantum")
        if ("rounding" in entry) != ("quantum" in entry):
            raise VectorFileError(f"{where}: rounding and quantum come together")
        self.value = _value(where, entry["value"], keep_text=True)
        self.rounding = entry.get("rounding")
        if self.rounding is not None and self.rounding not in ROUNDINGS:
            raise VectorFileError(f"{where}: rounding {self.rounding!r} is none of {', '.join(ROUNDINGS)}")
        quantum = _value(where, entry.get("quantum", 1))
        if not isinstance(quantum, Fraction) or quantum <= 0:
            raise VectorFileError(f"{where}: the quantum must be a positive number")
        self.quantum = quantum
        self.text = _text(self.value)

    def holds(self, exact: Output) -> bool:
        """Tell whether an exact result, rounded as stated, is the value."""
        return type(exact) is type(self.value) and self._rounded(exact) == self.value

    def _rounded(self, exact: Output) -> Output:
        if isinstance(exact, list):
            return [self._rounded(item) for item in exact]
        if isinstance(exact, bool | str) or self.rounding is None:
            return exact
        return ROUNDINGS[self.rounding](exact / self.quantum) * self.quantum


def _value(where: str, written: Any, *, keep_text: bool = False) -> Any:
    """Return a number as a fraction, a boolean as it is, and lists of them; names as they are if `keep_text`."""
    if isinstance(written, bool):
        return written
    if isinstance(written, list):
        return [_value(where, item, keep_text=keep_text) for item in written]
    if isinstance(written, int):
        return Fraction(written)
    if isinstance(written, str) and len(written) <= NUMBER_LENGTH_MAX:
        if NUMBER.fullmatch(written) and not re.search(r"/0+$", written):
            above, _, below = written.partition("/")
            return Fraction(above) / int(below or "1")
        if keep_text and NAME.fullmatch(written):
            return written
    raise VectorFileError(f"{where} = {written!r} is no decimal in text, fraction, integer, name or boolean")


def _text(value: Output) -> str:
    """Return a value as text: a decimal where it ends, else a fraction."""
    if isinstance(value, list):
        return f"[{', '.join(_text(item) for item in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    for digits in range(NUMBER_LENGTH_MAX):
        scaled = value * 10**digits
        if scaled.denominator == 1:
            return format_decimal(scaled.numerator, digits)
    return str(value)
