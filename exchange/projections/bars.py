"""Candles of one price for every interval of the dialect, whatever they are made of. They know no clock and no text.

Only the minute candle is touched by what happens. When a minute is over it is added once to the candle of each wider
interval, so the hot path costs the same for fifteen intervals as for one. Candles in which nothing happened are not
stored: a reader gets them filled in, flat at the last close, as Binance shows them. Back-filled candles (`seed`) are
kept apart and joined when read, so that a seeded candle that was open at the start and its live part are counted once
each. Prices are integers of any unit, times milliseconds UTC.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter
from typing import Generic, Self, TypeVar

CANDLES_MAX = 1_500  # candles of an interval that can be asked for
CANDLES_KEPT = CANDLES_MAX + 100  # live candles, not flat ones, that are kept per interval
SEEDED_MAX = CANDLES_KEPT  # back-filled candles that are kept per interval
MINUTE_MS = 60_000
DAY_MS = 86_400_000
_MONDAY_MS = 4 * DAY_MS  # 5 January 1970, the first Monday
_MONTHS = 12
_OPEN_MS = attrgetter("open_ms")


@dataclass(slots=True)
class Bar:
    """Where a price began, was and ended within a span; kinds of candles add what they count."""

    open_ms: int
    open: int
    high: int
    low: int
    close: int

    def add(self, later: Self) -> None:
        """Take in a candle of a later, or the same but later folded, time: this one's open stands."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close

    def joined(self, later: Self) -> Self:
        """Return this candle and a later one as one; neither is changed."""
        total = replace(self)
        total.add(later)
        return total

    def flat(self, open_ms: int) -> Self:
        """Return a later candle in which nothing happened, at the close of this one."""
        return type(self)(open_ms, self.close, self.close, self.close, self.close)


B = TypeVar("B", bound=Bar)


@dataclass(frozen=True, slots=True)
class Interval:
    """One interval: which candle a time belongs to, and when the candle after one opens."""

    name: str
    open_of: Callable[[int], int]
    next_open: Callable[[int], int]


def _fixed(name: str, length_ms: int, origin_ms: int = 0) -> Interval:
    """Return an interval of constant length, aligned to `origin_ms`."""
    return Interval(name, lambda ms: ms - (ms - origin_ms) % length_ms, lambda open_ms: open_ms + length_ms)


def _month_open(ms: int) -> int:
    """Return the first instant of the UTC month that a time lies in."""
    day = datetime.fromtimestamp(ms // 1000, UTC)
    return int(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp()) * 1000


def _next_month(open_ms: int) -> int:
    """Return the first instant of the month after the one that opened at `open_ms`."""
    day = datetime.fromtimestamp(open_ms // 1000, UTC)
    years, month = divmod(day.month, _MONTHS)
    return int(datetime(day.year + years, month + 1, 1, tzinfo=UTC).timestamp()) * 1000


INTERVALS: dict[str, Interval] = {
    interval.name: interval
    for interval in (
        _fixed("1m", MINUTE_MS),
        _fixed("3m", 3 * MINUTE_MS),
        _fixed("5m", 5 * MINUTE_MS),
        _fixed("15m", 15 * MINUTE_MS),
        _fixed("30m", 30 * MINUTE_MS),
        _fixed("1h", 60 * MINUTE_MS),
        _fixed("2h", 120 * MINUTE_MS),
        _fixed("4h", 240 * MINUTE_MS),
        _fixed("6h", 360 * MINUTE_MS),
        _fixed("8h", 480 * MINUTE_MS),
        _fixed("12h", 720 * MINUTE_MS),
        _fixed("1d", DAY_MS),
        _fixed("3d", 3 * DAY_MS),
        _fixed("1w", 7 * DAY_MS, _MONDAY_MS),
        Interval("1M", _month_open, _next_month),
    )
}


@dataclass(slots=True)
class _Series(Generic[B]):
    """The candles of one interval: back-filled ones, and live ones, both in ascending time."""

    interval: Interval
    seeded: list[B] = field(default_factory=list)
    live: deque[B] = field(default_factory=lambda: deque(maxlen=CANDLES_KEPT))

    def add(self, minute: B) -> None:
        """Add a finished minute to the candle it belongs to."""
        open_ms = self.interval.open_of(minute.open_ms)
        if self.live and self.live[-1].open_ms == open_ms:
            self.live[-1].add(minute)
        else:
            self.live.append(replace(minute, open_ms=open_ms))


class Bars(Generic[B]):
    """The candles of one price, all intervals. A kind of them makes `_minute` and tells when it is over."""

    def __init__(self) -> None:
        """Start without any candle."""
        self._series: dict[str, _Series[B]] = {name: _Series(interval) for name, interval in INTERVALS.items()}
        self._minute: B | None = None  # the live minute, not yet in any series

    def seed(self, interval: str, bars: Iterable[B]) -> None:
        """Put candles from before the start behind the live ones, in ascending time; the newest SEEDED_MAX are kept.

        The last one may still be open: what happens from now on is added to it. Raises KeyError for an unknown
        interval, and ValueError for bars that do not ascend or do not open where the interval's candles do.
        """
        series = self._series[interval]
        seeded = list(bars)
        opens = [bar.open_ms for bar in seeded]
        if opens != sorted(set(opens)):
            raise ValueError(f"bars of {interval} must ascend in time")
        if any(series.interval.open_of(open_ms) != open_ms for open_ms in opens):
            raise ValueError(f"bars of {interval} must open where its candles open")
        series.seeded = seeded[-SEEDED_MAX:]

    def read(
        self, interval: str, now_ms: int, start_ms: int | None = None, end_ms: int | None = None, limit: int = 500
    ) -> list[B]:
        """Return at most `limit` candles that open within start..end, ascending, gaps filled flat.

        Without `start_ms` they are the newest ones up to the end. None lies after the candle that is open at `now_ms`,
        or before the first known one. Raises KeyError for an unknown interval.
        """
        series = self._series[interval]
        grid = series.interval
        edges = self._edges(series)
        if edges is None:
            return []
        first, newest = edges
        last = grid.open_of(max(newest, now_ms))
        if end_ms is not None:
            last = min(last, grid.open_of(end_ms))
        if start_ms is None:
            first = _earliest(grid, first, last, limit)
        else:
            aligned = grid.open_of(start_ms)
            first = max(first, aligned if aligned == start_ms else grid.next_open(aligned))
        last = _latest_open(grid, first, limit, last)
        if first > last:
            return []
        return list(_filled(grid, self._known(series, first, last), first, last))

    def current(self, interval: str, now_ms: int) -> B | None:
        """Return the candle that is open at a time, flat when nothing happened in it; None before the first one."""
        latest = self._latest(self._series[interval])
        if latest is None:
            return None
        open_ms = INTERVALS[interval].open_of(now_ms)
        return latest if latest.open_ms >= open_ms else latest.flat(open_ms)

    def last_close(self) -> int:
        """Return the last known price: a live one, else that of a back-filled candle; 0 when there is none."""
        if self._minute is not None:
            return self._minute.close
        seeded = self._series["1m"].seeded
        return seeded[-1].close if seeded else 0

    def _finish_minute(self) -> None:
        """Add the live minute to every series; it is over."""
        if self._minute is None:
            return
        for series in self._series.values():
            series.add(self._minute)
        self._minute = None

    def _latest(self, series: _Series[B]) -> B | None:
        """Return the newest known candle of a series as a copy, or None."""
        newest = (series.seeded[-1] if series.seeded else None, series.live[-1] if series.live else None, self._minute)
        latest: B | None = None
        for candle in newest:
            if candle is not None:
                latest = _joined(latest, replace(candle, open_ms=series.interval.open_of(candle.open_ms)))
        return latest

    def _edges(self, series: _Series[B]) -> tuple[int, int] | None:
        """Return when the oldest and the newest known candle of a series open, or None when there is none."""
        minute = [self._minute] if self._minute else []
        opens = [
            candle.open_ms for part in (series.seeded, series.live, minute) if part for candle in (part[0], part[-1])
        ]
        return (series.interval.open_of(min(opens)), series.interval.open_of(max(opens))) if opens else None

    def _known(self, series: _Series[B], first_ms: int, last_ms: int) -> list[B]:
        """Return what happened or was seeded within first..last, ascending, after the candle before that.

        Nobody changes them later: what may go on is a copy, the rest, which is over, is not.
        """
        known = list(_within(series.seeded, first_ms, last_ms))
        live = [*_within(series.live, first_ms, last_ms)]
        if live and live[-1] is series.live[-1]:
            live[-1] = replace(live[-1])
        if self._minute is not None and (open_ms := series.interval.open_of(self._minute.open_ms)) <= last_ms:
            live.append(replace(self._minute, open_ms=open_ms))
        for candle in live:
            if known and known[-1].open_ms >= candle.open_ms:
                known[-1] = known[-1].joined(candle)
            else:
                known.append(candle)
        return known


def _joined(known: B | None, later: B) -> B:
    """Return the later candle, with the known one before it when that is still open at its time; neither is changed."""
    return later if known is None or known.open_ms < later.open_ms else known.joined(later)


def _earliest(grid: Interval, first: int, last: int, limit: int) -> int:
    """Return where the newest `limit` candles up to `last` begin, not before `first`."""
    begin = last
    for _ in range(limit - 1):
        if begin <= first:
            break
        begin = grid.open_of(begin - 1)
    return max(first, begin)


def _latest_open(grid: Interval, first: int, limit: int, last: int) -> int:
    """Return where the last of `limit` candles from `first` on opens, not after `last`."""
    end = first
    for _ in range(limit - 1):
        if end >= last:
            break
        end = grid.next_open(end)
    return min(end, last)


def _within(candles: list[B] | deque[B], first_ms: int, last_ms: int) -> Iterator[B]:
    """Yield the candles that open within first..last, and before them the last one that opens earlier."""
    begin = bisect_left(candles, first_ms, key=_OPEN_MS)
    return islice(candles, max(0, begin - 1), bisect_right(candles, last_ms, key=_OPEN_MS))


def _filled(grid: Interval, known: list[B], first: int, last: int) -> Iterator[B]:
    """Yield the candles that open within first..last, flat ones where nothing is known; `first` is on the grid."""
    opens = [candle.open_ms for candle in known]
    at = bisect_left(opens, first)
    before = known[bisect_right(opens, first) - 1]
    open_ms = first
    while open_ms <= last:
        if at < len(known) and known[at].open_ms == open_ms:
            before = known[at]
            yield before
            at += 1
        else:
            before = before.flat(open_ms)
            yield before
        open_ms = grid.next_open(open_ms)
