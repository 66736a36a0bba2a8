"""Zero intelligence: limit orders, market orders and cancels at rates, whatever the price does. It has no opinion."""

from exchange.core.enums import Side
from exchange.core.units import SECOND
from scenarios.agents.agent import Desk
from scenarios.agents.group import Group, NotNegative, Positive, Rate, Share

LEAN = 0.4  # how far a full position tilts the coin


class Noise(Group, frozen=True, kw_only=True, tag="noise"):
    """How often and how much. Sizes are lognormal around `size_quote`, distances of limit orders exponential."""

    orders_per_minute: Rate
    market_share: Share  # of its orders
    cancel_share: Share
    size_quote: Positive
    size_sigma: NotNegative = 0.8  # in powers of two
    distance_bp: NotNegative = 6.0  # the mean, from the best price of its own side
    resting_max: int = 4  # beyond it every order but a market order is a cancel of the oldest
    position_max_quote: Positive = 40_000.0


class NoiseTrader:
    """Every wake draws the same numbers in the same order, whatever becomes of them."""

    def __init__(self, desk: Desk, group: Noise) -> None:
        """Take the seat; nothing is drawn yet."""
        self.desk, self.group = desk, group
        self.deposit_quote, self.leverage = group.deposit_quote, group.leverage
        self._mean_ns = 60 * SECOND / group.orders_per_minute
        self._clock, self._coin = desk.chance("clock"), desk.chance("coin")
        self._size, self._distance = desk.chance("size"), desk.chance("distance")

    def begin(self) -> int:
        """Sleep a random while."""
        return self._sleep_ns()

    def wake(self) -> int:
        """Place or cancel one order."""
        kind, coin = self._coin.random(2).tolist()
        size_quote = self.group.size_quote * 2.0 ** (self.group.size_sigma * self._size.standard_normal())
        distance = 1e-4 * self.group.distance_bp * self._distance.standard_exponential()
        self._act(kind, coin, size_quote, distance)
        return self._sleep_ns()

    def _act(self, kind: float, coin: float, size_quote: float, distance: float) -> None:
        desk, group = self.desk, self.group
        price = desk.market.mark_price
        if not price:
            return
        position_quote = desk.quote_of(desk.position.quantity, price)
        lean = LEAN * max(-1.0, min(1.0, position_quote / group.position_max_quote))
        side = Side.BUY if coin < 0.5 - lean else Side.SELL
        resting = desk.orders
        if kind < group.market_share:
            desk.place(side, desk.lots_of(size_quote, price))
        elif resting and (kind < group.market_share + group.cancel_share or len(resting) >= group.resting_max):
            desk.cancel(next(iter(resting)))
        else:
            best = desk.best(side) or price
            desk.place(side, desk.lots_of(size_quote, price), max(1, round(best * (1 - side * distance))))

    def _sleep_ns(self) -> int:
        return int(self._mean_ns * self._clock.standard_exponential())
