"""Parameters of a request, read from raw query and raw body whatever the content type says. They are not understood."""

from urllib.parse import parse_qsl

from exchange.dialects.binance import errors
from exchange.dialects.binance.route import Params

BODY_BYTES_MAX = 64 * 1024
QUERY_BYTES_MAX = 16 * 1024
PARAMETERS_MAX = 100  # pairs in query and body together


def parse_parameters(raw_query: bytes, raw_body: bytes) -> dict[str, str]:
    """Return all pairs of query and body; where a name stands in both, the query's value.

    Bytes that are no text stay visible as replacement characters, so that the parameter they stand in is refused.
    Errors: 413 for a body or query beyond its limit, -1101 for too many pairs.
    """
    for part, limit in ((raw_query, QUERY_BYTES_MAX), (raw_body, BODY_BYTES_MAX)):
        if len(part) > limit:
            raise errors.BODY_TOO_LARGE.error(limit)
    pairs = _pairs(raw_body) + _pairs(raw_query)
    if len(pairs) > PARAMETERS_MAX:
        raise errors.TOO_MANY_PARAMETERS.error(PARAMETERS_MAX, len(pairs))
    return dict(pairs)


def required(params: Params, name: str) -> str:
    """Return a parameter that must be there and not empty; -1102 names it otherwise."""
    value = params.get(name, "")
    if not value:
        raise errors.MANDATORY_PARAMETER.error(name)
    return value


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    text = raw.decode("utf-8", errors="replace")
    return parse_qsl(text, keep_blank_values=True, errors="replace")
