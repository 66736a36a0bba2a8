"""The ccxt recipe: every address is rewritten, and one that is not is refused."""

from typing import Any
from urllib.parse import urlsplit

import ccxt
import ccxt.pro
import pytest

from clients.connect import ForeignAddressError, point_ccxt_at, redirected, refuse_foreign

HOME = "http://127.0.0.1:8080"


def addresses(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in addresses(value)]
    return [node]


@pytest.mark.parametrize("library", [ccxt, ccxt.pro], ids=["ccxt", "ccxt.pro"])
def test_every_address_of_ccxt_leads_to_the_venue(library: Any) -> None:
    exchange = library.binanceusdm({"apiKey": "k", "secret": "s"})
    assert any("binance.com" in address for address in addresses(exchange.urls["api"]))
    point_ccxt_at(exchange, HOME)
    found = [address for book in ("api", "test", "demo") for address in addresses(exchange.urls[book])]
    assert len(found) > 40
    assert {urlsplit(address).netloc for address in found} == {"127.0.0.1:8080"}
    assert exchange.urls["api"]["fapiPrivateV3"] == "http://127.0.0.1:8080/fapi/v3"
    if library is ccxt.pro:
        assert exchange.urls["api"]["ws"]["linear"] == "ws://127.0.0.1:8080/ws"


def test_the_futures_error_classes_come_back() -> None:
    exchange = ccxt.binanceusdm()
    point_ccxt_at(exchange, HOME)
    assert exchange.exceptions["exact"]["-2019"] is ccxt.InsufficientFunds


@pytest.mark.parametrize(
    "books",
    [
        {"api": "ftp://fapi.binance.com/fapi/v1"},
        {"api": {"fapi": f"{HOME}/fapi/v1", "deep": [{"ws": "wss://fstream.binance.com/ws"}]}},
        {"api": "//fapi.binance.com/fapi/v1"},
        {"api": f"https://fapi.binance.com/{HOME}"},
    ],
)
def test_an_address_that_leads_elsewhere_is_refused(books: Any) -> None:
    with pytest.raises(ForeignAddressError, match=r"binance\.com"):
        refuse_foreign(books, HOME)


@pytest.mark.parametrize("rest_url", ["", "127.0.0.1:8080", "/fapi"])
def test_a_home_without_an_authority_is_refused(rest_url: str) -> None:
    with pytest.raises(ForeignAddressError, match="is no address"):
        refuse_foreign({}, rest_url)


def test_schemes_go_in_pairs() -> None:
    addresses_of = {"rest": "https://x.y/a", "ws": "wss://x.y:9443/b?c=d", "name": "x"}
    home = redirected(addresses_of, "https://venue:1")
    assert home == {"rest": "https://venue:1/a", "ws": "wss://venue:1/b?c=d", "name": "x"}
