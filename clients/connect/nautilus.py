"""nautilus_trader's Binance adapter pointed at a venue: its two configurations. It connects to nothing."""

from pathlib import Path
from typing import Any

from clients.connect.addresses import refuse_foreign
from clients.connect.place import Place, client_module, place_of

PACKAGE = "nautilus_trader"


def nautilus_data_config(where: str | Path, api_key: str = "", secret_key: str = "", **options: Any) -> Any:
    """Return a `BinanceDataClientConfig` for a venue (base URL or ready file). Raises ForeignAddressError."""
    place = place_of(where, api_key, secret_key)
    return _config("BinanceDataClientConfig", place, {"base_url_ws": place.ws} | options)


def nautilus_exec_config(where: str | Path, api_key: str = "", secret_key: str = "", **options: Any) -> Any:
    """Return a `BinanceExecClientConfig` for a venue (base URL or ready file). Raises ForeignAddressError."""
    place = place_of(where, api_key, secret_key)
    addresses = {"base_url_ws": f"{place.ws}/ws-fapi/v1", "base_url_ws_stream": f"{place.ws}/private"}
    return _config("BinanceExecClientConfig", place, addresses | options)


def _config(name: str, place: Place, options: dict[str, Any]) -> Any:
    binance = client_module("nautilus_trader.adapters.binance", PACKAGE)
    config = getattr(binance, name)(
        account_type=binance.BinanceAccountType.USDT_FUTURES,
        api_key=place.api_key or None,
        api_secret=place.secret_key or None,
        base_url_http=place.rest,
        **options,
    )
    fields = {field: getattr(config, field) for field in config.__struct_fields__}
    refuse_foreign(fields, place.rest)
    unset = [field for field, value in fields.items() if field.startswith("base_url") and value is None]
    if unset:  # what is not set is Binance's
        raise ValueError(f"{name} has addresses that this version of the recipe does not know: {', '.join(unset)}")
    return config
