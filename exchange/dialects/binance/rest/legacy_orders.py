"""Conditional orders as the order endpoint had them before they got endpoints of their own: by its names, with its ids.

Only a venue that was told so (`Context.legacy_conditional`) speaks of them there. Of one that has triggered, the order
that it became is told: by that order's own id, by the client id that both have, and by the id of the conditional one.
"""

from collections.abc import Iterator, Sequence

from exchange.core.admission import find_conditional
from exchange.core.contract import Contract
from exchange.core.enums import ConditionalStatus, ConditionalType
from exchange.core.events import Event
from exchange.core.records import ConditionalRecord, OrderRecord
from exchange.dialects.binance.bodies.conditional import ORDER_MADE, conditional_states
from exchange.dialects.binance.rest.order_words import account_of
from exchange.dialects.binance.route import Context
from exchange.dialects.binance.text.numbers import (
    average_price_text,
    notional_text,
    percent_text,
    price_text,
    quantity_text,
    to_ms,
)
from exchange.projections import views

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


def waiting_order(context: Context, symbol: str, order_id: int, client_order_id: str) -> dict[str, object] | None:
    """Return a conditional order that waits as queries of orders answer it, or None."""
    waiting = find_conditional(account_of(context), order_id, client_order_id)
    if waiting is None or waiting.symbol != symbol:
        return None
    return queried_legacy(context.contracts[symbol], waiting.record())


def past_order(context: Context, symbol: str, order_id: int, client_order_id: str) -> dict[str, object] | None:
    """Return a conditional order that waits no more, with what it became, or None."""
    record = context.history.conditionals.one(context.account_id, order_id or None, client_order_id or None)
    if record is None or record.symbol != symbol:
        return None
    return queried_legacy(context.contracts[symbol], record, _made_order(context, record))


def waiting_orders(context: Context, symbol: str | None) -> Iterator[dict[str, object]]:
    """Yield the conditional orders that wait, oldest first, in one contract or in all."""
    for waiting in views.waiting_conditionals(context.state, context.account_id, symbol):
        yield queried_legacy(context.contracts[waiting.symbol], waiting.record())


def past_orders(
    context: Context, symbol: str | None, from_id: int | None, start_ms: int | None, end_ms: int | None, limit: int
) -> Iterator[dict[str, object]]:
    """Yield the conditional orders that became no order, bounded as `History.orders` are."""
    rows = context.history.conditionals.many(context.account_id, symbol, from_id, start_ms, end_ms, limit)
    for record in rows:
        waiting = find_conditional(account_of(context), record.conditional_id, "")
        if record.status not in ORDER_MADE:
            yield queried_legacy(context.contracts[record.symbol], record if waiting is None else waiting.record())


def changed_legacy(contract: Contract, events: Sequence[Event]) -> dict[str, object]:
    """Return the conditional order that a command placed or canceled as such commands answer it."""
    record = conditional_states(events)[0]
    return {**legacy_order(contract, record), "cumQty": quantity_text(contract, 0)}


def queried_legacy(
    contract: Contract, conditional: ConditionalRecord, order: OrderRecord | None = None
) -> dict[str, object]:
    """Return a conditional order as queries answer it: with the time it was placed."""
    return {**legacy_order(contract, conditional, order), "time": to_ms(conditional.created_ts)}


def legacy_order(
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


def _made_order(context: Context, record: ConditionalRecord) -> OrderRecord | None:
    """Return the order that a conditional one became, as it stands, or None."""
    if record.status not in ORDER_MADE:
        return None
    order = account_of(context).holdings[record.symbol].orders.get(record.order_id)
    if order is not None:
        return order.record()
    return context.history.order(context.account_id, record.symbol, order_id=record.order_id)
