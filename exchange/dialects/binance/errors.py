"""Every error of the dialect with its exact text, and which one each refusal of the core becomes. It decides nothing.

Texts are those of the public error-code page, as clients compare some of them letter by letter; `%s` is filled in.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from exchange.core.commands import (
    AdjustMargin,
    AmendOrder,
    Annotate,
    Command,
    CreateAccount,
    Deposit,
    PlaceOrder,
    SetLeverage,
    SetMarketState,
    Transfer,
    Withdraw,
)
from exchange.core.enums import RejectReason
from exchange.core.events import Rejected
from exchange.core.units import ATOM_DECIMALS, format_decimal


class DialectError(Exception):
    """A refusal as the wire shows it: HTTP status, the dialect's code and text, and seconds to wait (0: no hint)."""

    def __init__(self, http: int, code: int, msg: str, retry_after: int = 0) -> None:
        """Keep the four parts; `msg` is complete."""
        super().__init__(f"{code} {msg}")
        self.http = http
        self.code = code
        self.msg = msg
        self.retry_after = retry_after

    def body(self) -> dict[str, object]:
        """Return the JSON-able body: code and msg."""
        return {"code": self.code, "msg": self.msg}


class Refusal(NamedTuple):
    """One row of the table: code, text with `%s` places, HTTP status."""

    code: int
    text: str
    http: int = 400

    def error(self, *parts: object, retry_after: int = 0) -> DialectError:
        """Return the error with its places filled in order."""
        return DialectError(self.http, self.code, self.text % parts if parts else self.text, retry_after)


UNKNOWN_ERROR = Refusal(-1000, "An unknown error occured while processing the request.", 500)
TOO_MANY_REQUESTS = Refusal(
    -1003,
    "Too many requests; current limit is %s requests per minute. "
    "Please use the websocket for live updates to avoid polling the API.",
    429,
)
OVERLOADED = Refusal(
    -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.", 503
)
TOO_MANY_ORDERS = Refusal(-1015, "Too many new orders; current limit is %s orders per %s.", 429)
TIMESTAMP_TOO_OLD = Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")
TIMESTAMP_AHEAD = Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
SIGNATURE_NOT_VALID = Refusal(-1022, "Signature for this request is not valid.")
START_AFTER_END = Refusal(-1023, "Start time is greater than end time.")
ILLEGAL_CHARACTERS = Refusal(-1100, "Illegal characters found in parameter '%s'; legal range is '%s'.")
TOO_MANY_PARAMETERS = Refusal(-1101, "Too many parameters; expected '%s' and received '%s'.")
DUPLICATE_PARAMETER = Refusal(-1101, "Duplicate values for parameter '%s'.")
MANDATORY_PARAMETER = Refusal(-1102, "Mandatory parameter '%s' was not sent, was empty/null, or malformed.")
PARAMETER_NOT_REQUIRED = Refusal(-1106, "Parameter '%s' sent when not required.")
PRECISION_TOO_FINE = Refusal(-1111, "Precision is over the maximum defined for this asset.")
TIME_IN_FORCE_NOT_VALID = Refusal(-1115, "Invalid timeInForce.")
ORDER_TYPE_NOT_VALID = Refusal(-1116, "Invalid orderType.")
SIDE_NOT_VALID = Refusal(-1117, "Invalid side.")
INTERVAL_NOT_VALID = Refusal(-1120, "Invalid interval.")
SYMBOL_NOT_VALID = Refusal(-1121, "Invalid symbol.")
LISTEN_KEY_UNKNOWN = Refusal(
    -1125, "This listenKey does not exist. Please use `POST /fapi/v1/listenKey` to recreate `listenKey`"
)
INTERVAL_TOO_LONG = Refusal(-1127, "More than %s hours between startTime and endTime.")
PARAMETERS_CLASH = Refusal(-1128, "Combination of optional parameters invalid.")
DATA_NOT_VALID = Refusal(-1130, "Data sent for parameter '%s' is not valid.")
RECV_WINDOW_TOO_LARGE = Refusal(-1131, "recvWindow must be less than 60000")
RESPONSE_TYPE_NOT_VALID = Refusal(-1136, "Invalid newOrderRespType.")
CANCEL_UNKNOWN_ORDER = Refusal(-2011, "Unknown order sent.")
ORDER_NOT_EXISTING = Refusal(-2013, "Order does not exist.")
KEY_MALFORMED = Refusal(-2014, "API-key format invalid.", 401)
KEY_UNKNOWN = Refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)
MARGIN_INSUFFICIENT = Refusal(-2019, "Margin is insufficient.")
REDUCE_ONLY_REJECTED = Refusal(-2022, "ReduceOnly Order is rejected.")
IN_LIQUIDATION = Refusal(-2023, "User in liquidation mode now.")
TOO_MANY_OPEN_ORDERS = Refusal(-2025, "Reach max open order limit.")
POSITION_LIMIT = Refusal(-2027, "Exceeded the maximum allowable position at current leverage.")
LEVERAGE_MARGIN = Refusal(-2028, "Leverage is smaller than permitted: insufficient margin balance.")
PRICE_BELOW_ZERO = Refusal(-4001, "Price less than 0.")
PRICE_ABOVE_MAX = Refusal(-4002, "Price greater than max price.")
QUANTITY_BELOW_ZERO = Refusal(-4003, "Quantity less than zero.")
QUANTITY_BELOW_MIN = Refusal(-4004, "Quantity less than min quantity.")
QUANTITY_ABOVE_MAX = Refusal(-4005, "Quantity greater than max quantity.")
PRICE_BELOW_MIN = Refusal(-4013, "Price less than min price.")
PRICE_OFF_TICK = Refusal(-4014, "Price not increased by tick size.")
CLIENT_ORDER_ID_TOO_LONG = Refusal(-4015, "Client order id length should not be more than %s chars")
CLIENT_ORDER_ID_NOT_VALID = Refusal(-4015, "Client order id is not valid.")
PRICE_ABOVE_BAND = Refusal(-4016, "Price is higher than mark price multiplier cap.")
QUANTITY_OFF_STEP = Refusal(-4023, "Qty not increased by step size.")
PRICE_BELOW_BAND = Refusal(-4024, "Price is lower than mark price multiplier floor.")
LEVERAGE_NOT_VALID = Refusal(-4028, "Leverage %s is not valid")
MARGIN_TYPE_UNCHANGED = Refusal(-4046, "No need to change margin type.")
MARGIN_TYPE_OPEN_ORDERS = Refusal(-4047, "Margin type cannot be changed if there exists open orders.")
MARGIN_TYPE_OPEN_POSITION = Refusal(-4048, "Margin type cannot be changed if there exists position.")
MARGIN_NOT_ISOLATED = Refusal(-4049, "Add margin only support for isolated position.")
CROSS_BALANCE = Refusal(-4050, "Cross balance insufficient.")
ISOLATED_BALANCE = Refusal(-4051, "Isolated balance insufficient.")
POSITION_EMPTY = Refusal(-4054, "Cannot add position margin: position is 0.")
AMOUNT_NOT_POSITIVE = Refusal(-4055, "Amount must be positive.")
POSITION_MODE_UNCHANGED = Refusal(-4059, "No need to change position side.")
POSITION_SIDE_NOT_VALID = Refusal(-4060, "Invalid position side.")
POSITION_SIDE_MISMATCH = Refusal(-4061, "Order's position side does not match user's setting.")
POSITION_MODE_OPEN_ORDERS = Refusal(-4067, "Position side cannot be changed if there exists open orders.")
POSITION_MODE_OPEN_POSITION = Refusal(-4068, "Position side cannot be changed if there exists position.")
CLIENT_ORDER_ID_DUPLICATED = Refusal(-4116, "clientOrderId is duplicated")
REDUCE_ONLY_EXCEEDS = Refusal(-4118, "ReduceOnly Order Failed. Please check your existing position and open orders")
USE_ALGO_ENDPOINT = Refusal(
    -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
)
COUNTER_PRICE_OUT_OF_BAND = Refusal(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit")
MARKET_NOT_TRADING = Refusal(-4140, "Invalid symbol status for opening position.")
ISOLATED_LEVERAGE = Refusal(-4161, "Leverage reduction is not supported in Isolated Margin Mode with open positions")
NOTIONAL_TOO_SMALL = Refusal(-4164, "Order's notional must be no smaller than %s (unless you choose reduce only)")
ONLY_REDUCING = Refusal(
    -4400,
    "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed, please try again later.",
)
PATH_NOT_VALID = Refusal(-5000, "Path %s, Method %s is invalid", 404)
TRANSFER_BALANCE = Refusal(-5013, "Asset transfer failed: insufficient balance")
FOK_NOT_FILLABLE = Refusal(-5021, "Due to the order could not be filled immediately, the FOK order has been rejected.")
POST_ONLY_WOULD_TAKE = Refusal(
    -5022, "Due to the order could not be executed as maker, the Post Only order will be rejected."
)
AMEND_NOT_TRADING = Refusal(-5024, "Symbol is not in trading status. Order amendment is not permitted.")
AMEND_ONLY_LIMIT = Refusal(-5025, "Only limit order is supported.")
AMEND_LIMIT_REACHED = Refusal(-5026, "Exceed maximum modify order limit.")
AMEND_NO_CHANGE = Refusal(-5027, "No need to modify the order.")
AMEND_NOTIONAL = Refusal(-5029, "Order's notional must be no smaller than %s")
PRICE_MATCH_NOT_VALID = Refusal(-5037, "Invalid price match")
PRICE_MATCH_ORDER_TYPE = Refusal(-5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT")
SELF_TRADE_NOT_VALID = Refusal(-5039, "Invalid self trade prevention mode")
AMEND_NOT_REDUCE_ONLY = Refusal(-5047, "The original order is not a reduce-only order")

# Ours: the dialect has no word for these. docs/fidelity.md lists them.
BODY_TOO_LARGE = Refusal(-9000, "Request too large: at most %s bytes.", 413)
BODY_UNREADABLE = Refusal(-9001, "The request body cannot be read.")
TOO_MANY_ACCOUNTS = Refusal(-9002, "This venue has reached its maximum number of accounts.")
NO_MARK_PRICE = Refusal(-9003, "The contract has no price yet.")

REJECTIONS: Mapping[RejectReason, Refusal] = {
    RejectReason.UNKNOWN_ACCOUNT: KEY_UNKNOWN,
    RejectReason.UNKNOWN_SYMBOL: SYMBOL_NOT_VALID,
    RejectReason.UNKNOWN_ORDER: CANCEL_UNKNOWN_ORDER,
    RejectReason.VALUE_OUT_OF_RANGE: DATA_NOT_VALID,
    RejectReason.AMOUNT_NOT_POSITIVE: AMOUNT_NOT_POSITIVE,
    RejectReason.TOO_MANY_ACCOUNTS: TOO_MANY_ACCOUNTS,
    RejectReason.IN_LIQUIDATION: IN_LIQUIDATION,
    RejectReason.MARKET_NOT_TRADING: MARKET_NOT_TRADING,
    RejectReason.NO_MARK_PRICE: NO_MARK_PRICE,
    RejectReason.PRICE_NOT_POSITIVE: PRICE_BELOW_ZERO,
    RejectReason.PRICE_BELOW_MIN: PRICE_BELOW_MIN,
    RejectReason.PRICE_ABOVE_MAX: PRICE_ABOVE_MAX,
    RejectReason.PRICE_NOT_ALLOWED: PARAMETER_NOT_REQUIRED,
    RejectReason.QUANTITY_NOT_POSITIVE: QUANTITY_BELOW_ZERO,
    RejectReason.QUANTITY_BELOW_MIN: QUANTITY_BELOW_MIN,
    RejectReason.QUANTITY_ABOVE_MAX: QUANTITY_ABOVE_MAX,
    RejectReason.NOTIONAL_TOO_SMALL: NOTIONAL_TOO_SMALL,
    RejectReason.PRICE_ABOVE_BAND: PRICE_ABOVE_BAND,
    RejectReason.PRICE_BELOW_BAND: PRICE_BELOW_BAND,
    RejectReason.COUNTER_PRICE_OUT_OF_BAND: COUNTER_PRICE_OUT_OF_BAND,
    RejectReason.CLIENT_ORDER_ID_DUPLICATED: CLIENT_ORDER_ID_DUPLICATED,
    RejectReason.TOO_MANY_OPEN_ORDERS: TOO_MANY_OPEN_ORDERS,
    RejectReason.REDUCE_ONLY_REJECTED: REDUCE_ONLY_REJECTED,
    RejectReason.REDUCE_ONLY_EXCEEDS_POSITION: REDUCE_ONLY_EXCEEDS,
    RejectReason.POSITION_LIMIT: POSITION_LIMIT,
    RejectReason.FOK_NOT_FILLABLE: FOK_NOT_FILLABLE,
    RejectReason.POST_ONLY_WOULD_TAKE: POST_ONLY_WOULD_TAKE,
    RejectReason.MARGIN_INSUFFICIENT: MARGIN_INSUFFICIENT,
    RejectReason.BALANCE_INSUFFICIENT: TRANSFER_BALANCE,
    RejectReason.LEVERAGE_NOT_VALID: LEVERAGE_NOT_VALID,
    RejectReason.LEVERAGE_MARGIN_INSUFFICIENT: LEVERAGE_MARGIN,
    RejectReason.AMEND_NO_CHANGE: AMEND_NO_CHANGE,
    RejectReason.AMEND_LIMIT_REACHED: AMEND_LIMIT_REACHED,
    RejectReason.AMEND_SIDE_MISMATCH: SIDE_NOT_VALID,
    RejectReason.AMEND_NOT_REDUCE_ONLY: AMEND_NOT_REDUCE_ONLY,
    RejectReason.UNKNOWN_INDEX_SOURCE: DATA_NOT_VALID,
    RejectReason.INDEX_STALE: ONLY_REDUCING,
    RejectReason.POSITION_SIDE_MISMATCH: POSITION_SIDE_MISMATCH,
    RejectReason.MARGIN_TYPE_UNCHANGED: MARGIN_TYPE_UNCHANGED,
    RejectReason.MARGIN_TYPE_OPEN_ORDERS: MARGIN_TYPE_OPEN_ORDERS,
    RejectReason.MARGIN_TYPE_OPEN_POSITION: MARGIN_TYPE_OPEN_POSITION,
    RejectReason.POSITION_MODE_UNCHANGED: POSITION_MODE_UNCHANGED,
    RejectReason.POSITION_MODE_OPEN_ORDERS: POSITION_MODE_OPEN_ORDERS,
    RejectReason.POSITION_MODE_OPEN_POSITION: POSITION_MODE_OPEN_POSITION,
    RejectReason.MARGIN_NOT_ISOLATED: MARGIN_NOT_ISOLATED,
    RejectReason.POSITION_EMPTY: POSITION_EMPTY,
    RejectReason.CROSS_BALANCE_INSUFFICIENT: CROSS_BALANCE,
    RejectReason.ISOLATED_BALANCE_INSUFFICIENT: ISOLATED_BALANCE,
    RejectReason.ISOLATED_LEVERAGE_REDUCTION: ISOLATED_LEVERAGE,
}

# Where an amendment is refused in other words than a placement or a cancel.
AMEND_REJECTIONS: Mapping[RejectReason, Refusal] = {
    RejectReason.UNKNOWN_ORDER: ORDER_NOT_EXISTING,
    RejectReason.MARKET_NOT_TRADING: AMEND_NOT_TRADING,
    RejectReason.NOTIONAL_TOO_SMALL: AMEND_NOTIONAL,
}

# The parameter that a value out of range is blamed on.
_RANGED_PARAMETER: Mapping[type, str] = {
    CreateAccount: "name, deposit or fundingDeposit",
    Deposit: "amount",
    Withdraw: "amount",
    Transfer: "amount",
    AdjustMargin: "amount",
    SetMarketState: "state",
    PlaceOrder: "newClientOrderId",
    Annotate: "kind or text",
}

_PARTS: Mapping[RejectReason, Callable[[Command, Rejected], str]] = {
    RejectReason.VALUE_OUT_OF_RANGE: lambda command, _: _RANGED_PARAMETER.get(type(command), "value"),
    RejectReason.PRICE_NOT_ALLOWED: lambda _command, _rejected: "price",
    RejectReason.UNKNOWN_INDEX_SOURCE: lambda _command, _rejected: "source",
    RejectReason.NOTIONAL_TOO_SMALL: lambda _, rejected: amount_text(rejected.detail),
    RejectReason.LEVERAGE_NOT_VALID: lambda command, _: (
        str(command.leverage) if isinstance(command, SetLeverage) else ""
    ),
}


def rejection(command: Command, rejected: Rejected) -> DialectError:
    """Return the error that a refused command is answered with, its places filled from the command and the detail."""
    refusal = REJECTIONS[rejected.reason]
    if isinstance(command, AmendOrder):
        refusal = AMEND_REJECTIONS.get(rejected.reason, refusal)
    part = _PARTS.get(rejected.reason)
    return refusal.error(part(command, rejected)) if part else refusal.error()


def amount_text(atoms: int) -> str:
    """Return an amount as the error texts write it, with at least one decimal: "5.0"."""
    whole, _, fraction = format_decimal(atoms, ATOM_DECIMALS).partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"
