"""All endpoints in one table, and how one is found. It holds none of its own."""

from collections.abc import Iterable, Mapping

from exchange.dialects.binance.rest.account_routes import ACCOUNT_ROUTES
from exchange.dialects.binance.rest.algo_routes import ALGO_ROUTES
from exchange.dialects.binance.rest.foreign_routes import FOREIGN_ROUTES
from exchange.dialects.binance.rest.market_routes import MARKET_ROUTES
from exchange.dialects.binance.rest.statistics_routes import STATISTICS_ROUTES
from exchange.dialects.binance.rest.trade_routes import TRADE_ROUTES
from exchange.dialects.binance.route import Route


def by_method_and_path(routes: Iterable[Route]) -> Mapping[tuple[str, str], Route]:
    """Return the table as a mapping; two rows for one method and path are our own error."""
    table: dict[tuple[str, str], Route] = {}
    for route in routes:
        assert (route.method, route.path) not in table, f"{route.method} {route.path} stands twice in the route table"
        table[route.method, route.path] = route
    return table


ROUTES: tuple[Route, ...] = (
    *MARKET_ROUTES,
    *STATISTICS_ROUTES,
    *TRADE_ROUTES,
    *ALGO_ROUTES,
    *ACCOUNT_ROUTES,
    *FOREIGN_ROUTES,
)
_TABLE = by_method_and_path(ROUTES)


def find(method: str, path: str) -> Route | None:
    """Return the route of a method and a path, or None when there is no such endpoint."""
    return _TABLE.get((method, path))
