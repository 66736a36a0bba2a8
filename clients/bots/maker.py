"""Market makers: a ladder of quotes around the index that leans against inventory and withdraws under stress."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from clients.bots.market import Quote
from clients.bots.trader import Desk, Trader
from clients.reference import OpenOrder, VenueError, on_grid

STRESS_EVENTS = 6  # mark events that a shock is measured over
STRESS_FROM_BP = 45.0  # of a move over them: what a fast market does without being in trouble
STRESS_PER_BP = 1 / 30
STRESS_MAX = 4.0  # spreads are at most (1 + this) times as wide, sizes as small
REACTION_S = 0.15
SETTLE_S = 0.05  # until the book shows what the makers did within their reaction time
MOVED_SHARE = 0.25  # of its distance from the fair price: by less, a quote stays where it is


@dataclass(frozen=True, slots=True)
class MakerStyle:
    """How a maker quotes: distances from the fair price in bp and sizes in the base asset, nearest level first."""

    distances_bp: Sequence[float]
    sizes: Sequence[float]
    inventory_max: float  # base asset
    lean_bp: float  # how far a full inventory moves the fair price


class Level(NamedTuple):
    """One wanted quote; quantity 0: none."""

    slot: str
    side: str
    price: float
    quantity: float
    tolerance: float


def stress(move_bp: float) -> float:
    """Return 0 for an ordinary move up to STRESS_MAX for a shock."""
    return min(STRESS_MAX, max(0.0, (abs(move_bp) - STRESS_FROM_BP) * STRESS_PER_BP))


def ladder(style: MakerStyle, quote: Quote, inventory: float, stressed: float) -> list[Level]:
    """Return the wanted quotes, nearest first, bids and asks alternating. Pure.

    Beyond the inventory limit the side that would add to it is withdrawn. Quotes stay on their own side of the touch.
    """
    filled = max(-1.0, min(1.0, inventory / style.inventory_max))
    fair = quote.index * (1 - filled * style.lean_bp * (1 + stressed) * 1e-4)
    tick = float(quote.tick_size)
    levels = []
    for number, (distance_bp, size) in enumerate(zip(style.distances_bp, style.sizes, strict=True)):
        away = fair * distance_bp * 1e-4 * (1 + stressed)
        quantity = size / (1 + stressed)
        behind = number * tick
        bid = min(fair - away, quote.ask - tick - behind) if quote.ask else fair - away
        ask = max(fair + away, quote.bid + tick + behind) if quote.bid else fair + away
        levels.append(Level(f"b{number}", "BUY", bid, 0.0 if filled >= 1 else quantity, away * MOVED_SHARE))
        levels.append(Level(f"a{number}", "SELL", ask, 0.0 if filled <= -1 else quantity, away * MOVED_SHARE))
    return levels


class Maker(Trader):
    """Re-quotes after each mark event: amends what moved, replaces what was filled."""

    deposit_quote = 3_000_000.0

    def __init__(self, desk: Desk, name: str, symbol: str, style: MakerStyle) -> None:
        super().__init__(desk, name, symbol)
        self.style = style
        self._orders: dict[str, str] = {}  # slot -> client order id
        self._placed = 0

    async def step(self) -> None:
        """Wait for a mark event, then bring the quotes to where they should be."""
        await self.quote.next_mark()
        reaction_s = self.chance.uniform(0, REACTION_S)
        await asyncio.sleep(reaction_s)
        if self.view.wallet < self.deposit_quote / 3:
            await self.top_up()
        # First the side that the price runs into, the other one when all makers had time for that: else its quotes
        # would meet stale ones and have to stay behind them.
        if self.quote.move_bp(1) > 0:
            first, second = "SELL", "BUY"
        else:
            first, second = "BUY", "SELL"
        await self._adjust_side(first)
        await asyncio.sleep(REACTION_S - reaction_s + SETTLE_S)
        await self._adjust_side(second)

    async def _adjust_side(self, side: str) -> None:
        stressed = stress(self.quote.move_bp(STRESS_EVENTS))
        levels = ladder(self.style, self.quote, self.position, stressed)
        await asyncio.gather(*(self._adjust(level) for level in levels if level.side == side))

    async def _adjust(self, level: Level) -> None:
        order = self.view.orders.get(self._orders.get(level.slot, ""))
        try:
            if order is None:
                await self._place(level)
            elif level.quantity == 0:
                await self.rest.cancel(self.symbol, order.client_order_id)
            elif self._is_off(order, level):
                quantity = on_grid(order.filled + level.quantity, self.quote.step_size)
                price = on_grid(level.price, self.quote.tick_size)
                await self.rest.amend(self.symbol, level.side, quantity, price, order.client_order_id)
        except VenueError:
            self.refusals += 1  # the market moved meanwhile; the next mark event decides anew
            self._orders.pop(level.slot, None)
            if order:
                await self._drop(order)

    async def _place(self, level: Level) -> None:
        if level.quantity == 0:
            return
        self._placed += 1
        client_order_id = f"{self.name}-{level.slot}-{self._placed}"
        self._orders[level.slot] = client_order_id
        quantity, price = on_grid(level.quantity, self.quote.step_size), on_grid(level.price, self.quote.tick_size)
        await self.rest.place(
            self.symbol, level.side, quantity, price, time_in_force="GTX", client_order_id=client_order_id
        )

    async def _drop(self, order: OpenOrder) -> None:
        try:
            await self.rest.cancel(self.symbol, order.client_order_id)
        except VenueError:
            self.refusals += 1  # it was gone already
            self.view.orders.pop(order.client_order_id, None)

    @staticmethod
    def _is_off(order: OpenOrder, level: Level) -> bool:
        left = order.quantity - order.filled
        return abs(order.price - level.price) > level.tolerance or left < level.quantity / 2
