"""REST calls, signed and unsigned, with refusals as exceptions. One call is one request: it never retries."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from clients.ready import Credentials, credentials

TIMEOUT_S = 10.0
ASSET = "USDT"  # of the venue's shipped contracts
RECV_WINDOW_MS = 5000
HTTP_ERROR_FROM = 400
NO_CODE = 0  # the answer carried none: something that is not the venue answered

Params = Mapping[str, str | int | float]


class VenueError(Exception):
    """The venue refused: HTTP status, its code and its message."""

    def __init__(self, http: int, code: int, msg: str) -> None:
        super().__init__(f"{msg} ({code}, HTTP {http})")
        self.http = http
        self.code = code
        self.msg = msg


class ConnectionLostError(Exception):
    """No answer: whether the request took effect is unknown. Ask for the order by its client order id."""


class Rest:
    """One account's connection. Use it as an asynchronous context, or give it a session that somebody else closes.

    All calls raise VenueError for a refusal and ConnectionLostError when no answer came.
    """

    def __init__(
        self, base_url: str, account: Credentials | None = None, session: aiohttp.ClientSession | None = None
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.account = account
        self._session = session
        self._owns_session = session is None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the session, if it is our own."""
        if self._owns_session and self._session:
            await self._session.close()

    async def place(
        self,
        symbol: str,
        side: str,
        quantity: str,
        price: str | None = None,
        *,
        time_in_force: str = "GTC",
        reduce_only: bool = False,
        client_order_id: str = "",
    ) -> dict[str, Any]:
        """Place a LIMIT order, or a MARKET order when no price is given, and return the order as it then stands."""
        params: dict[str, str] = {"symbol": symbol, "side": side, "quantity": quantity, "newOrderRespType": "RESULT"}
        limit = {"type": "LIMIT", "price": price or "", "timeInForce": time_in_force}
        params |= {"type": "MARKET"} if price is None else limit
        if reduce_only:
            params["reduceOnly"] = "true"
        if client_order_id:
            params["newClientOrderId"] = client_order_id
        order: dict[str, Any] = await self.signed("POST", "/fapi/v1/order", params)
        return order

    async def amend(self, symbol: str, side: str, quantity: str, price: str, client_order_id: str) -> dict[str, Any]:
        """Give an open order a new total quantity and price."""
        params = {"symbol": symbol, "side": side, "quantity": quantity, "price": price}
        params["origClientOrderId"] = client_order_id
        order: dict[str, Any] = await self.signed("PUT", "/fapi/v1/order", params)
        return order

    async def cancel(self, symbol: str, client_order_id: str) -> dict[str, Any]:
        """Cancel an open order."""
        params = {"symbol": symbol, "origClientOrderId": client_order_id}
        order: dict[str, Any] = await self.signed("DELETE", "/fapi/v1/order", params)
        return order

    async def cancel_all(self, symbol: str) -> None:
        """Cancel every open order in a contract."""
        await self.signed("DELETE", "/fapi/v1/allOpenOrders", {"symbol": symbol})

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        """Choose the account's leverage in a contract."""
        await self.signed("POST", "/fapi/v1/leverage", {"symbol": symbol, "leverage": leverage})

    async def transfer_to_futures(self, amount: str) -> None:
        """Move money (USDT) from the funding wallet into the futures wallet, where it is margin."""
        await self._transfer("MAIN_UMFUTURE", amount)

    async def transfer_to_funding(self, amount: str) -> None:
        """Move money (USDT) out of the futures wallet into the funding wallet, where no position can lose it."""
        await self._transfer("UMFUTURE_MAIN", amount)

    async def futures_account(self) -> dict[str, Any]:
        """Return the account's balances and margins."""
        answer: dict[str, Any] = await self.signed("GET", "/fapi/v3/account")
        return answer

    async def public(self, method: str, path: str, params: Params | None = None) -> Any:
        """Make an unsigned call; the key is sent along when there is one."""
        return await self._send(method, path, urlencode(params or {}))

    async def signed(self, method: str, path: str, params: Params | None = None) -> Any:
        """Make a call signed with the account's secret. Raises ValueError without an account."""
        if self.account is None:
            raise ValueError("a signed call needs an account")
        query = urlencode({**(params or {}), "recvWindow": RECV_WINDOW_MS, "timestamp": time.time_ns() // 10**6})
        signature = hmac.new(self.account.secret_key.encode(), query.encode(), hashlib.sha256).hexdigest()
        return await self._send(method, path, f"{query}&signature={signature}")

    async def _transfer(self, kind: str, amount: str) -> None:
        await self.signed("POST", "/sapi/v1/asset/transfer", {"type": kind, "asset": ASSET, "amount": amount})

    async def _send(self, method: str, path: str, query: str) -> Any:
        headers = {"X-MBX-APIKEY": self.account.api_key} if self.account else {}
        return await send(self._open(), method, f"{self.base_url}{path}?{query}", headers=headers)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        return self._session


class Admin:
    """The control API, for whoever holds the admin token: accounts and money from outside. Errors as in Rest."""

    def __init__(self, base_url: str, token: str, session: aiohttp.ClientSession) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session = session

    async def create_account(self, name: str, deposit: str, funding_deposit: str = "0") -> Credentials:
        """Open an account and return its key; the deposit lands in the futures wallet."""
        body = {"name": name, "deposit": deposit, "fundingDeposit": funding_deposit}
        return credentials(await self.call("POST", "/sim/v1/accounts", body))

    async def deposit(self, account_id: int, amount: str) -> None:
        """Add money from outside to an account's futures wallet."""
        await self.call("POST", f"/sim/v1/accounts/{account_id}/deposit", {"amount": amount})

    async def call(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        """Make any call of the control API."""
        data = None if body is None else orjson.dumps(body)
        return await send(self._session, method, f"{self._base_url}{path}", headers=self._headers, data=data)


async def send(
    session: aiohttp.ClientSession, method: str, url: str, headers: Mapping[str, str], data: bytes | None = None
) -> Any:
    """Send one request and return the decoded answer. Raises VenueError and ConnectionLostError."""
    try:
        # The query is signed as it stands: encoding it again would break the signature.
        async with session.request(method, URL(url, encoded=True), headers=headers, data=data) as response:
            body, status = await response.read(), response.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ConnectionLostError(f"{method} {url.partition('?')[0]}: {error!r}") from error
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise VenueError(status, NO_CODE, f"no JSON: {body[:80]!r}") from error
    if status >= HTTP_ERROR_FROM:
        fields = answer if isinstance(answer, dict) else {}
        raise VenueError(status, int(fields.get("code", NO_CODE)), str(fields.get("msg", answer)))
    return answer


def on_grid(value: float, step: str) -> str:
    """Return a price or quantity as text, cut toward zero to a multiple of `step` (tick size, step size)."""
    grid = Decimal(step)
    exponent = min(0, int(grid.as_tuple().exponent))
    return format((Decimal(str(value)) / grid).to_integral_value(ROUND_DOWN) * grid, f".{-exponent}f")
