"""Who is in the house: the table of all bots, and the run of them in one process."""

import asyncio
from collections.abc import Iterator

import aiohttp

from clients.bots.leveraged import Bet, Leveraged
from clients.bots.maker import Maker, MakerStyle
from clients.bots.market import MarketView
from clients.bots.takers import Arbitrage, Noise, Trend
from clients.bots.trader import LOST_PAUSE_S, Desk, Trader
from clients.reference import Admin, ConnectionLostError, Ready, Rest, VenueError

BTC, ETH = "BTCUSDT", "ETHUSDT"
CONNECTIONS_MAX = 256  # a stream and a call or two of each bot at once
TIMEOUT_S = 10.0

MAKERS = (
    ("maker-anna", BTC, MakerStyle((1.0, 3.0, 7.0, 14.0), (0.4, 0.7, 1.2, 2.0), 25.0, 10.0)),
    ("maker-boris", BTC, MakerStyle((1.4, 4.0, 9.0, 20.0), (0.6, 1.0, 1.5, 2.5), 25.0, 14.0)),
    ("maker-chen", BTC, MakerStyle((3.0, 12.0, 30.0, 60.0), (1.0, 2.0, 3.0, 4.0), 40.0, 18.0)),
    ("maker-dora", ETH, MakerStyle((2.0, 5.0, 12.0), (8.0, 15.0, 30.0), 500.0, 12.0)),
    ("maker-emil", ETH, MakerStyle((3.0, 9.0, 30.0), (12.0, 25.0, 60.0), 800.0, 16.0)),
)
NOISE = (
    ("noise-1", BTC, 2.6, 0.02),
    ("noise-2", BTC, 1.8, 0.05),
    ("noise-3", BTC, 0.5, 0.15),
    ("noise-4", ETH, 1.8, 0.6),
    ("noise-5", ETH, 0.9, 2.0),
)
TRENDS = (("trend-1", BTC, 1.5), ("trend-2", BTC, 0.8), ("trend-3", ETH, 20.0))
ARBITRAGE = (("arbitrage-1", BTC, 2.0, 20.0), ("arbitrage-2", ETH, 40.0, 400.0))
BETS = (
    ("long-ada", BTC, Bet(+1, 100, 2_000)),
    ("long-bo", BTC, Bet(+1, 100, 1_000)),
    ("long-cy", BTC, Bet(+1, 75, 2_500)),
    ("long-dee", BTC, Bet(+1, 50, 5_000)),
    ("long-eli", BTC, Bet(+1, 50, 4_000, careful=True)),
    ("long-fay", BTC, Bet(+1, 50, 6_000)),
    ("long-gus", BTC, Bet(+1, 33, 8_000)),
    ("long-hal", BTC, Bet(+1, 33, 9_000)),
    ("long-ida", BTC, Bet(+1, 25, 12_000)),
    ("long-jay", BTC, Bet(+1, 25, 10_000)),
    ("long-kim", BTC, Bet(+1, 25, 8_000)),
    ("long-lou", BTC, Bet(+1, 25, 14_000, careful=True)),
    ("long-mia", BTC, Bet(+1, 20, 20_000)),
    ("long-ned", BTC, Bet(+1, 20, 15_000, careful=True)),
    ("long-ora", BTC, Bet(+1, 20, 18_000)),
    ("long-pat", BTC, Bet(+1, 10, 30_000)),
    ("short-quin", BTC, Bet(-1, 100, 2_000)),
    ("short-ray", BTC, Bet(-1, 50, 5_000)),
    ("short-sue", BTC, Bet(-1, 33, 6_000)),
    ("short-tom", BTC, Bet(-1, 25, 10_000)),
    ("short-una", BTC, Bet(-1, 20, 15_000, careful=True)),
    ("short-val", BTC, Bet(-1, 10, 20_000)),
    ("eth-long-wes", ETH, Bet(+1, 50, 3_000)),
    ("eth-long-xia", ETH, Bet(+1, 25, 6_000)),
    ("eth-long-yan", ETH, Bet(+1, 20, 8_000)),
    ("eth-short-zoe", ETH, Bet(-1, 50, 3_000)),
    ("eth-short-abe", ETH, Bet(-1, 20, 6_000)),
)


def traders(desk: Desk) -> Iterator[Trader]:
    """Yield every bot whose contract is listed; each draws its chance from the seed and its own name."""
    listed = desk.market.quotes
    for name, symbol, style in MAKERS:
        if symbol in listed:
            yield Maker(desk, name, symbol, style)
    for name, symbol, orders_per_s, size in NOISE:
        if symbol in listed:
            yield Noise(desk, name, symbol, orders_per_s=orders_per_s, size=size)
    for name, symbol, size in TRENDS:
        if symbol in listed:
            yield Trend(desk, name, symbol, size=size)
    for name, symbol, size, inventory_max in ARBITRAGE:
        if symbol in listed:
            yield Arbitrage(desk, name, symbol, size=size, inventory_max=inventory_max)
    for name, symbol, bet in BETS:
        if symbol in listed:
            yield Leveraged(desk, name, symbol, bet)


async def run_house(ready: Ready, seed: int, stop: asyncio.Event) -> None:
    """Run every bot until `stop` is set, then take their orders off the book."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        market = await _market(Rest(ready.rest, None, session), stop)
        if market is None:
            return
        desk = Desk(session, ready, Admin(ready.rest, ready.admin_token, session), market, seed)
        bots = list(traders(desk))
        tasks = [
            asyncio.create_task(market.follow(session, ready.ws)),
            *(asyncio.create_task(bot.run()) for bot in bots),
        ]
        waiting = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in [waiting, *tasks]:
            task.cancel()
        await asyncio.gather(waiting, *tasks, return_exceptions=True)
        await asyncio.gather(*(bot.leave() for bot in bots))
        for task in done - {waiting}:
            task.result()  # a bot that ended by itself has a bug: say so


async def _market(rest: Rest, stop: asyncio.Event) -> MarketView | None:
    while not stop.is_set():
        try:
            return await MarketView.load(rest)
        except (VenueError, ConnectionLostError):
            await asyncio.sleep(LOST_PAUSE_S)
    return None
