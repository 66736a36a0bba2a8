"""What every endpoint costs: the route table against the weights that Binance documents, endpoint by endpoint."""

from urllib.parse import parse_qsl

import pytest

from exchange.dialects.binance.rest.routes import ROUTES
from exchange.dialects.binance.route import order_counts, weight_of

KLINES = ": 5, limit=99: 1, limit=100: 2, limit=499: 2, limit=500: 5, limit=1000: 5, limit=1001: 10, limit=1500: 10"
ONE_OR_ALL = ": {0}, symbol=BTCUSDT: {1}"

# Method and path below /fapi: weight without parameters, then with these. That of order/test is documented nowhere.
WEIGHTS = f"""
GET v1/ping: 1
GET v1/time: 1
GET v1/exchangeInfo: 1
GET v1/depth: 10, limit=5: 2, limit=50: 2, limit=100: 5, limit=500: 10, limit=1000: 20
GET v1/rpiDepth: 20
GET v1/klines{KLINES}
GET v1/continuousKlines{KLINES}
GET v1/markPriceKlines{KLINES}
GET v1/indexPriceKlines{KLINES}
GET v1/premiumIndexKlines{KLINES}
GET v1/aggTrades: 20
GET v1/trades: 5
GET v1/historicalTrades: 200
GET v1/premiumIndex{ONE_OR_ALL.format(10, 1)}
GET v1/ticker/24hr{ONE_OR_ALL.format(40, 1)}
GET v1/ticker/bookTicker{ONE_OR_ALL.format(5, 2)}
GET v1/ticker/price{ONE_OR_ALL.format(2, 1)}
GET v2/ticker/price{ONE_OR_ALL.format(2, 1)}
GET v1/fundingRate: 0
GET v1/fundingInfo: 0
GET v1/openInterest: 1
GET v1/insuranceBalance: 1
GET v1/symbolAdlRisk: 1
GET v1/constituents: 2
POST v1/order: 0
PUT v1/order: 0
GET v1/order: 1
DELETE v1/order: 1
POST v1/order/test: 0
POST v1/batchOrders: 5
PUT v1/batchOrders: 5
DELETE v1/batchOrders: 1
DELETE v1/allOpenOrders: 1
POST v1/countdownCancelAll: 10
GET v1/openOrders{ONE_OR_ALL.format(40, 1)}
GET v1/openOrder: 1
GET v1/allOrders: 5
POST v1/algoOrder: 0
GET v1/algoOrder: 1
DELETE v1/algoOrder: 1
GET v1/openAlgoOrders{ONE_OR_ALL.format(40, 1)}
GET v1/allAlgoOrders: 5
DELETE v1/algoOpenOrders: 1
GET v1/userTrades: 5
GET v1/orderAmendment: 1
GET v1/forceOrders{ONE_OR_ALL.format(50, 20)}
GET v2/account: 5
GET v3/account: 5
GET v2/balance: 5
GET v3/balance: 5
GET v2/positionRisk: 5
GET v3/positionRisk: 5
POST v1/leverage: 1
POST v1/marginType: 1
POST v1/positionMargin: 1
GET v1/positionMargin/history: 1
GET v1/positionSide/dual: 30
POST v1/positionSide/dual: 1
GET v1/multiAssetsMargin: 30
POST v1/multiAssetsMargin: 1
GET v1/leverageBracket: 1
GET v1/symbolConfig: 5
GET v1/income: 30
GET v1/accountConfig: 5
GET v1/commissionRate: 20
GET v1/adlQuantile: 5
GET v1/rateLimit/order: 1
GET v1/apiTradingStatus{ONE_OR_ALL.format(10, 1)}
GET v1/feeBurn: 30
POST v1/feeBurn: 1
POST v1/listenKey: 1
PUT v1/listenKey: 1
DELETE v1/listenKey: 1
"""

ORDERS = {
    ("POST", "/fapi/v1/order"): (1, 1),
    ("PUT", "/fapi/v1/order"): (1, 1),
    ("POST", "/fapi/v1/algoOrder"): (1, 1),
    ("POST", "/fapi/v1/batchOrders"): (5, 1),
    ("PUT", "/fapi/v1/batchOrders"): (5, 1),
}
UNDOCUMENTED = {"/futures/data/": 0, "/sapi/": 1, "/api/": 1, "/dapi/": 1, "/eapi/": 1}  # other services: our choice


def documented() -> list[tuple[str, str, str, int]]:
    """Return method, path, parameters and weight, one of each case."""
    cases = []
    for line in WEIGHTS.strip().splitlines():
        method, path, weights = line.split(maxsplit=2)
        for case in weights.split(", "):
            parameters, _, weight = case.rpartition(": ")
            cases.append((method, f"/fapi/{path.rstrip(':')}", parameters, int(weight)))
    return cases


BY_NAME = {(route.method, route.path): route for route in ROUTES}


@pytest.mark.parametrize(("method", "path", "parameters", "weight"), documented())
def test_an_endpoint_costs_what_is_documented(method: str, path: str, parameters: str, weight: int) -> None:
    assert weight_of(BY_NAME[method, path], dict(parse_qsl(parameters))) == weight


def test_no_endpoint_is_left_out() -> None:
    named = {(method, path) for method, path, _, _ in documented()}
    others = {name for name in BY_NAME if name not in named}
    assert {(method, path) for method, path in others if path.startswith("/fapi/")} == set()
    for method, path in others:
        (weight,) = [cost for root, cost in UNDOCUMENTED.items() if path.startswith(root)]
        assert weight_of(BY_NAME[method, path], {}) == weight


def test_orders_are_counted_where_they_are_placed_or_amended() -> None:
    assert {name: order_counts(route) for name, route in BY_NAME.items() if any(order_counts(route))} == ORDERS
