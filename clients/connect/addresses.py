"""Addresses of a client: rewritten to lead to a venue, then all read again. It imports no client.

An address that is forgotten is a signed request to Binance itself. So every address is rewritten, then every text is
read again, and one that still leads elsewhere is refused. Use keys of the venue only, never those of a real account.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

WEB_SOCKET_SCHEMES = ("ws", "wss")
SCHEMES = ("http", "https", *WEB_SOCKET_SCHEMES)
REAL_EXCHANGES = ("binance.com", "binance.us", "binance.vision", "binancefuture.com")  # and what lies below them
_KEY = "-----BEGIN "  # of a private key in PEM: its base64 may have two slashes, leads nowhere, and is not to be shown
_CONTAINERS = (list, tuple, set, frozenset)


class ForeignAddressError(ValueError):
    """An address still leads elsewhere; the client must not be used."""


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


def refuse_foreign(addresses: Any, rest_url: str, packages: Collection[str] = ()) -> None:
    """Raise ForeignAddressError, naming where it stands, when any text is an address of another authority.

    So is a home that is no venue of ours: a real exchange, or a host that hides behind a name and an @.

    Looks into dicts and lists, and into attributes (those of its classes, too) of every object whose class is of one of
    the top-level `packages`.
    """
    home = urlsplit(rest_url).netloc
    if not home:
        raise ForeignAddressError(f"{rest_url!r} is no address of a venue, such as http://127.0.0.1:8080")
    host = (urlsplit(rest_url).hostname or "").rstrip(".")
    if "@" in home or any(host == real or host.endswith(f".{real}") for real in REAL_EXCHANGES):
        raise ForeignAddressError(f"{rest_url!r} leads to {host}, which is no venue of yours")
    for place, text in _texts(addresses, packages, "", set()):
        if "//" in text and not text.startswith(_KEY) and urlsplit(text).netloc != home:
            stands = f" ({place.lstrip('.')})" if place else ""
            raise ForeignAddressError(f"{text.partition('?')[0]!r}{stands} does not lead to {home}")


def class_addresses(subject: type) -> dict[str, str]:
    """Return the class attributes that are addresses, inherited ones too, by name."""
    return {
        name: value
        for base in reversed(subject.__mro__)
        for name, value in vars(base).items()
        if isinstance(value, str) and not name.startswith("__") and urlsplit(value).scheme in SCHEMES
    }


def _scheme(replaced: str, rest_url: str) -> str:
    scheme = urlsplit(rest_url).scheme
    return {"http": "ws", "https": "wss"}[scheme] if replaced in WEB_SOCKET_SCHEMES else scheme


def _texts(node: Any, packages: Collection[str], place: str, seen: set[int]) -> Iterator[tuple[str, str]]:
    """Yield where each text stands, and the text. Each object is looked into once."""
    if isinstance(node, str):
        yield place, node
        return
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, Mapping):
        for name, value in node.items():
            yield from _texts(value, packages, f"{place}.{name}", seen)
    elif isinstance(node, _CONTAINERS):
        for number, value in enumerate(node):
            yield from _texts(value, packages, f"{place}[{number}]", seen)
    elif type(node).__module__.split(".")[0] in packages:
        for name, value in _attributes(node).items():
            yield from _texts(value, packages, f"{place}.{name}", seen)


def _attributes(node: Any) -> dict[str, Any]:
    """Return what an object holds: attributes of its classes that are plain values, under those of its own."""
    held: dict[str, Any] = {}
    for base in reversed(type(node).__mro__):
        plain = {name: value for name, value in vars(base).items() if isinstance(value, (str, dict, *_CONTAINERS))}
        slots = vars(base).get("__slots__", ())
        names = (slots,) if isinstance(slots, str) else tuple(slots)
        held |= plain | {name: getattr(node, name) for name in names if hasattr(node, name)}
    held |= getattr(node, "__dict__", {})
    return {name: value for name, value in held.items() if not name.startswith("__")}
