"""Orders over the wire: placed, queried, amended, cancelled, filled, refused. It tries no stream."""

from tests.wire.conftest import Served


async def test_a_limit_order_rests_and_is_found(served: Served) -> None:
    await served.set_index("BTCUSDT", "50000")
    trader = await served.create_account()
    placed = await trader.limit("BUY", "0.100", "49000", newClientOrderId="mine-1")
    assert placed["status"] == "NEW"
    found = await trader.get("/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="mine-1")
    assert found["orderId"] == placed["orderId"]
    assert found["price"] == "49000.00"
    assert await trader.get("/fapi/v1/openOrders") == [found]
