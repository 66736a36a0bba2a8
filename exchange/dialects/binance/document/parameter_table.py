"""Which parameters each endpoint reads, with type and limits: one total table. It reads none itself.

Where a parameter stands, in query or body, makes no difference. What is sent and stands here nowhere is ignored, and
the coverage says so. Timestamp, recvWindow and signature of signed calls are in `SIGNATURE`, not in the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from exchange.core.enums import PositionSide, PriceMatch, SelfTradePrevention, Side, TimeInForce, Word, WorkingType
from exchange.core.units import INT63_MAX
from exchange.dialects.binance.bodies.conditional import ALGO_TYPE
from exchange.dialects.binance.document.schema_notation import Schema
from exchange.dialects.binance.door.auth import RECV_WINDOW_MS, RECV_WINDOW_MS_MAX
from exchange.dialects.binance.parameters import TIME_MS_MAX
from exchange.dialects.binance.rest.algo_requests import CONDITIONAL_TYPES
from exchange.dialects.binance.rest.market_routes import DEPTH_LIMITS, PERPETUAL
from exchange.dialects.binance.rest.statistics_routes import CONTRACT_TYPES, PERIODS
from exchange.dialects.binance.route import Route, Security
from exchange.dialects.binance.text.numbers import DECIMAL_RANGE
from exchange.projections.bars import CANDLES_MAX, INTERVALS

ROWS_MAX = 1000
TEXT: Schema = {"type": "string", "minLength": 1}
DECIMAL: Schema = {"type": "string", "pattern": DECIMAL_RANGE}
JSON_TEXT: Schema = {**TEXT, "contentMediaType": "application/json"}
BOOLEAN: Schema = {"type": "boolean"}  # in any case of letters


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that an endpoint reads. `schema`: JSON Schema of its value; `needed`: without it, it is -1102."""

    name: str
    schema: Schema
    needed: bool = False


def words(*choices: str) -> Schema:
    """Return the schema of a text that is one of these words."""
    return {"type": "string", "enum": list(choices)}


def members(vocabulary: type[Word]) -> Schema:
    """Return the schema of a text that is one of these words of the venue, which are those of the wire."""
    return words(*(member.value for member in vocabulary))


def whole(low: int = 0, high: int = INT63_MAX, default: int | None = None) -> Schema:
    """Return the schema of an integer within low..high."""
    schema: Schema = {"type": "integer", "minimum": low, "maximum": high}
    return schema if default is None else {**schema, "default": default}


def needs(name: str, schema: Schema = TEXT) -> Parameter:
    """Return a parameter without which a call is refused."""
    return Parameter(name, schema, needed=True)


def limit(default: int, most: int = ROWS_MAX) -> Parameter:
    """Return the parameter that bounds the number of rows."""
    return Parameter("limit", whole(1, most, default))


SIGNATURE = (
    needs("timestamp", whole()),
    Parameter("recvWindow", whole(1, RECV_WINDOW_MS_MAX, RECV_WINDOW_MS)),
    needs("signature"),
)

_SYMBOL = needs("symbol")
_OR_ALL = Parameter("symbol", TEXT)
_PAIR = needs("pair")
_TIMES = (Parameter("startTime", whole(0, TIME_MS_MAX)), Parameter("endTime", whole(0, TIME_MS_MAX)))
_KLINES = (needs("interval", words(*INTERVALS)), *_TIMES, limit(500, CANDLES_MAX))
_PERIODS = (needs("period", words(*PERIODS)), *_TIMES, limit(30, 500))
_DEPTH_WORDS: Schema = {"type": "integer", "enum": list(DEPTH_LIMITS)}
_ORDER_ID = Parameter("orderId", whole(1))
_ORDER_REFERENCE = (_SYMBOL, _ORDER_ID, Parameter("origClientOrderId", TEXT))
_ALGO_REFERENCE = (Parameter("algoId", whole(1)), Parameter("clientAlgoId", TEXT))
_SIDE = needs("side", words(*Side.__members__))
_POSITION_SIDE = Parameter("positionSide", members(PositionSide))
_REDUCE_ONLY = Parameter("reduceOnly", BOOLEAN)
_TIME_IN_FORCE = Parameter("timeInForce", members(TimeInForce))
_PLACED = (
    _POSITION_SIDE,
    _REDUCE_ONLY,
    _TIME_IN_FORCE,
    Parameter("price", DECIMAL),
    Parameter("priceMatch", members(PriceMatch)),
    Parameter("selfTradePreventionMode", members(SelfTradePrevention)),
    Parameter("goodTillDate", whole()),
    Parameter("newOrderRespType", words("ACK", "RESULT")),
)
_CONDITION = (
    Parameter("workingType", members(WorkingType)),
    Parameter("closePosition", BOOLEAN),
    Parameter("priceProtect", BOOLEAN),
    Parameter("callbackRate", DECIMAL),
)
# Read in order to refuse a call with them, as they would do something where they stand on the real exchange.
_ICEBERG = (Parameter("icebergQty", DECIMAL), Parameter("icebergQuantity", DECIMAL))
_TRIGGERS = (
    Parameter("stopPrice", DECIMAL),
    Parameter("triggerPrice", DECIMAL),
    Parameter("activationPrice", DECIMAL),
    Parameter("activatePrice", DECIMAL),
)
_PLACE = (
    _SYMBOL,
    _SIDE,
    needs("type", words("LIMIT", "MARKET", *CONDITIONAL_TYPES)),
    Parameter("quantity", DECIMAL),
    Parameter("newClientOrderId", TEXT),
    *_PLACED,
    *_CONDITION,
    *_TRIGGERS,
    *_ICEBERG,
)
_PLACE_ALGO = (
    needs("algoType", words(ALGO_TYPE)),
    _SYMBOL,
    _SIDE,
    needs("type", words(*CONDITIONAL_TYPES)),
    Parameter("quantity", DECIMAL),
    Parameter("clientAlgoId", TEXT),
    *_PLACED,
    *_CONDITION,
    Parameter("triggerPrice", DECIMAL),
    Parameter("activatePrice", DECIMAL),
    Parameter("activationPrice", DECIMAL),
    *_ICEBERG,
)
_BATCH = (needs("batchOrders", JSON_TEXT),)

PARAMETERS: Mapping[tuple[str, str], tuple[Parameter, ...]] = {
    # market data
    ("GET", "/fapi/v1/ping"): (),
    ("GET", "/fapi/v1/time"): (),
    ("GET", "/fapi/v1/exchangeInfo"): (),
    ("GET", "/fapi/v1/depth"): (_SYMBOL, Parameter("limit", {**_DEPTH_WORDS, "default": 500})),
    ("GET", "/fapi/v1/rpiDepth"): (_SYMBOL, Parameter("limit", {**_DEPTH_WORDS, "default": 1000})),
    ("GET", "/fapi/v1/trades"): (_SYMBOL, limit(500)),
    ("GET", "/fapi/v1/historicalTrades"): (_SYMBOL, Parameter("fromId", whole()), limit(500)),
    ("GET", "/fapi/v1/aggTrades"): (_SYMBOL, Parameter("fromId", whole()), *_TIMES, limit(500)),
    ("GET", "/fapi/v1/klines"): (_SYMBOL, *_KLINES),
    ("GET", "/fapi/v1/continuousKlines"): (_PAIR, needs("contractType", words(PERPETUAL)), *_KLINES),
    ("GET", "/fapi/v1/markPriceKlines"): (_SYMBOL, *_KLINES),
    ("GET", "/fapi/v1/indexPriceKlines"): (_PAIR, *_KLINES),
    ("GET", "/fapi/v1/premiumIndexKlines"): (_SYMBOL, *_KLINES),
    ("GET", "/fapi/v1/premiumIndex"): (_OR_ALL,),
    ("GET", "/fapi/v1/fundingRate"): (_OR_ALL, *_TIMES, limit(100)),
    ("GET", "/fapi/v1/fundingInfo"): (),
    ("GET", "/fapi/v1/ticker/24hr"): (_OR_ALL,),
    ("GET", "/fapi/v1/ticker/bookTicker"): (_OR_ALL,),
    ("GET", "/fapi/v1/ticker/price"): (_OR_ALL,),
    ("GET", "/fapi/v2/ticker/price"): (_OR_ALL,),
    ("GET", "/fapi/v1/openInterest"): (_SYMBOL,),
    ("GET", "/fapi/v1/insuranceBalance"): (_OR_ALL,),
    ("GET", "/fapi/v1/symbolAdlRisk"): (_OR_ALL,),
    ("GET", "/fapi/v1/constituents"): (_SYMBOL,),
    ("POST", "/fapi/v1/listenKey"): (),
    ("PUT", "/fapi/v1/listenKey"): (Parameter("listenKey", TEXT),),
    ("DELETE", "/fapi/v1/listenKey"): (Parameter("listenKey", TEXT),),
    # statistics
    ("GET", "/futures/data/openInterestHist"): (_SYMBOL, *_PERIODS),
    ("GET", "/futures/data/globalLongShortAccountRatio"): (_SYMBOL, *_PERIODS),
    ("GET", "/futures/data/topLongShortAccountRatio"): (_SYMBOL, *_PERIODS),
    ("GET", "/futures/data/topLongShortPositionRatio"): (_SYMBOL, *_PERIODS),
    ("GET", "/futures/data/takerlongshortRatio"): (_SYMBOL, *_PERIODS),
    ("GET", "/futures/data/basis"): (_PAIR, needs("contractType", words(*CONTRACT_TYPES)), *_PERIODS),
    # orders
    ("POST", "/fapi/v1/order"): _PLACE,
    ("POST", "/fapi/v1/order/test"): _PLACE,
    ("PUT", "/fapi/v1/order"): (
        *_ORDER_REFERENCE,
        _SIDE,
        needs("quantity", DECIMAL),
        Parameter("price", DECIMAL),
        Parameter("priceMatch", members(PriceMatch)),
        Parameter("modifyId", whole()),
        _POSITION_SIDE,
        _REDUCE_ONLY,
        Parameter("type", words("LIMIT")),
        Parameter("goodTillDate", whole()),
        Parameter("closePosition", BOOLEAN),
        Parameter("priceProtect", BOOLEAN),
        Parameter("callbackRate", DECIMAL),
        *_TRIGGERS,
        *_ICEBERG,
    ),
    ("GET", "/fapi/v1/order"): _ORDER_REFERENCE,
    ("DELETE", "/fapi/v1/order"): _ORDER_REFERENCE,
    ("GET", "/fapi/v1/openOrder"): _ORDER_REFERENCE,
    ("POST", "/fapi/v1/batchOrders"): _BATCH,
    ("PUT", "/fapi/v1/batchOrders"): _BATCH,
    ("DELETE", "/fapi/v1/batchOrders"): (
        _SYMBOL,
        Parameter("orderIdList", JSON_TEXT),
        Parameter("orderidlist", JSON_TEXT),
        Parameter("origClientOrderIdList", JSON_TEXT),
        Parameter("origclientorderidlist", JSON_TEXT),
    ),
    ("DELETE", "/fapi/v1/allOpenOrders"): (_SYMBOL,),
    ("POST", "/fapi/v1/countdownCancelAll"): (_SYMBOL, needs("countdownTime", whole())),
    ("GET", "/fapi/v1/openOrders"): (_OR_ALL,),
    ("GET", "/fapi/v1/allOrders"): (_OR_ALL, Parameter("orderId", whole()), *_TIMES, limit(500)),
    ("GET", "/fapi/v1/orderAmendment"): (*_ORDER_REFERENCE, *_TIMES, limit(50, 100)),
    ("GET", "/fapi/v1/userTrades"): (
        _SYMBOL,
        Parameter("orderId", whole()),
        Parameter("fromId", whole()),
        *_TIMES,
        limit(500),
    ),
    ("GET", "/fapi/v1/forceOrders"): (
        _OR_ALL,
        Parameter("autoCloseType", words("LIQUIDATION", "ADL")),
        *_TIMES,
        limit(50, 100),
    ),
    # conditional orders
    ("POST", "/fapi/v1/algoOrder"): _PLACE_ALGO,
    ("GET", "/fapi/v1/algoOrder"): _ALGO_REFERENCE,
    ("DELETE", "/fapi/v1/algoOrder"): _ALGO_REFERENCE,
    ("DELETE", "/fapi/v1/algoOpenOrders"): (_SYMBOL,),
    ("GET", "/fapi/v1/openAlgoOrders"): (
        _OR_ALL,
        Parameter("algoType", words(ALGO_TYPE)),
        Parameter("algoId", whole(1)),
    ),
    ("GET", "/fapi/v1/allAlgoOrders"): (_SYMBOL, Parameter("algoId", whole(1)), *_TIMES, limit(500)),
    # account
    ("GET", "/fapi/v2/account"): (),
    ("GET", "/fapi/v3/account"): (),
    ("GET", "/fapi/v2/balance"): (),
    ("GET", "/fapi/v3/balance"): (),
    ("GET", "/fapi/v2/positionRisk"): (_OR_ALL,),
    ("GET", "/fapi/v3/positionRisk"): (_OR_ALL,),
    ("POST", "/fapi/v1/leverage"): (_SYMBOL, needs("leverage", whole(1))),
    ("POST", "/fapi/v1/marginType"): (_SYMBOL, needs("marginType", words("ISOLATED", "CROSSED"))),
    ("POST", "/fapi/v1/positionMargin"): (
        _SYMBOL,
        needs("amount", DECIMAL),
        needs("type", whole(1, 2)),
        _POSITION_SIDE,
    ),
    ("GET", "/fapi/v1/positionMargin/history"): (_SYMBOL, Parameter("type", whole(1, 2)), *_TIMES, limit(500)),
    ("GET", "/fapi/v1/positionSide/dual"): (),
    ("POST", "/fapi/v1/positionSide/dual"): (needs("dualSidePosition", BOOLEAN),),
    ("GET", "/fapi/v1/multiAssetsMargin"): (),
    ("POST", "/fapi/v1/multiAssetsMargin"): (needs("multiAssetsMargin", BOOLEAN),),
    ("GET", "/fapi/v1/leverageBracket"): (_OR_ALL,),
    ("GET", "/fapi/v1/adlQuantile"): (_OR_ALL,),
    ("GET", "/fapi/v1/symbolConfig"): (_OR_ALL,),
    ("GET", "/fapi/v1/commissionRate"): (_SYMBOL,),
    ("GET", "/fapi/v1/accountConfig"): (),
    ("GET", "/fapi/v1/rateLimit/order"): (),
    ("GET", "/fapi/v1/apiTradingStatus"): (_OR_ALL,),
    ("GET", "/fapi/v1/feeBurn"): (),
    ("POST", "/fapi/v1/feeBurn"): (needs("feeBurn", BOOLEAN),),
    ("GET", "/fapi/v1/income"): (_OR_ALL, Parameter("incomeType", TEXT), *_TIMES, limit(100)),
    ("POST", "/sapi/v1/asset/transfer"): (
        needs("type", words("MAIN_UMFUTURE", "FUNDING_UMFUTURE", "UMFUTURE_MAIN", "UMFUTURE_FUNDING")),
        needs("asset"),
        needs("amount", DECIMAL),
    ),
    # other services
    ("GET", "/sapi/v1/capital/config/getall"): (),
    ("GET", "/sapi/v1/margin/allPairs"): (),
    ("GET", "/sapi/v1/margin/isolated/allPairs"): (),
    ("GET", "/sapi/v1/spot/delist-schedule"): (),
    ("GET", "/sapi/v1/system/status"): (),
    ("GET", "/api/v3/exchangeInfo"): (),
    ("GET", "/dapi/v1/exchangeInfo"): (),
    ("GET", "/eapi/v1/exchangeInfo"): (),
    ("GET", "/api/v3/ping"): (),
    ("GET", "/dapi/v1/ping"): (),
    ("GET", "/api/v3/time"): (),
    ("GET", "/dapi/v1/time"): (),
}


def parameters_of(route: Route) -> tuple[Parameter, ...]:
    """Return what a route reads, with what its security asks for."""
    own = PARAMETERS[route.method, route.path]
    return (*own, *SIGNATURE) if route.security is Security.SIGNED else own


# What clients may send to any endpoint, signed or not, without a word in the coverage.
_ALWAYS_KNOWN = frozenset(parameter.name for parameter in SIGNATURE)
_KNOWN = {key: _ALWAYS_KNOWN | {parameter.name for parameter in row} for key, row in PARAMETERS.items()}


def ignored(method: str, path: str, sent: Mapping[str, str]) -> list[str]:
    """Return the names of the parameters that an endpoint does not look at, in the order sent; none for no endpoint."""
    known = _KNOWN.get((method, path))
    return [] if known is None else [name for name in sent if name not in known]
