"""The OpenAPI document says what the venue does: every route, every recorded answer, every status, every parameter."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis

from exchange.dialects.binance.document.openapi import ERRORS, FAULT_ERRORS, openapi_document
from exchange.dialects.binance.document.parameter_table import PARAMETERS
from exchange.dialects.binance.document.response_table import RESPONSES, SCHEMAS
from exchange.dialects.binance.document.schema_notation import json_schema
from exchange.dialects.binance.door.faults import INTERNAL_ERROR, MAYBE_DONE, TIMED_OUT, UNEXPECTED_RESPONSE, may_befall
from exchange.dialects.binance.rest.foreign_routes import FOREIGN_ROUTES
from exchange.dialects.binance.rest.routes import ROUTES
from exchange.dialects.binance.route import Security
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.errors import Refusal
from tests.openapi.answers import Answers

DOCUMENT: dict[str, Any] = json.loads(json.dumps(openapi_document(ROUTES, "test")))
ANSWERS = Answers(DOCUMENT)
GOLDEN = Path(__file__).parents[1] / "dialect" / "golden"
BARE = {"force-orders": ("GET", "/fapi/v1/forceOrders")}  # recorded without their request
NOT_SAID = {404, 500}  # no such path; an error of our own, which is a bug


def recorded() -> Iterator[tuple[str, str, str, object]]:
    """Yield the REST answers of the golden files: name, method, path, body."""
    for file in sorted(GOLDEN.glob("*.json")):
        record = json.loads(file.read_text("utf-8"))
        if isinstance(record, dict) and "response" in record and "request" in record:
            request = record["request"]
            path = request["path"] if request["path"][1] in "fs" else f"/fapi{request['path']}"
            yield file.stem, request.get("method", "GET"), path, record["response"]
        elif file.stem in BARE:
            yield file.stem, *BARE[file.stem], record


RECORDED = list(recorded())


def test_every_route_is_in_the_document_and_nothing_else() -> None:
    routes = {(route.method, route.path) for route in ROUTES}
    assert {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods} == routes
    assert set(PARAMETERS) == routes
    assert set(RESPONSES) == routes


def test_the_document_is_valid_by_the_schema_of_openapi() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(DOCUMENT).validate()
    names = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(set(names)) == len(names)
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            assert operation["summary"].endswith((".", ";", ":"))
            told = [parameter["name"] for parameter in operation["parameters"]]
            assert len(set(told)) == len(told)
            for parameter in operation["parameters"]:
                jsonschema_rs.meta.validate(parameter["schema"])
    for text in (*SCHEMAS.values(), *RESPONSES.values()):
        jsonschema_rs.meta.validate(json_schema(text))


def test_what_asks_for_a_key_says_so() -> None:
    for route in ROUTES:
        operation = DOCUMENT["paths"][route.path][route.method.lower()]
        assert ("security" in operation) is (route.security is not Security.NONE)
        signed = {"timestamp", "signature"} <= {parameter["name"] for parameter in operation["parameters"]}
        assert signed is (route.security is Security.SIGNED)


@pytest.mark.parametrize(("name", "method", "path", "body"), RECORDED, ids=[row[0] for row in RECORDED])
def test_every_recorded_answer_is_as_the_document_says(name: str, method: str, path: str, body: object) -> None:
    assert ANSWERS.faults(method, path, 200, body) == [], name


def test_an_answer_of_every_endpoint_of_the_dialect_is_recorded() -> None:
    known = {(method, path) for _, method, path, _ in RECORDED} | {("PUT", "/fapi/v1/listenKey")}  # as POST
    foreign = {(route.method, route.path) for route in FOREIGN_ROUTES}
    assert {(route.method, route.path) for route in ROUTES} - known == foreign


def test_every_status_of_an_error_is_in_the_document() -> None:
    statuses = {value.http for value in vars(errors).values() if isinstance(value, Refusal)}
    assert statuses - NOT_SAID == set(ERRORS)
    only_of_faults = (INTERNAL_ERROR, MAYBE_DONE, TIMED_OUT, UNEXPECTED_RESPONSE)
    assert {refusal.http for refusal in only_of_faults} - set(ERRORS) == set(FAULT_ERRORS)
    for route in ROUTES:
        said = DOCUMENT["paths"][route.path][route.method.lower()]["responses"]
        assert set(said) == {"200", *map(str, ERRORS), *(map(str, FAULT_ERRORS) if may_befall(route) else ())}


def test_the_body_of_an_error_is_as_the_document_says() -> None:
    refusals = [value for value in vars(errors).values() if isinstance(value, Refusal) and value.http in ERRORS]
    for refusal in refusals:
        body = refusal.error(*["x"] * refusal.text.count("%s")).body()
        assert ANSWERS.faults("GET", "/fapi/v1/depth", refusal.http, body) == []


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("{a i, b? s}", {"a": 1}, {"a": 1, "c": 2}),
        ("{a i, b? s}", {"a": 1, "b": "x"}, {"b": "x"}),
        ("[(d, d)]", [["1.0", "-2"]], [["1.0"]]),
        ("[(d, d)]", [], [["1.0", "2", "3"]]),
        ('"x"|"y"', "y", "z"),
        ("{* [i]}", {"a": [1], "b": []}, {"a": ["1"]}),
        ("null|b", None, "null"),
        ("d", "50000.10", "1e5"),
        ("n", 0.5, "0.5"),
    ],
)
def test_the_notation_means_what_it_says(text: str, good: object, bad: object) -> None:
    holds = jsonschema_rs.Draft202012Validator(json_schema(text))
    assert holds.is_valid(good)
    assert not holds.is_valid(bad)


@pytest.mark.parametrize("text", ["", "{a i", "[s", "q", "{a}", "s s", "(s,)", "{a i b s}", "s;"])
def test_what_is_no_notation_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not understood"):
        json_schema(text)
