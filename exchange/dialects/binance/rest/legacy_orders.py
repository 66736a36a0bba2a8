"""Where the order endpoint finds conditional orders, as it had them before they got endpoints of their own.

Only a venue that was told so (`Context.legacy_conditional`) speaks of them there. Of one that has triggered, the order
that it became is told: by that order's own id, by the client id that both have, and by the id of the conditional one.
"""

from collections.abc import Iterator

from exchange.core.admission import find_conditional
from exchange.core.records import ConditionalRecord, OrderRecord
from exchange.dialects.binance.bodies.conditional import ORDER_MADE
from exchange.dialects.binance.bodies.legacy import queried_legacy
from exchange.dialects.binance.rest.order_words import account_of
from exchange.dialects.binance.route import Context
from exchange.projections import views


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


def _made_order(context: Context, record: ConditionalRecord) -> OrderRecord | None:
    """Return the order that a conditional one became, as it stands, or None."""
    if record.status not in ORDER_MADE:
        return None
    order = account_of(context).holdings[record.symbol].orders.get(record.order_id)
    if order is not None:
        return order.record()
    return context.history.order(context.account_id, record.symbol, order_id=record.order_id)
