"""Messages of the market streams (10.3): JSON-able objects from what projections hold. They look nothing up."""

from exchange.core.contract import Contract
from exchange.core.enums import MarketState, Side
from exchange.core.events import OrderUpdated, TradePrinted
from exchange.core.units import ATOMS_PER_QUOTE, RATE_ONE
from exchange.dialects.binance.bodies.market import (
    DELIVERY_MS,
    ONBOARD_MS,
    STATUS_WORDS,
    Json,
    agg_trade_json,
    day_change_texts,
    levels_json,
    wire_update_id,
)
from exchange.dialects.binance.text.numbers import (
    average_price_text,
    fine_price_text,
    notional_text,
    price_text,
    quantity_text,
    rate_text,
    to_ms,
)
from exchange.projections.bars import Interval
from exchange.projections.candles import Candle
from exchange.projections.depth import Depth, Levels
from exchange.projections.market_data import AggTrade, DayTicker, Mark


def depth_update(contract: Contract, ids: tuple[int, int], bids: Levels, asks: Levels, ts: int, now_ms: int) -> Json:
    """Return a change of the book, or its best levels; `ids` are the book's update ids before and after."""
    before, after = (wire_update_id(update_id) for update_id in ids)
    return {
        "e": "depthUpdate",
        "E": now_ms,
        "T": to_ms(ts),
        "s": contract.symbol,
        "ps": contract.symbol,
        "st": 1,
        "U": before + 1,
        "u": after,
        "pu": before,
        "b": levels_json(contract, bids),
        "a": levels_json(contract, asks),
    }


def book_ticker(contract: Contract, depth: Depth, now_ms: int) -> Json:
    """Return the best prices; zeros for an empty side."""
    bid, ask = depth.best_bid() or (0, 0), depth.best_ask() or (0, 0)
    return {
        "e": "bookTicker",
        "u": wire_update_id(depth.update_id),
        "E": now_ms,
        "T": to_ms(depth.ts),
        "s": contract.symbol,
        "b": price_text(contract, bid[0]),
        "B": quantity_text(contract, bid[1]),
        "a": price_text(contract, ask[0]),
        "A": quantity_text(contract, ask[1]),
    }


def trade(contract: Contract, event: TradePrinted, ts: int, now_ms: int) -> Json:
    """Return one trade."""
    return {
        "e": "trade",
        "E": now_ms,
        "T": to_ms(ts),
        "s": contract.symbol,
        "t": event.trade_id,
        "p": price_text(contract, event.price),
        "q": quantity_text(contract, event.quantity),
        "X": "MARKET",
        "m": event.taker_side is Side.SELL,
    }


def agg_trade(contract: Contract, made: AggTrade, now_ms: int) -> Json:
    """Return one aggregate trade."""
    return {"e": "aggTrade", "E": now_ms, "s": contract.symbol, **agg_trade_json(contract, made)}


def mark_price(contract: Contract, mark: Mark, now_ms: int) -> Json:
    """Return the mark, which also stands for its average and for the estimated settlement price."""
    price = fine_price_text(contract, mark.mark_price)
    return {
        "e": "markPriceUpdate",
        "E": now_ms,
        "s": contract.symbol,
        "p": price,
        "ap": price,
        "i": fine_price_text(contract, mark.index_price),
        "P": price,
        "r": rate_text(mark.funding_rate),
        "T": mark.next_funding_ms,
    }


def kline(contract: Contract, interval: Interval, candle: Candle, now_ms: int, *, closed: bool) -> Json:
    """Return a candle as it stands."""
    fields = {"s": contract.symbol, **_candle_fields(contract, interval, candle, closed=closed)}
    return {"e": "kline", "E": now_ms, "s": contract.symbol, "k": fields}


def continuous_kline(contract: Contract, interval: Interval, candle: Candle, now_ms: int, *, closed: bool) -> Json:
    """Return a candle as it stands, of the pair's perpetual contract."""
    fields = _candle_fields(contract, interval, candle, closed=closed)
    return {"e": "continuous_kline", "E": now_ms, "ps": contract.symbol, "ct": "PERPETUAL", "k": fields}


def mini_ticker(contract: Contract, day: DayTicker, now_ms: int) -> Json:
    """Return the short statistics of the last 24 hours."""
    return {
        "e": "24hrMiniTicker",
        "E": now_ms,
        "s": contract.symbol,
        "c": price_text(contract, day.last_price),
        "o": price_text(contract, day.total.open),
        "h": price_text(contract, day.total.high),
        "l": price_text(contract, day.total.low),
        "v": quantity_text(contract, day.total.volume),
        "q": notional_text(contract, day.total.quote_volume),
    }


def day_ticker(contract: Contract, day: DayTicker, now_ms: int) -> Json:
    """Return the full statistics of the last 24 hours."""
    change, percent, average = day_change_texts(contract, day)
    return {
        **mini_ticker(contract, day, now_ms),
        "e": "24hrTicker",
        "p": change,
        "P": percent,
        "w": average,
        "Q": quantity_text(contract, day.last_quantity),
        "O": day.open_ms,
        "C": day.close_ms,
        "F": day.total.first_trade_id,
        "L": day.total.last_trade_id,
        "n": day.total.count,
    }


def force_order(contract: Contract, event: OrderUpdated, ts: int, now_ms: int) -> Json:
    """Return how a liquidation order stands; the dialect calls it LIMIT here."""
    order = event.order
    last = event.fill.quantity if event.fill is not None else 0
    return {
        "e": "forceOrder",
        "E": now_ms,
        "o": {
            "s": order.symbol,
            "S": order.side.name,
            "o": "LIMIT",
            "f": order.time_in_force.value,
            "q": quantity_text(contract, order.quantity),
            "p": price_text(contract, order.price),
            "ap": average_price_text(contract, order.cum_quote, order.filled),
            "X": order.status.value,
            "l": quantity_text(contract, last),
            "z": quantity_text(contract, order.filled),
            "T": to_ms(ts),
        },
    }


def contract_info(contract: Contract, state: MarketState, now_ms: int) -> Json:
    """Return what a contract is, what it allows now, and its brackets, whose figures are JSON numbers."""
    leverages = [bracket.max_leverage for bracket in contract.brackets] + [0]
    return {
        "e": "contractInfo",
        "E": now_ms,
        "s": contract.symbol,
        "ct": "PERPETUAL",
        "dt": DELIVERY_MS,
        "ot": ONBOARD_MS,
        "cs": STATUS_WORDS[state],
        "bks": [
            {
                "bs": number,
                "bnf": bracket.floor // ATOMS_PER_QUOTE,
                "bnc": bracket.cap // ATOMS_PER_QUOTE,
                "mmr": bracket.rate / RATE_ONE,
                "cf": bracket.cum // ATOMS_PER_QUOTE,  # whole units here, as documented
                "mi": leverages[number] + 1,
                "ma": bracket.max_leverage,
            }
            for number, bracket in enumerate(contract.brackets, 1)
        ],
    }


def _candle_fields(contract: Contract, interval: Interval, candle: Candle, *, closed: bool) -> Json:
    """Return the fields of `k`."""
    return {
        "t": candle.open_ms,
        "T": interval.next_open(candle.open_ms) - 1,
        "i": interval.name,
        "f": candle.first_trade_id,
        "L": candle.last_trade_id,
        "o": price_text(contract, candle.open),
        "c": price_text(contract, candle.close),
        "h": price_text(contract, candle.high),
        "l": price_text(contract, candle.low),
        "v": quantity_text(contract, candle.volume),
        "n": candle.count,
        "x": closed,
        "q": notional_text(contract, candle.quote_volume),
        "V": quantity_text(contract, candle.taker_buy_volume),
        "Q": notional_text(contract, candle.taker_buy_quote),
        "B": "0",
    }
