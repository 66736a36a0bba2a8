"""Cells of the rows on market data: each is one operation of a client, and what must come of it."""

import random
import time

from tests.conformance_clients.client import MARKET_KINDS, Book, ConformanceClient, Market
from tests.conformance_clients.stage import MARK_NEAR, SYMBOL, Stage

SEED = 5
CLOCK_TOLERANCE_MS = 5_000
CHANGES = 60  # of the book that a client follows


async def load_markets(_stage: Stage, client: ConformanceClient) -> None:
    """Tick, step and smallest notional are those of the contract."""
    assert await client.market() == Market(tick=0.1, step=0.001, min_notional=5.0)


async def server_time(_stage: Stage, client: ConformanceClient) -> None:
    """The venue runs on wall time."""
    assert abs(await client.time() - time.time() * 1000) < CLOCK_TOLERANCE_MS


async def book_snapshot(stage: Stage, client: ConformanceClient) -> None:
    """Levels best first, orders of one price summed up."""
    for quantity, price in ((0.5, 99_990), (0.25, 99_990), (1, 99_980.1)):
        stage.offer("BUY", quantity, price)
    stage.offer("SELL", 0.125, 100_010)
    assert await client.book() == Book([(99_990, 0.75), (99_980.1, 1)], [(100_010, 0.125)])


async def book_sync(stage: Stage, client: ConformanceClient) -> None:
    """After random orders and cancels the client's book is the venue's."""
    chance = random.Random(SEED)
    live: list[int] = []
    maker = stage.account("10000000")  # its own: orders are counted by account, and the other one is needed soon after
    async with client.follow_book() as followed:
        for _ in range(CHANGES):
            if live and chance.random() < 0.4:
                order_id = str(live.pop(chance.randrange(len(live))))
                stage.signed(maker, "DELETE", "/fapi/v1/order", {"symbol": SYMBOL, "orderId": order_id})
                continue
            side = chance.choice(("BUY", "SELL"))
            away = chance.randrange(1, 300) / 10 * (-1 if side == "BUY" else 1)
            live.append(stage.order(maker, side, chance.randrange(1, 50) / 1000, 100_000 + away)["orderId"])
        expected = venue_book(stage)
        while followed.book() != expected:
            await followed.changed()


async def klines(stage: Stage, client: ConformanceClient) -> None:
    """The latest candle of a minute closes at the last trade."""
    stage.trade(100_010)
    rows = await client.candles()
    assert rows[-1][0] % 60_000 == 0
    assert rows[-1][1] == 100_010


async def trades(stage: Stage, client: ConformanceClient) -> None:
    """The latest trade comes last."""
    stage.trade(100_010, 0.003)
    assert (await client.trades())[-1] == (100_010, 0.003)


async def tickers(stage: Stage, client: ConformanceClient) -> None:
    """Last price, best bid and best ask."""
    stage.trade(100_010)
    stage.offer("BUY", 1, 99_990)
    stage.offer("SELL", 1, 100_020)
    assert await client.ticker() == (100_010, 99_990, 100_020)


async def mark_price(_stage: Stage, client: ConformanceClient) -> None:
    """Mark and index are where the stage put them; the funding rate is a small number."""
    mark, index, rate = await client.mark()
    assert abs(mark - 100_000) < MARK_NEAR
    assert index == 100_000
    assert abs(rate) < 0.03


async def market_streams(stage: Stage, client: ConformanceClient) -> None:
    """Each kind of stream tells its price."""
    stage.offer("BUY", 1, 99_990)

    def provoke() -> None:
        stage.trade(100_010)
        stage.offer("BUY", 0.001, 99_990)

    expected = {"best": 99_990, "mark": 100_000} | dict.fromkeys(("trade", "candle", "ticker"), 100_010)
    async with client.hear_market() as ears:
        for kind in MARKET_KINDS:
            near = expected[kind]
            await ears.until(
                lambda told, kind=kind, near=near: (
                    told.kind == kind and abs(told.amount - near) < (MARK_NEAR if kind == "mark" else 1)
                ),  # type: ignore[misc]
                provoke,
            )


def venue_book(stage: Stage) -> Book:
    """Return the venue's own book."""
    depth = stage.public("/fapi/v1/depth", {"symbol": SYMBOL, "limit": "1000"})
    bids, asks = ([(float(price), float(quantity)) for price, quantity in depth[side]] for side in ("bids", "asks"))
    return Book(bids, asks)
