"""Request parameters to commands: numbers become integers here, once. What is not built is refused, not ignored."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from exchange.core.account import Account
from exchange.core.admission import CLIENT_ORDER_ID_MAX, OWN_ID_PREFIXES, find_order
from exchange.core.book import Order
from exchange.core.commands import (
    AdjustMargin,
    AmendOrder,
    CancelAllOrders,
    CancelOrder,
    PlaceOrder,
    SetLeverage,
    SetMarginType,
    SetPositionMode,
    Transfer,
)
from exchange.core.enums import MarginType, OrderType, PositionSide, SelfTradePrevention, Side, TimeInForce, Wallet
from exchange.core.units import INT63_MAX
from exchange.dialects.binance import errors
from exchange.dialects.binance.errors import DialectError
from exchange.dialects.binance.margin_words import MARGIN_WORDS
from exchange.dialects.binance.numbers import parse_amount, parse_boolean, parse_integer, parse_price, parse_quantity
from exchange.dialects.binance.parameters import contract_of, required
from exchange.dialects.binance.route import Context, Params
from exchange.projections.history import ADDED, REDUCED

T = TypeVar("T")

_CLIENT_ORDER_ID = re.compile(r"[.A-Z:/a-z0-9_-]+")
# Prefixes that the venue gives to its own orders: clients tell a liquidation by them, so nobody else may use them.
RESERVED_CLIENT_IDS = (*OWN_ID_PREFIXES, "adl_autoclose", "settlement_autoclose-")

_SIDES: Mapping[str, Side] = {"BUY": Side.BUY, "SELL": Side.SELL}
_ORDER_TYPES: Mapping[str, OrderType] = {"LIMIT": OrderType.LIMIT, "MARKET": OrderType.MARKET}
_CONDITIONAL_TYPES = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
_TIMES_IN_FORCE: Mapping[str, TimeInForce] = {member.value: member for member in TimeInForce}
_SELF_TRADE_MODES: Mapping[str, SelfTradePrevention] = {member.value: member for member in SelfTradePrevention}
_POSITION_SIDES: Mapping[str, PositionSide] = {member.value: member for member in PositionSide}
_MARGIN_TYPES: Mapping[str, MarginType] = {words.chosen: member for member, words in MARGIN_WORDS.items()}
_RESPONSE_TYPES = ("ACK", "RESULT")
_PRICE_MATCHES = (
    "OPPONENT",
    "OPPONENT_5",
    "OPPONENT_10",
    "OPPONENT_20",
    "QUEUE",
    "QUEUE_5",
    "QUEUE_10",
    "QUEUE_20",
)
# Belong to order types, or times in force, that the order endpoint does not take.
_NOT_REQUIRED_NUMBERS = (
    "stopPrice",
    "triggerPrice",
    "activationPrice",
    "activatePrice",
    "callbackRate",
    "goodTillDate",
    "icebergQty",
    "icebergQuantity",
)
_NOT_REQUIRED_FLAGS = ("closePosition", "priceProtect")
# Our one wallet beside the futures wallet stands for Binance's spot ("main") and funding wallets alike.
_TRANSFER_SOURCES: Mapping[str, Wallet] = {
    "MAIN_UMFUTURE": Wallet.FUNDING,
    "FUNDING_UMFUTURE": Wallet.FUNDING,
    "UMFUTURE_MAIN": Wallet.FUTURES,
    "UMFUTURE_FUNDING": Wallet.FUTURES,
}


def place_order(context: Context, params: Params) -> PlaceOrder:
    """Return the order that POST order asks for, or raise the first error in the documented order of parameters."""
    contract = contract_of(context, params)
    side = _side(params)
    order_type = _order_type(params)
    time_in_force = _time_in_force(params) if order_type is OrderType.LIMIT else TimeInForce.GTC
    _refuse_unbuilt(params)  # after the time in force: a GTD order comes with its date, and it is GTD that is refused
    _check_price_match(params, order_type)
    wants_result(params)
    if order_type is OrderType.MARKET:
        _refuse_sent(params, ("price", "timeInForce"))
    return PlaceOrder(
        account_id=context.account_id,
        symbol=contract.symbol,
        side=side,
        order_type=order_type,
        time_in_force=time_in_force,
        quantity=parse_quantity(contract, required(params, "quantity")),
        price=parse_price(contract, required(params, "price") if order_type is OrderType.LIMIT else "0"),
        reduce_only=_reduce_only(context, params),
        client_order_id=_new_client_order_id(params),
        self_trade_prevention=_self_trade_prevention(params),
        position_side=_position_side(params),
    )


def amend_order(context: Context, params: Params) -> AmendOrder:
    """Return the amendment that PUT order asks for. `orderId` wins over `origClientOrderId`."""
    contract = contract_of(context, params)
    if params.get("type", "LIMIT") != "LIMIT":
        raise errors.AMEND_ONLY_LIMIT.error()
    side = _side(params)
    _refuse_unbuilt(params)
    _check_price_match(params, OrderType.LIMIT)
    order_id, client_order_id = order_reference(params)
    _check_side_of_order(params, find_order(_account(context), contract.symbol, order_id, client_order_id))
    modify_id = params.get("modifyId") or "0"
    return AmendOrder(
        account_id=context.account_id,
        symbol=contract.symbol,
        side=side,
        quantity=parse_quantity(contract, required(params, "quantity")),
        price=parse_price(contract, required(params, "price")),
        order_id=order_id,
        client_order_id=client_order_id,
        reduce_only=_reduce_only(context, params),
        modify_id=parse_integer(modify_id, "modifyId", 0, INT63_MAX),
    )


def cancel_order(context: Context, params: Params) -> CancelOrder:
    """Return the cancel that DELETE order asks for."""
    contract = contract_of(context, params)
    order_id, client_order_id = order_reference(params)
    return CancelOrder(context.account_id, contract.symbol, order_id, client_order_id)


def cancel_all_orders(context: Context, params: Params) -> CancelAllOrders:
    """Return the cancel of all orders in one contract that DELETE allOpenOrders asks for."""
    return CancelAllOrders(context.account_id, contract_of(context, params).symbol)


def set_leverage(context: Context, params: Params) -> SetLeverage:
    """Return the leverage that POST leverage asks for; its range is the core's to check (-4028)."""
    contract = contract_of(context, params)
    leverage = parse_integer(required(params, "leverage"), "leverage", -INT63_MAX, INT63_MAX)
    return SetLeverage(context.account_id, contract.symbol, leverage)


def set_margin_type(context: Context, params: Params) -> SetMarginType:
    """Return the margin type that POST marginType asks for: CROSSED or ISOLATED; -1130 otherwise."""
    contract = contract_of(context, params)
    margin_type = _member(params, "marginType", _MARGIN_TYPES, lambda: errors.DATA_NOT_VALID.error("marginType"))
    return SetMarginType(context.account_id, contract.symbol, margin_type)


def set_position_mode(context: Context, params: Params) -> SetPositionMode:
    """Return the position mode that POST positionSide/dual asks for: true is hedge mode."""
    name = "dualSidePosition"
    return SetPositionMode(context.account_id, parse_boolean(required(params, name), name))


def adjust_margin(context: Context, params: Params) -> AdjustMargin:
    """Return the move of isolated margin that POST positionMargin asks for; its limits are the core's to check."""
    contract = contract_of(context, params)
    return AdjustMargin(
        account_id=context.account_id,
        symbol=contract.symbol,
        amount=parse_amount(required(params, "amount"), "amount"),
        add=margin_change(params) == ADDED,
        position_side=_position_side(params),
    )


def margin_change(params: Params) -> int:
    """Return the parameter `type` of a move of isolated margin: ADDED (1) or REDUCED (2); -1130 otherwise."""
    return parse_integer(required(params, "type"), "type", ADDED, REDUCED)


def transfer(context: Context, params: Params) -> Transfer:
    """Return the move between the wallets that POST asset/transfer asks for: MAIN_UMFUTURE or UMFUTURE_MAIN."""
    source = _TRANSFER_SOURCES.get(required(params, "type"))
    if source is None:
        raise errors.DATA_NOT_VALID.error("type")
    if required(params, "asset") not in {contract.quote_asset for contract in context.contracts.values()}:
        raise errors.DATA_NOT_VALID.error("asset")
    return Transfer(context.account_id, source, parse_amount(required(params, "amount"), "amount"))


def order_reference(params: Params) -> tuple[int, str]:
    """Return (order id, "") or (0, client order id), as sent; -1102 when neither is."""
    if params.get("orderId"):
        return parse_integer(params["orderId"], "orderId", 1, INT63_MAX), ""
    client_order_id = params.get("origClientOrderId", "")
    if not client_order_id:
        raise errors.MANDATORY_PARAMETER.error("orderId")
    return 0, _client_order_id(client_order_id)


def wants_result(params: Params) -> bool:
    """Tell whether the final state is asked for (RESULT) or only the receipt (ACK, the default); -1136 otherwise."""
    kind = params.get("newOrderRespType") or "ACK"
    if kind not in _RESPONSE_TYPES:
        raise errors.RESPONSE_TYPE_NOT_VALID.error()
    return kind == "RESULT"


def _side(params: Params) -> Side:
    return _member(params, "side", _SIDES, errors.SIDE_NOT_VALID.error)


def _order_type(params: Params) -> OrderType:
    if required(params, "type") in _CONDITIONAL_TYPES:
        raise errors.USE_ALGO_ENDPOINT.error()
    return _member(params, "type", _ORDER_TYPES, errors.ORDER_TYPE_NOT_VALID.error)


def _time_in_force(params: Params) -> TimeInForce:
    # GTD is not built. -1115 names the parameter at fault; -5040 would invite the client to try another date.
    return _member(params, "timeInForce", _TIMES_IN_FORCE, errors.TIME_IN_FORCE_NOT_VALID.error)


def _self_trade_prevention(params: Params) -> SelfTradePrevention:
    mode = _SELF_TRADE_MODES.get(params.get("selfTradePreventionMode") or "EXPIRE_MAKER")
    if mode is None:
        raise errors.SELF_TRADE_NOT_VALID.error()
    return mode


def _member(params: Params, name: str, table: Mapping[str, T], error: Callable[[], DialectError]) -> T:
    member = table.get(required(params, name))
    if member is None:
        raise error()
    return member


def _flag(params: Params, name: str) -> bool:
    return parse_boolean(params[name], name) if params.get(name) else False


def _position_side(params: Params) -> PositionSide:
    """Return the position that is meant, BOTH when none is named; whether the account has such is the core's to say."""
    side = _POSITION_SIDES.get(params.get("positionSide") or "BOTH")
    if side is None:
        raise errors.POSITION_SIDE_NOT_VALID.error()
    return side


def _check_side_of_order(params: Params, order: Order | None) -> None:
    """Refuse an amendment that names another position than its order has. Whether there is one is the core's to say."""
    side = _position_side(params)
    if params.get("positionSide") and order is not None and order.position_side is not side:
        raise errors.POSITION_SIDE_MISMATCH.error()


def _reduce_only(context: Context, params: Params) -> bool:
    """Return `reduceOnly`; in hedge mode it may not be sent at all, as side and positionSide say it."""
    if params.get("reduceOnly") and _account(context).hedge:
        raise errors.PARAMETER_NOT_REQUIRED.error("reduceOnly")
    return _flag(params, "reduceOnly")


def _account(context: Context) -> Account:
    return context.state.accounts[context.account_id]


def _new_client_order_id(params: Params) -> str:
    """Return the client's own id, or "" for one of the venue's; the venue's prefixes are refused."""
    text = params.get("newClientOrderId", "")
    if text.startswith(RESERVED_CLIENT_IDS):
        raise errors.CLIENT_ORDER_ID_NOT_VALID.error()
    return _client_order_id(text) if text else ""


def _client_order_id(text: str) -> str:
    if len(text) > CLIENT_ORDER_ID_MAX:
        raise errors.CLIENT_ORDER_ID_TOO_LONG.error(CLIENT_ORDER_ID_MAX)
    if not _CLIENT_ORDER_ID.fullmatch(text):
        raise errors.CLIENT_ORDER_ID_NOT_VALID.error()
    return text


def _refuse_unbuilt(params: Params) -> None:
    """Refuse what the venue knows but has not built, where its value would matter; zeros and false would not."""
    for name in _NOT_REQUIRED_FLAGS:
        if _flag(params, name):
            raise errors.PARAMETER_NOT_REQUIRED.error(name)
    _refuse_sent(params, _NOT_REQUIRED_NUMBERS)


def _refuse_sent(params: Params, names: tuple[str, ...]) -> None:
    for name in names:
        if params.get(name, "").strip("0."):
            raise errors.PARAMETER_NOT_REQUIRED.error(name)


def _check_price_match(params: Params, order_type: OrderType) -> None:
    """Refuse price matching, which is not built: -5038 for a type that never has it, -5037 otherwise."""
    price_match = params.get("priceMatch") or "NONE"
    if price_match == "NONE":
        return
    if price_match in _PRICE_MATCHES and order_type is not OrderType.LIMIT:
        raise errors.PRICE_MATCH_ORDER_TYPE.error()
    raise errors.PRICE_MATCH_NOT_VALID.error()
