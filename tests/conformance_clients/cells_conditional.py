"""Cells of the rows on conditional orders: placed, listed, triggered by trades of others, and what came of them."""

import time
from collections.abc import Callable

from tests.conformance_clients.cells_orders import long
from tests.conformance_clients.client import Conditional, ConformanceClient, Order, Told, Trigger
from tests.conformance_clients.stage import PATIENCE_S, Stage


async def stop_market(stage: Stage, client: ConformanceClient) -> None:
    """Its order fills, and each step is told."""
    await long(stage, client)
    async with client.listen() as ears:
        placed = await client.place_conditional(Trigger("STOP_MARKET", "SELL", 0.01, 99_900))
        assert (placed.status, placed.trigger) == ("NEW", 99_900)
        assert [waiting.id for waiting in await client.open_conditionals()] == [placed.id]
        stage.offer("BUY", 0.01, 99_880)
        stage.trade(99_890)
        for status in ("NEW", "TRIGGERED", "FINISHED"):
            await ears.until(_conditional_told(placed.id, status))
    order = await _order_of(client, placed)
    assert (order.status, order.average) == ("FILLED", 99_880)
    assert await client.positions() == []
    assert await client.open_conditionals() == []


async def stop_limit(stage: Stage, client: ConformanceClient) -> None:
    """Its limit order rests, at its own price."""
    stage.trade(100_000)
    placed = await client.place_conditional(Trigger("STOP", "SELL", 0.01, 99_900, 99_850))
    stage.trade(99_890)
    order = await _order_of(client, placed)
    assert (order.status, order.price) == ("NEW", 99_850)
    assert [resting.id for resting in await client.open_orders()] == [order.id]


async def take_profit_market(stage: Stage, client: ConformanceClient) -> None:
    """Its order fills."""
    await long(stage, client)
    placed = await client.place_conditional(Trigger("TAKE_PROFIT_MARKET", "SELL", 0.01, 100_100))
    stage.offer("BUY", 0.01, 100_050)
    stage.trade(100_110)
    order = await _order_of(client, placed)
    assert (order.status, order.average) == ("FILLED", 100_050)
    assert await client.positions() == []


async def take_profit_limit(stage: Stage, client: ConformanceClient) -> None:
    """Its limit order rests, at its own price."""
    stage.trade(100_000)
    placed = await client.place_conditional(Trigger("TAKE_PROFIT", "SELL", 0.01, 100_100, 100_120))
    stage.trade(100_110)
    order = await _order_of(client, placed)
    assert (order.status, order.price) == ("NEW", 100_120)


async def trailing(stage: Stage, client: ConformanceClient) -> None:
    """It follows the price up to 101,000 and triggers 1 % below that."""
    await long(stage, client)
    placed = await client.place_conditional(Trigger("TRAILING_STOP_MARKET", "SELL", 0.01, callback_percent=1))
    stage.offer("BUY", 0.01, 99_900)
    stage.trade(101_000)
    stage.trade(100_000)
    assert [waiting.id for waiting in await client.open_conditionals()] == [placed.id]
    stage.trade(99_985)
    order = await _order_of(client, placed)
    assert (order.status, order.average) == ("FILLED", 99_900)


async def close_position(stage: Stage, client: ConformanceClient) -> None:
    """It closes what there is when it triggers: more than when it was placed."""
    await long(stage, client)
    placed = await client.place_conditional(Trigger("STOP_MARKET", "SELL", trigger=99_900, close_position=True))
    await long(stage, client, 0.02)
    stage.offer("BUY", 0.05, 99_880)
    stage.trade(99_890)
    order = await _order_of(client, placed)
    assert (order.status, order.filled) == ("FILLED", 0.03)
    assert await client.positions() == []


async def conditional_cancel(stage: Stage, client: ConformanceClient) -> None:
    """One by its id, then all of the contract."""
    stage.trade(100_000)
    first, second, third = [
        await client.place_conditional(Trigger("STOP_MARKET", "SELL", 0.01, price))
        for price in (99_900, 99_800, 99_700)
    ]
    await client.cancel_conditional(first.id)
    assert {waiting.id for waiting in await client.open_conditionals()} == {second.id, third.id}
    await client.cancel_conditionals()
    assert await client.open_conditionals() == []


async def _order_of(client: ConformanceClient, placed: Conditional) -> Order:
    """Return the order that a conditional one became; it triggers with the trade, or within a tick."""
    until = time.monotonic() + PATIENCE_S
    while not (seen := await client.conditional(placed.id)).order_id:
        assert time.monotonic() < until, f"it did not trigger: {seen}"
    order = await client.order(seen.order_id)
    assert order.client_id == placed.client_id, "the order has the client id of its conditional order"
    return order


def _conditional_told(conditional_id: str, status: str) -> Callable[[Told], bool]:
    return lambda told: (told.kind, told.id, told.status) == ("conditional", conditional_id, status)
