"""A market maker whose every order is known beforehand: exact levels around the index. It has no opinion and no chance.

Its orders are commands of the venue like everybody's, but come by no wire: its quotes stand when a call returns.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exchange.core.commands import CancelAllOrders, Command, CreateAccount, PlaceOrder, SetLeverage
from exchange.core.contract import Contract
from exchange.core.enums import OrderType, RejectReason, Side
from exchange.core.events import AccountCreated, MarketStateSet, MarkPriceSet, Rejected
from exchange.core.units import ATOMS_PER_QUOTE, Atoms, Lots, Ticks
from exchange.runtime.sequencer import Applied, Sequencer

DEPOSIT = Atoms(1_000_000_000 * ATOMS_PER_QUOTE)  # more than any quote of a test needs
LEVERAGE = 1  # the widest position limit
PASSING = frozenset({RejectReason.PRICE_ABOVE_BAND, RejectReason.PRICE_BELOW_BAND, RejectReason.MARKET_NOT_TRADING})


class MakerError(ValueError):
    """The maker cannot quote so: the venue refused, or the ladder leaves the grid."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """How a maker quotes, in ticks and lots: best bid and ask `spread` apart around the index, then every `step`."""

    spread: int
    step: int
    quantity: int
    levels: int

    def orders(self, account_id: int, contract: Contract, index: int) -> Iterator[PlaceOrder]:
        """Yield the orders around an index in ticks, nearest first; levels at or below zero are left out."""
        best_bid = index - self.spread // 2
        best_ask = best_bid + self.spread
        for level in range(self.levels):
            away = level * self.step
            for side, price in ((Side.BUY, best_bid - away), (Side.SELL, best_ask + away)):
                if contract.min_price <= price <= contract.max_price:
                    lots = Lots(self.quantity)
                    yield PlaceOrder(account_id, contract.symbol, side, OrderType.LIMIT, lots, Ticks(price))


class ScriptedMaker:
    """Quotes one contract. All methods run on the venue's loop.

    Quotes beyond the price band around the mark, which comes once a second, and quotes while trading is halted are
    refused: they are tried again with each mark, and when the market's state changes.
    """

    def __init__(self, sequencer: Sequencer, contract: Contract, ladder: Ladder, *, follow: bool) -> None:
        """Have neither account nor quotes yet: `open` comes first."""
        self.contract = contract
        self.follow = follow
        self.account_id = 0
        self._sequencer = sequencer
        self._ladder = ladder
        self._behind = False  # some of the last quotes were refused for a reason that passes
        self._catching_up: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open an account with more than enough money, and quote. Raises MakerError; then it quotes never."""
        applied = await self._sequencer.submit(CreateAccount(f"maker-{self.contract.symbol}", DEPOSIT))
        created = [event.account_id for event in applied.events if isinstance(event, AccountCreated)]
        if not created:
            self.follow = False
            raise MakerError(f"no account for a maker: {applied.events}")
        self.account_id = created[0]
        await self._sequencer.submit(SetLeverage(self.account_id, self.contract.symbol, LEVERAGE))
        self._sequencer.subscribe(self._watch)
        try:
            await self.quote()
        except MakerError:
            await self.withdraw()
            raise

    async def quote(self) -> None:
        """Take back all quotes and rest new ones around the index as it is now. Raises MakerError.

        All in one turn, so that nobody trades between. What it meets in the book on its way it takes, as a market that
        moves through a resting order fills it.
        """
        self._end_catching_up()
        await self._quote()

    async def withdraw(self) -> None:
        """Take back all quotes, and follow the index no more."""
        self.follow = False
        self._end_catching_up()
        await self._submit(CancelAllOrders(self.account_id, self.contract.symbol))

    async def _quote(self) -> None:
        symbol = self.contract.symbol
        index = self._sequencer.venue.state.markets[symbol].index_price
        if not index:
            raise MakerError(f"{symbol} has no index price to quote around")
        orders = self._ladder.orders(self.account_id, self.contract, index)
        await self._submit(CancelAllOrders(self.account_id, symbol), *orders)

    def _end_catching_up(self) -> None:
        """Call off an attempt that may not have begun yet and would come after us; raise what the last one ended in."""
        attempt, self._catching_up = self._catching_up, None
        if attempt is not None and not attempt.cancel():
            attempt.result()

    async def _submit(self, *commands: Command) -> None:
        self._behind = False
        for applied in await asyncio.gather(*map(self._sequencer.submit, commands)):
            for event in applied.events:
                if isinstance(event, Rejected):
                    if event.reason not in PASSING:
                        raise MakerError(f"the venue refused {applied.command}: {event.reason.value}")
                    self._behind = True

    def _watch(self, batch: Sequence[Applied]) -> None:
        """Quote again when what refused the last quotes may have passed."""
        events = (event for applied in batch for event in applied.events) if self._behind else ()
        for event in events:
            if isinstance(event, MarkPriceSet | MarketStateSet) and event.symbol == self.contract.symbol:
                self._behind = False
                self._catching_up = asyncio.get_running_loop().create_task(self._quote())
                return
