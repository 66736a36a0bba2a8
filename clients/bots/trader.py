"""What every bot shares: an account of its own, its view, its chance, and a loop that survives errors. No strategy."""

import asyncio
import random
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass

import aiohttp

from clients.bots.market import MarketView, Quote
from clients.reference import (
    AccountView,
    Admin,
    ConnectionLostError,
    Credentials,
    Ready,
    Rest,
    VenueError,
    on_grid,
    user_events,
)
from clients.reference.streams import CONNECTED

REFUSED_PAUSE_S = 0.5
LOST_PAUSE_S = 1.0
LEAVE_S = 2.0
CENT = 0.01
KEY_UNKNOWN = -2015  # the venue began anew without our account


@dataclass(frozen=True, slots=True)
class Desk:
    """What the house gives each bot."""

    session: aiohttp.ClientSession
    ready: Ready
    admin: Admin
    market: MarketView
    seed: int


class Trader(ABC):
    """A bot: `step` decides and acts once, and waits as long as it likes; everything around it is here."""

    deposit_quote = 10_000.0
    funding_deposit_quote = 0.0

    def __init__(self, desk: Desk, name: str, symbol: str) -> None:
        self.desk = desk
        self.name = name
        self.symbol = symbol
        self.chance = random.Random(f"{desk.seed}:{name}")
        self.view = AccountView()
        self.rest = Rest(desk.ready.rest, None, desk.session)
        self.refusals = 0

    @property
    def quote(self) -> Quote:
        """The latest prices of the bot's contract."""
        return self.desk.market.quotes[self.symbol]

    @property
    def position(self) -> float:
        """The bot's position in its contract, in the base asset, signed."""
        return self.view.position(self.symbol)

    @abstractmethod
    async def step(self) -> None:
        """Decide and act once. May raise VenueError and ConnectionLostError: both are part of the life of a bot."""

    async def run(self) -> None:
        """Open an account and trade until cancelled."""
        await self._open_account()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._trade())

    async def leave(self) -> None:
        """Take the bot's orders off the book, if the venue still listens."""
        if self.rest.account:
            with suppress(VenueError, ConnectionLostError, TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await self.rest.cancel_all(self.symbol)

    async def market_order(self, side: str, quantity: float, *, reduce_only: bool = False) -> float:
        """Send a MARKET order, cut to the contract's grid, and return what was filled; nothing is sent for nothing."""
        text = on_grid(quantity, self.quote.step_size)
        if float(text) <= 0:
            return 0.0
        order = await self.rest.place(self.symbol, side, text, reduce_only=reduce_only)
        return float(order["executedQty"])

    async def top_up(self) -> None:
        """Fill the futures wallet up to the bot's usual deposit with money from outside."""
        missing = self.deposit_quote - self.view.wallet
        if missing >= CENT and self.rest.account:
            await self.desk.admin.deposit(self.rest.account.account_id, f"{missing:.2f}")

    async def _open_account(self) -> None:
        while self.rest.account is None:
            try:
                self.rest.account = await self._account()
            except (VenueError, ConnectionLostError):
                await asyncio.sleep(LOST_PAUSE_S)

    async def _account(self) -> Credentials:
        deposit, funding = f"{self.deposit_quote:.2f}", f"{self.funding_deposit_quote:.2f}"
        return await self.desk.admin.create_account(self.name, deposit, funding)

    async def _follow(self) -> None:
        async for event in user_events(self.desk.session, self.desk.ready.ws, self.rest):
            if event.get("e") == CONNECTED:
                with suppress(VenueError, ConnectionLostError):
                    await self.view.load(self.rest)
            else:
                self.view.apply(event)

    async def _trade(self) -> None:
        await self.quote.next_mark()
        while True:
            try:
                await self.step()
            except VenueError as error:
                self.refusals += 1
                if error.code == KEY_UNKNOWN:
                    self.rest.account = None
                    await self._open_account()
                await asyncio.sleep(REFUSED_PAUSE_S)
            except ConnectionLostError:
                await asyncio.sleep(LOST_PAUSE_S)
