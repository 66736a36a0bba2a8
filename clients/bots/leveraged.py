"""Leveraged traders: they put all they have on one side and meet the liquidation engine; a few answer their call."""

import asyncio
from dataclasses import dataclass, replace
from random import Random

from clients.bots.trader import CENT, Desk, Trader
from clients.reference import VenueError

ENTRY_ORDERS = 3  # that a whole position takes; more are sent when the book was too thin for some
ENTRY_ORDERS_MAX = 8
ENTRY_GAP_S = (0.3, 1.5)
ENTERED_SHARE = 0.95  # of the wanted position: so much is enough
STAKE_SHARE = 0.9  # of the wallet that goes into the position's margin
COSTS = 0.0015  # fee and slippage per unit of notional, to be left beside the margin
FIRST_HOLD_S = (75.0, 180.0)  # through the crash that the demo begins with
HOLD_S = (90.0, 300.0)
TAKE_PROFIT = 1.0  # of the stake
PAUSE_S = (15.0, 45.0)  # before a trader comes back, with new money when the old is lost
LATER_LEVERAGES = (50, 75, 100, 100, 125)  # drawn from after the first bet: what an hour's ordinary move can reach
LATER_STAKES_MAX = {50: 15_000.0, 75: 3_500.0, 100: 2_500.0, 125: 500.0}  # what the brackets carry at a leverage
ANSWER_SHARE = 0.5  # of the funding wallet that a careful trader sends on a margin call
WATCH_S = 0.5


@dataclass(frozen=True, slots=True)
class Bet:
    """One trader: `side` +1 long or -1 short; `careful` ones answer a margin call from their funding wallet."""

    side: int
    leverage: int
    stake_quote: float
    careful: bool = False


def later_bet(first: Bet, chance: Random) -> Bet:
    """Return what a trader who made the bet `first` tries next: the same side, fresh leverage, a stake that fits it."""
    leverage = chance.choice(LATER_LEVERAGES)
    return replace(first, leverage=leverage, stake_quote=min(first.stake_quote, LATER_STAKES_MAX[leverage]))


def entry_quantity(wallet: float, leverage: int, price: float) -> float:
    """Return the largest position, in the base asset, that a wallet carries at this leverage with its costs paid."""
    return STAKE_SHARE * wallet / (price * (1 / leverage + COSTS))


class Leveraged(Trader):
    """Enters in a few market orders, holds for a while or until doubled, pauses, and comes back with another bet."""

    def __init__(self, desk: Desk, name: str, symbol: str, bet: Bet) -> None:
        super().__init__(desk, name, symbol)
        self.first_bet = self.bet = bet
        self.deposit_quote = bet.stake_quote
        self.funding_deposit_quote = bet.stake_quote if bet.careful else 0.0

    async def step(self) -> None:
        """Live one bet from entry to exit."""
        await asyncio.sleep(self.chance.uniform(*ENTRY_GAP_S))
        if not self.position:
            await self._enter()
        await self._hold(self.chance.uniform(*(FIRST_HOLD_S if self.bet is self.first_bet else HOLD_S)))
        if self.position:
            await self.market_order("SELL" if self.position > 0 else "BUY", abs(self.position), reduce_only=True)
        await asyncio.sleep(self.chance.uniform(*PAUSE_S))
        if not self.position:
            await self._take_stake(later_bet(self.first_bet, self.chance))

    async def _take_stake(self, bet: Bet) -> None:
        """Have the bet's stake in the futures wallet, no more: what is beyond it would keep the position alive."""
        self.bet, self.deposit_quote = bet, bet.stake_quote
        surplus = self.view.wallet - bet.stake_quote
        if surplus >= CENT:
            await self.rest.transfer_to_funding(f"{surplus:.2f}")
        await self.top_up()

    async def _enter(self) -> None:
        await self.rest.set_leverage(self.symbol, self.bet.leverage)
        quantity = entry_quantity(min(self.view.wallet, self.bet.stake_quote), self.bet.leverage, self.quote.mark)
        filled = 0.0
        for _ in range(ENTRY_ORDERS_MAX):
            try:
                order = min(quantity / ENTRY_ORDERS, quantity - filled)
                filled += await self.market_order("BUY" if self.bet.side > 0 else "SELL", order)
            except VenueError:
                self.refusals += 1  # the market ran away: what we have must do
                break
            await asyncio.sleep(self.chance.uniform(*ENTRY_GAP_S))
            if filled >= ENTERED_SHARE * quantity:
                break

    async def _hold(self, hold_s: float) -> None:
        """Watch the position until it is gone, doubled or old; answer margin calls when careful."""
        entry, calls = self.quote.mark, self.view.margin_calls
        watched_s = 0.0
        while self.position and watched_s < hold_s:
            await asyncio.sleep(WATCH_S)
            watched_s += WATCH_S
            if self.bet.careful and self.view.margin_calls > calls:
                calls = self.view.margin_calls
                await self.rest.transfer_to_futures(f"{self.funding_deposit_quote * ANSWER_SHARE:.2f}")
            if (self.quote.mark - entry) * self.position > TAKE_PROFIT * self.bet.stake_quote:
                return
