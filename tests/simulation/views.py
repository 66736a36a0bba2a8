"""The whole state of the core and of the reference as plain dictionaries with the same keys, and where they differ."""

from collections.abc import Mapping

from exchange.core import margin
from exchange.core.enums import Side, Wallet
from exchange.core.state import State
from tests.reference import risk
from tests.reference.venue import ReferenceVenue
from tests.reference.world import World, open_orders, position_of, queue

View = dict[str, object]


def core_view(state: State) -> View:
    """Return everything that the core remembers."""
    view: View = {
        "venue": (state.ts, state.resumed, state.unwind_due, state.trading_fees, state.dust, state.net_deposits),
        "shortfall": state.shortfall_total,
        "next ids": (
            state.next_account_id,
            state.next_order_id,
            state.next_trade_id,
            state.next_liquidation_id,
        ),
    }
    for symbol, market in state.markets.items():
        view[f"market {symbol}"] = (market.state, market.index_price, market.index_source_ts, market.mark_price)
        view[f"tape {symbol}"] = (market.last_price, market.book_update_id, market.basis_samples)
        view[f"due {symbol}"] = (market.mark_due, market.basis_due, market.funding_due)
        for side in Side:
            resting = [order for level in market.book.levels(side) for order in level.orders.values()]
            view[f"book {symbol} {side.name}"] = [(order.record(), order.amendments) for order in resting]
    for account_id, account in state.accounts.items():
        flags = (account.margin_called, account.in_liquidation)
        view[f"account {account_id}"] = (account.name, *(account.wallets[wallet] for wallet in Wallet), *flags)
        for symbol, holding in account.holdings.items():
            position = holding.position
            numbers = (holding.leverage, position.quantity, position.entry_value, position.realized_pnl)
            view[f"holding {account_id} {symbol}"] = (*numbers, list(holding.orders))
    return view


def reference_view(reference: ReferenceVenue) -> View:
    """Return everything that the reference remembers, under the same keys."""
    world = reference.world
    view: View = {
        "venue": (world.now, world.resumed, world.unwind_due, world.fees, world.dust, world.net_deposits),
        "shortfall": world.shortfall,
        "next ids": (
            len(world.names),
            world.orders_made + 1,
            world.trades_made + 1,
            world.liquidations_made + 1,
        ),
    }
    for symbol, quotes in world.quotes.items():
        view[f"market {symbol}"] = (quotes.state, quotes.index, quotes.source_ts, quotes.mark)
        view[f"tape {symbol}"] = (quotes.last, quotes.update_id, quotes.samples)
        view[f"due {symbol}"] = (quotes.mark_due, quotes.basis_due, quotes.funding_due)
        for side in Side:
            there = queue(world, symbol, side)
            view[f"book {symbol} {side.name}"] = [(one.order, one.amendments) for one in there]
    for account, name in world.names.items():
        _view_account(world, account, name, view)
    return view


def _view_account(world: World, account: int, name: str, view: View) -> None:
    flags = (account in world.called, account in world.locked)
    view[f"account {account}"] = (name, *(world.wallets[account, wallet] for wallet in Wallet), *flags)
    for symbol in world.contracts:
        numbers = (world.leverages[account, symbol], *position_of(world, account, symbol))
        orders = [one.order.order_id for one in open_orders(world, account, symbol)]
        view[f"holding {account} {symbol}"] = (*numbers, orders)


def core_margins(state: State) -> View:
    """Return what readers of the core are told of each account's margin, in atoms."""
    return {
        f"margin {account_id}": (
            margin.equity(state, account),
            margin.maintenance_margin(state, account),
            margin.available_balance(state, account),
            margin.max_withdrawable(state, account),
        )
        for account_id, account in state.accounts.items()
    }


def reference_margins(reference: ReferenceVenue) -> View:
    """Return the same of the reference."""
    world = reference.world
    return {
        f"margin {account}": (
            risk.equity(world, account),
            risk.maintenance(world, account),
            max(0, risk.spare(world, account)),
            risk.withdrawable(world, account),
        )
        for account in world.names
    }


def differences(core: Mapping[str, object], reference: Mapping[str, object]) -> list[str]:
    """Return one line per key that differs."""
    keys = dict.fromkeys((*core, *reference))
    return [
        f"{key}\n      core      {core.get(key)}\n      reference {reference.get(key)}"
        for key in keys
        if core.get(key) != reference.get(key)
    ]
