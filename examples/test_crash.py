"""A bot with a stop gets out of a crash of 10 % that would have liquidated it."""

from concurrent.futures import ThreadPoolExecutor

from clients.connect import ccxt_exchange

SYMBOL = "BTC/USDT:USDT"


class StopLossBot:
    """Buys, and sells everything once the mark is 3 % below its entry."""

    def __init__(self, exchange):
        self.exchange = exchange

    def enter(self, quantity):
        self.entry = self.exchange.create_order(SYMBOL, "market", "buy", quantity)["average"]
        self.quantity = quantity

    def run(self):
        while self.exchange.fetch_funding_rate(SYMBOL)["markPrice"] > self.entry * 0.97:
            pass  # ccxt paces its requests by itself
        self.exchange.create_order(SYMBOL, "market", "sell", self.quantity, params={"reduceOnly": True})


def test_the_stop_is_faster_than_the_liquidation(venue):
    venue.maker("BTCUSDT", spread=10, quantity=20)
    bot = StopLossBot(ccxt_exchange(venue.url, venue.api_key, venue.secret_key))
    bot.enter(quantity=2)  # worth 100,000 USDT on 10,000 USDT of margin
    with ThreadPoolExecutor() as threads:
        running = threads.submit(bot.run)
        venue.crash("BTCUSDT", percent=10, seconds=5)
        running.result(timeout=10)
    assert venue.positions == []
    assert venue.liquidations == []
    assert venue.balance().wallet > 3_000  # who stays loses 10,000
