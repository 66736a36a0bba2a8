"""What clients ask of other services when they start, as a table: answers that nothing is there. No venue is looked at.

Which client asks for what: docs/fidelity.md.
"""

from collections.abc import Callable

from exchange.dialects.binance.bodies.market import foreign_exchange_info_json
from exchange.dialects.binance.rest.market_routes import read_ping, read_time
from exchange.dialects.binance.route import Context, Params, ReadRoute, Security


def read_nothing(context: Context, params: Params) -> object:
    """Answer an empty list."""
    del context, params
    return []


def read_exchange_info(context: Context, params: Params) -> object:
    """Answer that the other market has no symbols."""
    del params
    return foreign_exchange_info_json(context.now_ms)


def read_status(context: Context, params: Params) -> object:
    """Answer that nothing is down for maintenance."""
    del context, params
    return {"status": 0, "msg": "normal"}


def _foreign(path: str, read: Callable[[Context, Params], object]) -> ReadRoute:
    return ReadRoute("GET", path, Security.NONE, 1, read)


FOREIGN_ROUTES: tuple[ReadRoute, ...] = (
    _foreign("/sapi/v1/capital/config/getall", read_nothing),
    _foreign("/sapi/v1/margin/allPairs", read_nothing),
    _foreign("/sapi/v1/margin/isolated/allPairs", read_nothing),
    _foreign("/sapi/v1/spot/delist-schedule", read_nothing),
    _foreign("/sapi/v1/system/status", read_status),
    _foreign("/api/v3/exchangeInfo", read_exchange_info),
    _foreign("/dapi/v1/exchangeInfo", read_exchange_info),
    _foreign("/eapi/v1/exchangeInfo", read_exchange_info),
    _foreign("/api/v3/ping", read_ping),
    _foreign("/dapi/v1/ping", read_ping),
    _foreign("/api/v3/time", read_time),
    _foreign("/dapi/v1/time", read_time),
)
