"""The endpoints of conditional orders, as a table. It parses no command and names no JSON field."""

from collections.abc import Sequence

from msgspec.structs import replace

from exchange.core.admission import find_conditional
from exchange.core.enums import ConditionalStatus
from exchange.core.events import Event
from exchange.core.records import ConditionalRecord
from exchange.core.units import Atoms, Lots
from exchange.dialects.binance.bodies.conditional import (
    canceled_algo,
    conditional_states,
    listed_algo,
    placed_algo,
    queried_algo,
)
from exchange.dialects.binance.bodies.orders import ALL_CANCELED
from exchange.dialects.binance.parameters import contract_of, optional_integer, row_limit, symbol_or_none, time_window
from exchange.dialects.binance.rest import algo_requests
from exchange.dialects.binance.rest.algo_requests import algo_reference, check_algo_type
from exchange.dialects.binance.rest.order_words import (
    LIMIT_DEFAULT,
    LIMIT_MAX,
    OPEN_ORDERS_WEIGHT,
    WINDOW_DAYS_MAX,
    account_of,
)
from exchange.dialects.binance.route import CommandRoute, Context, Params, ReadRoute, Route, Security
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.numbers import to_ms
from exchange.projections import views


def read_algo_order(context: Context, params: Params) -> object:
    """Answer GET algoOrder: waiting, or ended as far as history reaches back; -2013 otherwise."""
    conditional_id, client_id = algo_reference(params)
    waiting = find_conditional(account_of(context), conditional_id, client_id)
    record = (
        waiting.record()
        if waiting is not None
        else context.history.conditionals.one(context.account_id, conditional_id or None, client_id or None)
    )
    if record is None:
        raise errors.ORDER_NOT_EXISTING.error()
    return queried_algo(context.contracts[record.symbol], _as_it_stands(context, record))


def read_open_algo_orders(context: Context, params: Params) -> object:
    """Answer GET openAlgoOrders: those that wait, oldest first, in one contract or all."""
    symbol, algo_id = symbol_or_none(context, params), optional_integer(params, "algoId", 1)
    if params.get("algoType"):
        check_algo_type(params["algoType"])
    waiting = views.waiting_conditionals(context.state, context.account_id, symbol)
    chosen = [conditional.record() for conditional in waiting if algo_id in {None, conditional.conditional_id}]
    return [listed_algo(context.contracts[record.symbol], record) for record in chosen]


def read_all_algo_orders(context: Context, params: Params) -> object:
    """Answer GET allAlgoOrders, waiting and ended, by id: from `algoId` on, or placed in the window, or the latest."""
    symbol = contract_of(context, params).symbol
    from_id = optional_integer(params, "algoId")
    start_ms, end_ms = time_window(params, WINDOW_DAYS_MAX)
    limit = row_limit(params, LIMIT_DEFAULT, LIMIT_MAX)
    found = context.history.conditionals.many(
        context.account_id, symbol, from_id=from_id, start_ms=start_ms, end_ms=end_ms, limit=limit
    )
    rows = {record.conditional_id: _as_it_stands(context, record) for record in found}
    for conditional in views.waiting_conditionals(context.state, context.account_id, symbol):
        placed_ms = to_ms(conditional.created_ts)
        after_begin = conditional.conditional_id >= (from_id or 0) and placed_ms >= (start_ms or 0)
        if after_begin and (end_ms is None or placed_ms <= end_ms):
            rows[conditional.conditional_id] = conditional.record()
    ordered = [rows[conditional_id] for conditional_id in sorted(rows)]
    chosen = ordered[:limit] if from_id is not None or start_ms is not None else ordered[-limit:]
    return [listed_algo(context.contracts[record.symbol], record) for record in chosen]


def _as_it_stands(context: Context, record: ConditionalRecord) -> ConditionalRecord:
    """Return a record with what its order has filled so far, while that is open: it is written down at its end only."""
    if record.status is not ConditionalStatus.TRIGGERED:
        return record
    order = account_of(context).holdings[record.symbol].orders.get(record.order_id)
    if order is None:
        return record
    return replace(record, filled=Lots(order.filled), cum_quote=Atoms(order.cum_quote))


def _respond_place(context: Context, _params: Params, _seq: int, events: Sequence[Event]) -> object:
    placed = conditional_states(events)[0]
    return placed_algo(context.contracts[placed.symbol], placed)


def _respond_cancel(_context: Context, _params: Params, _seq: int, events: Sequence[Event]) -> object:
    return canceled_algo(conditional_states(events)[0])


def _respond_cancel_all(_context: Context, _params: Params, _seq: int, _events: Sequence[Event]) -> object:
    return ALL_CANCELED


_SIGNED = Security.SIGNED
_PLACE, _CANCEL = algo_requests.place_conditional, algo_requests.cancel_conditional
_CANCEL_ALL = algo_requests.cancel_all_conditionals
ALGO_ROUTES: tuple[Route, ...] = (
    CommandRoute("POST", "/fapi/v1/algoOrder", _SIGNED, 0, 1, _PLACE, _respond_place),
    CommandRoute("DELETE", "/fapi/v1/algoOrder", _SIGNED, 1, 0, _CANCEL, _respond_cancel),
    CommandRoute("DELETE", "/fapi/v1/algoOpenOrders", _SIGNED, 1, 0, _CANCEL_ALL, _respond_cancel_all),
    ReadRoute("GET", "/fapi/v1/algoOrder", _SIGNED, 1, read_algo_order),
    ReadRoute("GET", "/fapi/v1/openAlgoOrders", _SIGNED, OPEN_ORDERS_WEIGHT, read_open_algo_orders),
    ReadRoute("GET", "/fapi/v1/allAlgoOrders", _SIGNED, 5, read_all_algo_orders),
)
