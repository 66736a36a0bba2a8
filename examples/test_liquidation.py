"""A bot that is liquidated notices, tells what happened, and trades no more."""

import pytest

from clients.connect import ccxt_exchange

SYMBOL = "BTC/USDT:USDT"


class LiquidatedError(Exception):
    """The exchange closed a position of ours."""


class Bot:
    """Wants to be long, and asks before each decision whether it was liquidated."""

    def __init__(self, exchange):
        self.exchange = exchange

    def step(self):
        forced = self.exchange.fapiPrivateGetForceOrders({"symbol": "BTCUSDT"})
        if forced:
            raise LiquidatedError(f"{forced[0]['side']} {forced[0]['origQty']} by {forced[0]['clientOrderId']}")
        if not self.exchange.fetch_positions([SYMBOL]):
            self.exchange.create_order(SYMBOL, "market", "buy", 3)


def test_the_bot_does_not_buy_again(venue):
    venue.maker("BTCUSDT", spread=10, quantity=20)
    bot = Bot(ccxt_exchange(venue.url, venue.api_key, venue.secret_key))
    bot.step()
    assert venue.positions[0].quantity == 3  # 150,000 USDT on 10,000: some 6 % from liquidation
    venue.crash("BTCUSDT", percent=10, seconds=3)
    with pytest.raises(LiquidatedError, match="SELL 3"):
        bot.step()
    [liquidation] = venue.liquidations
    assert liquidation.account_id == venue.trader.account_id
    assert [order.type for order in venue.orders] == ["MARKET", "LIQUIDATION"]
    assert venue.positions == []
