"""A contract whose prices are set by hand, and a venue that counts from a round time. For tests of prices only."""

from collections.abc import Mapping, Sequence

from exchange.core.commands import Command, DropIndexSource, Resume, SetIndexPrice, Tick
from exchange.core.enums import Side
from exchange.core.events import Event
from exchange.core.rules import VenueRules
from exchange.core.state import Market
from exchange.core.units import SECOND, Nanos, Ticks
from exchange.core.venue import Venue, new_market
from tests.core.resting import resting
from tests.market.notation import read_contract

START = 8 * 3600 * SECOND * 60_000  # a settlement of funding every eight hours falls on it
SYMBOL = "BTCUSDT"

Levels = Sequence[tuple[int, int]]  # ticks, lots


def market_of(
    changes: Mapping[str, str], *, index: int = 0, last: int = 0, bids: Levels = (), asks: Levels = ()
) -> Market:
    """Return a contract of the tables with some settings changed, an index, a last price and a book."""
    market = new_market(read_contract(dict(changes)))
    market.index_price, market.last_price = index, last
    for side, levels in ((Side.BUY, bids), (Side.SELL, asks)):
        for price, quantity in levels:
            # One order a price: its price is as good a name as any.
            market.book.add(resting(price, side, price, quantity))
    return market


class Priced:
    """A venue with one contract of the tables, started at START; `at` plays a command so many nanoseconds later."""

    def __init__(self, changes: Mapping[str, str]) -> None:
        """Start the venue."""
        self.venue = Venue(VenueRules(), [read_contract(dict(changes))])
        self.at(0, Resume())

    @property
    def market(self) -> Market:
        """The contract."""
        return self.venue.state.markets[SYMBOL]

    def at(self, offset: int, command: Command) -> list[Event]:
        """Play a command."""
        return self.venue.execute(START + offset, command)

    def tick(self, offset: int) -> list[Event]:
        """Do what is due."""
        return self.at(offset, Tick())

    def price(self, offset: int, price: int, source: str = "", source_ts: int = 0) -> list[Event]:
        """Give an index source, or all, a price in ticks."""
        return self.at(offset, SetIndexPrice(SYMBOL, Ticks(price), Nanos(source_ts), source))

    def drop(self, offset: int, source: str = "") -> list[Event]:
        """Lose an index source, or all."""
        return self.at(offset, DropIndexSource(SYMBOL, source))
