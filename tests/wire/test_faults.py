"""Faults through the control API: what is taken, what is refused, and what befalls which request on the wire."""

import asyncio
from typing import Any

import aiohttp
import pytest

from exchange.dialects.binance.door.faults import PENDING_MAX, Fault, FaultKind, error_of
from exchange.dialects.binance.text.errors import DialectError
from exchange.gateway.faults import suffer
from tests.wire.api_client import api_connected
from tests.wire.conftest import Served
from tests.wire.signed_client import Reply, SignedClient

PATHS = [
    ("GET", "/faults"),
    ("POST", "/faults"),
    ("DELETE", "/faults"),
    ("POST", "/streams"),
    ("POST", "/streams/disconnect"),
]
ORDER = "/fapi/v1/order"


async def place(trader: SignedClient, quantity: str = "1") -> Reply:
    """Place an order that rests."""
    order: dict[str, Any] = {
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": quantity,
        "price": "40000",
    }
    return await trader.call("POST", ORDER, symbol="BTCUSDT", **order)


@pytest.mark.parametrize("kind", [FaultKind.REFUSE, FaultKind.UNKNOWN])
async def test_a_fault_keeps_nothing_of_the_requests_that_it_befalls(kind: FaultKind) -> None:
    error = error_of(kind, None, None, 0)
    assert error is not None

    async def do() -> object:
        return None

    depths = set()
    for _ in range(3):
        with pytest.raises(DialectError) as raised:
            await suffer(Fault(kind, error), do)
        depths.add(len(raised.traceback))
    assert len(depths) == 1


@pytest.fixture
async def trader(still: Served) -> SignedClient:
    """Give an account on a venue with a price."""
    await still.set_index("BTCUSDT", "50000")
    return await still.create_account("10000")


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_only_the_admin_token_opens_it(still: Served, method: str, path: str) -> None:
    for token in ("", "wrong", still.admin_token + "x"):
        reply = await still.control(method, path, {}, token=token)
        assert (reply.status, reply.code) == (401, -9100)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, -9101),
        ({"kind": "EXPLODE"}, 400, -9101),
        ({"kind": "REFUSE", "code": -7}, 400, -9101),
        ({"kind": "REFUSE", "request": "LOOK"}, 400, -9101),
        ({"kind": "REFUSE", "times": 0}, 400, -9101),
        ({"kind": "REFUSE", "times": 1_001}, 400, -9101),
        ({"kind": "REFUSE", "retryAfter": -1}, 400, -9101),
        ({"kind": "REFUSE", "msg": "x" * 501}, 400, -9101),
        ({"kind": "DELAY", "delayMs": 60_001}, 400, -9101),
        ({"kind": "REFUSE", "accountId": 77}, 404, -9102),
        ({"kind": "REFUSE", "accountId": 0}, 404, -9102),
        ({"kind": "REFUSE", "account": 1}, 400, -9101),
    ],
)
async def test_what_is_no_fault_is_refused(still: Served, body: dict[str, Any], status: int, code: int) -> None:
    reply = await still.control("POST", "/faults", body)
    assert (reply.status, reply.code) == (status, code)
    assert (await still.control("GET", "/faults")).body == []


async def test_faults_are_bounded_listed_and_let_go(still: Served, trader: SignedClient) -> None:
    await still.controlled("/faults", {"kind": "DELAY", "accountId": 1, "delayMs": 5, "times": 3, "request": "AMEND"})
    for number in range(1, PENDING_MAX):
        assert await still.controlled("/faults", {"kind": "REFUSE"}) == {"pending": number + 1}
    reply = await still.control("POST", "/faults", {"kind": "REFUSE"})
    assert (reply.status, reply.code) == (409, -9106)
    waiting = (await still.control("GET", "/faults")).body
    assert len(waiting) == PENDING_MAX
    assert waiting[0] == {
        "kind": "DELAY",
        "request": "AMEND",
        "accountId": 1,
        "code": -1000,
        "delayMs": 5,
        "times": 3,
    }
    assert (await still.control("DELETE", "/faults")).body == {"pending": 0}
    assert (await place(trader)).status == 200


async def test_the_oldest_that_fits_comes_first_and_reads_pass(still: Served, trader: SignedClient) -> None:
    await still.controlled("/faults", {"kind": "REFUSE", "code": -1121, "request": "CANCEL"})
    await still.controlled("/faults", {"kind": "REFUSE", "code": -2019})
    await still.controlled("/faults", {"kind": "REFUSE", "code": -1003, "retryAfter": 9})
    assert (await trader.call("GET", "/fapi/v1/openOrders")).body == []
    assert (await trader.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=3)).status == 200
    assert (await place(trader)).code == -2019
    limited = await place(trader)
    assert (limited.status, limited.code, limited.headers["Retry-After"]) == (429, -1003, "9")
    assert limited.body["msg"].startswith("Too many requests; current limit is 2400 requests per minute.")
    assert (await trader.call("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")).code == -1121
    assert (await still.control("GET", "/faults")).body == []


async def test_a_lost_answer_is_that_of_an_order_that_was_placed(still: Served, trader: SignedClient) -> None:
    await still.controlled("/faults", {"kind": "UNKNOWN"})
    await still.controlled("/faults", {"kind": "UNKNOWN", "code": -1007})
    await still.controlled("/faults", {"kind": "SILENT"})
    unknown = await place(trader)
    assert (unknown.status, unknown.code) == (503, -1000)
    timed_out = await place(trader)
    assert (timed_out.status, timed_out.code) == (408, -1007)
    with pytest.raises(aiohttp.ClientConnectionError):
        await place(trader)
    assert len((await trader.call("GET", "/fapi/v1/openOrders")).body) == 3


async def test_a_refusal_is_not_told_either_when_the_answer_is_lost(still: Served, trader: SignedClient) -> None:
    await still.controlled("/faults", {"kind": "UNKNOWN"})
    unknown = await place(trader, "1000")
    assert (unknown.status, unknown.code) == (503, -1000)
    assert (await trader.call("GET", "/fapi/v1/openOrders")).body == []


async def test_a_delayed_order_is_on_the_book_before_its_answer(still: Served, trader: SignedClient) -> None:
    await still.controlled("/faults", {"kind": "DELAY", "delayMs": 60_000})
    placing = asyncio.create_task(place(trader))
    async with asyncio.timeout(10):
        while not (await trader.call("GET", "/fapi/v1/openOrders")).body:
            assert not placing.done()
    assert not placing.done()
    placing.cancel()
    await asyncio.gather(placing, return_exceptions=True)


async def test_faults_befall_the_websocket_api_alike(still: Served, trader: SignedClient) -> None:
    order: dict[str, object] = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    order |= {"quantity": "1", "price": "40000"}
    await still.controlled("/faults", {"kind": "REFUSE", "code": -2019})
    await still.controlled("/faults", {"kind": "UNKNOWN"})
    await still.controlled("/faults", {"kind": "SILENT"})
    async with api_connected(still, trader) as api:
        refused = await api.ask("order.place", order)
        assert (refused["status"], refused["error"]["code"]) == (400, -2019)
        unknown = await api.ask("order.place", order)
        assert (unknown["status"], unknown["error"]["code"]) == (503, -1000)
        await api.say({"id": 1, "method": "order.place", "params": api.signed(order)})
        assert (await api.socket.receive()).type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
    assert len(await trader.get("/fapi/v1/openOrders")) == 2


async def test_the_websocket_api_of_an_account_is_disconnected_with_its_streams(still: Served) -> None:
    one, other = await still.create_account(), await still.create_account()
    async with api_connected(still, one) as api, api_connected(still, other) as others:
        await api.done("account.balance")
        await others.done("account.balance")
        assert await still.controlled("/streams/disconnect", {"accountId": 1}) == {"disconnected": 1}
        assert (await api.socket.receive()).type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
        await others.done("account.balance")
