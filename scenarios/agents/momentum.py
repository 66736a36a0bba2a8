"""Momentum: holds a long while a fast average of the mark is above a slow one, a short while it is below."""

from exchange.core.enums import Side
from exchange.core.units import SECOND
from scenarios.agents.agent import Desk
from scenarios.agents.group import Group, Interval, NotNegative, Positive

WORTH_SHARE = 0.1  # of its size: by less, the position stays as it is


class Momentum(Group, frozen=True, kw_only=True, tag="momentum"):
    """How it follows: half-lives of its two averages, and the distance between them that it acts upon."""

    size_quote: Positive
    wake_seconds: Interval = 10.0
    fast_half_life_seconds: Positive = 15.0
    slow_half_life_seconds: Positive = 120.0
    band_bp: NotNegative = 5.0


class MomentumTrader:
    """Wakes at random times, moves its averages, and trades towards the position it wants, a third of it at a time."""

    def __init__(self, desk: Desk, group: Momentum) -> None:
        """Take the seat; nothing is drawn yet."""
        self.desk, self.group = desk, group
        self.deposit_quote, self.leverage = group.deposit_quote, group.leverage
        self._clock = desk.chance("clock")
        self._fast = self._slow = 0.0
        self._seen_ns = 0

    def begin(self) -> int:
        """Sleep a random while."""
        return self._sleep_ns()

    def wake(self) -> int:
        """Look at the mark and follow it."""
        mark = self.desk.market.mark_price
        if mark:
            self._follow(mark)
        return self._sleep_ns()

    def _follow(self, mark: int) -> None:
        desk, group, now = self.desk, self.group, self.desk.now
        if not self._slow:
            self._fast, self._slow, self._seen_ns = float(mark), float(mark), now
        elapsed_s = (now - self._seen_ns) / SECOND
        self._fast += (mark - self._fast) * (1 - 0.5 ** (elapsed_s / group.fast_half_life_seconds))
        self._slow += (mark - self._slow) * (1 - 0.5 ** (elapsed_s / group.slow_half_life_seconds))
        self._seen_ns = now
        signal_bp = (self._fast / self._slow - 1) * 1e4
        if abs(signal_bp) < group.band_bp:
            return
        size = desk.lots_of(group.size_quote, mark)
        missing = (size if signal_bp > 0 else -size) - desk.position.quantity
        if abs(missing) > WORTH_SHARE * size:
            desk.place(Side.BUY if missing > 0 else Side.SELL, max(1, min(abs(missing), size // 3)))

    def _sleep_ns(self) -> int:
        return int(self.group.wake_seconds * SECOND * self._clock.standard_exponential())
