"""Candles from before the venue started, read off its price path continued into the past. Pure: no clock, no chance.

An indicator needs hundreds of candles before it speaks, and a venue that has just started has none. The path goes
on backwards from the start, and the last candle joins the first live price. It goes at the pace of life whatever the
playback's speed: that may differ from start to start, and the past may not. Volumes are invented, the same each time.
"""

from typing import NamedTuple

from exchange.core.contract import Contract
from exchange.core.units import ATOMS_PER_QUOTE, MILLISECOND
from exchange.projections.bars import CANDLES_MAX, INTERVALS, MINUTE_MS
from exchange.projections.candles import Candle
from exchange.runtime.feeds.paths import GridPath, index_ticks

BARS = CANDLES_MAX + 10  # what one klines request returns, and what goes by while a client starts
SAMPLES_PER_BAR_MAX = 16  # highs and lows are those of at most so many points of the path
QUOTE_PER_MINUTE = 1_000_000  # traded per minute, about
MOVE_BP_MAX = 200  # beyond it more movement is not more volume


class Playback(NamedTuple):
    """How wall and source time belong together in the past: at `now_ms` the path stands at `source_ns`."""

    path: GridPath
    source_ns: int
    now_ms: int

    def source_at(self, wall_ms: int) -> int:
        """Return the source time, in ns, that belongs to a wall time in ms."""
        return self.source_ns + (wall_ms - self.now_ms) * MILLISECOND


def history_bars(playback: Playback, contract: Contract, interval: str, count: int = BARS) -> list[Candle]:
    """Return `count` contiguous candles of an interval, oldest first, the last one being the one that `now_ms` is in.

    That one ends at the price of now. Each opens where the one before closed. Raises KeyError for an unknown interval.
    """
    edges = [*open_times(interval, playback.now_ms, count), playback.now_ms]
    prices = [index_ticks(playback.path.price_at(playback.source_at(edge)), contract) for edge in edges]
    return [
        _candle(playback, contract, (edges[n], edges[n + 1]), (prices[n], prices[n + 1])) for n in range(len(edges) - 1)
    ]


def open_times(interval: str, now_ms: int, count: int) -> list[int]:
    """Return when (ms, UTC) the last `count` candles up to the current one open, oldest first."""
    open_of = INTERVALS[interval].open_of
    times = [open_of(now_ms)]
    while len(times) < count:
        times.append(open_of(times[-1] - 1))
    return times[::-1]


def _candle(playback: Playback, contract: Contract, edges_ms: tuple[int, int], ends: tuple[int, int]) -> Candle:
    between = _extremes(playback.path, playback.source_at(edges_ms[0]), playback.source_at(edges_ms[1]))
    reached = [*ends, *(index_ticks(price, contract) for price in between)]
    lowest, highest = min(reached), max(reached)
    # Busier when the price moves more; the spread of a multiplicative hash stands for everything else.
    spread = edges_ms[0] // MINUTE_MS * 2_654_435_761 % 1_000
    minutes = max(1, (edges_ms[1] - edges_ms[0]) // MINUTE_MS)
    move_bp = min((highest - lowest) * 10_000 // lowest, MOVE_BP_MAX)
    lot_value = contract.notional((lowest + highest) // 2, 1)
    volume = QUOTE_PER_MINUTE * ATOMS_PER_QUOTE // lot_value * minutes * (500 + spread + 20 * move_bp) // 1_000
    bought = volume * (450 + spread // 10) // 1_000
    count = minutes * (20 + spread // 25)
    quotes = volume * lot_value, bought * lot_value
    return Candle(edges_ms[0], ends[0], highest, lowest, ends[1], volume, quotes[0], count, bought, quotes[1])


def _extremes(path: GridPath, start_ns: int, end_ns: int) -> tuple[float, ...]:
    """Return lowest and highest of at most SAMPLES_PER_BAR_MAX or so grid points of the path within a span, ends too.

    None where the span lies between two of them: there the path is a straight line.
    """
    cycle = path.cycle
    first_step = -((path.start_ns - start_ns) // path.step_ns)
    points = min(len(cycle), (end_ns - path.start_ns) // path.step_ns - first_step + 1)
    if points == 0:
        return ()
    first = first_step % len(cycle)
    stride = -(-points // SAMPLES_PER_BAR_MAX)
    chosen = cycle[first : first + points : stride]
    if first + points > len(cycle):
        chosen += cycle[: first + points - len(cycle) : stride]
    return min(chosen), max(chosen)
