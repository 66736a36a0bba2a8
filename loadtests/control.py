"""The control API as driver and users need it: accounts, the index, health. Blocking; it never retries."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from clients.ready import Credentials, credentials

TIMEOUT_S = 20.0
OPENER = build_opener(ProxyHandler({}))  # the venue is on this machine, whatever proxy the environment names


class Control:
    """Whoever holds the admin token. All calls raise OSError (HTTPError for a refusal)."""

    def __init__(self, rest_url: str, admin_token: str) -> None:
        self._base_url = f"{rest_url}/sim/v1"
        self._headers = {"Authorization": f"Bearer {admin_token}", "Content-Type": "application/json"}

    def create_account(self, name: str, deposit: str) -> Credentials:
        """Open an account with this much in its futures wallet, and return its key."""
        return credentials(self._call("POST", "accounts", {"name": name, "deposit": deposit}))

    def set_index(self, symbol: str, price: float) -> None:
        """Move the index of a contract, in ticks of a tenth."""
        self._call("POST", "index-price", {"symbol": symbol, "price": f"{price:.1f}"})

    def health(self) -> dict[str, Any]:
        """Return how the venue is; it stands still while it hashes itself."""
        health: dict[str, Any] = self._call("GET", "health")
        return health

    def liquidations(self) -> list[dict[str, Any]]:
        """Return the newest liquidations, at most 1,000."""
        rows: list[dict[str, Any]] | dict[str, Any] = self._call("GET", "liquidations?limit=1000")
        return rows if isinstance(rows, list) else rows["liquidations"]

    def _call(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self._base_url}/{path}", data=data, headers=self._headers, method=method)
        with OPENER.open(request, timeout=TIMEOUT_S) as answer:
            return json.loads(answer.read())
