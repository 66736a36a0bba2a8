"""User streams over real sockets: every way to connect, the order of a fill's messages, filters, keys that end."""

import pytest

from exchange.dialects.binance.streams import listen_keys
from tests.wire.conftest import Served
from tests.wire.signed_client import SignedClient
from tests.wire.stream_client import connected

FILL = ["TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]


async def listen_key(trader: SignedClient) -> str:
    """Return the trader's listen key."""
    reply = await trader.call("POST", "/fapi/v1/listenKey", signed=False)
    assert reply.status == 200
    return str(reply.body["listenKey"])


@pytest.fixture
async def traders(served: Served) -> tuple[SignedClient, SignedClient]:
    """Two traders, the first one offers 0.1 at 50000."""
    await served.set_index("BTCUSDT", "50000")
    maker, taker = await served.create_account("100000"), await served.create_account("100000")
    await maker.limit("SELL", "0.100", "50000")
    return maker, taker


async def test_every_way_to_a_user_stream_tells_a_fill_in_order(
    served: Served, traders: tuple[SignedClient, SignedClient]
) -> None:
    maker, taker = traders
    key = await listen_key(maker)
    async with (
        connected(served, f"/private/ws?listenKey={key}") as by_query,
        connected(served, f"/private/ws/{key}") as by_path,
        connected(served, f"/ws/{key}") as by_old_path,
        connected(served, "/ws") as by_request,
        connected(served, f"/stream?streams={key}") as wrapped,
        connected(served, "/private/stream") as wrapped_by_request,
        connected(served, f"/private/ws?listenKey={key}&events=ORDER_TRADE_UPDATE/MARGIN_CALL") as filtered,
    ):
        for client in (by_request, wrapped_by_request):
            assert (await client.ask("SUBSCRIBE", [key]))["result"] is None
        await taker.market("BUY", "0.040")
        raw = [[await client.next() for _ in FILL] for client in (by_query, by_path, by_old_path, by_request)]
        framed = [[await client.next() for _ in FILL] for client in (wrapped, wrapped_by_request)]
        only = await filtered.next()
    assert all([event["e"] for event in events] == FILL for events in raw)
    assert raw[0] == raw[1] == raw[2] == raw[3]
    assert framed[0] == framed[1] == [{"stream": key, "data": event} for event in raw[0]]
    assert only == raw[0][2]


async def test_events_agree_with_the_answer_and_with_the_account(
    served: Served, traders: tuple[SignedClient, SignedClient]
) -> None:
    _, taker = traders
    async with connected(served, f"/private/ws?listenKey={await listen_key(taker)}") as client:
        answer = await taker.market("BUY", "0.040")
        new, _, account, trade = [await client.next() for _ in ("ORDER_TRADE_UPDATE", *FILL)]
        assert (new["o"]["x"], new["o"]["i"]) == ("NEW", answer["orderId"])
        assert (trade["o"]["X"], trade["o"]["z"], trade["o"]["ap"]) == (
            "FILLED",
            answer["executedQty"],
            answer["avgPrice"],
        )
        [position] = await taker.get("/fapi/v2/positionRisk", symbol="BTCUSDT")
        [told] = account["a"]["P"]
        assert (told["pa"], told["ep"]) == (position["positionAmt"], position["entryPrice"])
        [balance] = await taker.get("/fapi/v2/balance")
        assert account["a"]["B"][0]["wb"] == balance["balance"]


async def test_an_account_hears_nothing_of_another(served: Served, traders: tuple[SignedClient, SignedClient]) -> None:
    maker, taker = traders
    async with connected(served, f"/ws/{await listen_key(maker)}") as client:
        await taker.limit("BUY", "0.010", "49000")
        await maker.post("/fapi/v1/leverage", symbol="BTCUSDT", leverage="25")
        assert await client.next() | {"E": 0, "T": 0} == {
            "e": "ACCOUNT_CONFIG_UPDATE",
            "E": 0,
            "T": 0,
            "ac": {"s": "BTCUSDT", "l": 25},
        }


async def test_a_key_that_runs_out_says_so_and_is_a_stream_no_more(
    served: Served, traders: tuple[SignedClient, SignedClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    maker, _ = traders
    monkeypatch.setattr(listen_keys, "LISTEN_KEY_MS", 300)
    key = await listen_key(maker)
    async with connected(served, f"/ws/{key}") as client:
        last = await client.next()
        assert (last["e"], last["listenKey"], type(last["E"])) == ("listenKeyExpired", key, int)
        assert (await client.ask("SUBSCRIBE", [key]))["error"]["code"] == 2
    reply = await maker.call("PUT", "/fapi/v1/listenKey", signed=False)
    assert (reply.status, reply.code) == (400, -1125)


async def test_a_key_ended_by_its_owner_hears_no_more(
    served: Served, traders: tuple[SignedClient, SignedClient]
) -> None:
    maker, taker = traders
    key = await listen_key(maker)
    async with connected(served, f"/ws/{key}") as ended, connected(served, "/ws") as other:
        assert (await maker.call("DELETE", "/fapi/v1/listenKey", signed=False)).body == {}
        assert (await ended.next())["e"] == "listenKeyExpired"
        again = await listen_key(maker)
        assert again != key
        await other.ask("SUBSCRIBE", [again])
        await taker.market("BUY", "0.010")
        assert [(await other.next())["e"] for _ in FILL] == FILL
        assert await ended.next_after("LIST_SUBSCRIPTIONS") == {"result": [key], "id": 1}


async def test_a_listen_key_needs_an_api_key(served: Served) -> None:
    async with served.session.post(f"{served.rest_url}/fapi/v1/listenKey") as response:
        assert response.status == 401
