"""Names under which the parts of the gateway find what they share in the aiohttp application. Nothing else."""

from aiohttp import web

from exchange.dialects.binance.streams.listen_keys import ListenKeys
from exchange.gateway.desk import Desk
from exchange.runtime.app import App

APP = web.AppKey("venue", App)
LISTEN_KEYS = web.AppKey("listen_keys", ListenKeys)
DESK = web.AppKey("desk", Desk)
