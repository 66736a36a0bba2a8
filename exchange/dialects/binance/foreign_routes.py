"""Tiny answers on paths of Binance's other markets that clients call at start, so that a base URL is all they need.

They serve no such market: lists are empty.
"""

from exchange.dialects.binance.route import Context, Params, ReadRoute, Route, Security


def read_nothing(_context: Context, _params: Params) -> object:
    """Answer with an empty list."""
    return []


def read_ping(_context: Context, _params: Params) -> object:
    """Answer with an empty object."""
    return {}


def read_time(context: Context, _params: Params) -> object:
    """Answer with the server's time in milliseconds."""
    return {"serverTime": context.now_ms}


def read_empty_exchange(context: Context, _params: Params) -> object:
    """Answer with an exchange that lists nothing."""
    return {
        "timezone": "UTC",
        "serverTime": context.now_ms,
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [],
    }


FOREIGN_ROUTES: tuple[Route, ...] = (
    ReadRoute("GET", "/sapi/v1/capital/config/getall", Security.NONE, 1, read_nothing),
    ReadRoute("GET", "/sapi/v1/margin/allPairs", Security.NONE, 1, read_nothing),
    ReadRoute("GET", "/sapi/v1/spot/delist-schedule", Security.NONE, 1, read_nothing),
    ReadRoute("GET", "/api/v3/ping", Security.NONE, 1, read_ping),
    ReadRoute("GET", "/api/v3/time", Security.NONE, 1, read_time),
    ReadRoute("GET", "/api/v3/exchangeInfo", Security.NONE, 1, read_empty_exchange),
    ReadRoute("GET", "/dapi/v1/exchangeInfo", Security.NONE, 1, read_empty_exchange),
    ReadRoute("GET", "/eapi/v1/exchangeInfo", Security.NONE, 1, read_empty_exchange),
)
