"""What clients used of a served venue is noted at every door, told by the control API, and left in the data folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from exchange.dialects.binance.streams.table import stream_kind
from exchange.runtime.usage import USAGE_NAME
from tests.wire.conftest import Served, open_served

BTC = {"symbol": "BTCUSDT"}


async def coverage(served: Served) -> dict[str, Any]:
    reply = await served.control("GET", "/coverage")
    assert reply.status == 200
    return dict(reply.body)


def counts(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {row["name"]: row["calls" if "calls" in row else "count"] for row in rows}


async def test_endpoints_are_counted_with_parameters_in_vain_and_errors(still: Served) -> None:
    client = await still.create_account()
    await client.call("GET", "/fapi/v1/depth", symbol="BTCUSDT", limit=5, stopLossPrice="1")
    await client.call("GET", "/fapi/v1/depth", signed=False, symbol="NONE")
    await client.call("GET", "/fapi/v1/nothing")
    await client.call("GET", "/fapi/v2/account", foo="1")
    told = await coverage(still)
    assert [row for row in told["endpoints"] if row["name"] == "GET /fapi/v1/depth"] == [
        {"name": "GET /fapi/v1/depth", "calls": 2, "refused": 1, "ignored": {"stopLossPrice": 1}}
    ]
    account = next(row for row in told["endpoints"] if row["name"] == "GET /fapi/v2/account")
    assert account["ignored"] == {"foo": 1}
    assert counts(told["notImplemented"]) == {"GET /fapi/v1/nothing": 1}
    assert {row["code"]: row["msg"] for row in told["errors"]}[-1121] == "Invalid symbol."


async def test_failed_parts_of_a_batch_are_errors(still: Served) -> None:
    client = await still.create_account()
    orders = json.dumps([{**BTC, "side": "BUY", "type": "LIMIT"}])
    reply = await client.call("POST", "/fapi/v1/batchOrders", batchOrders=orders)
    assert reply.status == 200
    assert [row["code"] for row in (await coverage(still))["errors"]] == [reply.body[0]["code"]]


async def test_streams_are_counted_by_kind_and_a_listen_key_is_not_told(still: Served) -> None:
    client = await still.create_account()
    key = (await client.post("/fapi/v1/listenKey"))["listenKey"]
    address = f"{still.ws_url}/stream?streams=btcusdt@depth@100ms/{key}/x@y/{'a' * 64}/0"
    async with still.session.ws_connect(address) as stream:
        await stream.send_json({"method": "SUBSCRIBE", "params": ["ethusdt@depth@100ms", "btcusdt@nothing"], "id": 1})
        await stream.receive_json()
        told = await coverage(still)
    assert counts(told["streams"]) == {"<symbol>@depth@100ms": 2, "<listenKey>": 1}
    missing = {"stream x@y": 1, "stream btcusdt@nothing": 1, "stream <listenKey>, not live": 1}
    assert counts(told["notImplemented"]) == missing
    assert key not in json.dumps(told)


async def test_methods_of_the_websocket_api_are_counted(still: Served) -> None:
    async with still.session.ws_connect(f"{still.ws_url}/ws-fapi/v1") as api:
        for number, method in enumerate(("depth", "no.such")):
            params = {**BTC, "returnRateLimits": False, "foo": "1"}
            await api.send_json({"id": number, "method": method, "params": params})
            await api.receive_json()
        await api.send_str("no JSON")
        await api.receive_json()
    told = await coverage(still)
    assert told["methods"] == [{"name": "depth", "calls": 1, "refused": 0, "ignored": {"foo": 1}}]
    assert counts(told["notImplemented"]) == {"WS no.such": 1}


async def test_the_usage_is_in_the_data_folder_when_serving_ends(tmp_path: Path) -> None:
    async with open_served(tmp_path / "data") as opened, opened.session.get(f"{opened.rest_url}/fapi/v1/ping"):
        pass
    written = json.loads((tmp_path / "data" / USAGE_NAME).read_text("utf-8"))
    assert counts(written["endpoints"]) == {"GET /fapi/v1/ping": 1}


async def test_the_openapi_document_is_told_to_everybody(still: Served) -> None:
    async with still.session.get(f"{still.rest_url}/sim/v1/openapi.json") as response:
        assert (response.status, response.content_type) == (200, "application/json")
        assert "/fapi/v1/order" in (await response.json())["paths"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("btcusdt@depth@100ms", "<symbol>@depth@100ms"),
        ("!markPrice@arr@1s", "!markPrice@arr@1s"),
        ("btcusdt_perpetual@continuousKline_1h", "<pair>_perpetual@continuousKline_1h"),
        ("!bookTicker", "!bookTicker"),
    ],
)
def test_a_kind_of_stream_does_not_tell_contracts_apart(name: str, kind: str) -> None:
    assert stream_kind(name) == kind
