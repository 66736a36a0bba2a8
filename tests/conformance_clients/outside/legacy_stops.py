"""The old way of conditional orders, by `POST order`, as a client without the algo service sends them."""

import time
from typing import Any

from clients.connect.futures_connector import um_futures
from tests.conformance_clients.stage import INDEX, PATIENCE_S, SYMBOL, staged

STOP = {"symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "workingType": "CONTRACT_PRICE"}
STOP_PRICE = INDEX - 100
BID = INDEX - 500


def check_legacy_stops(program: str) -> None:
    """Raise AssertionError unless a stop placed the old way is listed, found, cancelled, and another one fills."""
    with staged(program, ("--legacy-stops",)) as stage:
        keys = stage.account()
        client = um_futures(stage.rest, keys.api_key, keys.secret_key, timeout=PATIENCE_S)
        stage.trade(INDEX)
        placed = client.new_order(**STOP, quantity=0.1, stopPrice=STOP_PRICE)
        assert (placed["status"], float(placed["stopPrice"])) == ("NEW", STOP_PRICE), placed
        assert [row["orderId"] for row in client.get_orders(symbol=SYMBOL)] == [placed["orderId"]]
        assert client.cancel_order(SYMBOL, orderId=placed["orderId"])["status"] == "CANCELED"
        stage.offer("SELL", 0.1, INDEX)
        client.new_order(SYMBOL, "BUY", "MARKET", quantity=0.1)
        stage.offer("BUY", 0.1, BID)
        closing = client.new_order(**STOP, closePosition="true", stopPrice=STOP_PRICE)
        stage.trade(STOP_PRICE - 50)
        filled = _until_filled(client, closing["orderId"])
        assert (filled["origType"], float(filled["avgPrice"])) == ("STOP_MARKET", BID), filled
        client.session.close()
    print("the old way of stops: placed, listed, cancelled, triggered, filled")


def _until_filled(client: Any, order_id: int) -> Any:
    until = time.monotonic() + PATIENCE_S
    while (row := client.query_order(SYMBOL, orderId=order_id))["status"] != "FILLED":
        assert time.monotonic() < until, f"it did not fill: {row}"
    return row
