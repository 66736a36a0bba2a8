"""Answers to market-data requests: JSON-able objects from what venue and projections hold. They look nothing up.

Update ids of books on the wire are twice the venue's: a diff carries `U` = 2 * before + 1, `u` = 2 * after and `pu` =
2 * before; a snapshot carries the odd id between two updates. So the next diff always covers the snapshot's id (`U <=
lastUpdateId <= u`), even on an idle book, and clients that compare by `<` drop the same diffs as those that compare by
`<=`.
"""

from collections.abc import Callable, Iterable

from exchange.core.contract import Contract
from exchange.core.enums import MarketState, Side
from exchange.core.fund import fund_equity
from exchange.core.policies.adl import AdlTrigger
from exchange.core.rules import VenueRules
from exchange.core.state import Market, State
from exchange.core.units import ATOM_DECIMALS, RATE_ONE, SECOND, div_half_even, format_decimal
from exchange.dialects.binance.text.numbers import (
    average_price_text,
    fine_price_text,
    money_text,
    notional_text,
    price_text,
    quantity_text,
    rate_text,
    short_text,
    to_ms,
)
from exchange.projections.bars import Interval
from exchange.projections.candles import Candle, PriceCandle
from exchange.projections.market_data import AggTrade, DayTicker, Funding, MarketFold, Trade

DELIVERY_MS = 4_133_404_800_000  # 25 December 2100: perpetuals do not expire, and the dialect says it so
ONBOARD_MS = 1_569_398_400_000
ORDER_TYPES = ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]
TIMES_IN_FORCE = ["GTC", "IOC", "FOK", "GTX", "GTD"]
HOUR = 3_600 * SECOND
PERCENT_DIGITS = 3
RATE_DIGITS = 4
STATUS_WORDS = {
    MarketState.TRADING: "TRADING",
    MarketState.CANCEL_ONLY: "PENDING_TRADING",
    MarketState.HALTED: "PENDING_TRADING",
    MarketState.INDEX_STALE: "TRADING",  # reduce-only orders go through, others are told why not
}

Json = dict[str, object]


def wire_update_id(update_id: int) -> int:
    """Return a book's update id as the wire counts it: even."""
    return 2 * update_id


def snapshot_id(update_id: int) -> int:
    """Return the id of a snapshot taken after an update: odd, covered by the next diff."""
    return 2 * update_id + 1


def levels_json(contract: Contract, levels: Iterable[tuple[int, int]]) -> list[list[str]]:
    """Return book levels as pairs of texts."""
    return [[price_text(contract, price), quantity_text(contract, quantity)] for price, quantity in levels]


def depth_json(market: Market, limit: int, now_ms: int, book_ts: int) -> Json:
    """Return a snapshot of the book with at most `limit` levels a side; `book_ts` is its last update, nanoseconds."""
    return {
        "lastUpdateId": snapshot_id(market.book_update_id),
        "E": now_ms,
        "T": to_ms(book_ts),
        "bids": levels_json(market.contract, market.book.depth(Side.BUY, limit)),
        "asks": levels_json(market.contract, market.book.depth(Side.SELL, limit)),
    }


def trade_json(contract: Contract, trade: Trade) -> Json:
    """Return one trade."""
    return {
        "id": trade.trade_id,
        "price": price_text(contract, trade.price),
        "qty": quantity_text(contract, trade.quantity),
        "quoteQty": notional_text(contract, contract.notional(trade.price, trade.quantity)),
        "time": trade.ms,
        "isBuyerMaker": trade.buyer_is_maker,
        "isRPITrade": False,
    }


def agg_trade_json(contract: Contract, trade: AggTrade) -> Json:
    """Return one aggregate trade."""
    quantity = quantity_text(contract, trade.quantity)
    return {
        "a": trade.agg_id,
        "p": price_text(contract, trade.price),
        "q": quantity,
        "nq": quantity,
        "f": trade.first_trade_id,
        "l": trade.last_trade_id,
        "T": trade.ms,
        "m": trade.buyer_is_maker,
    }


def kline_json(contract: Contract, interval: Interval, candle: Candle) -> list[object]:
    """Return one candle as the dialect's twelve places."""
    return [
        candle.open_ms,
        price_text(contract, candle.open),
        price_text(contract, candle.high),
        price_text(contract, candle.low),
        price_text(contract, candle.close),
        quantity_text(contract, candle.volume),
        interval.next_open(candle.open_ms) - 1,
        notional_text(contract, candle.quote_volume),
        candle.count,
        quantity_text(contract, candle.taker_buy_volume),
        notional_text(contract, candle.taker_buy_quote),
        "0",
    ]


def price_kline_json(interval: Interval, candle: PriceCandle, text: Callable[[int], str]) -> list[object]:
    """Return a candle without volumes as the same twelve places; `text` writes what it is of."""
    return [
        candle.open_ms,
        text(candle.open),
        text(candle.high),
        text(candle.low),
        text(candle.close),
        "0",
        interval.next_open(candle.open_ms) - 1,
        "0",
        candle.count,
        "0",
        "0",
        "0",
    ]


def premium_index_json(market: Market, predicted_rate: int, now_ms: int) -> Json:
    """Return mark, index and funding of a contract; the mark stands for the estimated settlement price.

    `predicted_rate`: of the next settlement as things stand, in 1e-8; the dialect's word for it is the last rate.
    """
    contract = market.contract
    mark = fine_price_text(contract, market.mark_price)
    return {
        "symbol": contract.symbol,
        "markPrice": mark,
        "indexPrice": fine_price_text(contract, market.index_price),
        "estimatedSettlePrice": mark,
        "lastFundingRate": rate_text(predicted_rate),
        "interestRate": rate_text(contract.funding.interest),
        "nextFundingTime": to_ms(market.funding_due),
        "time": now_ms,
    }


def funding_json(contract: Contract, funding: Funding) -> Json:
    """Return one settled funding."""
    return {
        "symbol": contract.symbol,
        "fundingRate": rate_text(funding.rate),
        "fundingTime": funding.ms,
        "markPrice": fine_price_text(contract, funding.mark_price),
        "rateType": "Regular",
    }


def funding_info_json(market: Market) -> Json:
    """Return cap, floor and running interval of a contract's funding; the interval in whole hours, at least one."""
    funding = market.contract.funding
    return {
        "symbol": market.contract.symbol,
        "adjustedFundingRateCap": rate_text(funding.cap),
        "adjustedFundingRateFloor": rate_text(funding.floor),
        "fundingIntervalHours": max(1, market.funding_interval // HOUR),
        "disclaimer": False,
    }


def day_change_texts(contract: Contract, day: DayTicker) -> tuple[str, str, str]:
    """Return price change, change in percent and volume-weighted average of the day as texts."""
    opened, change = day.total.open, day.last_price - day.total.open
    percent = div_half_even(change * 100 * 10**PERCENT_DIGITS, opened) if opened else 0
    average = average_price_text(contract, day.total.quote_volume, day.total.volume)
    return price_text(contract, change), format_decimal(percent, PERCENT_DIGITS), average


def day_ticker_json(contract: Contract, day: DayTicker) -> Json:
    """Return the statistics of the last 24 hours."""
    change, percent, average = day_change_texts(contract, day)
    return {
        "symbol": contract.symbol,
        "priceChange": change,
        "priceChangePercent": percent,
        "weightedAvgPrice": average,
        "lastPrice": price_text(contract, day.last_price),
        "lastQty": quantity_text(contract, day.last_quantity),
        "openPrice": price_text(contract, day.total.open),
        "highPrice": price_text(contract, day.total.high),
        "lowPrice": price_text(contract, day.total.low),
        "volume": quantity_text(contract, day.total.volume),
        "quoteVolume": notional_text(contract, day.total.quote_volume),
        "openTime": day.open_ms,
        "closeTime": day.close_ms,
        "firstId": day.total.first_trade_id,
        "lastId": day.total.last_trade_id,
        "count": day.total.count,
    }


def book_ticker_json(market: Market, now_ms: int) -> Json:
    """Return the best prices of the book; zeros for an empty side."""
    contract = market.contract
    bid = next(iter(market.book.depth(Side.BUY, 1)), (0, 0))
    ask = next(iter(market.book.depth(Side.SELL, 1)), (0, 0))
    return {
        "symbol": contract.symbol,
        "bidPrice": price_text(contract, bid[0]),
        "bidQty": quantity_text(contract, bid[1]),
        "askPrice": price_text(contract, ask[0]),
        "askQty": quantity_text(contract, ask[1]),
        "time": now_ms,
        "lastUpdateId": wire_update_id(market.book_update_id),
    }


def price_json(fold: MarketFold, now_ms: int) -> Json:
    """Return the last price of a contract."""
    contract = fold.contract
    return {"symbol": contract.symbol, "price": price_text(contract, fold.last_price), "time": now_ms}


def open_interest_json(contract: Contract, lots: int, now_ms: int) -> Json:
    """Return how many lots are held long, which is as many as are held short."""
    return {"openInterest": quantity_text(contract, lots), "symbol": contract.symbol, "time": now_ms}


def insurance_json(state: State) -> Json:
    """Return what the insurance fund is worth at the marks; it stands behind all contracts."""
    asset = next(market.contract.quote_asset for market in state.markets.values())
    worth = {"asset": asset, "marginBalance": money_text(fund_equity(state)), "updateTime": to_ms(state.ts)}
    return {"symbols": list(state.markets), "assets": [worth]}


def adl_risk_json(state: State, market: Market) -> Json:
    """Return how near a deleveraging in a contract is, as one of three words; the rule is ours.

    high: the fund is in drawdown or has nothing left; medium: it holds a position in the contract; low: neither, or
    nobody is ever deleveraged.
    """
    symbol = market.contract.symbol
    if state.rules.engine.adl.trigger is AdlTrigger.NEVER:
        risk = "low"
    elif state.drawdown or fund_equity(state) <= 0:
        risk = "high"
    else:
        risk = "medium" if state.fund.holdings[symbol].has_position() else "low"
    return {"symbol": symbol, "adlRisk": risk, "updateTime": to_ms(state.ts)}


def constituents_json(market: Market, now_ms: int) -> Json:
    """Return the sources of a contract's index with their last prices (0: none yet) and their share of the weight."""
    contract = market.contract
    named = contract.index.sources
    total = sum(source.weight for source in named)
    return {
        "symbol": contract.symbol,
        "time": now_ms,
        "constituents": [
            {
                "exchange": source.name,
                "symbol": contract.symbol,
                "price": price_text(contract, market.sources[source.name].price),
                "weight": rate_text(div_half_even(source.weight * RATE_ONE, total)),
            }
            for source in named
        ],
    }


def exchange_info_json(state: State, limits: list[Json], now_ms: int) -> Json:
    """Return the rules of the exchange and of every contract; `limits` are its request limits as told."""
    assets = dict.fromkeys(market.contract.quote_asset for market in state.markets.values())
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": limits,
        "exchangeFilters": [],
        "assets": [{"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"} for asset in assets],
        "symbols": [_symbol_json(market, state.rules) for market in state.markets.values()],
    }


def foreign_exchange_info_json(now_ms: int) -> Json:
    """Return the rules of a market that this venue does not have: no symbols (5.4)."""
    return {"timezone": "UTC", "serverTime": now_ms, "rateLimits": [], "exchangeFilters": [], "symbols": []}


def _symbol_json(market: Market, rules: VenueRules) -> Json:
    """Return what exchangeInfo says of one contract."""
    contract = market.contract
    return {
        "symbol": contract.symbol,
        "pair": contract.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": DELIVERY_MS,
        "onboardDate": ONBOARD_MS,
        "status": STATUS_WORDS[market.state],
        "maintMarginPercent": _percent_text(contract.brackets[0].rate),
        "requiredMarginPercent": _percent_text(div_half_even(RATE_ONE, contract.default_leverage)),
        "baseAsset": contract.base_asset,
        "quoteAsset": contract.quote_asset,
        "marginAsset": contract.quote_asset,
        "pricePrecision": contract.price_digits,
        "quantityPrecision": contract.quantity_digits,
        "baseAssetPrecision": ATOM_DECIMALS,
        "quotePrecision": ATOM_DECIMALS,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": _rate4_text(contract.trigger_protect),
        "liquidationFee": format_decimal(contract.liquidation_fee // 100, ATOM_DECIMALS - 2),
        "marketTakeBound": short_text(contract.market_take_bound),
        "maxMoveOrderLimit": rules.max_amendments,
        "filters": _filters(contract),
        "orderTypes": ORDER_TYPES,
        "timeInForce": TIMES_IN_FORCE,
    }


def _filters(contract: Contract) -> list[Json]:
    """Return the filters of a contract (9). Texts of tick and step have the digits of prices and quantities."""
    step = quantity_text(contract, 1)
    least = quantity_text(contract, contract.min_quantity)
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": price_text(contract, contract.min_price),
            "maxPrice": short_text(contract.max_price * contract.tick_atoms),
            "tickSize": price_text(contract, 1),
        },
        _lot_filter("LOT_SIZE", least, short_text(contract.max_quantity * contract.step_e8), step),
        _lot_filter("MARKET_LOT_SIZE", least, short_text(contract.market_max_quantity * contract.step_e8), step),
        {"filterType": "MAX_NUM_ORDERS", "limit": contract.max_open_orders},
        {"filterType": "MIN_NOTIONAL", "notional": short_text(contract.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": _rate4_text(contract.band_up),
            "multiplierDown": _rate4_text(contract.band_down),
            "multiplierDecimal": str(RATE_DIGITS),
        },
    ]


def _lot_filter(kind: str, least: str, most: str, step: str) -> Json:
    return {"filterType": kind, "minQty": least, "maxQty": most, "stepSize": step}


def _percent_text(rate_e8: int) -> str:
    """Return a rate in percent with four digits: "5.0000"."""
    return format_decimal(div_half_even(rate_e8 * 100, 10**RATE_DIGITS), RATE_DIGITS)


def _rate4_text(rate_e8: int) -> str:
    """Return a rate with four digits: "1.0500"."""
    return format_decimal(div_half_even(rate_e8, 10 ** (ATOM_DECIMALS - RATE_DIGITS)), RATE_DIGITS)
