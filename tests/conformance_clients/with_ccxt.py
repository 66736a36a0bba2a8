"""ccxt in the matrix: ccxt.pro's binanceusdm, with its unified calls, for REST, streams and WebSocket API.

Where ccxt has no unified call, its own call for the endpoint is used (`fapiPrivatePost...`).
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType
from typing import Any

import ccxt
import ccxt.pro

from clients.connect import point_ccxt_at
from tests.conformance_clients.client import (
    Book,
    Conditional,
    ConformanceClient,
    Ears,
    Fill,
    Market,
    Order,
    Position,
    Refusal,
    Told,
    Trigger,
    Wanted,
)
from tests.conformance_clients.raw import Json
from tests.conformance_clients.stage import SYMBOL as VENUE_SYMBOL
from tests.conformance_clients.stage import Keys

NAME = "ccxt"
VERSION = ccxt.__version__
SYMBOL = "BTC/USDT:USDT"
_LOADED: dict[str, Any] = {}  # by venue: an exchange whose markets the next one may have, as ccxt lets them share
_STATUS = {"closed": "FILLED", "canceled": "CANCELED", "expired": "EXPIRED", "rejected": "REJECTED"}
_CONDITION = {"STOP": "stopLossPrice", "TAKE_PROFIT": "takeProfitPrice"}


class Exchange(ccxt.pro.binanceusdm):  # type: ignore[misc]  # ccxt has no types here
    """ccxt.pro as it is, which also says when its private stream is there, and what it made of each event."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Take a configuration as ccxt does."""
        super().__init__(config)
        self.listening = asyncio.Event()
        self.ears: Ears | None = None

    def on_connected(self, client: Any, message: Any = None) -> None:
        """Note that the private stream is there."""
        super().on_connected(client, message)
        if "/private/" in client.url:
            self.listening.set()

    def handle_message(self, client: Any, message: Any) -> None:
        """Do what ccxt does, then tell how it sees the order that the event is about."""
        super().handle_message(client, message)
        if self.ears is None or not isinstance(message, dict):
            return
        if message.get("e") == "ORDER_TRADE_UPDATE":
            order = order_of(self.orders.hashmap[SYMBOL][str(message["o"]["i"])])
            self.ears.hear(Told("order", order.id, order.status, order.filled))
        elif message.get("e") == "ALGO_UPDATE":
            seen = self.orders.hashmap[SYMBOL][str(message["o"]["aid"])]
            self.ears.hear(Told("conditional", seen["id"], seen["info"]["X"]))


class Ccxt(ConformanceClient):
    """ccxt with an account's keys."""

    errors = MappingProxyType(
        {
            "funds": (ccxt.InsufficientFunds,),
            "not_found": (ccxt.OrderNotFound,),
            "invalid": (ccxt.InvalidOrder,),
            "rate": (ccxt.DDoSProtection, ccxt.RateLimitExceeded),
            "authentication": (ccxt.AuthenticationError,),
            "post_only": (ccxt.OrderImmediatelyFillable, ccxt.OrderNotFillable),
            "fok": (ccxt.OrderNotFillable,),
            "reduce_only": (ccxt.InvalidOrder,),
            "needless": (ccxt.MarginModeAlreadySet,),
        }
    )

    def __init__(self, rest: str, ws: str, keys: Keys) -> None:
        """Point it at a venue."""
        self._addresses = rest, ws
        self._ccxt = Exchange({"apiKey": keys.api_key, "secret": keys.secret_key, "enableRateLimit": False})
        point_ccxt_at(self._ccxt, rest)
        if rest in _LOADED:
            self._ccxt.set_markets_from_exchange(_LOADED[rest])

    def code_of(self, error: BaseException) -> int:
        found = re.search(r'"code":\s*(-\d+)', str(error))
        return int(found[1]) if found else 0

    def other(self, keys: Keys) -> ConformanceClient:
        return Ccxt(*self._addresses, keys)

    async def close(self) -> None:
        await self._ccxt.close()
        if self._ccxt.markets:
            _LOADED[self._addresses[0]] = self._ccxt

    async def market(self) -> Market:
        market = (await self._ccxt.load_markets(True))[SYMBOL]
        return Market(market["precision"]["price"], market["precision"]["amount"], market["limits"]["cost"]["min"])

    async def time(self) -> int:
        return int(await self._ccxt.fetch_time())

    async def book(self) -> Book:
        return _book(await self._ccxt.fetch_order_book(SYMBOL))

    @asynccontextmanager
    async def follow_book(self) -> AsyncIterator["_Following"]:
        await self._ccxt.watch_order_book(SYMBOL, 1000)
        yield _Following(self._ccxt)

    async def candles(self) -> list[tuple[int, float]]:
        return [(int(row[0]), row[4]) for row in await self._ccxt.fetch_ohlcv(SYMBOL, "1m", None, 10)]

    async def trades(self) -> list[tuple[float, float]]:
        return [(trade["price"], trade["amount"]) for trade in await self._ccxt.fetch_trades(SYMBOL, None, 10)]

    async def ticker(self) -> tuple[float, float, float]:
        best = (await self._ccxt.fetch_bids_asks([SYMBOL]))[SYMBOL]
        last = (await self._ccxt.fetch_ticker(SYMBOL))["last"]
        return last, best["bid"], best["ask"]

    async def mark(self) -> tuple[float, float, float]:
        rate = await self._ccxt.fetch_funding_rate(SYMBOL)
        return rate["markPrice"], rate["indexPrice"], rate["fundingRate"]

    @asynccontextmanager
    async def hear_market(self) -> AsyncIterator[Ears]:
        ears, client = Ears(), self._ccxt

        async def trade() -> Told:
            return Told("trade", amount=(await client.watch_trades(SYMBOL))[-1]["price"])

        async def candle() -> Told:
            return Told("candle", amount=(await client.watch_ohlcv(SYMBOL, "1m"))[-1][4])

        async def ticker() -> Told:
            return Told("ticker", amount=(await client.watch_ticker(SYMBOL))["last"])

        async def best() -> Told:
            return Told("best", amount=(await client.watch_bids_asks([SYMBOL]))[SYMBOL]["bid"])

        async def mark() -> Told:
            return Told("mark", amount=(await client.watch_mark_price(SYMBOL))["markPrice"])

        async with _watching(ears, trade, candle, ticker, best, mark):
            yield ears

    async def limit(
        self, side: str, quantity: float, price: float, tif: str = "GTC", *, client_id: str = "", good_till: int = 0
    ) -> Order:
        params: dict[str, Any] = {"timeInForce": tif}
        if client_id:
            params["clientOrderId"] = client_id
        if good_till:
            params["goodTillDate"] = good_till
        return order_of(await self._ccxt.create_order(SYMBOL, "limit", side.lower(), quantity, price, params))

    async def take(self, side: str, quantity: float, *, reduce_only: bool = False, position_side: str = "") -> Order:
        params = {"reduceOnly": True} if reduce_only else {"positionSide": position_side} if position_side else {}
        return order_of(await self._ccxt.create_order(SYMBOL, "market", side.lower(), quantity, None, params))

    async def matched(self, side: str, quantity: float, price_match: str) -> Order:
        params = {"priceMatch": price_match}
        return order_of(await self._ccxt.create_order(SYMBOL, "limit", side.lower(), quantity, None, params))

    async def tiny(self) -> Order:
        return order_of(await self._ccxt.create_order("ETH/USDT:USDT", "limit", "buy", 0.001, 2900))

    async def amend(self, wanted: Wanted) -> Order:
        return order_of(await self._ccxt.edit_order(*_edit(wanted)))

    async def place_batch(self, wanted: list[Wanted]) -> list[Order | Refusal]:
        orders = [
            {"symbol": SYMBOL, "type": "limit", "side": one.side.lower(), "amount": one.quantity, "price": one.price}
            for one in wanted
        ]
        return _answers(await self._ccxt.create_orders(orders))

    async def amend_batch(self, wanted: list[Wanted]) -> list[Order | Refusal]:
        names = ("id", "symbol", "type", "side", "amount", "price")
        return _answers(await self._ccxt.edit_orders([dict(zip(names, _edit(one), strict=True)) for one in wanted]))

    async def cancel_batch(self, order_ids: list[str]) -> list[Order | Refusal]:
        return _answers(await self._ccxt.cancel_orders(order_ids, SYMBOL))

    async def cancel(self, order_id: str = "", client_id: str = "") -> Order:
        return order_of(await self._ccxt.cancel_order(order_id, SYMBOL, _by(client_id)))

    async def cancel_all(self) -> None:
        await self._ccxt.cancel_all_orders(SYMBOL)

    async def countdown(self, milliseconds: int) -> None:
        params = {"symbol": VENUE_SYMBOL, "countdownTime": milliseconds}
        assert (await self._ccxt.fapiPrivatePostCountdownCancelAll(params))["countdownTime"] == str(milliseconds)

    async def order(self, order_id: str = "", client_id: str = "") -> Order:
        return order_of(await self._ccxt.fetch_order(order_id, SYMBOL, _by(client_id)))

    async def open_orders(self) -> list[Order]:
        return [order_of(row) for row in await self._ccxt.fetch_open_orders(SYMBOL)]

    async def all_orders(self) -> list[Order]:
        return [order_of(row) for row in await self._ccxt.fetch_orders(SYMBOL)]

    async def fills(self) -> list[Fill]:
        rows = await self._ccxt.fetch_my_trades(SYMBOL)
        return [Fill(row["order"], row["price"], row["amount"], row["fee"]["cost"]) for row in rows]

    async def place_conditional(self, trigger: Trigger) -> Conditional:
        return _conditional(await self._ccxt.create_order(*_trigger(trigger)))

    async def conditional(self, conditional_id: str) -> Conditional:
        return _conditional(await self._ccxt.fetch_order(conditional_id, SYMBOL, {"trigger": True}))

    async def open_conditionals(self) -> list[Conditional]:
        return [_conditional(row) for row in await self._ccxt.fetch_open_orders(SYMBOL, None, None, {"trigger": True})]

    async def cancel_conditional(self, conditional_id: str) -> None:
        await self._ccxt.cancel_order(conditional_id, SYMBOL, {"trigger": True})

    async def cancel_conditionals(self) -> None:
        await self._ccxt.cancel_all_orders(SYMBOL, {"trigger": True})

    async def balance(self) -> float:
        return float((await self._ccxt.fetch_balance())["USDT"]["total"])

    async def positions(self) -> list[Position]:
        return _positions(await self._ccxt.fetch_positions([SYMBOL]))

    async def set_leverage(self, leverage: int) -> int:
        return int((await self._ccxt.set_leverage(leverage, SYMBOL))["leverage"])

    async def leverages(self) -> list[int]:
        tiers = await self._ccxt.fetch_leverage_tiers([SYMBOL])
        return [int(tier["maxLeverage"]) for tier in tiers[SYMBOL]]

    async def set_isolated(self) -> None:
        await self._ccxt.set_margin_mode("isolated", SYMBOL)

    async def add_margin(self, amount: float) -> None:
        assert (await self._ccxt.add_margin(SYMBOL, amount))["amount"] == amount

    async def set_hedge(self) -> bool:
        await self._ccxt.load_markets()
        await self._ccxt.set_position_mode(True, SYMBOL)
        return bool((await self._ccxt.fetch_position_mode(SYMBOL))["hedged"])

    async def transfer(self, amount: float) -> None:
        wallets = ("funding", "swap") if amount > 0 else ("swap", "funding")
        await self._ccxt.transfer("USDT", abs(amount), *wallets)

    async def income(self) -> list[tuple[str, float]]:
        sign = {"in": 1, "out": -1}
        rows = await self._ccxt.fetch_ledger("USDT")
        return [(row["info"]["incomeType"], sign[row["direction"]] * row["amount"]) for row in rows]

    async def commission(self) -> tuple[float, float]:
        fee = await self._ccxt.fetch_trading_fee(SYMBOL)
        return fee["maker"], fee["taker"]

    async def weighty(self) -> None:
        await self._ccxt.fapiPrivateGetPositionSideDual()

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Ears]:
        ears = self._ccxt.ears = Ears()

        async def balance() -> Told:
            return Told("balance", "USDT", amount=(await self._ccxt.watch_balance())["USDT"]["total"])

        async def position() -> Told:
            held = _positions(await self._ccxt.watch_positions([SYMBOL]))
            return Told("position", SYMBOL, amount=held[-1].amount if held else 0)

        async def orders() -> Told:
            return Told("ccxt", str((await self._ccxt.watch_orders(SYMBOL))[-1]["id"]))

        async with _watching(ears, balance, position, orders):
            async with asyncio.timeout(10):
                await self._ccxt.listening.wait()
            yield ears

    async def renew_listen_key(self) -> None:
        await self._ccxt.keep_alive_listen_key({"type": "future"})

    async def ws_limit(self, side: str, quantity: float, price: float) -> Order:
        return order_of(await self._ccxt.create_order_ws(SYMBOL, "limit", side.lower(), quantity, price))

    async def ws_amend(self, wanted: Wanted) -> Order:
        return order_of(await self._ccxt.edit_order_ws(*_edit(wanted)))

    async def ws_order(self, order_id: str) -> Order:
        return order_of(await self._ccxt.fetch_order_ws(order_id, SYMBOL))

    async def ws_cancel(self, order_id: str) -> Order:
        return order_of(await self._ccxt.cancel_order_ws(order_id, SYMBOL))

    async def ws_place_conditional(self, trigger: Trigger) -> Conditional:
        return _conditional(await self._ccxt.create_order_ws(*_trigger(trigger)))

    async def ws_cancel_conditional(self, conditional_id: str) -> None:
        await self._ccxt.cancel_order_ws(conditional_id, SYMBOL, {"trigger": True})

    async def ws_balance(self) -> float:
        return float((await self._ccxt.fetch_balance_ws({"type": "future"}))["USDT"]["total"])

    async def ws_positions(self) -> list[Position]:
        return _positions(await self._ccxt.fetch_positions_ws([SYMBOL]))


class _Following:
    """The book that ccxt.pro keeps."""

    def __init__(self, exchange: Any) -> None:
        self.exchange = exchange

    def book(self) -> Book:
        return _book(self.exchange.orderbooks[SYMBOL])

    def update_id(self) -> int:
        return int(self.exchange.orderbooks[SYMBOL]["nonce"])

    async def changed(self) -> None:
        await self.exchange.watch_order_book(SYMBOL, 1000)


def order_of(row: Json) -> Order:
    """Return the order that ccxt made."""
    filled = float(row["filled"] or 0)
    status = _STATUS.get(row["status"], "PARTIALLY_FILLED" if filled else "NEW")
    return Order(
        row["id"],
        row["clientOrderId"],
        status,
        float(row["price"] or 0),
        float(row["amount"] or 0),
        filled,
        float(row["average"] or 0),
        int(row["info"].get("goodTillDate") or 0),
    )


@asynccontextmanager
async def _watching(ears: Ears, *watches: Callable[[], Coroutine[Any, Any, Told]]) -> AsyncIterator[None]:
    """Let ears hear what ccxt's watch calls return, one after the other, until the block ends."""

    async def watch(call: Callable[[], Coroutine[Any, Any, Told]]) -> None:
        while True:
            ears.hear(await call())

    tasks = [asyncio.create_task(watch(call)) for call in watches]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _book(book: Json) -> Book:
    bids, asks = ([(float(level[0]), float(level[1])) for level in book[side]] for side in ("bids", "asks"))
    return Book(bids, asks)


def _answers(rows: list[Json]) -> list[Order | Refusal]:
    return [Refusal(int(row["info"]["code"])) if row["status"] == "rejected" else order_of(row) for row in rows]


def _conditional(row: Json) -> Conditional:
    actual = row["info"].get("actualOrderId") or ""
    trigger = float(row["triggerPrice"] or 0)
    return Conditional(row["id"], row["clientOrderId"], row["info"].get("algoStatus", ""), trigger, actual)


def _positions(rows: list[Json]) -> list[Position]:
    positions = []
    for row in rows:
        side = row["info"].get("positionSide") or row["info"].get("ps") or "BOTH"
        sign = -1 if row["side"] == "short" else 1
        if row["contracts"]:
            amount = sign * row["contracts"]
            positions.append(Position(side, amount, float(row["entryPrice"]), float(row["collateral"] or 0)))
    return positions


def _edit(wanted: Wanted) -> tuple[str, str, str, str, float, float]:
    return wanted.order_id, SYMBOL, "limit", wanted.side.lower(), wanted.quantity, wanted.price


def _trigger(trigger: Trigger) -> tuple[str, str, str, float | None, float | None, dict[str, Any]]:
    params: dict[str, Any] = {"workingType": "CONTRACT_PRICE"}
    if trigger.callback_percent:
        params["trailingPercent"] = trigger.callback_percent
    else:
        params[_CONDITION[trigger.kind.removesuffix("_MARKET")]] = trigger.trigger
    if trigger.close_position:
        params["closePosition"] = True
    kind = "limit" if trigger.price else "market"
    return SYMBOL, kind, trigger.side.lower(), trigger.quantity or None, trigger.price or None, params


def _by(client_id: str) -> dict[str, str]:
    return {"clientOrderId": client_id} if client_id else {}
