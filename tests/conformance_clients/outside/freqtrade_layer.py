"""freqtrade's column: its exchange layer in live mode, as its bot calls it. It runs no bot.

A cell is `def (desk) -> None` that raises unless the row holds. It begins with an empty book and a flat account.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep, time_ns
from typing import Any

from ccxt import AuthenticationError
from freqtrade.enums import CandleType, MarginMode, RunMode
from freqtrade.exceptions import (
    DDosProtection,
    InsufficientFundsError,
    InvalidOrderException,
    RetryableOrderError,
    TemporaryError,
)
from freqtrade.resolvers import ExchangeResolver

from clients.connect.freqtrade_config import freqtrade_exchange
from tests.conformance_clients.stage import INDEX, PATIENCE_S, SYMBOL, Keys, Stage

PAIR = "BTC/USDT:USDT"
CANDLES = (PAIR, "1m", CandleType.FUTURES)
LEVERAGE = 5.0
WEIGHT_PER_MINUTE = 2400
PRICE_OF_TRADE = 4  # of the list that freqtrade makes of a trade
POLL_S = 0.1
DEPOSIT = 100_000.0

Cell = Callable[["Desk"], None]


@dataclass(slots=True)
class Desk:
    """freqtrade's exchange object of an account, and the venue."""

    stage: Stage
    keys: Keys
    exchange: Any

    def order(self, side: str, amount: float, rate: float, kind: str = "limit", **more: Any) -> Any:
        """Place an order as the bot does."""
        terms = {"time_in_force": "GTC", "leverage": LEVERAGE} | more
        return self.exchange.create_order(pair=PAIR, ordertype=kind, side=side, amount=amount, rate=rate, **terms)

    def bought(self, amount: float = 0.1) -> Any:
        """Buy at the index, and leave bids beneath."""
        self.stage.offer("SELL", amount, INDEX)
        order = self.order("buy", amount, INDEX, "market")
        self.stage.offer("BUY", 10, INDEX - 500)
        return order

    def stop(self, stop_price: float, kind: str = "market") -> Any:
        """Place a stoploss on the exchange as the bot does, looking at the last price."""
        types = {"stoploss": kind, "stoploss_price_type": "last", "stoploss_on_exchange_limit_ratio": 0.999}
        return self.exchange.create_stoploss(
            pair=PAIR, amount=0.1, stop_price=stop_price, order_types=types, side="sell", leverage=LEVERAGE
        )


def equal(found: object, expected: object) -> None:
    """Raise AssertionError, naming both, unless they are equal."""
    assert found == expected, f"{found!r} instead of {expected!r}"


def opened(stage: Stage, keys: Keys) -> Desk:
    """Return a desk whose exchange object has done all checks that a start of the bot does."""
    config = {
        "dry_run": False,
        "timeframe": "1m",
        "stake_amount": 1000,
        "max_open_trades": 1,
        "entry_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "exit_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "order_types": {"entry": "market", "exit": "market", "stoploss": "market", "stoploss_on_exchange": True},
        "pairlists": [{"method": "StaticPairList"}],
    }
    config |= freqtrade_exchange(stage.rest, keys.api_key, keys.secret_key)
    config |= {"runmode": RunMode.LIVE, "candle_type_def": CandleType.FUTURES}
    exchange = ExchangeResolver.load_exchange(config, validate=True, load_leverage_tiers=True)
    exchange._api.exceptions["exact"].update(exchange._api.exceptions["linear"]["exact"])  # as the page's bot_start
    return Desk(stage, keys, exchange)


def until(find: Callable[[], Any]) -> Any:
    """Return what `find` finds as soon as that is something; freqtrade polls, so does this."""
    end = monotonic() + PATIENCE_S
    while not (found := find()):
        assert monotonic() < end, "it did not come"
        sleep(POLL_S)
    return found


def refused(kind: type[Exception], call: Callable[[], object]) -> None:
    """Raise AssertionError unless the call raises that exception itself, and none of a class under it."""
    try:
        call()
    except kind as error:
        equal(type(error), kind)
    else:
        raise AssertionError(f"no {kind.__name__}")


def load_markets(desk: Desk) -> None:
    """Tick, step and smallest notional."""
    market = desk.exchange.markets[PAIR]
    precision = market["precision"]
    equal((precision["price"], precision["amount"], market["limits"]["cost"]["min"]), (0.1, 0.001, 5.0))


def server_time(desk: Desk) -> None:
    """The check of the clocks at the start."""
    desk.exchange.check_time_offset()
    assert abs(desk.exchange._api.fetch_time() - time_ns() // 10**6) < 1000


def book_snapshot(desk: Desk) -> None:
    """The order book that prices are taken from."""
    desk.stage.offer("BUY", 1, INDEX - 10)
    desk.stage.offer("SELL", 2, INDEX + 10)
    book = desk.exchange.fetch_l2_order_book(PAIR, 5)
    equal((book["bids"], book["asks"]), ([[INDEX - 10, 1.0]], [[INDEX + 10, 2.0]]))


def klines(desk: Desk) -> None:
    """Candles, as the strategy gets them."""
    desk.stage.trade(INDEX)
    frame = desk.exchange.refresh_latest_ohlcv([CANDLES], cache=False, drop_incomplete=False)[CANDLES]
    equal(float(frame["close"].iloc[-1]), INDEX)


def trades(desk: Desk) -> None:
    """Public trades, as it downloads them."""
    desk.stage.trade(INDEX)
    since = time_ns() // 10**6 - 60_000
    listed, _ = desk.exchange.loop.run_until_complete(desk.exchange._async_fetch_trades(PAIR, since=since))
    equal(listed[-1][PRICE_OF_TRADE], INDEX)


def tickers(desk: Desk) -> None:
    """Tickers of all markets with best bid and ask."""
    desk.stage.trade(INDEX)
    desk.stage.offer("BUY", 1, INDEX - 10)
    ticker = desk.exchange.get_tickers([PAIR])[PAIR]
    equal((ticker["last"], ticker["bid"]), (INDEX, INDEX - 10))


def mark_price(desk: Desk) -> None:
    """Funding rate, mark and index price."""
    funding = desk.exchange.fetch_funding_rate(PAIR)
    assert abs(funding["markPrice"] - INDEX) < 100, funding
    equal(funding["indexPrice"], INDEX)


def limit_gtc(desk: Desk) -> None:
    """It rests."""
    equal(desk.order("buy", 0.1, INDEX - 100)["status"], "open")


def limit_ioc(desk: Desk) -> None:
    """What is there fills."""
    desk.stage.offer("SELL", 0.02, INDEX)
    order = desk.order("buy", 0.1, INDEX, time_in_force="IOC")
    equal((order["status"], order["filled"]), ("expired", 0.02))


def limit_fok(desk: Desk) -> None:
    """All or nothing."""
    desk.stage.offer("SELL", 0.02, INDEX)
    refused(InvalidOrderException, lambda: desk.order("buy", 0.1, INDEX, time_in_force="FOK"))
    equal(desk.order("buy", 0.02, INDEX, time_in_force="FOK")["status"], "closed")


def limit_gtx(desk: Desk) -> None:
    """PO rests."""
    equal(desk.order("buy", 0.1, INDEX - 100, time_in_force="PO")["status"], "open")


def gtx_refused(desk: Desk) -> None:
    """PO that would take is an InvalidOrderException."""
    desk.stage.offer("SELL", 0.1, INDEX)
    refused(InvalidOrderException, lambda: desk.order("buy", 0.1, INDEX, time_in_force="PO"))


def market(desk: Desk) -> None:
    """It fills at once."""
    order = desk.bought()
    equal((order["status"], order["average"]), ("closed", INDEX))


def reduce_only(desk: Desk) -> None:
    """What it leaves a position with."""
    refused(InvalidOrderException, lambda: desk.order("sell", 0.1, INDEX, "market", reduceOnly=True))
    desk.bought()
    equal(desk.order("sell", 0.1, INDEX, "market", reduceOnly=True)["status"], "closed")
    equal(desk.exchange.fetch_positions(PAIR), [])


def cancel(desk: Desk) -> None:
    """By id."""
    order = desk.order("buy", 0.1, INDEX - 100)
    equal(desk.exchange.cancel_order(order["id"], PAIR)["status"], "canceled")


def order_query(desk: Desk) -> None:
    """By id."""
    order = desk.order("buy", 0.1, INDEX - 100)
    equal(desk.exchange.fetch_order(order["id"], PAIR)["status"], "open")


def all_orders(desk: Desk) -> None:
    """As it looks for orders that it lost."""
    order = desk.order("buy", 0.1, INDEX - 100)
    desk.exchange.cancel_order(order["id"], PAIR)
    listed = desk.exchange.fetch_orders(PAIR, datetime.now(UTC) - timedelta(hours=1))
    equal([row["status"] for row in listed if row["id"] == order["id"]], ["canceled"])


def my_trades(desk: Desk) -> None:
    """Trades of an order, with fees."""
    order = desk.bought()
    [fill] = desk.exchange.get_trades_for_order(order["id"], PAIR, datetime.now(UTC) - timedelta(minutes=1))
    equal((fill["price"], fill["fee"]["cost"]), (INDEX, 5.0))


def stop_market(desk: Desk) -> None:
    """Stoploss on the exchange: placed, found, triggered; its order is found through it, filled."""
    desk.bought()
    desk.stage.trade(INDEX)
    stop = desk.stop(INDEX - 100)
    equal(desk.exchange.fetch_stoploss_order(stop["id"], PAIR)["status"], "open")
    desk.stage.trade(INDEX - 150)
    done = until(lambda: _ended(desk, stop["id"]))
    equal((done["status"], done["average"]), ("closed", INDEX - 500))


def stop_limit(desk: Desk) -> None:
    """A stoploss of type limit: triggered; its order rests."""
    desk.bought()
    desk.stage.trade(INDEX)
    desk.stop(INDEX - 100, "limit")
    desk.stage.makers_gone()
    desk.stage.trade(INDEX - 150)
    resting = until(lambda: desk.exchange._api.fetch_open_orders(PAIR))
    equal((resting[0]["side"], resting[0]["amount"]), ("sell", 0.1))


def _ended(desk: Desk, stop_id: str) -> Any:
    order = desk.exchange.fetch_stoploss_order(stop_id, PAIR)
    return order if order["status"] not in ("open", None) else None


def conditional_cancel(desk: Desk) -> None:
    """The stop is taken away before an exit."""
    desk.bought()
    desk.stage.trade(INDEX)
    stop = desk.stop(INDEX - 100)
    ended = desk.exchange.cancel_stoploss_order_with_result(stop["id"], PAIR, 0.1)
    assert ended["status"] in ("canceled", "success"), ended
    equal(desk.stage.signed(desk.keys, "GET", "/fapi/v1/openAlgoOrders", {"symbol": SYMBOL}), [])


def balance(desk: Desk) -> None:
    """What it stakes from."""
    equal(desk.exchange.get_balances()["USDT"]["total"], DEPOSIT)


def positions(desk: Desk) -> None:
    """The open position."""
    desk.bought()
    [held] = desk.exchange.fetch_positions(PAIR)
    equal((held["side"], held["contracts"], held["entryPrice"]), ("long", 0.1, INDEX))


def leverage(desk: Desk) -> None:
    """Set before an entry."""
    desk.exchange._set_leverage(7, PAIR)
    [config] = desk.stage.signed(desk.keys, "GET", "/fapi/v1/symbolConfig", {"symbol": SYMBOL})
    equal(config["leverage"], 7)


def brackets(desk: Desk) -> None:
    """Leverage tiers, loaded at the start: what limits a stake."""
    equal(desk.exchange.get_max_leverage(PAIR, 100.0), 125.0)
    equal([tier["maxLeverage"] for tier in desk.exchange._leverage_tiers[PAIR]][:3], [125.0, 100.0, 50.0])


def margin_type(desk: Desk) -> None:
    """Set before each entry; the second time it takes the refusal for done."""
    for _ in range(2):
        desk.exchange.set_margin_mode(PAIR, MarginMode.ISOLATED)
    [config] = desk.stage.signed(desk.keys, "GET", "/fapi/v1/symbolConfig", {"symbol": SYMBOL})
    equal(config["marginType"], "ISOLATED")


def income(desk: Desk) -> None:
    """Funding fees of a trade."""
    equal(desk.exchange._get_funding_fees_from_exchange(PAIR, datetime.now(UTC) - timedelta(hours=1)), 0.0)


def error_funds(desk: Desk) -> None:
    """InsufficientFundsError, with the page's bot_start."""
    refused(InsufficientFundsError, lambda: desk.order("buy", 12, INDEX - 100))


def error_not_found(desk: Desk) -> None:
    """What it asks again for, and what it cannot cancel."""
    refused(InvalidOrderException, lambda: desk.exchange.cancel_order("99999999", PAIR))
    refused(RetryableOrderError, lambda: desk.exchange.fetch_order("99999999", PAIR, count=0))


def error_invalid(desk: Desk) -> None:
    """Too small."""
    refused(InvalidOrderException, lambda: desk.order("buy", 0.001, 4000))


def error_immediate(desk: Desk) -> None:
    """A stop on the wrong side of the last price."""
    desk.stage.trade(INDEX)
    refused(InvalidOrderException, lambda: desk.stop(INDEX + 100))


def error_rate(desk: Desk) -> None:
    """DDosProtection, here from the checks of the start, which weigh 60."""
    desk.exchange._api.enableRateLimit = False

    def hurry() -> None:
        for _ in range(WEIGHT_PER_MINUTE // 60 + 1):
            desk.exchange.additional_exchange_init(count=0)

    refused(DDosProtection, hurry)


def error_authentication(desk: Desk) -> None:
    """Freqtrade takes both for passing trouble and says what ccxt raised."""
    for name, value in (("secret", "0" * 64), ("apiKey", "1" * 64)):
        setattr(desk.exchange._api, name, value)
        try:
            desk.exchange.get_balances(count=0)
        except TemporaryError as error:
            equal(type(error.__cause__), AuthenticationError)
        else:
            raise AssertionError(f"taken with a wrong {name}")
