"""What a trader hears of conditional orders that fire: in which order, with what in it, and why one was refused."""

import json
from typing import Any

import pytest

from exchange.core.commands import SetPositionMode
from tests.dialect.conftest import Golden
from tests.dialect.test_story import differences
from tests.dialect.test_streams_table import Recorder, shape_of

BTC = {"symbol": "BTCUSDT"}
ALGO, ORDER = "/fapi/v1/algoOrder", "/fapi/v1/order"
STOP = {**BTC, "algoType": "CONDITIONAL", "side": "SELL", "type": "STOP_MARKET", "quantity": "0.010"}
Payload = dict[str, Any]


class Stops(Recorder):
    """A maker offers 1 at 50000 and bids for 1 at 49980; a trader holds 0.100 and has heard nothing yet."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.maker, self.trader = self.account(1_000_000), self.account(10_000)
        self.order(self.maker, "SELL", "1", "50000")
        self.order(self.maker, "BUY", "1", "49980")
        self.sell("0.100", "BUY")
        self.begun = len(self.done)

    def sell(self, quantity: str, side: str = "SELL") -> None:
        self.call(self.trader, "POST", ORDER, {**BTC, "side": side, "type": "MARKET", "quantity": quantity})

    def place(self, **changes: str) -> None:
        self.call(self.trader, "POST", ALGO, {**STOP, **changes})

    def heard(self) -> list[Payload]:
        """Return what the trader heard since it holds its position, as JSON gives it back."""
        told = [json.loads(json.dumps(message.payload)) for message in self.messages(self.trader, self.begun)]
        self.begun = len(self.done)
        return told


def words(heard: list[Payload]) -> list[str]:
    """Return the event names, with the status of what they are about."""
    return [f"{message['e']} {message['o']['X']}" if "o" in message else message["e"] for message in heard]


def test_the_trades_are_told_before_the_end() -> None:
    desk = Stops()
    desk.place(triggerPrice="49985", clientAlgoId="near")
    desk.heard()
    desk.sell("0.010")
    assert words(desk.heard()) == [
        "ORDER_TRADE_UPDATE NEW",
        "TRADE_LITE",
        "ACCOUNT_UPDATE",
        "ORDER_TRADE_UPDATE FILLED",
        "ALGO_UPDATE TRIGGERING",
        "ALGO_UPDATE TRIGGERED",
        "ORDER_TRADE_UPDATE NEW",
        "TRADE_LITE",
        "ACCOUNT_UPDATE",
        "ORDER_TRADE_UPDATE FILLED",
        "ALGO_UPDATE FINISHED",
    ]


def test_why_one_was_refused_is_told_in_the_words_of_the_dialect(golden: Golden) -> None:
    desk = Stops()
    desk.place(side="BUY", type="TAKE_PROFIT_MARKET", triggerPrice="49985", reduceOnly="true")
    desk.place(side="BUY", type="TAKE_PROFIT_MARKET", triggerPrice="49985", quantity="100", clientAlgoId="big")
    desk.heard()
    desk.sell("0.010")
    refused = [message for message in desk.heard() if message.get("o", {}).get("X") == "REJECTED"]
    assert [message["o"]["rm"] for message in refused] == ["ReduceOnly Order is rejected.", "Margin is insufficient."]
    assert [message["o"]["ai"] for message in refused] == ["", ""]
    assert list(differences(shape_of("algo-ALGO_UPDATE-rejected"), refused[0], "rejected")) == []
    golden("user-stream-algo-rejected", refused)
    answer = desk.call(desk.trader, "GET", ALGO, {"clientAlgoId": "big"})
    assert isinstance(answer, dict)
    assert (answer["algoStatus"], answer["actualOrderId"], answer["actualType"]) == ("REJECTED", "", "")


def test_an_order_tells_by_which_price_a_trailing_stop_became_it(golden: Golden) -> None:
    desk = Stops()
    desk.place(type="TRAILING_STOP_MARKET", callbackRate="0.1", clientAlgoId="trail")
    desk.order(desk.maker, "BUY", "1", "49940")
    desk.heard()
    desk.order(desk.account(1_000_000), "SELL", "1.100", "49940", timeInForce="IOC")
    orders = [message for message in desk.heard() if message["e"] == "ORDER_TRADE_UPDATE"]
    golden("user-stream-algo-trailing", orders)
    sample = shape_of("algo-ORDER_TRADE_UPDATE-trailing")
    assert [found for message in orders for found in differences(sample, message, message["o"]["X"])] == []
    kinds = {(message["o"]["o"], message["o"]["ot"], message["o"]["AP"], message["o"]["cr"]) for message in orders}
    assert kinds == {("MARKET", "TRAILING_STOP_MARKET", "50000.00", "0.1")}
    assert {message["o"]["sp"] for message in orders} == {"49950.00"}


def test_one_that_closes_a_position_expires_with_it() -> None:
    desk = Stops()
    closing = {key: value for key, value in STOP.items() if key != "quantity"} | {"closePosition": "true"}
    desk.call(desk.trader, "POST", ALGO, {**closing, "triggerPrice": "48000", "clientAlgoId": "closer"})
    desk.heard()
    desk.sell("0.100")
    assert words(desk.heard())[-1] == "ALGO_UPDATE EXPIRED"
    answer = desk.call(desk.trader, "GET", ALGO, {"clientAlgoId": "closer"})
    assert isinstance(answer, dict)
    assert (answer["algoStatus"], answer["quantity"], answer["closePosition"]) == ("EXPIRED", "0", True)


def test_one_that_closes_a_position_sells_what_there_is() -> None:
    desk = Stops()
    closing = {key: value for key, value in STOP.items() if key != "quantity"} | {"closePosition": "true"}
    desk.call(desk.trader, "POST", ALGO, {**closing, "triggerPrice": "49985", "clientAlgoId": "closer"})
    desk.sell("0.040")
    last = desk.heard()[-1]["o"]
    assert (last["X"], last["q"], last["aq"], last["cp"]) == ("FINISHED", "0", "0.060", True)
    assert desk.venue.state.accounts[desk.trader].leg("BTCUSDT").position.quantity == 0


def test_what_is_good_till_a_date_expires_with_it() -> None:
    desk = Stops()
    dated = {"timeInForce": "GTD", "goodTillDate": str(desk.ts // 10**6 + 601_999)}
    desk.order(desk.trader, "BUY", "0.010", "49000", **dated)
    desk.place(type="STOP", price="48000", triggerPrice="48500", **dated)
    desk.heard()
    desk.later(600_900)
    assert words(desk.heard()) == [], "only whole seconds count, and the last is not over"
    desk.later(100)
    order, conditional = desk.heard()
    assert words([order, conditional]) == ["ORDER_TRADE_UPDATE EXPIRED", "ALGO_UPDATE EXPIRED"]
    assert (order["o"]["x"], order["o"]["er"], order["o"]["gtd"]) == ("EXPIRED", "0", desk.ts // 10**6)
    assert conditional["o"]["gtd"] == desk.ts // 10**6


def test_a_partly_filled_order_shows_through_the_conditional_one() -> None:
    desk = Stops()
    desk.place(type="STOP", price="49990", triggerPrice="49985", clientAlgoId="half")
    desk.sell("0.010")
    desk.call(desk.maker, "DELETE", "/fapi/v1/allOpenOrders", BTC)
    desk.order(desk.maker, "BUY", "0.004", "49990")
    answer = desk.call(desk.trader, "GET", ALGO, {"clientAlgoId": "half"})
    assert isinstance(answer, dict)
    assert (answer["algoStatus"], answer["actualQty"], answer["actualPrice"]) == ("TRIGGERED", "0.004", "49990.00")
    rows = desk.call(desk.trader, "GET", "/fapi/v1/allAlgoOrders", BTC)
    assert isinstance(rows, list)
    assert [row["actualQty"] for row in rows] == ["0.004"]


def test_the_side_of_a_hedge_is_named() -> None:
    desk = Recorder()
    trader = desk.account(10_000)
    desk.execute(SetPositionMode(trader, hedge=True))
    begun = len(desk.done)
    desk.call(trader, "POST", ALGO, {**STOP, "positionSide": "LONG", "triggerPrice": "48000"})
    [told] = desk.messages(trader, begun)
    body: Any = told.payload["o"]
    assert (body["ps"], body["R"]) == ("LONG", True)


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_only_its_owner_hears_of_it(side: str) -> None:
    desk = Stops()
    desk.place(side=side, triggerPrice="52000" if side == "BUY" else "48000")
    begun = desk.begun
    assert desk.messages(desk.maker, begun) == []
    assert words(desk.heard()) == ["ALGO_UPDATE NEW"]
