"""The venue: state is the fold of commands. It stamps and dispatches; the rules live in the modules below."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from exchange.core.account import FUND_ID
from exchange.core.choices import adjust_margin, set_auto_add_margin, set_margin_type, set_position_mode
from exchange.core.clockwork import drop_index_source, next_due, resume, set_index_price, tick
from exchange.core.commands import (
    AdjustMargin,
    AmendOrder,
    Annotate,
    CancelAllOrders,
    CancelOrder,
    Command,
    CreateAccount,
    Deposit,
    DropIndexSource,
    PlaceOrder,
    Resume,
    SetAutoAddMargin,
    SetIndexPrice,
    SetLeverage,
    SetMarginType,
    SetMarketState,
    SetPositionMode,
    Tick,
    Transfer,
    Withdraw,
)
from exchange.core.contract import Contract, VenueRules
from exchange.core.enums import RejectReason, Side
from exchange.core.events import Annotated, BookChanged, Event, Rejected
from exchange.core.funding import funding_rate
from exchange.core.market_state import set_market_state
from exchange.core.orders import amend_order, cancel_all_orders, cancel_order, place_order, set_leverage
from exchange.core.state import Market, Source, State
from exchange.core.transfers import create_account, deposit, new_account, transfer, withdraw
from exchange.core.units import Lots, Ticks

ANNOTATION_KIND_MAX = 32  # characters
ANNOTATION_TEXT_MAX = 4096  # characters


class Venue:
    """A perpetual-futures venue. `execute` is the only thing that changes it; `state` is for reading."""

    def __init__(self, rules: VenueRules, contracts: Sequence[Contract]) -> None:
        """Make a venue with an insurance fund and no traders; `Resume` must be its first command."""
        markets = {contract.symbol: new_market(contract) for contract in contracts}
        self.state = State(rules=rules, markets=markets, accounts={})
        fund = new_account(self.state, FUND_ID, "insurance fund")
        fund.cross_wallet = rules.fund_seed
        self.state.accounts[FUND_ID] = fund
        self.state.net_deposits = rules.fund_seed

    @property
    def next_due(self) -> int:
        """When a `Tick` is wanted next, in nanoseconds; NEVER before the first `Resume`."""
        return next_due(self.state)

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


def new_market(contract: Contract) -> Market:
    """Return a contract as it begins: no price yet, its sources lost, and the funding rate of no premium."""
    rules = contract.funding
    return Market(
        contract=contract,
        sources={source.name: Source() for source in contract.index.sources},
        funding_interval=rules.interval,
        funding_rate=funding_rate(0, rules, rules.interval),
    )


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
    SetMarginType: set_margin_type,
    SetPositionMode: set_position_mode,
    AdjustMargin: adjust_margin,
    SetAutoAddMargin: set_auto_add_margin,
    SetIndexPrice: set_index_price,
    DropIndexSource: drop_index_source,
    SetMarketState: set_market_state,
    Annotate: _annotate,
    Tick: tick,
    Resume: resume,
}
