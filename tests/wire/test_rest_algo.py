"""Conditional orders and batches over the wire: as clients send them, through a restart, and the old way."""

import json
from pathlib import Path
from typing import Any

from exchange.core.units import SECOND
from tests.runtime.manual_clock import ManualClock
from tests.wire.conftest import Served, open_served
from tests.wire.signed_client import Reply, SignedClient

ALGO, ORDER, BATCH = "/fapi/v1/algoOrder", "/fapi/v1/order", "/fapi/v1/batchOrders"
BTC: dict[str, Any] = {"symbol": "BTCUSDT"}
STOP: dict[str, Any] = {**BTC, "side": "SELL", "type": "STOP_MARKET", "quantity": "0.010"}


async def traders(served: Served) -> tuple[SignedClient, SignedClient]:
    """Return a maker who quotes 50000 and 49980, and a trader who has bought 0.100."""
    await served.set_index("BTCUSDT", "50000")
    maker, trader = await served.create_account("1000000"), await served.create_account()
    await maker.limit("SELL", "1", "50000")
    await maker.limit("BUY", "1", "49980")
    await trader.market("BUY", "0.100")
    return maker, trader


async def sent_raw(trader: SignedClient, method: str, text: str, *, in_body: bool) -> Reply:
    """Sign and send this text as it is, in the body or in the query."""
    stamped = f"{text}&timestamp={trader.now_ms()}"
    signed = f"{stamped}&signature={trader.sign(stamped)}"
    return await trader.raw(method, BATCH, query="" if in_body else signed, body=signed if in_body else "")


async def test_a_stop_fires_and_its_order_is_found(still: Served) -> None:
    _, trader = await traders(still)
    placed = await trader.post(ALGO, **STOP, algoType="CONDITIONAL", triggerPrice="49985", clientAlgoId="stop")
    assert placed["algoStatus"] == "NEW"
    assert [row["algoId"] for row in await trader.get("/fapi/v1/openAlgoOrders")] == [placed["algoId"]]
    await trader.market("SELL", "0.010")
    done = await trader.get(ALGO, algoId=placed["algoId"])
    assert (done["algoStatus"], done["actualQty"], done["actualPrice"]) == ("FINISHED", "0.010", "49980.00")
    order = await trader.get(ORDER, **BTC, orderId=done["actualOrderId"])
    assert (order["clientOrderId"], order["status"], order["origType"]) == ("stop", "FILLED", "STOP_MARKET")
    assert await trader.get("/fapi/v1/openAlgoOrders", **BTC) == []
    assert (await still.state())[1] == 0


async def test_what_waits_and_what_is_over_outlives_a_restart(tmp_path: Path) -> None:
    clock = ManualClock(1_764_000_000 * SECOND)
    async with open_served(tmp_path / "data", clock) as served:
        _, trader = await traders(served)
        waits = await trader.post(ALGO, **STOP, algoType="CONDITIONAL", triggerPrice="49000")
        ended = await trader.post(ALGO, **STOP, algoType="CONDITIONAL", triggerPrice="48000")
        await trader.delete(ALGO, algoId=ended["algoId"])
        before = [await trader.get("/fapi/v1/allAlgoOrders", **BTC), (await served.state())[0]]
    async with open_served(tmp_path / "data", clock) as served:
        again = SignedClient(served.session, served.rest_url, trader.api_key, trader.secret_key, served.now_ms)
        rows = await again.get("/fapi/v1/allAlgoOrders", **BTC)
        assert rows == before[0]
        assert [(row["algoId"], row["algoStatus"]) for row in rows] == [
            (waits["algoId"], "NEW"),
            (ended["algoId"], "CANCELED"),
        ]
        assert (await again.delete(ALGO, algoId=waits["algoId"]))["code"] == "200"


async def test_a_batch_in_the_body_need_not_be_encoded(still: Served) -> None:
    _, trader = await traders(still)
    order = '{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","timeInForce":"GTC","quantity":0.010,"price":"49000"}'
    reply = await sent_raw(trader, "POST", f'batchOrders=[{order},{order[:-1]},"x":true}}]', in_body=True)
    assert (reply.status, [row["status"] for row in reply.body]) == (200, ["NEW", "NEW"])
    assert reply.headers["X-MBX-ORDER-COUNT-1M"] == "2", "the purchase and the batch"
    assert reply.headers["X-MBX-ORDER-COUNT-10S"] == "6"
    ids = [row["orderId"] for row in reply.body]
    for text in (
        f"symbol=BTCUSDT&orderidlist=[{ids[0]},999]",
        f"symbol=BTCUSDT&orderIdList=%5B{ids[1]}%2C%20{ids[0]}%5D",
    ):
        reply = await sent_raw(trader, "DELETE", text, in_body=False)
        assert [row.get("status", row.get("code")) for row in reply.body] == ["CANCELED", -2011]


async def test_a_batch_is_done_in_its_order_though_a_part_fails(still: Served) -> None:
    _, trader = await traders(still)
    order = {**BTC, "side": "SELL", "type": "MARKET", "quantity": "0.060", "reduceOnly": True}
    sell = json.dumps({**order, "newOrderRespType": "RESULT"}, separators=(",", ":"))
    reply = await sent_raw(trader, "POST", f"batchOrders=[{sell},{{}},{sell},{sell}]", in_body=False)
    told = [row.get("executedQty", row.get("code")) for row in reply.body]
    assert told == ["0.060", -1102, "0.040", -2022]


async def test_the_old_way_when_the_venue_is_told_so(tmp_path: Path) -> None:
    async with open_served(tmp_path / "data", legacy_stops=True) as served:
        _, trader = await traders(served)
        placed = await trader.post(ORDER, **STOP, stopPrice="49985", newClientOrderId="stop")
        assert (placed["type"], placed["status"], placed["stopPrice"]) == ("STOP_MARKET", "NEW", "49985.00")
        assert [row["orderId"] for row in await trader.get("/fapi/v1/openOrders", **BTC)] == [placed["orderId"]]
        await trader.market("SELL", "0.010")
        assert (await trader.get(ORDER, **BTC, origClientOrderId="stop"))["status"] == "FILLED"
