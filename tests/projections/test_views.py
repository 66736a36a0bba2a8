"""Views: which positions an account is shown with, and that its numbers add up."""

import pytest

from exchange.core.commands import PlaceOrder, SetIndexPrice, SetMarginType, SetPositionMode
from exchange.core.enums import MarginType, OrderType, PositionSide, Side
from exchange.core.units import ATOMS_PER_QUOTE, Lots, Ticks
from exchange.projections import views
from tests.dialect.desk import Desk

BOTH, LONG, SHORT = PositionSide.BOTH, PositionSide.LONG, PositionSide.SHORT


def trade(desk: Desk, maker: int, taker: int, side: Side, lots: int, position_side: PositionSide = BOTH) -> None:
    """Let a taker fill against a maker at 50,000."""
    price = Ticks(500_000)
    desk.execute(PlaceOrder(maker, "BTCUSDT", side.opposite, OrderType.LIMIT, Lots(lots), price))
    order = PlaceOrder(taker, "BTCUSDT", side, OrderType.LIMIT, Lots(lots), price, position_side=position_side)
    desk.execute(order)


def mark(desk: Desk, price: int) -> None:
    """Set the index and let a second pass, so that the mark follows."""
    desk.execute(SetIndexPrice("BTCUSDT", Ticks(price)))
    desk.later(1_000)


def test_positions_are_those_of_the_mode() -> None:
    desk = Desk()
    trader = desk.account(10_000)
    state = desk.venue.state
    account = state.accounts[trader]
    for hedge, expected in ((True, (LONG, SHORT)), (False, (BOTH,)), (True, (LONG, SHORT))):
        desk.execute(SetPositionMode(trader, hedge=hedge))
        assert tuple(row.side for row in views.position_views(state, account, "BTCUSDT")) == expected
        assert len(views.account_view(state, trader).positions) == len(expected) * len(state.markets)


@pytest.mark.parametrize("margin_type", list(MarginType))
def test_an_account_adds_up(margin_type: MarginType) -> None:
    """Whole and cross wallet differ by isolated wallets, total and cross profit by isolated profits."""
    desk = Desk()
    maker, trader = desk.account(10_000_000), desk.account(10_000)
    if margin_type is MarginType.ISOLATED:
        desk.execute(SetMarginType(trader, "BTCUSDT", margin_type))
    trade(desk, maker, trader, Side.BUY, 1000)
    mark(desk, 505_000)
    account = views.account_view(desk.venue.state, trader)
    position = account.positions[0]
    isolated = margin_type is MarginType.ISOLATED
    assert position.unrealized_pnl == account.unrealized_pnl == 500 * ATOMS_PER_QUOTE
    assert account.wallet_balance - account.cross_wallet == position.isolated_wallet
    assert (position.isolated_wallet > 0) is isolated
    assert account.cross_unrealized_pnl == (0 if isolated else position.unrealized_pnl)
    assert position.isolated_margin == (position.isolated_wallet + position.unrealized_pnl if isolated else 0)
    assert account.equity == account.wallet_balance + account.unrealized_pnl


def test_open_interest_counts_every_leg() -> None:
    desk = Desk()
    maker, hedger = desk.account(10_000_000), desk.account(100_000)
    desk.execute(SetPositionMode(hedger, hedge=True))
    trade(desk, maker, hedger, Side.BUY, 300, LONG)
    trade(desk, maker, hedger, Side.SELL, 100, SHORT)
    assert views.open_interest(desk.venue.state, "BTCUSDT") == 300
