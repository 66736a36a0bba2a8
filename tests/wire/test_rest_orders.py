"""Orders over the wire: placed, queried, amended, cancelled, filled. It tries no refusal and no stream."""

import asyncio
from typing import Any

from tests.wire.conftest import Served

PATH = "/fapi/v1/order"
BTC: dict[str, Any] = {"symbol": "BTCUSDT"}
LIMIT = BTC | {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "49000"}


async def test_a_limit_order_rests_and_is_found_and_cancelled(served: Served) -> None:
    await served.set_index("BTCUSDT", "50000")
    trader = await served.create_account()
    placed = await trader.limit("BUY", "0.100", "49000", newClientOrderId="mine-1")
    assert (placed["status"], placed["price"], placed["origQty"]) == ("NEW", "49000.00", "0.100")
    found = await trader.get(PATH, **BTC, origClientOrderId="mine-1")
    assert found["orderId"] == placed["orderId"]
    assert await trader.get("/fapi/v1/openOrders") == [found]
    assert await trader.get("/fapi/v1/openOrder", **BTC, orderId=placed["orderId"]) == found
    canceled = await trader.delete(PATH, **BTC, orderId=placed["orderId"])
    assert canceled["status"] == "CANCELED"
    assert await trader.get("/fapi/v1/openOrders", **BTC) == []
    assert (await trader.get(PATH, **BTC, origClientOrderId="mine-1"))["status"] == "CANCELED"
    assert [row["status"] for row in await trader.get("/fapi/v1/allOrders", **BTC)] == ["CANCELED"]


async def test_a_market_order_is_filled_at_the_makers_price(served: Served) -> None:
    await served.set_index("BTCUSDT", "50000")
    maker, taker = await served.create_account(), await served.create_account()
    await maker.limit("SELL", "0.1", "50000", timeInForce="GTX")
    filled = await taker.market("BUY", "0.040")
    assert (filled["status"], filled["executedQty"], filled["avgPrice"]) == ("FILLED", "0.040", "50000.00")
    (trade,) = await taker.get("/fapi/v1/userTrades", **BTC)
    assert (trade["qty"], trade["commission"], trade["buyer"], trade["maker"]) == ("0.040", "1.00000000", True, False)
    (other,) = await maker.get("/fapi/v1/userTrades", **BTC)
    assert (other["commission"], other["buyer"], other["maker"]) == ("0.40000000", False, True)
    (position,) = await taker.get("/fapi/v3/positionRisk")
    assert (position["positionAmt"], position["entryPrice"]) == ("0.040", "50000.00")
    (balance,) = await taker.get("/fapi/v2/balance")
    assert balance["balance"] == "9999.00000000"
    assert (await served.state())[1] == 0


async def test_the_receipt_says_new_and_the_result_says_filled(served: Served) -> None:
    await served.set_index("BTCUSDT", "50000")
    maker, taker = await served.create_account(), await served.create_account()
    await maker.limit("SELL", "0.1", "50000")
    order: dict[str, Any] = {**BTC, "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    for kind in (None, "ACK"):
        receipt = await taker.post(PATH, **order, newOrderRespType=kind)
        assert (receipt["status"], receipt["executedQty"], receipt["avgPrice"]) == ("NEW", "0.000", "0.00")
    assert (await taker.post(PATH, **order, newOrderRespType="RESULT"))["status"] == "FILLED"


async def test_an_amendment_moves_an_order(served: Served) -> None:
    await served.set_index("BTCUSDT", "50000")
    trader = await served.create_account()
    placed = await trader.limit("BUY", "0.1", "49000")
    amended = await trader.put(
        PATH, **BTC, side="BUY", orderId=placed["orderId"], quantity="0.2", price="49100.0", modifyId=4
    )
    assert (amended["orderId"], amended["price"], amended["origQty"]) == (placed["orderId"], "49100.00", "0.200")
    assert amended["modifyId"] == 4


async def test_cancel_all_leaves_other_contracts(served: Served) -> None:
    await served.set_index("BTCUSDT", "50000")
    await served.set_index("ETHUSDT", "2500")
    trader = await served.create_account()
    for price in ("49000", "48000"):
        await trader.limit("BUY", "0.01", price)
    kept = await trader.limit("BUY", "0.1", "2400", symbol="ETHUSDT")
    answer = await trader.delete("/fapi/v1/allOpenOrders", **BTC)
    assert answer == {"code": 200, "msg": "The operation of cancel all open order is done."}
    assert [row["orderId"] for row in await trader.get("/fapi/v1/openOrders")] == [kept["orderId"]]


async def test_every_way_of_sending_parameters_is_taken(served: Served) -> None:
    await served.set_index("BTCUSDT", "50000")
    trader = await served.create_account()
    for in_body in (False, True):
        placed = await trader.call("POST", PATH, in_body=in_body, **LIMIT)
        assert placed.status == 200
        gone = await trader.call("DELETE", PATH, in_body=in_body, **BTC, orderId=placed.body["orderId"])
        assert gone.body["status"] == "CANCELED"
    stamp = f"timestamp={trader.now_ms()}"
    query, body = "symbol=BTCUSDT&side=BUY&type=LIMIT", f"timeInForce=GTC&quantity=0.01&price=49000&{stamp}"
    split = await trader.raw("POST", PATH, query=query, body=f"{body}&signature={trader.sign(query + body)}")
    assert split.body["status"] == "NEW"


async def test_a_transfer_moves_money_between_the_wallets(served: Served) -> None:
    trader = await served.create_account("100", funding="50")
    path = "/sapi/v1/asset/transfer"
    answer = await trader.post(path, type="MAIN_UMFUTURE", asset="USDT", amount="20.5")
    assert (await trader.get("/fapi/v3/account"))["totalWalletBalance"] == "120.50000000"
    back = await trader.post(path, type="UMFUTURE_MAIN", asset="USDT", amount="0.5")
    rows = await trader.get("/fapi/v1/income", incomeType="TRANSFER")
    assert [(row["income"], row["tranId"]) for row in rows[-2:]] == [
        ("20.50000000", answer["tranId"]),
        ("-0.50000000", back["tranId"]),
    ]
    refused = await trader.call("POST", path, type="UMFUTURE_MAIN", asset="USDT", amount="1000")
    assert refused.body == {"code": -5013, "msg": "Asset transfer failed: insufficient balance"}


async def test_transfers_at_once_have_each_the_id_of_their_own_row(served: Served) -> None:
    trader = await served.create_account("100", funding="50")
    path = "/sapi/v1/asset/transfer"
    amounts = ["0.1"] * 10 + [f"0.0{number}" for number in range(10, 40)]
    asked = (trader.call("POST", path, type="MAIN_UMFUTURE", asset="USDT", amount=amount) for amount in amounts)
    replies = await asyncio.gather(*asked)
    assert {reply.status for reply in replies} == {200}
    rows = {row["tranId"]: row["income"] for row in await trader.get("/fapi/v1/income", incomeType="TRANSFER")}
    assert len({reply.body["tranId"] for reply in replies}) == len(amounts)
    assert [float(rows[reply.body["tranId"]]) for reply in replies] == [float(amount) for amount in amounts]


async def test_counters_are_told(still: Served) -> None:
    await still.set_index("BTCUSDT", "50000")
    trader = await still.create_account()
    assert (await trader.call("GET", "/fapi/v3/account")).headers["X-MBX-USED-WEIGHT-1M"] == "5"
    placed = await trader.call("POST", PATH, **LIMIT)
    counted = {name: placed.headers[f"X-MBX-{name}"] for name in ("ORDER-COUNT-10S", "ORDER-COUNT-1M")}
    assert counted == {"ORDER-COUNT-10S": "1", "ORDER-COUNT-1M": "1"}
    assert placed.headers["X-MBX-USED-WEIGHT-1M"] == "5"
