"""A venue of its own for each market table, and the names that the table gives. What lines mean stands elsewhere."""

from collections.abc import Sequence

from exchange.core import commands as c
from exchange.core.account import FUND_ID, Account, Leg, Scope, cross_scope, scope_of
from exchange.core.book import Order
from exchange.core.contract import Contract
from exchange.core.enums import PositionSide
from exchange.core.events import Event, Rejected
from exchange.core.snapshot import state_hash
from exchange.core.state import Market
from exchange.core.venue import Venue
from tests.market.engine_words import read_rules
from tests.market.happenings import Names
from tests.market.notation import read_contract

START_TS = 20_000 * 86_400 * 10**9  # a midnight: a multiple of every interval that tables use


class Stage:
    """One venue, and the names that a table gives to accounts and orders. Account FUND is the insurance fund."""

    def __init__(self) -> None:
        """Make a stage without contracts; the first line that is neither `contract` nor `venue` opens it."""
        self.ts = START_TS
        self.contracts: list[Contract] = []
        self.rules = read_rules({})
        self.names = Names({FUND_ID: "FUND"}, {}, {}, START_TS)
        self._venue: Venue | None = None

    @property
    def venue(self) -> Venue:
        """The venue; it opens when it is first asked for."""
        if self._venue is None:
            self.contracts = self.contracts or [read_contract({})]
            self.names.contracts.update({contract.symbol: contract for contract in self.contracts})
            self._venue = Venue(self.rules, self.contracts)
            self._venue.execute(self.ts, c.Resume())
        return self._venue

    def execute(self, command: c.Command) -> list[Event]:
        """Execute a command now; a refusal must be the only event and leave the state as it was."""
        before = state_hash(self.venue.state)
        events = list(self.venue.execute(self.ts, command))
        if any(isinstance(event, Rejected) for event in events):
            assert len(events) == 1, events
            assert state_hash(self.venue.state) == before, f"{command} was refused and yet changed something"
        return events

    def advance(self, until: int) -> list[Event]:
        """Let time pass: every tick that falls due is executed at its due time."""
        events: list[Event] = []
        while self.venue.next_due <= until:
            self.ts = self.venue.next_due
            events += self.venue.execute(self.ts, c.Tick())
        self.ts = until
        return events

    def account(self, name: str) -> Account:
        """Return the account that a table calls `name`."""
        ids = {known: account_id for account_id, known in self.names.accounts.items()}
        return self.venue.state.accounts[ids[name]]

    def market(self, words: Sequence[str]) -> Market:
        """Return the market whose base asset is among the words, or the first one."""
        markets = self.venue.state.markets
        named = [market for market in markets.values() if market.contract.base_asset in words]
        return (named or list(markets.values()))[0]

    def leg(self, words: Sequence[str]) -> Leg:
        """Return the position of the account named first, in the market and on the side among the words."""
        return self.account(words[0]).leg(self.market(words).contract.symbol, side_among(words))

    def scope(self, words: Sequence[str]) -> Scope:
        """Return what pays for a position: the cross positions, unless the words name the market of an isolated one."""
        account, contract = self.account(words[0]), self.market(words).contract
        if contract.base_asset not in words:
            return cross_scope(account)
        return scope_of(account, contract.symbol, side_among(words))

    def order(self, name: str) -> Order:
        """Return the open order that a table calls `name`."""
        orders = {
            self.names.orders.get(order.order_id): order
            for account in self.venue.state.accounts.values()
            for holding in account.holdings.values()
            for order in holding.orders.values()
        }
        return orders[name]


def side_among(words: Sequence[str]) -> PositionSide:
    """Return the side of a position that the words name: LONG, SHORT, or else BOTH, that of one-way mode."""
    return next((PositionSide[word] for word in words if word in {"LONG", "SHORT"}), PositionSide.BOTH)
