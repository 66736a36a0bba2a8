"""Stream connections on real sockets: paths, framing, control messages, what closes a connection, slow readers."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web import BaseRequest, WebSocketResponse

from exchange.core.commands import Annotate, CancelOrder, CreateAccount, PlaceOrder, SetIndexPrice
from exchange.core.enums import OrderType, Side
from exchange.core.events import Rejected
from exchange.core.units import Atoms, Lots, Ticks
from exchange.dialects.binance.streams.table import STREAMS_MAX
from exchange.gateway import connection, streams
from exchange.gateway.fanout import Fanout, Reader
from exchange.gateway.server import Serving, serve
from exchange.runtime.app import open_app
from exchange.runtime.settings import Settings
from tests.wire.conftest import Served, stop_loudly
from tests.wire.stream_client import WAIT_SECONDS_MAX, connected

ROOTS = ["", "/public", "/market", "/private"]
INDEX = "btcusdt@markPrice@1s"
POLICY_VIOLATION, TOO_BIG, GOING_AWAY = 1008, 1009, 1001


@dataclass(slots=True)
class Market(Served):
    """A venue with a rich account 1 and BTCUSDT at 50000, and what serves it."""

    serving: Serving

    @property
    def last_order_id(self) -> int:
        """The id of the newest order."""
        return self.app.venue.state.next_order_id - 1

    @property
    def fanout(self) -> Fanout:
        """The streams at work."""
        return self.serving.runner.app[streams.FANOUT]

    def connections(self) -> list[streams.StreamConnection]:
        """Return the open stream connections."""
        opened = self.serving.runner.app[connection.CONNECTIONS]
        return [one for one in opened if isinstance(one, streams.StreamConnection)]

    async def quote(self, price: int = 490_000) -> None:
        """Change the book."""
        order = PlaceOrder(1, "BTCUSDT", Side.BUY, OrderType.LIMIT, Lots(10), Ticks(price))
        applied = await self.app.sequencer.submit(order)
        assert not isinstance(applied.events[0], Rejected), applied.events


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Market]:
    """Serve such a venue."""
    app = open_app(Settings(data_folder=tmp_path / "data", index="manual"), on_fatal=stop_loudly)
    await app.start()
    serving = await serve(app, "127.0.0.1", 0)
    address = f"127.0.0.1:{serving.port}"
    await app.sequencer.submit(CreateAccount("rich", Atoms(10**16)))
    await app.sequencer.submit(SetIndexPrice("BTCUSDT", Ticks(500_000)))
    async with aiohttp.ClientSession() as session:
        yield Market(app, f"http://{address}", f"ws://{address}", app.admin_token, session, serving)
    await serving.stop()
    await app.close()


EMPTY = "0.00"  # the best price of a side without orders


@pytest.mark.parametrize("root", ROOTS)
async def test_every_root_serves_every_form(market: Market, root: str) -> None:
    name = "btcusdt@bookTicker"
    async with (
        connected(market, f"{root}/ws/{name}") as raw,
        connected(market, f"{root}/stream?streams={name}/btcusdt@trade") as wrapped,
        connected(market, f"{root}/ws/0") as counted,
        connected(market, f"{root}/stream") as bare,
        connected(market, f"{root}/ws") as plain,
    ):
        for client in (counted, bare, plain):
            assert await client.ask("SUBSCRIBE", [name]) == {"result": None, "id": 1}
        await market.quote()
        events = []
        for client in (raw, counted, plain):
            while (event := await client.until("bookTicker"))["b"] == EMPTY:  # told if a tick came before the quote
                pass
            events.append(event)
        framed = []
        for client in (wrapped, bare):
            while (message := await client.next())["data"]["b"] == EMPTY:
                pass
            framed.append(message)
    assert [message["stream"] for message in framed] == [name, name]
    assert events[0] == events[1] == events[2] == framed[0]["data"] == framed[1]["data"]


async def test_unknown_names_in_a_path_are_passed_over(market: Market) -> None:
    async with connected(market, f"/ws/nothing/{INDEX}/dogeusdt@trade") as client:
        assert await client.ask("LIST_SUBSCRIPTIONS") == {"result": [INDEX], "id": 1}


@pytest.mark.parametrize("request_id", [7, 0, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", None, 1_764_000_000_123])
async def test_the_answer_has_the_id_of_the_request(market: Market, request_id: object) -> None:
    async with connected(market, "/ws") as client:
        answer = await client.ask("SUBSCRIBE", [INDEX], request_id)
    assert answer == {"result": None, "id": request_id}
    assert type(answer["id"]) is type(request_id)


async def test_the_acknowledgement_comes_before_the_first_event(market: Market) -> None:
    async with connected(market, "/ws") as client:
        await client.socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@bookTicker"], "id": 3})
        await market.quote()
        assert await client.next() == {"result": None, "id": 3}
        assert (await client.next())["e"] == "bookTicker"


async def test_what_is_subscribed_can_be_listed_and_left(market: Market) -> None:
    async with connected(market, "/ws") as client:
        await client.ask("SUBSCRIBE", ["btcusdt@trade", INDEX])
        await client.ask("SUBSCRIBE", [INDEX, "btcusdt@depth"])
        assert (await client.ask("LIST_SUBSCRIPTIONS"))["result"] == ["btcusdt@trade", INDEX, "btcusdt@depth"]
        assert (await client.ask("UNSUBSCRIBE", ["btcusdt@trade", INDEX, "never@had"]))["result"] is None
        assert (await client.ask("LIST_SUBSCRIPTIONS"))["result"] == ["btcusdt@depth"]


async def test_the_property_combined_turns_framing_on_and_off(market: Market) -> None:
    async with connected(market, "/ws/btcusdt@bookTicker") as client:
        assert (await client.ask("GET_PROPERTY", ["combined"]))["result"] is False
        assert (await client.ask("SET_PROPERTY", ["combined", True]))["result"] is None
        assert (await client.ask("GET_PROPERTY", ["combined"]))["result"] is True
        await market.quote()
        assert (await client.next())["stream"] == "btcusdt@bookTicker"
        await client.ask("SET_PROPERTY", ["combined", False])
        await market.quote(490_010)
        assert (await client.next())["e"] == "bookTicker"


@pytest.mark.parametrize(
    ("message", "echoed"),
    [
        ("{broken", None),
        ('{"method":"SUBSCRIBE","params":["not a stream"],"id":4}', 4),
        ('{"method":"SUBSCRIBE","params":["btcusdt@trade","anExpiredListenKey"],"id":"a"}', "a"),
        ('{"method":"SUBSCRIBE","params":[],"id":5}', 5),
        ('{"method":"DANCE","params":[],"id":0}', 0),
    ],
)
async def test_a_bad_request_is_answered_and_the_connection_stays(market: Market, message: str, echoed: object) -> None:
    async with connected(market, "/ws") as client:
        await client.socket.send_str(message)
        answer = await client.next()
        assert (answer["error"]["code"], answer["id"]) == (2, echoed)
        assert answer["error"]["msg"].startswith("Invalid request: ")
        assert (await client.ask("LIST_SUBSCRIPTIONS"))["result"] == []


async def test_a_name_that_only_looks_like_a_stream_is_taken_and_says_nothing(market: Market) -> None:
    """So does the real venue: it answers null to a contract that is not listed."""
    async with connected(market, "/ws") as client:
        names = ["dogeusdt@trade", "btcusdt@nothing", "!assetIndex@arr", "tradingSession", "btcusdt@bookTicker"]
        assert await client.ask("SUBSCRIBE", names) == {"result": None, "id": 1}
        assert (await client.ask("LIST_SUBSCRIPTIONS"))["result"] == names
        await market.quote()
        assert (await client.next())["e"] == "bookTicker"
        assert (await client.ask("UNSUBSCRIBE", names))["result"] is None
        assert (await client.ask("LIST_SUBSCRIPTIONS"))["result"] == []


async def test_a_connection_holds_a_bounded_number_of_streams(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    assert STREAMS_MAX == 1024
    monkeypatch.setattr(streams, "STREAMS_MAX", 2)
    async with connected(market, "/ws") as client:
        await client.ask("SUBSCRIBE", ["btcusdt@trade", INDEX])
        answer = await client.ask("SUBSCRIBE", ["btcusdt@depth"], 9)
        assert (answer["error"]["code"], answer["id"]) == (2, 9)
        assert (await client.ask("SUBSCRIBE", [INDEX]))["result"] is None


async def test_too_many_messages_close_the_connection(market: Market) -> None:
    async with connected(market, "/ws") as client:
        for number in range(streams.MESSAGES_PER_SECOND_MAX + 1):
            await client.socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
        assert await client.close_code() == POLICY_VIOLATION


async def test_an_oversized_message_closes_the_connection(market: Market) -> None:
    async with connected(market, "/ws") as client:
        await client.socket.send_str("x" * (connection.MESSAGE_BYTES_MAX + 1))
        assert await client.close_code() == TOO_BIG


async def test_a_path_of_streams_asked_for_without_a_websocket_is_a_json_error(market: Market) -> None:
    for path in ("/ws", "/public/stream?streams=btcusdt@trade", "/private/ws/x"):
        async with market.session.get(f"{market.rest_url}{path}") as response:
            assert (response.status, response.content_type) == (426, "application/json")
            assert (await response.json())["code"] == -1000


async def test_the_number_of_connections_is_bounded(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECTIONS_MAX", 1)
    async with connected(market, "/ws"):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await market.session.ws_connect(f"{market.ws_url}/ws")
    assert refused.value.status == 503


async def test_a_connection_counts_from_before_its_handshake(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, prepare = asyncio.Event(), WebSocketResponse.prepare

    async def held(response: WebSocketResponse, request: BaseRequest) -> AbstractStreamWriter | None:
        await gate.wait()
        return await prepare(response, request)

    monkeypatch.setattr(connection, "CONNECTIONS_MAX", 1)
    monkeypatch.setattr(WebSocketResponse, "prepare", held)
    both = [asyncio.create_task(market.session.ws_connect(f"{market.ws_url}/ws")) for _ in range(2)]
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        [refused], [waiting] = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await refused
    gate.set()
    await (await waiting).close()


async def test_a_connection_whose_begin_fails_is_let_go(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = Fanout.join

    def index_fails(fanout: Fanout, name: str, reader: Reader) -> None:
        begin(fanout, name, reader)
        if name == INDEX:
            raise LookupError(name)

    monkeypatch.setattr(Fanout, "join", index_fails)
    async with connected(market, f"/ws/btcusdt@trade/{INDEX}") as client:
        await client.close_code()
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while market.connections() or market.fanout._markets:
            await market.app.sequencer.submit(Annotate("test", "time goes by"))


async def test_a_ping_is_answered_and_pings_are_sent(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PING_SECONDS", 0.01)
    async with connected(market, "/ws", autoping=False) as client:
        await client.socket.ping(b"there?")
        kinds: dict[WSMsgType, object] = {}
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while not {WSMsgType.PING, WSMsgType.PONG} <= set(kinds):
                message = await client.socket.receive()
                kinds[message.type] = message.data
        assert kinds[WSMsgType.PONG] == b"there?"


async def test_without_pongs_the_connection_is_closed(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PING_SECONDS", 0.01)
    monkeypatch.setattr(connection, "PONG_SECONDS_MAX", 0.05)
    async with connected(market, "/ws", autoping=False) as client:
        assert await client.close_code() == POLICY_VIOLATION


async def test_a_connection_ends_when_its_day_is_over(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PING_SECONDS", 0.01)
    monkeypatch.setattr(connection, "LIFE_SECONDS_MAX", 0.05)
    async with connected(market, "/ws") as client:
        assert await client.close_code() == GOING_AWAY


async def test_a_reader_that_does_not_read_is_closed_and_nobody_waits_for_it(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "QUEUE_BYTES_MAX", 20_000)
    monkeypatch.setattr(connection, "SEND_BUFFER_BYTES", 4_096)
    slow = await deaf_reader(market, "/ws/btcusdt@depth20@0ms/btcusdt@depth@0ms")
    async with connected(market, "/ws/btcusdt@depth@0ms") as quick:
        [served_slow] = [one for one in market.connections() if len(one._names) == 2]
        for level in range(20):
            await market.quote(480_000 + level)
        while not served_slow._closing.is_set():
            await market.quote(479_990)
            await market.app.sequencer.submit(CancelOrder(1, "BTCUSDT", order_id=market.last_order_id))
            assert served_slow._queued_bytes <= 20_000
        update_id = 2 * market.app.venue.state.markets["BTCUSDT"].book_update_id
        while (await quick.next())["u"] < update_id:
            pass
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while served_slow in market.connections():
                await market.app.sequencer.submit(Annotate("test", "time goes by"))
        assert len(market.connections()) == 1
    slow.close()


async def test_of_states_a_slow_reader_gets_the_latest_and_its_memory_is_bounded(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "QUEUE_BYTES_MAX", 20_000)
    monkeypatch.setattr(connection, "SEND_BUFFER_BYTES", 4_096)
    names = ["btcusdt@bookTicker", "btcusdt@depth20@0ms"]
    slow = await deaf_reader(market, f"/ws/{'/'.join(names)}")
    async with connected(market, "/ws/btcusdt@bookTicker") as quick:
        [served_slow] = [one for one in market.connections() if len(one._names) == 2]
        book = market.app.venue.state.markets["BTCUSDT"]
        changes = stuck = 0
        while stuck < 200:
            changes += 2
            await market.quote(490_000 + changes)
            await market.app.sequencer.submit(CancelOrder(1, "BTCUSDT", order_id=market.last_order_id))
            while (await quick.next())["u"] < 2 * book.book_update_id:
                pass
            stuck += bool(served_slow._queue)
            assert served_slow._queued_bytes <= 20_000
        await market.quote()
        latest = 2 * book.book_update_id
        assert sorted(str(waiting.key) for waiting in served_slow._queue) <= [f"{name} " for name in names]
        while (await quick.next())["u"] < latest:
            pass
        heard = b""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while heard.count(f'"u":{latest}'.encode()) < len(names):
                heard += await asyncio.get_running_loop().sock_recv(slow, 65_536)
        assert served_slow in market.connections()
        assert heard.count(b'"e":"bookTicker"') < changes - 100, "states in between were left out"
    slow.close()


async def test_nothing_takes_a_place_before_an_answer(market: Market) -> None:
    async with connected(market, "/ws/btcusdt@bookTicker"):
        [served] = market.connections()
        served._idle = False  # as while a message is on its way
        for frame, key in ((b"1", "k"), (b"2", "k"), (b"3", None)):
            served.send(frame, key)
        served.answer(b"4")
        served.send(b"5", "k")
        served.send(b"6", "k")
        assert [waiting.frame for waiting in served._queue] == [b"2", b"3", b"4", b"6"]
        assert served._queued_bytes == 4


async def deaf_reader(served: Market, path: str) -> socket.socket:
    """Return a socket that asked for streams and will never read."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    deaf.setblocking(False)
    loop = asyncio.get_running_loop()
    host, port = served.ws_url.removeprefix("ws://").split(":")
    await loop.sock_connect(deaf, (host, int(port)))
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    await loop.sock_sendall(deaf, "\r\n".join([*lines, "", ""]).encode())
    assert (await loop.sock_recv(deaf, 12)).startswith(b"HTTP/1.1 101")
    return deaf


async def test_when_the_venue_closes_its_readers_are_told(market: Market) -> None:
    async with connected(market, "/ws") as client:
        closing = asyncio.create_task(market.serving.stop())
        assert await client.close_code() == GOING_AWAY
        await closing


async def test_nothing_is_at_work_when_nobody_listens(market: Market) -> None:
    async with connected(market, "/ws/btcusdt@depth/btcusdt@trade/!markPrice@arr@1s") as client:
        assert len(market.fanout._markets) == 3
        await client.ask("UNSUBSCRIBE", ["btcusdt@trade"])
        assert len(market.fanout._markets) == 2
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while market.connections():
            await market.app.sequencer.submit(Annotate("test", "time goes by"))
    assert len(market.fanout._markets) == 0
