"""Which venue and whose keys: told as a base URL or as a ready file. It connects to nothing."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from clients.ready import read_ready

_WEB_SOCKET_SCHEME = {"http": "ws", "https": "wss"}


class MissingClientError(ImportError):
    """The client's package is not installed here; the text says which one it is."""


@dataclass(frozen=True, slots=True)
class Place:
    """A venue, and who one is there: base URLs without a trailing slash; empty keys for market data only."""

    rest: str
    ws: str
    api_key: str
    secret_key: str


def place_of(where: str | Path, api_key: str = "", secret_key: str = "") -> Place:
    """Return the place of a base URL (`http://127.0.0.1:8080`) or of a ready file.

    A ready file also gives the keys of its first account, unless others are given. Raises ReadyFileError for a file
    that no venue wrote, ValueError for a URL with a path and for a secret key without its other half.
    """
    if secret_key and not api_key:
        raise ValueError("a secret key without its api_key")
    scheme = urlsplit(str(where)).scheme
    if scheme not in _WEB_SOCKET_SCHEME:
        ready = read_ready(where)
        first = ready.accounts[0] if ready.accounts and not api_key else None
        keys = (first.api_key, first.secret_key) if first else (api_key, secret_key)
        return Place(ready.rest, ready.ws, *keys)
    parts = urlsplit(str(where).rstrip("/"))
    if parts.path or parts.query or not parts.netloc:
        raise ValueError(f"{where} is no base URL, such as http://127.0.0.1:8080")
    return Place(f"{scheme}://{parts.netloc}", f"{_WEB_SOCKET_SCHEME[scheme]}://{parts.netloc}", api_key, secret_key)


def without_proxy(session: Any) -> None:
    """Have a session of `requests` lead straight to the venue, whatever proxy the environment names."""
    session.trust_env = False


def client_module(name: str, package: str) -> Any:
    """Import a module of a client. Raises MissingClientError, naming the pip package, when it is not installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise MissingClientError(f"{name} is not installed here: pip install {package}") from error
