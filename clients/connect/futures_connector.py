"""binance-futures-connector (the legacy one) pointed at a venue. It connects only as the connector does.

It needs an environment of its own: its package is called `binance`, as python-binance's is.
"""

from pathlib import Path
from typing import Any

from clients.connect.addresses import refuse_foreign
from clients.connect.place import client_module, place_of, without_proxy

PACKAGE = "binance-futures-connector (in an environment without python-binance: both are called `binance`)"


def um_futures(where: str | Path, api_key: str = "", secret_key: str = "", **options: Any) -> Any:
    """Return a `UMFutures` of a venue (base URL or ready file). Raises ForeignAddressError."""
    place = place_of(where, api_key, secret_key)
    module = client_module("binance.um_futures", PACKAGE)
    client = module.UMFutures(
        key=place.api_key or None, secret=place.secret_key or None, base_url=place.rest, **options
    )
    without_proxy(client.session)
    refuse_foreign(client, place.rest, packages=("binance",))
    return client


def um_futures_streams(where: str | Path, **options: Any) -> Any:
    """Return a `UMFuturesWebsocketClient` of a venue; it connects at once. `options`: `on_message` and its like."""
    place = place_of(where)
    module = client_module("binance.websocket.um_futures.websocket_client", PACKAGE)
    return module.UMFuturesWebsocketClient(stream_url=place.ws, **options)
