"""Public market data of every contract, folded from published events: trades, candles, marks, the book. No wire text.

Memory is bounded by the named limits below and in `bars`. Fold every command once, in order; on recovery the journal
is folded again. Prices in ticks, quantities in lots, values in atoms; `ts` in nanoseconds, `ms` in milliseconds.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from exchange.core.commands import Command
from exchange.core.contract import Contract
from exchange.core.enums import Side
from exchange.core.events import (
    AccountUpdated,
    BookChanged,
    Event,
    FundingSettled,
    IndexPriceSet,
    MarkPriceSet,
    TradePrinted,
)
from exchange.core.units import MILLISECOND
from exchange.projections.candles import Candle, Candles, PriceCandle, PriceCandles
from exchange.projections.depth import Depth
from exchange.projections.interest import Interest

TRADES_MAX = 1_000  # newest trades per contract
AGG_TRADES_MAX = 20_000  # newest aggregate trades per contract; more than one batch can make
FUNDINGS_MAX = 1_000  # newest fundings per contract


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade on the book."""

    trade_id: int
    ms: int
    price: int
    quantity: int
    buyer_is_maker: bool


@dataclass(frozen=True, slots=True)
class AggTrade:
    """All fills of one taker order at one price in one command. Ids count from 1 per contract."""

    agg_id: int
    ms: int
    price: int
    quantity: int
    first_trade_id: int
    last_trade_id: int
    buyer_is_maker: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """The last mark, with what it was made from; all 0 before the first. The funding rate is the predicted one."""

    ms: int = 0
    mark_price: int = 0
    index_price: int = 0
    funding_rate: int = 0
    next_funding_ms: int = 0


class MarkSeries(Enum):
    """What is told with every mark and kept as candles: ticks, ticks, and 1e-8 of the index."""

    MARK_PRICE = "MARK_PRICE"
    INDEX_PRICE = "INDEX_PRICE"
    PREMIUM_INDEX = "PREMIUM_INDEX"


@dataclass(frozen=True, slots=True)
class Funding:
    """One settled funding."""

    ms: int
    rate: int
    mark_price: int


@dataclass(frozen=True, slots=True)
class DayTicker:
    """The last 24 hours in steps of a minute; `count` counts trades, ids are -1 when there was none."""

    open_ms: int
    close_ms: int
    total: Candle
    last_price: int
    last_quantity: int


class MarketFold:
    """What is known in public of one contract."""

    def __init__(self, contract: Contract) -> None:
        """Start with nothing known."""
        self.contract = contract
        self.trades: deque[Trade] = deque(maxlen=TRADES_MAX)
        self.agg_trades: deque[AggTrade] = deque(maxlen=AGG_TRADES_MAX)
        self.fundings: deque[Funding] = deque(maxlen=FUNDINGS_MAX)
        self.candles = Candles()
        self.mark_candles = {series: PriceCandles() for series in MarkSeries}
        self.depth = Depth()
        self.interest = Interest()
        self.mark = Mark()
        self._last_agg_id = 0

    @property
    def last_agg_id(self) -> int:
        """The id of the newest aggregate trade, 0 when there was none."""
        return self._last_agg_id

    @property
    def last_price(self) -> int:
        """The price of the newest trade, else of the newest back-filled candle, else the mark; 0 before all of them."""
        return self.candles.last_close() or self.mark.mark_price

    def agg_trades_after(self, agg_id: int) -> list[AggTrade]:
        """Return the aggregate trades with higher ids, ascending."""
        newer = []
        for trade in reversed(self.agg_trades):
            if trade.agg_id <= agg_id:
                break
            newer.append(trade)
        return newer[::-1]

    def day_ticker(self, now_ms: int) -> DayTicker:
        """Return the statistics of the last 24 hours; flat at the last price when nothing was traded."""
        price = self.last_price
        total = self.candles.day(now_ms) or Candle(now_ms, price, price, price, price)
        last_quantity = self.trades[-1].quantity if self.trades else 0
        return DayTicker(total.open_ms, now_ms, total, price, last_quantity)

    def print_trade(self, ts: int, event: TradePrinted) -> None:
        """Take in one trade; its aggregate comes with `print_aggregate`."""
        ms = ts // MILLISECOND
        taker_buys = event.taker_side is Side.BUY
        value = self.contract.notional(event.price, event.quantity)
        self.trades.append(Trade(event.trade_id, ms, event.price, event.quantity, not taker_buys))
        self.candles.trade(ms, event.trade_id, event.price, event.quantity, value, taker_buys=taker_buys)

    def print_aggregate(self, ts: int, trades: Sequence[TradePrinted]) -> None:
        """Take in the fills of one taker at one price."""
        self._last_agg_id += 1
        self.agg_trades.append(
            AggTrade(
                agg_id=self._last_agg_id,
                ms=ts // MILLISECOND,
                price=trades[0].price,
                quantity=sum(trade.quantity for trade in trades),
                first_trade_id=trades[0].trade_id,
                last_trade_id=trades[-1].trade_id,
                buyer_is_maker=trades[0].taker_side is Side.SELL,
            )
        )

    def set_mark(self, ts: int, event: MarkPriceSet) -> None:
        """Take in a new mark."""
        ms = ts // MILLISECOND
        self.mark_candles[MarkSeries.MARK_PRICE].tell(ms, event.mark_price)
        self.mark_candles[MarkSeries.INDEX_PRICE].tell(ms, event.index_price)
        self.mark_candles[MarkSeries.PREMIUM_INDEX].tell(ms, event.premium_index)
        self.mark = Mark(
            ms=ms,
            mark_price=event.mark_price,
            index_price=event.index_price,
            funding_rate=event.funding_rate,
            next_funding_ms=event.next_funding_ts // MILLISECOND,
        )

    def set_index(self, event: IndexPriceSet) -> None:
        """Take in a new index price; the mark stands until its tick."""
        self.mark = replace(self.mark, index_price=event.price)

    def settle_funding(self, ts: int, event: FundingSettled) -> None:
        """Take in a settled funding. The mark of its tick was made before it, and still named it as the next."""
        self.fundings.append(Funding(event.funding_ts // MILLISECOND, event.funding_rate, event.mark_price))
        next_funding_ts = (ts // event.next_interval + 1) * event.next_interval
        self.mark = replace(self.mark, next_funding_ms=next_funding_ts // MILLISECOND)


class MarketData:
    """Every contract's public data; `markets` by symbol, in listing order."""

    def __init__(self, contracts: Iterable[Contract]) -> None:
        """Start with nothing known of each contract."""
        self.markets = {contract.symbol: MarketFold(contract) for contract in contracts}

    def seed(self, symbol: str, interval: str, bars: Iterable[Candle]) -> None:
        """Back-fill candles from before the start, of trades, mark and index; the premium was 0, and is left out.

        See `Bars.seed`. Raises KeyError for an unknown symbol.
        """
        fold, candles = self.markets[symbol], list(bars)
        fold.candles.seed(interval, candles)
        prices = [PriceCandle(bar.open_ms, bar.open, bar.high, bar.low, bar.close) for bar in candles]
        for series in (MarkSeries.MARK_PRICE, MarkSeries.INDEX_PRICE):
            fold.mark_candles[series].seed(interval, prices)

    def fold(self, seq: int, ts: int, command: Command, events: Sequence[Event]) -> None:  # noqa: ARG002 - every fold takes these
        """Take in what one command caused."""
        for event in events:
            match event:
                case BookChanged():
                    self.markets[event.symbol].depth.fold(ts, event)
                case TradePrinted():
                    self.markets[event.symbol].print_trade(ts, event)
                case AccountUpdated():
                    for held in event.positions:
                        interest = self.markets[held.symbol].interest
                        interest.change(ts // MILLISECOND, event.account_id, held.position_side, held.quantity)
                case MarkPriceSet():
                    self.markets[event.symbol].set_mark(ts, event)
                case IndexPriceSet():
                    self.markets[event.symbol].set_index(event)
                case FundingSettled():
                    self.markets[event.symbol].settle_funding(ts, event)
                case _:
                    pass
        for trades in aggregates(events):
            self.markets[trades[0].symbol].print_aggregate(ts, trades)


def aggregates(events: Iterable[Event]) -> Iterator[list[TradePrinted]]:
    """Yield the trades of one command in runs of one taker order at one price; a walk never comes back to a price."""
    run: list[TradePrinted] = []
    for event in events:
        if not isinstance(event, TradePrinted):
            continue
        if run and (run[0].taker_order_id != event.taker_order_id or run[0].price != event.price):
            yield run
            run = []
        run.append(event)
    if run:
        yield run
