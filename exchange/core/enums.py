"""The closed vocabularies of the venue. Values are the wire's and the journal's words: never reuse or renumber one."""

from enum import Enum, IntEnum


class Word(Enum):
    """Base of the vocabularies. Members are singletons, so their identity is hash enough, and a fast one."""

    __hash__ = object.__hash__


class Side(IntEnum):
    """Side of an order; the value is the sign it gives to a position."""

    BUY = 1
    SELL = -1

    @property
    def opposite(self) -> "Side":
        """The side that such an order trades with."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(Word):
    """What an order is; LIQUIDATION orders come from the venue alone."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    LIQUIDATION = "LIQUIDATION"


class TimeInForce(Word):
    """How long an order lives: the table in `matching` gives each its rule."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"
    GTD = "GTD"


class PriceMatch(Word):
    """From which level of the book an order takes its price, instead of naming one: the other side's, or its own."""

    NONE = "NONE"
    OPPONENT = "OPPONENT"
    OPPONENT_5 = "OPPONENT_5"
    OPPONENT_10 = "OPPONENT_10"
    OPPONENT_20 = "OPPONENT_20"
    QUEUE = "QUEUE"
    QUEUE_5 = "QUEUE_5"
    QUEUE_10 = "QUEUE_10"
    QUEUE_20 = "QUEUE_20"


class ConditionalType(Word):
    """What a conditional order waits for, and what it becomes: STOP and TAKE_PROFIT a LIMIT, the others a MARKET."""

    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    TRAILING_STOP_MARKET = "TRAILING_STOP_MARKET"


class WorkingType(Word):
    """Which price a conditional order watches: the mark, or the price of the last trade."""

    MARK_PRICE = "MARK_PRICE"
    CONTRACT_PRICE = "CONTRACT_PRICE"


class ConditionalStatus(Word):
    """Where a conditional order stands: docs/rules.md, section 12. Only a NEW one is open."""

    NEW = "NEW"
    TRIGGERING = "TRIGGERING"
    TRIGGERED = "TRIGGERED"
    FINISHED = "FINISHED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class SelfTradePrevention(Word):
    """What happens when an order meets one of the same account; the taker's mode decides."""

    NONE = "NONE"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"


class OrderStatus(Word):
    """Where an order stands."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"


class Execution(Word):
    """What just happened to an order."""

    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    AMENDMENT = "AMENDMENT"


class ExpireReason(IntEnum):
    """Why an order ended without its owner's wish; the numbers are the dialect's field `er`."""

    NONE = 0
    SELF_TRADE = 1
    IOC_REMAINDER = 2
    IOC_SELF_TRADE = 3
    REDUCE_ONLY = 4
    LIQUIDATION = 5
    MARKET_REMAINDER = 9


class MarketState(Word):
    """What a contract allows.

    TRADING: everything. INDEX_STALE: too few sources of the index are alive, so only reduce-only orders are let in, the
    mark stands still and liquidation waits; it is found, never set. CANCEL_ONLY: traders may only cancel; the venue
    still liquidates and unwinds. HALTED: nothing trades, liquidation waits, too; cancels go through.
    """

    TRADING = "TRADING"
    CANCEL_ONLY = "CANCEL_ONLY"
    HALTED = "HALTED"
    INDEX_STALE = "INDEX_STALE"


class SourceStatus(Word):
    """Whether an index source counts: LIVE does, STALE was silent for too long, LOST never spoke or was dropped."""

    LIVE = "LIVE"
    STALE = "STALE"
    LOST = "LOST"


class MarkRule(Word):
    """How a mark is made of index, book and last trade: the table in `pricing` gives each its rule and its source."""

    MEDIAN_OF_THREE = "MEDIAN_OF_THREE"
    FUNDING_BASIS = "FUNDING_BASIS"
    FAIR_EMA = "FAIR_EMA"
    MEDIAN_EMA = "MEDIAN_EMA"
    LAST_PRICE = "LAST_PRICE"
    INDEX = "INDEX"


class PremiumSource(Word):
    """What is held against the index to find the premium."""

    IMPACT_PRICES = "IMPACT_PRICES"
    MID_PRICE = "MID_PRICE"
    MARK_PRICE = "MARK_PRICE"


class PremiumWeights(Word):
    """How samples of the premium are averaged: later ones more (LINEAR: 1, 2, 3, ...) or all alike."""

    LINEAR = "LINEAR"
    UNIFORM = "UNIFORM"


class MarginType(Word):
    """What pays for the positions in a contract: the cross wallet, or a wallet of each position's own."""

    CROSS = "CROSS"
    ISOLATED = "ISOLATED"


class PositionSide(Word):
    """Which position of a contract an order moves: BOTH in one-way mode, LONG or SHORT in hedge mode."""

    BOTH = "BOTH"
    LONG = "LONG"
    SHORT = "SHORT"


class MarginMove(Word):
    """Why margin moved between the cross wallet and an isolated one."""

    TRADE = "TRADE"
    USER_ADJUST = "USER_ADJUST"
    AUTO_ADD = "AUTO_ADD"


class Wallet(Word):
    """The two wallets of an account; only the futures wallet is margin."""

    FUTURES = "FUTURES"
    FUNDING = "FUNDING"


class BalanceReason(Word):
    """Why a futures wallet or a position changed."""

    ORDER = "ORDER"
    FUNDING_FEE = "FUNDING_FEE"
    DEPOSIT = "DEPOSIT"
    WITHDRAW = "WITHDRAW"
    INSURANCE_CLEAR = "INSURANCE_CLEAR"
    ADMIN_DEPOSIT = "ADMIN_DEPOSIT"
    ADMIN_WITHDRAW = "ADMIN_WITHDRAW"
    MARGIN_TRANSFER = "MARGIN_TRANSFER"
    DELEVERAGING = "DELEVERAGING"
    LOSS_SHARED = "LOSS_SHARED"


class RejectReason(Word):
    """Every refusal of the core. A refused command changes nothing; each dialect maps each member to its own error."""

    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    VALUE_OUT_OF_RANGE = "VALUE_OUT_OF_RANGE"
    AMOUNT_NOT_POSITIVE = "AMOUNT_NOT_POSITIVE"
    TOO_MANY_ACCOUNTS = "TOO_MANY_ACCOUNTS"
    IN_LIQUIDATION = "IN_LIQUIDATION"
    MARKET_NOT_TRADING = "MARKET_NOT_TRADING"
    NO_MARK_PRICE = "NO_MARK_PRICE"
    PRICE_NOT_POSITIVE = "PRICE_NOT_POSITIVE"
    PRICE_BELOW_MIN = "PRICE_BELOW_MIN"
    PRICE_ABOVE_MAX = "PRICE_ABOVE_MAX"
    PRICE_NOT_ALLOWED = "PRICE_NOT_ALLOWED"
    QUANTITY_NOT_POSITIVE = "QUANTITY_NOT_POSITIVE"
    QUANTITY_BELOW_MIN = "QUANTITY_BELOW_MIN"
    QUANTITY_ABOVE_MAX = "QUANTITY_ABOVE_MAX"
    NOTIONAL_TOO_SMALL = "NOTIONAL_TOO_SMALL"
    PRICE_ABOVE_BAND = "PRICE_ABOVE_BAND"
    PRICE_BELOW_BAND = "PRICE_BELOW_BAND"
    COUNTER_PRICE_OUT_OF_BAND = "COUNTER_PRICE_OUT_OF_BAND"
    CLIENT_ORDER_ID_DUPLICATED = "CLIENT_ORDER_ID_DUPLICATED"
    TOO_MANY_OPEN_ORDERS = "TOO_MANY_OPEN_ORDERS"
    REDUCE_ONLY_REJECTED = "REDUCE_ONLY_REJECTED"
    REDUCE_ONLY_EXCEEDS_POSITION = "REDUCE_ONLY_EXCEEDS_POSITION"
    POSITION_LIMIT = "POSITION_LIMIT"
    FOK_NOT_FILLABLE = "FOK_NOT_FILLABLE"
    POST_ONLY_WOULD_TAKE = "POST_ONLY_WOULD_TAKE"
    MARGIN_INSUFFICIENT = "MARGIN_INSUFFICIENT"
    BALANCE_INSUFFICIENT = "BALANCE_INSUFFICIENT"
    LEVERAGE_NOT_VALID = "LEVERAGE_NOT_VALID"
    LEVERAGE_MARGIN_INSUFFICIENT = "LEVERAGE_MARGIN_INSUFFICIENT"
    AMEND_NO_CHANGE = "AMEND_NO_CHANGE"
    AMEND_LIMIT_REACHED = "AMEND_LIMIT_REACHED"
    AMEND_SIDE_MISMATCH = "AMEND_SIDE_MISMATCH"
    AMEND_NOT_REDUCE_ONLY = "AMEND_NOT_REDUCE_ONLY"
    UNKNOWN_INDEX_SOURCE = "UNKNOWN_INDEX_SOURCE"
    INDEX_STALE = "INDEX_STALE"
    POSITION_SIDE_MISMATCH = "POSITION_SIDE_MISMATCH"
    MARGIN_TYPE_UNCHANGED = "MARGIN_TYPE_UNCHANGED"
    MARGIN_TYPE_OPEN_ORDERS = "MARGIN_TYPE_OPEN_ORDERS"
    MARGIN_TYPE_OPEN_POSITION = "MARGIN_TYPE_OPEN_POSITION"
    POSITION_MODE_UNCHANGED = "POSITION_MODE_UNCHANGED"
    POSITION_MODE_OPEN_ORDERS = "POSITION_MODE_OPEN_ORDERS"
    POSITION_MODE_OPEN_POSITION = "POSITION_MODE_OPEN_POSITION"
    MARGIN_NOT_ISOLATED = "MARGIN_NOT_ISOLATED"
    POSITION_EMPTY = "POSITION_EMPTY"
    CROSS_BALANCE_INSUFFICIENT = "CROSS_BALANCE_INSUFFICIENT"
    ISOLATED_BALANCE_INSUFFICIENT = "ISOLATED_BALANCE_INSUFFICIENT"
    ISOLATED_LEVERAGE_REDUCTION = "ISOLATED_LEVERAGE_REDUCTION"
    UNKNOWN_CONDITIONAL = "UNKNOWN_CONDITIONAL"
    TOO_MANY_CONDITIONALS = "TOO_MANY_CONDITIONALS"
    TRIGGER_PRICE_NOT_POSITIVE = "TRIGGER_PRICE_NOT_POSITIVE"
    TRIGGER_PRICE_ABOVE_MAX = "TRIGGER_PRICE_ABOVE_MAX"
    PRICE_ABOVE_TRIGGER_BAND = "PRICE_ABOVE_TRIGGER_BAND"
    PRICE_BELOW_TRIGGER_BAND = "PRICE_BELOW_TRIGGER_BAND"
    WOULD_TRIGGER = "WOULD_TRIGGER"
    CALLBACK_RATE_NOT_VALID = "CALLBACK_RATE_NOT_VALID"
    CLOSE_POSITION_NOT_VALID = "CLOSE_POSITION_NOT_VALID"
    GOOD_TILL_NOT_VALID = "GOOD_TILL_NOT_VALID"
    NO_DEPTH = "NO_DEPTH"
