"""Conditional orders as the dialect writes them: JSON-able objects from records. It looks nothing up."""

from collections.abc import Sequence

from exchange.core.conditional import LIMIT_KINDS
from exchange.core.contract import Contract
from exchange.core.enums import ConditionalStatus, ConditionalType, OrderType
from exchange.core.events import ConditionalUpdated, Event
from exchange.core.records import ConditionalRecord
from exchange.dialects.binance.text.numbers import (
    average_price_text,
    percent_text,
    price_text,
    quantity_text,
    to_ms,
)

ORDER_MADE = frozenset({ConditionalStatus.TRIGGERED, ConditionalStatus.FINISHED})  # there is an order that it became
# Fields of the lists that only attached take-profits and stop-losses would fill.
_ATTACHED_PRICES = ("tpTriggerPrice", "tpPrice", "slTriggerPrice", "slPrice")

ALGO_TYPE = "CONDITIONAL"  # the only one of the algo service


def placed_algo(contract: Contract, conditional: ConditionalRecord) -> dict[str, object]:
    """Return the answer to a placement: the fields of a trailing order are there in any case, empty in others."""
    return {
        **_algo_json(contract, conditional),
        "activatePrice": "",
        "callbackRate": "",
        **_trailing(contract, conditional),
    }


def queried_algo(contract: Contract, conditional: ConditionalRecord) -> dict[str, object]:
    """Return a conditional order as queries answer it, with what became of it."""
    made = conditional.status in ORDER_MADE
    return {
        **_algo_json(contract, conditional),
        "actualOrderId": str(conditional.order_id) if made else "",
        "actualPrice": average_price_text(contract, conditional.cum_quote, conditional.filled),
        "actualType": order_type(conditional).value if made else "",
        "actualQty": quantity_text(contract, conditional.filled),
        "tpOrderType": "",
        **_trailing(contract, conditional),
    }


def listed_algo(contract: Contract, conditional: ConditionalRecord) -> dict[str, object]:
    """Return a row of a list of conditional orders."""
    return {**queried_algo(contract, conditional), **dict.fromkeys(_ATTACHED_PRICES, price_text(contract, 0))}


def canceled_algo(conditional: ConditionalRecord) -> dict[str, object]:
    """Return the receipt of a cancel; its code is a text here, and nowhere else."""
    return {
        "algoId": conditional.conditional_id,
        "clientAlgoId": conditional.client_id,
        "code": "200",
        "msg": "success",
    }


def conditional_states(events: Sequence[Event]) -> list[ConditionalRecord]:
    """Return the records of all events about conditional orders, in their order."""
    return [event.conditional for event in events if isinstance(event, ConditionalUpdated)]


def order_type(conditional: ConditionalRecord) -> OrderType:
    """Return what it becomes."""
    return OrderType.LIMIT if conditional.kind in LIMIT_KINDS else OrderType.MARKET


def algo_quantity(contract: Contract, conditional: ConditionalRecord) -> str:
    """Return its quantity; what closes a position has "0", without digits."""
    return "0" if conditional.close_position else quantity_text(contract, conditional.quantity)


def _algo_json(contract: Contract, conditional: ConditionalRecord) -> dict[str, object]:
    """Return the fields that every answer about a conditional order has (6.3)."""
    return {
        "algoId": conditional.conditional_id,
        "clientAlgoId": conditional.client_id,
        "algoType": ALGO_TYPE,
        "orderType": conditional.kind.value,
        "symbol": conditional.symbol,
        "side": conditional.side.name,
        "positionSide": conditional.position_side.value,
        "timeInForce": conditional.time_in_force.value,
        "quantity": algo_quantity(contract, conditional),
        "algoStatus": conditional.status.value,
        "triggerPrice": price_text(contract, conditional.trigger_price),
        "price": price_text(contract, conditional.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": conditional.self_trade_prevention.value,
        "workingType": conditional.working_type.value,
        "priceMatch": conditional.price_match.value,
        "closePosition": conditional.close_position,
        "priceProtect": conditional.price_protect,
        "reduceOnly": conditional.reduce_only,
        "createTime": to_ms(conditional.created_ts),
        "updateTime": to_ms(conditional.updated_ts),
        "triggerTime": to_ms(conditional.triggered_ts),
        "goodTillDate": to_ms(conditional.good_till),
    }


def _trailing(contract: Contract, conditional: ConditionalRecord) -> dict[str, object]:
    """Return the fields that only trailing orders have: clients compute with them, and cannot with an empty text."""
    if conditional.kind is not ConditionalType.TRAILING_STOP_MARKET:
        return {}
    return {
        "activatePrice": price_text(contract, conditional.activation_price),
        "callbackRate": percent_text(conditional.callback_rate),
    }
