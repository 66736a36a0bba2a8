"""Parameters of a request, read from raw query and body whatever the content type says; and those that many share.

What only one endpoint asks for is understood there.
"""

from urllib.parse import parse_qsl

from exchange.core.contract import Contract
from exchange.core.units import INT63_MAX
from exchange.dialects.binance.route import Context, Params
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.numbers import parse_integer, to_ms

BODY_BYTES_MAX = 64 * 1024
QUERY_BYTES_MAX = 16 * 1024
PARAMETERS_MAX = 100  # pairs in query and body together
DAY_MS = 24 * 3600 * 1000
TIME_MS_MAX = to_ms(INT63_MAX)  # the last millisecond that nanoseconds within 63 bits reach


def parse_parameters(raw_query: bytes, raw_body: bytes) -> dict[str, str]:
    """Return all pairs of query and body; where a name stands in both, the query's value, as Binance documents it.

    Bytes that are no text stay visible as replacement characters, so that the parameter they stand in is refused.
    Errors: 413 for a body or query beyond its limit, -1101 for too many pairs, or for a name twice in one place: which
    of the values was meant nobody knows.
    """
    for part, limit in ((raw_query, QUERY_BYTES_MAX), (raw_body, BODY_BYTES_MAX)):
        if len(part) > limit:
            raise errors.BODY_TOO_LARGE.error(limit)
    in_body, in_query = _pairs(raw_body), _pairs(raw_query)
    sent = len(in_body) + len(in_query)
    if sent > PARAMETERS_MAX:
        raise errors.TOO_MANY_PARAMETERS.error(PARAMETERS_MAX, sent)
    return _unique(in_body) | _unique(in_query)


def required(params: Params, name: str) -> str:
    """Return a parameter that must be there and not empty; -1102 names it otherwise."""
    value = params.get(name, "")
    if not value:
        raise errors.MANDATORY_PARAMETER.error(name)
    return value


def optional_integer(params: Params, name: str, low: int = 0, high: int = INT63_MAX) -> int | None:
    """Return an integer within low..high, or None when it is not sent. Errors: -1100 no integer, -1130 its range."""
    text = params.get(name)
    return parse_integer(text, name, low, high) if text else None


def row_limit(params: Params, default: int, most: int) -> int:
    """Return the parameter `limit`. Errors: -1100 no integer, -1130 outside 1..most: nothing is cut silently."""
    return optional_integer(params, "limit", 1, most) or default


def times(params: Params) -> tuple[int | None, int | None]:
    """Return startTime and endTime in milliseconds. Errors: -1100, -1130, -1023 for an end before the start."""
    start = optional_integer(params, "startTime", 0, TIME_MS_MAX)
    end = optional_integer(params, "endTime", 0, TIME_MS_MAX)
    if start is not None and end is not None and start > end:
        raise errors.START_AFTER_END.error()
    return start, end


def time_window(params: Params, days: int) -> tuple[int | None, int | None]:
    """Return startTime and endTime in milliseconds, at most so many days apart; the missing one is that far away.

    With neither, (None, None): the most recent rows, whatever their age. Errors: -1023 wrong order, -1127 too long.
    """
    window_ms = days * DAY_MS
    start, end = times(params)
    if start is None and end is None:
        return None, None
    if end is None:
        assert start is not None
        end = start + window_ms  # not now: the venue's time may be ahead of it
    if start is None:
        start = max(0, end - window_ms)
    if end - start > window_ms:
        raise errors.INTERVAL_TOO_LONG.error(24 * days)
    return start, end


def contract_of(context: Context, params: Params) -> Contract:
    """Return the contract that the parameter `symbol` names. Errors: -1102 not sent, -1121 not listed."""
    contract = context.contracts.get(required(params, "symbol"))
    if contract is None:
        raise errors.SYMBOL_NOT_VALID.error()
    return contract


def contracts_of(context: Context, params: Params) -> list[Contract]:
    """Return the contract of the optional parameter `symbol`, or all of them in listing order."""
    return [contract_of(context, params)] if params.get("symbol") else list(context.contracts.values())


def symbol_or_none(context: Context, params: Params) -> str | None:
    """Return the optional parameter `symbol`, checked, or None when it is not sent."""
    return contract_of(context, params).symbol if params.get("symbol") else None


def _unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return the pairs of one place by name; -1101 names the first that stands there twice."""
    params: dict[str, str] = {}
    for name, value in pairs:
        if name in params:
            raise errors.DUPLICATE_PARAMETER.error(name)
        params[name] = value
    return params


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    text = raw.decode("utf-8", errors="replace")
    return parse_qsl(text, keep_blank_values=True, errors="replace")
