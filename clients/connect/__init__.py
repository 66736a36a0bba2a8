"""Recipes that point the clients people use at a venue instead of at Binance. None is imported before it is asked for.

Each takes the venue's base URL and an account's keys, or the ready file, rewrites every address that the client knows,
reads them all again, and refuses with ForeignAddressError when one still leads elsewhere.
"""

from clients.connect.addresses import ForeignAddressError, redirected, refuse_foreign
from clients.connect.ccxt_exchanges import ccxt_async_exchange, ccxt_exchange, ccxt_pro_exchange, point_ccxt_at
from clients.connect.freqtrade_config import freqtrade_exchange, write_freqtrade_config
from clients.connect.futures_connector import um_futures, um_futures_streams
from clients.connect.nautilus import nautilus_data_config, nautilus_exec_config
from clients.connect.official_sdk import sdk_client
from clients.connect.place import MissingClientError, Place, place_of
from clients.connect.python_binance import (
    binance_async_client,
    binance_client,
    binance_sockets,
    binance_threaded_sockets,
)

__all__ = [
    "ForeignAddressError",
    "MissingClientError",
    "Place",
    "binance_async_client",
    "binance_client",
    "binance_sockets",
    "binance_threaded_sockets",
    "ccxt_async_exchange",
    "ccxt_exchange",
    "ccxt_pro_exchange",
    "freqtrade_exchange",
    "nautilus_data_config",
    "nautilus_exec_config",
    "place_of",
    "point_ccxt_at",
    "redirected",
    "refuse_foreign",
    "sdk_client",
    "um_futures",
    "um_futures_streams",
    "write_freqtrade_config",
]
