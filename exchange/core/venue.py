"""The venue: state is the fold of commands. It stamps, dispatches and ticks; the rules live in the modules below."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from exchange.core.account import FUND_ID
from exchange.core.commands import (
    AmendOrder,
    Annotate,
    CancelAllOrders,
    CancelOrder,
    Command,
    CreateAccount,
    Deposit,
    PlaceOrder,
    Resume,
    SetIndexPrice,
    SetLeverage,
    SetMarketState,
    Tick,
    Transfer,
    Withdraw,
)
from exchange.core.contract import Contract, VenueRules
from exchange.core.enums import RejectReason, Side, Wallet
from exchange.core.events import (
    Annotated,
    BookChanged,
    Event,
    IndexPriceSet,
    MarketStateSet,
    MarkPriceSet,
    Rejected,
    Resumed,
)
from exchange.core.funding import settle_funding
from exchange.core.insurance import unwind
from exchange.core.liquidation.margin_pass import margin_pass
from exchange.core.orders import amend_order, cancel_all_orders, cancel_order, place_order, set_leverage
from exchange.core.pricing import basis_sample, mark_price
from exchange.core.state import Market, State
from exchange.core.transfers import create_account, deposit, new_account, transfer, withdraw
from exchange.core.units import NEVER, Lots, Nanos, Ticks

ANNOTATION_KIND_MAX = 32  # characters
ANNOTATION_TEXT_MAX = 4096  # characters


class Venue:
    """A perpetual-futures venue. `execute` is the only thing that changes it; `state` is for reading."""

    def __init__(self, rules: VenueRules, contracts: Sequence[Contract]) -> None:
        """Make a venue with an insurance fund and no traders; `Resume` must be its first command."""
        markets = {contract.symbol: Market(contract) for contract in contracts}
        self.state = State(rules=rules, markets=markets, accounts={})
        fund = new_account(self.state, FUND_ID, "insurance fund")
        fund.wallets[Wallet.FUTURES] = rules.fund_seed
        self.state.accounts[FUND_ID] = fund
        self.state.net_deposits = rules.fund_seed

    @property
    def next_due(self) -> int:
        """When a `Tick` is wanted next, in nanoseconds; NEVER before the first `Resume`."""
        state = self.state
        due = state.unwind_due
        for market in state.markets.values():
            due = min(due, market.mark_due, market.basis_due, market.funding_due)
        return due

    def execute(self, ts: int, command: Command) -> list[Event]:
        """Do a command at time `ts` (nanoseconds, never backwards) and return what happened, in order.

        A refused command returns one `Rejected` and has changed nothing.
        """
        state = self.state
        assert ts >= state.ts, "time goes backwards"
        assert state.resumed or isinstance(command, Resume), "the first command of a venue is Resume"
        state.previous_ts, state.ts = state.ts, ts
        refusal = COMMANDS[type(command)](state, command)
        if refusal is not None:
            assert not state.events, "a refused command has left events"
            state.ts = state.previous_ts
            return [refusal]
        _report_books(state)
        events, state.events = state.events, []
        return events


def _next_multiple(interval: int, ts: int) -> int:
    """Return the next due time strictly after `ts`; never, for an interval of 0."""
    return (ts // interval + 1) * interval if interval else NEVER


def _tick(state: State, _command: Tick) -> None:
    """Do what is due: samples, marks, funding, margin pass, unwinding."""
    ts, markets = state.ts, list(state.markets.values())
    for market in markets:
        if market.basis_due <= ts:
            market.basis_due = _next_multiple(market.contract.basis_interval, ts)
            _sample_basis(market)
    marked = False
    for market in markets:
        if market.mark_due <= ts:
            market.mark_due = _next_multiple(market.contract.mark_interval, ts)
            marked |= _set_mark(state, market)
    for market in markets:
        if market.funding_due <= ts:
            funding_ts = market.funding_due
            market.funding_due = _next_multiple(market.contract.funding_interval, ts)
            if market.mark_price:
                settle_funding(state, market, funding_ts)
    if marked:
        margin_pass(state)
    if state.unwind_due <= ts:
        state.unwind_due = _next_multiple(state.rules.unwind_interval, ts)
        unwind(state)


def _sample_basis(market: Market) -> None:
    if market.index_price:
        market.basis_samples.append(basis_sample(market))
        del market.basis_samples[: -market.contract.basis_window]


def _set_mark(state: State, market: Market) -> bool:
    if not market.index_price:
        return False
    market.mark_price = mark_price(market, state.ts)
    _report_mark(state, market)
    return True


def _report_mark(state: State, market: Market) -> None:
    state.events.append(
        MarkPriceSet(
            symbol=market.contract.symbol,
            mark_price=Ticks(market.mark_price),
            index_price=Ticks(market.index_price),
            funding_rate=market.contract.funding_rate,
            next_funding_ts=Nanos(market.funding_due),
        )
    )


def _resume(state: State, _command: Resume) -> None:
    """Start, or start again: settle the fundings that were missed at the last mark, and set all due times anew."""
    ts = state.ts
    missed = [
        (market, funding_ts)
        for market in state.markets.values()
        if market.mark_price
        for funding_ts in range(market.funding_due, ts + 1, market.contract.funding_interval)
    ]
    outage = ts - state.previous_ts if state.resumed else 0
    state.resumed = True
    state.events.append(Resumed(Nanos(outage), len(missed)))
    for market, funding_ts in missed:
        settle_funding(state, market, funding_ts)
    for market in state.markets.values():
        market.basis_due = _next_multiple(market.contract.basis_interval, ts)
        market.mark_due = _next_multiple(market.contract.mark_interval, ts)
        market.funding_due = _next_multiple(market.contract.funding_interval, ts)
    state.unwind_due = _next_multiple(state.rules.unwind_interval, ts)


def _set_index_price(state: State, command: SetIndexPrice) -> Rejected | None:
    market = state.markets.get(command.symbol)
    if market is None:
        return Rejected(RejectReason.UNKNOWN_SYMBOL)
    if command.price <= 0:
        return Rejected(RejectReason.PRICE_NOT_POSITIVE)
    if command.price > market.contract.max_price:
        return Rejected(RejectReason.PRICE_ABOVE_MAX, detail=market.contract.max_price)
    market.index_price = command.price
    market.index_source_ts = command.source_ts
    state.events.append(IndexPriceSet(command.symbol, command.price, command.source_ts))
    if not market.contract.mark_interval:
        _set_mark(state, market)
        margin_pass(state)
    elif not market.mark_price:
        market.mark_price = command.price
        _report_mark(state, market)
    return None


def _set_market_state(state: State, command: SetMarketState) -> Rejected | None:
    market = state.markets.get(command.symbol)
    if market is None:
        return Rejected(RejectReason.UNKNOWN_SYMBOL)
    market.state = command.state
    state.events.append(MarketStateSet(command.symbol, command.state))
    return None


def _annotate(state: State, command: Annotate) -> Rejected | None:
    if len(command.kind) > ANNOTATION_KIND_MAX or len(command.text) > ANNOTATION_TEXT_MAX:
        return Rejected(RejectReason.VALUE_OUT_OF_RANGE)
    state.events.append(Annotated(command.kind, command.text))
    return None


def _report_books(state: State) -> None:
    """Report the new totals of all levels that the command touched."""
    for symbol, market in state.markets.items():
        sides = [
            tuple(
                (Ticks(price), Lots(market.book.level_quantity(side, price)))
                for price in market.book.take_touched(side)
            )
            for side in (Side.BUY, Side.SELL)
        ]
        if any(sides):
            market.book_update_id += 1
            state.events.append(BookChanged(symbol, market.book_update_id, *sides))


# The type of the value depends on that of the key, which a mapping cannot say: hence Any.
COMMANDS: Mapping[type[Any], Callable[[State, Any], Rejected | None]] = {
    CreateAccount: create_account,
    Deposit: deposit,
    Withdraw: withdraw,
    Transfer: transfer,
    PlaceOrder: place_order,
    CancelOrder: cancel_order,
    CancelAllOrders: cancel_all_orders,
    AmendOrder: amend_order,
    SetLeverage: set_leverage,
    SetIndexPrice: _set_index_price,
    SetMarketState: _set_market_state,
    Annotate: _annotate,
    Tick: _tick,
    Resume: _resume,
}
