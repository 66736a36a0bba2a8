"""Reads price bars from CSV text and walks each bar on a fixed path. No files, no clock, no chance.

Two layouts: this project's (`timestamp,open,high,low,close,volume`, Unix seconds) and Binance's klines (twelve columns,
open time in milliseconds or microseconds, with or without a header line). Bars must follow each other without a gap.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from exchange.core.units import SECOND
from exchange.runtime.feeds.paths import GridPath

MINUTE_COLUMNS = 6
KLINE_COLUMNS = 12
STEPS_PER_BAR = 4  # open, one extreme, the other, close: a quarter of the bar each
MICROSECONDS_FROM = 10**14  # Binance's files switched from ms to us in 2025; 10**14 ms would be the year 5138
BARS_MAX = 1_000_000
TIME_MAX = 10**17


class MinuteBar(NamedTuple):
    """One bar: opening time in nanoseconds of source time, prices in quote units."""

    open_ns: int
    open: float
    high: float
    low: float
    close: float


class MalformedBarsError(ValueError):
    """The text is no bar file; the message says which line and why."""


def parse_bars(lines: Iterable[str]) -> list[MinuteBar]:
    """Return the bars of a CSV text in either layout. Raises MalformedBarsError, which names the line."""
    bars: list[MinuteBar] = []
    for number, line in enumerate(lines, 1):
        cells = [cell.strip().strip('"') for cell in line.split(",")]
        if cells == [""] or (number == 1 and _is_header(cells)):
            continue
        bar = _bar(cells, number)
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
    open_ns = _time_ns(cells[0], number, is_kline=len(cells) == KLINE_COLUMNS)
    names = ("open", "high", "low", "close")
    first, high, low, close = (_number(cell, name, number) for cell, name in zip(cells[1:5], names, strict=True))
    if not 0 < low <= min(first, close) <= max(first, close) <= high:
        raise MalformedBarsError(f"line {number}: prices must satisfy 0 < low <= open, close <= high")
    return MinuteBar(open_ns, first, high, low, close)


def _time_ns(cell: str, number: int, *, is_kline: bool) -> int:
    value = _number(cell, "time", number, read=int)
    if not 0 < value < TIME_MAX:
        raise MalformedBarsError(f"line {number}: time {cell!r} is out of range")
    if not is_kline:
        return int(value) * SECOND
    return int(value) * (SECOND // 10**6 if value >= MICROSECONDS_FROM else SECOND // 10**3)


def _number(cell: str, name: str, number: int, read: Callable[[str], float] = float) -> float:
    try:
        value = read(cell)
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
    if step < SECOND:
        raise MalformedBarsError(f"line {number}: its time is not after that of the bar before")
    expected = bars[1].open_ns - bars[0].open_ns if len(bars) > 1 else step
    if step != expected:
        raise MalformedBarsError(
            f"line {number}: {step // SECOND} s after the bar before, but the bars are {expected // SECOND} s apart"
        )
