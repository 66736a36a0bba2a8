"""What requests about conditional orders become, and what is refused: at the door, or by the venue in its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.commands import (
    CancelAllConditionals,
    CancelConditional,
    PlaceConditional,
    SetCountdown,
    SetPositionMode,
)
from exchange.core.enums import (
    ConditionalType,
    PositionSide,
    PriceMatch,
    SelfTradePrevention,
    Side,
    TimeInForce,
    WorkingType,
)
from exchange.core.rules import VenueRules
from exchange.core.snapshot import state_hash
from exchange.core.units import MILLISECOND, SECOND, Lots, Nanos, RateE8, Ticks
from exchange.dialects.binance.rest import algo_requests, order_requests
from exchange.dialects.binance.text.errors import GOOD_TILL_NOT_VALID, DialectError
from tests.dialect.desk import Desk
from tests.dialect.outcome import outcome

DESK = Desk()
TRADER = DESK.account(10_000)
HEDGER = DESK.account(10_000)
DESK.execute(SetPositionMode(HEDGER, hedge=True))
ALGO_ORDER = "/fapi/v1/algoOrder"
BTC = {"symbol": "BTCUSDT"}
ALGO = {**BTC, "algoType": "CONDITIONAL", "side": "SELL", "quantity": "0.1"}
MARKET_STOP = {**ALGO, "type": "STOP_MARKET", "triggerPrice": "48000"}
STOP = {**ALGO, "type": "STOP", "triggerPrice": "48000.0", "price": "47990"}
TRAILING = {**ALGO, "type": "TRAILING_STOP_MARKET", "callbackRate": "1.5"}
CLOSER = {**BTC, "algoType": "CONDITIONAL", "side": "SELL", "type": "STOP_MARKET", "triggerPrice": "48000"}
CLOSER |= {"closePosition": "TRUE"}
MANDATORY = "Mandatory parameter '%s' was not sent, was empty/null, or malformed."
NOT_REQUIRED = "Parameter '%s' sent when not required."
CLOSES_NOTHING = "Target strategy invalid for orderType STOP,closePosition true"
NOT_VALID = "Data sent for parameter '%s' is not valid."


def test_a_stop_with_everything() -> None:
    extras = {
        "timeInForce": "GTD",
        "goodTillDate": "1764003600999",
        "workingType": "MARK_PRICE",
        "priceProtect": "True",
        "reduceOnly": "true",
        "clientAlgoId": "x-1",
        "selfTradePreventionMode": "EXPIRE_BOTH",
        "stopLossPrice": "48000",
        "positionSide": "BOTH",
    }
    assert algo_requests.place_conditional(DESK.context(TRADER), STOP | extras) == PlaceConditional(
        account_id=TRADER,
        symbol="BTCUSDT",
        side=Side.SELL,
        kind=ConditionalType.STOP,
        quantity=Lots(100),
        trigger_price=Ticks(480_000),
        price=Ticks(479_900),
        working_type=WorkingType.MARK_PRICE,
        time_in_force=TimeInForce.GTD,
        reduce_only=True,
        price_protect=True,
        client_id="x-1",
        self_trade_prevention=SelfTradePrevention.EXPIRE_BOTH,
        good_till=Nanos(1_764_003_600 * SECOND),
    )


def test_a_price_may_be_left_to_the_book() -> None:
    sent = STOP | {"price": "0", "priceMatch": "QUEUE_5"}
    command = algo_requests.place_conditional(DESK.context(TRADER), sent)
    assert (command.price, command.price_match) == (0, PriceMatch.QUEUE_5)


@pytest.mark.parametrize("name", ["activatePrice", "activationPrice"])
def test_a_trailing_stop(name: str) -> None:
    command = algo_requests.place_conditional(DESK.context(TRADER), TRAILING | {name: "51000"})
    assert command == PlaceConditional(
        account_id=TRADER,
        symbol="BTCUSDT",
        side=Side.SELL,
        kind=ConditionalType.TRAILING_STOP_MARKET,
        quantity=Lots(100),
        activation_price=Ticks(510_000),
        callback_rate=RateE8(1_500_000),
    )


def test_an_order_that_closes_a_position_has_no_quantity() -> None:
    tolerated = {"quantity": "0", "reduceOnly": "false", "timeInForce": "GTC", "price": "0", "callbackRate": ""}
    for extras in ({}, tolerated):
        command = algo_requests.place_conditional(DESK.context(TRADER), CLOSER | extras)
        assert (command.quantity, command.close_position, command.reduce_only) == (0, True, False)


def test_hedge_mode_names_the_position() -> None:
    command = algo_requests.place_conditional(DESK.context(HEDGER), MARKET_STOP | {"positionSide": "LONG"})
    assert command.position_side is PositionSide.LONG


@pytest.mark.parametrize(
    ("sent", "changes", "code", "msg"),
    [
        (STOP, {"algoType": ""}, -1102, MANDATORY % "algoType"),
        (STOP, {"algoType": "VP"}, -1130, NOT_VALID % "algoType"),
        (STOP, {"symbol": ""}, -1102, MANDATORY % "symbol"),
        (STOP, {"symbol": "X"}, -1121, "Invalid symbol."),
        (STOP, {"side": "UP"}, -1117, "Invalid side."),
        (STOP, {"type": "LIMIT"}, -1116, "Invalid orderType."),
        (STOP, {"type": "MARKET"}, -1116, "Invalid orderType."),
        (STOP, {"quantity": ""}, -1102, MANDATORY % "quantity"),
        (STOP, {"quantity": "0"}, -4003, "Quantity less than zero."),
        (STOP, {"quantity": "0.0001"}, -1111, None),
        (STOP, {"price": ""}, -1102, MANDATORY % "price"),
        (STOP, {"price": "0"}, -4001, "Price less than 0."),
        (STOP, {"triggerPrice": ""}, -1102, MANDATORY % "triggerPrice"),
        (STOP, {"triggerPrice": "0"}, -4006, "Stop price less than zero."),
        (STOP, {"triggerPrice": "-1"}, -4006, "Stop price less than zero."),
        (STOP, {"triggerPrice": "48000.05"}, -4014, None),
        (STOP, {"triggerPrice": "9" * 20}, -4007, "Stop price greater than max price."),
        (MARKET_STOP, {"triggerPrice": "5000000"}, -4007, "Stop price greater than max price."),
        (STOP, {"priceMatch": "QUEUE"}, -1106, NOT_REQUIRED % "price"),
        (STOP, {"priceMatch": "BEST"}, -5037, "Invalid price match"),
        (STOP, {"timeInForce": "GTD"}, -1102, MANDATORY % "goodTillDate"),
        (STOP, {"timeInForce": "GTD", "goodTillDate": "1764000600000"}, -5040, GOOD_TILL_NOT_VALID.text),
        (STOP, {"goodTillDate": "1764003600000"}, -1106, NOT_REQUIRED % "goodTillDate"),
        (STOP, {"timeInForce": "GTE_GTC"}, -1115, "Invalid timeInForce."),
        (STOP, {"workingType": "INDEX"}, -1130, NOT_VALID % "workingType"),
        (STOP, {"priceProtect": "1"}, -1130, NOT_VALID % "priceProtect"),
        (STOP, {"callbackRate": "1"}, -1106, NOT_REQUIRED % "callbackRate"),
        (STOP, {"activatePrice": "51000"}, -1106, NOT_REQUIRED % "activatePrice"),
        (STOP, {"closePosition": "true"}, -4137, "Quantity must be zero with closePosition equals true"),
        (STOP, {"closePosition": "true", "quantity": ""}, -4136, CLOSES_NOTHING),
        (STOP, {"newOrderRespType": "FULL"}, -1136, None),
        (STOP, {"clientAlgoId": "x" * 37}, -4015, None),
        (STOP, {"clientAlgoId": "mc-1"}, -4015, None),
        (STOP, {"icebergQuantity": "0.1"}, -1106, NOT_REQUIRED % "icebergQuantity"),
        (STOP, {"positionSide": "LONG"}, -4061, None),
        (STOP, {"price": "40000"}, -4184, "Limit price can't be lower than 45600.00."),
        (STOP, {"side": "BUY", "triggerPrice": "52000", "price": "55000"}, -4183, None),
        (STOP, {"triggerPrice": "50000", "price": "50000"}, -2021, "Order would immediately trigger."),
        (MARKET_STOP, {"price": "48000"}, -1106, NOT_REQUIRED % "price"),
        (MARKET_STOP, {"priceMatch": "QUEUE"}, -5038, None),
        (MARKET_STOP, {"timeInForce": "IOC"}, -1115, "Invalid timeInForce."),
        (MARKET_STOP, {"type": "TAKE_PROFIT_MARKET"}, -2021, "Order would immediately trigger."),
        (TRAILING, {"callbackRate": ""}, -1102, MANDATORY % "callbackRate"),
        (TRAILING, {"callbackRate": "0"}, -2007, "Invalid callBack rate."),
        (TRAILING, {"callbackRate": "-1"}, -2007, "Invalid callBack rate."),
        (TRAILING, {"callbackRate": "0.09"}, -2007, "Invalid callBack rate."),
        (TRAILING, {"callbackRate": "20.1"}, -2007, "Invalid callBack rate."),
        (TRAILING, {"callbackRate": "9" * 20}, -1130, NOT_VALID % "callbackRate"),
        (TRAILING, {"callbackRate": "1.0000001"}, -1111, None),
        (TRAILING, {"callbackRate": "x"}, -1100, None),
        (TRAILING, {"triggerPrice": "48000"}, -1106, NOT_REQUIRED % "triggerPrice"),
        (TRAILING, {"activatePrice": "49000"}, -2021, "Order would immediately trigger."),
        (TRAILING, {"activatePrice": "-1"}, -4006, None),
        (TRAILING, {"closePosition": "true", "quantity": "0"}, -4136, None),
        (CLOSER, {"reduceOnly": "true"}, -1106, NOT_REQUIRED % "reduceOnly"),
        (CLOSER, {"quantity": "x"}, -1100, None),
    ],
)
def test_what_is_refused(sent: dict[str, str], changes: dict[str, str], code: int, msg: str | None) -> None:
    error = refused("POST", "algoOrder", sent | changes)
    assert error.code == code
    assert msg is None or error.msg == msg


@pytest.mark.parametrize(
    ("method", "path", "params", "code"),
    [
        ("GET", "algoOrder", {}, -1102),
        ("GET", "algoOrder", {"algoId": "99"}, -2013),
        ("GET", "algoOrder", {"clientAlgoId": "no"}, -2013),
        ("DELETE", "algoOrder", {}, -1102),
        ("DELETE", "algoOrder", {"algoId": "99"}, -2011),
        ("DELETE", "algoOrder", {"clientAlgoId": "no"}, -2011),
        ("DELETE", "algoOpenOrders", {}, -1102),
        ("GET", "openAlgoOrders", {"symbol": "X"}, -1121),
        ("GET", "openAlgoOrders", {"algoType": "TWAP"}, -1130),
        ("GET", "openAlgoOrders", {"algoId": "0"}, -1130),
        ("GET", "allAlgoOrders", {}, -1102),
        ("GET", "allAlgoOrders", {**BTC, "startTime": "1", "endTime": "604800002"}, -1127),
        ("GET", "allAlgoOrders", {**BTC, "limit": "1001"}, -1130),
        ("GET", "orderAmendment", BTC, -1102),
        ("GET", "orderAmendment", {**BTC, "orderId": "1", "limit": "101"}, -1130),
        ("POST", "countdownCancelAll", BTC, -1102),
        ("POST", "countdownCancelAll", {**BTC, "countdownTime": "-1"}, -1130),
        ("POST", "countdownCancelAll", {**BTC, "countdownTime": "9" * 15}, -1130),
        ("POST", "countdownCancelAll", {**BTC, "countdownTime": "9223372036854"}, -1130),
        ("POST", "countdownCancelAll", {"countdownTime": "1"}, -1102),
    ],
)
def test_other_requests_that_are_refused(method: str, path: str, params: dict[str, str], code: int) -> None:
    assert refused(method, path, params).code == code


def test_in_hedge_mode_only_what_closes_may_close_a_position() -> None:
    for side, position, code in (("BUY", "LONG", -4136), ("SELL", "SHORT", -4136)):
        sent = CLOSER | {"side": side, "positionSide": position, "triggerPrice": "52000" if side == "BUY" else "48000"}
        assert refused("POST", "algoOrder", sent, HEDGER).code == code
    for changes, code in (({}, -4061), ({"positionSide": "LONG", "reduceOnly": "False"}, -1106)):
        assert refused("POST", "algoOrder", MARKET_STOP | changes, HEDGER).code == code


def test_cancels_and_countdowns() -> None:
    context = DESK.context(TRADER)
    named = {"algoId": "3", "clientAlgoId": "a", "symbol": "nonsense"}
    assert algo_requests.cancel_conditional(context, named) == CancelConditional(TRADER, 3)
    assert algo_requests.cancel_conditional(context, {"clientAlgoId": "a"}) == CancelConditional(TRADER, client_id="a")
    assert algo_requests.cancel_all_conditionals(context, BTC) == CancelAllConditionals(TRADER, "BTCUSDT")
    sent = {**BTC, "countdownTime": "120000"}
    expected = SetCountdown(TRADER, "BTCUSDT", Nanos(120_000 * MILLISECOND))
    assert order_requests.set_countdown(context, sent) == expected


def test_a_client_id_is_taken_while_its_order_waits_and_free_again() -> None:
    desk = Desk(rules=VenueRules(max_conditionals=2))
    trader = desk.account(10_000)
    for name in ("one", "two"):
        desk.call(trader, "POST", ALGO_ORDER, MARKET_STOP | {"clientAlgoId": name})
    assert code_of(desk, trader, "POST", MARKET_STOP | {"clientAlgoId": "one"}) == -4116
    assert code_of(desk, trader, "POST", MARKET_STOP | {"clientAlgoId": "three"}) == -4045
    desk.call(trader, "DELETE", ALGO_ORDER, {"clientAlgoId": "one"})
    desk.call(trader, "POST", ALGO_ORDER, MARKET_STOP | {"clientAlgoId": "one"})


def test_nobody_finds_the_orders_of_others() -> None:
    desk = Desk()
    mine, other = desk.account(10_000), desk.account(10_000)
    placed = desk.call(mine, "POST", ALGO_ORDER, MARKET_STOP)
    assert isinstance(placed, dict)
    named = {"algoId": str(placed["algoId"])}
    assert code_of(desk, other, "GET", named) == -2013
    assert code_of(desk, other, "DELETE", named) == -2011
    assert desk.call(other, "GET", "/fapi/v1/openAlgoOrders", {}) == []
    assert desk.call(other, "GET", "/fapi/v1/allAlgoOrders", BTC) == []


def code_of(desk: Desk, account: int, method: str, params: dict[str, str]) -> int:
    """Return the code with which a call about a conditional order is refused."""
    with pytest.raises(DialectError) as raised:
        desk.call(account, method, ALGO_ORDER, params)
    return raised.value.code


def test_order_ids_and_algo_ids_are_never_mistaken_for_each_other() -> None:
    desk = Desk()
    trader = desk.account(10_000)
    placed = desk.call(trader, "POST", ALGO_ORDER, MARKET_STOP)
    assert isinstance(placed, dict)
    error = outcome(lambda: desk.call(trader, "GET", "/fapi/v1/order", {**BTC, "orderId": str(placed["algoId"])}))
    assert isinstance(error, DialectError)
    assert error.code == -2013


@given(
    st.dictionaries(
        st.sampled_from(
            [*STOP, *TRAILING, "closePosition", "priceMatch", "goodTillDate", "clientAlgoId", "workingType"]
        ),
        st.text(max_size=45) | st.sampled_from(["0", "1", "true", "BOTH", "GTD", "STOP", "TRAILING_STOP_MARKET"]),
    )
)
def test_any_conditional_order_is_a_command_within_63_bits_or_a_dialect_error(changes: dict[str, str]) -> None:
    command = outcome(lambda: algo_requests.place_conditional(DESK.context(TRADER), STOP | changes))
    if isinstance(command, DialectError):
        assert command.code < 0
    else:
        numbers = (command.quantity, command.trigger_price, command.price, command.activation_price)
        assert all(0 <= number < 2**63 for number in (*numbers, command.callback_rate, command.good_till))


def refused(method: str, path: str, params: dict[str, str], trader: int = TRADER) -> DialectError:
    """Return the error of a request, having seen that the state is what it was."""
    before = state_hash(DESK.venue.state)
    with pytest.raises(DialectError) as raised:
        DESK.call(trader, method, f"/fapi/v1/{path}", params)
    assert state_hash(DESK.venue.state) == before
    return raised.value
