"""What REST and the WebSocket API share, seen on the wire: a batch is one turn, and the two doors are one account."""

import asyncio
import json
from typing import Any

import pytest

from tests.wire.api_client import api_connected
from tests.wire.conftest import Served
from tests.wire.signed_client import SignedClient

BATCH = "/fapi/v1/batchOrders"
ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "49000"
}  # fmt: skip


@pytest.fixture
async def trader(served: Served) -> SignedClient:
    """An account with money, and BTCUSDT at 50000."""
    await served.set_index("BTCUSDT", "50000")
    return await served.create_account("100000")


async def test_the_parts_of_a_batch_are_done_in_one_go_and_answered_in_order(
    served: Served, trader: SignedClient
) -> None:
    """Others that ask meanwhile come before or after the batch, never within it."""
    orders = json.dumps([{**ORDER, "newClientOrderId": f"part-{number}"} for number in range(5)])
    others = [asyncio.create_task(trader.limit("BUY", "0.001", "48000")) for _ in range(20)]
    batches = [asyncio.create_task(trader.post(BATCH, batchOrders=orders.replace("part", f"b{n}"))) for n in range(5)]
    others += [asyncio.create_task(trader.limit("BUY", "0.001", "48000")) for _ in range(20)]
    for number, batch in enumerate(await asyncio.gather(*batches)):
        first = batch[0]["orderId"]
        assert [part["orderId"] for part in batch] == [first + place for place in range(5)]
        assert [part["clientOrderId"] for part in batch] == [f"b{number}-{place}" for place in range(5)]
    assert len({order["orderId"] for order in await asyncio.gather(*others)}) == 40


async def test_a_part_that_fails_has_its_error_in_its_place_and_stops_none(
    served: Served, trader: SignedClient
) -> None:
    parts = [
        {**ORDER, "newClientOrderId": "first"},
        {**ORDER, "price": "49000.01"},
        {**ORDER, "newClientOrderId": "first"},
        {**ORDER, "quantity": "90"},
        {**ORDER, "newClientOrderId": "last"},
    ]
    reply = await trader.call("POST", BATCH, batchOrders=json.dumps(parts))
    assert reply.status == 200
    assert [part.get("code") for part in reply.body] == [None, -4014, -4116, -2019, None]
    assert [part.get("clientOrderId") for part in reply.body] == ["first", None, None, None, "last"]
    assert (reply.headers["X-MBX-ORDER-COUNT-10S"], reply.headers["X-MBX-ORDER-COUNT-1M"]) == ("5", "1")
    assert len(await trader.get("/fapi/v1/openOrders", symbol="BTCUSDT")) == 2


async def test_both_doors_count_for_the_same_limits_and_see_the_same_orders(
    served: Served, trader: SignedClient
) -> None:
    await trader.post("/fapi/v1/order", **ORDER)
    async with api_connected(served, trader) as api:
        answer = await api.ask("order.place", ORDER)
        assert [row["count"] for row in answer["rateLimits"]] == [2, 2]
        reply = await trader.call("POST", "/fapi/v1/order", **ORDER)
        assert reply.headers["X-MBX-ORDER-COUNT-10S"] == "3"
        assert (await api.done("order.status", {"symbol": "BTCUSDT", "orderId": reply.body["orderId"]}))[
            "status"
        ] == "NEW"
