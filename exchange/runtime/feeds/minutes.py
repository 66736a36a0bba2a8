"""Reads price bars from CSV text and walks each bar on a fixed path. No files, no clock, no chance.

Two layouts, each with or without a header line: `timestamp,open,high,low,close,volume`, and the twelve columns of
Binance's klines. Times are Unix seconds, milliseconds or microseconds, told apart by their size. Bars must follow each
other without a gap.
"""

from collections.abc import Iterable
from typing import NamedTuple

from exchange.core.units import MILLISECOND, SECOND
from exchange.runtime.feeds.paths import GridPath

MINUTE_COLUMNS = 6
KLINE_COLUMNS = 12
STEPS_PER_BAR = 4  # open, one extreme, the other, close: a quarter of the bar each
BARS_MAX = 1_000_000
# (lowest, unit in ns), largest first: each covers the years 1973 to 5138, and they do not overlap.
TIME_UNITS = ((10**14, MILLISECOND // 1_000), (10**11, MILLISECOND), (10**8, SECOND))
TIME_END = 10**17


class MinuteBar(NamedTuple):
    """One bar: opening time in nanoseconds of source time, prices in quote units."""

    open_ns: int
    open: float
    high: float
    low: float
    close: float


class PriceRange(NamedTuple):
    """The prices, in quote units, that a path may have: what all the contracts that follow it allow."""

    low: float
    high: float


ANY_PRICE = PriceRange(0.0, float("inf"))


class MalformedBarsError(ValueError):
    """The text is no bar file; the message says which line and why."""


def parse_bars(lines: Iterable[str], allowed: PriceRange = ANY_PRICE) -> list[MinuteBar]:
    """Return the bars of a CSV text in either layout. Raises MalformedBarsError, which names the line."""
    bars: list[MinuteBar] = []
    for number, line in enumerate(lines, 1):
        cells = [cell.strip().strip('"') for cell in line.split(",")]
        if cells == [""] or (number == 1 and _is_header(cells)):
            continue
        bar = _bar(cells, number)
        if not allowed.low <= bar.low <= bar.high <= allowed.high:
            raise MalformedBarsError(
                f"line {number}: prices {bar.low:g} to {bar.high:g} are outside of what the contracts allow, which is"
                f" {allowed.low:g} to {allowed.high:g}"
            )
        _check_order(bars, bar, number)
        bars.append(bar)
    if len(bars) < 2:  # noqa: PLR2004
        raise MalformedBarsError(f"a path needs at least two bars, the file has {len(bars)}")
    return bars


def path_of_bars(bars: list[MinuteBar]) -> GridPath:
    """Walk each bar open -> extreme -> extreme -> close, a quarter of its time each.

    A bar that closes at or above its open visits its low first, any other its high: the shorter way round.
    """
    prices: list[float] = []
    for bar in bars:
        extremes = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
        prices += [bar.open, *extremes, bar.close]
    return GridPath(bars[0].open_ns, (bars[1].open_ns - bars[0].open_ns) // STEPS_PER_BAR, tuple(prices))


def _is_header(cells: list[str]) -> bool:
    return cells[0].lower() in {"timestamp", "open_time", "opentime", "open time"}


def _bar(cells: list[str], number: int) -> MinuteBar:
    if len(cells) not in {MINUTE_COLUMNS, KLINE_COLUMNS}:
        raise MalformedBarsError(
            f"line {number}: {len(cells)} columns; Binance's klines have {KLINE_COLUMNS}, plain bars {MINUTE_COLUMNS}"
        )
    open_ns = _time_ns(cells[0], number)
    names = ("open", "high", "low", "close")
    first, high, low, close = (_number(cell, name, number) for cell, name in zip(cells[1:5], names, strict=True))
    if not 0 < low <= min(first, close) <= max(first, close) <= high:
        raise MalformedBarsError(f"line {number}: prices must satisfy 0 < low <= open, close <= high")
    return MinuteBar(open_ns, first, high, low, close)


def _time_ns(cell: str, number: int) -> int:
    try:
        value = int(cell)
    except ValueError:
        raise MalformedBarsError(f"line {number}: time {cell[:40]!r} is not a whole number") from None
    unit_ns = next((unit for lowest, unit in TIME_UNITS if value >= lowest), None)
    if unit_ns is None or value >= TIME_END:
        raise MalformedBarsError(
            f"line {number}: time {cell[:40]!r} is out of range for Unix seconds, milliseconds and microseconds"
        )
    return value * unit_ns


def _number(cell: str, name: str, number: int) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    if value - value != 0:  # neither nan nor infinite
        raise MalformedBarsError(f"line {number}: {name} {cell[:40]!r} is not a number")
    return value


def _check_order(bars: list[MinuteBar], bar: MinuteBar, number: int) -> None:
    if len(bars) >= BARS_MAX:
        raise MalformedBarsError(f"line {number}: more than {BARS_MAX} bars")
    if not bars:
        return
    step = bar.open_ns - bars[-1].open_ns
    if step <= 0:
        raise MalformedBarsError(f"line {number}: its time is not after that of the bar before")
    if step < SECOND:
        raise MalformedBarsError(f"line {number}: less than a second after the bar before")
    expected = bars[1].open_ns - bars[0].open_ns if len(bars) > 1 else step
    if step != expected:
        raise MalformedBarsError(
            f"line {number}: {step / SECOND:g} s after the bar before, but the bars are {expected / SECOND:g} s apart"
        )
