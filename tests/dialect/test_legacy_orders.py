"""A venue that takes conditional types on the order endpoint, the old way: places, finds, cancels and triggers them."""

from typing import Any

import pytest

from exchange.core.commands import PlaceConditional
from exchange.core.enums import ConditionalType, Side
from exchange.core.units import Lots, RateE8, Ticks
from exchange.dialects.binance.rest import order_requests
from exchange.dialects.binance.text.errors import DialectError
from tests.dialect.conftest import Golden
from tests.dialect.desk import Desk

BTC = {"symbol": "BTCUSDT"}
ORDER = "/fapi/v1/order"
LIMIT = {**BTC, "type": "LIMIT", "timeInForce": "GTC"}
STOP = {**BTC, "side": "SELL", "type": "STOP_MARKET", "quantity": "0.010", "stopPrice": "49985"}
STOP |= {"newClientOrderId": "stop", "workingType": "CONTRACT_PRICE"}
MARKET = {**BTC, "side": "SELL", "type": "MARKET", "quantity": "0.020"}


class OldDesk:
    """A trader who holds 0.100 on a venue with the switch on; a sale takes the price down to 49980."""

    def __init__(self) -> None:
        self.desk = Desk(legacy_conditional=True)
        maker, self.trader = self.desk.account(1_000_000), self.desk.account(10_000)
        for side, quantity, price in (("SELL", "1", "50000"), ("BUY", "1", "49980")):
            order = {**LIMIT, "side": side, "quantity": quantity, "price": price}
            self.desk.call(maker, "POST", ORDER, order)
        self.desk.call(self.trader, "POST", ORDER, {**MARKET, "side": "BUY", "quantity": "0.100"})

    def call(self, method: str, path: str, params: dict[str, str]) -> Any:
        self.desk.later(500)
        return self.desk.call(self.trader, method, f"/fapi/v1/{path}", params)

    def code(self, method: str, path: str, params: dict[str, str]) -> int:
        with pytest.raises(DialectError) as raised:
            self.call(method, path, params)
        return raised.value.code


def test_a_stop_is_placed_by_its_old_names() -> None:
    old = OldDesk()
    command = order_requests.place_order(old.desk.context(old.trader), STOP | {"priceProtect": "true"})
    assert command == PlaceConditional(
        account_id=old.trader,
        symbol="BTCUSDT",
        side=Side.SELL,
        kind=ConditionalType.STOP_MARKET,
        quantity=Lots(10),
        trigger_price=Ticks(499_850),
        price_protect=True,
        client_id="stop",
    )
    trailing = {**BTC, "side": "SELL", "type": "TRAILING_STOP_MARKET", "quantity": "0.010", "callbackRate": "2"}
    command = order_requests.place_order(old.desk.context(old.trader), trailing | {"activationPrice": "51000"})
    assert isinstance(command, PlaceConditional)
    assert (command.activation_price, command.callback_rate) == (Ticks(510_000), RateE8(2_000_000))


def test_its_life_is_told_as_that_of_an_order(golden: Golden) -> None:
    old = OldDesk()
    placed = old.call("POST", "order", STOP)
    waiting = old.call("GET", "order", {**BTC, "orderId": str(placed["orderId"])})
    assert old.call("GET", "openOrders", BTC) == [waiting]
    assert old.call("GET", "openOrder", {**BTC, "origClientOrderId": "stop"}) == waiting
    old.call("POST", "order", MARKET)
    by_client_id = old.call("GET", "order", {**BTC, "origClientOrderId": "stop"})
    by_id = old.call("GET", "order", {**BTC, "orderId": str(placed["orderId"])})
    assert old.call("GET", "openOrders", BTC) == []
    told = {"placed": placed, "waiting": waiting, "triggered by client id": by_client_id, "triggered by id": by_id}
    golden("legacy-stop", told)
    assert by_client_id["orderId"] != by_id["orderId"] == placed["orderId"]
    bought, sold, made = 3, 5, 6
    assert [row["orderId"] for row in old.call("GET", "allOrders", BTC)] == [bought, sold, made]


def test_it_is_canceled_like_an_order() -> None:
    old = OldDesk()
    placed = old.call("POST", "order", STOP)
    canceled = old.call("DELETE", "order", {**BTC, "origClientOrderId": "stop"})
    assert (canceled["orderId"], canceled["status"], canceled["origType"]) == (
        placed["orderId"],
        "CANCELED",
        "STOP_MARKET",
    )
    found = old.call("GET", "order", {**BTC, "orderId": str(placed["orderId"])})
    assert found["status"] == "CANCELED"
    assert found in old.call("GET", "allOrders", BTC)
    assert old.code("DELETE", "order", {**BTC, "orderId": str(placed["orderId"])}) == -2011
    assert old.code("GET", "openOrder", {**BTC, "orderId": str(placed["orderId"])}) == -2013


def test_canceling_all_orders_cancels_it_too() -> None:
    old = OldDesk()
    old.call("POST", "order", STOP)
    old.call("POST", "order", {**LIMIT, "side": "BUY", "quantity": "0.010", "price": "49000"})
    assert len(old.call("GET", "openOrders", BTC)) == 2
    old.call("DELETE", "allOpenOrders", BTC)
    assert old.call("GET", "openOrders", BTC) == []


@pytest.mark.parametrize("name", ["orderId", "origClientOrderId"])
def test_what_it_became_is_canceled_by_either_of_its_names(name: str) -> None:
    old = OldDesk()
    stop = {**STOP, "type": "STOP", "price": "49990", "timeInForce": "GTC"}
    placed = old.call("POST", "order", stop)
    old.call("POST", "order", MARKET)
    names = {"orderId": str(placed["orderId"]), "origClientOrderId": "stop"}
    [resting] = old.call("GET", "openOrders", {})
    assert (resting["type"], resting["origType"], resting["stopPrice"]) == ("LIMIT", "STOP", "49985.00")
    canceled = old.call("DELETE", "order", {**BTC, name: names[name]})
    assert (canceled["orderId"], canceled["status"]) == (resting["orderId"], "CANCELED")
    assert old.call("GET", "openOrders", {}) == []


def test_it_is_known_to_the_endpoints_of_conditional_orders_too() -> None:
    old = OldDesk()
    placed = old.call("POST", "order", STOP)
    [row] = old.call("GET", "openAlgoOrders", BTC)
    assert (row["algoId"], row["clientAlgoId"]) == (placed["orderId"], "stop")


def test_what_a_stop_needs_is_asked_for_by_its_old_name() -> None:
    old = OldDesk()
    assert old.code("POST", "order", STOP | {"stopPrice": ""}) == -1102
    assert old.code("POST", "order", STOP | {"stopPrice": "51000"}) == -2021
    assert (
        old.code("POST", "order", {**LIMIT, "side": "BUY", "quantity": "0.01", "price": "49000", "stopPrice": "1"})
        == -1106
    )
    assert old.code("POST", "order/test", STOP) == -4120


def test_an_order_of_another_contract_is_not_meant() -> None:
    old = OldDesk()
    placed = old.call("POST", "order", STOP)
    named = {"symbol": "ETHUSDT", "orderId": str(placed["orderId"])}
    assert old.code("GET", "order", named) == -2013
    assert old.code("DELETE", "order", named) == -2011
