"""The house bots against a served venue, over real sockets: they make a market, trade, and leave it tidy."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from clients.bots.house import ARBITRAGE, BETS, MAKERS, NOISE, TRENDS, run_house
from clients.reference import read_ready
from exchange.composition import Served, served
from exchange.core.checks import violations
from exchange.core.events import TradePrinted
from exchange.demo import bots_arguments
from exchange.runtime.feeds.sources import DAY_PATH
from exchange.runtime.sequencer import Applied
from exchange.runtime.settings import Settings

SEED = 3
PATIENCE_S = 40
TRADES = 8
ROLES = {name for name, *_ in (*MAKERS, *NOISE, *TRENDS, *ARBITRAGE, *BETS)}


def settings(folder: Path) -> Settings:
    return Settings(folder, index=f"path:{DAY_PATH}@01:10", seed=SEED, speed=60.0, port=0)


async def trades(venue: Served, count: int) -> None:
    """Return when so many trades in each contract were committed from now on."""
    missing = dict.fromkeys(venue.app.venue.state.markets, count)
    enough = asyncio.Event()

    def listen(batch: Sequence[Applied]) -> None:
        for applied in batch:
            for event in applied.events:
                if isinstance(event, TradePrinted):
                    missing[event.symbol] -= 1
        if max(missing.values()) <= 0:
            enough.set()

    venue.app.sequencer.subscribe(listen)
    async with asyncio.timeout(PATIENCE_S):
        await enough.wait()


async def test_the_house_trades_and_leaves_no_order_behind(tmp_path: Path) -> None:
    async with served(settings(tmp_path)) as venue:
        stop = asyncio.Event()
        house = asyncio.create_task(run_house(read_ready(venue.ready_path), SEED, stop))
        await trades(venue, TRADES)
        state = venue.app.venue.state
        assert {account.name for account in state.accounts.values()} > ROLES
        stop.set()
        await house
        holdings = [holding for account in state.accounts.values() for holding in account.holdings.values()]
        assert sum(len(holding.orders) for holding in holdings) == 0
        assert violations(state) == []


async def test_a_seed_of_zero_is_a_seed(tmp_path: Path) -> None:
    async with served(Settings(tmp_path, seed=0, port=0)) as venue:
        assert " --seed 0 " in " ".join(bots_arguments(venue))


async def test_the_house_survives_a_restart_of_the_venue(tmp_path: Path) -> None:
    stop = asyncio.Event()
    async with served(settings(tmp_path)) as venue:
        port = venue.serving.port
        house = asyncio.create_task(run_house(read_ready(venue.ready_path), SEED, stop))
        await trades(venue, TRADES)
    again = Settings(tmp_path, speed=60.0, port=port)
    async with served(again) as venue:
        accounts = len(venue.app.venue.state.accounts)
        await trades(venue, TRADES)
        assert len(venue.app.venue.state.accounts) == accounts
        assert not house.done()
        stop.set()
        await house
        assert violations(venue.app.venue.state) == []
