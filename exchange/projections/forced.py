"""A deleveraging as its two sides see it: the one an order, the other a changed wallet. It holds no rules.

The core makes neither order nor fill for it. To the counterparty it is an order that closed, filled at once, with a
client order id of its own. To the bankrupt it is what a takeover by the fund is: the position goes, and no order tells
of it.
"""

from collections.abc import Iterable, Iterator
from enum import Enum

from msgspec.structs import replace

from exchange.core.enums import BalanceReason, OrderStatus, OrderType, SelfTradePrevention, TimeInForce
from exchange.core.events import AccountUpdated, Deleveraged, Event
from exchange.core.records import OrderRecord
from exchange.core.units import Nanos, Ticks

ADL_CLIENT_ID = "adl_autoclose"


class Forced(Enum):
    """Why an order that its owner did not send exists; the values are the dialect's words."""

    LIQUIDATION = "LIQUIDATION"
    ADL = "ADL"


def deleveraging_order(event: Deleveraged, ts: int) -> OrderRecord:
    """Return the counterparty's side of a deleveraging as an order: filled, without a price of its own."""
    return OrderRecord(
        order_id=event.order_id,
        account_id=event.counterparty_id,
        symbol=event.symbol,
        client_order_id=ADL_CLIENT_ID,
        side=event.side,
        order_type=OrderType.LIQUIDATION,
        time_in_force=TimeInForce.IOC,
        quantity=event.quantity,
        price=Ticks(0),
        reduce_only=True,
        self_trade_prevention=SelfTradePrevention.NONE,
        status=OrderStatus.FILLED,
        filled=event.quantity,
        cum_quote=event.value,
        created_ts=Nanos(ts),
        updated_ts=Nanos(ts),
        position_side=event.counterparty_side,
    )


def by_side(events: Iterable[Event]) -> Iterator[Event]:
    """Yield events as they come; changes by a deleveraging have a reason that fits their side.

    The bankrupt's comes first, then the counterparty's, then `Deleveraged`: INSURANCE_CLEAR for the one, ORDER for the
    other.
    """
    reason = BalanceReason.INSURANCE_CLEAR
    for event in events:
        if isinstance(event, AccountUpdated) and event.reason is BalanceReason.DELEVERAGING:
            yield replace(event, reason=reason)
            reason = BalanceReason.ORDER
        else:
            if isinstance(event, Deleveraged):
                reason = BalanceReason.INSURANCE_CLEAR
            yield event
