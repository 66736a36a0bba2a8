"""Requests about orders to commands: numbers become integers here, once. What does not belong to one is refused."""

from collections.abc import Mapping

from exchange.core.admission import find_order
from exchange.core.book import Order
from exchange.core.commands import (
    AmendOrder,
    CancelAllOrders,
    CancelConditional,
    CancelOrder,
    PlaceConditional,
    PlaceOrder,
    SetCountdown,
)
from exchange.core.enums import OrderType, TimeInForce
from exchange.core.units import INT63_MAX, MILLISECOND, Nanos, Ticks
from exchange.dialects.binance.parameters import contract_of, required
from exchange.dialects.binance.rest.algo_requests import CONDITIONAL_TYPES, cancel_legacy, place_legacy
from exchange.dialects.binance.rest.order_words import (
    account_of,
    flag,
    good_till,
    limit_price,
    member,
    new_client_id,
    order_reference,
    position_side,
    price_match,
    reduce_only,
    refuse_sent,
    self_trade_prevention,
    side_of,
    time_in_force,
    wants_result,
)
from exchange.dialects.binance.route import Context, Params
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.numbers import parse_integer, parse_quantity

COUNTDOWN_MS_MAX = INT63_MAX // MILLISECOND
_ORDER_TYPES: Mapping[str, OrderType] = {"LIMIT": OrderType.LIMIT, "MARKET": OrderType.MARKET}
# Belong to order types that the order endpoint does not take.
_OF_OTHER_TYPES = (
    "stopPrice",
    "triggerPrice",
    "activationPrice",
    "activatePrice",
    "callbackRate",
    "icebergQty",
    "icebergQuantity",
)
_FLAGS_OF_OTHER_TYPES = ("closePosition", "priceProtect")


def place_order(context: Context, params: Params) -> PlaceOrder | PlaceConditional:
    """Return the order that POST order asks for, or raise the first error in the documented order of parameters.

    Conditional types are -4120 here, unless the venue was told to take them the old way.
    """
    contract, side = contract_of(context, params), side_of(params)
    if required(params, "type") in CONDITIONAL_TYPES:
        if not context.legacy_conditional:
            raise errors.USE_ALGO_ENDPOINT.error()
        return place_legacy(context, params)
    order_type = member(params, "type", _ORDER_TYPES, errors.ORDER_TYPE_NOT_VALID.error)
    is_limit = order_type is OrderType.LIMIT
    life = time_in_force(params) if is_limit else TimeInForce.GTC
    ends = good_till(params, life)
    _refuse_other_types(params)
    match = price_match(params, fits=is_limit)
    wants_result(params)
    if not is_limit:
        refuse_sent(params, ("price", "timeInForce"))
    return PlaceOrder(
        account_id=context.account_id,
        symbol=contract.symbol,
        side=side,
        order_type=order_type,
        time_in_force=life,
        quantity=parse_quantity(contract, required(params, "quantity")),
        price=limit_price(contract, params, match) if is_limit else Ticks(0),
        reduce_only=reduce_only(context, params),
        client_order_id=new_client_id(params, "newClientOrderId"),
        self_trade_prevention=self_trade_prevention(params),
        position_side=position_side(params),
        price_match=match,
        good_till=ends,
    )


def amend_order(context: Context, params: Params) -> AmendOrder:
    """Return the amendment that PUT order asks for. `orderId` wins over `origClientOrderId`."""
    contract = contract_of(context, params)
    if params.get("type", "LIMIT") != "LIMIT":
        raise errors.AMEND_ONLY_LIMIT.error()
    side = side_of(params)
    refuse_sent(params, ("goodTillDate",))
    _refuse_other_types(params)
    match = price_match(params, fits=True)
    order_id, client_order_id = order_reference(params)
    _check_side_of_order(params, find_order(account_of(context), contract.symbol, order_id, client_order_id))
    return AmendOrder(
        account_id=context.account_id,
        symbol=contract.symbol,
        side=side,
        quantity=parse_quantity(contract, required(params, "quantity")),
        price=limit_price(contract, params, match),
        order_id=order_id,
        client_order_id=client_order_id,
        reduce_only=reduce_only(context, params),
        modify_id=parse_integer(params.get("modifyId") or "0", "modifyId", 0, INT63_MAX),
        price_match=match,
    )


def cancel_order(context: Context, params: Params) -> CancelOrder | CancelConditional:
    """Return the cancel that DELETE order asks for; the old way it may mean a conditional order."""
    contract = contract_of(context, params)
    order_id, client_order_id = order_reference(params)
    if context.legacy_conditional:
        return cancel_legacy(context, contract.symbol, order_id, client_order_id)
    return CancelOrder(context.account_id, contract.symbol, order_id, client_order_id)


def cancel_all_orders(context: Context, params: Params) -> CancelAllOrders:
    """Return the cancel of all orders in one contract that DELETE allOpenOrders asks for."""
    return CancelAllOrders(context.account_id, contract_of(context, params).symbol, context.legacy_conditional)


def set_countdown(context: Context, params: Params) -> SetCountdown:
    """Return the countdown that POST countdownCancelAll asks for, in milliseconds; 0 ends it."""
    contract = contract_of(context, params)
    countdown_ms = parse_integer(required(params, "countdownTime"), "countdownTime", 0, COUNTDOWN_MS_MAX)
    return SetCountdown(context.account_id, contract.symbol, Nanos(countdown_ms * MILLISECOND))


def _check_side_of_order(params: Params, order: Order | None) -> None:
    """Refuse an amendment that names another position than its order has. Whether there is one is the core's to say."""
    side = position_side(params)
    if params.get("positionSide") and order is not None and order.position_side is not side:
        raise errors.POSITION_SIDE_MISMATCH.error()


def _refuse_other_types(params: Params) -> None:
    """Refuse what only other types of order have, where its value would matter; zeros and false would not."""
    for name in _FLAGS_OF_OTHER_TYPES:
        if flag(params, name):
            raise errors.PARAMETER_NOT_REQUIRED.error(name)
    refuse_sent(params, _OF_OTHER_TYPES)
