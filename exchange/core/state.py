"""The whole state of a venue, and the list of events of the command at work. No rules."""

from collections import deque
from dataclasses import dataclass, field

from sortedcontainers import SortedDict

from exchange.core.account import FUND_ID, Account
from exchange.core.book import Order, OrderBook
from exchange.core.conditional import Conditional
from exchange.core.contract import Contract
from exchange.core.enums import MarketState, PositionSide, Side, SourceStatus, WorkingType
from exchange.core.events import Event
from exchange.core.policies.case import LiquidationPolicy
from exchange.core.rules import VenueRules
from exchange.core.triggers import TriggerBook
from exchange.core.units import NEVER

Notes = deque[tuple[int, int]]  # (ts, equity of the fund) in a window, those that no later one is above
ScopeKey = tuple[int, str, PositionSide]  # account, contract and side of an isolated position
ClosedLeg = tuple[int, str, PositionSide, Side | None]  # the same of any position, and to which side it has turned
GoodTills = SortedDict[tuple[int, int], Order | Conditional]
Countdowns = SortedDict[tuple[int, int, str], None]


@dataclass(slots=True)
class Source:
    """One source of an index: its last price (ticks; 0: none yet), and when it came."""

    price: int = 0
    updated_ts: int = 0
    status: SourceStatus = SourceStatus.LOST


@dataclass(slots=True)
class Ema:
    """An exponential average as two sums, so that it is right from its first sample: its value is total / weight.

    Both in 1e-18; `total` of half ticks.
    """

    total: int = 0
    weight: int = 0


@dataclass(slots=True)
class Premium:
    """The premium since the last settlement of funding: samples as three sums, in 1e-8 of the index."""

    count: int = 0
    total: int = 0
    weighted: int = 0  # the first sample once, the second twice, ...
    last: int = 0  # kept over settlements


@dataclass(slots=True)
class Market:
    """One contract as it trades. Prices in ticks, 0 where there is none yet; times in nanoseconds."""

    contract: Contract
    book: OrderBook = field(default_factory=OrderBook)
    triggers: TriggerBook = field(default_factory=TriggerBook)
    operator_state: MarketState = MarketState.TRADING
    sources: dict[str, Source] = field(default_factory=dict)  # by name, every one of the contract, in its order
    index_price: int = 0
    index_stale: bool = False  # too few sources are alive to make it
    index_source_ts: int = 0
    mark_price: int = 0
    previous_mark: int = 0  # the one before it
    last_price: int = 0
    basis_samples: list[int] = field(default_factory=list)  # half ticks, oldest first
    basis_ema: Ema = field(default_factory=Ema)
    price_ema: Ema = field(default_factory=Ema)
    premium: Premium = field(default_factory=Premium)
    funding_interval: int = 0  # the one that runs
    funding_rate: int = 0  # of the last settlement
    # For the circuit breaker, (ts, mark) of the window: those that no later one is above, and below.
    high_marks: deque[tuple[int, int]] = field(default_factory=deque)
    low_marks: deque[tuple[int, int]] = field(default_factory=deque)
    book_update_id: int = 0
    mark_due: int = NEVER
    sample_due: int = NEVER
    premium_due: int = NEVER
    funding_due: int = NEVER
    stale_due: int = NEVER  # when the next source falls silent
    # Heaps of the ends of intervals in which accounts need no look, some of them gone: see `liquidation.watch`.
    quiet_lows: list[tuple[int, int]] = field(default_factory=list)  # (-mark, account id)
    quiet_highs: list[tuple[int, int]] = field(default_factory=list)  # (mark, account id)
    breaker_due: int = NEVER  # when the pause of the circuit breaker ends; NEVER: it is closed

    def working_price(self, working_type: WorkingType) -> int:
        """Return the price that conditional orders of a working type watch: the mark, or the last trade's."""
        return self.mark_price if working_type is WorkingType.MARK_PRICE else self.last_price or self.mark_price

    @property
    def frozen(self) -> bool:
        """Tell whether the venue itself must keep its hands off: no liquidation, no unwinding."""
        return self.state is MarketState.HALTED or self.index_stale

    @property
    def state(self) -> MarketState:
        """What the contract allows now: the strictest of operator, circuit breaker and index."""
        if self.breaker_due != NEVER:
            return MarketState.HALTED
        if self.operator_state is MarketState.TRADING and self.index_stale:
            return MarketState.INDEX_STALE
        return self.operator_state


@dataclass(slots=True)
class State:
    """All that a venue remembers between commands. Money in atoms."""

    rules: VenueRules
    policy: LiquidationPolicy
    markets: dict[str, Market]
    accounts: dict[int, Account]
    ts: int = 0  # of the last command that was not refused
    resumed: bool = False
    unwind_due: int = NEVER
    carried_over: list[ScopeKey] = field(default_factory=list)  # scopes for which the last margin pass had no time
    pass_due: int = NEVER  # a margin pass is wanted then, also without a new mark
    unwind_stopped_until: int = 0
    drawdown_notes: Notes = field(default_factory=deque)  # for the trigger of deleveraging
    stop_notes: Notes = field(default_factory=deque)  # for the stop of unwinding, forgotten when it stops
    drawdown: bool = False  # the fund has lost so much that everything is deleveraged
    trading_fees: int = 0  # what the venue earned: taker fees less maker rebates
    dust: int = 0  # what rounding of funding left over
    net_deposits: int = 0
    loss_left: int = 0  # what the fund is below zero after all that could pay have paid: not shared again
    shortfall_total: int = 0  # losses that the fund could not pay
    next_account_id: int = FUND_ID + 1
    next_order_id: int = 1
    next_trade_id: int = 1
    next_liquidation_id: int = 1
    touched: dict[int, None] = field(default_factory=dict)  # accounts that the next margin pass must look at
    good_tills: GoodTills = field(default_factory=SortedDict)  # open GTD orders, waiting conditional ones: (time, id)
    countdowns: Countdowns = field(default_factory=SortedDict)  # those that run: (due, account id, symbol)
    firing_due: int = NEVER  # conditional orders are due, for which the last command had no time
    # Of the command at work, nothing to remember:
    previous_ts: int = 0
    events: list[Event] = field(default_factory=list)
    closed: list[ClosedLeg] = field(default_factory=list)  # legs whose position was closed or turned around

    def take_order_id(self) -> int:
        """Count one more order, or conditional one, and return its id."""
        self.next_order_id += 1
        return self.next_order_id - 1

    @property
    def fund(self) -> Account:
        """The insurance fund."""
        return self.accounts[FUND_ID]

    def trader(self, account_id: int) -> Account | None:
        """Return a trader's account, None when there is none; the fund's is not a trader's."""
        return None if account_id == FUND_ID else self.accounts.get(account_id)
