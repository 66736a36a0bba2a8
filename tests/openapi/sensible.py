"""Calls that get somewhere: orders near the price, contracts that are listed, ids of orders that were placed."""

import json
import random
from dataclasses import dataclass, field
from typing import Any

SYMBOLS = ("BTCUSDT", "ETHUSDT")
PRICES = {"BTCUSDT": 50_000, "ETHUSDT": 2_500}
ORDERS_MAX = 6  # in a batch: one more than is allowed
PLACED_MAX = 10  # that are remembered
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Placed:
    """An order, or a conditional one, by the name and value of its id, and whose it is."""

    key: Key
    symbol: str
    side: str
    id_name: str
    order_id: int


@dataclass(slots=True)
class Sense:
    """Makes the parameters of a call sensible, from chance and from what was placed before."""

    chance: random.Random
    keys: tuple[Key, ...]
    placed: list[Placed] = field(default_factory=list)

    def make(self, method: str, path: str, query: dict[str, Any]) -> Key:
        """Replace what would lead nowhere in the parameters of a call, and return the key to call with."""
        key, name = self.chance.choice(self.keys), path.rpartition("v1/")[2]
        query.pop("recvWindow", None)
        symbol = self.chance.choice(SYMBOLS)
        query |= {named: symbol for named in ("symbol", "pair") if named in query}
        if "asset" in query:
            query["asset"] = "USDT"
        if method in {"POST", "PUT"} and name == "batchOrders":
            orders = [self._order(symbol) for _ in range(self.chance.randint(0, ORDERS_MAX))]
            query["batchOrders"] = json.dumps(orders)
        elif method == "POST" and name in _PLACES:
            _refill(query, getattr(self, _PLACES[name])(symbol))
        elif self.placed and (id_name := _REFERS.get(name)):
            return self._refer(method, name, id_name, query) or key
        return key

    def note(self, key: Key, body: object) -> None:
        """Remember the open orders that an answer tells of."""
        for row in body if isinstance(body, list) else [body]:
            for id_name, status in (("orderId", "status"), ("algoId", "algoStatus")):
                if isinstance(row, dict) and id_name in row and row.get(status) == "NEW":
                    self.placed.append(Placed(key, row["symbol"], row["side"], id_name, row[id_name]))
        del self.placed[:-PLACED_MAX]

    def _refer(self, method: str, name: str, id_name: str, query: dict[str, Any]) -> Key | None:
        """Name an order that was placed; return whose it is, None when there is none of this kind."""
        known = [placed for placed in self.placed if placed.id_name == id_name]
        if not known:
            return None
        placed = self.chance.choice(known)
        if name == "batchOrders":
            _refill(query, {"symbol": placed.symbol, "orderIdList": json.dumps([placed.order_id, 1])})
        elif method == "PUT":
            _refill(query, {**self._limit(placed.symbol), "side": placed.side, id_name: placed.order_id})
        elif id_name == "algoId":
            _refill(query, {id_name: placed.order_id})
        else:
            _refill(query, {"symbol": placed.symbol, id_name: placed.order_id})
        return placed.key

    def _limit(self, symbol: str) -> dict[str, object]:
        """Return what every LIMIT order has: a price within a percent of that of the contract."""
        price = PRICES[symbol] * (100 + self.chance.randint(-10, 10) / 10) / 100
        return {
            "symbol": symbol,
            "side": self.chance.choice(["BUY", "SELL"]),
            "quantity": f"{self.chance.randint(10, 50) / 1_000:.3f}",
            "price": f"{price:.1f}",
        }

    def _order(self, symbol: str) -> dict[str, object]:
        order = self._limit(symbol)
        if self.chance.random() < 1 / 3:
            del order["price"]
            return {**order, "type": "MARKET", "newOrderRespType": self.chance.choice(["ACK", "RESULT"])}
        return {**order, "type": "LIMIT", "timeInForce": self.chance.choice(["GTC", "GTC", "IOC", "FOK", "GTX"])}

    def _transfer(self, _symbol: str) -> dict[str, object]:
        kind = self.chance.choice(["UMFUTURE_MAIN", "MAIN_UMFUTURE"])
        return {"type": kind, "asset": "USDT", "amount": str(self.chance.randint(1, 5))}

    def _margin(self, symbol: str) -> dict[str, object]:
        return {"symbol": symbol, "type": self.chance.randint(1, 2), "amount": "0.5"}

    def _margin_type(self, symbol: str) -> dict[str, object]:
        return {"symbol": symbol, "marginType": self.chance.choice(["ISOLATED", "ISOLATED", "CROSSED"])}

    def _conditional(self, symbol: str) -> dict[str, object]:
        """Return a stop or a take-profit a percent away, on the side where it does not fire at once."""
        order = self._limit(symbol)
        kind = self.chance.choice(["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"])
        above = (order["side"] == "BUY") is kind.startswith("STOP")
        order |= {
            "algoType": "CONDITIONAL",
            "type": kind,
            "triggerPrice": str(PRICES[symbol] * (101 if above else 99) // 100),
        }
        if kind.endswith("MARKET"):
            del order["price"]
        return order


def _refill(query: dict[str, Any], params: dict[str, object]) -> None:
    """Put these parameters in the place of all but those of a signature."""
    kept = {name: query[name] for name in ("timestamp", "signature") if name in query}
    query.clear()
    query |= kept | params


_PLACES = {
    "order": "_order",
    "order/test": "_order",
    "algoOrder": "_conditional",
    "asset/transfer": "_transfer",
    "positionMargin": "_margin",
    "marginType": "_margin_type",
}
_REFERS = {
    "order": "orderId",
    "openOrder": "orderId",
    "batchOrders": "orderId",
    "orderAmendment": "orderId",
    "algoOrder": "algoId",
}
