"""Candles: alignment, joining of minutes, back-filled candles, gaps, the last 24 hours. Times are picked by hand."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from exchange.projections import bars as bars_module
from exchange.projections.bars import CANDLES_KEPT, DAY_MS, INTERVALS, MINUTE_MS
from exchange.projections.candles import NO_TRADE, Candle, Candles, PriceCandle, PriceCandles

MONDAY = int(datetime(2025, 2, 3, tzinfo=UTC).timestamp()) * 1000


def trade(candles: Candles, ms: int, price: int, quantity: int = 1, trade_id: int = 1, *, buys: bool = True) -> None:
    candles.trade(ms, trade_id, price, quantity, price * quantity * 10, taker_buys=buys)


def test_every_interval_of_the_dialect_is_there_in_its_order() -> None:
    assert " ".join(INTERVALS) == "1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M"


@pytest.mark.parametrize(
    ("name", "time", "opens", "next_opens"),
    [
        ("15m", "2025-02-05T10:44:59", "2025-02-05T10:30", "2025-02-05T10:45"),
        ("1d", "2025-02-05T23:59:59", "2025-02-05", "2025-02-06"),
        ("1w", "2025-02-09T23:59:59", "2025-02-03", "2025-02-10"),
        ("1w", "2025-02-10T00:00:00", "2025-02-10", "2025-02-17"),
        ("1M", "2025-12-31T23:59:59", "2025-12-01", "2026-01-01"),
        ("1M", "2024-02-29T12:00:00", "2024-02-01", "2024-03-01"),
        ("3d", "1970-01-05T00:00:00", "1970-01-04", "1970-01-07"),
    ],
)
def test_candles_open_in_utc_and_weeks_on_monday(name: str, time: str, opens: str, next_opens: str) -> None:
    def ms(text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000

    interval = INTERVALS[name]
    assert interval.open_of(ms(time)) == ms(opens)
    assert interval.next_open(ms(opens)) == ms(next_opens)


def test_a_minute_holds_all_that_was_traded_in_it() -> None:
    candles = Candles()
    trade(candles, MONDAY + 1, 100, 2, trade_id=7)
    trade(candles, MONDAY + 30_000, 90, 1, trade_id=9, buys=False)
    trade(candles, MONDAY + 59_999, 95, 4, trade_id=12)
    assert candles.read("1m", MONDAY + 59_999) == [
        Candle(
            open_ms=MONDAY,
            open=100,
            high=100,
            low=90,
            close=95,
            volume=7,
            quote_volume=6700,
            count=3,
            taker_buy_volume=6,
            taker_buy_quote=5800,
            first_trade_id=7,
            last_trade_id=12,
        )
    ]


def test_wider_candles_are_the_sum_of_their_minutes_and_of_the_open_one() -> None:
    candles = Candles()
    prices = [100, 130, 70, 110, 120]
    for minute, price in enumerate(prices):
        trade(candles, MONDAY + minute * MINUTE_MS, price, trade_id=minute + 1)
    now = MONDAY + 4 * MINUTE_MS + 5
    for name in ("5m", "1h", "1w"):
        (candle,) = candles.read(name, now)
        assert (candle.open, candle.high, candle.low, candle.close) == (100, 130, 70, 120), name
        assert (candle.count, candle.first_trade_id, candle.last_trade_id) == (5, 1, 5)
        assert candle == candles.current(name, now)
    opens = [candle.open_ms - MONDAY for candle in candles.read("3m", now)]
    assert opens == [0, 3 * MINUTE_MS]
    assert [candle.close for candle in candles.read("3m", now)] == [70, 120]


def test_gaps_are_flat_at_the_last_close() -> None:
    candles = Candles()
    trade(candles, MONDAY, 100, trade_id=1)
    trade(candles, MONDAY + 3 * MINUTE_MS, 120, trade_id=2)
    read = candles.read("1m", MONDAY + 5 * MINUTE_MS)
    assert [(c.open, c.high, c.low, c.close, c.count) for c in read] == [
        (100, 100, 100, 100, 1),
        (100, 100, 100, 100, 0),
        (100, 100, 100, 100, 0),
        (120, 120, 120, 120, 1),
        (120, 120, 120, 120, 0),
        (120, 120, 120, 120, 0),
    ]
    assert read[1].first_trade_id == NO_TRADE
    assert candles.current("1m", MONDAY + 5 * MINUTE_MS) == read[-1]


def test_what_is_asked_for_bounds_what_is_read() -> None:
    candles = Candles()
    for minute in range(10):
        trade(candles, MONDAY + minute * MINUTE_MS, 100 + minute)
    now = MONDAY + 10 * MINUTE_MS - 1

    def closes(**asked: int) -> list[int]:
        return [candle.close for candle in candles.read("1m", now, **asked)]

    assert closes(limit=3) == [107, 108, 109]
    assert closes(end_ms=MONDAY + 5 * MINUTE_MS, limit=2) == [104, 105]
    assert closes(start_ms=MONDAY + 1, limit=2) == [101, 102]
    assert closes(start_ms=MONDAY + MINUTE_MS, end_ms=MONDAY + 2 * MINUTE_MS) == [101, 102]
    assert closes(end_ms=MONDAY - 1) == []
    assert closes(start_ms=now + 1) == []
    assert closes(start_ms=0, limit=1) == [100]


def test_nothing_known_is_nothing_read() -> None:
    candles = Candles()
    assert candles.read("1m", MONDAY) == []
    assert candles.current("1m", MONDAY) is None
    assert candles.day(MONDAY) is None
    assert candles.last_close() == 0


def test_a_seeded_candle_open_at_the_start_takes_in_what_is_traded() -> None:
    candles = Candles()
    bars = [Candle(MONDAY - MINUTE_MS, 90, 92, 88, 91, 5), Candle(MONDAY, 91, 93, 91, 92, 3)]
    candles.seed("1m", bars)
    candles.seed("1h", [Candle(MONDAY, 50, 93, 40, 92, 30)])
    assert candles.last_close() == 92
    trade(candles, MONDAY + 10_000, 95, 2)
    trade(candles, MONDAY + MINUTE_MS, 80, 1)
    now = MONDAY + MINUTE_MS + 1
    assert [(c.open, c.high, c.low, c.close, c.volume) for c in candles.read("1m", now)] == [
        (90, 92, 88, 91, 5),
        (91, 95, 91, 95, 5),
        (80, 80, 80, 80, 1),
    ]
    (hour,) = candles.read("1h", now)
    assert (hour.open, hour.high, hour.low, hour.close, hour.volume) == (50, 95, 40, 80, 33)
    assert candles.current("1h", now) == hour
    assert bars[1] == Candle(MONDAY, 91, 93, 91, 92, 3), "the given bars were changed"


def test_seeding_refuses_bars_that_do_not_fit() -> None:
    candles = Candles()
    with pytest.raises(ValueError, match="ascend"):
        candles.seed("1m", [Candle(MONDAY, 1, 1, 1, 1), Candle(MONDAY, 1, 1, 1, 1)])
    with pytest.raises(ValueError, match="open where"):
        candles.seed("1h", [Candle(MONDAY + MINUTE_MS, 1, 1, 1, 1)])
    with pytest.raises(KeyError):
        candles.seed("7m", [])


def test_fifteen_hundred_candles_of_every_interval_can_be_seeded_and_read() -> None:
    candles = Candles()
    for name, interval in INTERVALS.items():
        opens = [interval.open_of(MONDAY)]
        for _ in range(1_499):
            opens.append(interval.open_of(opens[-1] - 1))
        candles.seed(name, [Candle(ms, 5, 6, 4, 5, 1) for ms in sorted(opens)])
        assert len(candles.read(name, MONDAY, limit=1_500)) == 1_500, name


def test_memory_is_bounded() -> None:
    candles = Candles()
    for minute in range(CANDLES_KEPT + 500):
        trade(candles, MONDAY + minute * MINUTE_MS, 100)
    assert all(len(series.live) <= CANDLES_KEPT for series in candles._series.values())


def test_the_day_forgets_what_is_older_than_24_hours() -> None:
    candles = Candles()
    trade(candles, MONDAY, 500, 9)
    trade(candles, MONDAY + MINUTE_MS, 100, 2)
    trade(candles, MONDAY + 2 * MINUTE_MS, 120, 1)
    total = candles.day(MONDAY + 2 * MINUTE_MS)
    assert total is not None
    assert (total.open, total.high, total.low, total.close, total.volume, total.count) == (500, 500, 100, 120, 12, 3)
    later = MONDAY + MINUTE_MS + DAY_MS
    total = candles.day(later)
    assert total is not None
    assert (total.open_ms, total.open, total.high, total.volume) == (MONDAY + MINUTE_MS, 100, 120, 3)
    total = candles.day(later + DAY_MS)
    assert total is not None
    assert (total.open, total.high, total.low, total.close, total.volume) == (120, 120, 120, 120, 0)


def test_a_read_copies_no_more_than_it_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    candles = Candles()
    candles.seed("1m", [Candle(MONDAY + minute * MINUTE_MS, 9, 9, 9, 9) for minute in range(-1_000, 0)])
    for minute in range(1_000):
        trade(candles, MONDAY + minute * MINUTE_MS, 100 + minute)
    made: list[Candle] = []

    def counted(candle: Candle, **changes: int) -> Candle:
        made.append(candle)
        return replace(candle, **changes)

    monkeypatch.setattr(bars_module, "replace", counted)
    (newest,) = candles.read("1m", MONDAY + 999 * MINUTE_MS, limit=1)
    assert newest.close == 1_099
    assert len(made) <= 2
    assert len(candles.read("1m", MONDAY + 999 * MINUTE_MS, start_ms=MONDAY - MINUTE_MS, limit=3)) == 3
    assert len(made) <= 2


def test_what_was_read_does_not_change_with_later_trades() -> None:
    candles = Candles()
    candles.seed("1h", [Candle(MONDAY, 50, 50, 50, 50)])
    for minute in (1, 2):
        trade(candles, MONDAY + minute * MINUTE_MS, 60)
        read = candles.read("1h", MONDAY + minute * MINUTE_MS)
        before = [replace(candle) for candle in read]
        for later in range(3):
            trade(candles, MONDAY + (minute + later) * MINUTE_MS, 90 + later)
        assert read == before


def plain_read(opens: dict[int, int], first: int, last: int) -> list[tuple[int, int]]:
    """Return (open, close) minute by minute, flat where nothing is known."""
    known = sorted(opens)
    minutes = range(max(first, known[0]), last + MINUTE_MS, MINUTE_MS)
    return [(ms, opens[max(open_ms for open_ms in known if open_ms <= ms)]) for ms in minutes]


def test_any_window_is_what_a_plain_table_gives() -> None:
    chance = random.Random(3)
    candles = Candles()
    closes = {MONDAY + minute * MINUTE_MS: 1_000 + minute for minute in sorted(chance.sample(range(-50, 1), 20))}
    candles.seed("1m", [Candle(ms, close, close, close, close) for ms, close in closes.items()])
    for minute in sorted(chance.sample(range(61), 25)):
        trade(candles, MONDAY + minute * MINUTE_MS, 2_000 + minute)
        closes[MONDAY + minute * MINUTE_MS] = 2_000 + minute
    now = MONDAY + 60 * MINUTE_MS
    for _ in range(300):
        first, last = sorted(MONDAY + chance.randrange(-60, 70) * MINUTE_MS for _ in range(2))
        limit = chance.randrange(1, 30)
        wanted = plain_read(closes, first, min(last, now))
        forward = candles.read("1m", now, start_ms=first, end_ms=last, limit=limit)
        assert [(candle.open_ms, candle.close) for candle in forward] == wanted[:limit]
        newest = plain_read(closes, MONDAY - 60 * MINUTE_MS, min(last, now))
        backward = candles.read("1m", now, end_ms=last, limit=limit)
        assert [(candle.open_ms, candle.close) for candle in backward] == newest[-limit:]


def test_a_told_price_makes_candles_without_volume_and_may_be_negative() -> None:
    prices = PriceCandles()
    prices.seed("1m", [PriceCandle(MONDAY - MINUTE_MS, 7, 7, 7, 7)])
    for second, price in ((0, 5), (20, -12), (40, 3), (200, 9)):
        prices.tell(MONDAY + second * 1_000, price)
    now = MONDAY + 4 * MINUTE_MS
    assert prices.read("1m", now) == [
        PriceCandle(MONDAY - MINUTE_MS, 7, 7, 7, 7, 0),
        PriceCandle(MONDAY, 5, 5, -12, 3, 3),
        PriceCandle(MONDAY + MINUTE_MS, 3, 3, 3, 3, 0),
        PriceCandle(MONDAY + 2 * MINUTE_MS, 3, 3, 3, 3, 0),
        PriceCandle(MONDAY + 3 * MINUTE_MS, 9, 9, 9, 9, 1),
        PriceCandle(MONDAY + 4 * MINUTE_MS, 9, 9, 9, 9, 0),
    ]
    assert (
        prices.read("1h", now)
        == [
            PriceCandle(MONDAY - 60 * MINUTE_MS, 7, 7, 7, 7, 0),
            PriceCandle(MONDAY, 5, 9, -12, 9, 4),
        ][1:]
    )
    for minute in range(5, CANDLES_KEPT + 500):
        prices.tell(MONDAY + minute * MINUTE_MS, minute)
    assert all(len(series.live) <= CANDLES_KEPT for series in prices._series.values())
