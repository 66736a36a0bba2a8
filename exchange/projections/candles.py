"""Candles of one contract, folded from its trades, for every interval of the dialect. It knows no clock and no text.

Only the minute candle is touched by a trade. When a minute is over it is added once to the candle of each wider
interval, so the hot path costs the same for fifteen intervals as for one. Candles without trades are not stored: a
reader gets them filled in, flat at the last close, as Binance shows them. Back-filled candles (`seed`) are kept apart
and joined when read, so that a seeded candle that was open at the start and its live part are counted once each.
Prices in ticks, volumes in lots, quote volumes in atoms, times in milliseconds UTC.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter

CANDLES_MAX = 1_500  # candles of an interval that can be asked for
CANDLES_KEPT = CANDLES_MAX + 100  # live candles with trades that are kept per interval
SEEDED_MAX = CANDLES_KEPT  # back-filled candles that are kept per interval
MINUTE_MS = 60_000
DAY_MS = 86_400_000
_MONDAY_MS = 4 * DAY_MS  # 5 January 1970, the first Monday
_MONTHS = 12
STALE = -1
NO_TRADE = -1  # trade id of a candle without trades
_OPEN_MS = attrgetter("open_ms")


@dataclass(slots=True)
class Candle:
    """One candle. `taker_buy_*`: the part of the volume in which the buyer was the taker."""

    open_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    quote_volume: int = 0
    count: int = 0
    taker_buy_volume: int = 0
    taker_buy_quote: int = 0
    first_trade_id: int = NO_TRADE
    last_trade_id: int = NO_TRADE

    def add(self, later: "Candle") -> None:
        """Take in a candle of a later, or the same but later folded, time: this one's open stands."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.quote_volume += later.quote_volume
        self.count += later.count
        self.taker_buy_volume += later.taker_buy_volume
        self.taker_buy_quote += later.taker_buy_quote
        if self.first_trade_id == NO_TRADE:
            self.first_trade_id = later.first_trade_id
        if later.last_trade_id != NO_TRADE:
            self.last_trade_id = later.last_trade_id


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
class _Series:
    """The candles of one interval: back-filled ones, and live ones that had trades, both in ascending time."""

    interval: Interval
    seeded: list[Candle] = field(default_factory=list)
    live: deque[Candle] = field(default_factory=lambda: deque(maxlen=CANDLES_KEPT))

    def add(self, minute: Candle) -> None:
        """Add a finished minute to the candle it belongs to."""
        open_ms = self.interval.open_of(minute.open_ms)
        if self.live and self.live[-1].open_ms == open_ms:
            self.live[-1].add(minute)
        else:
            self.live.append(replace(minute, open_ms=open_ms))


class Candles:
    """The candles of one contract, all intervals."""

    def __init__(self) -> None:
        """Start without any candle."""
        self._series = {name: _Series(interval) for name, interval in INTERVALS.items()}
        self._minute: Candle | None = None  # the live minute, not yet in any series
        self._day_minute_ms = STALE  # the minute that `_day_parts` were made for
        self._day_parts: tuple[Candle | None, Candle | None] = (None, None)

    def trade(self, ms: int, trade_id: int, price: int, quantity: int, value: int, *, taker_buys: bool) -> None:
        """Fold one trade: `value` is its notional in atoms."""
        bought = 1 if taker_buys else 0
        minute = self._minute
        if minute is None or ms - ms % MINUTE_MS != minute.open_ms:
            self._finish_minute()
            minute = self._minute = Candle(ms - ms % MINUTE_MS, price, price, price, price, first_trade_id=trade_id)
        minute.high = max(minute.high, price)
        minute.low = min(minute.low, price)
        minute.close = price
        minute.volume += quantity
        minute.quote_volume += value
        minute.count += 1
        minute.taker_buy_volume += bought * quantity
        minute.taker_buy_quote += bought * value
        minute.last_trade_id = trade_id

    def seed(self, interval: str, bars: Iterable[Candle]) -> None:
        """Put candles from before the start behind the live ones, in ascending time; the newest SEEDED_MAX are kept.

        The last one may still be open: what is traded from now on is added to it. Raises KeyError for an unknown
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
        self._day_minute_ms = STALE

    def read(
        self, interval: str, now_ms: int, start_ms: int | None = None, end_ms: int | None = None, limit: int = 500
    ) -> list[Candle]:
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

    def current(self, interval: str, now_ms: int) -> Candle | None:
        """Return the candle that is open at a time, flat when nothing was traded in it; None before the first one."""
        latest = self._latest(self._series[interval])
        if latest is None:
            return None
        open_ms = INTERVALS[interval].open_of(now_ms)
        return latest if latest.open_ms >= open_ms else flat(latest, open_ms)

    def day(self, now_ms: int) -> Candle | None:
        """Return the last 24 hours, in steps of a minute, as one candle opening at their begin; None without a price.

        Where nothing was traded within them, it is flat at the last close and has no volume.
        """
        minute_ms = now_ms - now_ms % MINUTE_MS
        if self._day_minute_ms != minute_ms:
            self._day_minute_ms = minute_ms
            self._day_parts = self._parts_of_day(minute_ms - DAY_MS)
        before, total = self._day_parts
        live = self._minute
        if live is not None and live.open_ms >= minute_ms - DAY_MS:
            total = replace(live) if total is None else _sum(total, live)
        elif live is not None:
            before = live
        if total is not None:
            return replace(total, open_ms=minute_ms - DAY_MS)
        return None if before is None else flat(before, minute_ms - DAY_MS)

    def last_close(self) -> int:
        """Return the last known price, in ticks: of a trade, else of a back-filled candle; 0 when there is none."""
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
        self._day_minute_ms = STALE

    def _latest(self, series: _Series) -> Candle | None:
        """Return the newest known candle of a series as a copy, or None."""
        newest = (series.seeded[-1] if series.seeded else None, series.live[-1] if series.live else None, self._minute)
        latest: Candle | None = None
        for candle in newest:
            if candle is not None:
                latest = _joined(latest, replace(candle, open_ms=series.interval.open_of(candle.open_ms)))
        return latest

    def _edges(self, series: _Series) -> tuple[int, int] | None:
        """Return when the oldest and the newest known candle of a series open, or None when there is none."""
        minute = [self._minute] if self._minute else []
        opens = [
            candle.open_ms for part in (series.seeded, series.live, minute) if part for candle in (part[0], part[-1])
        ]
        return (series.interval.open_of(min(opens)), series.interval.open_of(max(opens))) if opens else None

    def _known(self, series: _Series, first_ms: int, last_ms: int) -> list[Candle]:
        """Return what had trades or was seeded within first..last, ascending, after the candle before that.

        Nobody changes them later: what trading goes on in is a copy, the rest, which is over, is not.
        """
        known = list(_within(series.seeded, first_ms, last_ms))
        live = [*_within(series.live, first_ms, last_ms)]
        if live and live[-1] is series.live[-1]:
            live[-1] = replace(live[-1])
        if self._minute is not None and (open_ms := series.interval.open_of(self._minute.open_ms)) <= last_ms:
            live.append(replace(self._minute, open_ms=open_ms))
        for candle in live:
            if known and known[-1].open_ms >= candle.open_ms:
                known[-1] = _sum(known[-1], candle)
            else:
                known.append(candle)
        return known

    def _parts_of_day(self, begin_ms: int) -> tuple[Candle | None, Candle | None]:
        """Return the last finished minute before `begin_ms`, and the sum of those from it on."""
        series = self._series["1m"]
        before: Candle | None = None
        total: Candle | None = None
        for candle in [*series.seeded, *series.live]:
            if candle.open_ms < begin_ms:
                before = candle
            elif total is None:
                total = replace(candle)
            else:
                total.add(candle)
        return before, total


def _sum(first: Candle, later: Candle) -> Candle:
    """Return two candles as one; neither is changed."""
    total = replace(first)
    total.add(later)
    return total


def _joined(known: Candle | None, later: Candle) -> Candle:
    """Return the later candle, with the known one before it when that is still open at its time; neither is changed."""
    return later if known is None or known.open_ms < later.open_ms else _sum(known, later)


def flat(before: Candle, open_ms: int) -> Candle:
    """Return a candle without trades at the close of the one before."""
    return Candle(open_ms, before.close, before.close, before.close, before.close)


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


def _within(candles: list[Candle] | deque[Candle], first_ms: int, last_ms: int) -> Iterator[Candle]:
    """Yield the candles that open within first..last, and before them the last one that opens earlier."""
    begin = bisect_left(candles, first_ms, key=_OPEN_MS)
    return islice(candles, max(0, begin - 1), bisect_right(candles, last_ms, key=_OPEN_MS))


def _filled(grid: Interval, known: list[Candle], first: int, last: int) -> Iterator[Candle]:
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
            before = flat(before, open_ms)
            yield before
        open_ms = grid.next_open(open_ms)
