"""The venue as one aiohttp application, and how it is served on a port. It knows no endpoint."""

import logging
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage, TransferEncodingError

from exchange.admin.control import add_control_routes
from exchange.admin.faults import add_fault_routes
from exchange.admin.keys import add_key_routes
from exchange.dialects.binance.parameters import BODY_BYTES_MAX, QUERY_BYTES_MAX
from exchange.dialects.binance.streams.listen_keys import ListenKeys
from exchange.gateway.app_keys import APP, DESK, LISTEN_KEYS
from exchange.gateway.coverage import keep_usage
from exchange.gateway.desk import Desk
from exchange.gateway.rest import RestDoor
from exchange.gateway.streams import STREAM_DOOR, add_stream_routes
from exchange.gateway.ws_api import add_ws_api_routes
from exchange.runtime.app import App

_HTTP_LOG = logging.getLogger(f"{__name__}.http")
LINE_BYTES_MAX = 2 * QUERY_BYTES_MAX  # of a request line: beyond it the HTTP parser itself refuses
SHUTDOWN_SECONDS_MAX = 5
_LOG = logging.getLogger(__name__)


class _OneLine(logging.Filter):
    """A request that is no HTTP is the sender's error: it gets a line in the log, and no traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass; those of broken requests without their traceback."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, BadHttpMessage | TransferEncodingError):
            record.msg, record.args = "a request that is no HTTP: %s", (type(error).__name__,)
            record.exc_info, record.exc_text = None, None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


_HTTP_LOG.addFilter(_OneLine())


def create_application(app: App) -> web.Application:
    """Return the application that serves a venue: control API, streams, and REST for every other path."""
    application = web.Application(client_max_size=BODY_BYTES_MAX + 1)
    application[APP] = app
    application[LISTEN_KEYS] = listen_keys = ListenKeys()
    application[DESK] = desk = Desk(app, listen_keys)
    add_control_routes(application, app)
    add_key_routes(application, app)
    add_stream_routes(application, app)
    add_ws_api_routes(application)
    add_fault_routes(application, app, desk.faults, application[STREAM_DOOR])
    application.cleanup_ctx.append(keep_usage(app))
    application.router.add_route("*", r"/{path:[\s\S]*}", RestDoor(desk).handle)
    return application


@dataclass(frozen=True, slots=True)
class Serving:
    """A venue that is being served; `port` is the one that was bound."""

    runner: web.AppRunner
    host: str
    port: int

    async def stop(self) -> None:
        """Close the connections and the port. The venue itself goes on."""
        await self.runner.cleanup()


async def serve(app: App, host: str, port: int) -> Serving:
    """Accept connections on host and port (0: any free one) and return at once. Raises OSError when it is taken."""
    runner = web.AppRunner(
        create_application(app),
        access_log=None,
        logger=_HTTP_LOG,
        handle_signals=False,
        max_line_size=LINE_BYTES_MAX,
        shutdown_timeout=SHUTDOWN_SECONDS_MAX,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    bound = int(runner.addresses[0][1])
    _LOG.info("serving on %s:%s", host, bound)
    return Serving(runner, host, bound)
