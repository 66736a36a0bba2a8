"""The verbs of the matrix for clients that hand out the venue's own JSON. It knows no client; standard library only.

Such a client only says how it makes a call: `ask(name, **params)` with the venue's parameter names.
"""

import json
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from tests.conformance_clients.client import (
    Book,
    Conditional,
    ConformanceClient,
    Fill,
    Market,
    Order,
    Position,
    Refusal,
    Told,
    Trigger,
    Wanted,
)
from tests.conformance_clients.stage import SYMBOL

Json = Any


class RawClient(ConformanceClient):
    """A client whose answers are the venue's JSON."""

    @abstractmethod
    async def ask(self, name: str, **params: Any) -> Json:
        """Make the call of this name (a key of CALLS) over REST; return the JSON of its answer."""

    @abstractmethod
    async def ask_ws(self, name: str, **params: Any) -> Json:
        """Make the call of this name over the WebSocket API; return the JSON of its result."""

    async def market(self) -> Market:
        info = await self.ask("exchange_info")
        [row] = [row for row in info["symbols"] if row["symbol"] == SYMBOL]
        filters = {entry["filterType"]: entry for entry in row["filters"]}
        return Market(
            float(filters["PRICE_FILTER"]["tickSize"]),
            float(filters["LOT_SIZE"]["stepSize"]),
            float(filters["MIN_NOTIONAL"]["notional"]),
        )

    async def time(self) -> int:
        return int((await self.ask("time"))["serverTime"])

    async def book(self) -> Book:
        return book_of(await self.ask("depth", symbol=SYMBOL))

    async def candles(self) -> list[tuple[int, float]]:
        rows = await self.ask("klines", symbol=SYMBOL, interval="1m", limit=10)
        return [(int(row[0]), float(row[4])) for row in rows]

    async def trades(self) -> list[tuple[float, float]]:
        rows = await self.ask("trades", symbol=SYMBOL, limit=10)
        aggregated = await self.ask("agg_trades", symbol=SYMBOL, limit=10)
        assert float(aggregated[-1]["p"]) == float(rows[-1]["price"])
        return [(float(row["price"]), float(row["qty"])) for row in rows]

    async def ticker(self) -> tuple[float, float, float]:
        best = await self.ask("book_ticker", symbol=SYMBOL)
        last = (await self.ask("ticker", symbol=SYMBOL))["lastPrice"]
        return float(last), float(best["bidPrice"]), float(best["askPrice"])

    async def mark(self) -> tuple[float, float, float]:
        row = await self.ask("premium_index", symbol=SYMBOL)
        return float(row["markPrice"]), float(row["indexPrice"]), float(row["lastFundingRate"])

    async def limit(
        self, side: str, quantity: float, price: float, tif: str = "GTC", *, client_id: str = "", good_till: int = 0
    ) -> Order:
        params = _limit(side, quantity, price, tif)
        if client_id:
            params["newClientOrderId"] = client_id
        if good_till:
            params["goodTillDate"] = good_till
        return order_of(await self.ask("place", **params, newOrderRespType="RESULT"))

    async def take(self, side: str, quantity: float, *, reduce_only: bool = False, position_side: str = "") -> Order:
        params = {"symbol": SYMBOL, "side": side, "type": "MARKET", "quantity": quantity, "newOrderRespType": "RESULT"}
        if reduce_only:
            params["reduceOnly"] = "true"
        if position_side:
            params["positionSide"] = position_side
        return order_of(await self.ask("place", **params))

    async def matched(self, side: str, quantity: float, price_match: str) -> Order:
        params = _limit(side, quantity, 0, "GTC") | {"priceMatch": price_match}
        del params["price"]
        return order_of(await self.ask("place", **params))

    async def tiny(self) -> Order:
        return order_of(await self.ask("place", **_limit("BUY", 0.001, 2900, "GTC") | {"symbol": "ETHUSDT"}))

    async def amend(self, wanted: Wanted) -> Order:
        return order_of(await self.ask("amend", **_amendment(wanted)))

    async def place_batch(self, wanted: list[Wanted]) -> list[Order | Refusal]:
        orders = [_limit(one.side, one.quantity, one.price, "GTC") for one in wanted]
        return answers_of(await self.ask("place_batch", batchOrders=[_as_text(order) for order in orders]))

    async def amend_batch(self, wanted: list[Wanted]) -> list[Order | Refusal]:
        orders = [_as_text(_amendment(one)) for one in wanted]
        return answers_of(await self.ask("amend_batch", batchOrders=orders))

    async def cancel_batch(self, order_ids: list[str]) -> list[Order | Refusal]:
        return answers_of(await self.ask("cancel_batch", symbol=SYMBOL, orderIdList=[int(one) for one in order_ids]))

    async def cancel(self, order_id: str = "", client_id: str = "") -> Order:
        return order_of(await self.ask("cancel", symbol=SYMBOL, **_reference(order_id, client_id)))

    async def cancel_all(self) -> None:
        assert (await self.ask("cancel_all", symbol=SYMBOL))["code"] == 200

    async def countdown(self, milliseconds: int) -> None:
        answer = await self.ask("countdown", symbol=SYMBOL, countdownTime=milliseconds)
        assert answer["countdownTime"] == str(milliseconds)

    async def order(self, order_id: str = "", client_id: str = "") -> Order:
        return order_of(await self.ask("order", symbol=SYMBOL, **_reference(order_id, client_id)))

    async def open_orders(self) -> list[Order]:
        return [order_of(row) for row in await self.ask("open_orders", symbol=SYMBOL)]

    async def all_orders(self) -> list[Order]:
        return [order_of(row) for row in await self.ask("all_orders", symbol=SYMBOL)]

    async def fills(self) -> list[Fill]:
        rows = await self.ask("fills", symbol=SYMBOL)
        return [
            Fill(str(row["orderId"]), float(row["price"]), float(row["qty"]), float(row["commission"])) for row in rows
        ]

    async def place_conditional(self, trigger: Trigger) -> Conditional:
        return conditional_of(await self.ask("place_conditional", **_conditional(trigger)))

    async def conditional(self, conditional_id: str) -> Conditional:
        return conditional_of(await self.ask("conditional", algoId=int(conditional_id)))

    async def open_conditionals(self) -> list[Conditional]:
        return [conditional_of(row) for row in await self.ask("open_conditionals", symbol=SYMBOL)]

    async def cancel_conditional(self, conditional_id: str) -> None:
        assert (await self.ask("cancel_conditional", algoId=int(conditional_id)))["code"] == "200"

    async def cancel_conditionals(self) -> None:
        assert (await self.ask("cancel_conditionals", symbol=SYMBOL))["code"] == 200

    async def balance(self) -> float:
        return _balance(await self.ask("balance"))

    async def positions(self) -> list[Position]:
        return positions_of(await self.ask("positions", symbol=SYMBOL))

    async def set_leverage(self, leverage: int) -> int:
        return int((await self.ask("leverage", symbol=SYMBOL, leverage=leverage))["leverage"])

    async def leverages(self) -> list[int]:
        rows = await self.ask("brackets", symbol=SYMBOL)
        row = rows[0] if isinstance(rows, list) else rows
        return [int(bracket["initialLeverage"]) for bracket in row["brackets"]]

    async def set_isolated(self) -> None:
        assert (await self.ask("margin_type", symbol=SYMBOL, marginType="ISOLATED"))["code"] == 200

    async def add_margin(self, amount: float) -> None:
        assert float((await self.ask("add_margin", symbol=SYMBOL, amount=amount, type=1))["amount"]) == amount

    async def set_hedge(self) -> bool:
        await self.ask("set_hedge", dualSidePosition="true")
        return bool((await self.ask("hedge"))["dualSidePosition"])

    async def transfer(self, amount: float) -> None:
        kind = "MAIN_UMFUTURE" if amount > 0 else "UMFUTURE_MAIN"
        await self.ask("transfer", type=kind, asset="USDT", amount=abs(amount))

    async def income(self) -> list[tuple[str, float]]:
        return [(row["incomeType"], float(row["income"])) for row in await self.ask("income")]

    async def commission(self) -> tuple[float, float]:
        row = await self.ask("commission", symbol=SYMBOL)
        return float(row["makerCommissionRate"]), float(row["takerCommissionRate"])

    async def weighty(self) -> None:
        await self.ask("hedge")

    async def ws_limit(self, side: str, quantity: float, price: float) -> Order:
        return order_of(await self.ask_ws("place", **_limit(side, quantity, price, "GTC")))

    async def ws_amend(self, wanted: Wanted) -> Order:
        return order_of(await self.ask_ws("amend", **_amendment(wanted)))

    async def ws_order(self, order_id: str) -> Order:
        return order_of(await self.ask_ws("order", symbol=SYMBOL, **_reference(order_id, "")))

    async def ws_cancel(self, order_id: str) -> Order:
        return order_of(await self.ask_ws("cancel", symbol=SYMBOL, **_reference(order_id, "")))

    async def ws_place_conditional(self, trigger: Trigger) -> Conditional:
        return conditional_of(await self.ask_ws("place_conditional", **_conditional(trigger)))

    async def ws_cancel_conditional(self, conditional_id: str) -> None:
        assert (await self.ask_ws("cancel_conditional", algoId=int(conditional_id)))["code"] == "200"

    async def ws_balance(self) -> float:
        return _balance(await self.ask_ws("balance"))

    async def ws_positions(self) -> list[Position]:
        return positions_of(await self.ask_ws("positions", symbol=SYMBOL))


def book_of(depth: Json) -> Book:
    """Return the book in an answer of depth."""
    bids, asks = ([(float(level[0]), float(level[1])) for level in depth[side]] for side in ("bids", "asks"))
    return Book(bids, asks)


def order_of(row: Json) -> Order:
    """Return the order in a JSON object of the venue."""
    return Order(
        str(row["orderId"]),
        row["clientOrderId"],
        row["status"],
        float(row["price"]),
        float(row["origQty"]),
        float(row["executedQty"]),
        float(row.get("avgPrice", "0")),
        int(row.get("goodTillDate") or 0),
    )


def answers_of(rows: Iterable[Json]) -> list[Order | Refusal]:
    """Return the answers of a batch."""
    return [order_of(row) if row.get("orderId") else Refusal(int(row["code"])) for row in rows]


def conditional_of(row: Json) -> Conditional:
    """Return the conditional order in a JSON object of the venue."""
    trigger = float(row.get("triggerPrice") or 0)
    return Conditional(
        str(row["algoId"]), row["clientAlgoId"], row["algoStatus"], trigger, str(row.get("actualOrderId") or "")
    )


def positions_of(rows: Iterable[Json]) -> list[Position]:
    """Return the positions with an amount."""
    return [
        Position(
            row["positionSide"],
            float(row["positionAmt"]),
            float(row["entryPrice"]),
            float(row.get("isolatedWallet") or row.get("isolatedMargin") or 0),
        )
        for row in rows
        if float(row["positionAmt"])
    ]


def told_of(event: Json) -> list[Told]:
    """Return what a user event says."""
    match event.get("e"):
        case "ORDER_TRADE_UPDATE":
            order = event["o"]
            return [Told("order", str(order["i"]), order["X"], float(order["z"]))]
        case "ACCOUNT_UPDATE":
            balances = [Told("balance", row["a"], amount=float(row["wb"])) for row in event["a"]["B"]]
            return balances + [Told("position", row["s"], amount=float(row["pa"])) for row in event["a"]["P"]]
        case "ALGO_UPDATE":
            return [Told("conditional", str(event["o"]["aid"]), event["o"]["X"])]
    return []


def market_told_of(event: Json) -> list[Told]:
    """Return what a market event says."""
    match event.get("e"):
        case "aggTrade" | "trade":
            return [Told("trade", amount=float(event["p"]))]
        case "kline" | "continuous_kline":
            return [Told("candle", amount=float(event["k"]["c"]))]
        case "24hrTicker":
            return [Told("ticker", amount=float(event["c"]))]
        case "bookTicker":
            return [Told("best", amount=float(event["b"]))]
        case "markPriceUpdate":
            return [Told("mark", amount=float(event["p"]))]
    return []


class DiffBook:
    """A book kept as Binance's page on local order books tells; a break of its chain is an error."""

    def __init__(self, snapshot: Json) -> None:
        """Begin with the answer of depth, limit 1000."""
        self._sides = {"b": dict(_levels(snapshot["bids"])), "a": dict(_levels(snapshot["asks"]))}
        self.update_id = int(snapshot["lastUpdateId"])
        self._begun = False
        self.diffs = 0

    def apply(self, event: Json) -> None:
        """Take in a depthUpdate."""
        if event["u"] < self.update_id:
            return
        if self._begun:
            assert event["pu"] == self.update_id, f"a gap: {event['pu']} after {self.update_id}"
        else:
            assert event["U"] <= self.update_id <= event["u"], f"{self.update_id} is not covered by {event}"
        self._begun = True
        self.diffs += 1
        for side, levels in self._sides.items():
            for price, quantity in _levels(event[side]):
                if quantity:
                    levels[price] = quantity
                else:
                    levels.pop(price, None)
        self.update_id = event["u"]

    def book(self) -> Book:
        """Return the book, best first."""
        return Book(sorted(self._sides["b"].items(), reverse=True), sorted(self._sides["a"].items()))


def _levels(levels: Iterable[Iterable[str]]) -> list[tuple[float, float]]:
    return [(float(price), float(quantity)) for price, quantity in levels]


def _limit(side: str, quantity: float, price: float, tif: str) -> dict[str, Any]:
    terms = {"type": "LIMIT", "timeInForce": tif, "quantity": quantity, "price": price}
    return {"symbol": SYMBOL, "side": side} | terms


def _amendment(wanted: Wanted) -> dict[str, Any]:
    change = {"quantity": wanted.quantity, "price": wanted.price}
    return {"symbol": SYMBOL, "side": wanted.side, "orderId": int(wanted.order_id)} | change


def _conditional(trigger: Trigger) -> dict[str, Any]:
    params: dict[str, Any] = {
        "algoType": "CONDITIONAL",
        "symbol": SYMBOL,
        "side": trigger.side,
        "type": trigger.kind,
        "workingType": "CONTRACT_PRICE",
        "quantity": trigger.quantity,
        "triggerPrice": trigger.trigger,
        "price": trigger.price,
        "callbackRate": trigger.callback_percent,
    }
    params = {name: value for name, value in params.items() if value}
    if trigger.price:
        params["timeInForce"] = "GTC"
    if trigger.close_position:
        params["closePosition"] = "true"
    return params


def _reference(order_id: str, client_id: str) -> Mapping[str, Any]:
    return {"orderId": int(order_id)} if order_id else {"origClientOrderId": client_id}


def _balance(rows: Json) -> float:
    return sum(float(row["balance"]) + float(row["crossUnPnl"]) for row in rows if row["asset"] == "USDT")


def _as_text(order: dict[str, Any]) -> dict[str, Any]:
    """Return an order of a batch with its numbers as text, as the venue's documentation has them."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in order.items()}
