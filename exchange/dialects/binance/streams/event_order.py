"""In which order a fill is told to its account: what it did to the account first, or what it did to the order. Pure.

No document says which comes first. Logs of the live venue show the account first; a bot should stand both.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from exchange.dialects.binance.streams.user_events import UserEvent

EventOrder = Callable[[Iterable[UserEvent]], Iterable[UserEvent]]


def account_first(events: Iterable[UserEvent]) -> Iterable[UserEvent]:
    """Return the events as the dialect makes them: ACCOUNT_UPDATE before the ORDER_TRADE_UPDATE of the same fill."""
    return events


def order_first(events: Iterable[UserEvent]) -> Iterator[UserEvent]:
    """Yield the events with each ACCOUNT_UPDATE of a fill after the ORDER_TRADE_UPDATE that follows it."""
    held: UserEvent | None = None
    for event in events:
        if held is not None and event.name == "ORDER_TRADE_UPDATE" and event.account_id == held.account_id:
            yield event
            yield held
            held = None
            continue
        if held is not None:
            yield held
            held = None
        if _is_of_fill(event):
            held = event
        else:
            yield event
    if held is not None:
        yield held


EVENT_ORDERS: Mapping[str, EventOrder] = {"account-first": account_first, "order-first": order_first}


def _is_of_fill(event: UserEvent) -> bool:
    told = event.payload.get("a")
    return event.name == "ACCOUNT_UPDATE" and isinstance(told, dict) and told["m"] == "ORDER"
