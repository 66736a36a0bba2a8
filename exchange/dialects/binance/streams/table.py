"""The stream table: what a stream's name means. No sockets."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from exchange.dialects.binance.streams import events as stream_events
from exchange.dialects.binance.streams.sources import (
    AggTrades,
    BookTickers,
    ContractInfos,
    DayTickers,
    DepthDiffs,
    DepthTop,
    Folds,
    ForceOrders,
    Klines,
    MarkPrices,
    Message,
    Source,
    Trades,
)
from exchange.projections.bars import INTERVALS
from exchange.projections.market_data import MarketData

STREAMS_MAX = 1024  # streams that one connection may hold
NAME_CHARACTERS_MAX = 100
EVERY_BATCH = 0

_INTERVAL = "|".join(INTERVALS)
_SYMBOL = "(?P<symbol>[a-z0-9]+)"
_FORM = re.compile(f"(?:[a-z0-9_]+@|!)[A-Za-z0-9_@]{{1,{NAME_CHARACTERS_MAX}}}|tradingSession")
_SPEED = "(?:@(?P<speed>0|100|250|500)ms)?"


Supersedes = Callable[[Message], str | None]


def every_message_counts(_message: Message) -> str | None:
    """Nothing makes such a message superfluous: a reader that missed one would be wrong."""
    return None


def latest_of_stream(_message: Message) -> str | None:
    """A message makes the one before it superfluous."""
    return ""


def latest_of_contract(message: Message) -> str | None:
    """A message makes the one before it about the same contract superfluous."""
    return str(message["s"]) if isinstance(message, dict) else None


def latest_of_open_candle(message: Message) -> str | None:
    """A message makes the one before it superfluous, but nothing the one that says how a candle ended."""
    candle = message["k"] if isinstance(message, dict) else None
    return "" if isinstance(candle, dict) and not candle["x"] else None


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as named: how often it speaks (EVERY_BATCH: after each published batch) and how to set it to work.

    `supersedes` tells which message, if it still waits, a later one takes the place of: one of the same text; None: no.
    """

    name: str
    period_ms: int
    make_source: Callable[[], Source]
    supersedes: Supersedes


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the table: the form of the name, the usual period, the source for the name's parts, what is kept."""

    pattern: re.Pattern[str]
    period_ms: int
    supersedes: Supersedes
    source: Callable[[Folds, Mapping[str, str]], Source]


def _row(
    pattern: str, period_ms: int, supersedes: Supersedes, source: Callable[[Folds, Mapping[str, str]], Source]
) -> _Row:
    return _Row(re.compile(pattern), period_ms, supersedes, source)


_ALL, _LATEST, _PER_CONTRACT, _CANDLE = (
    every_message_counts,
    latest_of_stream,
    latest_of_contract,
    latest_of_open_candle,
)
STREAM_TABLE: tuple[_Row, ...] = (
    _row(f"{_SYMBOL}@depth{_SPEED}", 250, _ALL, lambda folds, _: DepthDiffs(folds)),
    _row(f"{_SYMBOL}@rpiDepth@500ms", 500, _ALL, lambda folds, _: DepthDiffs(folds)),
    _row(
        f"{_SYMBOL}@depth(?P<levels>5|10|20){_SPEED}",
        250,
        _LATEST,
        lambda folds, part: DepthTop(folds, int(part["levels"])),
    ),
    _row(f"{_SYMBOL}@bookTicker", EVERY_BATCH, _LATEST, lambda folds, _: BookTickers(folds)),
    _row("!bookTicker", 5_000, _PER_CONTRACT, lambda folds, _: BookTickers(folds)),
    _row(f"{_SYMBOL}@aggTrade", 100, _ALL, lambda folds, _: AggTrades(folds)),
    _row(f"{_SYMBOL}@trade", EVERY_BATCH, _ALL, lambda folds, _: Trades(folds)),
    _row(
        f"{_SYMBOL}@markPrice(?:@(?P<seconds>1|3)s)?",
        3_000,
        _LATEST,
        lambda folds, _: MarkPrices(folds, as_list=False),
    ),
    _row(
        "!markPrice@arr(?:@(?P<seconds>1|3)s)?",
        3_000,
        _LATEST,
        lambda folds, _: MarkPrices(folds, as_list=True),
    ),
    _row(
        f"{_SYMBOL}@kline_(?P<interval>{_INTERVAL})",
        250,
        _CANDLE,
        lambda folds, part: Klines(folds, part["interval"], stream_events.kline),
    ),
    _row(
        f"{_SYMBOL}_perpetual@continuousKline_(?P<interval>{_INTERVAL})",
        250,
        _CANDLE,
        lambda folds, part: Klines(folds, part["interval"], stream_events.continuous_kline),
    ),
    _row(
        f"{_SYMBOL}@miniTicker",
        500,
        _LATEST,
        lambda folds, _: DayTickers(folds, stream_events.mini_ticker, as_list=False),
    ),
    # a list has only the contracts that changed: a later one does not stand for it
    _row("!miniTicker@arr", 1_000, _ALL, lambda folds, _: DayTickers(folds, stream_events.mini_ticker, as_list=True)),
    _row(
        f"{_SYMBOL}@ticker",
        2_000,
        _LATEST,
        lambda folds, _: DayTickers(folds, stream_events.day_ticker, as_list=False),
    ),
    _row("!ticker@arr", 1_000, _ALL, lambda folds, _: DayTickers(folds, stream_events.day_ticker, as_list=True)),
    _row(f"{_SYMBOL}@forceOrder", 1_000, _ALL, lambda folds, _: ForceOrders(folds)),
    _row("!forceOrder@arr", 1_000, _ALL, lambda folds, _: ForceOrders(folds)),
    _row("!contractInfo", EVERY_BATCH, _ALL, lambda folds, _: ContractInfos(folds)),
)


def find_stream(market_data: MarketData, name: str) -> Stream | None:
    """Return the market stream of a name, None when the name has no such form or its contract is not listed."""
    matches = ((row, row.pattern.fullmatch(name[: NAME_CHARACTERS_MAX + 1])) for row in STREAM_TABLE)
    row, match = next(((row, match) for row, match in matches if match is not None), (None, None))
    if row is None or match is None or len(name) > NAME_CHARACTERS_MAX:
        return None
    parts = {part: text for part, text in match.groupdict().items() if text is not None}
    wanted = parts.get("symbol")
    folds = [fold for symbol, fold in market_data.markets.items() if wanted is None or symbol == wanted.upper()]
    if not folds:
        return None
    return Stream(name, _period_ms(row, parts), partial(row.source, folds, parts), row.supersedes)


def stream_names(text: str) -> list[str]:
    """Return the names in a path tail or in the parameter `streams`, in order, each once, at most STREAMS_MAX."""
    return list(dict.fromkeys(name for name in text.split("/") if name))[:STREAMS_MAX]


def may_be_stream(name: str) -> bool:
    """Tell whether a name has the form of a stream's; whether there is such a stream is another question."""
    return _FORM.fullmatch(name) is not None


def stream_kind(name: str) -> str:
    """Return what kind of stream a name is: the contract is not told apart."""
    contract, at, rest = name.partition("@")
    if not at or contract.startswith("!"):
        return name
    pair, under, contract_type = contract.partition("_")
    return f"<{'pair' if under else 'symbol'}>{under}{contract_type}@{rest}" if pair else name


def _period_ms(row: _Row, parts: Mapping[str, str]) -> int:
    """Return how often a stream speaks: as its name says, else as its row does."""
    if "speed" in parts:
        return int(parts["speed"])
    if "seconds" in parts:
        return int(parts["seconds"]) * 1_000
    return row.period_ms
