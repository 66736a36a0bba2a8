"""Every answer and event that the venue emits fits the official SDK's models: golden files, and a served story.

No value has another type than its model says, ever. A field that a model knows and the venue does not send, and one
that the venue sends and the model does not know, is listed in EXPECTED with the reason.
"""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from binance.ws.reconnecting_websocket import ReconnectingWebsocket

from tests.conformance_clients.column import outcome
from tests.conformance_clients.results import PASSED
from tests.conformance_clients.rows import ROWS
from tests.conformance_clients.sdk_models import (
    Model,
    findings,
    rest_model,
    stream_model,
    user_event_model,
    validated,
    ws_model,
)
from tests.conformance_clients.stage import Keys, staged
from tests.conformance_clients.with_python_binance import PythonBinance

GOLDEN = Path(__file__).parents[1] / "dialect" / "golden"
EXPECTED = {  # a finding in a document -> why
    r"missing \.(priceRate|activatePrice)|missing \.o\.(AP|cr)": "only of a trailing order",
    r"missing \.(pair|cumBase|marginAsset|.*cumBase)": "of coin-margined contracts: a slip in the documentation",
    r"missing \.o\.ia": "additive in 2026, optional: whether an algo order is isolated from others",
    r"missing \.(.*\.)?(ps|st)": "additive since 2026-06, optional: pair and session of a stream's event",
    r"missing \.a\.S": "additive in 2026, optional",
    r"missing \.o\.M": "only of an amendment that names a modifyId",
    r"missing \.modifyId": "only where the amendment names one",
    r"missing \.ai": "one event has `ac`, the other `ai`: a change of leverage, or of multi-assets mode",
    r"missing \.adlQuantile\.(BOTH|HEDGE)": "one-way mode has BOTH, hedge mode HEDGE",
    r"missing \.symbols\[\]\.filters\[\]\.\w+": "each filter has its own fields",
    r"missing \.indicators\.\w+": "no indicator is ever broken, so none is listed",
    r"missing \.cw": "of MARGIN_CALL: only of cross positions",
    r"missing \.(code|msg)": "only of an element of a batch that is refused",
    r"unknown \.e": "the SDK has the event's name as the name of its model",
    r"unknown \.(avgPrice|cumQuote)": "documented of placed orders up to SDK 13, and clients read them",
    r"unknown \.symbols\[\]\.maxMoveOrderLimit": "of the real venue; nautilus_trader reads it",
    r"unknown \.lastUpdateId": "of the real venue's bookTicker",
    r"unknown \.futuresType": "of the real venue",
    r"unknown \.positions\[\]\.breakEvenPrice": "of the real venue's v2 account",
    r"unknown \.(activatePrice|callbackRate|actualQty|actualType)": "of lists of algo orders, as in the query of one",
}
WITHOUT_MODEL = {  # golden files that the SDK has nothing for -> why
    "end-listen-key": "it answers with nothing",
    "market-ping": "likewise",
    "stream-btcusdt-trade": "an unpublished stream, which ccxt uses",
    "transfer": "of another service",
}
EXPECTED_OF_WS = {r"unknown \.rateLimits": "not in each model of the WebSocket API: the SDK reads it beside them"}
STORY = tuple(key for key in ROWS if key != "book_sync" and not key.startswith("error_"))
BODIES_MIN = 150  # that the story must have seen, so that it cannot pass by being deaf


def golden_documents() -> Iterator[tuple[str, Model | None, Any]]:
    """Yield the answers and events in the golden files; None where the SDK has no model for one."""
    for path in sorted(GOLDEN.glob("*.json")):
        document = json.loads(path.read_text("utf-8"))
        if isinstance(document, dict) and "response" in document:
            request = document["request"]
            place = ("/fapi" if request["path"].startswith("/v") else "") + request["path"]
            yield path.stem, rest_model(request.get("method", "GET"), place), document["response"]
        elif path.stem.startswith("stream-"):
            for event in document:
                yield path.stem, stream_model(_stream_name(path.stem)), event
        elif path.stem == "force-orders":
            yield path.stem, rest_model("GET", "/fapi/v1/forceOrders"), document
        else:
            for event in document if isinstance(document, list) else []:
                yield path.stem, user_event_model(event["e"]), event


def _stream_name(stem: str) -> str:
    """Return the name of the stream whose events a golden file has: `stream-btcusdt-depth-100ms`."""
    first, *rest = stem.removeprefix("stream-").split("-")
    return f"!{'@'.join(rest)}" if first == "all" else "@".join([first, *rest])


def unexpected(model: Model, document: Any) -> set[str]:
    """Return the findings that EXPECTED does not name, after the SDK's own model has read the document."""
    validated(model, document)
    rows = document if isinstance(document, list) else [document]
    whole = [row for row in rows if not (isinstance(row, dict) and set(row) == {"code", "msg"})]  # refused in a batch
    found = findings(model, whole if isinstance(document, list) else document)
    return {finding for finding in found if not any(_is(pattern, finding) for pattern in (*EXPECTED, *EXPECTED_OF_WS))}


def _is(pattern: str, finding: str) -> bool:
    """Tell whether a finding is one of a pattern; what the WebSocket API wraps in `result` counts as over REST."""
    return re.fullmatch(pattern, finding.replace(" .result.", " .")) is not None


def test_golden_files_fit_the_models() -> None:
    wrong: dict[str, set[str]] = defaultdict(set)
    judged = 0
    for name, model, document in golden_documents():
        if model is not None:
            judged += 1
            wrong[name] |= unexpected(model, document)
    assert judged >= BODIES_MIN
    assert {name: found for name, found in wrong.items() if found} == {}


def test_what_the_sdk_has_no_model_for_is_known() -> None:
    assert {name for name, model, _ in golden_documents() if model is None} == set(WITHOUT_MODEL)


def test_each_exception_is_needed() -> None:
    found = {
        finding
        for _, model, document in golden_documents()
        if model is not None
        for finding in findings(model, document)
    }
    idle = [pattern for pattern in EXPECTED if not any(_is(pattern, finding) for finding in found)]
    assert idle == []


def test_a_wrong_type_a_lost_and_a_strange_field_are_found() -> None:
    model = rest_model("GET", "/fapi/v1/time")
    assert model is not None
    assert findings(model, {"serverTime": 1}) == set()
    assert findings(model, {"serverTime": "1"}) == {"mistyped .serverTime: str, not int"}
    assert findings(model, {"serverTime": True}) == {"mistyped .serverTime: bool, not int"}
    assert findings(model, {"now": 1}) == {"missing .serverTime", "unknown .now"}
    deep = rest_model("GET", "/fapi/v2/account")
    assert deep is not None
    assert "mistyped .assets[].walletBalance: float, not str" in findings(deep, {"assets": [{"walletBalance": 1.5}]})


class Seen:
    """All bodies of a story, with where they were seen."""

    def __init__(self) -> None:
        self.documents: list[tuple[str, Model | None, Any]] = []
        self._asked: dict[str, str] = {}  # of the WebSocket API: method by id

    def answered(self, method: str, uri: str, body: Any) -> None:
        """Take in an answer over REST."""
        path = urlsplit(uri).path
        self.documents.append((f"{method.upper()} {path}", rest_model(method.upper(), path), body))

    def asked(self, message: Any) -> None:
        """Take in a message to a socket."""
        self._asked[message["id"]] = message["method"]

    def heard(self, message: Any) -> None:
        """Take in a message from a socket."""
        if "id" in message:
            method = self._asked[message["id"]]
            self.documents.append((method, ws_model(method), message))
        elif "stream" in message:
            stream = message["stream"]
            self.documents.append((stream, stream_model(stream), message["data"]))
        else:
            self.documents.append((message["e"], user_event_model(message["e"]), message))


class Overheard(PythonBinance):
    """python-binance, with what it receives noted."""

    seen: Seen

    def __init__(self, rest: str, ws: str, keys: Keys) -> None:
        super().__init__(rest, ws, keys)
        request = self._client._request

        async def noted(method: str, uri: str, *arguments: Any, **named: Any) -> Any:
            body = await request(method, uri, *arguments, **named)
            self.seen.answered(method, uri, body)
            return body

        self._client._request = noted


def test_what_a_served_story_emits_fits_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Overheard.seen = Seen()
    loads, dumps = ReconnectingWebsocket.json_loads, ReconnectingWebsocket.json_dumps

    def heard(self: Any, message: Any) -> Any:
        seen.heard(loads(self, message))
        return loads(self, message)

    def asked(self: Any, message: Any) -> str:
        if "method" in message:
            seen.asked(message)
        return str(dumps(self, message))

    monkeypatch.setattr(ReconnectingWebsocket, "json_loads", heard)
    monkeypatch.setattr(ReconnectingWebsocket, "json_dumps", asked)
    with staged() as stage:
        for key in STORY:
            cell = asyncio.run(outcome(stage, Overheard, key))
            assert cell.status == PASSED, f"{key}: {cell.reason}"
    judged = [(place, model, body) for place, model, body in seen.documents if model is not None]
    wrong = {f"{place}: {finding}" for place, model, body in judged for finding in unexpected(model, body)}
    assert wrong == set()
    assert len(judged) >= BODIES_MIN
    assert {"order.place", "ALGO_UPDATE", "btcusdt@aggTrade"} <= {place for place, _, _ in judged}
