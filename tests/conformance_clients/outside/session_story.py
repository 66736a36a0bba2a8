"""What happens in a recorded session: a story that makes the venue say everything it can say. It records nothing."""

import asyncio
import json
from typing import Any, Protocol

from tests.conformance_clients.stage import INDEX, SYMBOL, Keys, Stage

_S = SYMBOL.lower()
STREAMS = (
    f"{_S}@depth",
    f"{_S}@depth@0ms",
    f"{_S}@depth@100ms",
    f"{_S}@depth@500ms",
    f"{_S}@depth5",
    f"{_S}@depth10@100ms",
    f"{_S}@depth20@500ms",
    f"{_S}@bookTicker",
    f"{_S}@aggTrade",
    f"{_S}@trade",
    f"{_S}@markPrice",
    f"{_S}@markPrice@1s",
    "!markPrice@arr",
    "!markPrice@arr@1s",
    f"{_S}@kline_1m",
    f"{_S}@kline_1h",
    f"{_S}_perpetual@continuousKline_1m",
    f"{_S}@miniTicker",
    "!miniTicker@arr",
    f"{_S}@ticker",
    "!ticker@arr",
    f"{_S}@forceOrder",
    "!forceOrder@arr",
)
USER_EVENTS = frozenset(
    {
        "ACCOUNT_CONFIG_UPDATE",
        "ACCOUNT_UPDATE",
        "ALGO_UPDATE",
        "MARGIN_CALL",
        "ORDER_TRADE_UPDATE",
        "TRADE_LITE",
        "listenKeyExpired",
    }
)
BTC = {"symbol": SYMBOL}
PAIR = {"pair": SYMBOL}
MINUTES = {"interval": "1m"}
PERIOD = {"period": "5m"}
PUBLIC: tuple[tuple[str, dict[str, str]], ...] = (
    ("/fapi/v1/ping", {}),
    ("/fapi/v1/time", {}),
    ("/fapi/v1/exchangeInfo", {}),
    ("/fapi/v1/depth", BTC),
    ("/fapi/v1/rpiDepth", BTC),
    ("/fapi/v1/trades", BTC),
    ("/fapi/v1/aggTrades", BTC),
    ("/fapi/v1/klines", BTC | MINUTES),
    ("/fapi/v1/continuousKlines", PAIR | MINUTES | {"contractType": "PERPETUAL"}),
    ("/fapi/v1/markPriceKlines", BTC | MINUTES),
    ("/fapi/v1/indexPriceKlines", PAIR | MINUTES),
    ("/fapi/v1/premiumIndexKlines", BTC | MINUTES),
    ("/fapi/v1/premiumIndex", BTC),
    ("/fapi/v1/premiumIndex", {}),
    ("/fapi/v1/fundingRate", BTC),
    ("/fapi/v1/fundingInfo", {}),
    ("/fapi/v1/ticker/24hr", BTC),
    ("/fapi/v1/ticker/24hr", {}),
    ("/fapi/v1/ticker/price", BTC),
    ("/fapi/v1/ticker/price", {}),
    ("/fapi/v2/ticker/price", BTC),
    ("/fapi/v2/ticker/price", {}),
    ("/fapi/v1/ticker/bookTicker", BTC),
    ("/fapi/v1/ticker/bookTicker", {}),
    ("/fapi/v1/openInterest", BTC),
    ("/fapi/v1/insuranceBalance", {}),
    ("/fapi/v1/insuranceBalance", BTC),
    ("/fapi/v1/symbolAdlRisk", {}),
    ("/fapi/v1/constituents", BTC),
    ("/futures/data/openInterestHist", BTC | PERIOD),
    ("/futures/data/topLongShortAccountRatio", BTC | PERIOD),
    ("/futures/data/topLongShortPositionRatio", BTC | PERIOD),
    ("/futures/data/globalLongShortAccountRatio", BTC | PERIOD),
    ("/futures/data/takerlongshortRatio", BTC | PERIOD),
    ("/futures/data/basis", PAIR | PERIOD | {"contractType": "PERPETUAL"}),
    ("/api/v3/exchangeInfo", {}),
    ("/dapi/v1/exchangeInfo", {}),
    ("/eapi/v1/exchangeInfo", {}),
    ("/api/v3/ping", {}),
    ("/api/v3/time", {}),
    ("/dapi/v1/ping", {}),
    ("/dapi/v1/time", {}),
    ("/sapi/v1/capital/config/getall", {}),
    ("/sapi/v1/margin/allPairs", {}),
    ("/sapi/v1/margin/isolated/allPairs", {}),
    ("/sapi/v1/system/status", {}),
    ("/sapi/v1/spot/delist-schedule", {}),
)
OWN: tuple[tuple[str, dict[str, str]], ...] = (
    ("/fapi/v1/historicalTrades", BTC),
    ("/fapi/v2/account", {}),
    ("/fapi/v3/account", {}),
    ("/fapi/v2/balance", {}),
    ("/fapi/v3/balance", {}),
    ("/fapi/v2/positionRisk", {}),
    ("/fapi/v3/positionRisk", {}),
    ("/fapi/v1/openOrders", {}),
    ("/fapi/v1/openOrders", BTC),
    ("/fapi/v1/allOrders", BTC),
    ("/fapi/v1/userTrades", BTC),
    ("/fapi/v1/openAlgoOrders", {}),
    ("/fapi/v1/allAlgoOrders", BTC),
    ("/fapi/v1/forceOrders", {}),
    ("/fapi/v1/income", {}),
    ("/fapi/v1/positionMargin/history", BTC),
    ("/fapi/v1/positionSide/dual", {}),
    ("/fapi/v1/multiAssetsMargin", {}),
    ("/fapi/v1/leverageBracket", {}),
    ("/fapi/v1/leverageBracket", BTC),
    ("/fapi/v1/adlQuantile", {}),
    ("/fapi/v1/symbolConfig", {}),
    ("/fapi/v1/accountConfig", {}),
    ("/fapi/v1/commissionRate", BTC),
    ("/fapi/v1/rateLimit/order", {}),
    ("/fapi/v1/apiTradingStatus", {}),
    ("/fapi/v1/feeBurn", {}),
)


class Caller(Protocol):
    """Whoever records."""

    stage: Stage

    async def call(self, method: str, path: str, params: dict[str, Any] | None = None, keys: Keys | None = None) -> Any:
        """Make a call and keep what it answers."""
        ...


async def told(record: Caller, trader: Keys, hedger: Keys, loser: Keys) -> None:
    """Tell the whole story; each account needs some 100,000 USDT."""
    await asyncio.to_thread(_book, record.stage)
    await _orders(record, trader)
    await _batches(record, trader)
    await _conditionals(record, trader)
    await _account(record, trader)
    await _both_sides(record, hedger)
    await _liquidated(record, loser)
    for path, params in PUBLIC:
        await record.call("GET", path, params)
    for keys in (trader, hedger, loser):
        for path, params in OWN:
            await record.call("GET", path, params, keys)
    await record.call("PUT", "/fapi/v1/listenKey", keys=trader)
    await record.call("DELETE", "/fapi/v1/listenKey", keys=trader)


def _book(stage: Stage) -> None:
    for step in range(1, 11):
        stage.offer("BUY", 2, INDEX - step * 10)
        stage.offer("SELL", 2, INDEX + step * 10)


def _limit(side: str, quantity: float, price: float, **more: Any) -> dict[str, Any]:
    terms = {"type": "LIMIT", "timeInForce": "GTC", "quantity": f"{quantity:.3f}", "price": f"{price:.1f}"}
    return BTC | {"side": side} | terms | more


def _market(side: str, quantity: float, **more: Any) -> dict[str, Any]:
    terms = {"type": "MARKET", "quantity": f"{quantity:.3f}", "newOrderRespType": "RESULT"}
    return BTC | {"side": side} | terms | more


async def _orders(record: Caller, keys: Keys) -> None:
    order, later = "/fapi/v1/order", (await record.call("GET", "/fapi/v1/time"))["serverTime"] + 3_600_000
    resting = await record.call("POST", order, _limit("BUY", 0.1, INDEX - 500, newClientOrderId="resting"), keys)
    reference = BTC | {"orderId": resting["orderId"]}
    amendment = {"side": "BUY", "quantity": "0.200", "price": f"{INDEX - 501:.1f}"}
    await record.call("PUT", order, reference | amendment, keys)
    await record.call("GET", order, reference, keys)
    await record.call("GET", "/fapi/v1/openOrder", BTC | {"origClientOrderId": "resting"}, keys)
    await record.call("GET", "/fapi/v1/orderAmendment", reference, keys)
    await record.call("DELETE", order, reference, keys)
    for answer in ("ACK", "RESULT"):
        await record.call(
            "POST", order, _limit("BUY", 0.1, INDEX + 20, timeInForce="IOC", newOrderRespType=answer), keys
        )
    await record.call("POST", order, _market("BUY", 0.5), keys)
    await record.call("POST", order, _market("SELL", 0.1, reduceOnly="true"), keys)
    await record.call("POST", order, _limit("SELL", 0.1, INDEX + 500, timeInForce="GTX"), keys)
    await record.call("POST", order, _limit("SELL", 0.1, INDEX + 500, timeInForce="GTD", goodTillDate=later), keys)
    matched = _limit("BUY", 0.1, 0, priceMatch="QUEUE")
    await record.call("POST", order, {name: value for name, value in matched.items() if name != "price"}, keys)
    await record.call("POST", "/fapi/v1/order/test", _limit("BUY", 0.1, INDEX - 500), keys)
    for refused in (
        _limit("BUY", 0.1, INDEX + 500, timeInForce="GTX"),
        _limit("BUY", 500, INDEX - 500),
        _limit("BUY", 9, INDEX + 20, timeInForce="FOK"),
        _limit("BUY", 0.001, 4000),
        {"symbol": "NONESUCH"},
    ):
        await record.call("POST", order, refused, keys)
    await record.call("GET", order, BTC | {"orderId": "99999999"}, keys)
    await record.call("DELETE", order, BTC | {"orderId": "99999999"}, keys)
    await record.call("POST", "/fapi/v1/countdownCancelAll", BTC | {"countdownTime": 120_000}, keys)
    await record.call("POST", "/fapi/v1/countdownCancelAll", BTC | {"countdownTime": 0}, keys)
    await record.call("DELETE", "/fapi/v1/allOpenOrders", BTC, keys)


async def _batches(record: Caller, keys: Keys) -> None:
    batch = "/fapi/v1/batchOrders"
    wanted = [_limit("BUY", 0.1, INDEX - 500), _limit("BUY", 0.1, INDEX - 501), _limit("BUY", 500, INDEX - 502)]
    made = await record.call("POST", batch, {"batchOrders": json.dumps(wanted)}, keys)
    ids = [order["orderId"] for order in made if "orderId" in order]
    changes = [BTC | {"orderId": one, "side": "BUY", "quantity": "0.2", "price": f"{INDEX - 510:.1f}"} for one in ids]
    await record.call("PUT", batch, {"batchOrders": json.dumps([*changes, changes[0] | {"orderId": 9999999}])}, keys)
    await record.call("DELETE", batch, BTC | {"orderIdList": json.dumps([*ids, 9999999])}, keys)


def _conditional(kind: str, side: str, **more: Any) -> dict[str, Any]:
    return BTC | {"algoType": "CONDITIONAL", "type": kind, "side": side} | more


async def _conditionals(record: Caller, keys: Keys) -> None:
    algo, quantity = "/fapi/v1/algoOrder", {"quantity": "0.100"}
    low, high = f"{INDEX - 200:.1f}", f"{INDEX + 200:.1f}"
    placed = [
        _conditional("STOP_MARKET", "SELL", triggerPrice=low, reduceOnly="true", **quantity),
        _conditional("STOP", "SELL", triggerPrice=low, price=f"{INDEX + 300:.1f}", timeInForce="GTC", **quantity),
        _conditional("TAKE_PROFIT_MARKET", "BUY", triggerPrice=low, workingType="MARK_PRICE", **quantity),
        _conditional("TAKE_PROFIT", "SELL", triggerPrice=high, price=high, timeInForce="GTC", **quantity),
        _conditional("TRAILING_STOP_MARKET", "SELL", callbackRate="1", activatePrice=high, **quantity),
        _conditional("STOP_MARKET", "BUY", triggerPrice=high, quantity="90"),
        _conditional("STOP_MARKET", "SELL", triggerPrice=f"{INDEX - 5000:.1f}", closePosition="true"),
    ]
    made = [await record.call("POST", algo, order, keys) for order in placed]
    await record.call("POST", algo, _conditional("STOP_MARKET", "SELL", triggerPrice=high, **quantity), keys)
    await record.call("GET", algo, {"algoId": made[0]["algoId"]}, keys)
    await record.call("GET", "/fapi/v1/openAlgoOrders", BTC, keys)
    await record.call("DELETE", algo, {"algoId": made[3]["algoId"]}, keys)
    await record.call("DELETE", algo, {"algoId": 99999999}, keys)
    await asyncio.to_thread(_swung, record.stage)
    await record.call("GET", algo, {"algoId": made[0]["algoId"]}, keys)
    await record.call("GET", "/fapi/v1/allAlgoOrders", BTC, keys)
    await record.call("DELETE", "/fapi/v1/algoOpenOrders", BTC, keys)
    await record.call("DELETE", "/fapi/v1/allOpenOrders", BTC, keys)


def _swung(stage: Stage) -> None:
    """Trade below and above every trigger, and let the mark follow the index below."""
    for price in (INDEX - 250, INDEX + 250, INDEX - 900):
        stage.makers_gone()
        stage.trade(price)
    stage.makers_gone()
    stage.set_index(INDEX - 300)
    stage.until_mark(lambda mark: mark < INDEX - 200)
    stage.set_index(INDEX)
    _book(stage)


async def _account(record: Caller, keys: Keys) -> None:
    await record.call("POST", "/fapi/v1/order", _market("SELL", 0.1), keys)
    await record.call("POST", "/fapi/v1/order", _market("BUY", 5, reduceOnly="true"), keys)
    await record.call("POST", "/fapi/v1/order", _market("SELL", 5, reduceOnly="true"), keys)
    await record.call("POST", "/fapi/v1/leverage", BTC | {"leverage": 10}, keys)
    await record.call("POST", "/fapi/v1/marginType", BTC | {"marginType": "ISOLATED"}, keys)
    await record.call("POST", "/fapi/v1/marginType", BTC | {"marginType": "ISOLATED"}, keys)
    await record.call("POST", "/fapi/v1/order", _market("BUY", 0.1), keys)
    await record.call("POST", "/fapi/v1/positionMargin", BTC | {"amount": "100", "type": 1}, keys)
    await record.call("POST", "/fapi/v1/positionMargin", BTC | {"amount": "10", "type": 2}, keys)
    await record.call("POST", "/fapi/v1/multiAssetsMargin", {"multiAssetsMargin": "false"}, keys)
    await record.call("POST", "/fapi/v1/feeBurn", {"feeBurn": "false"}, keys)
    transfer = {"asset": "USDT", "amount": "5"}
    for kind in ("UMFUTURE_MAIN", "MAIN_UMFUTURE"):
        await record.call("POST", "/sapi/v1/asset/transfer", transfer | {"type": kind}, keys)


async def _both_sides(record: Caller, keys: Keys) -> None:
    await record.call("POST", "/fapi/v1/positionSide/dual", {"dualSidePosition": "true"}, keys)
    await record.call("POST", "/fapi/v1/positionSide/dual", {"dualSidePosition": "true"}, keys)
    for side, position_side in (("BUY", "LONG"), ("SELL", "SHORT")):
        await record.call("POST", "/fapi/v1/order", _market(side, 0.2, positionSide=position_side), keys)


async def _liquidated(record: Caller, keys: Keys) -> None:
    """Buy with all there is, then lose the index by a tenth: a margin call, and a liquidation through the book."""
    await record.call("POST", "/fapi/v1/leverage", BTC | {"leverage": 20}, keys)
    record.stage.offer("SELL", 20, INDEX)
    await record.call("POST", "/fapi/v1/order", _market("BUY", 17), keys)
    await asyncio.to_thread(_fallen, record.stage)


def _fallen(stage: Stage) -> None:
    stage.makers_gone()
    for price in (INDEX * 0.972, INDEX * 0.93):
        stage.offer("BUY", 50, price)
        stage.offer("SELL", 1, price + 10)
        stage.set_index(price)
        stage.until_mark(lambda mark, price=price: abs(mark - price) < 500)
