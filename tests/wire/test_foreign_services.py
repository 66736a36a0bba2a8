"""Clients with their defaults ask other services of Binance when they start: a base URL is enough, none meets a 404."""

import re
from typing import Any

import ccxt.async_support
from binance.async_client import AsyncClient
from binance.base_client import BaseClient

from tests.wire.conftest import Served


def rewritten(urls: Any, host: str) -> Any:
    """Return addresses, however nested, with their scheme and host replaced."""
    if isinstance(urls, dict):
        return {name: rewritten(url, host) for name, url in urls.items()}
    return re.sub(r"^https?://[^/]+", host, urls) if isinstance(urls, str) else urls


async def missed(served: Served) -> list[str]:
    """Return what was asked for and does not exist."""
    return [row["name"] for row in (await served.control("GET", "/coverage")).body["notImplemented"]]


async def test_ccxt_of_all_markets_loads_with_keys_and_its_own_options(served: Served) -> None:
    client = await served.create_account()
    exchange = ccxt.async_support.binance({"apiKey": client.api_key, "secret": client.secret_key})
    exchange.urls["api"] = rewritten(exchange.urls["api"], served.rest_url)
    exchange.options["fetchMarkets"]["loadAllOptions"] = True
    try:
        markets = await exchange.load_markets()
        status = await exchange.fetch_status()
        times = [await exchange.fetch_time({"type": kind}) for kind in ("spot", "linear", "inverse")]
    finally:
        await exchange.close()
    assert sorted(markets) == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    assert status["status"] == "ok"
    assert all(abs(ms - served.now_ms()) < 60_000 for ms in times)
    assert await missed(served) == []


async def test_python_binance_is_made_with_its_own_checks(served: Served, monkeypatch: Any) -> None:
    monkeypatch.setattr(BaseClient, "API_URL", f"{served.rest_url}/api")
    client = await AsyncClient.create()
    await client.close_connection()
    told = (await served.control("GET", "/coverage")).body["endpoints"]
    assert sorted(row["name"] for row in told) == ["GET /api/v3/ping", "GET /api/v3/time"]
