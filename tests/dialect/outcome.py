"""What a call gives back: a value, or the dialect's error. Any other exception is a failure of the test."""

from collections.abc import Callable
from typing import TypeVar

from exchange.dialects.binance.text.errors import DialectError

T = TypeVar("T")


def outcome(call: Callable[[], T]) -> T | DialectError:
    """Return the value of a call, or the error it raises."""
    try:
        return call()
    except DialectError as error:
        return error
