"""Accounts and positions as the venue keeps them. They hold numbers and change by a fill; rules live in `margin`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import Struct

from exchange.core.book import Order
from exchange.core.conditional import Conditional
from exchange.core.enums import MarginType, PositionSide, Side
from exchange.core.units import div_floor, div_toward_zero

Interval = tuple[int, int]  # of marks in ticks, both ends included
FUND_ID = 0  # the insurance fund is account 0: its balance and inventory are a wallet and positions like any other


class Change(NamedTuple):
    """What a fill did to a position: profit realised, lots closed, lots opened, and the value of those."""

    profit: int
    closed: int
    opened: int
    opened_value: int


@dataclass(slots=True)
class Position:
    """One position in one contract: signed lots, and the signed value they were entered at, in atoms.

    The average price is derived for display and never stored, so that nothing is lost by rounding it.
    """

    quantity: int = 0
    entry_value: int = 0
    realized_pnl: int = 0

    def fill(self, side: Side, quantity: int, value: int) -> Change:
        """Change the position by a fill of `quantity` lots worth `value` atoms, and return what that did.

        What a fill closes releases its share of the entry value, rounded toward zero: the last lot releases the rest.
        A fill beyond the position closes it and opens the remainder on the other side.
        """
        if self.quantity * side >= 0:
            self.quantity += side * quantity
            self.entry_value += side * value
            return Change(0, 0, quantity, value)
        closing = min(quantity, abs(self.quantity))
        # Exact for a trade; the odd atom of a takeover's value stays with what it opens.
        closing_value = div_floor(value * closing, quantity)
        released = div_toward_zero(self.entry_value * closing, abs(self.quantity))
        profit = -side * closing_value - released
        self.quantity += side * closing
        self.entry_value -= released
        self.realized_pnl += profit
        if quantity > closing:
            self.quantity = side * (quantity - closing)
            self.entry_value = side * (value - closing_value)
        return Change(profit, closing, quantity - closing, value - closing_value)


@dataclass(slots=True)
class Leg:
    """One position of an account in a contract: BOTH in one-way mode, LONG and SHORT in hedge mode.

    The isolated wallet and what is known of its own margin are those of an isolated position; a cross one has none.
    """

    side: PositionSide
    position: Position = field(default_factory=Position)
    isolated_wallet: int = 0
    margin_called: bool = False
    in_liquidation: bool = False
    resume_at: int = 0  # of its liquidation: nothing is done before this time
    memory: int = 0  # what the policy keeps until then
    reduce_only: dict[int, Order] = field(default_factory=dict)  # its open orders that only reduce, oldest first
    working: dict[Side, int] = field(default_factory=lambda: {Side.BUY: 0, Side.SELL: 0})  # ticks * lots of the others


@dataclass(slots=True)
class Holding:
    """What an account has in one contract: its positions, its open orders (oldest first) and its choices."""

    leverage: int
    margin_type: MarginType = MarginType.CROSS
    auto_add_margin: bool = False
    legs: dict[PositionSide, Leg] = field(default_factory=lambda: {PositionSide.BOTH: Leg(PositionSide.BOTH)})
    orders: dict[int, Order] = field(default_factory=dict)
    countdown_due: int = 0  # its open orders are canceled then; 0: never

    @property
    def isolated(self) -> bool:
        """Tell whether each position has a wallet of its own."""
        return self.margin_type is MarginType.ISOLATED

    def open(self, order: Order) -> None:
        """Count an order among the open ones, as the youngest."""
        self.orders[order.order_id] = order
        if order.reduce_only:
            self.legs[order.position_side].reduce_only[order.order_id] = order
        self.work(order, order.remaining)

    def close(self, order: Order) -> None:
        """Take an order out of the open ones; it must be among them."""
        del self.orders[order.order_id]
        self.legs[order.position_side].reduce_only.pop(order.order_id, None)
        self.work(order, -order.remaining)

    def work(self, order: Order, lots: int) -> None:
        """Count lots that come to an open order, or leave it when negative. Call it before its price changes."""
        if not order.reduce_only:
            self.legs[order.position_side].working[order.side] += lots * order.price

    def has_position(self) -> bool:
        """Tell whether any of its positions is open."""
        return any(leg.position.quantity for leg in self.legs.values())


@dataclass(slots=True)
class Account:
    """One trader, or (id 0) the insurance fund. Wallets in atoms."""

    account_id: int
    name: str
    holdings: dict[str, Holding]  # by symbol, every listed contract, in listing order
    cross_wallet: int = 0  # the futures wallet without what isolated positions have for themselves
    funding_wallet: int = 0  # beside the futures wallet; no margin
    client_order_ids: dict[str, Order] = field(default_factory=dict)  # of open orders
    conditionals: dict[int, Conditional] = field(default_factory=dict)  # that wait, oldest first
    conditional_client_ids: dict[str, Conditional] = field(default_factory=dict)  # of these
    hedge: bool = False
    margin_called: bool = False  # for its cross positions
    in_liquidation: bool = False  # of its cross positions, as are the next two
    resume_at: int = 0
    memory: int = 0
    quiet: dict[str, Interval] = field(default_factory=dict)  # marks by symbol among which nothing happens to it

    @property
    def isolated_balance(self) -> int:
        """What isolated positions have for themselves, in atoms."""
        return sum(leg.isolated_wallet for holding in self.holdings.values() for leg in holding.legs.values())

    @property
    def wallet_balance(self) -> int:
        """The whole futures wallet, in atoms."""
        return self.cross_wallet + self.isolated_balance

    def leg(self, symbol: str, side: PositionSide = PositionSide.BOTH) -> Leg:
        """Return one of its positions with what belongs to it; the side must fit the account's mode."""
        return self.holdings[symbol].legs[side]

    def legs(self) -> Iterator[tuple[str, Holding, Leg]]:
        """Yield every leg of every contract, in listing order, BOTH before LONG before SHORT."""
        for symbol, holding in self.holdings.items():
            for leg in holding.legs.values():
                yield symbol, holding, leg

    def has_position(self) -> bool:
        """Tell whether any contract is held."""
        return any(holding.has_position() for holding in self.holdings.values())


class Scope(Struct, frozen=True, gc=False):
    """What pays for its losses alone: the cross positions of an account with the cross wallet, or one isolated leg."""

    account: Account
    symbol: str = ""  # of an isolated leg; none: the cross positions
    side: PositionSide = PositionSide.BOTH

    @property
    def isolated_leg(self) -> Leg | None:
        """The leg of an isolated scope; None for the cross one."""
        return self.account.leg(self.symbol, self.side) if self.symbol else None

    @property
    def wallet(self) -> int:
        """The wallet that pays, in atoms."""
        leg = self.isolated_leg
        return self.account.cross_wallet if leg is None else leg.isolated_wallet

    @property
    def margin_called(self) -> bool:
        """Tell whether its margin call has been sent and is not armed again."""
        return self._flags.margin_called

    @property
    def in_liquidation(self) -> bool:
        """Tell whether it is being liquidated."""
        return self._flags.in_liquidation

    def mark_called(self, *, called: bool) -> None:
        """Remember that the margin call was sent, or arm it again."""
        self._flags.margin_called = called

    @property
    def resume_at(self) -> int:
        """Before this time, in nanoseconds, nothing is done about its liquidation."""
        return self._flags.resume_at

    @property
    def memory(self) -> int:
        """What the policy keeps while it waits."""
        return self._flags.memory

    def lock(self, *, locked: bool) -> None:
        """Remember that liquidation began, or is over; then the policy's memory is, too."""
        flags = self._flags
        flags.in_liquidation = locked
        flags.resume_at = flags.memory = 0

    def wait(self, until: int, memory: int) -> None:
        """Leave it alone until a time, and keep what the policy wants to know then."""
        flags = self._flags
        flags.resume_at, flags.memory = until, memory

    @property
    def _flags(self) -> "Account | Leg":
        return self.isolated_leg or self.account

    def legs(self) -> Iterator[tuple[str, Holding, Leg]]:
        """Yield its legs with an open position."""
        for symbol, holding, leg in self.account.legs():
            mine = (symbol, leg.side) == (self.symbol, self.side) if self.symbol else not holding.isolated
            if mine and leg.position.quantity:
                yield symbol, holding, leg


def cross_scope(account: Account) -> Scope:
    """Return the scope of the account's cross positions."""
    return Scope(account)


def scope_of(account: Account, symbol: str, side: PositionSide) -> Scope:
    """Return the scope that a position belongs to."""
    return Scope(account, symbol, side) if account.holdings[symbol].isolated else Scope(account)


def scopes(account: Account) -> Iterator[Scope]:
    """Yield the cross scope, then that of each isolated leg with an open position, in the order of `Account.legs`."""
    yield Scope(account)
    for symbol, holding, leg in account.legs():
        if holding.isolated and leg.position.quantity:
            yield Scope(account, symbol, leg.side)
