"""Price paths: the same for the same seed, through every figure, without jump or end."""

import gzip
import random
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from exchange.core.contract import Contract
from exchange.core.units import SECOND, Ticks
from exchange.runtime.feeds.minutes import MalformedBarsError
from exchange.runtime.feeds.paths import GRID_NS, GridPath, bridged, follower, walk
from exchange.runtime.feeds.sources import DAY_PATH, UnknownIndexError, index_source, shipped_path, shipped_paths
from exchange.runtime.settings import read_contracts

SEED = 11
T0 = 1_738_540_800
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
        ("walk:\u00b2", "whole number"),
        ("walk:1@\u00b2:10", "whole number"),
        (f"walk:{2**63}", "from 0 to 9223372036854775807$"),
        pytest.param(f"walk:{'9' * 5_000}", r"walk:9{60}\.\.\.: the seed", id="walk:9999..."),
        ("file:nowhere.csv", "nowhere.csv: No such file"),
    ],
)
def test_an_unknown_index_text_is_refused(contracts: tuple[Contract, ...], text: str, message: str) -> None:
    with pytest.raises(UnknownIndexError, match=message):
        index_source(text, contracts, SEED)


def bars(folder: Path, price: float, encoding: str = "utf-8") -> Path:
    """Write a file of three minutes that stand at a price."""
    path = folder / "minutes.csv"
    lines = [f"{T0 + 60 * minute},{price},{price},{price},{price},1" for minute in range(3)]
    path.write_text("timestamp,open,high,low,close,volume\n" + "\n".join(lines), encoding=encoding)
    return path


def other(contract: Contract, asset: str) -> Contract:
    return replace(contract, symbol=f"{asset}USDT", base_asset=asset)


def test_a_file_plays_the_prices_of_the_first_contract(tmp_path: Path, contracts: tuple[Contract, ...]) -> None:
    btc, eth = contracts
    sol = other(eth, "SOL")
    text = f"file:{bars(tmp_path, 3_000)}"
    for alone in (eth, sol):
        assert index_source(text, [alone], SEED).paths[alone.symbol].prices[0] == 3_000
    both = index_source(text, [eth, btc], SEED).paths
    assert set(both["ETHUSDT"].prices) == {3_000.0}
    assert both["BTCUSDT"].prices[0] == pytest.approx(100_000, rel=0.01)
    assert index_source(text, [btc, eth], SEED).paths["ETHUSDT"].prices[0] == pytest.approx(90, rel=0.01)


@pytest.mark.parametrize("listed", [("SOL", "ETH"), ("ETH", "SOL"), ("SOL", "DOT")])
def test_contracts_without_a_known_ratio_are_refused(
    tmp_path: Path, contracts: tuple[Contract, ...], listed: tuple[str, str]
) -> None:
    message = f"no path for {listed[1]}USDT: what is played are prices of {listed[0]}, .* --contracts with one contract"
    with pytest.raises(UnknownIndexError, match=message):
        index_source(f"file:{bars(tmp_path, 3_000)}", [other(contracts[1], asset) for asset in listed], SEED)


@pytest.mark.parametrize("price", [1e-300, 0.2, 4e6, 1e300, 1.7e308])
def test_a_file_beyond_the_price_limits_of_any_contract_is_refused(
    tmp_path: Path, contracts: tuple[Contract, ...], price: float
) -> None:
    with pytest.raises(MalformedBarsError, match=r"minutes.csv: line 2: .* which is 0\.333333 to 1e\+06"):
        index_source(f"file:{bars(tmp_path, price)}", contracts, SEED)


def test_a_walk_beyond_the_price_limits_is_refused(contracts: tuple[Contract, ...]) -> None:
    low = replace(contracts[0], max_price=Ticks(500_000))
    with pytest.raises(UnknownIndexError, match=r"walk:3: its prices, .* which is 0\.1 to 50000$"):
        index_source("walk:3", [low], SEED)


def test_a_byte_order_mark_is_tolerated(tmp_path: Path, contracts: tuple[Contract, ...]) -> None:
    text = f"file:{bars(tmp_path, 50_000, encoding='utf-8-sig')}"
    assert index_source(text, contracts, SEED).paths["BTCUSDT"].prices[0] == 50_000


@pytest.mark.parametrize("content", [gzip.compress(b"1,2,3"), "1,2,3,4,5,\u00e9".encode("latin-1")])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, contracts: tuple[Contract, ...], content: bytes) -> None:
    (tmp_path / "packed").write_bytes(content)
    with pytest.raises(MalformedBarsError, match="packed is no text in UTF-8"):
        index_source(f"file:{tmp_path / 'packed'}", contracts, SEED)


def test_the_shipped_day_bears_its_attribution() -> None:
    from importlib.resources import files

    assert shipped_paths() == [DAY_PATH]
    text = files("exchange").joinpath("data/paths", f"{DAY_PATH}.toml").read_text("utf-8")
    assert "Bitstamp BTC/USD minute data, github.com/ff137/bitstamp-btcusd-minute-data" in text
    assert "CC BY 4.0" in text
