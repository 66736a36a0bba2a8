"""python-binance's ThreadedWebsocketManager at a venue: it makes its own client and sockets, in a thread of its own."""

import asyncio
import threading
from typing import Any

from clients.connect import binance_threaded_sockets
from tests.conformance_clients.stage import SYMBOL, staged

PATIENCE_S = 30


def test_a_threaded_manager_hears_the_venue() -> None:
    heard: list[dict[str, Any]] = []
    told = threading.Event()

    def hear(message: dict[str, Any]) -> None:
        heard.append(message)
        told.set()

    with staged() as stage:
        keys = stage.account()
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)  # python-binance asks for the loop of the thread that makes the manager
        manager = binance_threaded_sockets(stage.rest, keys.api_key, keys.secret_key)
        manager.start()
        try:
            manager.start_symbol_mark_price_socket(callback=hear, symbol=SYMBOL)
            assert told.wait(PATIENCE_S)
        finally:
            manager.stop()
            manager.join(PATIENCE_S)
            asyncio.set_event_loop(None)
            loop.close()
    assert heard[0]["data"]["e"] == "markPriceUpdate"
    assert not manager.is_alive()
