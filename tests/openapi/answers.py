"""Holds an answer against its schema in an OpenAPI document: schemathesis rewrites tuples for an older draft."""

from functools import cache
from typing import Any

import jsonschema_rs


class Answers:
    """The schemas of all answers of a document, by method, path and status."""

    def __init__(self, document: dict[str, Any]) -> None:
        """Keep the document; a schema is made ready when it is asked for first."""
        self._document = document
        self._holds = cache(self._made)

    def faults(self, method: str, path: str, status: int, body: object) -> list[str]:
        """Return what is wrong with an answer; KeyError for a status that the document does not have."""
        errors = self._holds(method.lower(), path, str(status)).iter_errors(body)
        return [f"{list(error.instance_path)}: {error.message}" for error in errors]

    def _made(self, method: str, path: str, status: str) -> jsonschema_rs.Draft202012Validator:
        response = self._document["paths"][path][method]["responses"][status]
        if "$ref" in response:
            response = self._document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        schema = response["content"]["application/json"]["schema"]
        return jsonschema_rs.Draft202012Validator({**schema, "components": self._document["components"]})
