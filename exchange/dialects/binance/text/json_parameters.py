"""JSON that clients send inside or instead of parameters, read without losing a digit. It knows no endpoint.

A number is kept as the text that the client wrote, never as a float: 0.1 means one tenth. What other parameters are is
text, so an object becomes `Params` in which numbers are plain decimal text and booleans `true` or `false`.
"""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from exchange.core.units import DECIMAL_TEXT_MAX
from exchange.dialects.binance.text import errors

NESTING_MAX = 16  # lists and objects within each other


class JsonNumber(str):
    """A number as its sender wrote it: digits, perhaps a point, perhaps an exponent."""

    __slots__ = ()


def read_json(text: str, name: str) -> object:
    """Return what JSON text holds.

    Errors: -1130 names the parameter when it is none, too deep, or has NaN or Infinity in it; -1101 a field sent twice.
    """
    if _depth(text) > NESTING_MAX:
        raise errors.DATA_NOT_VALID.error(name)
    try:
        value: object = json.loads(
            text,
            parse_float=JsonNumber,
            parse_int=JsonNumber,
            parse_constant=_no_number,
            object_pairs_hook=_unique,
        )
    except ValueError as error:
        raise errors.DATA_NOT_VALID.error(name) from error
    return value


def as_parameters(fields: Mapping[str, object]) -> dict[str, str]:
    """Return the fields of a JSON object as parameters; null is as good as not sent. -1130 names a hopeless number."""
    named = ((_readable(name), value) for name, value in fields.items() if value is not None)
    return {name: parameter_text(name, value) for name, value in named}


def parameter_text(name: str, value: object) -> str:
    """Return one value as the text of a parameter: text as it is, lists and objects as JSON."""
    if isinstance(value, JsonNumber):
        return _plain(name, value)
    if isinstance(value, str):
        return _readable(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value)


def _plain(name: str, number: JsonNumber) -> str:
    """Return a number without an exponent: "1e-05" is "0.00001". One that no parameter could hold is refused."""
    if number.lower() == number.upper():  # no exponent: what the client wrote is what it means
        return str(number)
    try:
        value = Decimal(number)
    except InvalidOperation as error:  # an exponent beyond Python's own
        raise errors.DATA_NOT_VALID.error(name) from error
    if not value:
        return "0"
    if not -DECIMAL_TEXT_MAX < value.adjusted() < DECIMAL_TEXT_MAX:
        raise errors.DATA_NOT_VALID.error(name)
    return format(value, "f")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object's fields by name; -1101 names the first that stands there twice."""
    fields: dict[str, object] = {}
    for name, value in pairs:
        if name in fields:
            raise errors.DUPLICATE_PARAMETER.error(_readable(name))
        fields[name] = value
    return fields


def _readable(text: str) -> str:
    """Return text with what no answer could repeat, half a character, replaced: it stays visible and is refused."""
    return text.encode("utf-8", errors="replace").decode()


def _no_number(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def _depth(text: str) -> int:
    """Return at least how deep lists and objects are nested, 0 when it is no matter; brackets in texts count, too."""
    if text.count("[") + text.count("{") <= NESTING_MAX:  # nearly all: they cannot be deeper than they have brackets
        return 0
    depth = deepest = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest
