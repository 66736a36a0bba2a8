"""The whole state of a venue, and the list of events of the command at work. No rules."""

from dataclasses import dataclass, field

from exchange.core.account import FUND_ID, Account
from exchange.core.book import OrderBook
from exchange.core.contract import Contract, VenueRules
from exchange.core.enums import MarketState
from exchange.core.events import Event
from exchange.core.units import NEVER


@dataclass(slots=True)
class Market:
    """One contract as it trades. Prices in ticks, 0 where there is none yet; due times in nanoseconds."""

    contract: Contract
    book: OrderBook = field(default_factory=OrderBook)
    state: MarketState = MarketState.TRADING
    index_price: int = 0
    index_source_ts: int = 0
    mark_price: int = 0
    last_price: int = 0
    basis_samples: list[int] = field(default_factory=list)  # (best bid + best ask) - 2 * index, oldest first
    book_update_id: int = 0
    mark_due: int = NEVER
    basis_due: int = NEVER
    funding_due: int = NEVER


@dataclass(slots=True)
class State:
    """All that a venue remembers between commands. Money in atoms."""

    rules: VenueRules
    markets: dict[str, Market]
    accounts: dict[int, Account]
    ts: int = 0  # of the last command that was not refused
    resumed: bool = False
    unwind_due: int = NEVER
    trading_fees: int = 0  # what the venue earned: taker fees less maker rebates
    dust: int = 0  # what rounding of funding left over
    net_deposits: int = 0
    shortfall_total: int = 0  # losses that the fund could not pay
    next_account_id: int = FUND_ID + 1
    next_order_id: int = 1
    next_trade_id: int = 1
    next_liquidation_id: int = 1
    # Of the command at work, nothing to remember:
    previous_ts: int = 0
    events: list[Event] = field(default_factory=list)

    @property
    def fund(self) -> Account:
        """The insurance fund."""
        return self.accounts[FUND_ID]
