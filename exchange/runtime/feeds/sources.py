"""Turns `--index` text into price paths for the listed contracts. Reads shipped and given files; no clock, no venue."""

import random
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

from exchange.core.contract import Contract
from exchange.core.units import SECOND
from exchange.runtime.feeds.minutes import parse_bars, path_of_bars
from exchange.runtime.feeds.paths import GridPath, bridged, follower, walk

MANUAL = "manual"  # no path: prices are set by hand
DAY_PATH = "btcusd-2025-02-03"
RATIOS = {"BTC": 1.0, "ETH": 0.03}  # of the played price: ETH follows at a fixed ratio, since only BTC is shipped
PATHS_FOLDER = "data/paths"


class UnknownIndexError(ValueError):
    """The `--index` text names nothing that can be played; the message says what can."""


@dataclass(frozen=True, slots=True)
class IndexSource:
    """What a feed plays: a path for each contract, and the source time at which it begins. No paths: manual."""

    text: str
    start_ns: int
    paths: Mapping[str, GridPath]


def index_source(text: str, contracts: Sequence[Contract], seed: int) -> IndexSource:
    """Return the source that `path:NAME[@HH:MM]`, `file:PATH[@HH:MM]`, `walk:SEED` or `manual` names.

    `@HH:MM` begins that long after the path's beginning (UTC time of day for a path that begins at midnight).
    Raises UnknownIndexError (no such kind, name or contract), MalformedBarsError, OSError.
    """
    if text == MANUAL:
        return IndexSource(text, 0, {})
    kind, _, rest = text.partition(":")
    if kind not in MAKERS or not rest:
        raise UnknownIndexError(f"--index {text!r}: use path:NAME, file:PATH, walk:SEED or manual")
    rest, offset_ns = _split_offset(rest)
    leader = MAKERS[kind](rest, seed)
    paths: dict[str, GridPath] = {}
    for contract in contracts:
        if contract.base_asset not in RATIOS:
            known = ", ".join(RATIOS)
            raise UnknownIndexError(f"no path for {contract.symbol}: {known} have one; use --index manual for others")
        ratio = RATIOS[contract.base_asset]
        chance = random.Random(f"{seed}:{contract.symbol}")
        paths[contract.symbol] = leader if ratio == 1 else follower(leader, ratio, chance)
    return IndexSource(text, leader.start_ns + offset_ns, paths)


def shipped_paths() -> list[str]:
    """Return the names that `path:` knows."""
    folder = files("exchange").joinpath(PATHS_FOLDER)
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def shipped_path(name: str, seed: int) -> GridPath:
    """Return the shipped figures `name`, filled by a bridge of this seed. Raises UnknownIndexError."""
    if name not in shipped_paths():
        raise UnknownIndexError(f"no shipped path {name!r}; there is {', '.join(shipped_paths())}")
    document = tomllib.loads(files("exchange").joinpath(PATHS_FOLDER, f"{name}.toml").read_text("utf-8"))
    day: date = document["date"]
    midnight_ns = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND
    figures = [(midnight_ns + _time_of_day_ns(time), float(price)) for time, price in document["figures"]]
    chance = random.Random(f"{seed}:{name}")
    return bridged(figures, bp_per_sqrt_minute=document["bridge_bp_per_sqrt_minute"], chance=chance)


def _file_path(text: str, _seed: int) -> GridPath:
    with Path(text).open(encoding="utf-8") as lines:
        return path_of_bars(parse_bars(lines))


def _walk_path(text: str, _seed: int) -> GridPath:
    if not text.isdigit():
        raise UnknownIndexError(f"--index walk:{text}: the seed must be a whole number")
    return walk(random.Random(f"walk:{int(text)}"))


MAKERS: Mapping[str, Callable[[str, int], GridPath]] = {"path": shipped_path, "file": _file_path, "walk": _walk_path}


def _split_offset(rest: str) -> tuple[str, int]:
    name, at, time = rest.rpartition("@")
    if not at or not _is_time(time):
        return rest, 0
    return name, _time_of_day_ns(time)


def _is_time(text: str) -> bool:
    hours, _, minutes = text.partition(":")
    return hours.isdigit() and minutes.isdigit() and int(hours) <= 24 and int(minutes) < 60  # noqa: PLR2004


def _time_of_day_ns(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return (int(hours) * 60 + int(minutes)) * 60 * SECOND
