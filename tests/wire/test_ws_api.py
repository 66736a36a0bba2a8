"""The WebSocket API on real sockets: every method answers as REST does, signatures, sessions, ids, rate limits."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from exchange.dialects.binance.ws_api import METHODS
from exchange.gateway import connection, ws_api
from tests.dialect.test_story import SHAPES, differences
from tests.wire.api_client import ApiClient, api_connected
from tests.wire.conftest import Served
from tests.wire.signed_client import SignedClient
from tests.wire.stream_client import connected

BTC: dict[str, object] = {"symbol": "BTCUSDT"}
ORDER: dict[str, object] = {
    **BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "49000"
}  # fmt: skip
WEIGHT = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400}
TOO_BIG = 1009


@pytest.fixture
async def trader(served: Served) -> SignedClient:
    """An account with money, and BTCUSDT at 50000."""
    await served.set_index("BTCUSDT", "50000")
    return await served.create_account("100000")


def shape(name: str) -> Any:
    """Return the sample of an answer."""
    return json.loads((SHAPES / f"wsapi-{name}.json").read_text("utf-8"))


async def test_an_order_lives_by_the_websocket_api_alone(served: Served, trader: SignedClient) -> None:
    async with api_connected(served, trader) as api:
        placed = await api.ask("order.place", {**ORDER, "newClientOrderId": "mine"})
        assert list(placed) == list(shape("order.place"))
        assert list(differences(shape("order.place")["result"], placed["result"], "order.place")) == []
        assert [row["count"] for row in placed["rateLimits"]] == [1, 1]
        assert [list(row) for row in placed["rateLimits"]] == [list(row) for row in shape("order.place")["rateLimits"]]
        reference = {**BTC, "orderId": placed["result"]["orderId"]}
        change = {"side": "BUY", "quantity": 0.2, "price": 48000.5}
        amended = await api.done("order.modify", {**reference, **change})
        assert (amended["price"], amended["origQty"]) == ("48000.50", "0.200")
        assert (await api.done("order.status", reference))["status"] == "NEW"
        by_rest = await trader.get("/fapi/v1/order", **reference)
        assert await api.done("order.status", {**BTC, "origClientOrderId": "mine"}) == by_rest
        cancelled = await api.done("order.cancel", reference)
        assert (cancelled["status"], cancelled["clientOrderId"]) == ("CANCELED", "mine")
        answer = await api.ask("order.cancel", reference)
    assert (answer["status"], answer["error"]) == (400, {"code": -2011, "msg": "Unknown order sent."})
    assert list(answer) == list(shape("error"))


@pytest.mark.parametrize("method", [name for name in METHODS if name.split("/")[-1].startswith("account.")])
async def test_account_methods_answer_as_their_rest_route(served: Served, trader: SignedClient, method: str) -> None:
    await trader.limit("BUY", "0.1", "49000")
    rest = await trader.get(METHODS[method][1])
    async with api_connected(served, trader) as api:
        answer = await api.ask(method)
    assert without_times(answer["result"]) == without_times(rest)
    assert [row | {"count": 0} for row in answer["rateLimits"]] == [WEIGHT | {"count": 0}]


def without_times(value: Any) -> Any:
    """Return an answer without what the clock adds to it."""
    if isinstance(value, list):
        return [without_times(row) for row in value]
    if isinstance(value, dict):
        return {name: without_times(part) for name, part in value.items() if name not in {"updateTime", "time", "E"}}
    return value


@pytest.mark.parametrize("signed", [True, False])
async def test_market_data_is_answered_signed_or_not(served: Served, trader: SignedClient, signed: bool) -> None:
    await trader.limit("BUY", "0.1", "49000")
    async with api_connected(served, trader) as api:
        depth = await api.done("depth", {**BTC, "limit": 5}, signed=signed)
        book = await api.done("ticker.book", BTC, signed=signed)
        price = await api.done("ticker.price", BTC, signed=signed)
        books = await api.done("ticker.book", {}, signed=signed)
    assert (depth["bids"], depth["asks"]) == ([["49000.00", "0.100"]], [])
    assert list(depth) == list(shape("depth")["result"])
    assert (book["symbol"], book["bidPrice"], type(book["lastUpdateId"])) == ("BTCUSDT", "49000.00", int)
    assert price["symbol"] == "BTCUSDT"
    assert {row["symbol"] for row in books} == {"BTCUSDT", "ETHUSDT"}


async def test_a_listen_key_needs_the_api_key_alone_and_opens_the_user_stream(
    served: Served, trader: SignedClient
) -> None:
    only_key: dict[str, object] = {"apiKey": trader.api_key}
    async with api_connected(served, trader) as api:
        key = (await api.done("userDataStream.start", only_key, signed=False))["listenKey"]
        assert await api.done("userDataStream.ping", only_key, signed=False) == {"listenKey": key}
        async with connected(served, f"/private/ws?listenKey={key}") as stream:
            placed = await api.done("order.place", ORDER)
            assert (await stream.until("ORDER_TRADE_UPDATE"))["o"]["i"] == placed["orderId"]
        assert await api.done("userDataStream.stop", only_key, signed=False) == {}
        assert (await api.ask("userDataStream.ping", only_key, signed=False))["error"]["code"] == -1125


async def test_a_session_speaks_without_key_and_signature(served: Served, trader: SignedClient) -> None:
    async with api_connected(served, trader) as api:
        assert (await api.ask("order.place", {**ORDER, "timestamp": served.now_ms()}, signed=False))["status"] == 401
        nobody = await api.done("session.status", signed=False)
        assert (nobody["apiKey"], nobody["authorizedSince"]) == (None, None)
        logon = await api.done("session.logon")
        assert list(logon) == list(shape("session.logon")["result"])
        assert logon["apiKey"] == trader.api_key
        assert nobody["connectedSince"] == logon["connectedSince"] <= logon["authorizedSince"] <= logon["serverTime"]
        placed = await api.done("order.place", {**ORDER, "timestamp": served.now_ms()}, signed=False)
        assert placed["status"] == "NEW"
        stale = await api.ask("v2/account.balance", {"timestamp": 1}, signed=False)
        assert stale["error"]["code"] == -1021
        assert (await api.ask("v2/account.balance", {}, signed=False))["error"]["code"] == -1102
        assert (await api.done("session.logout", signed=False))["apiKey"] is None
        assert (await api.ask("order.place", {**ORDER, "timestamp": served.now_ms()}, signed=False))["status"] == 401


async def test_requests_sent_right_after_a_logon_are_already_those_of_the_session(
    served: Served, trader: SignedClient
) -> None:
    async with api_connected(served, trader) as api:
        await api.say({"id": "a", "method": "session.logon", "params": api.signed({})})
        await api.say({"id": "b", "method": "v2/account.balance", "params": {"timestamp": served.now_ms()}})
        answers = [await api.heard(), await api.heard()]
    assert [(answer["id"], answer["status"]) for answer in answers] == [("a", 200), ("b", 200)]


async def test_requests_sent_right_before_a_logout_are_still_those_of_the_session(
    served: Served, trader: SignedClient
) -> None:
    async with api_connected(served, trader) as api:
        await api.done("session.logon")
        for number in range(3):
            params = {**ORDER, "price": f"4900{number}", "timestamp": served.now_ms()}
            await api.say({"id": f"order {number}", "method": "order.place", "params": params})
        await api.say({"id": "logout", "method": "session.logout"})
        answers = [await api.heard() for _ in range(4)]
    assert {answer["id"]: answer["status"] for answer in answers} == {
        "order 0": 200,
        "order 1": 200,
        "order 2": 200,
        "logout": 200,
    }


@pytest.mark.parametrize("request_id", ["1", 1, 0, None, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", 1_764_000_000_123, -4])
async def test_the_id_is_echoed_with_its_type(served: Served, trader: SignedClient, request_id: object) -> None:
    async with api_connected(served, trader) as api:
        for method in ("ticker.price", "no.such"):
            await api.say({"id": request_id, "method": method, "params": BTC})
            answer = await api.heard()
            assert (answer["id"], type(answer["id"])) == (request_id, type(request_id))


@pytest.mark.parametrize(
    ("message", "echoed", "status", "code"),
    [
        ("{broken", None, 400, -1130),
        ("[1]", None, 400, -1130),
        ("[" * 60_000, None, 400, -1130),
        ('{"id": 1.5, "method": "depth"}', None, 400, -1130),
        ('{"id": true, "method": "depth"}', None, 400, -1130),
        ('{"id": 99999999999999999999, "method": "depth"}', None, 400, -1130),
        ('{"id": "\\ud800", "method": "depth"}', None, 400, -1130),
        ('{"id": 3, "method": "\\ud800"}', None, 400, -1130),
        ('{"id": 3, "method": "depth", "params": {"limit": NaN}}', None, 400, -1130),
        ('{"id": 3, "method": "depth", "params": {"limit": 1e999999}}', None, 400, -1130),
        ('{"id": 3, "method": "depth", "params": {"symbol": ["BTCUSDT"]}}', 3, 400, -1121),
        ('{"id": 3}', 3, 400, -1102),
        ('{"id": 3, "method": "depth", "params": []}', 3, 400, -1130),
        ('{"id": "x", "method": "order.dance", "params": {}}', "x", 404, -5000),
        ('{"id": 4, "method": "depth", "params": {"symbol": "DOGEUSDT"}}', 4, 400, -1121),
        ('{"id": 4, "method": "depth"}', 4, 400, -1102),
    ],
)
async def test_a_bad_request_is_answered_and_the_connection_stays(
    served: Served, trader: SignedClient, message: str, echoed: object, status: int, code: int
) -> None:
    async with api_connected(served, trader) as api:
        await api.say(message)
        answer = await api.heard()
        assert (answer["id"], answer["status"], answer["error"]["code"]) == (echoed, status, code)
        assert [row["rateLimitType"] for row in answer["rateLimits"]] == ["REQUEST_WEIGHT"]
        assert (await api.done("ticker.price", BTC, signed=False))["symbol"] == "BTCUSDT"


async def test_numbers_and_booleans_are_what_the_client_wrote_and_signed(served: Served, trader: SignedClient) -> None:
    async with api_connected(served, trader) as api:
        sent = f'"apiKey":"{trader.api_key}","price":49000.10,"quantity":0.010,"reduceOnly":false,"side":"BUY"'
        sent += f',"symbol":"BTCUSDT","timeInForce":"GTC","timestamp":{served.now_ms()},"type":"LIMIT"'
        text = sent.replace('"', "").replace(":", "=").replace(",", "&")
        await api.say(f'{{"id":"7","method":"order.place","params":{{{sent},"signature":"{api.sign(text)}"}}}}')
        answer = await api.heard()
    assert answer["status"] == 200, answer
    assert (answer["result"]["price"], answer["result"]["origQty"]) == ("49000.10", "0.010")


async def test_parameters_that_nobody_knows_are_signed_and_passed_over(served: Served, trader: SignedClient) -> None:
    async with api_connected(served, trader) as api:
        placed = await api.done("order.place", {**ORDER, "stopLossPrice": 48000.5, "returnRateLimits": False})
    assert placed["status"] == "NEW"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"signature": "0" * 64}, -1022),
        ({"signature": 5}, -1022),
        ({"signature": None}, -1102),
        ({"quantity": "0.2"}, -1022),
        ({"apiKey": "unknown"}, -2015),
        ({"apiKey": "no key!"}, -2014),
        ({"apiKey": None}, -2014),
        ({"timestamp": None}, -1102),
    ],
)
async def test_what_is_wrongly_signed_is_refused(
    served: Served, trader: SignedClient, change: dict[str, object], code: int
) -> None:
    async with api_connected(served, trader) as api:
        answer = await api.ask("order.place", {**api.signed(ORDER), **change}, signed=False)
    assert answer["error"]["code"] == code
    assert answer["status"] == (401 if code in {-2014, -2015} else 400)


async def test_rate_limits_are_left_out_when_nobody_wants_them(served: Served, trader: SignedClient) -> None:
    async with api_connected(served, trader) as api:
        assert "rateLimits" in await api.ask("ticker.price", BTC)
        for unwanted in (False, "false"):
            assert "rateLimits" not in await api.ask("ticker.price", {**BTC, "returnRateLimits": unwanted})
            assert "rateLimits" not in await api.ask("order.place", {"returnRateLimits": unwanted})
    async with api_connected(served, trader, "/ws-fapi/v1?returnRateLimits=false") as api:
        assert "rateLimits" not in await api.ask("ticker.price", BTC)
        assert "rateLimits" in await api.ask("ticker.price", {**BTC, "returnRateLimits": True})
        assert (await api.done("session.status", signed=False))["returnRateLimits"] is False


async def test_weight_is_counted_with_that_of_rest_and_refused_with_when_to_come_again(
    served: Served, trader: SignedClient
) -> None:
    async with api_connected(served, trader) as api:
        before = (await api.ask("v2/account.balance"))["rateLimits"][0]["count"]
        reply = await trader.call("GET", "/fapi/v3/balance")
        assert int(reply.headers["X-MBX-USED-WEIGHT-1M"]) == before + 5
        answers = [await api.ask("v2/account.balance") for _ in range(480)]
    refused = answers[-1]
    assert (refused["status"], refused["error"]["code"]) == (429, -1003)
    data = refused["error"]["data"]
    assert 0 < data["retryAfter"] - data["serverTime"] <= 60_000
    assert refused["rateLimits"][0]["count"] <= 2400


async def test_orders_sent_in_one_go_are_done_in_order_and_all_answered(served: Served, trader: SignedClient) -> None:
    async with api_connected(served, trader) as api:
        for number in range(30):
            order = {**ORDER, "newClientOrderId": f"n-{number}"}
            await api.say({"id": f"{number}", "method": "order.place", "params": api.signed(order)})
        answers = {answer["id"]: answer["result"] for answer in [await api.heard() for _ in range(30)]}
    ids = [answers[f"{number}"]["orderId"] for number in range(30)]
    assert ids == sorted(ids)
    assert [answers[f"{number}"]["clientOrderId"] for number in range(30)] == [f"n-{number}" for number in range(30)]


async def test_a_connection_has_a_bounded_number_of_unanswered_requests(
    served: Served, trader: SignedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ws_api, "UNANSWERED_MAX", 2)
    async with api_connected(served, trader) as api:
        for number in range(20):
            await api.say({"id": number, "method": "v2/account.balance", "params": api.signed({})})
        answers = [await api.heard() for _ in range(20)]
    assert sorted(answer["id"] for answer in answers) == list(range(20))
    assert {answer["status"] for answer in answers} == {200}


async def test_an_order_whose_sender_leaves_is_done_all_the_same(served: Served, trader: SignedClient) -> None:
    async with api_connected(served, trader) as api:
        await api.say({"id": 1, "method": "order.place", "params": api.signed({**ORDER, "newClientOrderId": "last"})})
    async with api_connected(served, trader) as api:
        async with asyncio.timeout(10):
            while (await api.ask("order.status", {**BTC, "origClientOrderId": "last"}))["status"] != 200:
                pass


async def test_how_connections_are_opened_and_refused(
    served: Served, trader: SignedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with api_connected(served, trader, "/ws-fapi/v1/") as api:
        assert (await api.done("ticker.price", BTC, signed=False))["symbol"] == "BTCUSDT"
        await api.say("x" * (connection.MESSAGE_BYTES_MAX + 1))
        message = await api.socket.receive()
        assert message.data == TOO_BIG
    async with served.session.get(f"{served.rest_url}/ws-fapi/v1") as response:
        assert (response.status, (await response.json())["code"]) == (426, -1000)
    monkeypatch.setattr(connection, "CONNECTIONS_MAX", 0)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await served.session.ws_connect(f"{served.ws_url}/ws-fapi/v1")
    assert refused.value.status == 503


async def test_pings_are_answered(served: Served, trader: SignedClient) -> None:
    async with served.session.ws_connect(f"{served.ws_url}/ws-fapi/v1", autoping=False) as socket:
        await socket.ping(b"there?")
        message = await socket.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, b"there?")
        api = ApiClient(socket, trader)
        assert (await api.done("v2/account.balance"))[0]["asset"] == "USDT"


async def test_a_conditional_order_is_placed_and_cancelled(served: Served, trader: SignedClient) -> None:
    stop = {**BTC, "side": "SELL", "type": "STOP_MARKET", "quantity": "0.1", "triggerPrice": "45000"}
    async with api_connected(served, trader) as api:
        placed = await api.done("algoOrder.place", {**stop, "algoType": "CONDITIONAL", "stopLossPrice": 45000})
        assert list(differences(shape("algoOrder.place")["result"], placed, "algoOrder.place")) == []
        cancelled = await api.done("algoOrder.cancel", {"algoId": placed["algoId"]})
        assert cancelled == {
            "algoId": placed["algoId"], "clientAlgoId": placed["clientAlgoId"], "code": "200", "msg": "success"
        }  # fmt: skip
        assert (await api.ask("algoOrder.cancel", {"algoId": placed["algoId"]}))["error"]["code"] == -2011


def test_every_sample_of_the_websocket_api_is_of_a_method_that_is_served() -> None:
    samples = {path.stem.removeprefix("wsapi-").replace("v2-", "v2/") for path in SHAPES.glob("wsapi-*.json")}
    assert len(samples) > len(METHODS) // 2
    methods = samples - {"error", "order.place-request"}
    assert methods <= {*METHODS, "session.logon", "session.status", "session.logout"}
