"""SIGKILL of a served venue under load over real sockets: every acknowledged order and every fill told is there once.

`KILL_ROUNDS` in the environment says how often (`make kill`: 20). Each round kills the same venue at a random moment,
starts it again on the same data folder, and asks it, over the wire, for what it had told before.
"""

import asyncio
import itertools
import json
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from exchange.journal.recovery import replay, verify
from tests.wire.signed_client import SignedClient

ROUNDS = int(os.environ.get("KILL_ROUNDS", "3"))
TRADERS = 6
ACKNOWLEDGED_MIN, ACKNOWLEDGED_MAX = 40, 400  # the kill comes after so many answers
START_SECONDS_MAX = 60

Json = dict[str, Any]


@dataclass
class Trader:
    """One account, and what it was told: by answers (client order id to answer), by its user stream (fills)."""

    client: SignedClient
    name: str
    orders: dict[str, Json] = field(default_factory=dict)
    fills: dict[tuple[int, int], Json] = field(default_factory=dict)  # by (order id, trade id)

    def hear(self, message: Json) -> None:
        """Note a message of the user stream."""
        if message["e"] == "ORDER_TRADE_UPDATE" and message["o"]["x"] == "TRADE":
            order = message["o"]
            key = (order["i"], order["t"])
            assert key not in self.fills, "a fill was told twice"
            self.fills[key] = order


@dataclass
class Venue:
    """A venue in a process of its own."""

    process: Process
    ready: Json
    session: aiohttp.ClientSession

    def client(self, account: Json) -> SignedClient:
        """A client for an account of the control API."""
        return SignedClient(self.session, self.ready["rest"], account["apiKey"], account["secretKey"])

    async def control(self, path: str, body: Json) -> Json:
        """POST to the control API; it must succeed."""
        headers = {"Authorization": f"Bearer {self.ready['adminToken']}"}
        url = f"{self.ready['rest']}/sim/v1{path}"
        async with self.session.post(url, json=body, headers=headers) as response:
            assert response.status == 200, await response.text()
            return dict(await response.json())

    async def kill(self) -> None:
        """End the process as a power cut would, and wait until it is gone."""
        self.process.send_signal(signal.SIGKILL)
        assert await self.process.wait() == -signal.SIGKILL


def ready_file(places: Json) -> Json:
    """Read what the venue says about itself."""
    return dict(json.loads(Path(places["readyFile"]).read_text(encoding="utf-8")))


@asynccontextmanager
async def venue(data: Path) -> AsyncIterator[Venue]:
    """Serve `data` in a child process on a free port; whatever happens, the child is gone at the end."""
    arguments = ["-c", "from exchange.cli import main; main()", "serve", "--port", "0", "--data", str(data), "--json"]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS_MAX):
            line = await process.stdout.readline()
        assert line, "the venue did not start"
        ready = await asyncio.to_thread(ready_file, json.loads(line))
        async with aiohttp.ClientSession() as session:
            yield Venue(process, ready, session)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def trade(trader: Trader, chance: random.Random, told: asyncio.Semaphore) -> None:
    """Place orders around one price for ever, noting each answer."""
    for number in itertools.count():
        name = f"{trader.name}-{number}"
        side = chance.choice(["BUY", "SELL"])
        price = f"{100_000 + chance.randrange(-3, 4) / 10:.1f}"
        answer = await trader.client.limit(side, "0.010", price, newClientOrderId=name)
        assert name not in trader.orders
        trader.orders[name] = answer
        told.release()


async def connect(trader: Trader, served: Venue) -> aiohttp.ClientWebSocketResponse:
    """Open the user stream of a trader."""
    key = (await trader.client.call("POST", "/fapi/v1/listenKey", signed=False)).body["listenKey"]
    return await served.session.ws_connect(f"{served.ready['ws']}/ws/{key}")


async def listen(trader: Trader, stream: aiohttp.ClientWebSocketResponse) -> None:
    """Note what the user stream tells, until the connection breaks."""
    async for message in stream:
        trader.hear(json.loads(message.data))


async def live_and_die(data: Path, chance: random.Random, round_: int) -> list[Trader]:
    """Open accounts, trade with all of them at once, kill the venue amid it; return what the traders were told."""
    async with venue(data) as served:
        await served.control("/index-price", {"symbol": "BTCUSDT", "price": "100000"})
        traders = []
        for number in range(TRADERS):
            account = await served.control("/accounts", {"name": f"trader {number}", "deposit": "1000000"})
            traders.append(Trader(served.client(account), f"r{round_}-t{number}"))
        told = asyncio.Semaphore(0)
        streams = await asyncio.gather(*(connect(trader, served) for trader in traders))
        heard = [asyncio.create_task(listen(*pair)) for pair in zip(traders, streams, strict=True)]
        trades = [asyncio.create_task(trade(one, random.Random(chance.random()), told)) for one in traders]
        for _ in range(chance.randrange(ACKNOWLEDGED_MIN, ACKNOWLEDGED_MAX)):
            taken = asyncio.create_task(told.acquire())
            await asyncio.wait([taken, *trades], return_when=asyncio.FIRST_COMPLETED)
            assert taken.done(), f"a trader ended: {trades}"
        await served.kill()
        ends = await asyncio.gather(*heard, *trades, return_exceptions=True)
        assert [end for end in ends if not isinstance(end, aiohttp.ClientError | None)] == []
    return traders


async def check(trader: Trader, served: Venue) -> int:
    """Compare what a trader was told with what the venue says now; return how many fills it has."""
    account = {"apiKey": trader.client.api_key, "secretKey": trader.client.secret_key}
    client = served.client(account)
    orders = await client.get("/fapi/v1/allOrders", symbol="BTCUSDT", limit=1000)
    fills = await client.get("/fapi/v1/userTrades", symbol="BTCUSDT", limit=1000)
    assert len(orders) < 1000, "nothing may be cut off"
    assert len(fills) < 1000, "nothing may be cut off"
    assert Counter(order["clientOrderId"] for order in orders).most_common(1)[0][1] == 1
    assert Counter((fill["orderId"], fill["id"]) for fill in fills).most_common(1)[0][1] == 1
    by_name = {order["clientOrderId"]: order for order in orders}
    for name, told in trader.orders.items():
        found = by_name[name]
        assert (found["orderId"], found["side"], found["origQty"]) == (told["orderId"], told["side"], told["origQty"])
        assert float(found["executedQty"]) >= float(told["executedQty"])
    by_id = {(fill["orderId"], fill["id"]): fill for fill in fills}
    for key, told in trader.fills.items():
        found = by_id[key]
        assert (found["price"], found["qty"], found["side"]) == (told["L"], told["l"], told["S"])
    for order in orders:  # the fills are those of the orders
        filled = sum(round(1000 * float(fill["qty"])) for fill in fills if fill["orderId"] == order["orderId"])
        assert filled == round(1000 * float(order["executedQty"]))
    return len(trader.fills)


@pytest.mark.timeout(60 + 30 * ROUNDS)
async def test_what_a_killed_venue_told_is_there_once(tmp_path: Path) -> None:
    seed = 20250203
    chance = random.Random(seed)
    lives: list[list[Trader]] = []
    for round_ in range(ROUNDS):
        lives.append(await live_and_die(tmp_path, chance, round_))
        async with venue(tmp_path) as served:
            fills = [await check(trader, served) for trader in lives[-1]]
            assert sum(len(trader.orders) for trader in lives[-1]) >= ACKNOWLEDGED_MIN
            assert sum(fills) > 0, "no trader heard of a fill: nothing was tested"
            await served.kill()
    async with venue(tmp_path) as served:
        for trader in itertools.chain(*lives):  # the later kills took nothing from the earlier lives
            await check(trader, served)
    assert verify(tmp_path).problems == ()
    assert replay(tmp_path).seq > 0
