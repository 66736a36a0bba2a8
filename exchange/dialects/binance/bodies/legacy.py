"""Conditional orders as the order endpoint wrote them before they got endpoints of their own. It looks nothing up."""

from collections.abc import Sequence

from exchange.core.contract import Contract
from exchange.core.enums import ConditionalStatus, ConditionalType
from exchange.core.events import Event
from exchange.core.records import ConditionalRecord, OrderRecord
from exchange.dialects.binance.bodies.conditional import conditional_states
from exchange.dialects.binance.text.numbers import (
    average_price_text,
    notional_text,
    percent_text,
    price_text,
    quantity_text,
    to_ms,
)

# How the order endpoint calls one that became no order.
_LEGACY_STATUSES = {
    ConditionalStatus.NEW: "NEW",
    ConditionalStatus.TRIGGERING: "NEW",
    ConditionalStatus.TRIGGERED: "NEW",
    ConditionalStatus.FINISHED: "EXPIRED",
    ConditionalStatus.CANCELED: "CANCELED",
    ConditionalStatus.REJECTED: "EXPIRED",
    ConditionalStatus.EXPIRED: "EXPIRED",
}


def changed_legacy(contract: Contract, events: Sequence[Event]) -> dict[str, object]:
    """Return the conditional order that a command placed or canceled as such commands answer it."""
    record = conditional_states(events)[0]
    return {**_legacy_order(contract, record), "cumQty": quantity_text(contract, 0)}


def queried_legacy(
    contract: Contract, conditional: ConditionalRecord, order: OrderRecord | None = None
) -> dict[str, object]:
    """Return a conditional order as queries answer it: with the time it was placed."""
    return {**_legacy_order(contract, conditional, order), "time": to_ms(conditional.created_ts)}


def _legacy_order(
    contract: Contract, conditional: ConditionalRecord, order: OrderRecord | None = None
) -> dict[str, object]:
    """Return a conditional order as the order endpoint writes it, with its own ids (6.2).

    `order` is what it became: its status and fills are told then, and its type.
    """
    fields = {
        "orderId": conditional.conditional_id,
        "symbol": conditional.symbol,
        "status": _LEGACY_STATUSES[conditional.status] if order is None else order.status.value,
        "clientOrderId": conditional.client_id,
        "price": price_text(contract, conditional.price if order is None else order.price),
        "avgPrice": average_price_text(contract, order.cum_quote, order.filled) if order else price_text(contract, 0),
        "origQty": quantity_text(contract, conditional.quantity if order is None else order.quantity),
        "executedQty": quantity_text(contract, order.filled if order else 0),
        "cumQuote": notional_text(contract, order.cum_quote if order else 0),
        "timeInForce": conditional.time_in_force.value,
        "type": conditional.kind.value if order is None else order.order_type.value,
        "reduceOnly": conditional.reduce_only,
        "closePosition": conditional.close_position,
        "side": conditional.side.name,
        "positionSide": conditional.position_side.value,
        "stopPrice": price_text(contract, conditional.trigger_price),
        "workingType": conditional.working_type.value,
        "priceProtect": conditional.price_protect,
        "origType": conditional.kind.value,
        "priceMatch": conditional.price_match.value,
        "selfTradePreventionMode": conditional.self_trade_prevention.value,
        "goodTillDate": to_ms(conditional.good_till),
        "updateTime": to_ms(conditional.updated_ts if order is None else order.updated_ts),
    }
    if conditional.kind is ConditionalType.TRAILING_STOP_MARKET:
        fields["activatePrice"] = price_text(contract, conditional.activation_price)
        fields["priceRate"] = percent_text(conditional.callback_rate)
    return fields
