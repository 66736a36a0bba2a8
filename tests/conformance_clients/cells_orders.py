"""Cells of the rows on orders: each is one operation of a client, and what must come of it."""

import time

from tests.conformance_clients.client import ConformanceClient, Order, Refusal, Wanted
from tests.conformance_clients.refused import refused
from tests.conformance_clients.stage import PATIENCE_S, Stage

TAKER_FEE = 0.0005
COUNTDOWN_MS = 1_000
GOOD_TILL_S = 700


async def limit_gtc(_stage: Stage, client: ConformanceClient) -> None:
    """It rests as it was asked for."""
    order = await client.limit("BUY", 0.01, 99_000)
    assert (order.status, order.price, order.quantity, order.filled) == ("NEW", 99_000, 0.01, 0)


async def limit_ioc(stage: Stage, client: ConformanceClient) -> None:
    """It takes what is there; the rest expires."""
    stage.offer("SELL", 0.004, 100_000)
    order = await client.limit("BUY", 0.01, 100_000, "IOC")
    assert (order.status, order.filled, order.average) == ("EXPIRED", 0.004, 100_000)


async def limit_fok(stage: Stage, client: ConformanceClient) -> None:
    """All of it, or a refusal."""
    stage.offer("SELL", 0.004, 100_000)
    await refused(client, "fok", -5021, client.limit("BUY", 0.01, 100_000, "FOK"))
    order = await client.limit("BUY", 0.004, 100_000, "FOK")
    assert (order.status, order.filled) == ("FILLED", 0.004)


async def limit_gtx(_stage: Stage, client: ConformanceClient) -> None:
    """It rests where it takes nothing."""
    assert (await client.limit("BUY", 0.01, 99_000, "GTX")).status == "NEW"


async def gtx_refused(stage: Stage, client: ConformanceClient) -> None:
    """It is refused where it would take."""
    stage.offer("SELL", 0.004, 100_000)
    await refused(client, "post_only", -5022, client.limit("BUY", 0.01, 100_000, "GTX"))


async def limit_gtd(_stage: Stage, client: ConformanceClient) -> None:
    """It knows until when it is good: whole seconds count."""
    until = (int(time.time()) + GOOD_TILL_S) * 1000
    order = await client.limit("BUY", 0.01, 99_000, "GTD", good_till=until)
    assert (order.status, order.good_till) == ("NEW", until)


async def market(stage: Stage, client: ConformanceClient) -> None:
    """It fills at once, at the average of what it took."""
    stage.offer("SELL", 0.01, 100_000)
    stage.offer("SELL", 0.01, 100_010)
    order = await client.take("BUY", 0.02)
    assert (order.status, order.filled, order.average) == ("FILLED", 0.02, 100_005)


async def reduce_only(stage: Stage, client: ConformanceClient) -> None:
    """It is refused without a position, and closes one."""
    await refused(client, "reduce_only", -2022, client.take("SELL", 0.01, reduce_only=True))
    await long(stage, client)
    stage.offer("BUY", 0.01, 99_990)
    assert (await client.take("SELL", 0.01, reduce_only=True)).status == "FILLED"
    assert await client.positions() == []


async def price_match(stage: Stage, client: ConformanceClient) -> None:
    """QUEUE joins the best price of its own side."""
    stage.offer("BUY", 1, 99_990)
    order = await client.matched("BUY", 0.01, "QUEUE")
    assert (order.status, order.price) == ("NEW", 99_990)


async def amend(_stage: Stage, client: ConformanceClient) -> None:
    """The same order, at another price and quantity."""
    order = await client.limit("BUY", 0.01, 99_000)
    amended = await client.amend(Wanted("BUY", 0.02, 98_000, order.id))
    assert (amended.id, amended.status, amended.price, amended.quantity) == (order.id, "NEW", 98_000, 0.02)


async def batch_place(_stage: Stage, client: ConformanceClient) -> None:
    """One is refused, and the others stand, in the order of the request (ccxt puts the refused one first)."""
    asked = [Wanted("BUY", 0.01, 99_000), Wanted("BUY", 5, 99_000), Wanted("BUY", 0.02, 98_000)]
    answers = await client.place_batch(asked)
    assert [answer for answer in answers if isinstance(answer, Refusal)] == [Refusal(-2019)]
    placed = [answer for answer in answers if isinstance(answer, Order)]
    assert [(order.status, order.price) for order in placed] == [("NEW", 99_000), ("NEW", 98_000)]


async def batch_amend(_stage: Stage, client: ConformanceClient) -> None:
    """Both are amended."""
    orders = [await client.limit("BUY", 0.01, price) for price in (99_000, 98_000)]
    asked = [Wanted("BUY", 0.02, order.price - 10, order.id) for order in orders]
    answers = await client.amend_batch(asked)
    amended = [(answer.id, answer.price, answer.quantity) for answer in answers if isinstance(answer, Order)]
    assert amended == [(wanted.order_id, wanted.price, 0.02) for wanted in asked]


async def batch_cancel(_stage: Stage, client: ConformanceClient) -> None:
    """Both are cancelled."""
    orders = [await client.limit("BUY", 0.01, price) for price in (99_000, 98_000)]
    answers = await client.cancel_batch([order.id for order in orders])
    assert [answer.status for answer in answers if isinstance(answer, Order)] == ["CANCELED"] * 2
    assert await client.open_orders() == []


async def cancel(_stage: Stage, client: ConformanceClient) -> None:
    """By the venue's id, and by one's own."""
    order = await client.limit("BUY", 0.01, 99_000)
    assert (await client.cancel(order.id)).status == "CANCELED"
    await client.limit("BUY", 0.01, 99_000, client_id="mine-1")
    assert (await client.cancel(client_id="mine-1")).status == "CANCELED"


async def cancel_all(_stage: Stage, client: ConformanceClient) -> None:
    """Nothing is left."""
    for price in (99_000, 98_000):
        await client.limit("BUY", 0.01, price)
    await client.cancel_all()
    assert await client.open_orders() == []


async def countdown(_stage: Stage, client: ConformanceClient) -> None:
    """When it runs out all orders are cancelled."""
    order = await client.limit("BUY", 0.01, 99_000)
    await client.countdown(COUNTDOWN_MS)
    until = time.monotonic() + PATIENCE_S
    while await client.open_orders():
        assert time.monotonic() < until, "the countdown was not carried out"
    assert (await client.order(order.id)).status == "CANCELED"


async def order_query(_stage: Stage, client: ConformanceClient) -> None:
    """By the venue's id, and by one's own, it is the same order."""
    placed = await client.limit("BUY", 0.01, 99_000, client_id="mine-2")
    assert (placed.client_id, placed.status) == ("mine-2", "NEW")
    assert await client.order(placed.id) == await client.order(client_id="mine-2")


async def open_orders(_stage: Stage, client: ConformanceClient) -> None:
    """Those that rest, oldest first."""
    orders = [await client.limit("BUY", 0.01, price) for price in (99_000, 98_000)]
    assert [order.id for order in await client.open_orders()] == [order.id for order in orders]


async def all_orders(stage: Stage, client: ConformanceClient) -> None:
    """Those that ended, too."""
    first = await client.limit("BUY", 0.01, 99_000)
    await client.cancel(first.id)
    await long(stage, client)
    await client.limit("BUY", 0.01, 98_000)
    assert [order.status for order in await client.all_orders()] == ["CANCELED", "FILLED", "NEW"]


async def my_trades(stage: Stage, client: ConformanceClient) -> None:
    """Each fill, with its fee."""
    order = await long(stage, client)
    [fill] = await client.fills()
    assert (fill.order_id, fill.price, fill.quantity) == (order.id, 100_000, 0.01)
    assert abs(fill.fee - 100_000 * 0.01 * TAKER_FEE) < 1e-8


async def long(stage: Stage, client: ConformanceClient, quantity: float = 0.01) -> Order:
    """Let the client buy from the maker at 100,000."""
    stage.offer("SELL", quantity, 100_000)
    order = await client.take("BUY", quantity)
    assert order.status == "FILLED"
    return order
