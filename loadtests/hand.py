"""What one load trader asks next: prices around the index, its own open orders, sizes. Pure but for its chance."""

from collections import deque
from dataclasses import dataclass, field
from random import Random

from loadtests.plan import START_INDEX, SYMBOL
from loadtests.signing import Params

AWAY_BP = 8.0  # how far from the index a limit order stands, on average
AWAY_MAX_BP = 80.0
CROSSING = 0.15  # of limit orders are on the wrong side of the index, and trade
CROSSING_BP = 3.0
LOTS_MIN, LOTS_MAX = 10, 200  # of a limit order, in thousandths of the base asset
MARKET_LOTS_MAX = 60
LOTS_PER_BASE = 1000
BP = 1e-4


@dataclass(slots=True)
class Touch:
    """What a process knows of the market, from its own stream: the index as it heard it last."""

    index: float = START_INDEX


@dataclass(slots=True)
class Hand:
    """One trader's chance, its working orders (oldest first), and how many it has named."""

    name: str
    touch: Touch
    chance: Random
    working: deque[str] = field(default_factory=deque)
    asked: int = 0

    def limit(self) -> Params:
        """Return a limit order near the index; now and then one that crosses it."""
        away_bp = min(AWAY_MAX_BP, self.chance.expovariate(1 / AWAY_BP))
        if self.chance.random() < CROSSING:
            away_bp = -self.chance.uniform(0, CROSSING_BP)
        side = self.chance.choice(("BUY", "SELL"))
        price = self.touch.index * (1 - away_bp * BP if side == "BUY" else 1 + away_bp * BP)
        order = self._order(side, self.chance.randint(LOTS_MIN, LOTS_MAX))
        return {**order, "type": "LIMIT", "timeInForce": "GTC", "price": f"{round(price, 1):.2f}"}

    def market(self, side: str = "", lots: int = 0) -> Params:
        """Return a market order; by chance where nothing is said."""
        side = side or self.chance.choice(("BUY", "SELL"))
        return {**self._order(side, lots or self.chance.randint(1, MARKET_LOTS_MAX)), "type": "MARKET"}

    def oldest(self) -> Params | None:
        """Return what names the oldest working order, which is forgotten; None when there is none."""
        return named(self.working.popleft()) if self.working else None

    def any_working(self) -> Params | None:
        """Return what names some working order; None when there is none."""
        return named(self.chance.choice(self.working)) if self.working else None

    def _order(self, side: str, lots: int) -> dict[str, str | int]:
        self.asked += 1
        return {
            "symbol": SYMBOL,
            "side": side,
            "quantity": f"{lots / LOTS_PER_BASE:.3f}",
            "newClientOrderId": f"{self.name}-{self.asked}",
        }


def named(client_order_id: str) -> Params:
    """Return what names an order."""
    return {"symbol": SYMBOL, "origClientOrderId": client_order_id}
