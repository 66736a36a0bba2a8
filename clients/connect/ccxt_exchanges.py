"""ccxt, ccxt.async_support and ccxt.pro pointed at a venue. It imports ccxt only when asked to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from clients.connect.addresses import redirected, refuse_foreign
from clients.connect.place import client_module, place_of

_DOOR = "margincall_door"  # where a watched door keeps the one behind it
PAGES = (
    "logo",
    "www",
    "doc",
    "api_management",
    "fees",
    "referral",
)  # in ccxt's `urls`: for readers


def ccxt_exchange(where: str | Path, api_key: str = "", secret_key: str = "", **config: Any) -> Any:
    """Return a `ccxt.binanceusdm` of a venue (base URL or ready file); `config` as ccxt takes it."""
    return _pointed("ccxt", where, api_key, secret_key, config)


def ccxt_async_exchange(where: str | Path, api_key: str = "", secret_key: str = "", **config: Any) -> Any:
    """Return a `ccxt.async_support.binanceusdm` of a venue; as `ccxt_exchange`."""
    return _pointed("ccxt.async_support", where, api_key, secret_key, config)


def ccxt_pro_exchange(where: str | Path, api_key: str = "", secret_key: str = "", **config: Any) -> Any:
    """Return a `ccxt.pro.binanceusdm` of a venue; as `ccxt_exchange`."""
    return _pointed("ccxt.pro", where, api_key, secret_key, config)


def point_ccxt_at(exchange: Any, rest_url: str) -> None:
    """Point a ccxt exchange that there is already at the venue that serves `rest_url` (scheme and authority).

    It may be a `binanceusdm` or `binance` of ccxt, ccxt.async_support or ccxt.pro, and may point at another venue
    already. From then on each request and each stream is looked at again when it begins. Also gives the client back its
    futures error classes, which it keeps for Binance's own host names, and turns off what it would ask of Binance's
    spot API at the start. Raises ForeignAddressError when an address leads elsewhere.
    """
    for book in set(exchange.urls) - set(PAGES):
        exchange.urls[book] = redirected(exchange.urls[book], rest_url)
    exchange.exceptions["exact"].update(exchange.exceptions["linear"]["exact"])
    exchange.options["fetchCurrencies"] = False
    exchange.options["fetchMarkets"] = {**_dict(exchange.options.get("fetchMarkets")), "types": ["linear"]}
    refuse_foreign({name: value for name, value in exchange.urls.items() if name not in PAGES}, rest_url)
    refuse_foreign({name: value for name, value in vars(exchange).items() if name != "urls"}, rest_url)
    for door in ("fetch", "client"):  # every request goes through `fetch`, every stream through `client`
        if hasattr(exchange, door):
            setattr(exchange, door, _watched(_unwatched(getattr(exchange, door)), rest_url))


def _pointed(module: str, where: str | Path, api_key: str, secret_key: str, config: dict[str, Any]) -> Any:
    place = place_of(where, api_key, secret_key)
    keys = {"apiKey": place.api_key, "secret": place.secret_key} if place.api_key else {}
    exchange = client_module(module, "ccxt").binanceusdm(keys | config)
    point_ccxt_at(exchange, place.rest)
    return exchange


def _watched(door: Callable[..., Any], rest_url: str) -> Callable[..., Any]:
    def checked(url: str, *arguments: Any, **named: Any) -> Any:
        refuse_foreign(url, rest_url)
        return door(url, *arguments, **named)

    checked.__dict__[_DOOR] = door
    return checked


def _unwatched(door: Callable[..., Any]) -> Callable[..., Any]:
    """Return a door as it was before it was watched for another venue."""
    unwatched: Callable[..., Any] = vars(door).get(_DOOR, door) if hasattr(door, "__dict__") else door
    return unwatched


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
