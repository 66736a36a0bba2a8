"""A served venue for tests: in this process, on a free port of the loopback, index prices set by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from exchange.core.units import SECOND
from exchange.gateway.server import serve
from exchange.runtime.app import App, open_app
from exchange.runtime.clock import Clock
from exchange.runtime.settings import Settings
from tests.runtime.manual_clock import ManualClock
from tests.wire.signed_client import Reply, SignedClient


@dataclass(slots=True)
class Served:
    """A venue at work, and what a test does to it from outside."""

    app: App
    rest_url: str
    ws_url: str
    admin_token: str
    session: aiohttp.ClientSession

    def now_ms(self) -> int:
        """Return wall time in milliseconds, as the venue's machine shows it."""
        return self.app.clock.wall() // 10**6

    async def control(self, method: str, path: str, body: object = None, token: str | None = None) -> Reply:
        """Call the control API with the admin token, or with another one."""
        bearer = self.admin_token if token is None else token
        async with self.session.request(
            method, f"{self.rest_url}/sim/v1{path}", json=body, headers={"Authorization": f"Bearer {bearer}"}
        ) as response:
            assert response.content_type == "application/json"
            return Reply(response.status, await response.json(), dict(response.headers))

    async def controlled(self, path: str, body: object) -> Any:
        """Return the body of a POST to the control API that must succeed."""
        reply = await self.control("POST", path, body)
        assert reply.status == 200, f"{path}: {reply.status} {reply.body}"
        return reply.body

    async def create_account(self, deposit: str = "10000", funding: str = "0", name: str = "trader") -> SignedClient:
        """Open an account with these wallets and return a client that speaks for it."""
        body = {"name": name, "deposit": deposit, "fundingDeposit": funding}
        made = await self.controlled("/accounts", body)
        return SignedClient(self.session, self.rest_url, made["apiKey"], made["secretKey"], self.now_ms)

    async def set_index(self, symbol: str, price: str) -> None:
        """Set an index price."""
        await self.controlled("/index-price", {"symbol": symbol, "price": price})

    async def state(self) -> tuple[str, int]:
        """Return the state hash and the residue as health tells them."""
        body = (await self.control("GET", "/health")).body
        return body["stateHash"], body["conservationResidue"]


def stop_loudly(message: str) -> None:
    """Fail the test instead of ending the process when the sequencer fails."""
    pytest.fail(message, pytrace=False)


@asynccontextmanager
async def open_served(
    folder: Path,
    clock: Clock | None = None,
    contracts: tuple[Path, ...] = (),
    limits: str = "classroom",
    *,
    legacy_stops: bool = False,
) -> AsyncIterator[Served]:
    """Open a venue in a folder and serve it; on the way out stop serving, then the venue. No contracts: the shipped."""
    settings = Settings(
        data_folder=folder, index="manual", contracts=contracts, limits=limits, legacy_stops=legacy_stops
    )
    app = open_app(settings, clock=clock, on_fatal=stop_loudly)
    await app.start()
    serving = await serve(app, "127.0.0.1", 0)
    address = f"127.0.0.1:{serving.port}"
    async with aiohttp.ClientSession() as session:
        yield Served(app, f"http://{address}", f"ws://{address}", app.admin_token, session)
    await serving.stop()
    await app.close()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """Serve a venue on wall time: it ticks by itself."""
    async with open_served(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
async def still(tmp_path: Path) -> AsyncIterator[Served]:
    """Serve a venue on a clock that stands, so that only the test changes it."""
    async with open_served(tmp_path / "data", ManualClock(1_764_000_000 * SECOND)) as opened:
        yield opened
