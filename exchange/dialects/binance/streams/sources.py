"""What each market stream sends, and when: sources take in published events and give messages. No sockets, no clock.

A source with period 0 is asked after every published batch, another one every `period_ms` by a timer of the gateway. It
is made with the first subscriber of its stream and dropped with the last, so a venue without subscribers does no work.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from exchange.core.enums import Execution, OrderType
from exchange.core.events import BookChanged, Event, MarketStateSet, OrderUpdated, TradePrinted
from exchange.core.units import MILLISECOND, SECOND
from exchange.dialects.binance.bodies.market import Json
from exchange.dialects.binance.streams import events as render
from exchange.projections.bars import INTERVALS, Interval
from exchange.projections.candles import Candle
from exchange.projections.depth import DepthDiff
from exchange.projections.market_data import DayTicker, MarketFold

Message: TypeAlias = Json | list[Json]
FORCE_ORDER_NS = SECOND  # of venue time: the public stream tells one liquidation order of a contract in each
Folds = Sequence[MarketFold]  # the contracts that a stream is about


class Source(Protocol):
    """One market stream at work."""

    takes: tuple[type[Event], ...]

    def fold(self, ts: int, event: Event) -> None:
        """Take in a published event of one of the types `takes`; `ts` in nanoseconds."""
        ...

    def take(self, now_ms: int) -> list[Message]:
        """Return what is to be sent now, mostly one message or none."""
        ...

    def renew(self) -> None:
        """Somebody new listens: say how things stand next time, even when nothing changes."""
        ...


class _Sampled:
    """A source that looks at the projections when it is asked: it takes in no events."""

    takes: tuple[type[Event], ...] = ()

    def __init__(self) -> None:
        self._renewed = True

    def fold(self, ts: int, event: Event) -> None:
        """Take in nothing."""
        raise AssertionError(f"a sampled stream takes no event, got {event!r} at {ts}")

    def renew(self) -> None:
        """Send once more."""
        self._renewed = True


class DepthDiffs:
    """The diffs of a book since the last message; each speed is a chain of its own (10.4)."""

    takes: tuple[type[Event], ...] = (BookChanged,)

    def __init__(self, folds: Folds) -> None:
        """Start the chain where the published book is."""
        (self._fold,) = folds
        self._diff = DepthDiff(self._fold.depth.update_id)

    def fold(self, ts: int, event: Event) -> None:
        """Take in a change of the book."""
        if isinstance(event, BookChanged) and event.symbol == self._fold.contract.symbol:
            self._diff.fold(ts, event)

    def take(self, now_ms: int) -> list[Message]:
        """Return one diff, or nothing when the book is as it was."""
        taken = self._diff.take()
        if taken is None:
            return []
        before, after, bids, asks = taken
        return [render.depth_update(self._fold.contract, (before, after), bids, asks, self._diff.ts, now_ms)]

    def renew(self) -> None:
        """Nothing: a new listener asks for a snapshot."""


class DepthTop(_Sampled):
    """The best levels of a book, when it changed."""

    def __init__(self, folds: Folds, levels: int) -> None:
        super().__init__()
        (self._fold,) = folds
        self._levels = levels
        update_id = self._fold.depth.update_id
        self._ids = (max(0, update_id - 1), update_id)  # the book's updates before and after the last message

    def take(self, now_ms: int) -> list[Message]:
        """Return the levels if the book changed since the last message."""
        depth = self._fold.depth
        if depth.update_id == self._ids[1] and not self._renewed:
            return []
        if depth.update_id > self._ids[1]:
            self._ids = (self._ids[1], depth.update_id)
        self._renewed = False
        bids, asks = depth.bids(self._levels), depth.asks(self._levels)
        return [render.depth_update(self._fold.contract, self._ids, bids, asks, depth.ts, now_ms)]


class BookTickers(_Sampled):
    """The best prices, each contract's when they changed."""

    def __init__(self, folds: Folds) -> None:
        super().__init__()
        self._folds = folds
        self._sent: dict[str, object] = {}

    def take(self, now_ms: int) -> list[Message]:
        """Return one message for each contract whose best prices changed."""
        messages: list[Message] = []
        for fold in self._folds:
            best = (fold.depth.best_bid(), fold.depth.best_ask())
            symbol = fold.contract.symbol
            if self._renewed or self._sent.get(symbol) != best:
                self._sent[symbol] = best
                messages.append(render.book_ticker(fold.contract, fold.depth, now_ms))
        self._renewed = False
        return messages


class Trades:
    """Every trade."""

    takes: tuple[type[Event], ...] = (TradePrinted,)

    def __init__(self, folds: Folds) -> None:
        (self._fold,) = folds
        self._made: list[tuple[int, TradePrinted]] = []

    def fold(self, ts: int, event: Event) -> None:
        """Take in a trade."""
        if isinstance(event, TradePrinted) and event.symbol == self._fold.contract.symbol:
            self._made.append((ts, event))

    def take(self, now_ms: int) -> list[Message]:
        """Return the trades since the last time."""
        made, self._made = self._made, []
        return [render.trade(self._fold.contract, event, ts, now_ms) for ts, event in made]

    def renew(self) -> None:
        """Nothing: trades are not repeated."""


class AggTrades(_Sampled):
    """Every aggregate trade."""

    def __init__(self, folds: Folds) -> None:
        super().__init__()
        (self._fold,) = folds
        self._sent_id = self._fold.last_agg_id

    def take(self, now_ms: int) -> list[Message]:
        """Return the aggregate trades since the last time."""
        made = self._fold.agg_trades_after(self._sent_id)
        self._sent_id = self._fold.last_agg_id
        return [render.agg_trade(self._fold.contract, trade, now_ms) for trade in made]


class MarkPrices(_Sampled):
    """The marks, every time: one message, or one list of all contracts."""

    def __init__(self, folds: Folds, *, as_list: bool) -> None:
        super().__init__()
        self._folds = folds
        self._as_list = as_list

    def take(self, now_ms: int) -> list[Message]:
        """Return the marks of the contracts that have one."""
        marks = [render.mark_price(fold.contract, fold.mark, now_ms) for fold in self._folds if fold.mark.mark_price]
        return _framed(marks, as_list=self._as_list)


class Klines(_Sampled):
    """One candle: how it stands when it changed, and once more when it is over."""

    def __init__(self, folds: Folds, interval: str, rendered: Callable[..., Json]) -> None:
        super().__init__()
        (self._fold,) = folds
        self._interval: Interval = INTERVALS[interval]
        self._rendered = rendered
        self._sent: Candle | None = None

    def take(self, now_ms: int) -> list[Message]:
        """Return the candle that was over since the last time, if there is one, and the current one if it changed."""
        candles = self._fold.candles
        current = candles.current(self._interval.name, now_ms)
        if current is None:
            return []
        messages: list[Message] = []
        sent = self._sent
        if sent is not None and sent.open_ms < current.open_ms:
            for over in candles.read(self._interval.name, now_ms, sent.open_ms, current.open_ms - 1):
                messages.append(self._message(over, now_ms, closed=True))  # noqa: PERF401 - clearer than extend
        if self._renewed or current != sent:
            messages.append(self._message(current, now_ms, closed=False))
        self._sent, self._renewed = current, False
        return messages

    def _message(self, candle: Candle, now_ms: int, *, closed: bool) -> Json:
        return self._rendered(self._fold.contract, self._interval, candle, now_ms, closed=closed)


class DayTickers(_Sampled):
    """The statistics of the last 24 hours, each contract's when they changed."""

    def __init__(self, folds: Folds, rendered: Callable[..., Json], *, as_list: bool) -> None:
        super().__init__()
        self._folds = folds
        self._rendered = rendered
        self._as_list = as_list
        self._sent: dict[str, object] = {}

    def take(self, now_ms: int) -> list[Message]:
        """Return the statistics that changed since the last time."""
        changed = []
        for fold in self._folds:
            day = fold.day_ticker(now_ms)
            if self._renewed or self._sent.get(fold.contract.symbol) != _figures(day):
                self._sent[fold.contract.symbol] = _figures(day)
                changed.append(self._rendered(fold.contract, day, now_ms))
        self._renewed = False
        return _framed(changed, as_list=self._as_list)


class ForceOrders:
    """Liquidation orders: of each contract and second of venue time the latest one, told once that second is over.

    Seconds are those of the epoch, so what is told depends on events alone, not on when somebody asks.
    """

    takes: tuple[type[Event], ...] = (OrderUpdated,)

    def __init__(self, folds: Folds) -> None:
        self._contracts = {fold.contract.symbol: fold.contract for fold in folds}
        self._latest: dict[str, tuple[int, OrderUpdated]] = {}  # by symbol, of a second that may not be over
        self._over: list[tuple[int, OrderUpdated]] = []  # of seconds that are

    def fold(self, ts: int, event: Event) -> None:
        """Take in what happened to an order; only fills and ends of liquidation orders count."""
        if (
            isinstance(event, OrderUpdated)
            and event.order.order_type is OrderType.LIQUIDATION
            and event.execution is not Execution.NEW
            and event.order.symbol in self._contracts
        ):
            symbol = event.order.symbol
            latest = self._latest.get(symbol)
            if latest is not None and latest[0] // FORCE_ORDER_NS < ts // FORCE_ORDER_NS:
                self._over.append(latest)
            self._latest[symbol] = (ts, event)

    def take(self, now_ms: int) -> list[Message]:
        """Return the latest liquidation order of each contract of each second that is over."""
        second = now_ms * MILLISECOND // FORCE_ORDER_NS
        for symbol, latest in list(self._latest.items()):
            if latest[0] // FORCE_ORDER_NS < second:
                self._over.append(self._latest.pop(symbol))
        over, self._over = sorted(self._over, key=lambda told: told[0]), []
        return [render.force_order(self._contracts[event.order.symbol], event, ts, now_ms) for ts, event in over]

    def renew(self) -> None:
        """Nothing: liquidation orders are not repeated."""


class ContractInfos:
    """What a contract is and allows, when that changes."""

    takes: tuple[type[Event], ...] = (MarketStateSet,)

    def __init__(self, folds: Folds) -> None:
        self._contracts = {fold.contract.symbol: fold.contract for fold in folds}
        self._changed: list[MarketStateSet] = []

    def fold(self, ts: int, event: Event) -> None:
        """Take in a change; `ts` does not matter."""
        del ts
        if isinstance(event, MarketStateSet) and event.symbol in self._contracts:
            self._changed.append(event)

    def take(self, now_ms: int) -> list[Message]:
        """Return one message for each change."""
        changed, self._changed = self._changed, []
        return [render.contract_info(self._contracts[event.symbol], event.state, now_ms) for event in changed]

    def renew(self) -> None:
        """Nothing: changes are not repeated."""


def _framed(messages: list[Json], *, as_list: bool) -> list[Message]:
    """Return the messages one by one, or as one list; nothing when there is none."""
    if as_list:
        return [messages] if messages else []
    return [*messages]


def _figures(day: DayTicker) -> tuple[object, ...]:
    """Return what makes a ticker differ from the last one: all but its times."""
    total = day.total
    return (day.last_price, day.last_quantity, total.open, total.high, total.low, total.quote_volume, total.count)
