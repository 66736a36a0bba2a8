"""Cells of the rows on account, user events, WebSocket API and errors."""

from tests.conformance_clients.cells_orders import long
from tests.conformance_clients.client import ConformanceClient, Trigger, Wanted
from tests.conformance_clients.refused import refused
from tests.conformance_clients.stage import Keys, Stage

DEPOSIT = 10_000
FEE = 0.5  # of 0.01 BTC at 100,000
CALLS_MAX = 200  # of weight 30 each; 2,400 a minute are allowed
UNKNOWN = "424242424242"


async def balance(_stage: Stage, client: ConformanceClient) -> None:
    """What was deposited."""
    assert await client.balance() == DEPOSIT


async def positions(stage: Stage, client: ConformanceClient) -> None:
    """None, then the one that was opened."""
    assert await client.positions() == []
    await long(stage, client)
    [position] = await client.positions()
    assert (position.side, position.amount, position.entry) == ("BOTH", 0.01, 100_000)


async def leverage(_stage: Stage, client: ConformanceClient) -> None:
    """The venue confirms the new one."""
    assert await client.set_leverage(7) == 7


async def brackets(_stage: Stage, client: ConformanceClient) -> None:
    """From 125 down to 1."""
    leverages = await client.leverages()
    assert (leverages[0], leverages[-1]) == (125, 1)
    assert leverages == sorted(leverages, reverse=True)


async def margin_type(_stage: Stage, client: ConformanceClient) -> None:
    """Isolated; asked for again it is refused with -4046."""
    await client.set_isolated()
    await refused(client, "needless", -4046, client.set_isolated())


async def add_margin(stage: Stage, client: ConformanceClient) -> None:
    """The isolated position's margin grows by it."""
    await client.set_isolated()
    await long(stage, client)
    [before] = await client.positions()
    await client.add_margin(10)
    [after] = await client.positions()
    assert abs(after.margin - before.margin - 10) < 0.1


async def hedge_mode(stage: Stage, client: ConformanceClient) -> None:
    """A long and a short position at once."""
    assert await client.set_hedge() is True
    stage.offer("SELL", 0.01, 100_000)
    await client.take("BUY", 0.01, position_side="LONG")
    stage.offer("BUY", 0.02, 99_990)
    await client.take("SELL", 0.02, position_side="SHORT")
    held = {position.side: abs(position.amount) for position in await client.positions()}
    assert held == {"LONG": 0.01, "SHORT": 0.02}


async def transfer(_stage: Stage, client: ConformanceClient) -> None:
    """There and back, and the income list tells both."""
    await client.transfer(100)
    assert await client.balance() == DEPOSIT + 100
    await client.transfer(-40)
    assert await client.balance() == DEPOSIT + 60
    assert [amount for kind, amount in await client.income() if kind == "TRANSFER"][-2:] == [100, -40]


async def income(stage: Stage, client: ConformanceClient) -> None:
    """The fee of a trade."""
    await long(stage, client)
    assert ("COMMISSION", -FEE) in await client.income()


async def commission(_stage: Stage, client: ConformanceClient) -> None:
    """Maker and taker."""
    assert await client.commission() == (0.0002, 0.0005)


async def event_order(_stage: Stage, client: ConformanceClient) -> None:
    """NEW, then CANCELED."""
    async with client.listen() as ears:
        order = await client.limit("BUY", 0.01, 99_000)
        await ears.until(lambda told: (told.kind, told.id, told.status) == ("order", order.id, "NEW"))
        await client.cancel(order.id)
        await ears.until(lambda told: (told.kind, told.id, told.status) == ("order", order.id, "CANCELED"))


async def event_fill(stage: Stage, client: ConformanceClient) -> None:
    """PARTIALLY_FILLED, then FILLED."""
    async with client.listen() as ears:
        order = await client.limit("BUY", 0.01, 100_000)
        stage.offer("SELL", 0.004, 100_000)
        await ears.until(lambda told: (told.kind, told.id, told.status) == ("order", order.id, "PARTIALLY_FILLED"))
        stage.offer("SELL", 0.006, 100_000)
        full = await ears.until(lambda told: (told.kind, told.id, told.status) == ("order", order.id, "FILLED"))
    assert full.amount == 0.01


async def event_account(stage: Stage, client: ConformanceClient) -> None:
    """The balance after the fee, and the position."""
    async with client.listen() as ears:
        await long(stage, client)
        await ears.until(lambda told: told.kind == "balance" and abs(told.amount - (DEPOSIT - FEE)) < 1e-6)
        await ears.until(lambda told: (told.kind, told.amount) == ("position", 0.01))


async def listen_key(_stage: Stage, client: ConformanceClient) -> None:
    """After it was renewed its stream goes on."""
    async with client.listen() as ears:
        await client.renew_listen_key()
        order = await client.limit("BUY", 0.01, 99_000)
        await ears.until(lambda told: (told.kind, told.id, told.status) == ("order", order.id, "NEW"))


async def ws_order(_stage: Stage, client: ConformanceClient) -> None:
    """Its whole life over the WebSocket API, and REST knows the same."""
    order = await client.ws_limit("BUY", 0.01, 99_000)
    assert (order.status, order.price) == ("NEW", 99_000)
    amended = await client.ws_amend(Wanted("BUY", 0.02, 98_000, order.id))
    assert (amended.id, amended.price, amended.quantity) == (order.id, 98_000, 0.02)
    assert (await client.ws_order(order.id)).price == 98_000
    assert (await client.ws_cancel(order.id)).status == "CANCELED"
    assert (await client.order(order.id)).status == "CANCELED"


async def ws_conditional(stage: Stage, client: ConformanceClient) -> None:
    """Placed and cancelled over the WebSocket API; REST lists it meanwhile."""
    stage.trade(100_000)
    placed = await client.ws_place_conditional(Trigger("STOP_MARKET", "SELL", 0.01, 99_900))
    assert [waiting.id for waiting in await client.open_conditionals()] == [placed.id]
    await client.ws_cancel_conditional(placed.id)
    assert await client.open_conditionals() == []


async def ws_account(stage: Stage, client: ConformanceClient) -> None:
    """Balance and position over the WebSocket API."""
    assert await client.ws_balance() == DEPOSIT
    await long(stage, client)
    [position] = await client.ws_positions()
    assert (position.amount, position.entry) == (0.01, 100_000)


async def error_funds(_stage: Stage, client: ConformanceClient) -> None:
    """More than the margin bears."""
    await refused(client, "funds", -2019, client.limit("BUY", 5, 99_000))


async def error_not_found(_stage: Stage, client: ConformanceClient) -> None:
    """To cancel and to query."""
    await refused(client, "not_found", -2011, client.cancel(UNKNOWN))
    await refused(client, "not_found", -2013, client.order(UNKNOWN))


async def error_invalid(_stage: Stage, client: ConformanceClient) -> None:
    """One thousandth of an ETH is worth less than the smallest notional."""
    await refused(client, "invalid", -4164, client.tiny())


async def error_immediate(stage: Stage, client: ConformanceClient) -> None:
    """A stop to sell above the price."""
    stage.trade(100_000)
    await refused(client, "invalid", -2021, client.place_conditional(Trigger("STOP_MARKET", "SELL", 0.01, 100_100)))


async def error_rate(_stage: Stage, client: ConformanceClient) -> None:
    """Sooner or later one call too many is refused with HTTP 429."""

    async def many() -> None:
        for _ in range(CALLS_MAX):
            await client.weighty()

    await refused(client, "rate", -1003, many())


async def error_authentication(stage: Stage, client: ConformanceClient) -> None:
    """A secret that is not the key's, and a key that nobody has."""
    keys = stage.accounts[-1]
    for wrong, code in (
        (Keys(keys.account_id, keys.api_key, "0" * 64), -1022),
        (Keys(keys.account_id, "x" * 64, keys.secret_key), -2015),
    ):
        stranger = client.other(wrong)
        try:
            await refused(client, "authentication", code, stranger.weighty())
        finally:
            await stranger.close()
