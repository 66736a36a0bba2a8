"""Turns `--index` text into price paths for the listed contracts. Reads shipped and given files; no clock, no venue."""

import random
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

from exchange.core.contract import Contract
from exchange.core.units import ATOMS_PER_QUOTE, SECOND
from exchange.runtime.feeds.minutes import MalformedBarsError, PriceRange, parse_bars, path_of_bars
from exchange.runtime.feeds.paths import GridPath, bridged, follower, walk

MANUAL = "manual"  # no path: prices are set by hand
DAY_PATH = "btcusd-2025-02-03"
RATIOS = {"BTC": 1.0, "ETH": 0.03}  # what each is worth to each other: where one is played, the other one follows
SHIPPED_ASSET = "BTC"  # whose prices `path:` and `walk:` play
WALK_SEED_MAX = 2**63 - 1
PATHS_FOLDER = "data/paths"
SHOWN_MAX = 60  # characters of what was given, in a message


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

    A file holds the prices of the first contract; `path:` and `walk:` play BTC. Every other contract follows at the
    ratio of RATIOS. `@HH:MM` begins that long after the path's beginning (UTC time of day for a path that begins at
    midnight). Raises UnknownIndexError (no such kind, name, file, or no ratio) and MalformedBarsError.
    """
    if text == MANUAL:
        return IndexSource(text, 0, {})
    kind, _, rest = text.partition(":")
    if kind not in MAKERS or not rest:
        raise UnknownIndexError(f"--index {text!r}: use path:NAME, file:PATH, walk:SEED or manual")
    rest, offset_ns = _split_offset(rest)
    played = contracts[0].base_asset if kind == "file" else SHIPPED_ASSET
    ratios = {contract.symbol: _ratio(contract, played) for contract in contracts}
    allowed = _allowed(contracts, ratios)
    leader = MAKERS[kind](rest, seed, allowed)
    lowest, highest = min(leader.prices), max(leader.prices)
    if not allowed.low <= lowest <= highest <= allowed.high:
        raise UnknownIndexError(
            f"--index {text}: its prices, {lowest:g} to {highest:g}, are outside of what the contracts allow, which is"
            f" {allowed.low:g} to {allowed.high:g}"
        )
    paths: dict[str, GridPath] = {}
    for symbol, ratio in ratios.items():
        paths[symbol] = leader if ratio == 1 else follower(leader, ratio, random.Random(f"{seed}:{symbol}"))
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


def _ratio(contract: Contract, played: str) -> float:
    """Return what a contract's index is of the played price. Raises UnknownIndexError where nobody knows."""
    if contract.base_asset == played:
        return 1.0
    if contract.base_asset in RATIOS and played in RATIOS:
        return RATIOS[contract.base_asset] / RATIOS[played]
    raise UnknownIndexError(
        f"no path for {contract.symbol}: what is played are prices of {played}, and only {' and '.join(RATIOS)} have a"
        " known ratio to each other. Give --contracts with one contract alone and --index file:PATH with its own"
        " prices, or use --index manual"
    )


def _allowed(contracts: Sequence[Contract], ratios: Mapping[str, float]) -> PriceRange:
    """Return the played prices at which every contract's index, at its ratio, stays within its price limits."""
    ticks = {contract.symbol: contract.tick_atoms / ATOMS_PER_QUOTE / ratios[contract.symbol] for contract in contracts}
    return PriceRange(
        max(contract.min_price * ticks[contract.symbol] for contract in contracts),
        min(contract.max_price * ticks[contract.symbol] for contract in contracts),
    )


def _shipped_path(name: str, seed: int, _allowed: PriceRange) -> GridPath:
    return shipped_path(name, seed)


def _file_path(text: str, _seed: int, allowed: PriceRange) -> GridPath:
    try:
        with Path(text).open(encoding="utf-8-sig") as lines:  # spreadsheets put a byte order mark in front
            return path_of_bars(parse_bars(lines, allowed))
    except UnicodeDecodeError:
        raise MalformedBarsError(f"{text} is no text in UTF-8; a packed file must be unpacked first") from None
    except MalformedBarsError as error:
        raise MalformedBarsError(f"{text}: {error}") from error
    except OSError as error:
        raise UnknownIndexError(f"--index file:{text}: {error.strerror or error}") from error


def _walk_path(text: str, _seed: int, _allowed: PriceRange) -> GridPath:
    if not _is_number(text, digits=len(str(WALK_SEED_MAX))) or int(text) > WALK_SEED_MAX:
        shown = text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "..."
        raise UnknownIndexError(f"--index walk:{shown}: the seed must be a whole number from 0 to {WALK_SEED_MAX}")
    return walk(random.Random(f"walk:{int(text)}"))


MAKERS: Mapping[str, Callable[[str, int, PriceRange], GridPath]] = {
    "path": _shipped_path,
    "file": _file_path,
    "walk": _walk_path,
}


def _split_offset(rest: str) -> tuple[str, int]:
    name, at, time = rest.rpartition("@")
    if not at or not _is_time(time):
        return rest, 0
    return name, _time_of_day_ns(time)


def _is_time(text: str) -> bool:
    hours, _, minutes = text.partition(":")
    both = _is_number(hours, digits=2) and _is_number(minutes, digits=2)
    return both and int(hours) <= 24 and int(minutes) < 60  # noqa: PLR2004


def _is_number(text: str, digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= digits  # int() takes more than ASCII, and not any length


def _time_of_day_ns(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return (int(hours) * 60 + int(minutes)) * 60 * SECOND
