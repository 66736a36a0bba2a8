"""A bot whose order is too large for its margin asks for less, and gives up when that does not help."""

import ccxt
import pytest

from clients.connect import ccxt_exchange

SYMBOL = "BTC/USDT:USDT"


def buy_what_fits(exchange, quantity):
    """Buy, halving the quantity up to five times while the margin does not suffice for it."""
    for _ in range(6):
        try:
            return exchange.create_order(SYMBOL, "market", "buy", quantity)
        except ccxt.InsufficientFunds:
            quantity /= 2
    return None


@pytest.fixture
def exchange(venue):
    venue.maker("BTCUSDT", quantity=50)
    return ccxt_exchange(venue.url, venue.api_key, venue.secret_key)


def test_it_buys_what_its_margin_suffices_for(venue, exchange):
    buy_what_fits(exchange, 16)  # 10,000 USDT at 20 times are worth 4 BTC at the very most, and there are fees
    assert [order.quantity for order in venue.orders] == [2]  # a refused order leaves no trace on the venue
    assert venue.positions[0].quantity == 2


def test_it_gives_up(venue, exchange):
    venue.fail_next_order(code=-2019, times=6)  # "Margin is insufficient.", however little it asks for
    assert buy_what_fits(exchange, 1) is None
    assert venue.orders == []
