"""The venue: state is the fold of commands. It stamps and dispatches; the rules live in the modules below."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from exchange.core.account import FUND_ID, Account
from exchange.core.book import OrderBook
from exchange.core.choices import adjust_margin, set_auto_add_margin, set_margin_type, set_position_mode
from exchange.core.clockwork import drop_index_source, next_due, resume, set_index_price, tick
from exchange.core.commands import (
    AdjustMargin,
    AmendOrder,
    Annotate,
    CancelAllConditionals,
    CancelAllOrders,
    CancelConditional,
    CancelOrder,
    Command,
    CreateAccount,
    Deposit,
    DropIndexSource,
    PlaceConditional,
    PlaceOrder,
    Resume,
    SetAutoAddMargin,
    SetCountdown,
    SetIndexPrice,
    SetLeverage,
    SetMarginType,
    SetMarketState,
    SetPositionMode,
    Tick,
    Transfer,
    Withdraw,
)
from exchange.core.conditional_orders import cancel_all_conditionals, cancel_conditional, place_conditional
from exchange.core.contract import Contract
from exchange.core.deadlines import set_countdown
from exchange.core.enums import RejectReason, Side
from exchange.core.events import Annotated, BookChanged, Event, Rejected
from exchange.core.firing import follow_up
from exchange.core.funding import funding_rate
from exchange.core.market_state import set_market_state
from exchange.core.orders import amend_order, cancel_all_orders, cancel_order, place_order, set_leverage
from exchange.core.policies.case import Custom, LiquidationPolicy
from exchange.core.rules import VenueRules
from exchange.core.state import Market, Source, State
from exchange.core.transfers import create_account, deposit, new_account, transfer, withdraw
from exchange.core.units import Lots, Ticks

ANNOTATION_KIND_MAX = 32  # characters
ANNOTATION_TEXT_MAX = 4096  # characters


class Venue:
    """A perpetual-futures venue. `execute` is the only thing that changes it; `state` is for reading."""

    def __init__(
        self, rules: VenueRules, contracts: Sequence[Contract], policy: LiquidationPolicy | None = None
    ) -> None:
        """Make a venue with an insurance fund and no traders; `Resume` must be its first command.

        `policy`: the user's own, for rules that say `Custom`; others bring theirs.
        """
        shipped = rules.engine.liquidation
        if not isinstance(shipped, Custom):
            policy = shipped  # what the rules name holds, whatever is given
        assert policy is not None, f"the policy of {shipped} must be given"
        markets = {contract.symbol: new_market(contract) for contract in contracts}
        self.state = State(rules=rules, policy=policy, markets=markets, accounts={})
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
        follow_up(state)
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
        if market.book.touched:
            bids, asks = _new_totals(market.book, Side.BUY), _new_totals(market.book, Side.SELL)
            market.book_update_id += 1
            state.events.append(BookChanged(symbol, market.book_update_id, bids, asks))


def _new_totals(book: OrderBook, side: Side) -> tuple[tuple[Ticks, Lots], ...]:
    """Return (price, quantity) of the levels of a side that the command touched."""
    return tuple([(Ticks(price), Lots(book.level_quantity(side, price))) for price in book.take_touched(side)])


# The type of a command depends on its key in the table, which a mapping cannot say: hence Any.
Doer = Callable[[State, Any], Rejected | None]


def _of_trader(do: Callable[[State, Account, Any], Rejected | None]) -> Doer:
    """Find the account that a command names, check 1, before it is done."""

    def found(state: State, command: Any) -> Rejected | None:
        account = state.trader(command.account_id)
        if account is None:
            return Rejected(RejectReason.UNKNOWN_ACCOUNT, command.account_id)
        return do(state, account, command)

    return found


def _on_market(do: Callable[[State, Market, Any], Rejected | None]) -> Doer:
    """Find the contract that a command names, check 2, before it is done."""

    def found(state: State, command: Any) -> Rejected | None:
        market = state.markets.get(command.symbol)
        if market is None:
            return Rejected(RejectReason.UNKNOWN_SYMBOL)
        return do(state, market, command)

    return found


def _of_trader_on_market(do: Callable[[State, Account, Market, Any], Rejected | None]) -> Doer:
    """Find account and contract, checks 1 and 2, before a command is done."""

    def found(state: State, account: Account, command: Any) -> Rejected | None:
        market = state.markets.get(command.symbol)
        if market is None:
            return Rejected(RejectReason.UNKNOWN_SYMBOL, account.account_id)
        return do(state, account, market, command)

    return _of_trader(found)


COMMANDS: Mapping[type[Any], Doer] = {
    CreateAccount: create_account,
    Deposit: _of_trader(deposit),
    Withdraw: _of_trader(withdraw),
    Transfer: _of_trader(transfer),
    PlaceOrder: _of_trader_on_market(place_order),
    CancelOrder: _of_trader_on_market(cancel_order),
    CancelAllOrders: _of_trader_on_market(cancel_all_orders),
    AmendOrder: _of_trader_on_market(amend_order),
    PlaceConditional: _of_trader_on_market(place_conditional),
    CancelConditional: _of_trader(cancel_conditional),
    CancelAllConditionals: _of_trader_on_market(cancel_all_conditionals),
    SetCountdown: _of_trader_on_market(set_countdown),
    SetLeverage: _of_trader_on_market(set_leverage),
    SetMarginType: _of_trader_on_market(set_margin_type),
    SetPositionMode: _of_trader(set_position_mode),
    AdjustMargin: _of_trader_on_market(adjust_margin),
    SetAutoAddMargin: _of_trader_on_market(set_auto_add_margin),
    SetIndexPrice: _on_market(set_index_price),
    DropIndexSource: _on_market(drop_index_source),
    SetMarketState: _on_market(set_market_state),
    Annotate: _annotate,
    Tick: tick,
    Resume: resume,
}
