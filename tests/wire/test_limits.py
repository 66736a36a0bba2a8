"""Limits over the wire, under each profile: 429, then 418; headers; who pays; what clients make of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import aiohttp
import ccxt
import pytest
from binance.exceptions import BinanceAPIException
from binance_common.configuration import ConfigurationRestAPI
from binance_common.errors import RateLimitBanError, TooManyRequestsError
from binance_sdk_derivatives_trading_usds_futures import DerivativesTradingUsdsFutures

from clients.connect import binance_client, ccxt_async_exchange
from exchange.core.units import SECOND
from exchange.dialects.binance.door.bans import BAN_MS, REFUSALS_MAX
from tests.runtime.manual_clock import ManualClock
from tests.wire.api_client import api_connected
from tests.wire.conftest import Served, open_served
from tests.wire.signed_client import Reply, SignedClient

START_S = 1_764_000_000  # a full minute, and full five minutes
WEIGHT = "X-MBX-USED-WEIGHT-1M"
ALL_OPEN = "/fapi/v1/openOrders"  # of all symbols: weight 40
CALLS_THAT_FIT = 60


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[Served]:
    """Serve a venue with Binance's own limits on a clock that stands."""
    async with open_served(tmp_path / "data", ManualClock(START_S * SECOND), limits="binance") as opened:
        yield opened


def advance(served: Served, seconds: int) -> None:
    """Let the standing clock move on."""
    clock = served.app.clock
    assert isinstance(clock, ManualClock)
    clock.advance(seconds * SECOND)


async def use_up(client: SignedClient) -> list[Reply]:
    """Use the weight of a minute."""
    return [await client.call("GET", ALL_OPEN) for _ in range(CALLS_THAT_FIT)]


async def get_banned(client: SignedClient) -> list[Reply]:
    """Use the weight of a minute and go on; return what that came to."""
    await use_up(client)
    return [await client.call("GET", ALL_OPEN) for _ in range(REFUSALS_MAX + 1)]


async def test_who_goes_on_after_429_is_banned_for_two_minutes(strict: Served) -> None:
    trader, other = await strict.create_account(), await strict.create_account()
    advance(strict, 20)
    within = await use_up(trader)
    assert [reply.status for reply in within] == [200] * CALLS_THAT_FIT
    assert [reply.headers[WEIGHT] for reply in within[:3]] == ["40", "80", "120"]
    told = [await trader.call("GET", ALL_OPEN) for _ in range(REFUSALS_MAX)]
    assert {(reply.status, reply.code, reply.headers["Retry-After"]) for reply in told} == {(429, -1003, "40")}
    assert told[0].headers[WEIGHT] == "2400"
    until = (START_S + 20) * 1000 + BAN_MS[0]
    ban = f"Way too many requests; IP banned until {until}. Please use the websocket for live updates to avoid bans."
    for client, path in ((trader, ALL_OPEN), (other, "/fapi/v1/order"), (other, "/nowhere")):
        reply = await client.call("GET", path)
        assert (reply.status, reply.body) == (418, {"code": -1003, "msg": ban})
        assert reply.headers["Retry-After"] == "120"
        assert reply.headers[WEIGHT] == "2400"
    advance(strict, 119)
    assert (await other.call("GET", ALL_OPEN)).headers["Retry-After"] == "1"
    advance(strict, 1)
    assert (await trader.call("GET", ALL_OPEN)).status == 200


async def test_a_second_offence_takes_longer(strict: Served) -> None:
    trader = await strict.create_account()
    assert (await get_banned(trader))[-1].headers["Retry-After"] == "120"
    advance(strict, 120)
    assert (await get_banned(trader))[-1].headers["Retry-After"] == "600"


@pytest.mark.parametrize(
    ("limits", "weights"),
    [
        ("binance", ["40", "80", "120", "121"]),
        ("classroom", ["40", "40", "80", "1"]),
        ("off", ["40", "80", "120", "121"]),
    ],
)
async def test_an_address_pays_for_all_its_keys_or_each_key_for_itself(
    tmp_path: Path, limits: str, weights: list[str]
) -> None:
    async with open_served(tmp_path / "data", ManualClock(START_S * SECOND), limits=limits) as venue:
        ann, ben = await venue.create_account(), await venue.create_account()
        replies = [await client.call("GET", ALL_OPEN) for client in (ann, ben, ann)]
        replies.append(await ann.raw("GET", "/fapi/v1/ping", headers={}))
        assert [reply.headers[WEIGHT] for reply in replies] == weights


@pytest.mark.parametrize(("limits", "status", "used"), [("classroom", 429, "2400"), ("off", 200, "3200")])
async def test_elsewhere_nobody_is_banned(tmp_path: Path, limits: str, status: int, used: str) -> None:
    async with open_served(tmp_path / "data", ManualClock(START_S * SECOND), limits=limits) as venue:
        trader, other = await venue.create_account(), await venue.create_account()
        await use_up(trader)
        replies = [await trader.call("GET", ALL_OPEN) for _ in range(2 * REFUSALS_MAX)]
        assert {reply.status for reply in replies} == {status}
        assert replies[-1].headers[WEIGHT] == used
        assert (await other.call("GET", ALL_OPEN)).status == 200


async def test_funding_queries_have_a_counter_of_their_own(strict: Served) -> None:
    trader = await strict.create_account()
    paths = ("/fapi/v1/fundingRate", "/fapi/v1/fundingInfo")
    replies = [await trader.raw("GET", paths[number % 2]) for number in range(501)]
    assert [reply.status for reply in replies] == [200] * 500 + [429]
    assert (replies[-1].code, replies[-1].headers["Retry-After"]) == (-1003, "300")
    assert replies[-1].headers[WEIGHT] == "0"
    assert (await trader.raw("GET", "/fapi/v1/ping")).status == 200


async def test_orders_count_in_two_windows_a_batch_otherwise_and_a_trial_not_at_all(strict: Served) -> None:
    await strict.set_index("BTCUSDT", "50000")
    trader, other = await strict.create_account(), await strict.create_account()
    order: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    order |= {"quantity": "0.001", "price": "49000"}
    counts = []
    for method, path, params in (
        ("POST", "/fapi/v1/order", order),
        ("POST", "/fapi/v1/order/test", order),
        ("POST", "/fapi/v1/order", order | {"price": "1"}),
        ("POST", "/fapi/v1/batchOrders", {"batchOrders": "[]"}),
    ):
        reply = await trader.call(method, path, **params)
        counts.append((reply.headers.get("X-MBX-ORDER-COUNT-10S"), reply.headers.get("X-MBX-ORDER-COUNT-1M")))
    assert counts == [("1", "1"), (None, None), ("2", "2"), ("7", "3")]
    assert (await other.call("POST", "/fapi/v1/order", **order)).headers["X-MBX-ORDER-COUNT-1M"] == "1"


async def test_what_is_told_of_limits_is_the_same_everywhere(strict: Served) -> None:
    trader = await strict.create_account()
    told = (await trader.raw("GET", "/fapi/v1/exchangeInfo")).body["rateLimits"]
    assert [(row["rateLimitType"], row["intervalNum"], row["interval"], row["limit"]) for row in told] == [
        ("REQUEST_WEIGHT", 1, "MINUTE", 2400),
        ("ORDERS", 1, "MINUTE", 1200),
        ("ORDERS", 10, "SECOND", 300),
    ]
    assert await trader.get("/fapi/v1/rateLimit/order") == [told[2], told[1]]
    async with api_connected(strict, trader) as socket:
        weighed = await socket.ask("account.status")
        spent = 1 + 1 + 5 + 5  # the two above, the connection, this request
        assert weighed["rateLimits"] == [told[0] | {"count": spent}]


async def test_requests_of_the_websocket_api_share_the_weight_and_the_ban(strict: Served) -> None:
    trader = await strict.create_account()
    async with api_connected(strict, trader) as socket:
        advance(strict, 60)  # the connection has its weight, too
        await use_up(trader)
        refused = [await socket.ask("account.status") for _ in range(REFUSALS_MAX + 2)]
    assert [(answer["status"], answer["error"]["code"]) for answer in refused] == [
        *[(429, -1003)] * REFUSALS_MAX,
        *[(418, -1003)] * 2,
    ]
    assert (await trader.call("GET", ALL_OPEN)).status == 418


async def status_of_handshake(served: Served, path: str) -> tuple[int, str]:
    """Return what an attempt to open a WebSocket comes to, and its Retry-After."""
    opening: AbstractAsyncContextManager[Any] = served.session.ws_connect(f"{served.ws_url}{path}")
    try:
        async with opening:
            return 101, ""
    except aiohttp.WSServerHandshakeError as error:
        return error.status, error.headers.get("Retry-After", "") if error.headers else ""


async def test_three_hundred_connections_are_tried_in_five_minutes(strict: Served) -> None:
    paths = ("/ws", "/stream", "/private/ws", "/ws-fapi/v1")
    tried = [await status_of_handshake(strict, paths[number % 4]) for number in range(304)]
    assert tried == [(101, "")] * 300 + [(429, "300")] * 4
    assert (await strict.session.get(f"{strict.rest_url}/fapi/v1/ping")).status == 200
    advance(strict, 300)
    assert (await status_of_handshake(strict, "/ws"))[0] == 101


async def test_a_banned_address_opens_no_connection(strict: Served) -> None:
    await get_banned(await strict.create_account())
    assert await status_of_handshake(strict, "/ws") == (418, "120")
    assert await status_of_handshake(strict, "/ws-fapi/v1") == (418, "120")


async def test_clients_say_in_their_own_words_what_is_too_much(strict: Served) -> None:
    trader = await strict.create_account()
    keys = (strict.rest_url, trader.api_key, trader.secret_key)
    sdk = DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(
            api_key=trader.api_key, api_secret=trader.secret_key, base_path=strict.rest_url, retries=0
        )
    )
    await use_up(trader)
    for status, sdk_error in ((429, TooManyRequestsError), (418, RateLimitBanError)):
        if status == 418:
            await get_banned(trader)
        with pytest.raises(BinanceAPIException) as refused:
            await asyncio.to_thread(binance_client(*keys).futures_account)
        assert (refused.value.status_code, refused.value.code) == (status, -1003)
        with pytest.raises(sdk_error):
            await asyncio.to_thread(sdk.rest_api.exchange_information)
        async with ccxt_async_exchange(*keys) as exchange:
            with pytest.raises(ccxt.DDoSProtection, match=f"{status}.*-1003"):
                await exchange.fapiPublicGetTime()
