"""The trading endpoints, as a table: orders and what became of them. It parses no command and names no JSON field."""

from collections.abc import Sequence

from exchange.core.account import Account
from exchange.core.admission import find_order
from exchange.core.contract import Contract
from exchange.core.events import Event
from exchange.core.records import OrderRecord
from exchange.dialects.binance import errors, requests
from exchange.dialects.binance.numbers import to_ms
from exchange.dialects.binance.parameters import contract_of, optional_integer, row_limit, symbol_or_none, time_window
from exchange.dialects.binance.requests import order_reference, wants_result
from exchange.dialects.binance.route import CommandRoute, Context, Params, ReadRoute, Route, Security
from exchange.dialects.binance.trade_responses import (
    ALL_CANCELED,
    amended_order,
    changed_order,
    fill_json,
    forced_order,
    order_states,
    placed_order,
    queried_order,
)
from exchange.projections import views
from exchange.projections.forced import Forced

LIMIT_DEFAULT = 500
LIMIT_MAX = 1000
WINDOW_DAYS_MAX = 7
FORCED_LIMIT_DEFAULT = 50
FORCED_LIMIT_MAX = 100
_FORCED = {kind.value: kind for kind in Forced}


def read_order(context: Context, params: Params) -> object:
    """Answer GET order: open, or ended as far as history reaches back; -2013 otherwise."""
    contract = contract_of(context, params)
    order_id, client_order_id = order_reference(params)
    found = find_order(_account(context), contract.symbol, order_id, client_order_id)
    record = (
        found.record()
        if found is not None
        else context.history.order(
            context.account_id, contract.symbol, order_id=order_id or None, client_order_id=client_order_id or None
        )
    )
    if record is None:
        raise errors.ORDER_NOT_EXISTING.error()
    return queried_order(contract, record)


def read_open_order(context: Context, params: Params) -> object:
    """Answer GET openOrder; -2013 when it is not open (any more)."""
    contract = contract_of(context, params)
    order_id, client_order_id = order_reference(params)
    order = find_order(_account(context), contract.symbol, order_id, client_order_id)
    if order is None:
        raise errors.ORDER_NOT_EXISTING.error()
    return queried_order(contract, order.record())


def read_open_orders(context: Context, params: Params) -> object:
    """Answer GET openOrders: oldest first, one contract or all."""
    orders = views.open_orders(context.state, context.account_id, symbol_or_none(context, params))
    return [queried_order(context.contracts[order.symbol], order.record()) for order in orders]


def read_all_orders(context: Context, params: Params) -> object:
    """Answer GET allOrders: open and ended, by id; from `orderId` on, or placed within the window, or the latest."""
    symbol = symbol_or_none(context, params)
    from_id = optional_integer(params, "orderId")
    start_ms, end_ms = time_window(params, WINDOW_DAYS_MAX)
    limit = row_limit(params, LIMIT_DEFAULT, LIMIT_MAX)
    orders = {
        record.order_id: record
        for record in context.history.orders(
            context.account_id, symbol, from_id=from_id, start_ms=start_ms, end_ms=end_ms, limit=limit
        )
    }
    for order in views.open_orders(context.state, context.account_id, symbol):
        record = order.record()
        if _within(record, from_id, start_ms, end_ms):
            orders[record.order_id] = record
    rows = sorted(orders.values(), key=lambda record: record.order_id)
    chosen = rows[:limit] if from_id is not None or start_ms is not None else rows[-limit:]
    return [queried_order(context.contracts[record.symbol], record) for record in chosen]


def read_user_trades(context: Context, params: Params) -> object:
    """Answer GET userTrades: the account's fills, oldest first."""
    start_ms, end_ms = time_window(params, WINDOW_DAYS_MAX)
    from_id = optional_integer(params, "fromId")
    if from_id is not None and start_ms is not None:
        raise errors.PARAMETERS_CLASH.error()
    rows = context.history.fills(
        context.account_id,
        contract_of(context, params).symbol,
        order_id=optional_integer(params, "orderId"),
        from_id=from_id,
        start_ms=start_ms,
        end_ms=end_ms,
        limit=row_limit(params, LIMIT_DEFAULT, LIMIT_MAX),
    )
    return [fill_json(context.contracts[row.order.symbol], row.order, row.fill, row.ts) for row in rows]


def read_force_orders(context: Context, params: Params) -> object:
    """Answer GET forceOrders: the account's liquidation and deleveraging orders, oldest first."""
    start_ms, end_ms = time_window(params, WINDOW_DAYS_MAX)
    word = params.get("autoCloseType") or None
    if word is not None and word not in _FORCED:
        raise errors.DATA_NOT_VALID.error("autoCloseType")
    rows = context.history.forced_orders(
        context.account_id,
        symbol_or_none(context, params),
        None if word is None else _FORCED[word],
        start_ms=start_ms,
        end_ms=end_ms,
        limit=row_limit(params, FORCED_LIMIT_DEFAULT, FORCED_LIMIT_MAX),
    )
    return [forced_order(context.contracts[record.symbol], record) for record in rows]


def force_orders_weight(params: Params) -> int:
    """Return the weight of forceOrders: 20 with a symbol, 50 without."""
    return 20 if params.get("symbol") else 50


def open_orders_weight(params: Params) -> int:
    """Return the weight of openOrders: 1 with a symbol, 40 without."""
    return 1 if params.get("symbol") else 40


def _account(context: Context) -> Account:
    return context.state.accounts[context.account_id]


def _contract(context: Context, params: Params) -> Contract:
    return context.contracts[params["symbol"]]


def _respond_place(context: Context, params: Params, _seq: int, events: Sequence[Event]) -> object:
    return placed_order(_contract(context, params), events, result=wants_result(params))


def _respond_cancel(context: Context, params: Params, _seq: int, events: Sequence[Event]) -> object:
    return changed_order(_contract(context, params), order_states(events)[0])


def _respond_amend(context: Context, params: Params, _seq: int, events: Sequence[Event]) -> object:
    """Answer an amendment with the amended order as it stands after matching."""
    order_id, client_id = order_reference(params)
    mine = (order for order in reversed(order_states(events)) if order.account_id == context.account_id)
    named = (order for order in mine if order_id in {0, order.order_id} and client_id in {"", order.client_order_id})
    return amended_order(_contract(context, params), next(named))


def _respond_cancel_all(_context: Context, _params: Params, _seq: int, _events: Sequence[Event]) -> object:
    return ALL_CANCELED


def _within(record: OrderRecord, from_id: int | None, start_ms: int | None, end_ms: int | None) -> bool:
    created_ms = to_ms(record.created_ts)
    return (
        (from_id is None or record.order_id >= from_id)
        and (start_ms is None or created_ms >= start_ms)
        and (end_ms is None or created_ms <= end_ms)
    )


_SIGNED = Security.SIGNED
TRADE_ROUTES: tuple[Route, ...] = (
    CommandRoute("POST", "/fapi/v1/order", _SIGNED, 0, 1, requests.place_order, _respond_place),
    CommandRoute("PUT", "/fapi/v1/order", _SIGNED, 0, 1, requests.amend_order, _respond_amend),
    CommandRoute("DELETE", "/fapi/v1/order", _SIGNED, 1, 0, requests.cancel_order, _respond_cancel),
    CommandRoute("DELETE", "/fapi/v1/allOpenOrders", _SIGNED, 1, 0, requests.cancel_all_orders, _respond_cancel_all),
    ReadRoute("GET", "/fapi/v1/order", _SIGNED, 1, read_order),
    ReadRoute("GET", "/fapi/v1/openOrder", _SIGNED, 1, read_open_order),
    ReadRoute("GET", "/fapi/v1/openOrders", _SIGNED, open_orders_weight, read_open_orders),
    ReadRoute("GET", "/fapi/v1/allOrders", _SIGNED, 5, read_all_orders),
    ReadRoute("GET", "/fapi/v1/forceOrders", _SIGNED, force_orders_weight, read_force_orders),
    ReadRoute("GET", "/fapi/v1/userTrades", _SIGNED, 5, read_user_trades),
)
