"""Order books that clients keep through diffs, compared with the venue's at checkpoints: `make book-sync`.

A seeded churn of orders, cancels and trades changes the book at a steady rate. At a checkpoint it holds still, the
venue tells its book and the id of the last update in it, each client's book is awaited at that id, and the two are
compared level for level.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance_clients import with_ccxt, with_official_sdk, with_python_binance
from tests.conformance_clients.client import FollowedBook, MakeClient
from tests.conformance_clients.page import BOOK_SYNC, PAGE, page, read_columns
from tests.conformance_clients.raw import book_of
from tests.conformance_clients.stage import INDEX, SYMBOL, Keys, Stage, staged

SEED = 11
RATE_PER_SECOND = 200
UPDATES_PER_CHECKPOINT = 200
RECORD_SECONDS = 300
BATCH = 5
LIVE_MAX = 150  # open orders; the venue takes 200 of an account
SNAPSHOT_AFTER = 1  # a snapshot has the odd id after that of the last diff in it; see docs/fidelity.md
REACH_S = 5.0  # how long a client may take to hear of what has happened
CLIENTS: Mapping[str, tuple[str, MakeClient]] = {
    "ccxt": (with_ccxt.VERSION, with_ccxt.Ccxt),
    "python-binance": (with_python_binance.VERSION, with_python_binance.PythonBinance),
    "official SDK": (with_official_sdk.VERSION, with_official_sdk.OfficialSdk),
}


@dataclass(slots=True)
class Report:
    """What was done and found; a mismatch names the client and the update id."""

    clients: dict[str, str]
    seconds: float = 0.0
    updates: int = 0
    checkpoints: int = 0
    mismatches: list[str] = field(default_factory=list)


class Churn:
    """Orders, cancels and trades of two accounts, by a seed: each changes the book once."""

    def __init__(self, stage: Stage) -> None:
        """Begin with an empty book."""
        self._stage = stage
        self._chance = random.Random(SEED)
        self._maker: Keys = stage.account("100000000")
        self._taker: Keys = stage.account("100000000")
        self._live: list[int] = []

    def step(self) -> int:
        """Change the book by one request; return how many times."""
        chance = self._chance.random()
        if self._live and (len(self._live) > LIVE_MAX or chance < 0.45):
            return self._cancel()
        return self._trade() if chance < 0.55 else self._place()

    def _place(self) -> int:
        rows = self._stage.signed(
            self._maker,
            "POST",
            "/fapi/v1/batchOrders",
            {"batchOrders": json.dumps([self._order() for _ in range(BATCH)])},
        )
        placed = [row["orderId"] for row in rows if "orderId" in row]
        self._live += placed
        return len(placed)

    def _cancel(self) -> int:
        picked = self._chance.sample(self._live, min(BATCH, len(self._live)))
        self._live = [order_id for order_id in self._live if order_id not in picked]
        params = {"symbol": SYMBOL, "orderIdList": json.dumps(picked)}
        rows = self._stage.signed(self._maker, "DELETE", "/fapi/v1/batchOrders", params)
        return sum("orderId" in row for row in rows)  # the others had been traded away

    def _trade(self) -> int:
        side = self._chance.choice(("BUY", "SELL"))
        price = INDEX + (40 if side == "BUY" else -40)
        terms = {"symbol": SYMBOL, "side": side, "type": "LIMIT", "timeInForce": "IOC", "price": f"{price:.1f}"}
        quantity = f"{self._chance.randrange(1, 30) / 1000:.3f}"
        params = terms | {"quantity": quantity, "newOrderRespType": "RESULT"}
        row = self._stage.signed(self._taker, "POST", "/fapi/v1/order", params)
        return int(float(row["executedQty"]) > 0)

    def _order(self) -> dict[str, str]:
        side = self._chance.choice(("BUY", "SELL"))
        away = self._chance.randrange(1, 400) / 10 * (-1 if side == "BUY" else 1)
        terms = {"symbol": SYMBOL, "side": side, "type": "LIMIT", "timeInForce": "GTC"}
        return terms | {"quantity": f"{self._chance.randrange(1, 50) / 1000:.3f}", "price": f"{INDEX + away:.1f}"}


class Follower:
    """A client's book, taken along by a task of its own."""

    def __init__(self, followed: FollowedBook) -> None:
        """Follow at once; `ended` is the task."""
        self.followed = followed
        self._moved = asyncio.Event()
        self.ended = asyncio.create_task(self._follow())

    async def reach(self, update_id: int) -> None:
        """Return when the book has this update in it. Raises TimeoutError, and whatever ended the following."""
        async with asyncio.timeout(REACH_S):
            while self.followed.update_id() < update_id:
                if self.ended.done():
                    self.ended.result()
                self._moved.clear()
                await self._moved.wait()

    async def _follow(self) -> None:
        try:
            while True:
                await self.followed.changed()
                self._moved.set()
        finally:
            self._moved.set()


async def compare(stage: Stage, seconds: float) -> Report:
    """Let the book change for so long and compare at each checkpoint."""
    report = Report({name: version for name, (version, _) in CLIENTS.items()})
    churn = Churn(stage)
    async with _followers(stage) as followers:
        begun = time.monotonic()
        due = UPDATES_PER_CHECKPOINT
        while (ahead := report.updates / RATE_PER_SECOND - (time.monotonic() - begun)) < seconds:
            if ahead > 0:
                await asyncio.sleep(ahead)
            if time.monotonic() - begun >= seconds:
                break
            report.updates += await asyncio.to_thread(churn.step)
            if report.updates >= due:
                due += UPDATES_PER_CHECKPOINT
                await _checkpoint(stage, followers, report)
        await _checkpoint(stage, followers, report)
        report.seconds = round(time.monotonic() - begun, 1)
    return report


async def _checkpoint(stage: Stage, followers: Mapping[str, Follower], report: Report) -> None:
    depth: Any = await asyncio.to_thread(stage.public, "/fapi/v1/depth", {"symbol": SYMBOL, "limit": "1000"})
    update_id = int(depth["lastUpdateId"]) - SNAPSHOT_AFTER
    report.checkpoints += 1
    for name, follower in followers.items():
        try:
            await follower.reach(update_id)
        except TimeoutError:
            report.mismatches.append(f"{name} did not reach {update_id}: {follower.followed.update_id()}")
            continue
        if follower.followed.update_id() != update_id or follower.followed.book() != book_of(depth):
            report.mismatches.append(f"{name} differs at {update_id}")


@asynccontextmanager
async def _followers(stage: Stage) -> AsyncIterator[dict[str, Follower]]:
    async with AsyncExitStack() as stack:
        followers = {}
        for name, (_, make_client) in CLIENTS.items():
            client = make_client(stage.rest, stage.ws, stage.account())
            stack.push_async_callback(client.close)
            followers[name] = Follower(await stack.enter_async_context(client.follow_book()))
        try:
            yield followers
        finally:
            for follower in followers.values():
                follower.ended.cancel()
            await asyncio.wait([follower.ended for follower in followers.values()])


def run(seconds: float) -> Report:
    """Serve a venue of its own and compare on it."""
    with staged(flags=("--limits", "off")) as stage:
        return asyncio.run(compare(stage, seconds))


def main() -> int:
    """Run, print what was found, and record it for the page when it was long enough; 1 when books differed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=RECORD_SECONDS)
    report = run(parser.parse_args().seconds)
    document = json.dumps(asdict(report), indent=1) + "\n"
    sys.stdout.write(document)
    if report.seconds >= RECORD_SECONDS:
        Path(BOOK_SYNC).write_text(document, "utf-8")
        PAGE.write_text(page(read_columns()), "utf-8")
    return int(bool(report.mismatches))


if __name__ == "__main__":
    sys.exit(main())
