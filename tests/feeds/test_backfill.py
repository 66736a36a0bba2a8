"""Candles of the past: as many as a request may ask for, contiguous, plausible, and joining the first live price."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from exchange.core.units import SECOND, Ticks
from exchange.projections.candles import CANDLES_MAX, INTERVALS, Candles
from exchange.runtime.feeds.backfill import Playback, history_bars
from exchange.runtime.feeds.sources import DAY_PATH, shipped_path
from exchange.runtime.settings import read_contracts

SEED = 11
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


@pytest.mark.parametrize("interval", INTERVALS)
def test_the_candles_of_the_venue_take_them(interval: str) -> None:
    bars = history_bars(Playback(PATH, START_NS, NOW_MS), CONTRACT, interval)
    candles = Candles()
    candles.seed(interval, bars)
    assert candles.read(interval, NOW_MS, limit=CANDLES_MAX) == bars[-CANDLES_MAX:]
