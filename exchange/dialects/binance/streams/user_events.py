"""Events of the venue as the user stream's messages (11), in the order in which the dialect sends them. No sockets.

For a fill: TRADE_LITE, ACCOUNT_UPDATE, ORDER_TRADE_UPDATE, as logs of the live venue show. All times are milliseconds.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias, TypeVar, cast

from exchange.core.contract import Contract
from exchange.core.enums import BalanceReason, ConditionalType, Execution, MarginType, OrderType, PositionSide
from exchange.core.events import (
    AccountUpdated,
    ConditionalUpdated,
    Deleveraged,
    Event,
    LeverageSet,
    MarginCalled,
    MarginCallPosition,
    MarginTypeSet,
    OrderUpdated,
)
from exchange.core.records import Fill, OrderRecord, PositionRecord
from exchange.core.units import Atoms, Lots
from exchange.dialects.binance.bodies.conditional import ALGO_TYPE, ORDER_MADE, algo_quantity, order_type
from exchange.dialects.binance.bodies.orders import original_type, working_word
from exchange.dialects.binance.text.margin_words import MARGIN_WORDS
from exchange.dialects.binance.text.numbers import (
    average_price_text,
    fine_price_text,
    money_text,
    notional_text,
    percent_text,
    price_text,
    quantity_text,
    to_ms,
)
from exchange.dialects.binance.text.rejections import reject_text
from exchange.projections.forced import by_side, deleveraging_order

Json = dict[str, object]
Contracts = Mapping[str, Contract]
# Money from outside may come to the funding wallet alone, which this stream does not speak of.
_FROM_OUTSIDE = (BalanceReason.ADMIN_DEPOSIT, BalanceReason.ADMIN_WITHDRAW)
_REASON_WORDS = {BalanceReason.LOSS_SHARED: "ADJUSTMENT"}  # all others are the dialect's own words
_Told: TypeAlias = (
    AccountUpdated | ConditionalUpdated | Deleveraged | LeverageSet | MarginCalled | MarginTypeSet | OrderUpdated
)
NOTHING_FILLED = "0.00000"  # how the dialect writes it of a conditional order
EventT = TypeVar("EventT", bound=_Told)


class UserEvent(NamedTuple):
    """One message for one account; `name` is its event name, for clients that filter by it."""

    account_id: int
    name: str
    payload: Json


def user_events(
    contracts: Contracts, ts: int, events: Iterable[Event], now_ms: int, watched: Container[int]
) -> Iterator[UserEvent]:
    """Yield the messages that one command's events mean for the watched accounts; `ts` in nanoseconds."""
    waiting: AccountUpdated | None = None  # until it is known whether the fill that it belongs to follows
    for event in by_side(events):
        of_fill = waiting is not None and _is_fill_of(waiting, event)
        if waiting is not None:
            if of_fill and isinstance(event, OrderUpdated):
                yield from _rendered(trade_lite, contracts, ts, event, now_ms, watched)
            yield from _rendered(account_update, contracts, ts, waiting, now_ms, watched)
            waiting = None
        if isinstance(event, AccountUpdated):
            waiting = event
        elif isinstance(event, OrderUpdated):
            if event.fill is not None and not of_fill:
                yield from _rendered(trade_lite, contracts, ts, event, now_ms, watched)
            yield from _rendered(order_trade_update, contracts, ts, event, now_ms, watched)
        elif isinstance(event, ConditionalUpdated):
            yield from _rendered(algo_update, contracts, ts, event, now_ms, watched)
        elif isinstance(event, Deleveraged):
            yield from _rendered(deleveraging_update, contracts, ts, event, now_ms, watched)
        elif isinstance(event, LeverageSet):
            yield from _rendered(account_config_update, contracts, ts, event, now_ms, watched)
        elif isinstance(event, MarginTypeSet):
            yield from _rendered(margin_type_change, contracts, ts, event, now_ms, watched)
        elif isinstance(event, MarginCalled):
            yield from _rendered(margin_call, contracts, ts, event, now_ms, watched)
    if waiting is not None:
        yield from _rendered(account_update, contracts, ts, waiting, now_ms, watched)


def trade_lite(contracts: Contracts, ts: int, event: OrderUpdated, now_ms: int) -> Json:
    """Return the short message of a fill."""
    order, fill = event.order, event.fill
    assert fill is not None, "only fills have this message"
    contract = contracts[order.symbol]
    return {
        "e": "TRADE_LITE",
        "E": now_ms,
        "T": to_ms(ts),
        "s": order.symbol,
        "q": quantity_text(contract, order.quantity),
        "p": _or_zero(price_text, contract, order.price),
        "m": fill.maker,
        "c": order.client_order_id,
        "S": order.side.name,
        "L": price_text(contract, fill.price),
        "l": quantity_text(contract, fill.quantity),
        "t": fill.trade_id,
        "i": order.order_id,
    }


def order_trade_update(contracts: Contracts, ts: int, event: OrderUpdated, now_ms: int) -> Json:
    """Return the full message of anything that happens to an order."""
    order, origin = event.order, event.order.origin
    contract = contracts[order.symbol]
    body: Json = {
        "s": order.symbol,
        "c": order.client_order_id,
        "S": order.side.name,
        "o": order.order_type.value,
        "f": order.time_in_force.value,
        "q": quantity_text(contract, order.quantity),
        "p": _or_zero(price_text, contract, order.price),
        "ap": average_price_text(contract, order.cum_quote, order.filled) if order.filled else "0",
        "sp": "0" if origin is None else price_text(contract, origin.trigger_price),
        "x": execution_word(order, event.execution),
        "X": order.status.value,
        "i": order.order_id,
        "z": _or_zero(quantity_text, contract, order.filled),
        "N": contract.quote_asset,
        "T": to_ms(ts),
        "b": _or_zero(notional_text, contract, event.bids_notional),
        "a": _or_zero(notional_text, contract, event.asks_notional),
        "R": order.reduce_only,
        "wt": working_word(origin),
        "ot": original_type(order),
        "ps": order.position_side.value,
        "cp": False if origin is None else origin.close_position,
        "pP": False if origin is None else origin.price_protect,
        "si": 0,
        "ss": 0,
        "V": order.self_trade_prevention.value,
        "pm": order.price_match.value,
        "gtd": to_ms(order.good_till),
        "er": str(event.expire_reason.value),
        **_fill_fields(contract, event.fill),
    }
    if origin is not None and origin.kind is ConditionalType.TRAILING_STOP_MARKET:
        body["AP"] = price_text(contract, origin.activation_price)
        body["cr"] = percent_text(origin.callback_rate)
    if event.execution is Execution.AMENDMENT:
        body["M"] = str(order.modify_id)
    return {"e": "ORDER_TRADE_UPDATE", "E": now_ms, "T": to_ms(ts), "o": body}


def algo_update(contracts: Contracts, ts: int, event: ConditionalUpdated, now_ms: int) -> Json:
    """Return the message of a conditional order's new status; `rm` tells why what it was to become was refused."""
    conditional = event.conditional
    contract, made = contracts[conditional.symbol], conditional.status in ORDER_MADE
    filled = conditional.filled
    body: Json = {
        "caid": conditional.client_id,
        "aid": conditional.conditional_id,
        "at": ALGO_TYPE,
        "o": conditional.kind.value,
        "s": conditional.symbol,
        "S": conditional.side.name,
        "ps": conditional.position_side.value,
        "f": conditional.time_in_force.value,
        "q": algo_quantity(contract, conditional),
        "X": conditional.status.value,
        "ai": str(conditional.order_id) if made else "",
        "ap": average_price_text(contract, conditional.cum_quote, filled) if filled else NOTHING_FILLED,
        "aq": quantity_text(contract, filled) if filled else NOTHING_FILLED,
        "act": order_type(conditional).value if made else "0",
        "tp": price_text(contract, conditional.trigger_price),
        "p": _or_zero(price_text, contract, conditional.price),
        "V": conditional.self_trade_prevention.value,
        "wt": conditional.working_type.value,
        "pm": conditional.price_match.value,
        "cp": conditional.close_position,
        "pP": conditional.price_protect,
        "R": conditional.reduce_only,
        "tt": to_ms(conditional.triggered_ts),
        "gtd": to_ms(conditional.good_till),
        "rm": reject_text(contracts, conditional),
    }
    return {"e": "ALGO_UPDATE", "T": to_ms(ts), "E": now_ms, "o": body}


def deleveraging_update(contracts: Contracts, ts: int, event: Deleveraged, now_ms: int) -> Json:
    """Return the message to the counterparty of a deleveraging: an order that was filled at once, without a trade."""
    contract = contracts[event.symbol]
    order = OrderUpdated(deleveraging_order(event, ts), Execution.TRADE)  # its open orders there have just expired
    told = order_trade_update(contracts, ts, order, now_ms)
    price = average_price_text(contract, max(0, event.value), event.quantity)
    body = {
        **cast("Json", told["o"]),
        "ap": price,
        "l": quantity_text(contract, event.quantity),
        "L": price,
        "rp": money_text(event.realized_pnl) if event.realized_pnl else "0",
    }
    return {**told, "o": body}


def execution_word(order: OrderRecord, execution: Execution) -> str:
    """Return the execution type: fills of a liquidation order are CALCULATED, all else is as the venue calls it."""
    if execution is Execution.TRADE and order.order_type is OrderType.LIQUIDATION:
        return "CALCULATED"
    return execution.value


def account_update(contracts: Contracts, ts: int, event: AccountUpdated, now_ms: int) -> Json:
    """Return the message of a changed wallet or position; `bc` leaves profit and commission out."""
    of_trade = event.reason is BalanceReason.ORDER
    asset = next(iter(contracts.values())).quote_asset
    wallet, cross = event.wallet_balance, event.wallet_balance - event.isolated_balance
    change = "0" if of_trade else money_text(event.balance_change)
    return {
        "e": "ACCOUNT_UPDATE",
        "E": now_ms,
        "T": to_ms(ts),
        "a": {
            "m": _REASON_WORDS.get(event.reason, event.reason.value),
            "B": [{"a": asset, "wb": money_text(wallet), "cw": money_text(cross), "bc": change}],
            "P": [_position(contracts[position.symbol], position) for position in event.positions],
        },
    }


def margin_type_change(contracts: Contracts, ts: int, event: MarginTypeSet, now_ms: int) -> Json:
    """Return the message of a chosen margin type: an account update of no balance, with the empty positions of it.

    The choice needs a contract without positions, and says nothing of what was realised in it before.
    """
    sides = (PositionSide.LONG, PositionSide.SHORT) if event.hedge else (PositionSide.BOTH,)
    none, nothing = Lots(0), Atoms(0)
    empty = [PositionRecord(event.symbol, none, nothing, nothing, nothing, side, event.margin_type) for side in sides]
    rows = [_position(contracts[event.symbol], position) for position in empty]
    body = {"m": "MARGIN_TYPE_CHANGE", "B": [], "P": rows}
    return {"e": "ACCOUNT_UPDATE", "E": now_ms, "T": to_ms(ts), "a": body}


def account_config_update(contracts: Contracts, ts: int, event: LeverageSet, now_ms: int) -> Json:
    """Return the message of a chosen leverage."""
    del contracts
    return {
        "e": "ACCOUNT_CONFIG_UPDATE",
        "E": now_ms,
        "T": to_ms(ts),
        "ac": {"s": event.symbol, "l": event.leverage},
    }


def margin_call(contracts: Contracts, ts: int, event: MarginCalled, now_ms: int) -> Json:
    """Return the message that funds are needed: by the cross wallet, or (then without `cw`) by an isolated position."""
    del ts
    isolated_wallet = event.wallet_balance if event.symbol else None
    return {
        "e": "MARGIN_CALL",
        "E": now_ms,
        **({"cw": money_text(event.wallet_balance)} if isolated_wallet is None else {}),
        "p": [_called_position(contracts[row.symbol], row, isolated_wallet) for row in event.positions],
    }


def listen_key_expired(key: str, now_ms: int) -> Json:
    """Return the last message of a user stream whose key ran out."""
    return {"e": "listenKeyExpired", "E": now_ms, "listenKey": key}


def _is_fill_of(waiting: AccountUpdated, event: Event) -> bool:
    """Tell whether an order event is the fill that changed the account just before it."""
    return (
        waiting.reason is BalanceReason.ORDER
        and isinstance(event, OrderUpdated)
        and event.fill is not None
        and event.order.account_id == waiting.account_id
    )


def _rendered(
    render: Callable[[Contracts, int, EventT, int], Json],
    contracts: Contracts,
    ts: int,
    event: EventT,
    now_ms: int,
    watched: Container[int],
) -> Iterator[UserEvent]:
    """Yield the message of an event when somebody watches its account and it says anything."""
    account_id = _told_to(event)
    if account_id not in watched:
        return
    if isinstance(event, AccountUpdated) and event.reason in _FROM_OUTSIDE and event.balance_change == 0:
        return
    payload = render(contracts, ts, event, now_ms)
    yield UserEvent(account_id, str(payload["e"]), payload)


def _told_to(event: _Told) -> int:
    """Return the account that an event is told to."""
    if isinstance(event, OrderUpdated):
        return event.order.account_id
    if isinstance(event, ConditionalUpdated):
        return event.conditional.account_id
    return event.counterparty_id if isinstance(event, Deleveraged) else event.account_id


def _or_zero(text: Callable[[Contract, int], str], contract: Contract, value: int) -> str:
    """Return a number as text, a zero as "0"."""
    return text(contract, value) if value else "0"


def _fill_fields(contract: Contract, fill: Fill | None) -> Json:
    """Return what an order message says of the fill that it reports, zeros without one."""
    if fill is None:
        return {"l": "0", "L": "0", "n": "0", "t": 0, "m": False, "rp": "0"}
    return {
        "l": quantity_text(contract, fill.quantity),
        "L": price_text(contract, fill.price),
        "n": money_text(fill.fee) if fill.fee else "0",
        "t": fill.trade_id,
        "m": fill.maker,
        "rp": money_text(fill.realized_pnl) if fill.realized_pnl else "0",
    }


def _position(contract: Contract, position: PositionRecord) -> Json:
    """Return a changed position."""
    entry_price = average_price_text(contract, position.entry_value, position.quantity)
    return {
        "s": position.symbol,
        "pa": quantity_text(contract, position.quantity),
        "ep": entry_price,
        "bep": entry_price,
        "cr": money_text(position.realized_pnl),
        "up": money_text(position.unrealized_pnl),
        "mt": MARGIN_WORDS[position.margin_type].shown,
        "iw": money_text(position.isolated_wallet) if position.isolated_wallet else "0",
        "ps": position.position_side.value,
    }


def _called_position(contract: Contract, position: MarginCallPosition, isolated_wallet: int | None) -> Json:
    """Return a position of a margin call; `isolated_wallet` in atoms, None for a cross one."""
    margin_type = MarginType.CROSS if isolated_wallet is None else MarginType.ISOLATED
    return {
        "s": position.symbol,
        "ps": position.position_side.value,
        "pa": quantity_text(contract, position.quantity),
        "mt": MARGIN_WORDS[margin_type].chosen,
        "iw": "0" if isolated_wallet is None else money_text(isolated_wallet),
        "mp": fine_price_text(contract, position.mark_price),
        "up": money_text(position.unrealized_pnl),
        "mm": money_text(position.maintenance_margin),
    }
