"""Fundamental traders: each has a view of what the asset is worth, buys below it and sells above."""

from collections.abc import Callable
from math import exp, log

from exchange.core.enums import Side
from exchange.core.units import SECOND
from scenarios.agents.agent import Desk
from scenarios.agents.group import Group, Interval, NotNegative, Positive


class Fundamental(Group, frozen=True, kw_only=True, tag="fundamental"):
    """How it values: its view is the scenario's value times its own lasting bias, and it acts beyond a band."""

    size_quote: Positive  # of one order
    position_max_quote: Positive
    wake_seconds: Interval = 20.0
    bias_bp: NotNegative = 10.0  # standard deviation over the traders of a group
    band_bp: NotNegative = 15.0


class FundamentalTrader:
    """Wakes at random times and takes what stands beyond its band, one order at a time."""

    def __init__(self, desk: Desk, group: Fundamental, value: Callable[[], float]) -> None:
        """Take the seat and draw the bias; `value` tells what the asset is worth now, in quote units."""
        self.desk, self.group = desk, group
        self.deposit_quote, self.leverage = group.deposit_quote, group.leverage
        self._value = value
        self._clock = desk.chance("clock")
        self._bias = exp(1e-4 * group.bias_bp * desk.chance("bias").standard_normal())

    def begin(self) -> int:
        """Sleep a random while."""
        return self._sleep_ns()

    def wake(self) -> int:
        """Compare price and value, and trade when they are far apart."""
        mark = self.desk.market.mark_price
        if mark:
            self._compare(mark)
        return self._sleep_ns()

    def _compare(self, mark: int) -> None:
        desk, group = self.desk, self.group
        gap_bp = 1e4 * log(desk.ticks(self._value() * self._bias) / mark)
        if abs(gap_bp) < group.band_bp:
            return
        side = Side.BUY if gap_bp > 0 else Side.SELL
        if side * desk.quote_of(desk.position.quantity, mark) < group.position_max_quote:
            desk.place(side, desk.lots_of(group.size_quote, mark))

    def _sleep_ns(self) -> int:
        return int(self.group.wake_seconds * SECOND * self._clock.standard_exponential())
