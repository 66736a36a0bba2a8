"""The reference client and the template against a served venue, over real sockets."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import aiohttp
import pytest

from clients import template
from clients.reference import (
    AccountView,
    Admin,
    ConnectionLostError,
    Rest,
    SyncedBook,
    VenueError,
    on_grid,
    read_ready,
    user_events,
)
from exchange.composition import Served, served
from exchange.core.enums import Side
from exchange.runtime.settings import Settings

SEED = 4
PATIENCE_S = 20
BTC = "BTCUSDT"


def settings(folder: Path) -> Settings:
    return Settings(folder, index=f"walk:{SEED}", seed=SEED, port=0)


def levels_of_venue(venue: Served, side: Side) -> dict[float, float]:
    depth = venue.app.venue.state.markets[BTC].book.depth(side, 100)
    return {price / 10: quantity / 1000 for price, quantity in depth}


async def test_a_synced_book_equals_that_of_the_venue(tmp_path: Path) -> None:
    async with served(settings(tmp_path)) as venue, aiohttp.ClientSession() as session:
        ready = read_ready(venue.ready_path)
        rest = Rest(ready.rest, ready.accounts[0], session)
        await rest.place(BTC, "BUY", "0.010", "99000.00", client_order_id="low")
        book = SyncedBook(BTC)
        following = asyncio.create_task(book.follow(session, ready.ws, rest))
        async with asyncio.timeout(PATIENCE_S), book.changed:
            await book.changed.wait()  # the snapshot
        await rest.place(BTC, "BUY", "0.020", "99100.00")
        await rest.place(BTC, "SELL", "0.030", "101000.00")
        await rest.cancel(BTC, "low")
        async with asyncio.timeout(PATIENCE_S), book.changed:
            await book.changed.wait_for(lambda: bool(book.book.asks) and len(book.book.bids) == 1)
        following.cancel()
        for side, levels in ((Side.BUY, book.book.bids), (Side.SELL, book.book.asks)):
            assert {float(price): float(quantity) for price, quantity in levels.items()} == levels_of_venue(venue, side)


async def test_an_account_view_follows_its_user_stream(tmp_path: Path) -> None:
    async with served(settings(tmp_path)) as venue, aiohttp.ClientSession() as session:
        ready = read_ready(venue.ready_path)
        admin = Admin(ready.rest, ready.admin_token, session)
        maker = Rest(ready.rest, await admin.create_account("maker", "100000"), session)
        taker, view = Rest(ready.rest, ready.accounts[0], session), AccountView()
        async with asyncio.timeout(PATIENCE_S):
            async for event in user_events(session, ready.ws, taker):
                view.apply(event)
                if event["e"] == "connected":
                    await view.load(taker)
                    await maker.place(BTC, "SELL", "0.010", "100000.00")
                    await taker.place(BTC, "BUY", "0.010", "100000.00")
                    await taker.transfer_to_futures("100")
                    await taker.transfer_to_funding("40.25")
                if view.position(BTC) and 10_000 < view.wallet < 10_090:
                    break
        assert view.position(BTC) == 0.01
        assert view.wallet == pytest.approx(10_059.75 - 0.5)  # the taker's fee


async def test_refusals_and_lost_connections_are_different_errors(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session:
        async with served(settings(tmp_path)) as venue:
            ready = read_ready(venue.ready_path)
            rest = Rest(ready.rest, ready.accounts[0], session)
            with pytest.raises(VenueError) as refused:
                await rest.place(BTC, "BUY", "3.000", "100000.00")
            assert (refused.value.http, refused.value.code) == (400, -2019)
        with pytest.raises(ConnectionLostError):
            await rest.futures_account()


async def test_the_template_decides_and_trades(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with served(settings(tmp_path)) as venue, aiohttp.ClientSession() as session:
        ready = read_ready(venue.ready_path)
        admin = Admin(ready.rest, ready.admin_token, session)
        rest = Rest(ready.rest, ready.accounts[0], session)
        await template.decide(rest, BTC, -2 * template.DIP)
        assert "BUY: nobody offers" in capsys.readouterr().out
        maker = Rest(ready.rest, await admin.create_account("maker", "100000"), session)
        ask = on_grid(venue.app.venue.state.markets[BTC].mark_price / 10, "0.10")
        await maker.place(BTC, "SELL", "1.000", ask)
        await template.decide(rest, BTC, -2 * template.DIP)
        await template.decide(rest, BTC, 0.0)
        assert await template.position_of(rest, BTC) == template.QUANTITY
    assert capsys.readouterr().out.startswith("BUY 0.010 at ")


async def output(*arguments: str) -> tuple[int | None, str]:
    """Return the exit code and stderr of a client that ends by itself."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", *arguments, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(PATIENCE_S):
        _, err = await process.communicate()
    return process.returncode, err.decode()


@pytest.mark.parametrize("module", ["clients.template", "clients.bots"])
async def test_a_client_says_how_it_is_started(tmp_path: Path, module: str) -> None:
    for content in ("", "[]", "{}", '{"accounts": [1]}'):
        (tmp_path / "ready.json").write_text(content)
        code, err = await output(module, str(tmp_path / "ready.json"))
        assert code
        assert "ready.json is not the ready file of a venue" in err
        assert "Traceback" not in err
    assert "nowhere is not the ready file" in (await output(module, "nowhere"))[1]
    assert "usage: python -m " + module in (await output(module))[1]
    assert "usage: python -m " + module in (await output(module, "a", "b", "c", "d"))[1]


async def test_the_template_refuses_a_symbol_that_is_not_listed(tmp_path: Path) -> None:
    async with served(settings(tmp_path)) as venue:
        assert await output("clients.template", str(venue.ready_path), "DOGE") == (
            1,
            "Invalid symbol. (-1121, HTTP 400)\n",
        )
        path = str(venue.ready_path)
    code, err = await output("clients.template", path)
    assert (code, err.startswith("POST ")) == (1, True)
