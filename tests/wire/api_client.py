"""A client of the WebSocket API for tests: signs by the rules of the dialect, finds answers by their ids."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.wire.conftest import Served
from tests.wire.signed_client import SignedClient

WAIT_SECONDS_MAX = 10


class ApiClient:
    """One connection that speaks for one key."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, owner: SignedClient) -> None:
        """Speak on an open socket."""
        self.socket = socket
        self._owner = owner
        self._asked = 0

    def signed(self, params: dict[str, object]) -> dict[str, object]:
        """Return the parameters with key, time and signature: by name, numbers and booleans as JSON writes them."""
        full = {"apiKey": self._owner.api_key, "timestamp": self._owner.now_ms()} | params
        text = "&".join(f"{name}={_text(full[name])}" for name in sorted(full))
        return full | {"signature": self.sign(text)}

    def sign(self, text: str) -> str:
        """Return the signature of a text."""
        return hmac.new(self._owner.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()

    async def say(self, message: object) -> None:
        """Send a message, text as it is and anything else as JSON."""
        await self.socket.send_str(message if isinstance(message, str) else json.dumps(message))

    async def heard(self) -> Any:
        """Return the next answer."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            message = await self.socket.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, f"{message.type!r} {message.data!r} {message.extra!r}"
        return json.loads(message.data)

    async def ask(self, method: str, params: dict[str, object] | None = None, *, signed: bool = True) -> Any:
        """Send a request, signed or with these parameters alone, and return its answer."""
        self._asked += 1
        sent = self.signed(params or {}) if signed else params or {}
        await self.say({"id": self._asked, "method": method, "params": sent})
        answer = await self.heard()
        assert answer["id"] == self._asked
        return answer

    async def done(self, method: str, params: dict[str, object] | None = None, *, signed: bool = True) -> Any:
        """Return the result of a request that must succeed."""
        answer = await self.ask(method, params, signed=signed)
        assert answer["status"] == 200, answer
        return answer["result"]


@asynccontextmanager
async def api_connected(served: Served, owner: SignedClient, path: str = "/ws-fapi/v1") -> AsyncIterator[ApiClient]:
    """Open a connection to the WebSocket API."""
    async with served.session.ws_connect(f"{served.ws_url}{path}") as socket:
        yield ApiClient(socket, owner)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
