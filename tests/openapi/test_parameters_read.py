"""The table of parameters and the code agree: what an endpoint reads is declared, and what is declared is read.

Each endpoint is called with many seeded choices of its parameters, through a mapping that notes which names are looked
up. Names of the elements of a batch are its own.
"""

import random
from collections.abc import Iterator, Mapping
from functools import partial

import pytest

from exchange.dialects.binance.document.parameter_table import PARAMETERS, SIGNATURE, Parameter, ignored
from exchange.dialects.binance.rest.routes import ROUTES
from exchange.dialects.binance.route import Route, weight_of
from tests.dialect.desk import Desk
from tests.dialect.outcome import outcome

SEED = 1
CALLS = 200
TEXTS = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "asset": "USDT",
    "batchOrders": "[]",
    "orderIdList": "[1]",
    "orderidlist": "[1]",
    "origClientOrderIdList": '["x"]',
    "origclientorderidlist": '["x"]',
}

LIMIT = {"type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010", "price": "49000"}
STOP = {"type": "STOP", "quantity": "0.010", "price": "51000"}
# Where a call gets somewhere only with several at once; each call begins with one of these.
BASES: dict[str, list[dict[str, str]]] = {
    "/fapi/v1/order": [{}, LIMIT, {**STOP, "stopPrice": "51000"}],
    "/fapi/v1/order/test": [{}, LIMIT, {**STOP, "stopPrice": "51000"}],
    "/fapi/v1/algoOrder": [{}, {**STOP, "triggerPrice": "51000"}],
}


class Noting(Mapping[str, str]):
    """Parameters that note which of them, there or not, are looked up."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self._params = params
        self.noted: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.noted.add(name)
        return self._params[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __len__(self) -> int:
        return len(self._params)


def value(chance: random.Random, parameter: Parameter) -> str:
    """Return a value that the schema allows, mostly a sensible one."""
    schema = parameter.schema
    match schema:
        case {"enum": list(words)}:
            return str(chance.choice(words))
        case {"type": "boolean"}:
            return chance.choice(["true", "false"])
        case {"type": "integer", "minimum": int(low)}:
            return str(low + chance.choice([0, 1]))
        case {"pattern": _}:
            return chance.choice(["0.01", "50000"])
        case _:
            return TEXTS.get(parameter.name, "x")


def chosen(chance: random.Random, method: str, path: str) -> dict[str, str]:
    """Return values of all needed parameters, and of some of the others: all, one of them, or any."""
    parameters = PARAMETERS[method, path]
    others = [parameter for parameter in parameters if not parameter.needed]
    wanted = chance.choice(
        [others, chance.sample(others, min(len(others), 1)), chance.sample(others, len(others) // 2)]
    )
    needed = [parameter for parameter in parameters if parameter.needed]
    params = {parameter.name: value(chance, parameter) for parameter in (*needed, *wanted)}
    return params | chance.choice(BASES.get(path, [{}]))


def looked_up(route: Route) -> set[str]:
    """Return the names that an endpoint looks up in many calls; refusals are answers, too."""
    chance = random.Random(f"{SEED} {route.method} {route.path}")
    desk = Desk(legacy_conditional=True)
    account = desk.account(1_000_000, funding=1_000)
    noted: set[str] = set()
    for _ in range(CALLS):
        params = Noting(chosen(chance, route.method, route.path))
        weight_of(route, params)
        outcome(partial(desk.call, account, route.method, route.path, params))
        noted |= params.noted
    return noted


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_what_is_read_is_declared_and_what_is_declared_is_read(route: Route) -> None:
    declared = {parameter.name for parameter in PARAMETERS[route.method, route.path]}
    assert looked_up(route) == declared


def test_what_stands_in_no_row_is_ignored_and_told_so() -> None:
    sent = {
        "symbol": "BTCUSDT",
        "stopLossPrice": "1",
        "timestamp": "1",
        "recvWindow": "1",
        "signature": "x",
        "Limit": "5",
    }
    assert ignored("GET", "/fapi/v1/depth", sent) == ["stopLossPrice", "Limit"]
    assert ignored("GET", "/fapi/v1/ping", {"timestamp": "1"}) == []
    assert {parameter.name for parameter in SIGNATURE} == {"timestamp", "recvWindow", "signature"}


def test_a_look_up_is_noted_whether_there_is_something_or_not() -> None:
    params = Noting({"a": "1"})
    assert (params.get("a"), params.get("b"), "c" in params, len(params)) == ("1", None, False, 1)
    assert params.noted == {"a", "b", "c"}
