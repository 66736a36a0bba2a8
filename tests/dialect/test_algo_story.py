"""Conditional orders, batches, amendments and countdowns in one story: each answer and event is a golden file."""

import json
from typing import Any

import pytest

from tests.dialect.conftest import Golden
from tests.dialect.test_story import Step, differences, misshapen, record, told
from tests.dialect.test_streams_table import Recorder, shape_of

BTC = {"symbol": "BTCUSDT"}
ALGO, ORDER, BATCH = "/fapi/v1/algoOrder", "/fapi/v1/order", "/fapi/v1/batchOrders"
CONDITIONAL = {**BTC, "algoType": "CONDITIONAL", "side": "SELL", "quantity": "0.010"}
LIMIT = {**BTC, "type": "LIMIT", "timeInForce": "GTC"}
STOP_MARKET = {**CONDITIONAL, "type": "STOP_MARKET", "triggerPrice": "48000", "clientAlgoId": "stop"}
CLOSER = {**BTC, "algoType": "CONDITIONAL", "side": "SELL", "type": "TAKE_PROFIT_MARKET", "closePosition": "true"}
TRAILING = {**CONDITIONAL, "type": "TRAILING_STOP_MARKET", "activatePrice": "51000", "callbackRate": "1"}
BOUGHT = {**LIMIT, "side": "BUY", "quantity": "0.100", "price": "49000"}
ORDERS: list[dict[str, object]] = [
    {**LIMIT, "side": "BUY", "quantity": "0.1", "price": 49000, "newClientOrderId": "one", "reduceOnly": False},
    {**LIMIT, "side": "BUY", "quantity": 1e-3, "price": 48000.10, "newClientOrderId": "two"},
    {**BTC, "side": "SELL", "type": "MARKET", "quantity": 9e9},
    {**BTC, "side": "SELL", "type": "STOP_MARKET", "quantity": 1, "stopPrice": 45000},
]
CHANGES: list[dict[str, object]] = [
    {**BTC, "side": "BUY", "origClientOrderId": "one", "quantity": "0.2", "price": 49100, "modifyId": 7},
    {**BTC, "side": "BUY", "origClientOrderId": "two", "quantity": 0.001, "price": "48000.1"},
]

STEPS = [
    Step("algo-stop-market", "POST", ALGO, {**STOP_MARKET, "workingType": "MARK_PRICE"}, "post-algoOrder"),
    Step(
        "algo-take-profit",
        "POST",
        ALGO,
        {**CONDITIONAL, "type": "TAKE_PROFIT", "triggerPrice": "52000", "price": "52010.0", "reduceOnly": "True"},
        "post-algoOrder",
    ),
    Step("algo-close-position", "POST", ALGO, {**CLOSER, "triggerPrice": "53000"}, "post-algoOrder"),
    Step("algo-trailing", "POST", ALGO, {**TRAILING, "clientAlgoId": "trail"}, "post-algoOrder-trailing"),
    Step(
        "algo-stop-matched",
        "POST",
        ALGO,
        {
            **CONDITIONAL,
            "type": "STOP",
            "triggerPrice": "49990",
            "priceMatch": "QUEUE",
            "timeInForce": "GTD",
            "goodTillDate": "1764003600999",
            "clientAlgoId": "queue",
        },
        "post-algoOrder",
    ),
    Step(
        "algo-stop-near",
        "POST",
        ALGO,
        {**STOP_MARKET, "triggerPrice": "49985.0", "clientAlgoId": "near", "priceProtect": "TRUE"},
        "post-algoOrder",
    ),
    Step("algo-query", "GET", ALGO, {"clientAlgoId": "stop", **BTC}, "get-algoOrder"),
    Step("algo-open", "GET", "/fapi/v1/openAlgoOrders", {}, "get-openAlgoOrders"),
    Step("algo-cancel", "DELETE", ALGO, {"clientAlgoId": "stop", **BTC}, "delete-algoOrder"),
    Step("algo-canceled", "GET", ALGO, {"algoId": "5"}, "get-algoOrder"),
    Step("algo-falls", "POST", ORDER, {**BTC, "side": "SELL", "type": "MARKET", "quantity": "0.055"}, "post-order"),
    Step("algo-triggered", "GET", ALGO, {"clientAlgoId": "queue"}, "get-algoOrder"),
    Step("algo-made-order", "GET", ORDER, {**BTC, "origClientOrderId": "queue"}, "get-order"),
    Step("algo-made-order-canceled", "DELETE", ORDER, {**BTC, "origClientOrderId": "queue"}, "delete-order"),
    Step("algo-finished-unfilled", "GET", ALGO, {"clientAlgoId": "queue"}, "get-algoOrder-finished"),
    Step("algo-finished", "GET", ALGO, {"clientAlgoId": "near"}, "get-algoOrder-finished"),
    Step("algo-all", "GET", "/fapi/v1/allAlgoOrders", BTC, "get-allAlgoOrders"),
    Step("batch-place", "POST", BATCH, {"batchOrders": json.dumps(ORDERS)}, "post-batchOrders"),
    Step("batch-amend", "PUT", BATCH, {"batchOrders": json.dumps(CHANGES)}, "put-batchOrders"),
    Step("amendments", "GET", "/fapi/v1/orderAmendment", {**BTC, "origClientOrderId": "one"}, "get-orderAmendment"),
    Step("batch-cancel", "DELETE", BATCH, {**BTC, "origclientorderidlist": '["one", "no"]'}, "delete-batchOrders"),
    Step("order-test", "POST", "/fapi/v1/order/test", {**BOUGHT, "newClientOrderId": "dryRun"}, "post-order-test"),
    Step(
        "place-gtd",
        "POST",
        ORDER,
        {**BOUGHT, "timeInForce": "GTD", "goodTillDate": "1764003600999", "newClientOrderId": "gtdOrder"},
        "post-order-gtd",
    ),
    Step(
        "place-matched",
        "POST",
        ORDER,
        {**LIMIT, "side": "SELL", "quantity": "0.010", "priceMatch": "OPPONENT", "newOrderRespType": "RESULT"},
        "post-order",
    ),
    Step(
        "countdown",
        "POST",
        "/fapi/v1/countdownCancelAll",
        {**BTC, "countdownTime": "0120000"},
        "post-countdownCancelAll",
    ),
    Step("algo-cancel-all", "DELETE", "/fapi/v1/algoOpenOrders", BTC, "delete-algoOpenOrders"),
]
Payload = dict[str, Any]


@pytest.fixture(scope="module")
def story() -> tuple[dict[str, object], list[Payload]]:
    """Return all answers by the name of their step, and what the trader heard. A maker offers before the trader begins.

    The trader has bought 0.100 and sells 0.055 of it, down to 49980: two of its stops are reached. The limit order at
    the best offer rests, and is canceled; the market order is filled.
    """
    desk = Recorder()
    maker, trader = desk.account(1_000_000), desk.account(10_000)
    for side, quantity, price in (("SELL", "1", "50000"), ("BUY", "0.050", "49990"), ("BUY", "1", "49980")):
        desk.order(maker, side, quantity, price)
    desk.call(trader, "POST", ORDER, {**BTC, "side": "BUY", "type": "MARKET", "quantity": "0.100"})
    begun = len(desk.done)
    answers = {step.name: answer for step, answer in told(desk, trader, STEPS)}
    desk.later(121_000)
    return answers, [json.loads(json.dumps(message.payload)) for message in desk.messages(trader, begun)]


def test_every_answer_is_as_recorded(story: tuple[dict[str, object], list[Payload]], golden: Golden) -> None:
    for step in STEPS:
        golden(step.name, record(step, story[0][step.name]))


def test_every_answer_has_the_documented_shape(story: tuple[dict[str, object], list[Payload]]) -> None:
    answers = {name: shaped(answer) for name, answer in story[0].items()}
    assert list(misshapen(STEPS, answers)) == []


def shaped(answer: object) -> object:
    """Return an answer without the rows of errors, and without what only trailing orders have: no sample has them."""
    if not isinstance(answer, list):
        return answer
    rows = (row for row in answer if "code" not in row)
    return [row if "callbackRate" not in row else without_trailing(row) for row in rows]


def without_trailing(row: dict[str, object]) -> dict[str, object]:
    assert row["orderType"] == "TRAILING_STOP_MARKET"
    return {name: value for name, value in row.items() if name not in {"activatePrice", "callbackRate"}}


def test_failures_of_a_batch_stand_in_their_places(story: tuple[dict[str, object], list[Payload]]) -> None:
    codes = {name: [row.get("code") for row in rows] for name, rows in story[0].items() if isinstance(rows, list)}
    assert codes["batch-place"] == [None, None, -4005, -4120]
    assert codes["batch-amend"] == [None, -5027]
    assert codes["batch-cancel"] == [None, -2011]


def test_what_the_trader_hears_is_as_recorded(story: tuple[dict[str, object], list[Payload]], golden: Golden) -> None:
    golden("user-stream-algo", story[1])


def test_every_event_has_the_documented_shape(story: tuple[dict[str, object], list[Payload]]) -> None:
    heard = story[1]
    algo = [message for message in heard if message["e"] == "ALGO_UPDATE"]
    for name in ("ALGO_UPDATE", "ALGO_UPDATE-triggered", "ALGO_UPDATE-finished"):
        sample = shape_of(f"algo-{name}")
        assert [found for message in algo for found in differences(sample, message, message["o"]["X"])] == []
    statuses = {message["o"]["X"] for message in algo}
    assert statuses == {"NEW", "TRIGGERING", "TRIGGERED", "FINISHED", "CANCELED"}
