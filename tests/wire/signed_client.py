"""A client that signs, for tests: every way of sending parameters that popular clients use. It retries nothing."""

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as a test looks at it."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> int:
        """The dialect's error code; KeyError when there is none."""
        return int(self.body["code"])


def wall_ms() -> int:
    """Return the machine's time in milliseconds."""
    return time.time_ns() // 10**6


@dataclass(slots=True)
class SignedClient:
    """Speaks for one API key. `in_body` sends parameters as a form body instead of the query."""

    session: aiohttp.ClientSession
    rest_url: str
    api_key: str
    secret_key: str
    now_ms: Callable[[], int] = wall_ms

    async def call(
        self, method: str, path: str, *, in_body: bool = False, signed: bool = True, **params: object
    ) -> Reply:
        """Send a request with these parameters; None is left out."""
        pairs = {name: value for name, value in params.items() if value is not None}
        if signed:
            pairs.setdefault("timestamp", self.now_ms())
        text = urlencode(pairs)
        if signed:
            text += f"&signature={self.sign(text)}"
        return await self.raw(method, path, query="" if in_body else text, body=text if in_body else "")

    def sign(self, text: str) -> str:
        """Return the signature of a text."""
        return hmac.new(self.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()

    async def raw(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: str | bytes = "",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send exactly these texts; nothing is encoded again."""
        url = URL(f"{self.rest_url}{path}" + (f"?{query}" if query else ""), encoded=True)
        sent = {"X-MBX-APIKEY": self.api_key, "Content-Type": "application/json"} if headers is None else headers
        async with self.session.request(method, url, data=body, headers=sent) as response:
            assert response.content_type == "application/json"
            return Reply(response.status, await response.json(), dict(response.headers))

    async def get(self, path: str, **params: object) -> Any:
        """Return the body of a signed GET that must succeed."""
        return await self._done("GET", path, params)

    async def post(self, path: str, **params: object) -> Any:
        """Return the body of a signed POST that must succeed."""
        return await self._done("POST", path, params)

    async def put(self, path: str, **params: object) -> Any:
        """Return the body of a signed PUT that must succeed."""
        return await self._done("PUT", path, params)

    async def delete(self, path: str, **params: object) -> Any:
        """Return the body of a signed DELETE that must succeed."""
        return await self._done("DELETE", path, params)

    async def limit(self, side: str, quantity: str, price: str, **params: object) -> Any:
        """Place a LIMIT order in BTCUSDT, GTC and RESULT unless told otherwise, and return the answer."""
        order = {"symbol": "BTCUSDT", "timeInForce": "GTC", "newOrderRespType": "RESULT"} | params
        return await self.post("/fapi/v1/order", side=side, type="LIMIT", quantity=quantity, price=price, **order)

    async def market(self, side: str, quantity: str, **params: object) -> Any:
        """Place a MARKET order in BTCUSDT, RESULT unless told otherwise, and return the answer."""
        order = {"symbol": "BTCUSDT", "newOrderRespType": "RESULT"} | params
        return await self.post("/fapi/v1/order", side=side, type="MARKET", quantity=quantity, **order)

    async def _done(self, method: str, path: str, params: dict[str, object]) -> Any:
        reply = await self.call(method, path, in_body=False, signed=True, **params)
        assert reply.status == 200, f"{method} {path}: {reply.status} {reply.body}"
        return reply.body
