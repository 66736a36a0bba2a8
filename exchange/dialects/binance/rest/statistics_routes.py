"""The statistics endpoints (`/futures/data`) as a table: open interest, ratios and basis over time. No folding.

A row tells a period that is over: what stood at its end and has that time, or, of the takers' volume, what was traded
in it and has the time of its begin.
"""

from collections.abc import Callable

from exchange.core.contract import Contract
from exchange.core.units import INT63_MAX, div_half_even, format_decimal
from exchange.dialects.binance.bodies.market import Json
from exchange.dialects.binance.parameters import contract_of, required, row_limit, times
from exchange.dialects.binance.route import Context, Params, ReadRoute, Security
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.numbers import fine_price_text, money_text, price_text, quantity_text
from exchange.projections.bars import INTERVALS, Interval
from exchange.projections.interest import Interest
from exchange.projections.market_data import MarketFold, MarkSeries

PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")
LIMIT_DEFAULT = 30
LIMIT_MAX = 500
CONTRACT_TYPES = ("PERPETUAL", "CURRENT_QUARTER", "NEXT_QUARTER")
RATIO_DIGITS = 4


def read_open_interest_history(context: Context, params: Params) -> object:
    """Answer how much was held at the end of each period, and what it was worth at the last mark of that period."""
    fold = _fold(context, params)
    interval, ends = _ends(context, params, fold.interest)
    length = interval.next_open(0)
    marks = _closes(context, fold, MarkSeries.MARK_PRICE, interval, [end - length for end in ends])
    return [
        _open_interest_json(fold.contract, end, fold.interest.at(end).lots, marks.get(end - length, 0)) for end in ends
    ]


def read_account_ratio(context: Context, params: Params) -> object:
    """Answer how many accounts held long and how many short at the end of each period in which anybody held."""
    fold = _fold(context, params)
    _, ends = _ends(context, params, fold.interest)
    held = [(end, fold.interest.at(end)) for end in ends]
    return [
        {
            "symbol": fold.contract.symbol,
            "longShortRatio": _ratio_text(now.longs, now.shorts),
            "longAccount": _ratio_text(now.longs, now.longs + now.shorts),
            "shortAccount": _ratio_text(now.shorts, now.longs + now.shorts),
            "timestamp": end,
        }
        for end, now in held
        if now.lots
    ]


def read_top_ratio(context: Context, params: Params) -> object:
    """Answer an empty list, once what is asked is valid: who the top traders are is not followed."""
    _fold(context, params)
    _asked(params)
    return []


def read_taker_volume(context: Context, params: Params) -> object:
    """Answer what takers bought and sold in each period."""
    fold = _fold(context, params)
    interval, start, end, limit = _asked(params)
    last = interval.open_of(context.now_ms) - 1
    candles = fold.candles.read(interval.name, context.now_ms, start, last if end is None else min(end, last), limit)
    return [
        {
            "buySellRatio": _ratio_text(candle.taker_buy_volume, candle.volume - candle.taker_buy_volume),
            "buyVol": quantity_text(fold.contract, candle.taker_buy_volume),
            "sellVol": quantity_text(fold.contract, candle.volume - candle.taker_buy_volume),
            "timestamp": candle.open_ms,
        }
        for candle in candles
    ]


def read_basis(context: Context, params: Params) -> object:
    """Answer how far the last price lay above the index at the end of each period; nothing for what is no perpetual."""
    fold = context.market_data.markets[contract_of(context, {"symbol": required(params, "pair")}).symbol]
    if required(params, "contractType") not in CONTRACT_TYPES:
        raise errors.DATA_NOT_VALID.error("contractType")
    interval, start, end, limit = _asked(params)
    if params["contractType"] != CONTRACT_TYPES[0]:
        return []
    length = interval.next_open(0)
    first = None if start is None else max(0, start - length)
    last = min(interval.open_of(context.now_ms) - 1, INT63_MAX if end is None else end - length)
    if last < 0:
        return []
    candles = fold.candles.read(interval.name, context.now_ms, first, last, limit)
    index = _closes(context, fold, MarkSeries.INDEX_PRICE, interval, [candle.open_ms for candle in candles])
    return [
        _basis_json(fold.contract, candle.open_ms + length, candle.close, index[candle.open_ms])
        for candle in candles
        if index.get(candle.open_ms)
    ]


def _basis_json(contract: Contract, end_ms: int, price: int, index: int) -> Json:
    basis = price - index
    return {
        "indexPrice": fine_price_text(contract, index),
        "contractType": CONTRACT_TYPES[0],
        "basisRate": _ratio_text(basis, index),
        "futuresPrice": price_text(contract, price),
        "annualizedBasisRate": "",
        "basis": fine_price_text(contract, basis),
        "pair": contract.symbol,
        "timestamp": end_ms,
    }


def _fold(context: Context, params: Params) -> MarketFold:
    return context.market_data.markets[contract_of(context, params).symbol]


def _asked(params: Params) -> tuple[Interval, int | None, int | None, int]:
    """Return period, start, end and limit of a call. Errors: -1102; -1130 no such period; limit, times."""
    period = required(params, "period")
    if period not in PERIODS:
        raise errors.DATA_NOT_VALID.error("period")
    start, end = times(params)
    return INTERVALS[period], start, end, row_limit(params, LIMIT_DEFAULT, LIMIT_MAX)


def _ends(context: Context, params: Params, interest: Interest) -> tuple[Interval, list[int]]:
    """Return the period asked for, and when each wanted one ended: none that is not over or not known, ascending."""
    interval, start, end, limit = _asked(params)
    known_from, length = interest.known_from_ms, interval.next_open(0)
    if known_from is None:
        return interval, []
    first = -(-max(known_from, start or 0) // length) * length
    last = interval.open_of(context.now_ms if end is None else min(end, context.now_ms))
    if start is None:
        first = max(first, last - (limit - 1) * length)
    return interval, list(range(first, last + 1, length)[:limit])


def _closes(
    context: Context, fold: MarketFold, series: MarkSeries, interval: Interval, opens: list[int]
) -> dict[int, int]:
    """Return where a price ended in the periods that open at these times, by when they open; none that is not known."""
    if not opens:
        return {}
    candles = fold.mark_candles[series].read(interval.name, context.now_ms, opens[0], opens[-1], LIMIT_MAX)
    return {candle.open_ms: candle.close for candle in candles}


def _open_interest_json(contract: Contract, end_ms: int, lots: int, mark: int) -> Json:
    return {
        "symbol": contract.symbol,
        "sumOpenInterest": quantity_text(contract, lots),
        "sumOpenInterestValue": money_text(contract.notional(mark, lots)),
        "CMCCirculatingSupply": "0",
        "timestamp": end_ms,
    }


def _ratio_text(part: int, of: int) -> str:
    """Return a signed ratio with four digits; "0.0000" when there is nothing to divide by."""
    scaled = div_half_even(part * 10**RATIO_DIGITS, of) if of else 0
    return format_decimal(scaled, RATIO_DIGITS)


def _row(name: str, read: Callable[[Context, Params], object]) -> ReadRoute:
    return ReadRoute("GET", f"/futures/data/{name}", Security.NONE, 0, read)


STATISTICS_ROUTES: tuple[ReadRoute, ...] = (
    _row("openInterestHist", read_open_interest_history),
    _row("globalLongShortAccountRatio", read_account_ratio),
    _row("topLongShortAccountRatio", read_top_ratio),
    _row("topLongShortPositionRatio", read_top_ratio),
    _row("takerlongshortRatio", read_taker_volume),
    _row("basis", read_basis),
)
