"""What happened, in the words of the market tables: events as text. It judges nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from exchange.core import events as e
from exchange.core.contract import Contract
from exchange.core.enums import Execution, OrderType
from tests.market.notation import plain


@dataclass(slots=True)
class Names:
    """What a table calls accounts and orders, by id, and the contracts by symbol."""

    accounts: dict[int, str]
    orders: dict[int, str]
    contracts: dict[str, Contract]

    def price(self, symbol: str, ticks: int) -> str:
        """Return a price as decimal text."""
        return plain(ticks * self.contracts[symbol].tick_atoms)

    def quantity(self, symbol: str, lots: int) -> str:
        """Return a quantity as decimal text."""
        return plain(lots * self.contracts[symbol].step_e8)

    def of(self, symbol: str) -> str:
        """Return the base asset of a contract that is not the first one, as a suffix."""
        return "" if symbol == next(iter(self.contracts)) else f" {self.contracts[symbol].base_asset}"


def told(events: Iterable[e.Event], names: Names) -> list[str]:
    """Return the happenings of a command, in order. Balances and levels are asked for by lines of their own."""
    return [text for event in events for text in _told(event, names)]


def _told(event: e.Event, names: Names) -> list[str]:
    match event:
        case e.Rejected():
            return [f"refused {event.reason.name}"]
        case e.TradePrinted():
            amount = f"{names.quantity(event.symbol, event.quantity)} @ {names.price(event.symbol, event.price)}"
            return [f"trade {amount} with {names.orders[event.maker_order_id]}"]
        case e.OrderUpdated():
            return _order(event, names)
        case e.PositionLiquidated():
            return _liquidated(event, names)
        case e.MarginCalled():
            return [f"call {names.accounts[event.account_id]}"]
        case e.AccountLocked():
            return [f"lock {names.accounts[event.account_id]}"]
        case e.AccountReleased():
            return [f"release {names.accounts[event.account_id]}"]
        case e.FundShortfall():
            return [f"fund short of {plain(event.amount)}"]
        case e.FundInventoryExceeded():
            return [f"fund holds {plain(event.net_notional)} beyond {plain(event.cap)}"]
        case e.FundingSettled():
            return [f"funding{names.of(event.symbol)} at {names.price(event.symbol, event.mark_price)}"]
        case e.Resumed():
            return [f"resumed, {event.missed_fundings} fundings missed"]
        case _:
            return []


def _order(event: e.OrderUpdated, names: Names) -> list[str]:
    order = event.order
    if order.order_type is OrderType.LIQUIDATION or order.account_id == 0:
        return []  # the venue's own orders have no names; their trades tell
    name = names.orders[order.order_id]
    match event.execution:
        case Execution.NEW:
            return [name]
        case Execution.TRADE:
            return []
        case Execution.EXPIRED:
            return [f"{name} expired {event.expire_reason.name}"]
        case Execution.CANCELED:
            return [f"{name} canceled"]
        case Execution.AMENDMENT:
            return [f"{name} amended"]


def _liquidated(event: e.PositionLiquidated, names: Names) -> list[str]:
    """`liquidate A 1 @ 9100`, then the fee, then what the fund took over and for how much."""
    quantity = names.quantity(event.symbol, abs(event.quantity))
    limit = names.price(event.symbol, event.limit_price)
    lines = [f"liquidate {names.accounts[event.account_id]} {quantity}{names.of(event.symbol)} @ {limit}"]
    if event.fee:
        lines.append(f"fee {plain(event.fee)}")
    if event.taken_over_quantity:
        taken = names.quantity(event.symbol, abs(event.taken_over_quantity))
        lines.append(f"fund takes {taken} for {plain(event.taken_over_value)}")
    return lines
