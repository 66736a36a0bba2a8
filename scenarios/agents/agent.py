"""What an agent is, and the desk through which it sees and acts. It holds no strategy."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from exchange.core.account import Account, Position
from exchange.core.book import Order
from exchange.core.commands import CancelAllOrders, CancelOrder, PlaceOrder
from exchange.core.enums import OrderType, SelfTradePrevention, Side, TimeInForce
from exchange.core.state import Market
from exchange.core.units import ATOMS_PER_QUOTE, Lots, Ticks
from scenarios.chance import stream
from scenarios.kernel import Kernel


@dataclass(slots=True)
class Desk:
    """One account in one contract: what its agent may look at, and the commands that it sends.

    Prices are in ticks, quantities in lots; what is sent arrives `latency_ns` later. The agent looks, it never writes.
    """

    kernel: Kernel
    name: str
    account_id: int
    symbol: str
    latency_ns: int
    seed: int
    streams: dict[str, np.random.Generator] = field(default_factory=dict)  # by purpose, those that were asked for
    market: Market = field(init=False)  # the contract as it trades
    _account: Account | None = None

    def __post_init__(self) -> None:
        """Look the contract up; the account may not be open yet."""
        self.market = self.kernel.venue.state.markets[self.symbol]

    def chance(self, purpose: str) -> np.random.Generator:
        """Return this agent's generator for a purpose: nobody else draws from it, and it is always the same one."""
        if purpose not in self.streams:
            self.streams[purpose] = stream(self.seed, self.name, purpose)
        return self.streams[purpose]

    @property
    def now(self) -> int:
        """Virtual time in nanoseconds."""
        return self.kernel.now

    @property
    def account(self) -> Account:
        """Its account."""
        if self._account is None:
            self._account = self.kernel.venue.state.accounts[self.account_id]
        return self._account

    @property
    def position(self) -> Position:
        """Its position (one-way mode)."""
        return self.account.leg(self.symbol).position

    def best(self, side: Side) -> int | None:
        """Return the best price of a side of the book in ticks, or None."""
        return self.market.book.best_price(side)

    def best_of_others(self, side: Side) -> int | None:
        """Return the best price of a side at which somebody else has an order, in ticks, or None."""
        for level in self.market.book.levels(side):
            if any(order.account_id != self.account_id for order in level.orders.values()):
                return level.price
        return None

    def ticks(self, price: float) -> int:
        """Return a price in quote units on the grid, at least one tick."""
        return max(1, round(price * ATOMS_PER_QUOTE / self.market.contract.tick_atoms))

    @property
    def orders(self) -> dict[int, Order]:
        """Its open orders by id, oldest first."""
        return self.account.holdings[self.symbol].orders

    def lots_of(self, amount_quote: float, price: float) -> int:
        """Return a notional in quote units as whole lots at a price in ticks, at least one."""
        return max(1, int(amount_quote * ATOMS_PER_QUOTE / (price * self.market.contract.value_unit)))

    def quote_of(self, lots: int, price: float) -> float:
        """Return the notional, in quote units, of lots (signed) at a price in ticks."""
        return lots * price * self.market.contract.value_unit / ATOMS_PER_QUOTE

    def place(
        self,
        side: Side,
        quantity: int,
        price: int = 0,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        reduce_only: bool = False,
        client_id: str = "",
    ) -> None:
        """Send an order: LIMIT at a price, MARKET without one."""
        command = PlaceOrder(
            account_id=self.account_id,
            symbol=self.symbol,
            side=side,
            order_type=OrderType.LIMIT if price else OrderType.MARKET,
            quantity=Lots(quantity),
            price=Ticks(price),
            time_in_force=time_in_force,
            reduce_only=reduce_only,
            client_order_id=client_id,
            self_trade_prevention=SelfTradePrevention.EXPIRE_MAKER,
        )
        self.kernel.submit(command, self.name, self.latency_ns)

    def cancel(self, order_id: int) -> None:
        """Send the cancel of one open order; it may be gone when that arrives, which is no error."""
        self.kernel.submit(CancelOrder(self.account_id, self.symbol, order_id), self.name, self.latency_ns)

    def cancel_all(self) -> None:
        """Send the cancel of all open orders."""
        self.kernel.submit(CancelAllOrders(self.account_id, self.symbol), self.name, self.latency_ns)


class Agent(Protocol):
    """Someone who is woken, looks and acts, and what its account begins with."""

    desk: Desk
    deposit_quote: float
    leverage: int

    def begin(self) -> int | None:
        """Return how long it sleeps first, in nanoseconds; None: for ever."""
        ...

    def wake(self) -> int | None:
        """Look and act, and return how long it sleeps then, in nanoseconds; None: for ever."""
        ...


def let_live(kernel: Kernel, agent: Agent) -> None:
    """Wake an agent when it wants, again and again."""

    def wake() -> None:
        _sleep(agent.wake())

    def _sleep(delay_ns: int | None) -> None:
        if delay_ns is not None:
            kernel.call_at(kernel.now + max(1, delay_ns), wake)

    _sleep(agent.begin())
