"""Price paths: the same for the same seed, through every figure, without jump or end."""

import random
from itertools import pairwise

import pytest

from exchange.core.contract import Contract
from exchange.core.units import SECOND
from exchange.runtime.feeds.paths import GRID_NS, GridPath, bridged, follower, walk
from exchange.runtime.feeds.sources import DAY_PATH, UnknownIndexError, index_source, shipped_path, shipped_paths
from exchange.runtime.settings import read_contracts

SEED = 11
MINUTE = 60 * SECOND
CRASH_NS = (2 * 60 + 7) * MINUTE


@pytest.fixture(scope="module")
def contracts() -> tuple[Contract, ...]:
    return read_contracts(())


@pytest.fixture(scope="module")
def day() -> GridPath:
    return shipped_path(DAY_PATH, SEED)


def test_the_shipped_day_keeps_its_shape(day: GridPath) -> None:
    assert day.price_at(day.start_ns) == 97_670
    assert day.price_at(day.start_ns + CRASH_NS) == 91_530
    assert day.price_at(day.start_ns + 24 * 60 * MINUTE) == 101_457
    assert min(day.prices) == 91_530
    assert max(day.prices) == 102_569
    assert len(day.prices) == 24 * 60 * 4 + 1


def test_a_path_is_a_function_of_its_seed(day: GridPath) -> None:
    assert shipped_path(DAY_PATH, SEED) == day
    assert shipped_path(DAY_PATH, SEED + 1).prices != day.prices


def test_the_bridge_meets_every_figure_and_stays_near_its_line() -> None:
    figures = [(0, 100.0), (60 * MINUTE, 110.0), (90 * MINUTE, 105.0)]
    path = bridged(figures, bp_per_sqrt_minute=6, chance=random.Random(SEED))
    assert [path.price_at(ts) for ts, _ in figures] == [100.0, 110.0, 105.0]
    assert 99.99 < min(path.prices) < max(path.prices) < 110.01
    assert len(set(path.prices)) > 350


def test_figures_off_the_grid_are_refused() -> None:
    with pytest.raises(ValueError, match="ascend in whole steps"):
        bridged([(0, 100.0), (GRID_NS + 1, 101.0)], bp_per_sqrt_minute=1, chance=random.Random(SEED))
    with pytest.raises(ValueError, match="ascend in whole steps"):
        bridged([(GRID_NS, 100.0), (0, 101.0)], bp_per_sqrt_minute=1, chance=random.Random(SEED))


def test_a_path_goes_on_as_its_mirror_in_both_directions() -> None:
    path = GridPath(1_000, 10, (1.0, 2.0, 4.0))
    forward_and_back = [1.0, 1.5, 2.0, 3.0, 4.0, 3.0, 2.0, 1.5, 1.0, 1.5]
    assert [path.price_at(1_000 + 5 * step) for step in range(10)] == forward_and_back
    assert [path.price_at(1_000 - 5 * step) for step in range(10)] == forward_and_back


def test_no_step_of_the_looped_day_is_larger_than_the_largest_within_it(day: GridPath) -> None:
    within = max(abs(b / a - 1) for a, b in pairwise(day.prices))
    edges = [day.start_ns, day.start_ns + 24 * 60 * MINUTE]
    for edge in edges:
        prices = [day.price_at(edge + step * GRID_NS) for step in range(-20, 21)]
        assert max(abs(b / a - 1) for a, b in pairwise(prices)) <= within


def test_a_follower_keeps_its_ratio_within_one_percent(day: GridPath) -> None:
    eth = follower(day, 0.03, random.Random(SEED))
    ratios = [price / leader for price, leader in zip(eth.prices, day.prices, strict=True)]
    assert len(set(ratios)) > 5_000
    assert 0.03 * 0.99 < min(ratios) < max(ratios) < 0.03 * 1.01


def test_a_walk_is_a_function_of_its_seed() -> None:
    assert walk(random.Random(SEED)) == walk(random.Random(SEED))
    assert walk(random.Random(SEED)) != walk(random.Random(SEED + 1))


def test_an_index_text_names_a_path_for_each_contract(contracts: tuple[Contract, ...]) -> None:
    source = index_source(f"path:{DAY_PATH}@01:10", contracts, SEED)
    assert list(source.paths) == ["BTCUSDT", "ETHUSDT"]
    assert source.start_ns == source.paths["BTCUSDT"].start_ns + 70 * MINUTE
    assert index_source("manual", contracts, SEED).paths == {}
    assert index_source("walk:3", contracts, SEED).paths["BTCUSDT"].prices[0] == 100_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path", "use path:NAME"),
        ("path:", "use path:NAME"),
        ("nonsense:1", "use path:NAME"),
        ("path:somewhere", f"there is {DAY_PATH}"),
        ("walk:x", "whole number"),
    ],
)
def test_an_unknown_index_text_is_refused(contracts: tuple[Contract, ...], text: str, message: str) -> None:
    with pytest.raises(UnknownIndexError, match=message):
        index_source(text, contracts, SEED)


def test_the_shipped_day_bears_its_attribution() -> None:
    from importlib.resources import files

    assert shipped_paths() == [DAY_PATH]
    text = files("exchange").joinpath("data/paths", f"{DAY_PATH}.toml").read_text("utf-8")
    assert "Bitstamp BTC/USD minute data, github.com/ff137/bitstamp-btcusd-minute-data" in text
    assert "CC BY 4.0" in text
