"""Words and values that requests about orders of every kind share, read and checked. It makes no command."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from exchange.core.account import Account
from exchange.core.admission import CLIENT_ORDER_ID_MAX, OWN_ID_PREFIXES
from exchange.core.contract import Contract
from exchange.core.enums import PositionSide, PriceMatch, SelfTradePrevention, Side, TimeInForce
from exchange.core.units import INT63_MAX, SECOND, Nanos, Ticks
from exchange.dialects.binance.parameters import required
from exchange.dialects.binance.route import Context, Params, by_symbol
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.errors import DialectError
from exchange.dialects.binance.text.numbers import parse_boolean, parse_integer, parse_price

T = TypeVar("T")

# Prefixes that the venue gives to its own orders: clients tell a liquidation by them, so nobody else may use them.
RESERVED_CLIENT_IDS = (*OWN_ID_PREFIXES, "adl_autoclose", "settlement_autoclose-")
LIMIT_DEFAULT = 500  # rows of a list of orders or fills
LIMIT_MAX = 1000
WINDOW_DAYS_MAX = 7  # that such a list may reach over
OPEN_ORDERS_WEIGHT = by_symbol(1, 40)
GOOD_TILL_MS_END = 253_402_300_799_000  # the end of the year 9999: dates must come before it
MS_PER_SECOND = 1000
_LAST_SECOND = INT63_MAX // SECOND  # that the venue's time reaches: in the year 2262

_CLIENT_ORDER_ID = re.compile(r"[.A-Z:/a-z0-9_-]+")
_SIDES: Mapping[str, Side] = {"BUY": Side.BUY, "SELL": Side.SELL}
_TIMES_IN_FORCE: Mapping[str, TimeInForce] = {member.value: member for member in TimeInForce}
_SELF_TRADE_MODES: Mapping[str, SelfTradePrevention] = {member.value: member for member in SelfTradePrevention}
_POSITION_SIDES: Mapping[str, PositionSide] = {member.value: member for member in PositionSide}
_PRICE_MATCHES: Mapping[str, PriceMatch] = {member.value: member for member in PriceMatch}
_RESPONSE_TYPES = ("ACK", "RESULT")


def side_of(params: Params) -> Side:
    """Return the parameter `side`; -1117 otherwise."""
    return member(params, "side", _SIDES, errors.SIDE_NOT_VALID.error)


def time_in_force(params: Params) -> TimeInForce:
    """Return the parameter `timeInForce`, which must be there; -1115 otherwise."""
    return member(params, "timeInForce", _TIMES_IN_FORCE, errors.TIME_IN_FORCE_NOT_VALID.error)


def good_till(params: Params, life: TimeInForce) -> Nanos:
    """Return when a GTD order ends, 0 for all others, which may have no date; only its whole seconds count.

    Errors: -1102 GTD without a date, -5040 a date beyond the year 9999, -1106 a date without GTD. What ends after the
    venue's own time ends with it.
    """
    name = "goodTillDate"
    if life is not TimeInForce.GTD:
        refuse_sent(params, (name,))
        return Nanos(0)
    date_ms = parse_integer(required(params, name), name, 0, INT63_MAX)
    if date_ms >= GOOD_TILL_MS_END:
        raise errors.GOOD_TILL_NOT_VALID.error()
    return Nanos(min(date_ms // MS_PER_SECOND, _LAST_SECOND) * SECOND)


def price_match(params: Params, *, fits: bool) -> PriceMatch:
    """Return the parameter `priceMatch`; `fits` tells whether the order type has it. Errors: -5037, -5038."""
    match = _PRICE_MATCHES.get(params.get("priceMatch") or "NONE")
    if match is None:
        raise errors.PRICE_MATCH_NOT_VALID.error()
    if match is not PriceMatch.NONE and not fits:
        raise errors.PRICE_MATCH_ORDER_TYPE.error()
    return match


def limit_price(contract: Contract, params: Params, match: PriceMatch) -> Ticks:
    """Return the price that is named, or 0 where the book is to give it: then naming one, too, is -1106."""
    if match is PriceMatch.NONE:
        return parse_price(contract, required(params, "price"))
    refuse_sent(params, ("price",))
    return Ticks(0)


def self_trade_prevention(params: Params) -> SelfTradePrevention:
    """Return the parameter `selfTradePreventionMode`, EXPIRE_MAKER when it is not sent; -5039 otherwise."""
    mode = _SELF_TRADE_MODES.get(params.get("selfTradePreventionMode") or "EXPIRE_MAKER")
    if mode is None:
        raise errors.SELF_TRADE_NOT_VALID.error()
    return mode


def position_side(params: Params) -> PositionSide:
    """Return the position that is meant, BOTH when none is named; whether the account has such is the core's to say."""
    side = _POSITION_SIDES.get(params.get("positionSide") or "BOTH")
    if side is None:
        raise errors.POSITION_SIDE_NOT_VALID.error()
    return side


def reduce_only(context: Context, params: Params) -> bool:
    """Return `reduceOnly`; in hedge mode it may not be sent at all, as side and positionSide say it."""
    if params.get("reduceOnly") and account_of(context).hedge:
        raise errors.PARAMETER_NOT_REQUIRED.error("reduceOnly")
    return flag(params, "reduceOnly")


def wants_result(params: Params) -> bool:
    """Tell whether the final state is asked for (RESULT) or only the receipt (ACK, the default); -1136 otherwise."""
    kind = params.get("newOrderRespType") or "ACK"
    if kind not in _RESPONSE_TYPES:
        raise errors.RESPONSE_TYPE_NOT_VALID.error()
    return kind == "RESULT"


def new_client_id(params: Params, name: str) -> str:
    """Return the client's own id, or "" for one of the venue's; the venue's prefixes are refused."""
    text = params.get(name, "")
    if text.startswith(RESERVED_CLIENT_IDS):
        raise errors.CLIENT_ORDER_ID_NOT_VALID.error()
    return client_id(text) if text else ""


def reference(params: Params, id_name: str, client_id_name: str) -> tuple[int, str]:
    """Return (id, "") or (0, client id), as sent; the id wins. -1102 when neither is."""
    if params.get(id_name):
        return parse_integer(params[id_name], id_name, 1, INT63_MAX), ""
    text = params.get(client_id_name, "")
    if not text:
        raise errors.MANDATORY_PARAMETER.error(id_name)
    return 0, client_id(text)


def order_reference(params: Params) -> tuple[int, str]:
    """Return how an order is named: see `reference`."""
    return reference(params, "orderId", "origClientOrderId")


def client_id(text: str) -> str:
    """Return a client id, checked: -4015."""
    if len(text) > CLIENT_ORDER_ID_MAX:
        raise errors.CLIENT_ORDER_ID_TOO_LONG.error(CLIENT_ORDER_ID_MAX)
    if not _CLIENT_ORDER_ID.fullmatch(text):
        raise errors.CLIENT_ORDER_ID_NOT_VALID.error()
    return text


def account_of(context: Context) -> Account:
    """Return the caller's account."""
    return context.state.accounts[context.account_id]


def member(params: Params, name: str, table: Mapping[str, T], error: Callable[[], DialectError]) -> T:
    """Return what a mandatory word means by a table; the error when it is none of them."""
    meant = table.get(required(params, name))
    if meant is None:
        raise error()
    return meant


def flag(params: Params, name: str) -> bool:
    """Return a boolean, false when it is not sent; -1130 when it is none."""
    return parse_boolean(params[name], name) if params.get(name) else False


def refuse_sent(params: Params, names: tuple[str, ...]) -> None:
    """Refuse parameters that do not belong here, where their value would matter: -1106. Zeros would not."""
    for name in names:
        if params.get(name, "").strip("0."):
            raise errors.PARAMETER_NOT_REQUIRED.error(name)
