"""The REST side as an OpenAPI 3.1 document, made from the tables of routes, parameters and answers. It reads no state.

Parameters are declared in the query, where every method takes them; a body of the same pairs serves as well.
"""

import re
from collections.abc import Sequence

from exchange.dialects.binance.document.parameter_table import Parameter, parameters_of
from exchange.dialects.binance.document.response_table import RESPONSES, SCHEMAS
from exchange.dialects.binance.document.schema_notation import Schema, json_schema
from exchange.dialects.binance.door.faults import may_befall
from exchange.dialects.binance.route import ReadRoute, Route, Security

API_KEY = "apiKey"
DESCRIPTION = (
    "The REST dialect of Binance USD-M Futures as this venue speaks it. Parameters may stand in the query, in a body "
    "of the same `name=value` pairs, or in both (the query wins), whatever the content type; unknown ones are "
    "tolerated. Signed calls carry `timestamp` in milliseconds and a `signature` over query and body as sent."
)
# What an error status means; all have the same body.
ERRORS: dict[int, str] = {
    400: "Refused: a parameter, or the venue's rules.",
    401: "The API key is missing, malformed or unknown, or may not do this.",
    413: "The query or the body is too large.",
    418: "Banned for going on after 429; see Retry-After.",
    429: "Too many requests or orders; see Retry-After.",
    503: "The venue takes no requests now; whether an order was placed is to be asked.",
}
# Statuses that an order request has only when an operator asked for it: see the faults of the control API.
FAULT_ERRORS: dict[int, str] = {
    408: "A fault that was asked for: whether the order was placed is to be asked.",
    500: "A fault that was asked for: the order was not placed.",
}
_WORDS = re.compile(r"[^A-Za-z0-9]+")


def openapi_document(routes: Sequence[Route], version: str) -> Schema:
    """Return the document of these routes as a JSON-able object; KeyError for one that the tables do not have."""
    paths: dict[str, dict[str, object]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Margincall", "version": version, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {name: json_schema(text) for name, text in SCHEMAS.items()},
            "responses": {_error_name(status): _error(status) for status in ERRORS | FAULT_ERRORS},
            "securitySchemes": {API_KEY: {"type": "apiKey", "in": "header", "name": "X-MBX-APIKEY"}},
        },
    }


def _operation(route: Route) -> Schema:
    """Return what is said of one endpoint."""
    answer = json_schema(RESPONSES[route.method, route.path])
    operation: Schema = {
        "operationId": "_".join(part for part in (route.method.lower(), *_WORDS.split(route.path)) if part),
        "summary": _summary(route),
        "parameters": [_parameter(parameter) for parameter in parameters_of(route)],
        "responses": {
            "200": {
                "description": "Done.",
                "headers": _USED_WEIGHT,
                "content": {"application/json": {"schema": answer}},
            },
            **{str(status): {"$ref": f"#/components/responses/{_error_name(status)}"} for status in _statuses(route)},
        },
        "x-security": route.security.value,
    }
    return operation if route.security is Security.NONE else {**operation, "security": [{API_KEY: []}]}


def _statuses(route: Route) -> list[int]:
    return sorted(ERRORS | FAULT_ERRORS if may_befall(route) else ERRORS)


_USED_WEIGHT: Schema = {
    "X-MBX-USED-WEIGHT-1M": {"description": "Request weight used this minute.", "schema": {"type": "string"}}
}


def _summary(route: Route) -> str:
    """Return the first sentence of what answers or parses the call."""
    told = route.read if isinstance(route, ReadRoute) else route.parse
    return (told.__doc__ or "").partition("\n")[0]


def _parameter(parameter: Parameter) -> Schema:
    return {"name": parameter.name, "in": "query", "required": parameter.needed, "schema": parameter.schema}


def _error_name(status: int) -> str:
    return f"Error{status}"


def _error(status: int) -> Schema:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    error: Schema = {"description": (ERRORS | FAULT_ERRORS)[status], "content": content}
    return {**error, "headers": _RETRY_AFTER} if status in _WAITING else error


_WAITING = (418, 429)
_RETRY_AFTER: Schema = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string"}}}
