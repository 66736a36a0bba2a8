"""What happened, in the words of the market tables: events as text. It judges nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from exchange.core import events as e
from exchange.core.contract import Contract
from exchange.core.enums import Execution, MarginMove, OrderType, PositionSide
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

    def whose(self, account_id: int, symbol: str, side: PositionSide) -> str:
        """Return `A` for its cross positions (no symbol), `A BTC` or `A BTC LONG` for an isolated one."""
        scope = f" {self.contracts[symbol].base_asset}{leg(side)}" if symbol else ""
        return self.accounts[account_id] + scope


def leg(side: PositionSide) -> str:
    """Return the side of a position as a suffix; nothing in one-way mode."""
    return "" if side is PositionSide.BOTH else f" {side.name}"


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
            return [f"call {names.whose(event.account_id, event.symbol, event.position_side)}"]
        case e.AccountLocked():
            return [f"lock {names.whose(event.account_id, event.symbol, event.position_side)}"]
        case e.AccountReleased():
            return [f"release {names.whose(event.account_id, event.symbol, event.position_side)}"]
        case e.IsolatedMarginMoved():
            return _moved(event, names)
        case e.FundShortfall():
            return [f"fund short of {plain(event.amount)}"]
        case e.FundInventoryExceeded():
            return [f"fund holds {plain(event.net_notional)} beyond {plain(event.cap)}"]
        case e.Resumed():
            return [f"resumed, {event.missed_fundings} fundings missed"]
        case _:
            return _told_of_prices(event, names)


def _told_of_prices(event: e.Event, names: Names) -> list[str]:
    match event:
        case e.IndexSourceChanged():
            # A contract's only source needs no name: the state of the market tells of it.
            several = len(names.contracts[event.symbol].index.sources) > 1
            return [f"{event.source}{names.of(event.symbol)} {event.status.name}"] if several else []
        case e.MarketStateSet():
            return [f"state{names.of(event.symbol)} {event.state.name}"]
        case e.CircuitBroken():
            mark, reference = (names.price(event.symbol, at) for at in (event.mark_price, event.reference_price))
            return [f"breaks{names.of(event.symbol)} at {mark} from {reference}"]
        case e.FundingSettled():
            return [f"funding{names.of(event.symbol)} at {names.price(event.symbol, event.mark_price)}"]
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


def _moved(event: e.IsolatedMarginMoved, names: Names) -> list[str]:
    """`A isolates 500` from the cross wallet, `A frees 500` to it, `A tops up 500` before a liquidation."""
    who = names.accounts[event.account_id] + names.of(event.symbol) + leg(event.position_side)
    verb = "tops up" if event.cause is MarginMove.AUTO_ADD else "isolates" if event.amount > 0 else "frees"
    return [f"{who} {verb} {plain(abs(event.amount))}"]


def _liquidated(event: e.PositionLiquidated, names: Names) -> list[str]:
    """`liquidate A 1 @ 9100`, then the fee, then what the fund took over and for how much."""
    quantity = names.quantity(event.symbol, abs(event.quantity))
    limit = names.price(event.symbol, event.limit_price)
    which = names.of(event.symbol) + leg(event.position_side)
    lines = [f"liquidate {names.accounts[event.account_id]} {quantity}{which} @ {limit}"]
    if event.fee:
        lines.append(f"fee {plain(event.fee)}")
    if event.taken_over_quantity:
        taken = names.quantity(event.symbol, abs(event.taken_over_quantity))
        lines.append(f"fund takes {taken} for {plain(event.taken_over_value)}")
    return lines
