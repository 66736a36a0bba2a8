"""The table of errors: total over the core's refusals, each with all of its places filled."""

import pytest
from msgspec.structs import replace

from exchange.core.commands import (
    AdjustMargin,
    AmendOrder,
    CancelConditional,
    CancelOrder,
    Command,
    PlaceConditional,
    PlaceOrder,
    SetCountdown,
    SetLeverage,
    SetMarginType,
    SetPositionMode,
)
from exchange.core.enums import ConditionalType, MarginType, OrderType, RejectReason, Side
from exchange.core.events import Rejected
from exchange.core.units import Atoms, Lots, Nanos, Ticks
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.errors import Refusal
from exchange.dialects.binance.text.numbers import amount_text
from exchange.dialects.binance.text.rejections import AMEND_REJECTIONS, REJECTIONS, reject_text, rejection
from tests.dialect.desk import shipped_contracts
from tests.projections.test_algo_history import conditional

CONTRACTS = {contract.symbol: contract for contract in shipped_contracts()}
PLACE = PlaceOrder(1, "BTCUSDT", Side.BUY, OrderType.LIMIT, Lots(1), Ticks(1))
AMEND = AmendOrder(1, "BTCUSDT", Side.BUY, Lots(1), Ticks(1))
MARGIN_TYPE = SetMarginType(1, "BTCUSDT", MarginType.ISOLATED)
MODE = SetPositionMode(1, hedge=True)
STOP = PlaceConditional(1, "BTCUSDT", Side.SELL, ConditionalType.STOP)
TRAILING = PlaceConditional(1, "BTCUSDT", Side.SELL, ConditionalType.TRAILING_STOP_MARKET)
MARGIN = AdjustMargin(1, "BTCUSDT", Atoms(1), add=True)
REFUSALS = {name: value for name, value in vars(errors).items() if isinstance(value, Refusal)}


def test_every_refusal_of_the_core_has_an_error() -> None:
    assert set(REJECTIONS) == set(RejectReason)


TRIGGER_BAND = {RejectReason.PRICE_ABOVE_TRIGGER_BAND, RejectReason.PRICE_BELOW_TRIGGER_BAND}


@pytest.mark.parametrize("command", [PLACE, AMEND, STOP, SetLeverage(1, "BTCUSDT", 200), CancelOrder(1, "BTCUSDT", 5)])
@pytest.mark.parametrize("reason", list(RejectReason))
def test_every_error_is_complete(reason: RejectReason, command: Command) -> None:
    if reason in TRIGGER_BAND:
        command = STOP  # nothing else is held against a trigger price
    error = rejection(CONTRACTS, command, Rejected(reason, 1, 500_000_000))
    assert "%s" not in error.msg
    assert error.msg
    assert 400 <= error.http < 600
    assert error.body() == {"code": error.code, "msg": error.msg}


def test_codes_are_negative_and_one_code_has_one_http_status() -> None:
    statuses: dict[int, set[int]] = {}
    for refusal in REFUSALS.values():
        assert refusal.code < 0
        statuses.setdefault(refusal.code, set()).add(refusal.http)
    assert statuses.pop(-1003) == {429, 418}, "too many requests, and the ban that follows"
    assert all(len(found) == 1 for found in statuses.values())


@pytest.mark.parametrize(
    ("reason", "command", "code", "msg"),
    [
        (RejectReason.MARGIN_INSUFFICIENT, PLACE, -2019, "Margin is insufficient."),
        (RejectReason.REDUCE_ONLY_REJECTED, PLACE, -2022, "ReduceOnly Order is rejected."),
        (
            RejectReason.NOTIONAL_TOO_SMALL,
            PLACE,
            -4164,
            "Order's notional must be no smaller than 5.0 (unless you choose reduce only)",
        ),
        (RejectReason.NOTIONAL_TOO_SMALL, AMEND, -5029, "Order's notional must be no smaller than 5.0"),
        (RejectReason.UNKNOWN_ORDER, CancelOrder(1, "BTCUSDT", 5), -2011, "Unknown order sent."),
        (RejectReason.UNKNOWN_ORDER, AMEND, -2013, "Order does not exist."),
        (RejectReason.LEVERAGE_NOT_VALID, SetLeverage(1, "BTCUSDT", 200), -4028, "Leverage 200 is not valid"),
        (RejectReason.IN_LIQUIDATION, PLACE, -2023, "User in liquidation mode now."),
        (
            RejectReason.POST_ONLY_WOULD_TAKE,
            PLACE,
            -5022,
            "Due to the order could not be executed as maker, the Post Only order will be rejected.",
        ),
        (
            RejectReason.FOK_NOT_FILLABLE,
            PLACE,
            -5021,
            "Due to the order could not be filled immediately, the FOK order has been rejected.",
        ),
        (RejectReason.POSITION_SIDE_MISMATCH, PLACE, -4061, "Order's position side does not match user's setting."),
        (
            RejectReason.INDEX_STALE,
            PLACE,
            -4400,
            "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed, please try again later.",
        ),
        (RejectReason.MARGIN_TYPE_UNCHANGED, MARGIN_TYPE, -4046, "No need to change margin type."),
        (
            RejectReason.MARGIN_TYPE_OPEN_ORDERS,
            MARGIN_TYPE,
            -4047,
            "Margin type cannot be changed if there exists open orders.",
        ),
        (
            RejectReason.MARGIN_TYPE_OPEN_POSITION,
            MARGIN_TYPE,
            -4048,
            "Margin type cannot be changed if there exists position.",
        ),
        (RejectReason.POSITION_MODE_UNCHANGED, MODE, -4059, "No need to change position side."),
        (
            RejectReason.POSITION_MODE_OPEN_ORDERS,
            MODE,
            -4067,
            "Position side cannot be changed if there exists open orders.",
        ),
        (
            RejectReason.POSITION_MODE_OPEN_POSITION,
            MODE,
            -4068,
            "Position side cannot be changed if there exists position.",
        ),
        (RejectReason.MARGIN_NOT_ISOLATED, MARGIN, -4049, "Add margin only support for isolated position."),
        (RejectReason.CROSS_BALANCE_INSUFFICIENT, MARGIN, -4050, "Cross balance insufficient."),
        (RejectReason.ISOLATED_BALANCE_INSUFFICIENT, MARGIN, -4051, "Isolated balance insufficient."),
        (RejectReason.POSITION_EMPTY, MARGIN, -4054, "Cannot add position margin: position is 0."),
        (RejectReason.AMOUNT_NOT_POSITIVE, MARGIN, -4055, "Amount must be positive."),
        (RejectReason.VALUE_OUT_OF_RANGE, MARGIN, -1130, "Data sent for parameter 'amount' is not valid."),
        (
            RejectReason.ISOLATED_LEVERAGE_REDUCTION,
            SetLeverage(1, "BTCUSDT", 5),
            -4161,
            "Leverage reduction is not supported in Isolated Margin Mode with open positions",
        ),
        (RejectReason.UNKNOWN_CONDITIONAL, CancelConditional(1, 5), -2011, "Unknown order sent."),
        (RejectReason.TOO_MANY_CONDITIONALS, STOP, -4045, "Reach max stop order limit."),
        (RejectReason.WOULD_TRIGGER, STOP, -2021, "Order would immediately trigger."),
        (RejectReason.TRIGGER_PRICE_NOT_POSITIVE, STOP, -4006, "Stop price less than zero."),
        (RejectReason.TRIGGER_PRICE_ABOVE_MAX, STOP, -4007, "Stop price greater than max price."),
        (RejectReason.PRICE_ABOVE_TRIGGER_BAND, STOP, -4183, "Limit price can't be higher than 50000000.00."),
        (RejectReason.PRICE_BELOW_TRIGGER_BAND, STOP, -4184, "Limit price can't be lower than 50000000.00."),
        (RejectReason.CALLBACK_RATE_NOT_VALID, TRAILING, -2007, "Invalid callBack rate."),
        (
            RejectReason.CLOSE_POSITION_NOT_VALID,
            TRAILING,
            -4136,
            "Target strategy invalid for orderType TRAILING_STOP_MARKET,closePosition true",
        ),
        (RejectReason.NO_DEPTH, PLACE, -5041, "No depth matches this BBO order"),
        (RejectReason.VALUE_OUT_OF_RANGE, STOP, -1130, "Data sent for parameter 'clientAlgoId' is not valid."),
        (
            RejectReason.VALUE_OUT_OF_RANGE,
            SetCountdown(1, "BTCUSDT", Nanos(1)),
            -1130,
            "Data sent for parameter 'countdownTime' is not valid.",
        ),
    ],
)
def test_texts_that_clients_compare(reason: RejectReason, command: Command, code: int, msg: str) -> None:
    error = rejection(CONTRACTS, command, Rejected(reason, 1, 500_000_000))
    assert (error.code, error.msg) == (code, msg)


@pytest.mark.parametrize("reason", [reason for reason in RejectReason if reason not in TRIGGER_BAND])
def test_every_refusal_of_an_order_that_nobody_sent_has_a_text(reason: RejectReason) -> None:
    refused = replace(conditional(7), reject_reason=reason, reject_detail=500_000_000)
    text = reject_text(CONTRACTS, refused)
    assert text
    assert "%s" not in text


def test_what_was_not_refused_has_none() -> None:
    assert reject_text(CONTRACTS, conditional(7)) == ""


def test_amendments_rename_only_known_refusals() -> None:
    assert set(AMEND_REJECTIONS) <= set(REJECTIONS)


@pytest.mark.parametrize(
    ("atoms", "text"), [(500_000_000, "5.0"), (1_000_000_000_000, "10000.0"), (550_000_000, "5.5")]
)
def test_amounts_in_texts(atoms: int, text: str) -> None:
    assert amount_text(atoms) == text
