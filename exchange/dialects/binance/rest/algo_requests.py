"""Requests about conditional orders to commands: as the algo endpoints take them, and as POST order once did."""

from collections.abc import Mapping
from typing import NamedTuple

from exchange.core.admission import find_conditional, find_order
from exchange.core.commands import (
    CancelAllConditionals,
    CancelConditional,
    CancelOrder,
    PlaceConditional,
)
from exchange.core.conditional import LIMIT_KINDS
from exchange.core.contract import Contract
from exchange.core.enums import ConditionalType, PriceMatch, TimeInForce, WorkingType
from exchange.core.units import Lots, RateE8, Ticks
from exchange.dialects.binance.bodies.conditional import ALGO_TYPE
from exchange.dialects.binance.parameters import contract_of, required
from exchange.dialects.binance.rest.order_words import (
    account_of,
    flag,
    good_till,
    limit_price,
    member,
    new_client_id,
    position_side,
    price_match,
    reduce_only,
    reference,
    refuse_sent,
    self_trade_prevention,
    side_of,
    time_in_force,
    wants_result,
)
from exchange.dialects.binance.route import Context, Params
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.errors import DialectError
from exchange.dialects.binance.text.numbers import parse_percent, parse_price, parse_quantity

CONDITIONAL_TYPES: Mapping[str, ConditionalType] = {member.value: member for member in ConditionalType}
_WORKING_TYPES: Mapping[str, WorkingType] = {member.value: member for member in WorkingType}
_ACTIVATION_NAMES = ("activatePrice", "activationPrice")  # of the algo endpoints, and of the order endpoint
_ICEBERG = ("icebergQty", "icebergQuantity")


class _Names(NamedTuple):
    """What the endpoints call the same things."""

    trigger_price: str
    client_id: str


_ALGO = _Names("triggerPrice", "clientAlgoId")
_LEGACY = _Names("stopPrice", "newClientOrderId")


def place_conditional(context: Context, params: Params) -> PlaceConditional:
    """Return what POST algoOrder asks for, or raise the first error in the documented order of parameters."""
    check_algo_type(required(params, "algoType"))
    return _conditional(context, params, _ALGO)


def place_legacy(context: Context, params: Params) -> PlaceConditional:
    """Return what POST order asks for with a conditional type, by the names that it had there."""
    return _conditional(context, params, _LEGACY)


def cancel_conditional(context: Context, params: Params) -> CancelConditional:
    """Return the cancel that DELETE algoOrder asks for; a symbol that is sent, too, is not looked at."""
    conditional_id, client_id = algo_reference(params)
    return CancelConditional(context.account_id, conditional_id, client_id)


def cancel_all_conditionals(context: Context, params: Params) -> CancelAllConditionals:
    """Return the cancel of all conditional orders in one contract that DELETE algoOpenOrders asks for."""
    return CancelAllConditionals(context.account_id, contract_of(context, params).symbol)


def cancel_legacy(
    context: Context, symbol: str, order_id: int, client_order_id: str
) -> CancelOrder | CancelConditional:
    """Return the cancel of an open order, or of a conditional one that goes by its name on the order endpoint.

    An order that a conditional one became is still known by the id of that one.
    """
    account = account_of(context)
    if find_order(account, symbol, order_id, client_order_id) is None:
        waiting = find_conditional(account, order_id, client_order_id)
        if waiting is not None and waiting.symbol == symbol:
            return CancelConditional(context.account_id, waiting.conditional_id)
        for order in account.holdings[symbol].orders.values():
            if order.conditional is not None and order.conditional.conditional_id == order_id:
                return CancelOrder(context.account_id, symbol, order.order_id)
    return CancelOrder(context.account_id, symbol, order_id, client_order_id)


def algo_reference(params: Params) -> tuple[int, str]:
    """Return how a conditional order is named: (id, "") or (0, client id); -1102 when it is not."""
    return reference(params, "algoId", "clientAlgoId")


def check_algo_type(word: str) -> None:
    """Refuse other services than that of conditional orders: -1130."""
    if word != ALGO_TYPE:
        raise errors.DATA_NOT_VALID.error("algoType")


def _conditional(context: Context, params: Params, names: _Names) -> PlaceConditional:
    contract, side = contract_of(context, params), side_of(params)
    kind = member(params, "type", CONDITIONAL_TYPES, errors.ORDER_TYPE_NOT_VALID.error)
    is_limit = kind in LIMIT_KINDS
    life = _life(params, is_limit=is_limit)
    ends = good_till(params, life)
    match = price_match(params, fits=is_limit)
    closes = flag(params, "closePosition")
    wants_result(params)
    refuse_sent(params, _ICEBERG if is_limit else (*_ICEBERG, "price"))
    trigger_price, activation_price, callback_rate = _trigger(contract, params, kind, names.trigger_price)
    return PlaceConditional(
        account_id=context.account_id,
        symbol=contract.symbol,
        side=side,
        kind=kind,
        quantity=_quantity(contract, params, closes=closes),
        trigger_price=trigger_price,
        price=_price(contract, params, match) if is_limit else Ticks(0),
        working_type=_working_type(params),
        time_in_force=life,
        reduce_only=_reduce_only(context, params, closes=closes),
        close_position=closes,
        price_protect=flag(params, "priceProtect"),
        activation_price=activation_price,
        callback_rate=callback_rate,
        client_id=new_client_id(params, names.client_id),
        self_trade_prevention=self_trade_prevention(params),
        position_side=position_side(params),
        price_match=match,
        good_till=ends,
    )


def _life(params: Params, *, is_limit: bool) -> TimeInForce:
    """Return the time in force, GTC when none is named; what becomes a MARKET order has no other: -1115."""
    life = time_in_force(params) if params.get("timeInForce") else TimeInForce.GTC
    if life is not TimeInForce.GTC and not is_limit:
        raise errors.TIME_IN_FORCE_NOT_VALID.error()
    return life


def _price(contract: Contract, params: Params, match: PriceMatch) -> Ticks:
    """Return the limit, or 0 where the book is to give it; a limit of 0 is none."""
    price = limit_price(contract, params, match)
    if not price and match is PriceMatch.NONE:
        raise errors.PRICE_BELOW_ZERO.error()
    return price


def _quantity(contract: Contract, params: Params, *, closes: bool) -> Lots:
    """Return the quantity, 0 for an order that closes whatever the position then is: naming one, too, is -4137."""
    if not closes:
        return parse_quantity(contract, required(params, "quantity"))
    if params.get("quantity") and parse_quantity(contract, params["quantity"]):
        raise errors.CLOSE_POSITION_QUANTITY.error()
    return Lots(0)


def _reduce_only(context: Context, params: Params, *, closes: bool) -> bool:
    """Return `reduceOnly`; what closes a position need not say so: -1106."""
    only = reduce_only(context, params)
    if only and closes:
        raise errors.PARAMETER_NOT_REQUIRED.error("reduceOnly")
    return only


def _working_type(params: Params) -> WorkingType:
    """Return which price is watched, CONTRACT_PRICE when none is named; -1130 otherwise."""
    working_type = _WORKING_TYPES.get(params.get("workingType") or WorkingType.CONTRACT_PRICE.value)
    if working_type is None:
        raise errors.DATA_NOT_VALID.error("workingType")
    return working_type


def _trigger(contract: Contract, params: Params, kind: ConditionalType, name: str) -> tuple[Ticks, Ticks, RateE8]:
    """Return trigger price, activation price and callback rate: the first, or for a trailing order the other two."""
    if kind is not ConditionalType.TRAILING_STOP_MARKET:
        refuse_sent(params, (*_ACTIVATION_NAMES, "callbackRate"))
        return _trigger_price(contract, required(params, name), name), Ticks(0), RateE8(0)
    refuse_sent(params, (name,))
    callback_rate = parse_percent(required(params, "callbackRate"), "callbackRate")
    if callback_rate <= 0:
        raise errors.CALLBACK_RATE_NOT_VALID.error()
    activation_name = next((name for name in _ACTIVATION_NAMES if params.get(name)), None)
    if activation_name is None:
        return Ticks(0), Ticks(0), callback_rate
    return Ticks(0), _trigger_price(contract, params[activation_name], activation_name), callback_rate


def _trigger_price(contract: Contract, text: str, name: str) -> Ticks:
    """Return a price to wait for; beyond its range it is refused in the words of stop prices: -4006, -4007."""
    try:
        return parse_price(contract, text, name)
    except DialectError as error:
        if error.code == errors.PRICE_BELOW_ZERO.code:
            raise errors.TRIGGER_PRICE_BELOW_ZERO.error() from error
        if error.code == errors.PRICE_ABOVE_MAX.code:
            raise errors.TRIGGER_PRICE_ABOVE_MAX.error() from error
        raise
