"""The trading endpoints, as a table: orders and what became of them. It parses no command and names no JSON field."""

from collections.abc import Sequence

from exchange.core.admission import admit, find_order
from exchange.core.commands import PlaceOrder
from exchange.core.contract import Contract
from exchange.core.enums import OrderStatus
from exchange.core.events import ConditionalUpdated, Event, Rejected
from exchange.core.records import OrderRecord
from exchange.core.units import MILLISECOND, Atoms, Lots, Nanos, Ticks
from exchange.dialects.binance.bodies.legacy import changed_legacy
from exchange.dialects.binance.bodies.orders import (
    ALL_CANCELED,
    amended_order,
    amendment_json,
    changed_order,
    fill_json,
    forced_order,
    order_states,
    placed_order,
    queried_order,
)
from exchange.dialects.binance.parameters import (
    contract_of,
    optional_integer,
    required,
    row_limit,
    symbol_or_none,
    time_window,
    times,
)
from exchange.dialects.binance.rest import batch_requests, legacy_orders, order_requests
from exchange.dialects.binance.rest.order_words import (
    LIMIT_DEFAULT,
    LIMIT_MAX,
    OPEN_ORDERS_WEIGHT,
    WINDOW_DAYS_MAX,
    account_of,
    order_reference,
    wants_result,
)
from exchange.dialects.binance.route import (
    BatchRoute,
    CommandRoute,
    Context,
    Params,
    ReadRoute,
    Route,
    Security,
    by_symbol,
)
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.numbers import to_ms
from exchange.dialects.binance.text.rejections import rejection
from exchange.projections import views
from exchange.projections.forced import Forced

AMENDMENTS_DEFAULT = 50
AMENDMENTS_MAX = 100
FORCED_LIMIT_DEFAULT = 50
FORCED_LIMIT_MAX = 100
_FORCED = {kind.value: kind for kind in Forced}


def read_order(context: Context, params: Params) -> object:
    """Answer GET order: open, or ended as far as history reaches back; -2013 otherwise."""
    contract, (order_id, client_order_id) = contract_of(context, params), order_reference(params)
    named = (contract.symbol, order_id, client_order_id)
    found = find_order(account_of(context), *named)
    if found is not None:
        return queried_order(contract, found.record())
    waiting = legacy_orders.waiting_order(context, *named) if context.legacy_conditional else None
    if waiting is not None:
        return waiting
    record = context.history.order(
        context.account_id, contract.symbol, order_id=order_id or None, client_order_id=client_order_id or None
    )
    if record is not None:
        return queried_order(contract, record)
    past = legacy_orders.past_order(context, *named) if context.legacy_conditional else None
    if past is not None:
        return past
    raise errors.ORDER_NOT_EXISTING.error()


def read_open_order(context: Context, params: Params) -> object:
    """Answer GET openOrder; -2013 when it is not open (any more)."""
    contract, (order_id, client_order_id) = contract_of(context, params), order_reference(params)
    named = (contract.symbol, order_id, client_order_id)
    order = find_order(account_of(context), *named)
    if order is not None:
        return queried_order(contract, order.record())
    waiting = legacy_orders.waiting_order(context, *named) if context.legacy_conditional else None
    if waiting is not None:
        return waiting
    raise errors.ORDER_NOT_EXISTING.error()


def read_open_orders(context: Context, params: Params) -> object:
    """Answer GET openOrders: oldest first, one contract or all."""
    symbol = symbol_or_none(context, params)
    orders = views.open_orders(context.state, context.account_id, symbol)
    rows = [queried_order(context.contracts[order.symbol], order.record()) for order in orders]
    if context.legacy_conditional:
        return sorted([*rows, *legacy_orders.waiting_orders(context, symbol)], key=_order_id)
    return rows


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
    rows = [queried_order(context.contracts[record.symbol], record) for record in orders.values()]
    if context.legacy_conditional:
        rows.extend(legacy_orders.past_orders(context, symbol, from_id, start_ms, end_ms, limit))
    rows.sort(key=_order_id)
    return rows[:limit] if from_id is not None or start_ms is not None else rows[-limit:]


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


def read_amendments(context: Context, params: Params) -> object:
    """Answer GET orderAmendment: what each amendment of an order changed, oldest first."""
    contract, (order_id, client_order_id) = contract_of(context, params), order_reference(params)
    start_ms, end_ms = times(params)
    rows = context.history.amendments.many(
        context.account_id,
        contract.symbol,
        order_id or None,
        client_order_id or None,
        start_ms=start_ms,
        end_ms=end_ms,
        limit=row_limit(params, AMENDMENTS_DEFAULT, AMENDMENTS_MAX),
    )
    return [amendment_json(contract, row) for row in rows]


def try_order(context: Context, params: Params) -> object:
    """Answer POST order/test: what POST order would answer at first, or why it would refuse; nothing is placed.

    Conditional types are -4120 here, whatever the venue was told.
    """
    command = order_requests.place_order(context, params)
    if not isinstance(command, PlaceOrder):
        raise errors.USE_ALGO_ENDPOINT.error()
    state = context.state
    admitted = admit(state, account_of(context), state.markets[command.symbol], command)
    if isinstance(admitted, Rejected):
        raise rejection(context.contracts, command, admitted)
    now = Nanos(context.now_ms * MILLISECOND)
    order = OrderRecord(
        order_id=state.next_order_id,
        account_id=command.account_id,
        symbol=command.symbol,
        client_order_id=command.client_order_id or f"mc-{state.next_order_id}",
        side=command.side,
        order_type=command.order_type,
        time_in_force=command.time_in_force,
        quantity=command.quantity,
        price=Ticks(admitted.price),
        reduce_only=admitted.reduce_only,
        self_trade_prevention=command.self_trade_prevention,
        status=OrderStatus.NEW,
        filled=Lots(0),
        cum_quote=Atoms(0),
        created_ts=now,
        updated_ts=now,
        position_side=command.position_side,
        price_match=command.price_match,
        good_till=command.good_till,
    )
    return changed_order(context.contracts[command.symbol], order)


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


def _contract(context: Context, params: Params) -> Contract:
    return context.contracts[params["symbol"]]


def _respond_place(context: Context, params: Params, _seq: int, events: Sequence[Event]) -> object:
    if isinstance(events[0], ConditionalUpdated):
        return changed_legacy(_contract(context, params), events)
    return placed_order(_contract(context, params), events, result=wants_result(params))


def _respond_cancel(context: Context, params: Params, _seq: int, events: Sequence[Event]) -> object:
    if isinstance(events[0], ConditionalUpdated):
        return changed_legacy(_contract(context, params), events)
    return changed_order(_contract(context, params), order_states(events)[0])


def _respond_amend(context: Context, params: Params, _seq: int, events: Sequence[Event]) -> object:
    """Answer an amendment with the amended order as it stands after matching."""
    order_id, client_id = order_reference(params)
    mine = (order for order in reversed(order_states(events)) if order.account_id == context.account_id)
    named = (order for order in mine if order_id in {0, order.order_id} and client_id in {"", order.client_order_id})
    return amended_order(_contract(context, params), next(named))


def _respond_cancel_all(_context: Context, _params: Params, _seq: int, _events: Sequence[Event]) -> object:
    return ALL_CANCELED


def _respond_countdown(_context: Context, params: Params, _seq: int, _events: Sequence[Event]) -> object:
    return {"symbol": params["symbol"], "countdownTime": str(int(required(params, "countdownTime")))}


def _order_id(row: dict[str, object]) -> int:
    order_id = row["orderId"]
    assert isinstance(order_id, int)
    return order_id


def _within(record: OrderRecord, from_id: int | None, start_ms: int | None, end_ms: int | None) -> bool:
    created_ms = to_ms(record.created_ts)
    return (
        (from_id is None or record.order_id >= from_id)
        and (start_ms is None or created_ms >= start_ms)
        and (end_ms is None or created_ms <= end_ms)
    )


_SIGNED = Security.SIGNED
_PLACE, _AMEND, _CANCEL = order_requests.place_order, order_requests.amend_order, order_requests.cancel_order
_PLACE_ALL, _AMEND_ALL = batch_requests.place_batch, batch_requests.amend_batch
_BATCH_COUNTS = (5, 1)  # however many orders a batch has
TRADE_ROUTES: tuple[Route, ...] = (
    CommandRoute("POST", "/fapi/v1/order", _SIGNED, 0, 1, _PLACE, _respond_place),
    CommandRoute("PUT", "/fapi/v1/order", _SIGNED, 0, 1, _AMEND, _respond_amend),
    CommandRoute("DELETE", "/fapi/v1/order", _SIGNED, 1, 0, _CANCEL, _respond_cancel),
    CommandRoute(
        "DELETE", "/fapi/v1/allOpenOrders", _SIGNED, 1, 0, order_requests.cancel_all_orders, _respond_cancel_all
    ),
    CommandRoute(
        "POST", "/fapi/v1/countdownCancelAll", _SIGNED, 10, 0, order_requests.set_countdown, _respond_countdown
    ),
    BatchRoute("POST", "/fapi/v1/batchOrders", _SIGNED, 5, _BATCH_COUNTS, _PLACE_ALL, _respond_place),
    BatchRoute("PUT", "/fapi/v1/batchOrders", _SIGNED, 5, _BATCH_COUNTS, _AMEND_ALL, _respond_amend),
    BatchRoute("DELETE", "/fapi/v1/batchOrders", _SIGNED, 1, (0, 0), batch_requests.cancel_batch, _respond_cancel),
    ReadRoute("POST", "/fapi/v1/order/test", _SIGNED, 0, try_order),
    ReadRoute("GET", "/fapi/v1/order", _SIGNED, 1, read_order),
    ReadRoute("GET", "/fapi/v1/openOrder", _SIGNED, 1, read_open_order),
    ReadRoute("GET", "/fapi/v1/openOrders", _SIGNED, OPEN_ORDERS_WEIGHT, read_open_orders),
    ReadRoute("GET", "/fapi/v1/allOrders", _SIGNED, 5, read_all_orders),
    ReadRoute("GET", "/fapi/v1/orderAmendment", _SIGNED, 1, read_amendments),
    ReadRoute("GET", "/fapi/v1/forceOrders", _SIGNED, by_symbol(20, 50), read_force_orders),
    ReadRoute("GET", "/fapi/v1/userTrades", _SIGNED, 5, read_user_trades),
)
