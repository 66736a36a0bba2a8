"""Recipes that point popular clients at a venue instead of at Binance. It imports none of them and connects to nothing.

An address that is forgotten is a signed request to Binance itself. So every address is rewritten, then all are read
again, and the recipe refuses when one still leads elsewhere. Use keys of the venue only, never those of a real account.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

WEB_SOCKET_SCHEMES = ("ws", "wss")
SCHEMES = ("http", "https", *WEB_SOCKET_SCHEMES)
ADDRESS_BOOKS = ("api", "test", "demo")  # of ccxt's `urls`: where it sends requests; the others are for readers


class ForeignAddressError(ValueError):
    """An address still leads elsewhere; the client must not be used."""


def point_ccxt_at(exchange: Any, rest_url: str) -> None:
    """Point a `ccxt.binanceusdm` (also of ccxt.pro and ccxt.async_support) at the venue that serves `rest_url`.

    `rest_url` is scheme and authority, as the ready file has it. Also gives the client back its futures error classes,
    which it keeps for Binance's own host names, and turns off what it would ask of Binance's spot API at the start.
    Raises ForeignAddressError when an address still leads elsewhere.
    """
    for book in ADDRESS_BOOKS:
        if book in exchange.urls:
            exchange.urls[book] = redirected(exchange.urls[book], rest_url)
    exchange.exceptions["exact"].update(exchange.exceptions["linear"]["exact"])
    exchange.options["fetchCurrencies"] = False
    refuse_foreign({book: exchange.urls.get(book) for book in ADDRESS_BOOKS}, rest_url)


def redirected(addresses: Any, rest_url: str) -> Any:
    """Return a structure of dicts, lists and texts in which every address has the authority of `rest_url`.

    Paths stay; http and https become the scheme of `rest_url`, ws and wss the WebSocket scheme that goes with it.
    """
    if isinstance(addresses, dict):
        return {name: redirected(address, rest_url) for name, address in addresses.items()}
    if isinstance(addresses, list):
        return [redirected(address, rest_url) for address in addresses]
    if not isinstance(addresses, str) or urlsplit(addresses).scheme not in SCHEMES:
        return addresses
    parts = urlsplit(addresses)
    return urlunsplit(parts._replace(scheme=_scheme(parts.scheme, rest_url), netloc=urlsplit(rest_url).netloc))


def refuse_foreign(addresses: Any, rest_url: str) -> None:
    """Raise ForeignAddressError, naming it, when any text in the structure is an address of another authority."""
    home = urlsplit(rest_url).netloc
    if not home:
        raise ForeignAddressError(f"{rest_url!r} is no address of a venue, such as http://127.0.0.1:8080")
    for text in _texts(addresses):
        if "//" in text and urlsplit(text).netloc != home:
            raise ForeignAddressError(f"{text!r} does not lead to {home}")


def _scheme(replaced: str, rest_url: str) -> str:
    scheme = urlsplit(rest_url).scheme
    return {"http": "ws", "https": "wss"}[scheme] if replaced in WEB_SOCKET_SCHEMES else scheme


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)
