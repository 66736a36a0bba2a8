"""Orders, fills and receipts as the dialect writes them: JSON-able objects from records. It looks nothing up."""

from collections.abc import Sequence

from exchange.core.contract import Contract
from exchange.core.enums import OrderStatus, Side, WorkingType
from exchange.core.events import Event, OrderUpdated
from exchange.core.records import Fill, OrderRecord, Origin
from exchange.dialects.binance.text.numbers import (
    average_price_text,
    money_text,
    notional_text,
    price_text,
    quantity_text,
    to_ms,
)
from exchange.projections.algo_history import AmendmentRow

_NOT_OF_FORCED = ("priceProtect", "priceMatch", "selfTradePreventionMode", "goodTillDate")
ALL_CANCELED = {"code": 200, "msg": "The operation of cancel all open order is done."}


def order_json(contract: Contract, order: OrderRecord) -> dict[str, object]:
    """Return the fields that every answer about an order has (6.2), as it stands in the record."""
    origin = order.origin
    return {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": order.status.value,
        "clientOrderId": order.client_order_id,
        "price": price_text(contract, order.price),
        "avgPrice": average_price_text(contract, order.cum_quote, order.filled),
        "origQty": quantity_text(contract, order.quantity),
        "executedQty": quantity_text(contract, order.filled),
        "cumQuote": notional_text(contract, order.cum_quote),
        "timeInForce": order.time_in_force.value,
        "type": order.order_type.value,
        "reduceOnly": order.reduce_only,
        "closePosition": False if origin is None else origin.close_position,
        "side": order.side.name,
        "positionSide": order.position_side.value,
        "stopPrice": price_text(contract, 0 if origin is None else origin.trigger_price),
        "workingType": working_word(origin),
        "priceProtect": False if origin is None else origin.price_protect,
        "origType": original_type(order),
        "priceMatch": order.price_match.value,
        "selfTradePreventionMode": order.self_trade_prevention.value,
        "goodTillDate": to_ms(order.good_till),
        "updateTime": to_ms(order.updated_ts),
    }


def original_type(order: OrderRecord) -> str:
    """Return the type that was asked for: that of the conditional order which became this one, or its own."""
    return order.order_type.value if order.origin is None else order.origin.kind.value


def working_word(origin: Origin | None) -> str:
    """Return which price a conditional order watched; an order that was none has the dialect's default."""
    return (WorkingType.CONTRACT_PRICE if origin is None else origin.working_type).value


def queried_order(contract: Contract, order: OrderRecord) -> dict[str, object]:
    """Return an order as queries answer it: with the time it was placed."""
    return {**order_json(contract, order), "time": to_ms(order.created_ts)}


def changed_order(contract: Contract, order: OrderRecord) -> dict[str, object]:
    """Return an order as placing and cancelling answer it: with `cumQty`."""
    return {**order_json(contract, order), "cumQty": quantity_text(contract, order.filled)}


def amended_order(contract: Contract, order: OrderRecord) -> dict[str, object]:
    """Return an order as amending answers it: with `cumQty` and `modifyId`."""
    return {**changed_order(contract, order), "modifyId": order.modify_id}


def placed_order(contract: Contract, events: Sequence[Event], *, result: bool) -> dict[str, object]:
    """Return the answer to a placement: the receipt with status NEW and zeros, or the state after matching."""
    states = order_states(events)
    first = states[0]
    assert first.status is OrderStatus.NEW, "a placement begins with the event NEW"
    return changed_order(contract, last_state(states, first.order_id) if result else first)


def order_states(events: Sequence[Event]) -> list[OrderRecord]:
    """Return the order records of all order events, in their order."""
    return [event.order for event in events if isinstance(event, OrderUpdated)]


def last_state(states: Sequence[OrderRecord], order_id: int) -> OrderRecord:
    """Return the last record of one order; it must be among them."""
    return next(order for order in reversed(states) if order.order_id == order_id)


def forced_order(contract: Contract, order: OrderRecord) -> dict[str, object]:
    """Return one row of forceOrders; the dialect calls the type of all of them LIMIT here."""
    row = queried_order(contract, order)
    base = quantity_text(contract, order.filled)
    told = {**row, "pair": order.symbol, "cumBase": base, "type": "LIMIT", "origType": "LIMIT"}
    return {name: value for name, value in told.items() if name not in _NOT_OF_FORCED}


def amendment_json(contract: Contract, row: AmendmentRow) -> dict[str, object]:
    """Return one row of orderAmendment."""
    before, after = (
        {"price": price_text(contract, price), "origQty": quantity_text(contract, quantity)}
        for price, quantity in ((row.price_before, row.quantity_before), (row.price, row.quantity))
    )
    return {
        "amendmentId": row.amendment_id,
        "symbol": row.symbol,
        "pair": row.symbol,
        "orderId": row.order_id,
        "clientOrderId": row.client_order_id,
        "time": to_ms(row.ts),
        "amendment": {
            **{name: {"before": before[name], "after": after[name]} for name in before},
            "count": row.count,
            "modifyId": row.modify_id,
        },
    }


def fill_json(contract: Contract, order: OrderRecord, fill: Fill, ts: int) -> dict[str, object]:
    """Return one row of userTrades. `ts` in nanoseconds."""
    return {
        "symbol": order.symbol,
        "pair": order.symbol,
        "id": fill.trade_id,
        "orderId": order.order_id,
        "side": order.side.name,
        "price": price_text(contract, fill.price),
        "qty": quantity_text(contract, fill.quantity),
        "quoteQty": notional_text(contract, contract.notional(fill.price, fill.quantity)),
        "baseQty": quantity_text(contract, fill.quantity),
        "realizedPnl": money_text(fill.realized_pnl),
        "marginAsset": contract.quote_asset,
        "commission": money_text(fill.fee),
        "commissionAsset": contract.quote_asset,
        "time": to_ms(ts),
        "positionSide": order.position_side.value,
        "buyer": order.side is Side.BUY,
        "maker": fill.maker,
    }
