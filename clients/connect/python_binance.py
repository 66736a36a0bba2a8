"""python-binance pointed at a venue: Client, AsyncClient and their socket managers. It connects only as they do.

python-binance keeps its addresses as class attributes. Changing those would turn every client of the process, also one
that is meant for Binance; so each venue gets subclasses of its own, and the classes of the package stay as they are.
Formats that nobody foresaw end in the name `binance.invalid`, which no name server knows.
"""

import asyncio
from pathlib import Path
from typing import Any

from clients.connect.addresses import class_addresses, redirected, refuse_foreign
from clients.connect.place import Place, client_module, place_of, without_proxy

PACKAGE = "python-binance"
NOWHERE = "invalid"  # a top-level domain that is reserved for never being one


def binance_client(where: str | Path, api_key: str = "", secret_key: str = "", **options: Any) -> Any:
    """Return a `binance.Client` of a venue (base URL or ready file); `options` as python-binance takes them.

    Raises ForeignAddressError when an address leads elsewhere.
    """
    place = place_of(where, api_key, secret_key)
    client = _redirected_class("binance.client", "Client", place)(
        place.api_key or None, place.secret_key or None, tld=NOWHERE, ping=False, **options
    )
    without_proxy(client.session)
    _refuse_foreign(client, place)
    return client


def binance_async_client(where: str | Path, api_key: str = "", secret_key: str = "", **options: Any) -> Any:
    """Return a `binance.AsyncClient` of a venue, made inside a running event loop; as `binance_client`.

    It need not be awaited: it sends nothing yet. (`AsyncClient.create` would ping and ask the time.)
    """
    place = place_of(where, api_key, secret_key)
    client = _redirected_class("binance.async_client", "AsyncClient", place)(
        place.api_key or None, place.secret_key or None, tld=NOWHERE, **options
    )
    _refuse_foreign(client, place)
    return client


def binance_sockets(client: Any, **options: Any) -> Any:
    """Return a `BinanceSocketManager` for a client of `binance_async_client`, at the same venue.

    Give it to a depth cache manager as `bm`, which would otherwise make one of its own, for Binance.
    """
    place: Place = client.place
    manager = _redirected_class("binance.ws.streams", "BinanceSocketManager", place)(client, **options)
    _refuse_foreign(manager, place)
    return manager


def binance_threaded_sockets(where: str | Path, api_key: str = "", secret_key: str = "", **options: Any) -> Any:
    """Return a `ThreadedWebsocketManager` of a venue, which makes its own client and sockets when it is started."""
    place = place_of(where, api_key, secret_key)
    base = client_module("binance.ws.streams", PACKAGE).ThreadedWebsocketManager

    async def listen(self: Any) -> None:
        self._client = binance_async_client(where, api_key, secret_key, loop=self._loop)
        await self._before_socket_listener_start()
        while self._running or self._socket_running:  # noqa: ASYNC110 - `stop` of another thread sets them
            await asyncio.sleep(0.2)

    async def open_sockets(self: Any) -> None:
        self._bsm = binance_sockets(self._client, max_queue_size=self._max_queue_size)

    made = type(base.__name__, (base,), {"socket_listener": listen, "_before_socket_listener_start": open_sockets})
    return made(place.api_key or None, place.secret_key or None, **options)


def _redirected_class(module: str, name: str, place: Place) -> Any:
    """Return a subclass whose addresses are the venue's, and which looks at each address again before it is used."""
    base = getattr(client_module(module, PACKAGE), name)

    def _request(self: Any, method: str, uri: str, *arguments: Any, **named: Any) -> Any:
        refuse_foreign(uri, place.rest)
        return base._request(self, method, uri, *arguments, **named)  # noqa: SLF001 - the one door of its requests

    def _get_stream_url(self: Any, stream_url: str | None = None) -> str:
        address: str = base._get_stream_url(self, stream_url)  # noqa: SLF001 - the one door of its streams
        refuse_foreign(address, place.rest)
        return address

    doors = {door.__name__: door for door in (_request, _get_stream_url) if hasattr(base, door.__name__)}
    addresses = redirected(class_addresses(base), place.rest)
    return type(name, (base,), addresses | doors | {"place": place, "__module__": module})


def _refuse_foreign(subject: Any, place: Place) -> None:
    refuse_foreign(subject, place.rest, packages=("binance",))
