"""Account endpoints that tell what every account has anyway: documented shapes, and what cannot be chosen otherwise."""

import json

import pytest

from exchange.dialects.binance.rest.routes import find
from exchange.dialects.binance.route import Params, weight_of
from exchange.dialects.binance.text.errors import DialectError
from tests.dialect.conftest import Golden
from tests.dialect.desk import Desk
from tests.dialect.test_story import SHAPES, differences


def call(method: str, path: str, params: Params) -> object:
    desk = Desk()
    return json.loads(json.dumps(desk.call(desk.account(1), method, f"/fapi/v1/{path}", params)))


def sample(name: str) -> object:
    return json.loads((SHAPES / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("name", "method", "path", "params"),
    [
        ("order-limits", "GET", "rateLimit/order", {}),
        ("trading-status", "GET", "apiTradingStatus", {}),
        ("fee-burn", "GET", "feeBurn", {}),
        ("set-fee-burn", "POST", "feeBurn", {"feeBurn": "false"}),
        ("create-listen-key", "POST", "listenKey", {}),
        ("end-listen-key", "DELETE", "listenKey", {}),
    ],
)
def test_every_answer_is_as_recorded(golden: Golden, name: str, method: str, path: str, params: Params) -> None:
    request = {"method": method, "path": f"/fapi/v1/{path}", "params": params}
    golden(name, {"request": request, "response": call(method, path, params)})


def test_the_limits_of_orders_are_those_of_the_documentation() -> None:
    assert call("GET", "rateLimit/order", {}) == sample("get-rateLimit-order")


def test_no_account_is_locked_for_how_it_trades() -> None:
    answer = call("GET", "apiTradingStatus", {"symbol": "BTCUSDT"})
    assert isinstance(answer, dict)
    assert (answer["indicators"], sorted(answer)) == ({}, ["indicators", "updateTime"])
    route = find("GET", "/fapi/v1/apiTradingStatus")
    assert route is not None
    assert (weight_of(route, {"symbol": "BTCUSDT"}), weight_of(route, {})) == (1, 10)


def test_fees_are_paid_in_the_margins_asset() -> None:
    assert call("GET", "feeBurn", {}) == {"feeBurn": False}
    answer = call("POST", "feeBurn", {"feeBurn": "False"})
    assert list(differences(sample("post-feeBurn"), answer, "feeBurn")) == []


@pytest.mark.parametrize(
    ("method", "path", "params", "code"),
    [
        ("POST", "feeBurn", {"feeBurn": "true"}, -1130),
        ("POST", "feeBurn", {"feeBurn": "maybe"}, -1130),
        ("POST", "feeBurn", {}, -1102),
        ("POST", "multiAssetsMargin", {"multiAssetsMargin": "true"}, -1130),
        ("GET", "apiTradingStatus", {"symbol": "NONE"}, -1121),
    ],
)
def test_what_cannot_be_is_refused(method: str, path: str, params: Params, code: int) -> None:
    with pytest.raises(DialectError) as refused:
        call(method, path, params)
    assert refused.value.code == code
