"""Pure readers of the venue: numbers of accounts and positions. Every formula is `core.margin`'s; none lives here."""

from dataclasses import dataclass

from exchange.core import margin
from exchange.core.account import Account, cross_scope
from exchange.core.book import Order
from exchange.core.conditional import Conditional
from exchange.core.contract import Contract
from exchange.core.enums import MarginType, PositionSide
from exchange.core.state import State


@dataclass(frozen=True, slots=True)
class PositionView:
    """One position of an account. Lots and atoms, signed where the position is; prices in ticks.

    `isolated_wallet` is 0 for a cross position. `is_active`
    tells whether the account has any position or open order in the contract, of whatever side.
    """

    contract: Contract
    side: PositionSide
    margin_type: MarginType
    auto_add_margin: bool
    leverage: int
    quantity: int
    entry_value: int
    notional: int
    mark_price: int
    unrealized_pnl: int
    isolated_wallet: int
    maintenance_margin: int
    initial_margin: int
    position_initial_margin: int
    bids_notional: int
    asks_notional: int
    is_active: bool

    @property
    def isolated(self) -> bool:
        """Tell whether it has a wallet of its own."""
        return self.margin_type is MarginType.ISOLATED

    @property
    def order_initial_margin(self) -> int:
        """What the open orders add to the position's own initial margin, in atoms."""
        return self.initial_margin - self.position_initial_margin

    @property
    def isolated_margin(self) -> int:
        """What an isolated position is worth, in atoms: its wallet and its unrealised profit; 0 for a cross one."""
        return self.isolated_wallet + self.unrealized_pnl if self.isolated else 0


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account in numbers, in atoms: `equity` is the whole futures wallet and the unrealised profit together.

    The cross wallet is the part of the futures wallet that no isolated position has for itself.
    """

    wallet_balance: int
    cross_wallet: int
    funding_balance: int
    equity: int
    cross_unrealized_pnl: int
    initial_margin: int
    maintenance_margin: int
    available_balance: int
    max_withdrawable: int
    hedge: bool
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
        cross_wallet=account.cross_wallet,
        funding_balance=account.funding_wallet,
        equity=margin.total_equity(state, account),
        cross_unrealized_pnl=margin.unrealized_profit(state, cross_scope(account)),
        initial_margin=margin.total_initial_margin(state, account),
        maintenance_margin=margin.total_maintenance_margin(state, account),
        available_balance=margin.available_balance(state, account),
        max_withdrawable=margin.max_withdrawable(state, account),
        hedge=account.hedge,
        in_liquidation=account.in_liquidation,
        positions=tuple(view for symbol in state.markets for view in position_views(state, account, symbol)),
    )


def position_views(state: State, account: Account, symbol: str) -> list[PositionView]:
    """Return the positions of an account in one listed contract: BOTH, or in hedge mode LONG and SHORT."""
    return [_position_view(state, account, symbol, side) for side in sides(account)]


def sides(account: Account) -> tuple[PositionSide, ...]:
    """Return which positions an account has in each contract: it keeps the legs of its other mode, too, empty ones."""
    return (PositionSide.LONG, PositionSide.SHORT) if account.hedge else (PositionSide.BOTH,)


def open_orders(state: State, account_id: int, symbol: str | None = None) -> list[Order]:
    """Return the open orders of an account by id, in one contract or in all."""
    holdings = state.accounts[account_id].holdings
    chosen = list(holdings.values()) if symbol is None else [holdings[symbol]]
    return sorted((order for holding in chosen for order in holding.orders.values()), key=lambda order: order.order_id)


def waiting_conditionals(state: State, account_id: int, symbol: str | None = None) -> list[Conditional]:
    """Return the conditional orders of an account that wait, oldest first, in one contract or in all."""
    waiting = state.accounts[account_id].conditionals.values()
    return [conditional for conditional in waiting if symbol in {None, conditional.symbol}]


def open_interest(state: State, symbol: str) -> int:
    """Return how many lots of a contract are held long, which is as many as are held short, the fund's included."""
    legs = (leg for account in state.accounts.values() for leg in account.holdings[symbol].legs.values())
    return sum(max(0, leg.position.quantity) for leg in legs)


def _position_view(state: State, account: Account, symbol: str, side: PositionSide) -> PositionView:
    market, holding, leg = state.markets[symbol], account.holdings[symbol], account.leg(symbol, side)
    position = leg.position
    bids, asks = margin.bid_ask_notionals(market, leg)
    return PositionView(
        contract=market.contract,
        side=leg.side,
        margin_type=holding.margin_type,
        auto_add_margin=holding.auto_add_margin,
        leverage=holding.leverage,
        quantity=position.quantity,
        entry_value=position.entry_value,
        notional=margin.position_notional(market, position),
        mark_price=market.mark_price,
        unrealized_pnl=margin.unrealized_pnl(market, position),
        isolated_wallet=leg.isolated_wallet,
        maintenance_margin=margin.position_maintenance(market, position),
        initial_margin=margin.leg_initial_margin(market, holding, leg),
        position_initial_margin=margin.position_initial_margin(market, holding, leg),
        bids_notional=bids,
        asks_notional=asks,
        is_active=bool(holding.orders) or holding.has_position(),
    )
