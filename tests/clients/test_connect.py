"""The recipes of all clients: every address is rewritten, and one that is planted is refused."""

import importlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ccxt
import ccxt.pro
import pytest

from clients.connect import (
    ForeignAddressError,
    MissingClientError,
    Place,
    binance_async_client,
    binance_client,
    binance_sockets,
    ccxt_exchange,
    ccxt_pro_exchange,
    nautilus_data_config,
    place_of,
    point_ccxt_at,
    redirected,
    refuse_foreign,
    sdk_client,
    um_futures,
    write_freqtrade_config,
)

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


@pytest.mark.parametrize(
    "rest_url",
    [
        "https://fapi.binance.com",
        "https://FAPI.BINANCE.COM",
        "https://binance.com.",
        "https://testnet.binancefuture.com",
        "http://127.0.0.1:8080@fapi.binance.com",
        "http://me@127.0.0.1:8080",
    ],
)
def test_a_real_exchange_is_no_home(rest_url: str) -> None:
    with pytest.raises(ForeignAddressError, match="is no venue of yours"):
        refuse_foreign({}, rest_url)
    with pytest.raises(ForeignAddressError, match="is no venue of yours"):
        ccxt_exchange(rest_url, "key", "secret")


def test_schemes_go_in_pairs() -> None:
    addresses_of = {"rest": "https://x.y/a", "ws": "wss://x.y:9443/b?c=d", "name": "x"}
    home = redirected(addresses_of, "https://venue:1")
    assert home == {"rest": "https://venue:1/a", "ws": "wss://venue:1/b?c=d", "name": "x"}


# ---------------------------------------------------------------------------------- every client, and planted addresses


def foreign(name: str) -> str:
    return f"https://{name}.binance.com/planted"


def test_a_new_table_of_ccxt_is_rewritten_and_what_cannot_be_is_refused() -> None:
    exchange = ccxt.binanceusdm()
    exchange.urls["newTable"] = {"sapi": foreign("api")}
    exchange.options["broker"] = {"url": foreign("link")}
    with pytest.raises(ForeignAddressError, match=r"link\.binance\.com.*options\.broker\.url"):
        point_ccxt_at(exchange, HOME)
    assert exchange.urls["newTable"]["sapi"] == f"{HOME}/planted"


def test_ccxt_refuses_an_address_that_is_set_later() -> None:
    exchange = ccxt_exchange(HOME, "k", "s")
    exchange.urls["api"]["sapi"] = foreign("api")
    with pytest.raises(ForeignAddressError, match=r"api\.binance\.com"):
        exchange.sapi_get_capital_config_getall()


def test_an_exchange_can_be_pointed_at_the_next_venue() -> None:
    exchange = ccxt_exchange(HOME, "k", "s")
    point_ccxt_at(exchange, "http://127.0.0.1:9")
    with pytest.raises(ForeignAddressError, match=r"does not lead to 127\.0\.0\.1:9$"):
        exchange.fetch(f"{HOME}/fapi/v1/time?secret=1")
    with pytest.raises(ccxt.NetworkError):  # nobody answers there, but it is asked
        exchange.fetch("http://127.0.0.1:9/fapi/v1/time")


async def test_ccxt_pro_refuses_a_stream_that_is_set_later() -> None:
    exchange = ccxt_pro_exchange(HOME)
    with pytest.raises(ForeignAddressError, match=r"fstream\.binance\.com"):
        exchange.client("wss://fstream.binance.com/ws")
    await exchange.close()


def test_no_proxy_of_the_environment_sees_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    for session in (binance_client(HOME, "k", "s").session, sdk_client(HOME, "k", "s").rest_api._session):
        assert session.merge_environment_settings(HOME, {}, None, None, None)["proxies"] == {}


def test_python_binance_refuses_an_attribute_that_was_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    base = importlib.import_module("binance.base_client").BaseClient
    monkeypatch.setattr(base, "NEW_TABLE", {"deep": [foreign("papi")]}, raising=False)
    with pytest.raises(ForeignAddressError, match=r"papi\.binance\.com.*NEW_TABLE"):
        binance_client(HOME, "k", "s")


def test_python_binance_rewrites_an_attribute_that_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    base = importlib.import_module("binance.base_client").BaseClient
    monkeypatch.setattr(base, "NEW_URL", "https://new.binance.{}/x", raising=False)
    assert f"{HOME}/x" == binance_client(HOME).NEW_URL


def test_python_binance_refuses_a_request_that_leads_elsewhere() -> None:
    client = binance_client(HOME, "k", "s")
    client.FUTURES_URL = foreign("fapi")
    with pytest.raises(ForeignAddressError, match=r"fapi\.binance\.com"):
        client.futures_account_balance()


async def test_the_classes_of_python_binance_stay_as_they_are() -> None:
    package = importlib.import_module("binance")
    client = binance_async_client(HOME, "k", "s")
    sockets = binance_sockets(client)
    assert sockets.FSTREAM_URL == "ws://127.0.0.1:8080/"
    sockets.FSTREAM_URL = "wss://fstream.binance.com/"
    with pytest.raises(ForeignAddressError, match=r"fstream\.binance\.com"):
        sockets.futures_user_socket()
    assert package.AsyncClient.FUTURES_URL == "https://fapi.binance.{}/fapi"
    assert package.BinanceSocketManager.FSTREAM_URL == "wss://fstream.binance.{}/"
    # One that python-binance makes for itself out of our client leads nowhere, and not to Binance.
    assert package.BinanceSocketManager(client).FSTREAM_URL == "wss://fstream.binance.invalid/"
    await client.close_connection()


@pytest.mark.parametrize("name", ["ConfigurationRestAPI", "ConfigurationWebSocketAPI", "ConfigurationWebSocketStreams"])
def test_the_sdk_is_refused_with_an_address_that_was_forgotten(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    configuration = getattr(importlib.import_module("binance_common.configuration"), name)
    monkeypatch.setattr(configuration, "fallback_url", foreign("dapi"), raising=False)
    with pytest.raises(ForeignAddressError, match=r"dapi\.binance\.com.*fallback_url"):
        sdk_client(HOME, "k", "s")


def test_the_sdk_has_all_three_addresses_of_the_venue() -> None:
    client = sdk_client(HOME, "k", "s")
    assert client.rest_api.configuration.base_path == HOME
    assert client.websocket_api.configuration.stream_url == "ws://127.0.0.1:8080/ws-fapi/v1"
    assert client.websocket_streams.configuration.stream_url == "ws://127.0.0.1:8080/stream"


def test_freqtrade_gets_every_address_that_ccxt_knows(tmp_path: Path) -> None:
    write_freqtrade_config(tmp_path / "venue.json", HOME, "k", "s")
    config = json.loads((tmp_path / "venue.json").read_text("utf-8"))["exchange"]
    known = ccxt.pro.binance().urls["api"]
    assert len(addresses(config["ccxt_config"]["urls"]["api"])) == len(addresses(known))
    assert {urlsplit(address).netloc for address in addresses(config["ccxt_config"]["urls"])} == {"127.0.0.1:8080"}
    assert (tmp_path / "venue.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("make", "package"),
    [(um_futures, "binance-futures-connector"), (nautilus_data_config, "nautilus_trader")],
)
def test_a_client_that_is_not_installed_is_named(make: Any, package: str) -> None:
    with pytest.raises(MissingClientError, match=f"pip install {package}"):
        make(HOME)


def test_a_place_is_told_by_url_or_ready_file(tmp_path: Path) -> None:
    account = {"accountId": 1, "apiKey": "a", "secretKey": "b"}
    ready = {"rest": HOME, "ws": "ws://127.0.0.1:8080", "adminToken": "t", "accounts": [account]}
    (tmp_path / "ready.json").write_text(json.dumps(ready))
    assert place_of(tmp_path / "ready.json") == Place(HOME, "ws://127.0.0.1:8080", "a", "b")
    assert place_of(tmp_path / "ready.json", "c", "d") == Place(HOME, "ws://127.0.0.1:8080", "c", "d")
    assert place_of("https://venue:1/") == Place("https://venue:1", "wss://venue:1", "", "")
    for wrong in ("http://127.0.0.1:8080/fapi", "http://"):
        with pytest.raises(ValueError, match="no base URL"):
            place_of(wrong)
    with pytest.raises(ValueError, match="without its api_key"):
        place_of(HOME, "", "s")
