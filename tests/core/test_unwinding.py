"""The fund's quote where the book leaves it no room, and what a position still brings that others have closed."""

from exchange.core import commands as c
from exchange.core.account import Position, cross_scope
from exchange.core.enums import Side
from exchange.core.liquidation.sale import Sale
from exchange.core.policies.presets import PRESETS
from exchange.core.rules import VenueRules
from exchange.core.units import Ticks
from exchange.core.unwinding import unwind
from exchange.core.venue import Venue
from tests.core.resting import resting
from tests.market.notation import read_contract

SYMBOL = "BTCUSDT"


def short_fund(mark: int) -> Venue:
    """A venue whose fund, which quotes, is short of five lots and stands at this mark."""
    venue = Venue(VenueRules(engine=PRESETS["hyperliquid_backstop"]), [read_contract({})])
    venue.execute(0, c.Resume())
    venue.execute(0, c.SetIndexPrice(SYMBOL, Ticks(mark)))
    venue.state.fund.leg(SYMBOL).position = Position(-5, -5 * mark * venue.state.markets[SYMBOL].contract.value_unit)
    return venue


def quotes_behind(ask: int) -> list[int]:
    """Prices of the fund's bids when somebody else asks at this price."""
    state = short_fund(100).state
    state.markets[SYMBOL].book.add(resting(900, Side.SELL, ask, 1))
    unwind(state)
    return [order.price for order in state.fund.holdings[SYMBOL].orders.values()]


def test_the_fund_bids_behind_an_ask_if_there_is_a_tick() -> None:
    assert quotes_behind(101) == [100]
    assert quotes_behind(100) == [99]
    assert quotes_behind(2) == [1]
    assert quotes_behind(1) == []  # a bid at one tick would meet it


def test_lots_closed_as_a_counterparty_are_closed() -> None:
    """Of a value of -10 for three lots, one that another's deleveraging closed has had its part."""
    venue = short_fund(100)
    fund, market = venue.state.fund, venue.state.markets[SYMBOL]
    leg = fund.leg(SYMBOL)
    leg.position = Position(3, 300)
    sale = Sale(1, cross_scope(fund), market, leg, 3, -10, 0, 1)
    assert [sale.part(lots) for lots in (1, 2, 3)] == [-3, -6, -10]
    leg.position = Position(2, 200)
    assert [sale.part(lots) for lots in (1, 2)] == [-3, -7]
