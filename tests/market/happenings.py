"""What happened, in the words of the market tables: events as text. It judges nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from exchange.core import events as e
from exchange.core.account import FUND_ID
from exchange.core.contract import Contract
from exchange.core.enums import Execution, MarginMove, OrderType, PositionSide, TimeInForce
from exchange.core.units import ATOMS_PER_QUOTE
from tests.market.notation import lasting, plain


@dataclass(slots=True)
class Names:
    """What a table calls accounts and orders, by id, the contracts by symbol, and when its story began."""

    accounts: dict[int, str]
    orders: dict[int, str]
    contracts: dict[str, Contract]
    start_ts: int

    def price(self, symbol: str, ticks: int) -> str:
        """Return a price as decimal text."""
        return plain(ticks * self.contracts[symbol].tick_atoms)

    def quantity(self, symbol: str, lots: int) -> str:
        """Return a quantity as decimal text."""
        return plain(lots * self.contracts[symbol].step_e8)

    def value(self, symbol: str, lots: int, value: int) -> str:
        """Return `@ 9480`, or `for 29.99999`, what the lots are worth in all, when the price of one has no end."""
        average = Fraction(value * ATOMS_PER_QUOTE, lots * self.contracts[symbol].step_e8)
        return f"@ {plain(int(average))}" if average.denominator == 1 else f"for {plain(value)}"

    def until(self, ts: int) -> str:
        """Return a time since the story began, like `until 30s`."""
        return f"until {lasting(ts - self.start_ts)}"

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
        case e.Resumed():
            return [f"resumed, {event.missed_fundings} fundings missed"]
        case _:
            return _told_of_the_engine(event, names) or _told_of_prices(event, names)


def _told_of_the_engine(event: e.Event, names: Names) -> list[str]:
    match event:
        case e.LiquidationWaits():
            until = f" {names.until(event.until_ts)}" if event.until_ts else ""
            return [f"{names.whose(event.account_id, event.symbol, event.position_side)} waits{until}"]
        case e.LiquidationsCarriedOver():
            return [f"carried over {event.scopes} {names.until(event.until_ts)}"]
        case e.BackstopRefused():
            return [f"fund refuses {names.quantity(event.symbol, event.quantity)}{names.of(event.symbol)}"]
        case e.Deleveraged():
            return [_deleveraged(event, names)]
        case e.DeleveragingExhausted():
            which = names.of(event.symbol) + leg(event.position_side)
            return [
                f"exhausted {names.accounts[event.account_id]} {names.quantity(event.symbol, event.quantity)}{which}"
            ]
        case e.DrawdownChanged():
            return [f"drawdown {'on' if event.active else 'off'} at {plain(event.equity)} of {plain(event.peak)}"]
        case e.UnwindingStopped():
            return [f"unwinding stops {names.until(event.until_ts)} at {plain(event.equity)} of {plain(event.peak)}"]
        case e.VaultUnderwater():
            return [f"vault under water at {plain(event.equity)}"]
        case e.LossShared():
            return [f"loss {plain(event.loss)} shared, {plain(event.paid)} paid"]
        case _:
            return []


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
    if order.account_id == FUND_ID and order.time_in_force is TimeInForce.GTX:
        return _quoted(event, names)
    if order.order_type is OrderType.LIQUIDATION or order.account_id == FUND_ID:
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


def _quoted(event: e.OrderUpdated, names: Names) -> list[str]:
    """`fund quotes 0.5 @ 9480`: a resting order of the fund, that the table calls FUND, and its end."""
    order = event.order
    names.orders[order.order_id] = "FUND"
    if event.execution is Execution.NEW:
        return [
            f"fund quotes {names.quantity(order.symbol, order.quantity)} @ {names.price(order.symbol, order.price)}"
        ]
    return [] if event.execution is Execution.TRADE else [f"quote {event.execution.name.lower()}"]


def _liquidated(event: e.PositionLiquidated, names: Names) -> list[str]:
    """`liquidate A 1 @ 9100`, `0.2 of 1` if no more was ordered, then fee, what the fund took, what is queued."""
    held, ordered = (
        names.quantity(event.symbol, abs(event.quantity)),
        names.quantity(event.symbol, event.ordered_quantity),
    )
    amount = held if event.ordered_quantity in {0, abs(event.quantity)} else f"{ordered} of {held}"
    limit = f" @ {names.price(event.symbol, event.limit_price)}" if event.limit_price else ""
    which = names.of(event.symbol) + leg(event.position_side)
    lines = [f"liquidate {names.accounts[event.account_id]} {amount}{which}{limit}"]
    if event.fee:
        lines.append(f"fee {plain(event.fee)}")
    if event.taken_over_quantity:
        taken = names.quantity(event.symbol, abs(event.taken_over_quantity))
        lines.append(f"fund takes {taken} for {plain(event.taken_over_value)}")
    if event.queued_quantity:
        lines.append(f"queue {names.quantity(event.symbol, event.queued_quantity)}")
    return lines


def _deleveraged(event: e.Deleveraged, names: Names) -> str:
    """`deleverage B 0.5 @ 9100 against A`: B is the counterparty, A the bankrupt."""
    closed = f"{names.quantity(event.symbol, event.quantity)} {names.value(event.symbol, event.quantity, event.value)}"
    which = names.of(event.symbol) + leg(event.counterparty_side)
    return (
        f"deleverage {names.accounts[event.counterparty_id]}{which} {closed} against {names.accounts[event.account_id]}"
    )
