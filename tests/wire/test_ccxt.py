"""The real client ccxt, and ccxt.pro for streams, against a served venue over a real socket."""

import asyncio
import random
from collections.abc import AsyncIterator

import ccxt
import pytest

from exchange.core.enums import Side
from exchange.core.units import ATOMS_PER_QUOTE
from tests.wire.ccxt_client import PATIENCE_SECONDS, SYMBOL, MakeClient, RecordingClient, clients_of
from tests.wire.conftest import Served


@pytest.fixture
async def client_of(served: Served) -> AsyncIterator[MakeClient]:
    """Return a function that opens an account and gives the ccxt client of its owner."""
    async with clients_of(served) as make:
        yield make


def venue_book(served: Served, symbol: str = "BTCUSDT") -> dict[str, list[list[float]]]:
    """Return the venue's own book in the form of ccxt."""
    book = served.app.venue.state.markets[symbol].book
    return {
        name: [[price / 10, quantity / 1000] for price, quantity in book.depth(side, 1000)]
        for name, side in (("bids", Side.BUY), ("asks", Side.SELL))
    }


async def test_markets_are_what_the_contracts_say(client_of: MakeClient) -> None:
    """Precision, limits, fees and brackets reach ccxt."""
    client = await client_of()
    market = client.market(SYMBOL)
    assert market["active"]
    assert market["linear"]
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.1, 0.001)
    assert market["limits"]["cost"]["min"] == 5
    tiers = (await client.fetch_leverage_tiers([SYMBOL]))[SYMBOL]
    assert [tier["maxLeverage"] for tier in tiers] == [125, 100, 50, 20, 10, 5, 4, 3, 2, 1]
    assert set(client.symbols) == {SYMBOL, "ETH/USDT:USDT"}


async def test_a_book_kept_through_diffs_equals_the_venues(served: Served, client_of: MakeClient) -> None:
    """Two hundred random orders and cancels, seed 7: ccxt's book ends equal to the venue's, level for level."""
    await served.set_index("BTCUSDT", "100000")
    maker, watcher = await client_of("10000000"), await client_of()
    chance = random.Random(7)
    await watcher.watch_order_book(SYMBOL, 1000)
    live: list[str] = []
    for _ in range(200):
        if live and chance.random() < 0.4:
            await maker.cancel_order(live.pop(chance.randrange(len(live))), SYMBOL)
            continue
        side = chance.choice(("buy", "sell"))
        away = chance.randrange(1, 400) / 10 * (-1 if side == "buy" else 1)
        order = await maker.create_order(SYMBOL, "limit", side, chance.randrange(1, 50) / 1000, 100000 + away)
        live.append(order["id"])
    expected = venue_book(served)
    assert expected["bids"]
    assert expected["asks"]
    async with asyncio.timeout(PATIENCE_SECONDS):
        book = watcher.orderbooks[SYMBOL]
        while {"bids": list(book["bids"]), "asks": list(book["asks"])} != expected:
            book = await watcher.watch_order_book(SYMBOL, 1000)
    assert await watcher.fetch_order_book(SYMBOL, 1000) | expected == await watcher.fetch_order_book(SYMBOL, 1000)


async def test_an_order_lives_and_dies(served: Served, client_of: MakeClient) -> None:
    """Place, amend, cancel; a market order fills; position, balance and user events agree."""
    await served.set_index("BTCUSDT", "100000")
    maker, taker = await client_of("1000000"), await client_of("10000")
    watching = asyncio.create_task(taker.watch_orders(SYMBOL))
    await taker.fetch_balance()
    resting = await maker.create_order(SYMBOL, "limit", "sell", 0.5, 100010)
    assert resting["status"] == "open"
    amended = await maker.edit_order(resting["id"], SYMBOL, "limit", "sell", 0.4, 100005)
    assert (amended["id"], amended["amount"], amended["price"]) == (resting["id"], 0.4, 100005)
    doomed = await maker.create_order(SYMBOL, "limit", "buy", 0.1, 99000, {"timeInForce": "PO"})
    canceled = await maker.cancel_order(doomed["id"], SYMBOL)
    assert canceled["status"] == "canceled"
    assert [order["id"] for order in await maker.fetch_open_orders(SYMBOL)] == [resting["id"]]

    await taker.connected("/private/")
    bought = await taker.create_order(SYMBOL, "market", "buy", 0.1)
    assert (bought["status"], bought["filled"], bought["average"]) == ("closed", 0.1, 100005)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await watching)[-1]["id"] == bought["id"]
    filled = await taker.raw_event(lambda event: event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["X"] == "FILLED")
    moved = await taker.raw_event(lambda event: event["e"] == "ACCOUNT_UPDATE")
    assert filled["o"]["i"] == int(bought["id"])
    assert taker.raw_events.index(moved) < taker.raw_events.index(filled)

    [position] = await taker.fetch_positions([SYMBOL])
    assert (position["side"], position["contracts"], position["entryPrice"]) == ("long", 0.1, 100005)
    fee = 100005 * 0.1 * 0.0005
    balance = await taker.fetch_balance()
    assert balance["USDT"]["total"] == pytest.approx(10000 - fee + position["unrealizedPnl"], abs=1e-6)
    assert float(moved["a"]["B"][0]["wb"]) == pytest.approx(10000 - fee, abs=1e-8)
    [trade] = await taker.fetch_my_trades(SYMBOL)
    assert (trade["order"], trade["fee"]["cost"]) == (bought["id"], pytest.approx(fee))
    closed = await taker.create_order(SYMBOL, "market", "sell", 0.1, None, {"reduceOnly": True})
    assert closed["status"] == "expired"  # nobody bids
    assert closed["filled"] == 0


async def test_refusals_are_the_classes_that_bots_catch(served: Served, client_of: MakeClient) -> None:
    """Ccxt raises its own classes from our codes, and nothing changes."""
    await served.set_index("BTCUSDT", "100000")
    client = await client_of("100")
    await client.create_order(SYMBOL, "limit", "sell", 0.001, 100000)
    before = await served.state()
    with pytest.raises(ccxt.InsufficientFunds):
        await client.create_order(SYMBOL, "limit", "buy", 1, 99000)
    with pytest.raises(ccxt.OrderNotFillable):
        await client.create_order(SYMBOL, "limit", "buy", 0.001, 100000, {"timeInForce": "GTX"})
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order("424242", SYMBOL)
    with pytest.raises(ccxt.BadRequest):
        await client.create_order(SYMBOL, "limit", "buy", 0.001, 120000)
    with pytest.raises(ccxt.InvalidOrder):
        await client.create_order(SYMBOL, "limit", "sell", 0.001, 100000, {"reduceOnly": True})
    client.secret = "0" * 64
    with pytest.raises(ccxt.AuthenticationError):
        await client.fetch_balance()
    assert await served.state() == before


async def two_longs(served: Served, client_of: MakeClient) -> tuple[RecordingClient, RecordingClient, RecordingClient]:
    """Return a maker, who bids for 1 BTC at 95,300 only, and two longs of 2 BTC at 20x, bought from it at 100,000."""
    await served.set_index("BTCUSDT", "100000")
    maker = await client_of("1000000")
    keeper, loser = await client_of("10000", "5000"), await client_of("10000", "5000")
    await maker.create_order(SYMBOL, "limit", "sell", 4, 100000)
    await maker.create_order(SYMBOL, "limit", "buy", 1, 95300)
    for long in (keeper, loser):
        await long.set_leverage(20, SYMBOL)
        watching = asyncio.create_task(long.watch_orders(SYMBOL))
        await long.connected("/private/")
        assert (await long.create_order(SYMBOL, "market", "buy", 2))["status"] == "closed"
        async with asyncio.timeout(PATIENCE_SECONDS):
            await watching
    return maker, keeper, loser


async def test_a_margin_call_is_answered_or_not(served: Served, client_of: MakeClient) -> None:
    """Two longs at 20x, 2 BTC each on 10,000 USDT, bought at 100,000.

    At 95,600 maintenance is 0.5 % less 50, some 906, and equity 10,000 - 100 (fee) - 8,800 = 1,100: both are called (82
    %). One transfers 5,000 from its funding wallet. At 95,450 the other has 800 and is liquidated: 1 BTC is sold at
    95,300, the only bid. Its bankruptcy price is 95,050 (200,000 - 9,900 for 2 BTC), so the fee of 1.25 % is capped at
    250; the fund takes over 1 BTC at 95,050.
    """
    maker, keeper, loser = await two_longs(served, client_of)
    liquidations = asyncio.create_task(maker.watch_liquidations(SYMBOL))
    await maker.connected("/market/")

    await served.set_index("BTCUSDT", "95600")
    for long in (keeper, loser):
        call = await long.raw_event(lambda event: event["e"] == "MARGIN_CALL")
        assert call["p"][0]["pa"] == "2.000"
    await keeper.transfer("USDT", 2000, "spot", "swap")
    await keeper.transfer("USDT", 3000, "funding", "swap")
    assert (await keeper.fetch_balance())["USDT"]["total"] > 6000

    await served.set_index("BTCUSDT", "95450")
    done = await loser.raw_event(
        lambda event: (
            event["e"] == "ORDER_TRADE_UPDATE"
            and event["o"]["c"].startswith("autoclose-")
            and event["o"]["l"] == "1.000"
        )
    )
    assert (done["o"]["L"], done["o"]["S"]) == ("95300.00", "SELL")
    async with asyncio.timeout(PATIENCE_SECONDS):
        [public] = await liquidations
    assert (public["symbol"], public["side"]) == (SYMBOL, "sell")
    assert await loser.fetch_positions([SYMBOL]) == []
    assert (await loser.fetch_balance())["USDT"]["total"] == 0
    [kept] = await keeper.fetch_positions([SYMBOL])
    assert kept["contracts"] == 2

    state = served.app.venue.state
    assert state.fund.wallet_balance - state.rules.fund_seed == 250 * ATOMS_PER_QUOTE
    held = state.fund.leg("BTCUSDT").position
    assert (held.quantity, held.entry_value) == (1000, 95050 * ATOMS_PER_QUOTE)
    assert (await served.state())[1] == 0
