"""Serves the OpenAPI document of the REST side, to anybody: it tells nothing of the venue's state."""

from importlib.metadata import version

import orjson
from aiohttp import web

from exchange.dialects.binance.document.openapi import openapi_document
from exchange.dialects.binance.rest.routes import ROUTES

OPENAPI_PATH = "/sim/v1/openapi.json"


def add_openapi_route(application: web.Application) -> None:
    """Serve the document, made once."""
    body = orjson.dumps(openapi_document(ROUTES, version("margincall")))

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    application.router.add_get(OPENAPI_PATH, answer)
