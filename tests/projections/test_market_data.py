"""Public market data folded from events written by hand: trades and their aggregates, marks, fundings, limits."""

from importlib.resources import files

import pytest

from exchange.core.commands import Tick
from exchange.core.contract import parse_contract
from exchange.core.enums import Side
from exchange.core.events import (
    BookChanged,
    Event,
    FundingSettled,
    IndexPriceSet,
    MarkPriceSet,
    TradePrinted,
)
from exchange.core.units import Lots, Nanos, RateE8, Ticks
from exchange.projections import market_data
from exchange.projections.bars import DAY_MS
from exchange.projections.candles import Candle, PriceCandle
from exchange.projections.market_data import AggTrade, Funding, Mark, MarketData, MarketFold, MarkSeries, Trade
from tests.projections.test_candles import MONDAY

MS = 10**6
HOUR_MS = 3_600_000
FOLDER = files("exchange") / "data" / "contracts"
CONTRACTS = [parse_contract((FOLDER / f"{name}.toml").read_text("utf-8")) for name in ("BTCUSDT", "ETHUSDT")]


def printed(
    trade_id: int, price: int, quantity: int, taker: int, side: Side = Side.BUY, symbol: str = "BTCUSDT"
) -> TradePrinted:
    return TradePrinted(symbol, trade_id, Ticks(price), Lots(quantity), side, 900 + trade_id, taker)


def marked(mark: int, index: int, next_funding_ms: int = 0, *, rate: int = 0, premium: int = 0) -> MarkPriceSet:
    times = Nanos(next_funding_ms * MS)
    return MarkPriceSet("BTCUSDT", Ticks(mark), Ticks(index), RateE8(rate), times, RateE8(premium))


def settled(rate: int, mark: int, ms: int, interval_ms: int) -> FundingSettled:
    return FundingSettled("BTCUSDT", RateE8(rate), Ticks(mark), Nanos(ms * MS), Nanos(interval_ms * MS))


def folded(*commands: tuple[Event, ...], ms: int = MONDAY) -> MarketFold:
    """Fold commands, a millisecond apart, and return what is known of BTCUSDT."""
    data = MarketData(CONTRACTS)
    for number, events in enumerate(commands):
        data.fold(number + 1, (ms + number) * MS, Tick(), events)
    return data.markets["BTCUSDT"]


def test_a_trade_is_kept_with_who_made_it() -> None:
    fold = folded((printed(5, 500_000, 3, 77, Side.SELL),))
    assert list(fold.trades) == [Trade(5, MONDAY, 500_000, 3, buyer_is_maker=True)]
    assert fold.last_price == 500_000


def test_fills_of_one_taker_at_one_price_in_one_command_are_one_aggregate() -> None:
    fold = folded(
        (
            printed(1, 500, 1, 70),
            BookChanged("BTCUSDT", 1, (), ()),
            printed(2, 500, 2, 70),
            printed(3, 501, 4, 70),
            printed(4, 501, 1, 71),
            printed(5, 501, 1, 72, Side.BUY, "ETHUSDT"),
        ),
        (printed(6, 501, 1, 71),),
    )
    assert list(fold.agg_trades) == [
        AggTrade(1, MONDAY, 500, 3, 1, 2, buyer_is_maker=False),
        AggTrade(2, MONDAY, 501, 4, 3, 3, buyer_is_maker=False),
        AggTrade(3, MONDAY, 501, 1, 4, 4, buyer_is_maker=False),
        AggTrade(4, MONDAY + 1, 501, 1, 6, 6, buyer_is_maker=False),
    ]
    assert [trade.agg_id for trade in fold.agg_trades_after(2)] == [3, 4]
    assert fold.agg_trades_after(4) == []
    assert fold.last_agg_id == 4


def test_contracts_do_not_mix() -> None:
    data = MarketData(CONTRACTS)
    data.fold(1, MONDAY * MS, Tick(), (printed(1, 25_000, 1, 70, symbol="ETHUSDT"),))
    assert not data.markets["BTCUSDT"].trades
    assert data.markets["ETHUSDT"].agg_trades[0].agg_id == 1


def test_the_index_is_known_at_once_and_the_mark_with_its_tick() -> None:
    mark = marked(499, 500, MONDAY + 9, rate=10)
    fold = folded(
        (IndexPriceSet("BTCUSDT", Ticks(500), Nanos(0)),), (mark,), (IndexPriceSet("BTCUSDT", Ticks(510), Nanos(0)),)
    )
    assert fold.mark == Mark(MONDAY + 1, 499, 510, 10, MONDAY + 9)
    assert fold.last_price == 499, "without a trade the mark is the last price"


def test_fundings_are_kept() -> None:
    fold = folded((settled(10_000, 500, MONDAY, 8 * HOUR_MS),))
    assert list(fold.fundings) == [Funding(MONDAY, 10_000, 500)]


@pytest.mark.parametrize("hours", [8, 1])
def test_after_a_funding_the_next_one_is_told_by_the_interval_that_begins(hours: int) -> None:
    """The mark of the same tick was made before the funding, and named that moment itself."""
    due = MONDAY + 16 * HOUR_MS
    data = MarketData(CONTRACTS)
    data.fold(1, due * MS, Tick(), (marked(499, 500, due, rate=10), settled(10, 499, due, hours * HOUR_MS)))
    assert data.markets["BTCUSDT"].mark == Mark(due, 499, 500, 10, due + hours * HOUR_MS)


def test_mark_index_and_premium_are_kept_as_candles() -> None:
    data = MarketData(CONTRACTS)
    data.seed("BTCUSDT", "1m", [Candle(MONDAY - 60_000, 480, 490, 470, 485, 10, 48_500, 3)])
    for second, event in enumerate((marked(499, 500, premium=-7), marked(510, 505, premium=12), marked(501, 506))):
        data.fold(second + 1, (MONDAY + second * 1_000) * MS, Tick(), (event,))
    candles = data.markets["BTCUSDT"].mark_candles
    before = PriceCandle(MONDAY - 60_000, 480, 490, 470, 485)
    now = MONDAY + 3_000
    assert candles[MarkSeries.MARK_PRICE].read("1m", now) == [before, PriceCandle(MONDAY, 499, 510, 499, 501, 3)]
    assert candles[MarkSeries.INDEX_PRICE].read("1m", now) == [before, PriceCandle(MONDAY, 500, 506, 500, 506, 3)]
    assert candles[MarkSeries.PREMIUM_INDEX].read("1m", now) == [PriceCandle(MONDAY, -7, 12, -7, 0, 3)]


def test_the_day_ticker_counts_what_candles_know() -> None:
    data = MarketData(CONTRACTS)
    data.seed("BTCUSDT", "1m", [Candle(MONDAY - 60_000, 480, 490, 470, 485, 10, 48_500, 3)])
    fold = data.markets["BTCUSDT"]
    assert fold.last_price == 485
    data.fold(1, MONDAY * MS, Tick(), (printed(1, 500, 2, 70),))
    day = fold.day_ticker(MONDAY + 5)
    assert (day.last_price, day.last_quantity, day.open_ms, day.close_ms) == (500, 2, MONDAY - DAY_MS, MONDAY + 5)
    assert (day.total.open, day.total.high, day.total.low, day.total.volume, day.total.count) == (480, 500, 470, 12, 4)
    assert (day.total.first_trade_id, day.total.last_trade_id) == (1, 1)


def test_the_day_ticker_of_a_market_without_trades_is_flat_at_the_mark() -> None:
    fold = folded((marked(499, 500),))
    total = fold.day_ticker(MONDAY).total
    assert (total.open, total.high, total.low, total.close, total.volume, total.count) == (499, 499, 499, 499, 0, 0)


def test_memory_is_bounded() -> None:
    data = MarketData(CONTRACTS)
    for number in range(1, market_data.AGG_TRADES_MAX + 10):
        data.fold(number, MONDAY * MS, Tick(), (printed(number, 500, 1, number),))
    fold = data.markets["BTCUSDT"]
    assert len(fold.trades) == market_data.TRADES_MAX
    assert len(fold.agg_trades) == market_data.AGG_TRADES_MAX
    assert fold.agg_trades[-1].agg_id == market_data.AGG_TRADES_MAX + 9
