"""The book that a strict client keeps from diffs equals the venue's after random traffic (seed 5), at every speed."""

import asyncio
import random
from typing import Any

import pytest

from exchange.core.commands import AmendOrder, CancelAllOrders, PlaceOrder
from exchange.core.enums import OrderType, Side, TimeInForce
from exchange.core.units import Lots, Ticks
from tests.wire.conftest import Served
from tests.wire.stream_client import StrictBook, connected

SPEEDS = ["", "@0ms", "@100ms", "@250ms", "@500ms"]
ROUNDS = 60
ORDERS_PER_ROUND = 8


async def trade_at_random(served: Served, chance: random.Random) -> None:
    """Place, amend and cancel around 50000, several commands at once, so that batches hold more than one."""
    submit = served.app.sequencer.submit
    for round_ in range(ROUNDS):
        commands = [
            submit(
                PlaceOrder(
                    chance.choice((1, 2)),
                    "BTCUSDT",
                    chance.choice(list(Side)),
                    OrderType.LIMIT,
                    Lots(chance.randrange(1, 50)),
                    Ticks(500_000 + chance.randrange(-30, 30)),
                    chance.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC)),
                )
            )
            for _ in range(ORDERS_PER_ROUND)
        ]
        await asyncio.gather(*commands)
        if round_ % 20 == 19:
            await submit(CancelAllOrders(chance.choice((1, 2)), "BTCUSDT"))
        holding = served.app.venue.state.accounts[1].holdings["BTCUSDT"]
        for order in list(holding.orders.values())[:2]:
            amend = AmendOrder(
                1, "BTCUSDT", order.side, Lots(chance.randrange(1, 50)), Ticks(order.price), order_id=order.order_id
            )
            await submit(amend)


async def settled(served: Served) -> tuple[int, tuple[list[list[str]], list[list[str]]]]:
    """Return the book's update id on the wire, and its levels as a snapshot tells them."""
    params = {"symbol": "BTCUSDT", "limit": "1000"}
    async with served.session.get(f"{served.rest_url}/fapi/v1/depth", params=params) as response:
        snapshot = await response.json()
    return snapshot["lastUpdateId"] - 1, (snapshot["bids"], snapshot["asks"])


@pytest.fixture
async def market(served: Served) -> Served:
    """BTCUSDT at 50000 and two rich accounts."""
    await served.set_index("BTCUSDT", "50000")
    for _ in range(2):
        await served.create_account("100000000")
    return served


@pytest.mark.parametrize("speed", SPEEDS)
async def test_the_book_kept_from_diffs_is_the_book_of_the_venue(market: Served, speed: str) -> None:
    chance = random.Random(5)
    async with connected(market, f"/public/ws/btcusdt@depth{speed}") as client:
        traffic = asyncio.create_task(trade_at_random(market, chance))
        book = StrictBook(client, market)
        await book.synchronise()
        await traffic
        update_id, levels = await settled(market)
        await book.follow(update_id)
        assert book.levels() == levels
        assert levels[0], "bids must be left"
        assert levels[1], "asks must be left"


async def test_an_idle_book_is_synchronised_by_the_next_diff(market: Served) -> None:
    submit = market.app.sequencer.submit
    order = PlaceOrder(1, "BTCUSDT", Side.BUY, OrderType.LIMIT, Lots(5), Ticks(499_000))
    await submit(order)
    async with connected(market, "/ws/btcusdt@depth@0ms") as client:
        book = StrictBook(client, market)
        synchronised = asyncio.create_task(book.synchronise())
        await book.snapshot_taken.wait()
        await submit(order)
        await synchronised
        assert book.levels() == (await settled(market))[1] == ([["49900.00", "0.010"]], [])


async def test_each_speed_is_a_chain_of_its_own_and_a_late_comer_joins_it(market: Served) -> None:
    async with (
        connected(market, "/ws/btcusdt@depth@0ms") as early,
        connected(market, "/ws/btcusdt@depth@100ms") as slow,
    ):
        books = [StrictBook(early, market), StrictBook(slow, market)]
        traffic = asyncio.create_task(trade_at_random(market, random.Random(5)))
        await asyncio.gather(*(book.synchronise() for book in books))
        async with connected(market, "/ws/btcusdt@depth@100ms") as late:
            books.append(StrictBook(late, market))
            await books[-1].synchronise()
            await traffic
            update_id, levels = await settled(market)
            await asyncio.gather(*(book.follow(update_id) for book in books))
        assert [book.levels() == levels for book in books] == [True, True, True]
        assert books[0].diffs > books[1].diffs > 0


async def test_partial_books_are_the_best_levels(market: Served) -> None:
    async with connected(market, "/ws/btcusdt@depth5@100ms") as client:
        await trade_at_random(market, random.Random(5))
        update_id, (bids, asks) = await settled(market)
        while (top := await client.next())["u"] < update_id:
            assert len(top["b"]) <= 5
        assert (top["b"], top["a"]) == (bids[:5], asks[:5])


class OneOf:
    """The messages of one stream out of a connection that hears several, wrapped."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Any] = asyncio.Queue()

    async def next(self) -> Any:
        """Return the next message of this stream."""
        return await self.messages.get()


async def test_all_speeds_on_one_connection_are_chains_that_a_strict_client_can_follow(market: Served) -> None:
    names = [f"btcusdt@depth{speed}" for speed in SPEEDS]
    async with connected(market, f"/public/stream?streams={'/'.join(names)}") as client:
        parts = {name: OneOf() for name in names}

        async def divide() -> None:
            while True:
                message = await client.next()
                parts[message["stream"]].messages.put_nowait(message["data"])

        dividing = asyncio.create_task(divide())
        traffic = asyncio.create_task(trade_at_random(market, random.Random(5)))
        books = [StrictBook(part, market) for part in parts.values()]
        await asyncio.gather(*(book.synchronise() for book in books))
        await traffic
        update_id, levels = await settled(market)
        await asyncio.gather(*(book.follow(update_id) for book in books))
        dividing.cancel()
    assert [book.levels() == levels for book in books] == [True] * len(SPEEDS)


@pytest.mark.parametrize("speed", SPEEDS)
async def test_a_client_that_left_the_stream_and_came_back_can_follow_it_again(market: Served, speed: str) -> None:
    name = f"btcusdt@depth{speed}"
    left = asyncio.Event()

    async def trade_on() -> None:
        while not left.is_set():
            await trade_at_random(market, random.Random(5))

    async with connected(market, "/ws") as client:
        traffic = asyncio.create_task(trade_on())
        for _ in range(3):
            assert (await client.ask("SUBSCRIBE", [name]))["result"] is None
            await StrictBook(client, market).synchronise()
            assert (await client.ask("UNSUBSCRIBE", [name]))["result"] is None
        await client.ask("SUBSCRIBE", [name])
        again = StrictBook(client, market)
        await again.synchronise()
        left.set()
        await traffic
        update_id, levels = await settled(market)
        await again.follow(update_id)
    assert again.levels() == levels
