"""The market-data endpoints as a table, and the listen keys. They render nothing.

All are reads: none of them is a command, and none changes the venue.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from exchange.core.contract import Contract
from exchange.core.state import Market
from exchange.core.units import INT63_MAX
from exchange.dialects.binance.bodies import market as responses
from exchange.dialects.binance.door.limits import told_limits
from exchange.dialects.binance.parameters import (
    contract_of,
    optional_integer,
    required,
    row_limit,
    symbol_or_none,
    times,
)
from exchange.dialects.binance.route import Context, Params, ReadRoute, Security, Weight, by_symbol
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.numbers import price_text, rate_text
from exchange.projections import views
from exchange.projections.bars import CANDLES_MAX, INTERVALS, B, Bars, Interval
from exchange.projections.market_data import FUNDINGS_MAX, TRADES_MAX, MarketFold, MarkSeries

DEPTH_LIMITS = (5, 10, 20, 50, 100, 500, 1000)
DEPTH_LIMIT_DEFAULT = 500
DEPTH_WEIGHTS = ((50, 2), (100, 5), (500, 10), (1000, 20))  # up to this limit, this weight
KLINE_WEIGHTS = ((99, 1), (499, 2), (1000, 5), (CANDLES_MAX, 10))
ROWS_DEFAULT = 500
ROWS_MAX = 1000
FUNDINGS_DEFAULT = 100
PERPETUAL = "PERPETUAL"

Row = TypeVar("Row")


def read_ping(context: Context, params: Params) -> object:
    """Answer that the venue is there."""
    del context, params
    return {}


def read_time(context: Context, params: Params) -> object:
    """Answer the server's time."""
    del params
    return {"serverTime": context.now_ms}


def read_exchange_info(context: Context, params: Params) -> object:
    """Answer the rules of all contracts."""
    del params
    return responses.exchange_info_json(context.state, told_limits(), context.now_ms)


def read_depth(context: Context, params: Params) -> object:
    """Answer a snapshot of the book. Errors: symbol; -1130 for a limit that is none of the seven."""
    return _depth(context, params, DEPTH_LIMIT_DEFAULT)


def read_rpi_depth(context: Context, params: Params) -> object:
    """Answer a snapshot of the book, which has no orders of retail price improvement. Errors: as those of depth."""
    return _depth(context, params, DEPTH_LIMITS[-1])


def _depth(context: Context, params: Params, default: int) -> object:
    market = _market(context, params)
    limit = optional_integer(params, "limit", 1) or default
    if limit not in DEPTH_LIMITS:
        raise errors.DATA_NOT_VALID.error("limit")
    fold = _fold(context, params)
    return responses.depth_json(market, limit, context.now_ms, fold.depth.ts or context.state.ts)


def read_trades(context: Context, params: Params) -> object:
    """Answer the newest trades, oldest of them first."""
    fold = _fold(context, params)
    limit = row_limit(params, ROWS_DEFAULT, TRADES_MAX)
    return [responses.trade_json(fold.contract, trade) for trade in list(fold.trades)[-limit:]]


def read_historical_trades(context: Context, params: Params) -> object:
    """Answer trades from an id on, or the newest: of those that are kept."""
    fold = _fold(context, params)
    limit = row_limit(params, ROWS_DEFAULT, TRADES_MAX)
    from_id = optional_integer(params, "fromId")
    if from_id is None:
        wanted = list(fold.trades)[-limit:]
    else:
        wanted = _from_begin(list(fold.trades), lambda trade: trade.trade_id >= from_id, limit, from_begin=True)
    return [responses.trade_json(fold.contract, trade) for trade in wanted]


def read_agg_trades(context: Context, params: Params) -> object:
    """Answer aggregate trades: from an id on, or within a time, or the newest. Error: -1128 for an id with a time."""
    fold = _fold(context, params)
    limit = row_limit(params, ROWS_DEFAULT, ROWS_MAX)
    from_id = optional_integer(params, "fromId")
    start, end = times(params)
    if from_id is not None and (start is not None or end is not None):
        raise errors.PARAMETERS_CLASH.error()
    if from_id is not None:
        wanted = _from_begin(list(fold.agg_trades), lambda trade: trade.agg_id >= from_id, limit, from_begin=True)
    else:
        wanted = _within(list(fold.agg_trades), lambda trade: trade.ms, start, end, limit)
    return [responses.agg_trade_json(fold.contract, trade) for trade in wanted]


def read_klines(context: Context, params: Params) -> object:
    """Answer candles. Errors: symbol; -1120 interval; limit and times as everywhere."""
    fold = _fold(context, params)
    interval, candles = _candles_asked(context, params, fold.candles)
    return [responses.kline_json(fold.contract, interval, candle) for candle in candles]


def read_continuous_klines(context: Context, params: Params) -> object:
    """Answer candles, asked for by `pair`; the only contract of each is its perpetual (-1130 for another type)."""
    contract = contract_of(context, {"symbol": required(params, "pair")})
    if required(params, "contractType") != PERPETUAL:
        raise errors.DATA_NOT_VALID.error("contractType")
    interval, candles = _candles_asked(context, params, context.market_data.markets[contract.symbol].candles)
    return [responses.kline_json(contract, interval, candle) for candle in candles]


def read_mark_price_klines(context: Context, params: Params) -> object:
    """Answer candles of the mark price. Errors: as those of trades."""
    contract = contract_of(context, params)
    return _price_klines(context, params, contract, MarkSeries.MARK_PRICE, partial(price_text, contract))


def read_index_price_klines(context: Context, params: Params) -> object:
    """Answer candles of the index price, asked for by `pair`. Errors: as those of trades."""
    contract = contract_of(context, {"symbol": required(params, "pair")})
    return _price_klines(context, params, contract, MarkSeries.INDEX_PRICE, partial(price_text, contract))


def read_premium_index_klines(context: Context, params: Params) -> object:
    """Answer candles of the premium index, which is a share of the index. Errors: as those of trades."""
    contract = contract_of(context, params)
    return _price_klines(context, params, contract, MarkSeries.PREMIUM_INDEX, rate_text)


def read_premium_index(context: Context, params: Params) -> object:
    """Answer mark, index and funding of one contract or of all."""

    def render(market: Market) -> object:
        mark = context.market_data.markets[market.contract.symbol].mark
        return responses.premium_index_json(market, mark.funding_rate, context.now_ms)

    return _one_or_all(context, params, render)


def read_funding_rate(context: Context, params: Params) -> object:
    """Answer settled fundings, of one contract or of all, by ascending time."""
    folds = [_fold(context, params)] if params.get("symbol") else list(context.market_data.markets.values())
    start, end = times(params)
    limit = row_limit(params, FUNDINGS_DEFAULT, FUNDINGS_MAX)
    rows = [(funding.ms, fold.contract, funding) for fold in folds for funding in fold.fundings]
    rows.sort(key=lambda row: row[0])
    wanted = _within(rows, lambda row: row[0], start, end, limit)
    return [responses.funding_json(contract, funding) for _, contract, funding in wanted]


def read_funding_info(context: Context, params: Params) -> object:
    """Answer cap, floor and interval of every contract's funding."""
    del params
    return [responses.funding_info_json(market) for market in context.state.markets.values()]


def read_day_ticker(context: Context, params: Params) -> object:
    """Answer the statistics of the last 24 hours, of one contract or of all."""

    def render(market: Market) -> object:
        fold = context.market_data.markets[market.contract.symbol]
        return responses.day_ticker_json(fold.contract, fold.day_ticker(context.now_ms))

    return _one_or_all(context, params, render)


def read_book_ticker(context: Context, params: Params) -> object:
    """Answer the best prices, of one contract or of all."""
    return _one_or_all(context, params, lambda market: responses.book_ticker_json(market, context.now_ms))


def read_price(context: Context, params: Params) -> object:
    """Answer the last price, of one contract or of all."""

    def render(market: Market) -> object:
        return responses.price_json(context.market_data.markets[market.contract.symbol], context.now_ms)

    return _one_or_all(context, params, render)


def read_open_interest(context: Context, params: Params) -> object:
    """Answer how much of a contract is held."""
    contract = _market(context, params).contract
    return responses.open_interest_json(contract, views.open_interest(context.state, contract.symbol), context.now_ms)


def read_insurance_balance(context: Context, params: Params) -> object:
    """Answer what the insurance fund is worth: one pool for all contracts, as an object for a symbol, else a list."""
    pool = responses.insurance_json(context.state)
    return pool if symbol_or_none(context, params) else [pool]


def read_adl_risk(context: Context, params: Params) -> object:
    """Answer how near a deleveraging is, of one contract or of all."""
    return _one_or_all(context, params, lambda market: responses.adl_risk_json(context.state, market))


def read_constituents(context: Context, params: Params) -> object:
    """Answer the sources of a contract's index."""
    return responses.constituents_json(_market(context, params), context.now_ms)


def create_listen_key(context: Context, params: Params) -> object:
    """Answer the account's key for user streams, a new one or the live one extended."""
    del params
    return {"listenKey": context.listen_keys.create(context.account_id, context.now_ms)}


def extend_listen_key(context: Context, params: Params) -> object:
    """Extend the account's key. Error: -1125 when it has none, or the one that is named is not it."""
    _refuse_another_key(context, params)
    return {"listenKey": context.listen_keys.extend(context.account_id, context.now_ms)}


def end_listen_key(context: Context, params: Params) -> object:
    """End the account's key; having none is no error. Error: -1125 when the one that is named is not it."""
    _refuse_another_key(context, params)
    context.listen_keys.end(context.account_id)
    return {}


def _refuse_another_key(context: Context, params: Params) -> None:
    """Raise -1125 when a call names a listen key that is not live or not this account's; it need not name any."""
    named = params.get("listenKey", "")
    if named and context.listen_keys.account_of(named, context.now_ms) != context.account_id:
        raise errors.LISTEN_KEY_UNKNOWN.error()


def _market(context: Context, params: Params) -> Market:
    return context.state.markets[contract_of(context, params).symbol]


def _fold(context: Context, params: Params) -> MarketFold:
    return context.market_data.markets[contract_of(context, params).symbol]


def _candles_asked(context: Context, params: Params, bars: Bars[B]) -> tuple[Interval, list[B]]:
    """Return the interval and the candles that a call asks for. Errors: -1120 interval; limit and times."""
    interval = INTERVALS.get(required(params, "interval"))
    if interval is None:
        raise errors.INTERVAL_NOT_VALID.error()
    limit = row_limit(params, ROWS_DEFAULT, CANDLES_MAX)
    start, end = times(params)
    return interval, bars.read(interval.name, context.now_ms, start, end, limit)


def _price_klines(
    context: Context, params: Params, contract: Contract, series: MarkSeries, text: Callable[[int], str]
) -> object:
    """Return candles of what is told with every mark; `text` writes it."""
    bars = context.market_data.markets[contract.symbol].mark_candles[series]
    interval, candles = _candles_asked(context, params, bars)
    return [responses.price_kline_json(interval, candle, text) for candle in candles]


def _one_or_all(context: Context, params: Params, render: Callable[[Market], object]) -> object:
    """Return one object when a symbol is named, a list of all without it."""
    if params.get("symbol"):
        return render(_market(context, params))
    return [render(market) for market in context.state.markets.values()]


def _within(rows: list[Row], ms_of: Callable[[Row], int], start: int | None, end: int | None, limit: int) -> list[Row]:
    """Return at most `limit` ascending rows within two times: the oldest when a start is named, else the newest."""

    def wanted(row: Row) -> bool:
        return (start is None or ms_of(row) >= start) and (end is None or ms_of(row) <= end)

    return _from_begin(rows, wanted, limit, from_begin=start is not None)


def _from_begin(rows: list[Row], wanted: Callable[[Row], bool], limit: int, *, from_begin: bool) -> list[Row]:
    """Return at most `limit` of the wanted rows, from the begin or up to the end of them."""
    chosen = [row for row in rows if wanted(row)]
    return chosen[:limit] if from_begin else chosen[-limit:]


def _by_limit(steps: tuple[tuple[int, int], ...], default: int) -> Weight:
    """Return the weight function of an endpoint that costs by its limit; a limit that is none costs the most."""

    def weight(params: Params) -> int:
        text = params.get("limit") or str(default)
        limit = int(text) if text.isascii() and text.isdigit() and len(text) < _LIMIT_DIGITS_MAX else INT63_MAX
        return next((cost for most, cost in steps if limit <= most), steps[-1][1])

    return weight


def _public(path: str, weight: Weight, read: Callable[[Context, Params], object]) -> ReadRoute:
    return ReadRoute("GET", path, Security.NONE, weight, read)


_LIMIT_DIGITS_MAX = 10

MARKET_ROUTES: tuple[ReadRoute, ...] = (
    _public("/fapi/v1/ping", 1, read_ping),
    _public("/fapi/v1/time", 1, read_time),
    _public("/fapi/v1/exchangeInfo", 1, read_exchange_info),
    _public("/fapi/v1/depth", _by_limit(DEPTH_WEIGHTS, DEPTH_LIMIT_DEFAULT), read_depth),
    _public("/fapi/v1/rpiDepth", 20, read_rpi_depth),
    _public("/fapi/v1/trades", 5, read_trades),
    ReadRoute("GET", "/fapi/v1/historicalTrades", Security.KEY, 200, read_historical_trades),
    _public("/fapi/v1/aggTrades", 20, read_agg_trades),
    _public("/fapi/v1/klines", _by_limit(KLINE_WEIGHTS, ROWS_DEFAULT), read_klines),
    _public("/fapi/v1/continuousKlines", _by_limit(KLINE_WEIGHTS, ROWS_DEFAULT), read_continuous_klines),
    _public("/fapi/v1/markPriceKlines", _by_limit(KLINE_WEIGHTS, ROWS_DEFAULT), read_mark_price_klines),
    _public("/fapi/v1/indexPriceKlines", _by_limit(KLINE_WEIGHTS, ROWS_DEFAULT), read_index_price_klines),
    _public("/fapi/v1/premiumIndexKlines", _by_limit(KLINE_WEIGHTS, ROWS_DEFAULT), read_premium_index_klines),
    _public("/fapi/v1/premiumIndex", by_symbol(1, 10), read_premium_index),
    _public("/fapi/v1/fundingRate", 0, read_funding_rate),
    _public("/fapi/v1/fundingInfo", 0, read_funding_info),
    _public("/fapi/v1/ticker/24hr", by_symbol(1, 40), read_day_ticker),
    _public("/fapi/v1/ticker/bookTicker", by_symbol(2, 5), read_book_ticker),
    _public("/fapi/v1/ticker/price", by_symbol(1, 2), read_price),
    _public("/fapi/v2/ticker/price", by_symbol(1, 2), read_price),
    _public("/fapi/v1/openInterest", 1, read_open_interest),
    _public("/fapi/v1/insuranceBalance", 1, read_insurance_balance),
    _public("/fapi/v1/symbolAdlRisk", 1, read_adl_risk),
    _public("/fapi/v1/constituents", 2, read_constituents),
    ReadRoute("POST", "/fapi/v1/listenKey", Security.KEY, 1, create_listen_key),
    ReadRoute("PUT", "/fapi/v1/listenKey", Security.KEY, 1, extend_listen_key),
    ReadRoute("DELETE", "/fapi/v1/listenKey", Security.KEY, 1, end_listen_key),
)
