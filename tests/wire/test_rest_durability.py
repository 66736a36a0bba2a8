"""Nothing leaves before it is durable: an order's answer and a read that saw the order wait for the commit."""

import asyncio
import threading

import pytest

from exchange.journal.store import Batch
from tests.wire.conftest import Served

HELD_SECONDS = 0.2  # the commit is held so long; whatever was answered early would show


async def test_answers_and_reads_wait_for_the_commit(still: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    await still.set_index("BTCUSDT", "50000")
    trader = await still.create_account()
    gate, append, began = threading.Event(), still.app.journal.append, threading.Event()

    def held(batch: Batch) -> None:
        began.set()
        gate.wait()
        append(batch)

    monkeypatch.setattr(still.app.journal, "append", held)
    placing = asyncio.create_task(trader.limit("BUY", "0.1", "49000"))
    await asyncio.to_thread(began.wait)
    reading = asyncio.create_task(trader.get("/fapi/v1/openOrders"))
    health = asyncio.create_task(still.control("GET", "/health"))
    done, _ = await asyncio.wait({placing, reading, health}, timeout=HELD_SECONDS)
    gate.set()
    assert done == set()
    placed = await placing
    assert [row["orderId"] for row in await reading] == [placed["orderId"]]
    assert (await health).body["seq"] == still.app.sequencer.seq
