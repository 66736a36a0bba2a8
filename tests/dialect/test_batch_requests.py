"""Batches: what a list in JSON becomes, which lists are refused whole, and which elements in their places."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.commands import AmendOrder, CancelOrder, PlaceOrder
from exchange.core.enums import OrderType, Side, TimeInForce
from exchange.core.units import Lots, Ticks
from exchange.dialects.binance.rest.batch_requests import amend_batch, cancel_batch, place_batch
from exchange.dialects.binance.rest.routes import find
from exchange.dialects.binance.route import BatchRoute, order_counts, weight_of
from exchange.dialects.binance.text.errors import DialectError
from tests.dialect.desk import Desk
from tests.dialect.outcome import outcome

DESK = Desk()
TRADER = DESK.account(10_000)
BTC = {"symbol": "BTCUSDT"}
LIMIT = {**BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
EXPECTED = PlaceOrder(
    TRADER, "BTCUSDT", Side.BUY, OrderType.LIMIT, Lots(1), Ticks(490_001), TimeInForce.GTC, reduce_only=True
)
SIZE = "Invalid number of batch place orders: %s"
NO_LIST = "Data sent for parameter 'batchOrders' is not valid."


@pytest.mark.parametrize(
    "element",
    [
        '"quantity": "0.001", "price": "49000.1", "reduceOnly": "true"',
        '"quantity": 0.001, "price": 49000.10, "reduceOnly": true',
        '"quantity": 1e-3, "price": 4.90001e4, "reduceOnly": "True", "recvWindow": 5000, "priceMatch": null',
        '"quantity": 0.00100, "price": 49000.1, "reduceOnly": "TRUE", "anything": {"new": [1, 2.5, null]}',
    ],
)
def test_an_order_means_the_same_however_its_numbers_are_written(element: str) -> None:
    common = json.dumps(LIMIT)[1:-1]
    [part] = place_batch(DESK.context(TRADER), {"batchOrders": f"[{{{common}, {element}}}]"})
    assert part.command == EXPECTED


def test_amendments() -> None:
    changes = [{**BTC, "side": "BUY", "orderId": 7, "quantity": 0.1, "price": 49000, "modifyId": 5}]
    [part] = amend_batch(DESK.context(TRADER), {"batchOrders": json.dumps(changes)})
    assert part.command == AmendOrder(TRADER, "BTCUSDT", Side.BUY, Lots(100), Ticks(490_000), order_id=7, modify_id=5)


@pytest.mark.parametrize("name", ["orderIdList", "orderidlist"])
@pytest.mark.parametrize("ids", ["[3, 4]", '["3", "4"]', '[3,"4"]'])
def test_cancels_by_id(name: str, ids: str) -> None:
    parts = cancel_batch(DESK.context(TRADER), {**BTC, name: ids, "origClientOrderIdList": '["unread"]'})
    assert [part.command for part in parts] == [CancelOrder(TRADER, "BTCUSDT", 3), CancelOrder(TRADER, "BTCUSDT", 4)]


@pytest.mark.parametrize("name", ["origClientOrderIdList", "origclientorderidlist"])
def test_cancels_by_client_id(name: str) -> None:
    parts = cancel_batch(DESK.context(TRADER), {**BTC, name: '["a", "b c"]', "orderIdList": ""})
    first, second = (part.command for part in parts)
    assert first == CancelOrder(TRADER, "BTCUSDT", client_order_id="a")
    assert isinstance(second, DialectError)
    assert second.code == -4015


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("text", "code", "msg"),
    [
        ("", -1102, None),
        ("[", -1130, NO_LIST),
        ("{}", -1130, NO_LIST),
        ("7", -1130, NO_LIST),
        ("null", -1130, NO_LIST),
        ('"[]"', -1130, NO_LIST),
        ("[1]", -1130, NO_LIST),
        ("[{}, []]", -1130, NO_LIST),
        ("[null]", -1130, NO_LIST),
        ('[{"price": NaN}]', -1130, NO_LIST),
        ('[{"price": 1e999}]', -1130, "Data sent for parameter 'price' is not valid."),
        ('[{"price": 1, "price": 2}]', -1101, "Duplicate values for parameter 'price'."),
        ("[]", -4082, SIZE % 0),
        ("[{},{},{},{},{},{}]", -4082, SIZE % 6),
    ],
)
def test_a_list_that_is_refused_whole(method: str, text: str, code: int, msg: str | None) -> None:
    error = refused(method, {"batchOrders": text})
    assert error.code == code
    assert msg is None or error.msg == msg


@pytest.mark.parametrize(
    ("params", "code"),
    [
        (BTC, -1102),
        ({"orderIdList": "[1]"}, -1102),
        ({**BTC, "orderIdList": "1,2"}, -1130),
        ({**BTC, "orderIdList": "[]"}, -4082),
        ({**BTC, "orderIdList": json.dumps(list(range(1, 12)))}, -4082),
        ({**BTC, "orderIdList": "[true]"}, -1130),
        ({**BTC, "origClientOrderIdList": "[[]]"}, -1130),
    ],
)
def test_a_list_of_cancels_that_is_refused_whole(params: dict[str, str], code: int) -> None:
    assert refused("DELETE", params).code == code


def test_an_element_that_asks_for_nothing_possible_fails_in_its_place() -> None:
    sent = [{**LIMIT, "quantity": 1}, {}, {**LIMIT, "quantity": "0.1", "price": "49000"}, {**LIMIT, "type": "STOP"}]
    answer = DESK.call(TRADER, "POST", "/fapi/v1/batchOrders", {"batchOrders": json.dumps(sent)})
    assert isinstance(answer, list)
    assert [row.get("code") for row in answer] == [-1102, -1102, None, -4120]
    assert answer[2]["status"] == "NEW"


def test_each_element_says_which_answer_it_wants() -> None:
    desk = Desk()
    maker, trader = desk.account(10_000), desk.account(10_000)
    desk.call(maker, "POST", "/fapi/v1/order", {**LIMIT, "side": "SELL", "quantity": "1", "price": "50000"})
    market = {**BTC, "side": "BUY", "type": "MARKET", "quantity": "0.010"}
    sent = [market, {**market, "newOrderRespType": "RESULT"}]
    answer = desk.call(trader, "POST", "/fapi/v1/batchOrders", {"batchOrders": json.dumps(sent)})
    assert isinstance(answer, list)
    assert [(row["status"], row["executedQty"]) for row in answer] == [("NEW", "0.000"), ("FILLED", "0.010")]


@pytest.mark.parametrize(
    ("method", "weight", "counts"), [("POST", 5, (5, 1)), ("PUT", 5, (5, 1)), ("DELETE", 1, (0, 0))]
)
def test_what_a_batch_costs(method: str, weight: int, counts: tuple[int, int]) -> None:
    route = find(method, "/fapi/v1/batchOrders")
    assert isinstance(route, BatchRoute)
    assert (weight_of(route, {}), order_counts(route)) == (weight, counts)


VALUES = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12) | st.lists(st.integers())


@given(st.lists(st.dictionaries(st.sampled_from([*LIMIT, "quantity", "price", "x"]), VALUES), max_size=6))
def test_any_list_is_parts_or_a_dialect_error(elements: list[dict[str, object]]) -> None:
    text = json.dumps([LIMIT | element for element in elements])
    parts = outcome(lambda: place_batch(DESK.context(TRADER), {"batchOrders": text}))
    if isinstance(parts, DialectError):
        assert parts.code < 0
    else:
        assert len(parts) == len(elements)


def refused(method: str, params: dict[str, str]) -> DialectError:
    """Return the error of a batch."""
    error = outcome(lambda: DESK.call(TRADER, method, "/fapi/v1/batchOrders", params))
    assert isinstance(error, DialectError)
    return error
