"""Price paths as pure functions of source time, and how figures, chance and other paths make one. No clock, no I/O.

Source time is the feed's own, in nanoseconds since the epoch; prices are quote units as floats: an index price becomes
exact when it is rounded to its tick and recorded as a command, and nothing before that enters the venue.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from exchange.core.contract import Contract
from exchange.core.units import ATOMS_PER_QUOTE, SECOND, Ticks

GRID_NS = 15 * SECOND  # of paths that we make ourselves; a minute file has its own
MINUTE_NS = 60 * SECOND
WALK_START_NS = 1_735_689_600 * SECOND  # 2025-01-01 00:00 UTC: the date that walks bear
WALK_DAYS = 2
WALK_OPEN = 100_000.0
WALK_BP_PER_SQRT_MINUTE = 8.0
FOLLOWER_NOISE_BP = 4.0  # of each grid step
FOLLOWER_REVERSION = 0.98  # per grid step: the noise wanders some 20 bp around the fixed ratio and comes back


@dataclass(frozen=True, slots=True)
class GridPath:
    """Prices on an even grid of source time, straight lines between them.

    Outside its own days the path is its mirror: it runs to its end, back to its beginning, forward again, and the same
    into the past. So it has no end and no jump, and no price that its makers did not put there.
    """

    start_ns: int
    step_ns: int
    prices: tuple[float, ...]
    cycle: tuple[float, ...] = field(init=False, repr=False)  # forward and back, each end once

    def __post_init__(self) -> None:
        """Lay the mirror out; two prices are the least to move between."""
        if len(self.prices) < 2 or self.step_ns <= 0 or min(self.prices) <= 0:  # noqa: PLR2004
            raise ValueError("a path needs at least two prices above 0 and a positive step")
        object.__setattr__(self, "cycle", self.prices + self.prices[-2:0:-1])

    def price_at(self, source_ns: int) -> float:
        """Return the price, in quote units, at a moment of source time."""
        step, within = divmod(source_ns - self.start_ns, self.step_ns)
        here = self.cycle[step % len(self.cycle)]
        there = self.cycle[(step + 1) % len(self.cycle)]
        return here + (there - here) * (within / self.step_ns)


def index_ticks(price: float, contract: Contract) -> Ticks:
    """Return a price in quote units as the contract's index price: on its grid and within its price limits."""
    ticks = round(price * ATOMS_PER_QUOTE / contract.tick_atoms)
    return Ticks(min(max(ticks, contract.min_price), contract.max_price))


def bridged(
    figures: Sequence[tuple[int, float]], *, bp_per_sqrt_minute: float, chance: random.Random, step_ns: int = GRID_NS
) -> GridPath:
    """Fill (source time in ns, price) figures to an even grid with a seeded Brownian bridge, and meet every figure.

    Figures ascend in time and lie on the grid. Between two of them the logarithm of the price is a straight line plus
    a bridge of `bp_per_sqrt_minute`, which is 0 at both ends; lowest and highest figure bound it, so that they stay the
    extremes. Raises ValueError for figures off the grid.
    """
    sigma = bp_per_sqrt_minute * 1e-4 * math.sqrt(step_ns / MINUTE_NS)
    lowest, highest = (math.log(extreme([price for _, price in figures])) for extreme in (min, max))
    prices = [figures[0][1]]
    for (ts, price), (next_ts, next_price) in pairwise(figures):
        steps, rest = divmod(next_ts - ts, step_ns)
        if rest or steps < 1:
            raise ValueError(f"figures must ascend in whole steps of {step_ns} ns, got {ts} then {next_ts}")
        target, level = math.log(next_price), math.log(price)
        for left in range(steps, 1, -1):
            # A bridge step: toward the target by 1/left of the way, with the spread of what is left of the time.
            level += (target - level) / left + sigma * math.sqrt((left - 1) / left) * chance.gauss(0, 1)
            level = min(max(level, lowest), highest)
            prices.append(math.exp(level))
        prices.append(next_price)
    return GridPath(figures[0][0], step_ns, tuple(prices))


def walk(chance: random.Random) -> GridPath:
    """Return a seeded random walk of WALK_DAYS days that begins at WALK_OPEN."""
    sigma = WALK_BP_PER_SQRT_MINUTE * 1e-4 * math.sqrt(GRID_NS / MINUTE_NS)
    level = math.log(WALK_OPEN)
    prices = [WALK_OPEN]
    for _ in range(WALK_DAYS * 86_400 * SECOND // GRID_NS):
        level += sigma * chance.gauss(0, 1)
        prices.append(math.exp(level))
    return GridPath(WALK_START_NS, GRID_NS, tuple(prices))


def follower(leader: GridPath, ratio: float, chance: random.Random) -> GridPath:
    """Return the leader's path times a fixed ratio, with seeded noise that always comes back to that ratio."""
    noise, prices = 0.0, []
    for price in leader.prices:
        noise = FOLLOWER_REVERSION * noise + FOLLOWER_NOISE_BP * 1e-4 * chance.gauss(0, 1)
        prices.append(price * ratio * math.exp(noise))
    return GridPath(leader.start_ns, leader.step_ns, tuple(prices))
