"""Decodes what the venue emits with nautilus_trader's msgspec structs, the strictest parser there is. It calls nobody.

A message without a struct there is counted, not judged. Two oddities of nautilus_trader are left out by name: it types
`fundingTime` of funding rates as a text and `cw` of MARGIN_CALL as a number, against Binance's documentation, and reads
neither in normal use.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.adapters.binance.common.schemas import account as common_account
from nautilus_trader.adapters.binance.common.schemas import market as common_market
from nautilus_trader.adapters.binance.common.schemas import user as common_user
from nautilus_trader.adapters.binance.futures.schemas import account, market, user, wallet

ORDER, ALGO_ORDER, STATUS = (
    common_account.BinanceOrder,
    account.BinanceFuturesAlgoOrder,
    common_account.BinanceStatusCode,
)
ORDERS: Any = list[common_account.BinanceOrder]
ALGO_ORDERS: Any = list[account.BinanceFuturesAlgoOrder]
KLINES = list[common_market.BinanceKline]
TRADES = list[common_market.BinanceTrade]
ACCOUNT = account.BinanceFuturesAccountInfo
POSITIONS = list[account.BinanceFuturesPositionRisk]

# What answers a request; a body of a list is decoded as a list of it where both forms exist.
ANSWERS: dict[tuple[str, str], Any] = {
    ("GET", "/fapi/v1/time"): common_market.BinanceTime,
    ("GET", "/fapi/v1/exchangeInfo"): market.BinanceFuturesExchangeInfo,
    ("GET", "/fapi/v1/depth"): common_market.BinanceDepth,
    ("GET", "/fapi/v1/trades"): TRADES,
    ("GET", "/fapi/v1/historicalTrades"): TRADES,
    ("GET", "/fapi/v1/aggTrades"): list[common_market.BinanceAggTrade],
    ("GET", "/fapi/v1/klines"): KLINES,
    ("GET", "/fapi/v1/markPriceKlines"): KLINES,
    ("GET", "/fapi/v1/indexPriceKlines"): KLINES,
    ("GET", "/fapi/v1/premiumIndexKlines"): KLINES,
    ("GET", "/fapi/v1/continuousKlines"): KLINES,
    ("GET", "/fapi/v1/premiumIndex"): market.BinanceFuturesMarkFunding,
    ("GET", "/fapi/v1/fundingRate"): list[market.BinanceFuturesFundRate],
    ("GET", "/fapi/v1/ticker/24hr"): common_market.BinanceTicker24hr,
    ("GET", "/fapi/v1/ticker/price"): common_market.BinanceTickerPrice,
    ("GET", "/fapi/v2/ticker/price"): common_market.BinanceTickerPrice,
    ("GET", "/fapi/v1/ticker/bookTicker"): common_market.BinanceTickerBook,
    ("POST", "/fapi/v1/order"): ORDER,
    ("PUT", "/fapi/v1/order"): ORDER,
    ("DELETE", "/fapi/v1/order"): ORDER,
    ("GET", "/fapi/v1/order"): ORDER,
    ("GET", "/fapi/v1/openOrder"): ORDER,
    ("GET", "/fapi/v1/openOrders"): ORDERS,
    ("GET", "/fapi/v1/allOrders"): ORDERS,
    ("GET", "/fapi/v1/forceOrders"): ORDERS,
    ("POST", "/fapi/v1/batchOrders"): ORDERS,
    ("PUT", "/fapi/v1/batchOrders"): ORDERS,
    ("DELETE", "/fapi/v1/batchOrders"): ORDERS,
    ("DELETE", "/fapi/v1/allOpenOrders"): STATUS,
    ("GET", "/fapi/v1/userTrades"): list[common_account.BinanceUserTrade],
    ("POST", "/fapi/v1/algoOrder"): ALGO_ORDER,
    ("GET", "/fapi/v1/algoOrder"): ALGO_ORDER,
    ("DELETE", "/fapi/v1/algoOrder"): account.BinanceFuturesAlgoOrderCancelResponse,
    ("GET", "/fapi/v1/openAlgoOrders"): ALGO_ORDERS,
    ("GET", "/fapi/v1/allAlgoOrders"): ALGO_ORDERS,
    ("DELETE", "/fapi/v1/algoOpenOrders"): STATUS,
    ("GET", "/fapi/v2/account"): ACCOUNT,
    ("GET", "/fapi/v2/positionRisk"): POSITIONS,
    ("GET", "/fapi/v3/positionRisk"): POSITIONS,
    ("GET", "/fapi/v1/positionSide/dual"): account.BinanceFuturesDualSidePosition,
    ("POST", "/fapi/v1/positionSide/dual"): STATUS,
    ("POST", "/fapi/v1/leverage"): account.BinanceFuturesLeverage,
    ("POST", "/fapi/v1/marginType"): account.BinanceFuturesMarginTypeResponse,
    ("GET", "/fapi/v1/symbolConfig"): list[account.BinanceFuturesSymbolConfig],
    ("GET", "/fapi/v1/commissionRate"): wallet.BinanceFuturesCommissionRate,
    ("POST", "/fapi/v1/listenKey"): common_user.BinanceListenKey,
}
# By the event's own name; those of the second table come only wrapped, with the name of their stream.
USER_EVENTS: dict[str, Any] = {
    "ORDER_TRADE_UPDATE": user.BinanceFuturesOrderUpdateMsg,
    "ACCOUNT_UPDATE": user.BinanceFuturesAccountUpdateMsg,
    "ALGO_UPDATE": user.BinanceFuturesAlgoUpdateMsg,
    "TRADE_LITE": user.BinanceFuturesTradeLiteMsg,
    "MARGIN_CALL": user.BinanceFuturesMarginCallMsg,
}
MARKET_EVENTS: dict[str, Any] = {
    "depthUpdate": common_market.BinanceOrderBookMsg,
    "bookTicker": common_market.BinanceQuoteMsg,
    "aggTrade": common_market.BinanceAggregatedTradeMsg,
    "24hrTicker": common_market.BinanceTickerMsg,
    "kline": common_market.BinanceCandlestickMsg,
    "markPriceUpdate": market.BinanceFuturesMarkPriceMsg,
    "trade": market.BinanceFuturesTradeMsg,
}
ENVELOPE = user.BinanceFuturesUserMsgData  # every user event is read by it first
ODDITIES = ("/fapi/v1/fundingRate", "MARGIN_CALL")


@dataclass(slots=True)
class Report:
    """How many messages were decoded, which were refused and why, and which kinds nautilus_trader has no struct for."""

    source: str
    decoded: int = 0
    failures: list[str] = field(default_factory=list)
    without_struct: Counter[str] = field(default_factory=Counter)

    def decode(self, what: str, message: object, struct: Any) -> None:
        """Decode one message as the adapter does; a refusal is a failure."""
        if any(oddity in what for oddity in ODDITIES):
            message = _straightened(message)
        try:
            msgspec.json.decode(json.dumps(message).encode(), type=struct)
        except msgspec.ValidationError as error:
            self.failures.append(f"{self.source}: {what}: {error}")
        self.decoded += 1

    def summary(self) -> str:
        """Return one line."""
        kinds = ", ".join(sorted(self.without_struct)) or "none"
        return f"{self.source}: {self.decoded} decoded, {len(self.failures)} refused; no struct: {kinds}"


def check_golden(folder: Path) -> Report:
    """Decode every golden file: `{"request", "response"}`, a list of events, or a list of bodies of one kind."""
    report = Report("golden files")
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text("utf-8"))
        if isinstance(content, dict) and "response" in content:
            asked = content["request"]
            method, asked_path = asked.get("method", "GET"), asked["path"]
            full_path = asked_path if asked_path.startswith(("/fapi", "/sapi", "/futures")) else f"/fapi{asked_path}"
            answer(report, method, full_path, content["response"], path.name)
        elif path.name.startswith(("stream-", "user-stream")):
            for message in content:
                event(report, message, path.name)
        else:
            answer(report, "GET", f"/fapi/v1/{_camel(path.stem)}", content, path.name)
    return report


def check_session(path: Path) -> Report:
    """Decode every line of a recorded session (`session.py`)."""
    report = Report("recorded session")
    for line in path.read_text("utf-8").splitlines():
        said = json.loads(line)
        if said["kind"] == "rest":
            answer(report, said["method"], said["path"], said["body"], "")
        else:
            event(report, said["data"], said["stream"])
    return report


def answer(report: Report, method: str, path: str, body: Any, where: str) -> None:
    """Decode the body of an answer; an error's body, alone or as a part of a batch, as code and message."""
    what = f"{where} {method} {path}".strip()
    if _is_error(body):
        report.decode(what, body, STATUS)
        return
    struct = ANSWERS.get((method, path))
    if struct is None:
        report.without_struct[f"{method} {path}"] += 1
        return
    if isinstance(body, list) and "batchOrders" in path:
        for part in body:
            report.decode(what, part, STATUS if _is_error(part) else ORDER)
        return
    many = isinstance(body, list) and isinstance(struct, type) and issubclass(struct, msgspec.Struct)
    report.decode(what, body, list.__class_getitem__(struct) if many else struct)


def event(report: Report, data: Any, stream: str) -> None:
    """Decode an event as the adapter would: a user's by its own name, the market's wrapped with the stream's name."""
    for each in _single(data):
        name = each.get("e", "")
        if name in USER_EVENTS:
            report.decode(f"{stream} {name}", each, ENVELOPE)
            report.decode(f"{stream} {name}", each, USER_EVENTS[name])
        elif name in MARKET_EVENTS:
            report.decode(f"{stream} {name}", {"stream": stream, "data": each}, MARKET_EVENTS[name])
        elif name in {"ACCOUNT_CONFIG_UPDATE", "listenKeyExpired"}:
            report.decode(f"{stream} {name}", each, ENVELOPE)
        else:
            report.without_struct[name or stream] += 1


def _single(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, list):
        yield from data
    else:
        yield data


def _is_error(body: object) -> bool:
    return isinstance(body, dict) and set(body) == {"code", "msg"}


def _camel(stem: str) -> str:
    first, *rest = stem.split("-")
    return first + "".join(word.capitalize() for word in rest)


def _straightened(message: Any) -> Any:
    if isinstance(message, list):
        return [entry | {"fundingTime": str(entry["fundingTime"])} for entry in message]
    return message | {"cw": float(message.get("cw", 0))}
