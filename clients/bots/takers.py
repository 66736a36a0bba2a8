"""Takers: noise trades for no reason, trend followers because the price moved, arbitrage because a quote is stale."""

import asyncio

from clients.bots.trader import Desk, Trader
from clients.reference import on_grid

RESTING_MAX = 4  # quotes of a noise trader before it clears them away
STALE_EVENTS, STALE_BP = 2, 4.0  # after such a move of the index it clears them away at once
ARBITRAGE_REACTION_S = (0.3, 0.5)
MARKET_SHARE = 0.6  # of a noise trader's orders; the rest are limit orders at the touch


class Noise(Trader):
    """Buys and sells at random, a little at a time, and tends back to a flat position."""

    deposit_quote = 50_000.0

    def __init__(self, desk: Desk, name: str, symbol: str, *, orders_per_s: float, size: float) -> None:
        super().__init__(desk, name, symbol)
        self.orders_per_s = orders_per_s
        self.size = size  # base asset, the median of its orders

    async def step(self) -> None:
        """Wait a random while, then place one order."""
        await asyncio.sleep(self.chance.expovariate(self.orders_per_s))
        if self.view.orders and abs(self.quote.move_bp(STALE_EVENTS)) > STALE_BP:
            await self.rest.cancel_all(self.symbol)
        lean = max(-1.0, min(1.0, self.position / (20 * self.size)))
        side = "BUY" if self.chance.random() < 0.5 - 0.4 * lean else "SELL"
        quantity = self.size * self.chance.lognormvariate(0, 0.7)
        if self.view.wallet < self.deposit_quote / 3:
            await self.top_up()
        if self.chance.random() < MARKET_SHARE:
            await self.market_order(side, quantity)
        elif len(self.view.orders) >= RESTING_MAX:
            await self.rest.cancel_all(self.symbol)
        else:
            await self._rest_at_touch(side, quantity)

    async def _rest_at_touch(self, side: str, quantity: float) -> None:
        price = self.quote.bid if side == "BUY" else self.quote.ask
        text = on_grid(quantity, self.quote.step_size)
        if price and float(text) > 0:
            await self.rest.place(self.symbol, side, text, on_grid(price, self.quote.tick_size))


class Trend(Trader):
    """Holds a long while a fast average of the mark is above a slow one, a short while it is below."""

    deposit_quote = 200_000.0
    fast, slow = 0.3, 0.06  # weights of a new mark in the two averages
    band_bp = 4.0  # below this difference nothing changes

    def __init__(self, desk: Desk, name: str, symbol: str, *, size: float) -> None:
        super().__init__(desk, name, symbol)
        self.size = size  # base asset
        self._averages: tuple[float, float] | None = None

    async def step(self) -> None:
        """Wait for a mark event, move the averages, and trade a part of the way to the wanted position."""
        await self.quote.next_mark()
        await asyncio.sleep(self.chance.uniform(0, 0.5))
        mark = self.quote.mark
        fast, slow = self._averages or (mark, mark)
        fast, slow = fast + self.fast * (mark - fast), slow + self.slow * (mark - slow)
        self._averages = fast, slow
        if self.view.wallet < self.deposit_quote / 3:
            await self.top_up()
        signal_bp = (fast / slow - 1) * 1e4
        if abs(signal_bp) < self.band_bp:
            return
        missing = (self.size if signal_bp > 0 else -self.size) - self.position
        if abs(missing) > self.size / 10:
            await self.market_order("BUY" if missing > 0 else "SELL", min(abs(missing), self.size / 3))


class Arbitrage(Trader):
    """Takes what is quoted on the wrong side of the index, as if it could trade there; leans back to flat."""

    deposit_quote = 1_000_000.0
    edge_bp = 4.0  # beyond its fees
    lean_bp = 8.0  # how far a full inventory moves what counts as stale

    def __init__(self, desk: Desk, name: str, symbol: str, *, size: float, inventory_max: float) -> None:
        super().__init__(desk, name, symbol)
        self.size = size  # base asset, of one order
        self.inventory_max = inventory_max

    async def step(self) -> None:
        """Wait until the makers had their turn after a mark event, then hit what they did not move."""
        await self.quote.next_mark()
        await asyncio.sleep(self.chance.uniform(*ARBITRAGE_REACTION_S))
        if self.view.wallet < self.deposit_quote / 3:
            await self.top_up()
        filled = max(-1.0, min(1.0, self.position / self.inventory_max))
        rich = self.quote.index * (1 + (self.edge_bp - self.lean_bp * filled) * 1e-4)
        cheap = self.quote.index * (1 - (self.edge_bp + self.lean_bp * filled) * 1e-4)
        if self.quote.bid > rich and filled > -1:
            await self._take("SELL", rich)
        elif 0 < self.quote.ask < cheap and filled < 1:
            await self._take("BUY", cheap)

    async def _take(self, side: str, price: float) -> None:
        quantity, limit = on_grid(self.size, self.quote.step_size), on_grid(price, self.quote.tick_size)
        await self.rest.place(self.symbol, side, quantity, limit, time_in_force="IOC")
