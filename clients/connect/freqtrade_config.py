"""The exchange block of a freqtrade configuration for a venue; ccxt, which freqtrade uses, says what to rewrite."""

import json
from pathlib import Path
from typing import Any

from clients.connect.addresses import redirected, refuse_foreign
from clients.connect.ccxt_exchanges import PAGES
from clients.connect.place import client_module, place_of


def freqtrade_exchange(where: str | Path, api_key: str = "", secret_key: str = "") -> dict[str, Any]:
    """Return `{"exchange": {...}, ...}`, to be merged over a freqtrade configuration, for a venue (URL or ready file).

    freqtrade merges it over the addresses that its ccxt knows, so all of those are named, as the ccxt installed here
    has them. Raises ForeignAddressError when one leads elsewhere.
    """
    place = place_of(where, api_key, secret_key)
    known = client_module("ccxt.pro", "ccxt").binance().urls
    urls = redirected({book: known[book] for book in known if book not in PAGES}, place.rest)
    refuse_foreign(urls, place.rest)
    options = {"fetchCurrencies": False, "fetchMarkets": {"types": ["linear"]}}
    ccxt_config = {"urls": urls, "options": options}
    return {
        "trading_mode": "futures",
        "margin_mode": "isolated",
        "stake_currency": "USDT",
        "exchange": {
            "name": "binance",
            "key": place.api_key,
            "secret": place.secret_key,
            "enable_ws": False,
            "only_from_ccxt": True,  # else candles of the past come from data.binance.vision
            "ccxt_config": ccxt_config,
            "ccxt_async_config": ccxt_config,
            "pair_whitelist": ["BTC/USDT:USDT"],
        },
    }


def write_freqtrade_config(path: str | Path, where: str | Path, api_key: str = "", secret_key: str = "") -> None:
    """Write that block as a file for freqtrade's `--config`, readable by its owner only: it has keys in it."""
    path = Path(path)
    path.touch(mode=0o600)
    path.write_text(json.dumps(freqtrade_exchange(where, api_key, secret_key), indent=1) + "\n", "utf-8")
