"""Binance's official SDK for USD-M Futures pointed at a venue: REST, streams, WebSocket API."""

from pathlib import Path
from typing import Any

from clients.connect.addresses import refuse_foreign
from clients.connect.place import client_module, place_of, without_proxy

PACKAGE = "binance-sdk-derivatives-trading-usds-futures"
_MODULE = "binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures"
_PACKAGES = (_MODULE.partition(".")[0], "binance_common")
REST_TIMEOUT_MS = 10_000  # the SDK's own 1,000 ms, and its 3 retries, are for a venue that is far away but idle


def sdk_client(where: str | Path, api_key: str = "", secret_key: str = "", **options: Any) -> Any:
    """Return a `DerivativesTradingUsdsFutures` of a venue (base URL or ready file), with all three of its interfaces.

    `options` go to the configurations of REST and of the WebSocket API: `private_key=...` for an Ed25519 or RSA key.

    Each has an address of its own; the one that were left out would be Binance's. Raises ForeignAddressError when one
    leads elsewhere.
    """
    place = place_of(where, api_key, secret_key)
    sdk = client_module(_MODULE, PACKAGE)
    keys = {"api_key": place.api_key or None, "api_secret": place.secret_key or None} | options
    client = sdk.DerivativesTradingUsdsFutures(
        config_rest_api=sdk.ConfigurationRestAPI(**keys, base_path=place.rest, timeout=REST_TIMEOUT_MS),
        config_ws_api=sdk.ConfigurationWebSocketAPI(**keys, stream_url=f"{place.ws}/ws-fapi/v1"),
        config_ws_streams=sdk.ConfigurationWebSocketStreams(stream_url=place.ws),
    )
    without_proxy(client.rest_api._session)  # noqa: SLF001 - it has no other door
    for interface in (client.rest_api, client.websocket_api, client.websocket_streams):
        refuse_foreign(interface, place.rest, packages=_PACKAGES)
    return client
