"""What each request becomes, and what is refused at the door: with the venue's state untouched."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.commands import (
    AdjustMargin,
    AmendOrder,
    CancelOrder,
    Command,
    PlaceOrder,
    SetLeverage,
    SetMarginType,
    SetPositionMode,
    Transfer,
)
from exchange.core.enums import (
    MarginType,
    OrderType,
    PositionSide,
    PriceMatch,
    SelfTradePrevention,
    Side,
    TimeInForce,
    Wallet,
)
from exchange.core.snapshot import state_hash
from exchange.core.units import Atoms, Lots, Ticks
from exchange.dialects.binance.rest import account_requests as requests
from exchange.dialects.binance.rest import order_requests
from exchange.dialects.binance.route import Context, Params
from exchange.dialects.binance.text.errors import GOOD_TILL_NOT_VALID, USE_ALGO_ENDPOINT, DialectError
from tests.dialect.desk import Desk
from tests.dialect.outcome import outcome

DESK = Desk()
TRADER = DESK.account(10_000)
HEDGER = DESK.account(10_000)
DESK.execute(SetPositionMode(HEDGER, hedge=True))
LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "49000"}
MARKET = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.1"}
BTC = {"symbol": "BTCUSDT"}
MARGIN = {"symbol": "BTCUSDT", "amount": "5", "type": "1"}
AMEND = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.1", "price": "49000", "orderId": "7"}
MANDATORY = "Mandatory parameter '%s' was not sent, was empty/null, or malformed."
NOT_REQUIRED = "Parameter '%s' sent when not required."
NOT_VALID = "Data sent for parameter '%s' is not valid."
MISMATCH = "Order's position side does not match user's setting."


def test_a_limit_order() -> None:
    sent = LIMIT | {"reduceOnly": "True", "newClientOrderId": "x-1", "selfTradePreventionMode": "EXPIRE_BOTH"}
    assert order_requests.place_order(DESK.context(TRADER), sent) == PlaceOrder(
        account_id=TRADER,
        symbol="BTCUSDT",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=Lots(100),
        price=Ticks(490_000),
        time_in_force=TimeInForce.GTC,
        reduce_only=True,
        client_order_id="x-1",
        self_trade_prevention=SelfTradePrevention.EXPIRE_BOTH,
    )


def test_a_market_order_and_what_is_tolerated() -> None:
    extras = {
        "positionSide": "BOTH",
        "priceMatch": "NONE",
        "closePosition": "false",
        "priceProtect": "FALSE",
        "stopPrice": "0.00",
        "price": "0",
        "goodTillDate": "0",
        "newClientOrderId": "",
        "workingType": "MARK_PRICE",
        "stopLossPrice": "123",
        "anythingNew": "x",
    }
    expected = PlaceOrder(TRADER, "BTCUSDT", Side.SELL, OrderType.MARKET, Lots(100))
    assert order_requests.place_order(DESK.context(TRADER), MARKET | extras) == expected


@pytest.mark.parametrize(
    ("changes", "code", "msg"),
    [
        ({"symbol": ""}, -1102, MANDATORY % "symbol"),
        ({"side": ""}, -1102, MANDATORY % "side"),
        ({"type": ""}, -1102, MANDATORY % "type"),
        ({"timeInForce": ""}, -1102, MANDATORY % "timeInForce"),
        ({"quantity": ""}, -1102, MANDATORY % "quantity"),
        ({"price": ""}, -1102, MANDATORY % "price"),
        ({"symbol": "DOGEUSDT"}, -1121, "Invalid symbol."),
        ({"symbol": "btcusdt"}, -1121, "Invalid symbol."),
        ({"side": "LONG"}, -1117, "Invalid side."),
        ({"type": "OCO"}, -1116, "Invalid orderType."),
        ({"type": "LIQUIDATION"}, -1116, "Invalid orderType."),
        *[
            (
                {"type": kind},
                -4120,
                USE_ALGO_ENDPOINT.text,
            )
            for kind in ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
        ],
        ({"timeInForce": "GTE_GTC"}, -1115, "Invalid timeInForce."),
        ({"timeInForce": "GTD"}, -1102, MANDATORY % "goodTillDate"),
        ({"timeInForce": "GTD", "goodTillDate": "tomorrow"}, -1100, None),
        ({"timeInForce": "GTD", "goodTillDate": "1764000600999"}, -5040, GOOD_TILL_NOT_VALID.text),
        ({"timeInForce": "GTD", "goodTillDate": "253402300799000"}, -5040, GOOD_TILL_NOT_VALID.text),
        ({"timeInForce": "DAY"}, -1115, "Invalid timeInForce."),
        ({"quantity": "1" * 40}, -1100, None),
        ({"quantity": "abc"}, -1100, None),
        ({"quantity": "0.0001"}, -1111, "Precision is over the maximum defined for this asset."),
        ({"quantity": "-1"}, -4003, "Quantity less than zero."),
        ({"price": "49000.05"}, -4014, "Price not increased by tick size."),
        ({"price": "49000.001"}, -1111, "Precision is over the maximum defined for this asset."),
        ({"price": "-1"}, -4001, "Price less than 0."),
        ({"positionSide": "LONG"}, -4061, MISMATCH),
        ({"positionSide": "SHORT"}, -4061, MISMATCH),
        ({"positionSide": "UP"}, -4060, "Invalid position side."),
        ({"reduceOnly": "1"}, -1130, NOT_VALID % "reduceOnly"),
        ({"closePosition": "true"}, -1106, NOT_REQUIRED % "closePosition"),
        ({"priceProtect": "True"}, -1106, NOT_REQUIRED % "priceProtect"),
        ({"stopPrice": "48000"}, -1106, NOT_REQUIRED % "stopPrice"),
        ({"triggerPrice": "48000"}, -1106, NOT_REQUIRED % "triggerPrice"),
        ({"callbackRate": "0.1"}, -1106, NOT_REQUIRED % "callbackRate"),
        ({"goodTillDate": "1764000600000"}, -1106, NOT_REQUIRED % "goodTillDate"),
        ({"icebergQty": "0.01"}, -1106, NOT_REQUIRED % "icebergQty"),
        ({"priceMatch": "QUEUE"}, -1106, NOT_REQUIRED % "price"),
        ({"priceMatch": "QUEUE", "price": ""}, -5041, "No depth matches this BBO order"),
        ({"priceMatch": "BEST"}, -5037, "Invalid price match"),
        ({"selfTradePreventionMode": "EXPIRE_ALL"}, -5039, "Invalid self trade prevention mode"),
        ({"newOrderRespType": "FULL"}, -1136, "Invalid newOrderRespType."),
        ({"newClientOrderId": "x" * 37}, -4015, "Client order id length should not be more than 36 chars"),
        ({"newClientOrderId": "a b"}, -4015, "Client order id is not valid."),
        ({"newClientOrderId": "x\n"}, -4015, "Client order id is not valid."),
        ({"newClientOrderId": "autoclose-1"}, -4015, "Client order id is not valid."),
        ({"newClientOrderId": "mc-1"}, -4015, "Client order id is not valid."),
    ],
)
def test_a_limit_order_that_is_refused(changes: dict[str, str], code: int, msg: str | None) -> None:
    error = refused("POST", "/fapi/v1/order", LIMIT | changes)
    assert error.code == code
    assert msg is None or error.msg == msg


@pytest.mark.parametrize(
    ("changes", "code", "msg"),
    [
        ({"price": "49000"}, -1106, NOT_REQUIRED % "price"),
        ({"timeInForce": "GTC"}, -1106, NOT_REQUIRED % "timeInForce"),
        ({"priceMatch": "QUEUE"}, -5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT"),
        ({"quantity": ""}, -1102, MANDATORY % "quantity"),
    ],
)
def test_a_market_order_that_is_refused(changes: dict[str, str], code: int, msg: str) -> None:
    error = refused("POST", "/fapi/v1/order", MARKET | changes)
    assert (error.code, error.msg) == (code, msg)


def test_an_order_with_a_date_or_without_a_price() -> None:
    context = DESK.context(TRADER)
    dated = order_requests.place_order(context, LIMIT | {"timeInForce": "GTD", "goodTillDate": "1764003600999"})
    assert isinstance(dated, PlaceOrder)
    assert (dated.time_in_force, dated.good_till) == (TimeInForce.GTD, 1_764_003_600 * 10**9)
    last = order_requests.place_order(context, LIMIT | {"timeInForce": "GTD", "goodTillDate": "253402300798999"})
    assert isinstance(last, PlaceOrder)
    assert last.good_till == 9_223_372_036 * 10**9, "the last second of the venue's time"
    matched = order_requests.place_order(context, LIMIT | {"price": "", "priceMatch": "OPPONENT_20"})
    assert isinstance(matched, PlaceOrder)
    assert (matched.price, matched.price_match) == (0, PriceMatch.OPPONENT_20)
    amended = order_requests.amend_order(context, AMEND | {"price": "0.0", "priceMatch": "QUEUE"})
    assert (amended.price, amended.price_match) == (0, PriceMatch.QUEUE)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (LIMIT | {"price": "1"}, -4164),
        (LIMIT | {"quantity": "100"}, -2019),
        (LIMIT | {"reduceOnly": "true"}, -2022),
        (LIMIT | {"priceMatch": "QUEUE", "price": ""}, -5041),
        (LIMIT | {"timeInForce": "GTD", "goodTillDate": "1764000100000"}, -5040),
        (LIMIT | {"type": "STOP"}, -4120),
        (MARKET | {"price": "1"}, -1106),
    ],
)
def test_a_trial_is_refused_as_the_order_would_be(sent: dict[str, str], code: int) -> None:
    assert refused("POST", "/fapi/v1/order/test", sent).code == refused("POST", "/fapi/v1/order", sent).code == code


def test_a_trial_answers_what_the_order_would_and_places_nothing() -> None:
    desk = Desk()
    trader = desk.account(10_000)
    desk.call(desk.account(10_000), "POST", "/fapi/v1/order", LIMIT | {"price": "49990"})
    for sent in (LIMIT, MARKET, LIMIT | {"price": "", "priceMatch": "QUEUE"}, LIMIT | {"newClientOrderId": "mine"}):
        before = state_hash(desk.venue.state)
        tried = desk.call(trader, "POST", "/fapi/v1/order/test", sent)
        assert state_hash(desk.venue.state) == before
        assert tried == desk.call(trader, "POST", "/fapi/v1/order", sent)


def test_an_amendment() -> None:
    sent = AMEND | {"origClientOrderId": "ignored", "modifyId": "5"}
    expected = AmendOrder(TRADER, "BTCUSDT", Side.BUY, Lots(100), Ticks(490_000), order_id=7, modify_id=5)
    assert order_requests.amend_order(DESK.context(TRADER), sent) == expected


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"orderId": ""}, -1102),
        ({"orderId": "x"}, -1100),
        ({"orderId": "0"}, -1130),
        ({"orderId": "-1"}, -1130),
        ({"orderId": "9" * 20}, -1130),
        ({"type": "MARKET"}, -5025),
        ({"priceMatch": "QUEUE"}, -1106),
        ({"priceMatch": "BEST"}, -5037),
        ({"goodTillDate": "1764000700000"}, -1106),
        ({"closePosition": "true"}, -1106),
        ({"price": "0"}, -2013),
        ({"modifyId": "-1"}, -1130),
        ({"positionSide": "UP"}, -4060),
        ({"orderId": "12345"}, -2013),
        ({"orderId": "12345", "positionSide": "LONG"}, -2013),
    ],
)
def test_an_amendment_that_is_refused(changes: dict[str, str], code: int) -> None:
    assert refused("PUT", "/fapi/v1/order", AMEND | changes).code == code


def test_cancels_name_an_order() -> None:
    context = DESK.context(TRADER)
    by_id = order_requests.cancel_order(context, {"symbol": "BTCUSDT", "orderId": "3", "origClientOrderId": "a"})
    assert by_id == CancelOrder(TRADER, "BTCUSDT", order_id=3)
    by_name = order_requests.cancel_order(context, {"symbol": "BTCUSDT", "origClientOrderId": "a"})
    assert by_name == CancelOrder(TRADER, "BTCUSDT", client_order_id="a")


@pytest.mark.parametrize(
    ("method", "path", "params", "code", "msg"),
    [
        ("DELETE", "order", {"symbol": "BTCUSDT"}, -1102, MANDATORY % "orderId"),
        ("DELETE", "order", {"symbol": "BTCUSDT", "orderId": "99"}, -2011, "Unknown order sent."),
        ("GET", "order", {"symbol": "BTCUSDT", "orderId": "99"}, -2013, "Order does not exist."),
        ("GET", "openOrder", {"symbol": "BTCUSDT", "origClientOrderId": "no"}, -2013, "Order does not exist."),
        ("GET", "openOrders", {"symbol": "X"}, -1121, "Invalid symbol."),
        ("DELETE", "allOpenOrders", {}, -1102, MANDATORY % "symbol"),
        ("GET", "userTrades", {}, -1102, MANDATORY % "symbol"),
        ("GET", "allOrders", {"startTime": "2", "endTime": "1"}, -1023, "Start time is greater than end time."),
        ("GET", "income", {"startTime": "2", "endTime": "1"}, -1023, "Start time is greater than end time."),
        ("GET", "allOrders", {"startTime": "1", "endTime": "604800002"}, -1127, None),
        ("GET", "allOrders", {"limit": "0"}, -1130, NOT_VALID % "limit"),
        ("GET", "allOrders", {"limit": "many"}, -1100, None),
        ("GET", "allOrders", {"limit": "1001"}, -1130, NOT_VALID % "limit"),
        ("GET", "userTrades", {"symbol": "BTCUSDT", "limit": "1001"}, -1130, NOT_VALID % "limit"),
        ("GET", "income", {"limit": "1001"}, -1130, NOT_VALID % "limit"),
        ("GET", "income", {"startTime": "9" * 19}, -1130, NOT_VALID % "startTime"),
        ("GET", "userTrades", {"symbol": "BTCUSDT", "fromId": "1", "startTime": "1"}, -1128, None),
        ("POST", "leverage", {"symbol": "BTCUSDT", "leverage": "0"}, -4028, "Leverage 0 is not valid"),
        ("POST", "leverage", {"symbol": "BTCUSDT", "leverage": "126"}, -4028, "Leverage 126 is not valid"),
        ("POST", "leverage", {"symbol": "BTCUSDT", "leverage": "-3"}, -4028, "Leverage -3 is not valid"),
        ("POST", "leverage", {"symbol": "BTCUSDT", "leverage": "2.5"}, -1100, None),
        ("POST", "marginType", {"symbol": "BTCUSDT", "marginType": "CROSSED"}, -4046, "No need to change margin type."),
        ("POST", "marginType", {"symbol": "BTCUSDT", "marginType": "CROSS"}, -1130, NOT_VALID % "marginType"),
        ("POST", "marginType", {"symbol": "BTCUSDT"}, -1102, MANDATORY % "marginType"),
        ("POST", "marginType", {"marginType": "ISOLATED"}, -1102, MANDATORY % "symbol"),
        ("POST", "positionSide/dual", {"dualSidePosition": "False"}, -4059, "No need to change position side."),
        ("POST", "positionSide/dual", {"dualSidePosition": "hedge"}, -1130, NOT_VALID % "dualSidePosition"),
        ("POST", "positionSide/dual", {}, -1102, MANDATORY % "dualSidePosition"),
        ("POST", "positionMargin", MARGIN | {"type": "3"}, -1130, NOT_VALID % "type"),
        ("POST", "positionMargin", MARGIN | {"type": "add"}, -1100, None),
        ("POST", "positionMargin", MARGIN | {"type": ""}, -1102, MANDATORY % "type"),
        ("POST", "positionMargin", MARGIN | {"amount": ""}, -1102, MANDATORY % "amount"),
        ("POST", "positionMargin", MARGIN | {"amount": "0.000000001"}, -1111, None),
        ("POST", "positionMargin", MARGIN | {"amount": "0"}, -4055, "Amount must be positive."),
        ("POST", "positionMargin", MARGIN | {"amount": "-5"}, -4055, "Amount must be positive."),
        ("POST", "positionMargin", MARGIN | {"amount": "90000000000"}, -1130, NOT_VALID % "amount"),
        ("POST", "positionMargin", MARGIN | {"positionSide": "UP"}, -4060, "Invalid position side."),
        ("POST", "positionMargin", MARGIN | {"positionSide": "LONG"}, -4061, MISMATCH),
        ("POST", "positionMargin", MARGIN, -4049, "Add margin only support for isolated position."),
        ("GET", "positionMargin/history", {}, -1102, MANDATORY % "symbol"),
        ("GET", "positionMargin/history", {"symbol": "BTCUSDT", "type": "0"}, -1130, NOT_VALID % "type"),
        ("GET", "positionMargin/history", {"symbol": "BTCUSDT", "limit": "1001"}, -1130, NOT_VALID % "limit"),
        (
            "GET",
            "positionMargin/history",
            {"symbol": "BTCUSDT", "startTime": "1", "endTime": "2592000002"},
            -1127,
            None,
        ),
        ("GET", "adlQuantile", {"symbol": "X"}, -1121, "Invalid symbol."),
        ("POST", "multiAssetsMargin", {"multiAssetsMargin": "true"}, -1130, NOT_VALID % "multiAssetsMargin"),
        ("POST", "multiAssetsMargin", {}, -1102, MANDATORY % "multiAssetsMargin"),
    ],
)
def test_other_requests_that_are_refused(
    method: str, path: str, params: dict[str, str], code: int, msg: str | None
) -> None:
    error = refused(method, f"/fapi/v1/{path}", params)
    assert error.code == code
    assert msg is None or error.msg == msg


@pytest.mark.parametrize(
    ("parse", "params", "command"),
    [
        (requests.set_leverage, {"symbol": "BTCUSDT", "leverage": "50"}, SetLeverage(TRADER, "BTCUSDT", 50)),
        (
            requests.set_margin_type,
            {"symbol": "BTCUSDT", "marginType": "ISOLATED"},
            SetMarginType(TRADER, "BTCUSDT", MarginType.ISOLATED),
        ),
        (
            requests.set_margin_type,
            {"symbol": "BTCUSDT", "marginType": "CROSSED"},
            SetMarginType(TRADER, "BTCUSDT", MarginType.CROSS),
        ),
        (requests.set_position_mode, {"dualSidePosition": "True"}, SetPositionMode(TRADER, hedge=True)),
        (requests.set_position_mode, {"dualSidePosition": "false"}, SetPositionMode(TRADER, hedge=False)),
        (requests.adjust_margin, MARGIN, AdjustMargin(TRADER, "BTCUSDT", Atoms(500_000_000), add=True)),
        (
            requests.adjust_margin,
            MARGIN | {"type": "2", "positionSide": "SHORT"},
            AdjustMargin(TRADER, "BTCUSDT", Atoms(500_000_000), add=False, position_side=PositionSide.SHORT),
        ),
    ],
)
def test_choices(parse: Callable[[Context, Params], Command], params: dict[str, str], command: Command) -> None:
    assert parse(DESK.context(TRADER), params) == command


@pytest.mark.parametrize(
    ("changes", "code", "msg"),
    [
        ({}, -4061, MISMATCH),
        ({"positionSide": "BOTH"}, -4061, MISMATCH),
        ({"positionSide": "LONG", "reduceOnly": "true"}, -1106, NOT_REQUIRED % "reduceOnly"),
        ({"positionSide": "LONG", "reduceOnly": "False"}, -1106, NOT_REQUIRED % "reduceOnly"),
        ({"positionSide": "SHORT"}, -2022, "ReduceOnly Order is rejected."),  # to buy closes a short: there is none
    ],
)
def test_an_order_that_is_refused_in_hedge_mode(changes: dict[str, str], code: int, msg: str) -> None:
    error = refused("POST", "/fapi/v1/order", LIMIT | changes, HEDGER)
    assert (error.code, error.msg) == (code, msg)


def test_orders_of_hedge_mode_name_their_position() -> None:
    desk = Desk()
    hedger = desk.account(10_000)
    desk.execute(SetPositionMode(hedger, hedge=True))
    sent = LIMIT | {"positionSide": "LONG"}
    assert order_requests.place_order(desk.context(hedger), sent).position_side is PositionSide.LONG
    placed = desk.call(hedger, "POST", "/fapi/v1/order", sent | {"newClientOrderId": "mine"})
    assert isinstance(placed, dict)
    assert placed["positionSide"] == "LONG"
    named = AMEND | {"orderId": "", "origClientOrderId": "mine", "positionSide": "SHORT"}
    for changes, code in (({}, -4061), ({"positionSide": "LONG", "reduceOnly": "true"}, -1106)):
        with pytest.raises(DialectError) as raised:
            desk.call(hedger, "PUT", "/fapi/v1/order", named | changes)
        assert raised.value.code == code
    changed = desk.call(hedger, "PUT", "/fapi/v1/order", named | {"positionSide": "LONG", "price": "48900"})
    assert isinstance(changed, dict)
    assert changed["positionSide"] == "LONG"


def test_transfers() -> None:
    context = DESK.context(TRADER)
    for kind, source in (("MAIN_UMFUTURE", Wallet.FUNDING), ("UMFUTURE_MAIN", Wallet.FUTURES)):
        sent = {"type": kind, "asset": "USDT", "amount": "1.5"}
        assert requests.transfer(context, sent) == Transfer(TRADER, source, Atoms(150_000_000))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": "MAIN_CMFUTURE"}, -1130),
        ({"asset": "BTC"}, -1130),
        ({"amount": "1" * 40}, -1100),
        ({"amount": "0.000000001"}, -1111),
        ({"amount": "0"}, -4055),
        ({"amount": "-5"}, -4055),
        ({"amount": "1000000"}, -5013),
        ({"amount": ""}, -1102),
    ],
)
def test_a_transfer_that_is_refused(changes: dict[str, str], code: int) -> None:
    sent = {"type": "UMFUTURE_MAIN", "asset": "USDT", "amount": "1"} | changes
    assert refused("POST", "/sapi/v1/asset/transfer", sent).code == code


@given(
    st.dictionaries(
        st.sampled_from([*LIMIT, "reduceOnly", "positionSide", "newClientOrderId", "priceMatch", "stopPrice"]),
        st.text(max_size=45) | st.sampled_from(["0", "1", "true", "BOTH", "GTX", "MARKET"]),
    )
)
def test_any_order_is_a_command_within_63_bits_or_a_dialect_error(changes: dict[str, str]) -> None:
    command = outcome(lambda: order_requests.place_order(DESK.context(TRADER), LIMIT | changes))
    if isinstance(command, DialectError):
        assert command.code < 0
    else:
        assert isinstance(command, PlaceOrder), "the switch is off"
        assert 0 <= command.quantity < 2**63
        assert 0 <= command.price < 2**63
        assert len(command.client_order_id) <= 36


def refused(method: str, path: str, params: dict[str, str], trader: int = TRADER) -> DialectError:
    """Return the error of a request, having seen that the state is what it was."""
    before = state_hash(DESK.venue.state)
    with pytest.raises(DialectError) as raised:
        DESK.call(trader, method, path, params)
    assert state_hash(DESK.venue.state) == before
    return raised.value
