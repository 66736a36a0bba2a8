"""Arbitrage: takes what is quoted on the wrong side of the index, which it could trade at. It holds mark to index."""

from exchange.core.enums import Side, TimeInForce
from exchange.core.units import SECOND
from scenarios.agents.agent import Desk
from scenarios.agents.group import Group, Interval, NotNegative, Positive


class Arbitrage(Group, frozen=True, kw_only=True, tag="arbitrage"):
    """What it takes: quotes beyond `edge_bp`; a full inventory moves what counts as beyond by `lean_bp`."""

    size_quote: Positive  # of one order
    inventory_max_quote: Positive
    wake_seconds: Interval = 1.0
    edge_bp: NotNegative = 8.0
    lean_bp: NotNegative = 8.0


class Arbitrageur:
    """Looks about every `wake_seconds` and sends at most one order, of which nothing rests."""

    def __init__(self, desk: Desk, group: Arbitrage) -> None:
        """Take the seat; nothing is drawn yet."""
        self.desk, self.group = desk, group
        self.deposit_quote, self.leverage = group.deposit_quote, group.leverage
        self._clock = desk.chance("clock")

    def begin(self) -> int:
        """Sleep a random while."""
        return self._sleep_ns()

    def wake(self) -> int:
        """Hit a bid above the index, or lift an ask below it."""
        index = self.desk.market.index_price
        if index:
            self._compare(index)
        return self._sleep_ns()

    def _compare(self, index: int) -> None:
        desk, group = self.desk, self.group
        filled = desk.quote_of(desk.position.quantity, index) / group.inventory_max_quote
        filled = max(-1.0, min(1.0, filled))
        rich = index * (1 + (group.edge_bp - group.lean_bp * filled) * 1e-4)
        cheap = index * (1 - (group.edge_bp + group.lean_bp * filled) * 1e-4)
        bid, ask = desk.best(Side.BUY), desk.best(Side.SELL)
        lots = desk.lots_of(group.size_quote, index)
        if bid is not None and bid > rich and filled > -1:
            desk.place(Side.SELL, lots, round(rich), time_in_force=TimeInForce.IOC)
        elif ask is not None and ask < cheap and filled < 1:
            desk.place(Side.BUY, lots, round(cheap), time_in_force=TimeInForce.IOC)

    def _sleep_ns(self) -> int:
        return int(self.group.wake_seconds * SECOND * self._clock.uniform(0.5, 1.5))
