"""Candles of the past: as many as a request may ask for, contiguous, plausible, and joining the first live price."""

import random
from itertools import pairwise

import pytest
from msgspec.structs import replace

from exchange.core.units import SECOND, Ticks
from exchange.projections.bars import CANDLES_MAX, INTERVALS
from exchange.projections.candles import Candles
from exchange.runtime.feeds.backfill import Playback, history_bars
from exchange.runtime.feeds.minutes import MinuteBar, path_of_bars
from exchange.runtime.feeds.paths import index_ticks
from exchange.runtime.feeds.sources import DAY_PATH, shipped_path
from exchange.runtime.settings import read_contracts

SEED = 11
HOUR_NS = 3600 * SECOND
NOW_MS = 1_763_830_012_345
CONTRACT = read_contracts(())[0]
PATH = shipped_path(DAY_PATH, SEED)
START_NS = PATH.start_ns + 70 * 60 * SECOND


@pytest.mark.parametrize("interval", INTERVALS)
def test_bars_are_contiguous_and_join_the_start(interval: str) -> None:
    bars = history_bars(Playback(PATH, START_NS, NOW_MS), CONTRACT, interval)
    assert len(bars) >= CANDLES_MAX
    grid = INTERVALS[interval]
    assert bars[-1].open_ms == grid.open_of(NOW_MS)
    assert all(grid.next_open(bar.open_ms) == after.open_ms for bar, after in pairwise(bars))
    assert all(bar.close == after.open for bar, after in pairwise(bars))
    assert bars[-1].close == round(PATH.price_at(START_NS) * 10)
    for bar in bars:
        assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert 0 < bar.taker_buy_volume < bar.volume
        assert 915_300 <= bar.low < bar.high <= 1_025_690


def test_the_same_path_gives_the_same_bars() -> None:
    playback = Playback(PATH, START_NS, NOW_MS)
    assert history_bars(playback, CONTRACT, "5m") == history_bars(playback, CONTRACT, "5m")


def test_bars_keep_to_the_price_limits_of_their_contract() -> None:
    cramped = replace(CONTRACT, min_price=Ticks(950_000), max_price=Ticks(1_000_000))
    bars = history_bars(Playback(PATH, START_NS, NOW_MS), cramped, "1h")
    assert (min(bar.low for bar in bars), max(bar.high for bar in bars)) == (950_000, 1_000_000)


def test_bars_move() -> None:
    bars = history_bars(Playback(PATH, START_NS, NOW_MS), CONTRACT, "1m", count=200)
    assert len({bar.close for bar in bars}) > 150
    assert len({bar.volume for bar in bars}) > 100


def test_bars_shorter_than_the_grid_reach_no_further_than_the_path_goes_within_them() -> None:
    """Hourly bars walk a straight line of a quarter of an hour; its ends are not within each minute of it."""
    chance = random.Random(SEED)
    closes = [chance.uniform(95_000, 105_000) for _ in range(6)]
    hours = [
        MinuteBar(hour * HOUR_NS, begin, max(begin, close) + 500, min(begin, close) - 500, close)
        for hour, (begin, close) in enumerate(pairwise(closes))
    ]
    playback = Playback(path_of_bars(hours), 3 * HOUR_NS, NOW_MS - NOW_MS % 1_000)
    for bar in history_bars(playback, CONTRACT, "1m", count=150)[:-1]:
        seconds = range(bar.open_ms, bar.open_ms + 60_001, 1_000)
        path = [index_ticks(playback.path.price_at(playback.source_at(second)), CONTRACT) for second in seconds]
        assert (bar.low, bar.high) == (min(path), max(path))


@pytest.mark.parametrize("interval", INTERVALS)
def test_the_candles_of_the_venue_take_them(interval: str) -> None:
    bars = history_bars(Playback(PATH, START_NS, NOW_MS), CONTRACT, interval)
    candles = Candles()
    candles.seed(interval, bars)
    assert candles.read(interval, NOW_MS, limit=CANDLES_MAX) == bars[-CANDLES_MAX:]
