"""Batches of orders: a list in JSON to one part for each element. What an element asks for is `order_requests`' to say.

A list that cannot be read is refused as a whole; an element that asks for nothing possible is refused in its place.
"""

from collections.abc import Callable, Mapping

from exchange.core.commands import Command
from exchange.dialects.binance.parameters import contract_of, required
from exchange.dialects.binance.rest.order_requests import amend_order, cancel_order, place_order
from exchange.dialects.binance.route import Context, Params, Part
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.errors import DialectError
from exchange.dialects.binance.text.json_parameters import as_parameters, parameter_text, read_json

BATCH_MAX = 5
BATCH_CANCEL_MAX = 10
# How the lists of a cancel are spelled, and what an element of each is; the first that is sent counts.
_CANCEL_LISTS: Mapping[str, str] = {
    "orderIdList": "orderId",
    "orderidlist": "orderId",
    "origClientOrderIdList": "origClientOrderId",
    "origclientorderidlist": "origClientOrderId",
}


def place_batch(context: Context, params: Params) -> list[Part]:
    """Return the orders of POST batchOrders, at most BATCH_MAX. Errors: -1102, -1130 no list of objects, -4082."""
    return [_part(context, element, place_order) for element in _objects(params)]


def amend_batch(context: Context, params: Params) -> list[Part]:
    """Return the amendments of PUT batchOrders; errors as for `place_batch`."""
    return [_part(context, element, amend_order) for element in _objects(params)]


def cancel_batch(context: Context, params: Params) -> list[Part]:
    """Return the cancels of DELETE batchOrders, by id or by client id, at most BATCH_CANCEL_MAX."""
    symbol = contract_of(context, params).symbol
    name = next((name for name in _CANCEL_LISTS if params.get(name)), "orderIdList")
    elements = _elements(params, name, BATCH_CANCEL_MAX)
    if not all(isinstance(element, str) for element in elements):  # numbers are texts, too
        raise errors.DATA_NOT_VALID.error(name)
    texts = [parameter_text(name, element) for element in elements]
    return [_part(context, {"symbol": symbol, _CANCEL_LISTS[name]: text}, cancel_order) for text in texts]


def _objects(params: Params) -> list[Params]:
    name = "batchOrders"
    elements = _elements(params, name, BATCH_MAX)
    objects: list[Params] = [as_parameters(element) for element in elements if isinstance(element, dict)]
    if len(objects) < len(elements):
        raise errors.DATA_NOT_VALID.error(name)
    return objects


def _elements(params: Params, name: str, most: int) -> list[object]:
    """Return the elements of a list that a parameter holds as JSON."""
    elements = read_json(required(params, name), name)
    if not isinstance(elements, list):
        raise errors.DATA_NOT_VALID.error(name)
    if not 0 < len(elements) <= most:
        raise errors.BATCH_SIZE_NOT_VALID.error(len(elements))
    return elements


def _part(context: Context, params: Params, parse: Callable[[Context, Params], Command]) -> Part:
    try:
        return Part(params, parse(context, params))
    except DialectError as error:
        return Part(params, error)
