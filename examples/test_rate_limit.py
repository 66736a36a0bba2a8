"""A bot that is told to slow down waits for as long as it is told, and sends its order once."""

import time

import ccxt

from clients.connect import ccxt_exchange

SYMBOL = "BTC/USDT:USDT"


class PatientBot:
    """Tries until it is served. `sleep` is an argument, so that a test need not wait."""

    def __init__(self, exchange, sleep=time.sleep):
        self.exchange = exchange
        self.sleep = sleep

    def buy(self, quantity):
        while True:
            try:
                return self.exchange.create_order(SYMBOL, "market", "buy", quantity)
            except ccxt.DDoSProtection:  # HTTP 429 and 418, as ccxt calls them
                self.sleep(int(self.exchange.last_response_headers["Retry-After"]))


def test_it_waits_as_told(venue):
    venue.maker("BTCUSDT")
    venue.fail_next_order(code=-1015, retry_after=10)  # "Too many new orders; ..."
    venue.fail_next_order(code=-1003, retry_after=60)  # "Too many requests; ..."
    naps = []
    bot = PatientBot(ccxt_exchange(venue.url, venue.api_key, venue.secret_key), naps.append)
    order = bot.buy(1)
    assert order["status"] == "closed"
    assert naps == [10, 60]
    assert len(venue.orders) == 1
