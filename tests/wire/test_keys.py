"""Keys over the wire: several per account, of three kinds and two permissions, with the clients people use."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ccxt
import msgspec
import pytest
from binance.exceptions import BinanceAPIException
from binance_common.configuration import ConfigurationRestAPI
from binance_common.errors import UnauthorizedError
from binance_sdk_derivatives_trading_usds_futures import DerivativesTradingUsdsFutures
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from clients.connect import binance_async_client, binance_client, ccxt_async_exchange, ccxt_pro_exchange
from exchange.composition import READY_NAME, ReadyFile
from exchange.composition import served as serving
from exchange.dialects.binance.door.credentials import KeyKind, Permission
from exchange.runtime.keys import KEYS_PER_ACCOUNT_MAX
from exchange.runtime.settings import Settings
from tests.wire.api_client import api_connected
from tests.wire.conftest import Served
from tests.wire.signed_client import SignedClient
from tests.wire.stream_client import connected

ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RSA = generate_private_key(65_537, 2048)
KINDS = [ED25519, RSA]
MINE = "/accounts/1/keys"
REFUSED = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
PrivateKey = Ed25519PrivateKey | RSAPrivateKey


def public_pem(private: PrivateKey) -> str:
    """Return what its owner registers."""
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(private: PrivateKey) -> str:
    """Return what its owner keeps."""
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


async def issued(served: Served, **body: object) -> dict[str, Any]:
    """Make a key for account 1 and return the answer."""
    made: dict[str, Any] = await served.controlled(MINE, body)
    return made


async def reader(served: Served) -> SignedClient:
    """Open an account with a price to trade at, and return a client whose key may only read."""
    await served.set_index("BTCUSDT", "50000")
    await served.create_account()
    made = await issued(served, permission="read")
    return SignedClient(served.session, served.rest_url, made["apiKey"], made["secretKey"], served.now_ms)


async def test_keys_are_made_listed_without_secrets_and_revoked(served: Served) -> None:
    trader = await served.create_account()
    made = [
        await issued(served),
        await issued(served, permission="read"),
        await issued(served, permission="read", publicKey=public_pem(ED25519)),
        await issued(served, publicKey=public_pem(RSA)),
    ]
    assert [(key["kind"], key["permission"], "secretKey" in key) for key in made] == [
        ("HMAC", "trade", True),
        ("HMAC", "read", True),
        ("ED25519", "read", False),
        ("RSA", "trade", False),
    ]
    listed = (await served.control("GET", MINE)).body
    assert [key["apiKey"] for key in listed] == [trader.api_key, *(key["apiKey"] for key in made)]
    assert {key["accountId"] for key in listed} == {1}
    assert listed[3]["publicKey"] == public_pem(ED25519)
    assert "secret" not in json.dumps(listed).lower()
    gone = made[0]["apiKey"]
    assert (await served.control("DELETE", f"/keys/{gone}")).body == {"apiKey": gone}
    assert (await served.control("DELETE", f"/keys/{gone}")).body == {"code": -9107, "msg": "No such API key."}
    assert gone not in {key["apiKey"] for key in (await served.control("GET", MINE)).body}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/accounts/9/keys", {}, 404, -9102),
        ("/accounts/0/keys", {}, 404, -9102),
        (MINE, {"permission": "write"}, 400, -9101),
        (MINE, {"publicKey": "nonsense"}, 400, -9101),
        (MINE, {"publicKey": 7}, 400, -9101),
        (MINE, {"public_key": ""}, 400, -9101),
        (MINE, [], 400, -9101),
    ],
)
async def test_what_makes_no_key(still: Served, path: str, body: object, status: int, code: int) -> None:
    await still.create_account()
    reply = await still.control("POST", path, body)
    assert (reply.status, reply.code) == (status, code)
    assert len(still.app.keys.all()) == 1


async def test_an_account_has_so_many_keys(still: Served) -> None:
    await still.create_account()
    for _ in range(KEYS_PER_ACCOUNT_MAX - 1):
        await issued(still)
    reply = await still.control("POST", MINE, {})
    assert (reply.status, reply.code) == (409, -9108)


@pytest.mark.parametrize(("method", "path"), [("POST", MINE), ("GET", MINE), ("DELETE", "/keys/x")])
async def test_only_the_admin_token_makes_keys(still: Served, method: str, path: str) -> None:
    await still.create_account()
    for token in ("", "wrong"):
        reply = await still.control(method, path, {}, token=token)
        assert (reply.status, reply.code) == (401, -9100)


async def test_a_revoked_key_opens_nothing(still: Served) -> None:
    trader = await still.create_account()
    await trader.get("/fapi/v3/account")
    await still.control("DELETE", f"/keys/{trader.api_key}")
    reply = await trader.call("GET", "/fapi/v3/account")
    assert (reply.status, reply.body) == (401, REFUSED)


async def test_a_session_ends_with_its_key(served: Served) -> None:
    trader = await served.create_account()
    async with api_connected(served, trader) as api:
        assert (await api.done("session.logon"))["apiKey"] == trader.api_key
        await served.control("DELETE", f"/keys/{trader.api_key}")
        status = await api.done("session.status", signed=False)
    assert (status["apiKey"], status["authorizedSince"]) == (None, None)


CHANGES: list[tuple[str, str, dict[str, object]]] = [
    ("POST", "/fapi/v1/order", {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1"}),
    ("DELETE", "/fapi/v1/order", {"symbol": "BTCUSDT", "orderId": 1}),
    ("DELETE", "/fapi/v1/allOpenOrders", {"symbol": "BTCUSDT"}),
    ("POST", "/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": 5}),
    ("POST", "/fapi/v1/marginType", {"symbol": "BTCUSDT", "marginType": "ISOLATED"}),
    ("POST", "/fapi/v1/positionSide/dual", {"dualSidePosition": "true"}),
    ("POST", "/fapi/v1/multiAssetsMargin", {"multiAssetsMargin": "false"}),
    ("POST", "/sapi/v1/asset/transfer", {"type": "MAIN_UMFUTURE", "asset": "USDT", "amount": "1"}),
]


@pytest.mark.parametrize(("method", "path", "params"), CHANGES)
async def test_a_key_that_may_only_read_changes_nothing(
    still: Served, method: str, path: str, params: dict[str, Any]
) -> None:
    client = await reader(still)
    before = await still.state()
    reply = await client.call(method, path, **params)
    assert (reply.status, reply.body) == (401, REFUSED)
    assert await still.state() == before


async def test_a_key_that_may_only_read_reads_and_hears_its_user_stream(served: Served) -> None:
    client = await reader(served)
    assert (await client.get("/fapi/v3/account"))["availableBalance"] == "10000.00000000"
    listen_key = (await client.call("POST", "/fapi/v1/listenKey", signed=False)).body["listenKey"]
    async with connected(served, f"/private/ws?listenKey={listen_key}") as stream:
        await served.controlled("/accounts/1/deposit", {"amount": "5"})
        assert (await stream.until("ACCOUNT_UPDATE"))["a"]["B"][0]["bc"] == "5.00000000"


async def test_a_key_that_may_only_read_opens_a_session_of_the_websocket_api_and_places_nothing_there(
    served: Served,
) -> None:
    client = await reader(served)
    async with api_connected(served, client) as socket:
        assert (await socket.done("session.logon"))["apiKey"] == client.api_key
        assert (await socket.done("v2/account.status"))["availableBalance"] == "10000.00000000"
        order: dict[str, object] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1"}
        for signed in (True, False):
            order |= {"timestamp": served.now_ms()}
            answer = await socket.ask("order.place", order, signed=signed)
            assert (answer["status"], answer["error"]) == (401, REFUSED)
        await served.control("DELETE", f"/keys/{client.api_key}")
        answer = await socket.ask("v2/account.status", {"timestamp": served.now_ms()}, signed=False)
        assert (answer["status"], answer["error"]) == (401, REFUSED)


async def test_python_binance_and_ccxt_say_in_their_own_words_that_a_key_may_not(served: Served) -> None:
    client = await reader(served)
    keys = (served.rest_url, client.api_key, client.secret_key)
    order: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": 0.1}
    with pytest.raises(BinanceAPIException) as refused:
        await asyncio.to_thread(binance_client(*keys).futures_create_order, **order)
    assert (refused.value.status_code, refused.value.code) == (401, -2015)
    async with ccxt_async_exchange(*keys) as exchange:
        with pytest.raises(ccxt.AuthenticationError, match="-2015"):
            await exchange.create_order("BTC/USDT:USDT", "market", "buy", 0.1)


async def test_the_official_sdk_says_that_a_key_may_not(served: Served) -> None:
    client = await reader(served)
    sdk = DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(
            api_key=client.api_key, api_secret=client.secret_key, base_path=served.rest_url
        )
    )
    with pytest.raises(UnauthorizedError):
        await asyncio.to_thread(sdk.rest_api.change_initial_leverage, symbol="BTCUSDT", leverage=5)


def leverage_of_python_binance(url: str, api_key: str, private: PrivateKey) -> Any:
    """Set the leverage with python-binance, and return the answer."""
    client = binance_client(url, api_key, "unused", private_key=private_pem(private))
    return client.futures_change_leverage(symbol="BTCUSDT", leverage=7)


def leverage_of_the_sdk(url: str, api_key: str, private: PrivateKey) -> Any:
    """Set the leverage with the official SDK, and return the answer."""
    configuration = ConfigurationRestAPI(api_key=api_key, private_key=private_pem(private), base_path=url)
    sdk = DerivativesTradingUsdsFutures(config_rest_api=configuration)
    return sdk.rest_api.change_initial_leverage(symbol="BTCUSDT", leverage=7).data().to_dict()


def leverage_of_ccxt(url: str, api_key: str, private: PrivateKey) -> Any:
    """Set the leverage with ccxt, and return the answer."""

    async def run() -> Any:
        async with ccxt_async_exchange(url, api_key, private_pem(private)) as exchange:
            return await exchange.set_leverage(7, "BTC/USDT:USDT")

    return asyncio.run(run())


@pytest.mark.parametrize("private", KINDS, ids=["ed25519", "rsa"])
@pytest.mark.parametrize("set_leverage", [leverage_of_python_binance, leverage_of_the_sdk, leverage_of_ccxt])
async def test_clients_sign_with_private_keys_of_their_own(
    served: Served, private: PrivateKey, set_leverage: Callable[[str, str, PrivateKey], Any]
) -> None:
    await served.create_account()
    api_key = (await issued(served, publicKey=public_pem(private)))["apiKey"]
    answer = await asyncio.to_thread(set_leverage, served.rest_url, api_key, private)
    assert (answer["symbol"], int(answer["leverage"])) == ("BTCUSDT", 7)


@pytest.mark.parametrize("private", KINDS, ids=["ed25519", "rsa"])
async def test_clients_sign_with_private_keys_on_the_websocket_api(served: Served, private: PrivateKey) -> None:
    await served.create_account()
    api_key = (await issued(served, publicKey=public_pem(private)))["apiKey"]
    async with ccxt_pro_exchange(served.rest_url, api_key, private_pem(private)) as exchange:
        assert (await exchange.fetch_balance_ws())["USDT"]["free"] == 10_000
    client = binance_async_client(served.rest_url, api_key, "unused", private_key=private_pem(private))
    try:
        balances = await client.ws_futures_v2_account_balance()
    finally:
        await client.close_connection()
    assert [row["availableBalance"] for row in balances if row["asset"] == "USDT"] == ["10000.00000000"]


async def test_a_session_begins_with_an_ed25519_key(served: Served) -> None:
    owner = await served.create_account()
    api_key = (await issued(served, publicKey=public_pem(ED25519)))["apiKey"]
    logon: dict[str, object] = {"apiKey": api_key, "timestamp": served.now_ms()}
    text = "&".join(f"{name}={logon[name]}" for name in sorted(logon))
    async with api_connected(served, owner) as socket:
        refused = await socket.ask("session.logon", logon | {"signature": owner.sign(text)}, signed=False)
        assert (refused["status"], refused["error"]["code"]) == (400, -1022)
        signature = base64.b64encode(ED25519.sign(text.encode())).decode()
        assert (await socket.done("session.logon", logon | {"signature": signature}, signed=False))["apiKey"] == api_key
        asked: dict[str, object] = {"timestamp": served.now_ms()}
        assert (await socket.done("account.status", asked, signed=False))["availableBalance"] == "10000.00000000"


async def test_the_ready_file_tells_only_keys_that_trade(tmp_path: Path) -> None:
    settings = Settings(tmp_path, port=0)
    async with serving(settings) as venue:
        (first,) = venue.app.keys.all()
        venue.app.keys.issue(first.account_id, Permission.READ)
        venue.app.keys.register(first.account_id, Permission.TRADE, KeyKind.ED25519, public_pem(ED25519))
        second = venue.app.keys.issue(first.account_id)
    async with serving(settings) as venue:
        told = msgspec.json.decode((tmp_path / READY_NAME).read_bytes(), type=ReadyFile)
        assert [account.api_key for account in told.accounts] == [first.api_key, second.api_key]
        assert len(venue.app.keys.all()) == 4
