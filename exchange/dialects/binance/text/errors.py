"""Every error of the dialect with its code, exact text and HTTP status. `rejections` says which refusal becomes which.

Texts are those of the public error-code page, as clients compare some of them letter by letter; `%s` is filled in.
"""

from typing import NamedTuple


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
TOO_MANY_REQUESTS_IN_MINUTES = Refusal(
    -1003,
    "Too many requests; current limit is %s requests per %s minutes. "
    "Please use the websocket for live updates to avoid polling the API.",
    429,
)
TOO_MANY_CONNECTIONS = Refusal(-1003, "Too many connections; current limit is %s attempts per %s minutes.", 429)
BANNED = Refusal(
    -1003,
    "Way too many requests; IP banned until %s. Please use the websocket for live updates to avoid bans.",
    418,
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
CALLBACK_RATE_NOT_VALID = Refusal(-2007, "Invalid callBack rate.")
CANCEL_UNKNOWN_ORDER = Refusal(-2011, "Unknown order sent.")
ORDER_NOT_EXISTING = Refusal(-2013, "Order does not exist.")
KEY_MALFORMED = Refusal(-2014, "API-key format invalid.", 401)
KEY_UNKNOWN = Refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)
MARGIN_INSUFFICIENT = Refusal(-2019, "Margin is insufficient.")
WOULD_TRIGGER = Refusal(-2021, "Order would immediately trigger.")
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
TRIGGER_PRICE_BELOW_ZERO = Refusal(-4006, "Stop price less than zero.")
TRIGGER_PRICE_ABOVE_MAX = Refusal(-4007, "Stop price greater than max price.")
PRICE_BELOW_MIN = Refusal(-4013, "Price less than min price.")
PRICE_OFF_TICK = Refusal(-4014, "Price not increased by tick size.")
CLIENT_ORDER_ID_TOO_LONG = Refusal(-4015, "Client order id length should not be more than %s chars")
CLIENT_ORDER_ID_NOT_VALID = Refusal(-4015, "Client order id is not valid.")
PRICE_ABOVE_BAND = Refusal(-4016, "Price is higher than mark price multiplier cap.")
QUANTITY_OFF_STEP = Refusal(-4023, "Qty not increased by step size.")
PRICE_BELOW_BAND = Refusal(-4024, "Price is lower than mark price multiplier floor.")
LEVERAGE_NOT_VALID = Refusal(-4028, "Leverage %s is not valid")
TOO_MANY_CONDITIONALS = Refusal(-4045, "Reach max stop order limit.")
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
BATCH_SIZE_NOT_VALID = Refusal(-4082, "Invalid number of batch place orders: %s")
CLIENT_ORDER_ID_DUPLICATED = Refusal(-4116, "clientOrderId is duplicated")
REDUCE_ONLY_EXCEEDS = Refusal(-4118, "ReduceOnly Order Failed. Please check your existing position and open orders")
USE_ALGO_ENDPOINT = Refusal(
    -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
)
COUNTER_PRICE_OUT_OF_BAND = Refusal(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit")
CLOSE_POSITION_NOT_VALID = Refusal(-4136, "Target strategy invalid for orderType %s,closePosition true")
CLOSE_POSITION_QUANTITY = Refusal(-4137, "Quantity must be zero with closePosition equals true")
MARKET_NOT_TRADING = Refusal(-4140, "Invalid symbol status for opening position.")
ISOLATED_LEVERAGE = Refusal(-4161, "Leverage reduction is not supported in Isolated Margin Mode with open positions")
NOTIONAL_TOO_SMALL = Refusal(-4164, "Order's notional must be no smaller than %s (unless you choose reduce only)")
PRICE_ABOVE_TRIGGER_BAND = Refusal(-4183, "Limit price can't be higher than %s.")
PRICE_BELOW_TRIGGER_BAND = Refusal(-4184, "Limit price can't be lower than %s.")
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
GOOD_TILL_NOT_VALID = Refusal(
    -5040,
    "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than 253402300799000"
    " (UTC 9999-12-31 23:59:59)",
)
NO_DEPTH = Refusal(-5041, "No depth matches this BBO order")
AMEND_NOT_REDUCE_ONLY = Refusal(-5047, "The original order is not a reduce-only order")

# Ours: the dialect has no word for these. docs/fidelity.md lists them.
BODY_TOO_LARGE = Refusal(-9000, "Request too large: at most %s bytes.", 413)
BODY_UNREADABLE = Refusal(-9001, "The request body cannot be read.")
TOO_MANY_ACCOUNTS = Refusal(-9002, "This venue has reached its maximum number of accounts.")
NO_MARK_PRICE = Refusal(-9003, "The contract has no price yet.")
