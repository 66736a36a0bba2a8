"""Bad input of every kind over the wire: the documented error, and nothing in the venue has moved."""

import asyncio
import json
import logging
import sqlite3
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from exchange.core.events import Rejected
from exchange.core.snapshot import state_hash
from exchange.core.units import SECOND
from exchange.dialects.binance.parameters import BODY_BYTES_MAX, PARAMETERS_MAX, QUERY_BYTES_MAX
from exchange.runtime.app import HISTORY_NAME
from exchange.runtime.sequencer import Applied
from tests.runtime.manual_clock import ManualClock
from tests.wire.conftest import Served
from tests.wire.signed_client import Reply, SignedClient

PATH = "/fapi/v1/order"
LIMIT: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.1",
    "price": "49000",
}


class Print(NamedTuple):
    """What the venue stands at."""

    seq: int
    event_hash: bytes
    state_hash: str


def print_of(served: Served) -> Print:
    """Return what the venue stands at now; nothing is executing."""
    sequencer = served.app.sequencer
    assert sequencer.seq == sequencer.executed_seq
    return Print(sequencer.seq, sequencer.event_hash, state_hash(served.app.venue.state))


async def opened(served: Served) -> SignedClient:
    """Give the contract a price and return a trader."""
    await served.set_index("BTCUSDT", "50000")
    return await served.create_account("1000")


DOOR: list[tuple[dict[str, Any], int]] = [
    ({"quantity": "1" * 40}, -1100),
    ({"price": "9" * 40}, -1100),
    ({"quantity": "ten"}, -1100),
    ({"quantity": "true"}, -1100),
    ({"quantity": "[1]"}, -1100),
    ({"quantity": "null"}, -1100),
    ({"quantity": "1e-3"}, -1100),
    ({"quantity": ""}, -1102),
    ({"quantity": "-1"}, -4003),
    ({"quantity": "0.00001"}, -1111),
    ({"price": "49000.05"}, -4014),
    ({"price": "-1"}, -4001),
    ({"symbol": "NOPE"}, -1121),
    ({"symbol": "BTCUSDT\x00"}, -1121),
    ({"symbol": ""}, -1102),
    ({"side": "HOLD"}, -1117),
    ({"type": "STOP_MARKET"}, -4120),
    ({"timeInForce": "GTD"}, -1102),
    ({"positionSide": "UP"}, -4060),
    ({"reduceOnly": "maybe"}, -1130),
    ({"priceMatch": "OPPONENT"}, -1106),
    ({"priceMatch": "BEST"}, -5037),
    ({"newClientOrderId": "\u2603"}, -4015),
]


@pytest.mark.parametrize(("changes", "code"), DOOR)
async def test_what_the_door_refuses_never_reaches_the_venue(still: Served, changes: dict[str, Any], code: int) -> None:
    trader = await opened(still)
    before = print_of(still)
    for in_body in (False, True):
        reply = await trader.call("POST", PATH, in_body=in_body, **LIMIT | changes)
        assert (reply.status, reply.code) == (400, code)
    assert print_of(still) == before


async def test_a_parameter_sent_twice_is_refused_on_every_kind_of_route(still: Served) -> None:
    trader = await opened(still)
    before = print_of(still)
    text = f"{urlencode(LIMIT)}&timestamp={trader.now_ms()}&side=SELL"
    signed = f"{text}&signature={trader.sign(text)}"
    for reply in (
        await trader.raw("POST", PATH, query=signed),
        await trader.raw("POST", PATH, body=signed),
        await trader.raw("POST", "/fapi/v1/listenKey", query="side=1&side=2"),
        await trader.raw("GET", "/fapi/v1/depth", query="symbol=BTCUSDT&side=1&side=2"),
    ):
        assert (reply.status, reply.body) == (400, {"code": -1101, "msg": "Duplicate values for parameter 'side'."})
    assert print_of(still) == before


async def test_what_query_and_body_both_name_is_the_querys(still: Served) -> None:
    trader = await opened(still)
    query, body = f"{urlencode(LIMIT)}&timestamp={trader.now_ms()}", "side=SELL&price=51000"
    placed = await trader.raw("POST", PATH, query=query, body=f"{body}&signature={trader.sign(query + body)}")
    assert (placed.body["side"], placed.body["price"]) == ("BUY", "49000.00")


VENUE: list[tuple[dict[str, Any], int]] = [
    ({"positionSide": "LONG"}, -4061),
    ({"quantity": "0"}, -4003),
    ({"quantity": "1000.001"}, -4005),
    ({"price": "0"}, -4001),
    ({"price": "1000000.1"}, -4002),
    ({"price": "60000"}, -4016),
    ({"side": "SELL", "price": "40000"}, -4024),
    ({"quantity": "0.001", "price": "4000"}, -4164),
    ({"reduceOnly": "true"}, -2022),
    ({"quantity": "1"}, -2019),
    ({"quantity": "300"}, -2027),
    ({"timeInForce": "FOK"}, -5021),
]


@pytest.mark.parametrize(("changes", "code"), VENUE)
async def test_what_the_venue_refuses_changes_nothing(still: Served, changes: dict[str, Any], code: int) -> None:
    trader = await opened(still)
    seen: list[Applied] = []
    still.app.sequencer.subscribe(seen.extend)
    before = print_of(still)
    reply = await trader.call("POST", PATH, **LIMIT | changes)
    assert (reply.status, reply.code) == (400, code)
    after = print_of(still)
    assert (after.seq, after.state_hash) == (before.seq + 1, before.state_hash)
    (refused,) = seen
    assert [type(event) for event in refused.events] == [Rejected]


async def _unsigned(trader: SignedClient) -> Reply:
    return await trader.call("POST", PATH, signed=False, **LIMIT)


async def _wrong_secret(trader: SignedClient) -> Reply:
    thief = SignedClient(trader.session, trader.rest_url, trader.api_key, "x" * 64, trader.now_ms)
    return await thief.call("POST", PATH, **LIMIT)


async def _unknown_key(trader: SignedClient) -> Reply:
    stranger = SignedClient(trader.session, trader.rest_url, "x" * 64, trader.secret_key, trader.now_ms)
    return await stranger.call("POST", PATH, **LIMIT)


async def _no_key(trader: SignedClient) -> Reply:
    return await trader.raw("POST", PATH, query="symbol=BTCUSDT", headers={})


async def _stale(trader: SignedClient) -> Reply:
    return await trader.call("POST", PATH, **LIMIT, timestamp=trader.now_ms() - 5001)


async def _ahead(trader: SignedClient) -> Reply:
    return await trader.call("POST", PATH, **LIMIT, timestamp=trader.now_ms() + 1000)


async def _tampered(trader: SignedClient) -> Reply:
    text = f"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001&timestamp={trader.now_ms()}"
    signature = trader.sign(text)
    return await trader.raw("POST", PATH, query=f"{text.replace('0.001', '0.009')}&signature={signature}")


async def _broken_json(trader: SignedClient) -> Reply:
    stamp = f"timestamp={trader.now_ms()}"
    body = '{"symbol": "BTCUSDT", "side": '
    return await trader.raw("POST", PATH, query=f"{stamp}&signature={trader.sign(stamp + body)}", body=body)


async def _no_text(trader: SignedClient) -> Reply:
    return await trader.raw("POST", PATH, query="symbol=%ff%fe&timestamp=%00&signature=%80", body=b"\xff\x00\xfe")


async def _oversized(trader: SignedClient) -> Reply:
    return await trader.raw("POST", PATH, body=b"a" * (BODY_BYTES_MAX + 1))


async def _long_query(trader: SignedClient) -> Reply:
    return await trader.raw("GET", PATH, query="a=" + "b" * QUERY_BYTES_MAX)


async def _broken_coding(trader: SignedClient) -> Reply:
    coding = {"X-MBX-APIKEY": trader.api_key, "Content-Encoding": "gzip"}
    return await trader.raw("POST", PATH, body=b"this is no gzip", headers=coding)


async def _too_many(trader: SignedClient) -> Reply:
    return await trader.raw("POST", PATH, query="&".join(f"p{number}=1" for number in range(PARAMETERS_MAX + 1)))


async def _unknown_path(trader: SignedClient) -> Reply:
    return await trader.raw("GET", "/fapi/v1/nothing")


async def _unknown_method(trader: SignedClient) -> Reply:
    return await trader.raw("PATCH", PATH)


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        (_unsigned, 400, -1102),
        (_wrong_secret, 400, -1022),
        (_tampered, 400, -1022),
        (_unknown_key, 401, -2015),
        (_no_key, 401, -2014),
        (_stale, 400, -1021),
        (_ahead, 400, -1021),
        (_broken_json, 400, -1102),
        (_no_text, 400, -1022),
        (_oversized, 413, -9000),
        (_long_query, 413, -9000),
        (_broken_coding, 400, -9001),
        (_too_many, 400, -1101),
        (_unknown_path, 404, -5000),
        (_unknown_method, 404, -5000),
    ],
)
async def test_a_request_that_is_none(still: Served, send: object, status: int, code: int) -> None:
    trader = await opened(still)
    before = print_of(still)
    assert callable(send)
    reply = await send(trader)
    assert (reply.status, reply.code) == (status, code)
    assert "X-MBX-USED-WEIGHT-1M" in reply.headers
    assert print_of(still) == before


async def test_an_unknown_path_is_told_and_logged(still: Served, caplog: pytest.LogCaptureFixture) -> None:
    trader = await opened(still)
    with caplog.at_level(logging.WARNING):
        reply = await trader.raw("GET", "/fapi/v1/no%0Athing")
    assert reply.body == {"code": -5000, "msg": "Path /fapi/v1/no\nthing, Method GET is invalid"}
    assert "no such endpoint: GET /fapi/v1/no?thing" in caplog.messages


async def test_states_that_forbid_orders(still: Served) -> None:
    trader = await still.create_account("1000")
    assert (await trader.call("POST", PATH, **LIMIT)).code == -9003  # no price yet
    await still.set_index("BTCUSDT", "50000")
    placed = await trader.limit("BUY", "0.1", "49000")
    for state in ("CANCEL_ONLY", "HALTED"):
        await still.controlled("/market-state", {"symbol": "BTCUSDT", "state": state})
        assert (await trader.call("POST", PATH, **LIMIT)).code == -4140
        change = {"side": "BUY", "orderId": placed["orderId"], "quantity": "1", "price": "48000"}
        assert (await trader.call("PUT", PATH, symbol="BTCUSDT", **change)).code == -5024
    assert (await trader.delete(PATH, symbol="BTCUSDT", orderId=placed["orderId"]))["status"] == "CANCELED"
    await still.controlled("/market-state", {"symbol": "BTCUSDT", "state": "TRADING"})
    await trader.limit("BUY", "0.1", "49000", newClientOrderId="twice")
    assert (await trader.call("POST", PATH, **LIMIT, newClientOrderId="twice")).code == -4116


async def test_orders_beyond_the_rate_are_refused_and_not_placed(still: Served) -> None:
    trader = await opened(still)
    order = LIMIT | {"quantity": "0.001"}
    replies: list[Reply] = []
    for _ in range(10):
        replies += await asyncio.gather(*(trader.call("POST", PATH, **order) for _ in range(31)))
    limited = [reply for reply in replies if reply.status == 429]
    assert len(limited) == 10
    assert limited[0].body == {"code": -1015, "msg": "Too many new orders; current limit is 300 orders per 10 SECOND."}
    assert int(limited[0].headers["Retry-After"]) == 10


async def test_weight_beyond_the_limit_is_refused(still: Served) -> None:
    trader = await opened(still)
    other = await still.create_account()
    replies = [await trader.call("GET", "/fapi/v1/openOrders") for _ in range(61)]
    assert [reply.status for reply in replies] == [200] * 60 + [429]
    assert replies[-1].code == -1003
    assert int(replies[-1].headers["Retry-After"]) == 60 - 1_764_000_000 % 60
    assert (await other.call("GET", "/fapi/v1/openOrders")).status == 200


async def test_an_account_in_liquidation_may_do_little(still: Served) -> None:
    await still.set_index("BTCUSDT", "10000")
    maker, trader = await still.create_account("1000000"), await still.create_account("1000", funding="5")
    await maker.limit("SELL", "1", "10000")
    await trader.market("BUY", "1")
    await still.controlled("/market-state", {"symbol": "BTCUSDT", "state": "HALTED"})
    await still.set_index("BTCUSDT", "5000")
    advance(still, 2)
    await still.controlled("/annotate", {"kind": "after", "text": "the mark ticked"})
    assert still.app.venue.state.accounts[2].in_liquidation
    transfer: dict[str, Any] = {"type": "UMFUTURE_MAIN", "asset": "USDT", "amount": "1"}
    before = state_hash(still.app.venue.state)
    assert (await trader.call("POST", PATH, **LIMIT | {"price": "5000"})).code == -2023
    assert (await trader.call("POST", "/sapi/v1/asset/transfer", **transfer)).code == -2023
    assert (await trader.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=5)).code == -2023
    choice: dict[str, Any] = {"symbol": "ETHUSDT", "marginType": "ISOLATED"}
    assert (await trader.call("POST", "/fapi/v1/marginType", **choice)).code == -2023
    assert (await trader.call("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")).code == -2023
    assert state_hash(still.app.venue.state) == before
    await trader.post("/sapi/v1/asset/transfer", **transfer | {"type": "MAIN_UMFUTURE"})


async def test_a_full_inbox_is_told(still: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    trader = await opened(still)
    before = print_of(still)
    monkeypatch.setattr("exchange.runtime.sequencer.INBOX_MAX", 0)
    reply = await trader.call("POST", PATH, **LIMIT)
    assert (reply.status, reply.code) == (503, -1008)
    assert print_of(still) == before


async def test_an_own_error_is_told_as_json_and_logged(still: Served, caplog: pytest.LogCaptureFixture) -> None:
    trader = await opened(still)
    del still.app.market_data
    with caplog.at_level(logging.ERROR):
        reply = await trader.call("GET", "/fapi/v1/openOrders")
    assert reply.status == 500
    assert reply.body == {"code": -1000, "msg": "An unknown error occured while processing the request."}
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("target", [b"/%ff?%ff", b"/%ed%a0%80", b"//fapi/v1/ping", b"/fapi/v1/ping?a=%ff"])
async def test_paths_that_are_no_text_get_json(still: Served, target: bytes) -> None:
    host, port = still.rest_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: \xff\r\nConnection: close\r\n\r\n")
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert b"application/json" in head
    assert json.loads(body).get("code", 0) in {0, -5000}


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00\xff\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    ],
)
async def test_what_is_no_http_gets_a_line_in_the_log(
    still: Served, caplog: pytest.LogCaptureFixture, request_: bytes
) -> None:
    host, port = still.rest_url.removeprefix("http://").split(":")
    with caplog.at_level(logging.DEBUG):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request_)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert answer.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))
    assert "a request that is no HTTP" in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_history_that_another_process_holds_is_told_as_overload(still: Served) -> None:
    trader = await opened(still)
    await trader.call("POST", PATH, **LIMIT)
    other = sqlite3.connect(still.app.data_folder / HISTORY_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    busy = await trader.call("GET", "/fapi/v1/allOrders", symbol="BTCUSDT")
    assert (busy.status, busy.code) == (503, -1008)
    other.execute("ROLLBACK")
    other.close()
    assert len((await trader.call("GET", "/fapi/v1/allOrders", symbol="BTCUSDT")).body) == 1


def advance(served: Served, seconds: int) -> None:
    """Let the standing clock move on; what falls due is done before the next command."""
    clock = served.app.clock
    assert isinstance(clock, ManualClock)
    clock.advance(seconds * SECOND)
