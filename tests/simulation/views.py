"""The whole state of the core and of the reference as plain dictionaries with the same keys, and where they differ."""

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction

from exchange.core import margin
from exchange.core.account import Account, Leg, cross_scope, scopes
from exchange.core.enums import MarginType, MarkRule, Side, Wallet
from exchange.core.liquidation_price import liquidation_price
from exchange.core.state import Market, State
from tests.reference import risk, world
from tests.reference.deadlines import dates
from tests.reference.prices import basis_average, basis_window, falls_silent, price_average
from tests.reference.quotes import Quotes
from tests.reference.venue import ReferenceVenue
from tests.reference.world import World

View = dict[str, object]

# ---------------------------------------------------------------------------------------------------------- the core


def core_view(state: State) -> View:
    """Return everything that the core remembers."""
    view: View = {
        "venue": (state.ts, state.resumed, state.unwind_due, state.trading_fees, state.dust, state.net_deposits),
        "shortfall": (state.shortfall_total, state.loss_left),
        "engine": (
            state.pass_due,
            state.carried_over,
            state.unwind_stopped_until,
            state.drawdown,
            _peak(state.drawdown_notes),
            _peak(state.stop_notes),
        ),
        "deadlines": (state.firing_due, [*state.countdowns], [*state.good_tills]),
        "next ids": (
            state.next_account_id,
            state.next_order_id,
            state.next_trade_id,
            state.next_liquidation_id,
        ),
    }
    for symbol, market in state.markets.items():
        _view_market(symbol, market, view)
    for account in state.accounts.values():
        _view_core_account(account, view)
    return view


def _view_market(symbol: str, market: Market, view: View) -> None:
    sources = [(name, one.price, one.updated_ts, one.status) for name, one in market.sources.items()]
    view[f"index {symbol}"] = (market.index_price, market.index_source_ts, market.index_stale, sources)
    marks = (market.mark_price, market.previous_mark)
    view[f"market {symbol}"] = (market.state, market.operator_state, market.frozen, *marks)
    view[f"tape {symbol}"] = (market.last_price, market.book_update_id, market.basis_samples)
    sums = (market.premium.count, market.premium.total, market.premium.weighted, market.premium.last)
    view[f"funding {symbol}"] = (*sums, market.funding_interval, market.funding_rate)
    averages = (market.basis_ema, market.price_ema)
    view[f"averages {symbol}"] = [(one.total, one.weight) for one in averages]
    extremes = [noted[0] if noted else None for noted in (market.high_marks, market.low_marks)]
    view[f"breaker {symbol}"] = (market.breaker_due, extremes)
    dues = (market.sample_due, market.premium_due, market.mark_due, market.funding_due)
    view[f"due {symbol}"] = (*dues, market.stale_due)
    for side in Side:
        resting = [order for level in market.book.levels(side) for order in level.orders.values()]
        view[f"book {symbol} {side.name}"] = [(order.record(), order.amendments) for order in resting]
        view[f"spawned {symbol} {side.name}"] = [one.conditional.record() for one in resting if one.conditional]


def _view_core_account(account: Account, view: View) -> None:
    who = account.account_id
    flags = (account.margin_called, account.in_liquidation, account.resume_at, account.memory, account.hedge)
    view[f"account {who}"] = (account.name, account.cross_wallet, account.funding_wallet, *flags)
    waiting = account.conditionals.values()
    view[f"waiting {who}"] = [(one.record(), one.trail.extreme if one.trail else 0) for one in waiting]
    for symbol, holding in account.holdings.items():
        choices = (holding.leverage, holding.margin_type, holding.auto_add_margin, holding.countdown_due)
        view[f"holding {who} {symbol}"] = (*choices, list(holding.orders))
    for symbol, _, leg in account.legs():
        numbers = _leg_numbers(leg)
        if any(numbers):
            view[f"leg {who} {symbol} {leg.side.name}"] = numbers


def _leg_numbers(leg: Leg) -> tuple[int, ...]:
    held = leg.position
    marks = (leg.margin_called, leg.in_liquidation, leg.resume_at, leg.memory)
    return (held.quantity, held.entry_value, held.realized_pnl, leg.isolated_wallet, *marks)


def _peak(notes: Iterable[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the highest equity noted and when; of equal ones the later, which is longer in the window."""
    return max(notes, key=lambda note: (note[1], note[0]), default=None)


# ----------------------------------------------------------------------------------------------------- the reference


def reference_view(reference: ReferenceVenue) -> View:
    """Return everything that the reference remembers, under the same keys."""
    there = reference.world
    view: View = {
        "venue": (there.now, there.resumed, there.unwind_due, there.fees, there.dust, there.net_deposits),
        "shortfall": (there.shortfall, there.loss_left),
        "engine": (
            there.pass_due,
            [tuple(scope) for scope in there.carried_over],
            there.unwind_stopped_until,
            there.drawdown,
            _peak(there.drawdown_notes),
            _peak(there.stop_notes),
        ),
        "deadlines": (
            there.firing_due,
            sorted((due, *key) for key, due in there.countdowns.items()),
            sorted(dates(there)),
        ),
        "next ids": (
            len(there.names),
            there.orders_made + 1,
            there.trades_made + 1,
            there.liquidations_made + 1,
        ),
    }
    for symbol, quotes in there.quotes.items():
        _view_quotes(there, symbol, quotes, view)
    for account in there.names:
        _view_account(there, account, view)
    return view


def _view_quotes(there: World, symbol: str, quotes: Quotes, view: View) -> None:
    contract = there.contracts[symbol]
    sources = [(name, one.price, one.heard, one.status) for name, one in quotes.sources.items()]
    view[f"index {symbol}"] = (quotes.index, quotes.source_ts, quotes.stale, sources)
    view[f"market {symbol}"] = (quotes.state, quotes.operator, quotes.frozen, quotes.mark, quotes.previous_mark)
    windowed = contract.mark.rule is MarkRule.MEDIAN_OF_THREE
    samples = basis_window(contract, quotes) if windowed else []
    averages = [(0, 0) if windowed else basis_average(contract, quotes), price_average(contract, quotes)]
    view[f"averages {symbol}"] = averages
    view[f"tape {symbol}"] = (quotes.last, quotes.update_id, samples)
    weighted = sum(number * sample for number, sample in enumerate(quotes.premiums, 1))
    sums = (len(quotes.premiums), sum(quotes.premiums), weighted, quotes.last_premium)
    view[f"funding {symbol}"] = (*sums, quotes.interval, quotes.rate)
    notes = quotes.notes  # of two equal ones the later counts, which is longer in the window
    highest, lowest = (max(notes, key=lambda note: (sign * note[1], note[0]), default=None) for sign in (1, -1))
    view[f"breaker {symbol}"] = (quotes.broken_until, [highest, lowest])
    dues = (quotes.sample_due, quotes.premium_due, quotes.mark_due, quotes.funding_due)
    silent = min(falls_silent(contract, source) for source in quotes.sources.values())
    view[f"due {symbol}"] = (*dues, silent)
    for side in Side:
        queue = world.queue(there, symbol, side)
        view[f"book {symbol} {side.name}"] = [(one.order, one.amendments) for one in queue]
        origins = [one.order.origin for one in queue if one.order.origin is not None]
        view[f"spawned {symbol} {side.name}"] = [there.fired[origin.conditional_id] for origin in origins]


def _liquidation(there: World, scope: world.Scope) -> tuple[bool, bool, int, int]:
    waits = (there.resume_at.get(scope, 0), there.memory.get(scope, 0))
    return (scope in there.called, scope in there.locked, *waits)


def _view_account(there: World, account: int, view: View) -> None:
    cross = world.Scope(account)
    flags = (*_liquidation(there, cross), account in there.hedged)
    wallets = (there.wallets[account, wallet] for wallet in Wallet)
    view[f"account {account}"] = (there.names[account], *wallets, *flags)
    waiting = world.waiting_conditionals(there, account)
    active = {one.conditional_id for one in waiting if one.trigger_price}  # before, what it has seen matters to nobody
    extremes = {number: extreme for number, extreme in there.extremes.items() if number in active}
    view[f"waiting {account}"] = [(one, extremes.get(one.conditional_id, 0)) for one in waiting]
    for symbol in there.contracts:
        key = (account, symbol)
        margin_type = MarginType.ISOLATED if key in there.isolated else MarginType.CROSS
        orders = [one.order.order_id for one in world.open_orders(there, account, symbol)]
        choices = (there.leverages[key], margin_type, key in there.auto_add, there.countdowns.get(key, 0))
        view[f"holding {account} {symbol}"] = (*choices, orders)
    for leg in [leg for leg in there.positions if leg.account == account]:
        marks = _liquidation(there, world.Scope(*leg))
        numbers = (*world.position_of(there, leg), world.isolated_wallet(there, leg), *marks)
        if any(numbers):
            view[f"leg {account} {leg.symbol} {leg.side.name}"] = numbers


# ----------------------------------------------------------------------------------------------------- derived margins


def core_margins(state: State) -> View:
    """Return what readers of the core are told of each account's margin, in atoms."""
    view: View = {}
    for who, account in state.accounts.items():
        view[f"margin {who}"] = (
            margin.total_equity(state, account),
            margin.total_maintenance_margin(state, account),
            margin.available_balance(state, account),
            margin.max_withdrawable(state, account),
            margin.to_spare(state, account),
        )
        for scope in scopes(account):
            numbers = (scope.wallet, margin.equity(state, scope), margin.maintenance_margin(state, scope))
            removable = 0
            if scope != cross_scope(account):
                removable = margin.max_removable(state, account, scope.symbol, scope.side)
            view[f"scope {who} {scope.symbol} {scope.side.name}"] = (*numbers, removable)
        for symbol, holding, leg in account.legs():
            market = state.markets[symbol]
            exposure = margin.exposure_of(market, holding, leg)
            kept = margin.reserved(market, holding, leg, exposure, holding.leverage)
            initial = margin.leg_initial_margin(market, holding, leg)
            if kept or initial:
                view[f"reserved {who} {symbol} {leg.side.name}"] = (kept, initial, exposure.open_loss)
            if leg.position.quantity:
                shown = liquidation_price(state, account, symbol, leg.side)
                view[f"liquidation price {who} {symbol} {leg.side.name}"] = shown
    return view


def reference_margins(reference: ReferenceVenue) -> View:
    """Return the same of the reference."""
    there = reference.world
    view: View = {}
    for who in there.names:
        view[f"margin {who}"] = (
            risk.total_equity(there, who),
            risk.total_maintenance(there, who),
            risk.available(there, who),
            risk.withdrawable(there, who),
            risk.to_spare(there, who),
        )
        for scope in risk.scopes_of(there, who):
            numbers = (risk.wallet(there, scope), risk.equity(there, scope), risk.maintenance(there, scope))
            removable = risk.removable(there, world.Leg(*scope)) if scope.symbol else 0
            view[f"scope {who} {scope.symbol} {scope.side.name}"] = (*numbers, removable)
        for leg in world.all_legs(there, who):
            kept = risk.reserved(there, leg)
            initial = math.ceil(Fraction(risk.open_notional(there, leg), there.leverages[who, leg.symbol]))
            if kept or initial:
                view[f"reserved {who} {leg.symbol} {leg.side.name}"] = (kept, initial, risk.open_loss(there, leg))
        for leg in world.held_legs(there, who):
            view[f"liquidation price {who} {leg.symbol} {leg.side.name}"] = risk.liquidation_price(there, leg)
    return view


def differences(core: Mapping[str, object], reference: Mapping[str, object]) -> list[str]:
    """Return one line per key that differs."""
    keys = dict.fromkeys((*core, *reference))
    return [
        f"{key}\n      core      {core.get(key)}\n      reference {reference.get(key)}"
        for key in keys
        if core.get(key) != reference.get(key)
    ]
