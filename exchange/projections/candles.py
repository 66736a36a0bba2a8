"""The kinds of candles: of the trades of a contract, and of a price that is told every now and then. No text.

Prices in ticks (or of whatever the price is told in), volumes in lots, quote volumes in atoms, times in milliseconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from exchange.projections.bars import DAY_MS, MINUTE_MS, Bar, Bars

NO_TRADE = -1  # trade id of a candle without trades
_STALE = -1


@dataclass(slots=True)
class Candle(Bar):
    """A candle of trades. `taker_buy_*`: the part of the volume in which the buyer was the taker."""

    volume: int = 0
    quote_volume: int = 0
    count: int = 0
    taker_buy_volume: int = 0
    taker_buy_quote: int = 0
    first_trade_id: int = NO_TRADE
    last_trade_id: int = NO_TRADE

    def add(self, later: Self) -> None:
        """Take in a candle of a later, or the same but later folded, time: this one's open stands."""
        Bar.add(self, later)
        self.volume += later.volume
        self.quote_volume += later.quote_volume
        self.count += later.count
        self.taker_buy_volume += later.taker_buy_volume
        self.taker_buy_quote += later.taker_buy_quote
        if self.first_trade_id == NO_TRADE:
            self.first_trade_id = later.first_trade_id
        if later.last_trade_id != NO_TRADE:
            self.last_trade_id = later.last_trade_id


@dataclass(slots=True)
class PriceCandle(Bar):
    """A candle of a price; `count` is how often it was told."""

    count: int = 0

    def add(self, later: Self) -> None:
        """Take in a candle of a later, or the same but later folded, time: this one's open stands."""
        Bar.add(self, later)
        self.count += later.count


class PriceCandles(Bars[PriceCandle]):
    """The candles of one price that is told every now and then, all intervals."""

    def tell(self, ms: int, price: int) -> None:
        """Fold one price."""
        minute = self._minute
        if minute is None or ms - ms % MINUTE_MS != minute.open_ms:
            self._finish_minute()
            minute = self._minute = PriceCandle(ms - ms % MINUTE_MS, price, price, price, price)
        minute.high = max(minute.high, price)
        minute.low = min(minute.low, price)
        minute.close = price
        minute.count += 1


class Candles(Bars[Candle]):
    """The candles of the trades of one contract, all intervals."""

    def __init__(self) -> None:
        """Start without any candle."""
        super().__init__()
        self._day_minute_ms = _STALE  # the minute that `_day_parts` were made for
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
        """Put candles from before the start behind the live ones, see `Bars.seed`."""
        super().seed(interval, bars)
        self._day_minute_ms = _STALE

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
            total = replace(live) if total is None else total.joined(live)
        elif live is not None:
            before = live
        if total is not None:
            return replace(total, open_ms=minute_ms - DAY_MS)
        return None if before is None else before.flat(minute_ms - DAY_MS)

    def _finish_minute(self) -> None:
        """Add the live minute to every series; it is over."""
        super()._finish_minute()
        self._day_minute_ms = _STALE

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
