"""Accounts and positions as the venue keeps them. They hold numbers and change by a fill; rules live in `margin`."""

from dataclasses import dataclass, field

from exchange.core.book import Order
from exchange.core.enums import Side, Wallet
from exchange.core.units import div_floor, div_toward_zero

FUND_ID = 0  # the insurance fund is account 0: its balance and inventory are a wallet and positions like any other


@dataclass(slots=True)
class Position:
    """One-way position in one contract: signed lots, and the signed value they were entered at, in atoms.

    The average price is derived for display and never stored, so that nothing is lost by rounding it.
    """

    quantity: int = 0
    entry_value: int = 0
    realized_pnl: int = 0

    def fill(self, side: Side, quantity: int, value: int) -> int:
        """Change the position by a fill of `quantity` lots worth `value` atoms and return the profit it realises.

        What a fill closes releases its share of the entry value, rounded toward zero: the last lot releases the rest.
        A fill beyond the position closes it and opens the remainder on the other side.
        """
        if self.quantity * side >= 0:
            self.quantity += side * quantity
            self.entry_value += side * value
            return 0
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
        return profit


@dataclass(slots=True)
class Holding:
    """What an account has in one contract: its position, its open orders (oldest first) and its leverage."""

    leverage: int
    position: Position = field(default_factory=Position)
    orders: dict[int, Order] = field(default_factory=dict)
    reduce_only: dict[int, Order] = field(default_factory=dict)  # those of `orders` that only reduce
    working: dict[Side, int] = field(default_factory=lambda: {Side.BUY: 0, Side.SELL: 0})  # ticks * lots of the others

    def open(self, order: Order) -> None:
        """Count an order among the open ones, as the youngest."""
        self.orders[order.order_id] = order
        if order.reduce_only:
            self.reduce_only[order.order_id] = order
        self.work(order, order.remaining)

    def close(self, order: Order) -> None:
        """Take an order out of the open ones; it must be among them."""
        del self.orders[order.order_id]
        self.reduce_only.pop(order.order_id, None)
        self.work(order, -order.remaining)

    def work(self, order: Order, lots: int) -> None:
        """Count lots that come to an open order, or leave it when negative. Call it before its price changes."""
        if not order.reduce_only:
            self.working[order.side] += lots * order.price


@dataclass(slots=True)
class Account:
    """One trader, or (id 0) the insurance fund. Wallets in atoms."""

    account_id: int
    name: str
    holdings: dict[str, Holding]  # by symbol, every listed contract, in listing order
    wallets: dict[Wallet, int] = field(default_factory=lambda: {Wallet.FUTURES: 0, Wallet.FUNDING: 0})
    client_order_ids: dict[str, Order] = field(default_factory=dict)  # of open orders
    margin_called: bool = False
    in_liquidation: bool = False

    @property
    def wallet_balance(self) -> int:
        """The futures wallet, in atoms."""
        return self.wallets[Wallet.FUTURES]

    def has_position(self) -> bool:
        """Tell whether any contract is held."""
        return any(holding.position.quantity for holding in self.holdings.values())
