"""Pure readers of the venue: numbers of accounts and positions. Every formula is `core.margin`'s; none lives here."""

from dataclasses import dataclass

from exchange.core import margin
from exchange.core.account import Account
from exchange.core.book import Order
from exchange.core.contract import Contract
from exchange.core.enums import Wallet
from exchange.core.state import State


@dataclass(frozen=True, slots=True)
class PositionView:
    """One contract of an account. Lots and atoms, signed where the position is; prices in ticks.

    `liquidation_price` is None when no mark price reaches it. `open_orders` counts resting orders.
    """

    contract: Contract
    quantity: int
    entry_value: int
    notional: int
    mark_price: int
    liquidation_price: int | None
    leverage: int
    unrealized_pnl: int
    maintenance_margin: int
    initial_margin: int
    position_initial_margin: int
    bids_notional: int
    asks_notional: int
    open_orders: int

    @property
    def order_initial_margin(self) -> int:
        """What the open orders add to the position's own initial margin, in atoms."""
        return self.initial_margin - self.position_initial_margin

    @property
    def is_active(self) -> bool:
        """Tell whether there is a position or an open order."""
        return bool(self.quantity or self.open_orders)


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account in numbers, in atoms: `equity` is the futures wallet and the unrealised profit together."""

    wallet_balance: int
    funding_balance: int
    equity: int
    initial_margin: int
    maintenance_margin: int
    available_balance: int
    max_withdrawable: int
    in_liquidation: bool
    positions: tuple[PositionView, ...]

    @property
    def unrealized_pnl(self) -> int:
        """Profit of all positions at the mark, in atoms."""
        return self.equity - self.wallet_balance

    @property
    def position_initial_margin(self) -> int:
        """Initial margin of the positions alone, in atoms."""
        return sum(position.position_initial_margin for position in self.positions)

    @property
    def order_initial_margin(self) -> int:
        """What the open orders add to it, in atoms."""
        return self.initial_margin - self.position_initial_margin


def account_view(state: State, account_id: int) -> AccountView:
    """Return the numbers of an account, positions of every listed contract in listing order. The account must exist."""
    account = state.accounts[account_id]
    return AccountView(
        wallet_balance=account.wallet_balance,
        funding_balance=account.wallets[Wallet.FUNDING],
        equity=margin.equity(state, account),
        initial_margin=margin.initial_margin(state, account),
        maintenance_margin=margin.maintenance_margin(state, account),
        available_balance=margin.available_balance(state, account),
        max_withdrawable=margin.max_withdrawable(state, account),
        in_liquidation=account.in_liquidation,
        positions=tuple(position_view(state, account, symbol) for symbol in state.markets),
    )


def position_view(state: State, account: Account, symbol: str) -> PositionView:
    """Return the numbers of an account in one listed contract."""
    market = state.markets[symbol]
    holding = account.holdings[symbol]
    position = holding.position
    bids, asks = margin.open_notionals(market, holding)
    return PositionView(
        contract=market.contract,
        quantity=position.quantity,
        entry_value=position.entry_value,
        notional=margin.position_notional(market, position),
        mark_price=market.mark_price,
        liquidation_price=margin.liquidation_price(state, account, symbol),
        leverage=holding.leverage,
        unrealized_pnl=margin.unrealized_pnl(market, position),
        maintenance_margin=margin.position_maintenance(market, position),
        initial_margin=margin.contract_initial_margin(market, holding),
        position_initial_margin=margin.position_initial_margin(market, holding),
        bids_notional=bids,
        asks_notional=asks,
        open_orders=len(holding.orders),
    )


def open_orders(state: State, account_id: int, symbol: str | None = None) -> list[Order]:
    """Return the open orders of an account by id, in one contract or in all."""
    holdings = state.accounts[account_id].holdings
    chosen = list(holdings.values()) if symbol is None else [holdings[symbol]]
    return sorted((order for holding in chosen for order in holding.orders.values()), key=lambda order: order.order_id)


def open_interest(state: State, symbol: str) -> int:
    """Return how many lots of a contract are held long, which is as many as are held short, the fund's included."""
    held = (account.holdings[symbol].position.quantity for account in state.accounts.values())
    return sum(quantity for quantity in held if quantity > 0)
