"""Margin arithmetic: what a scope requires, what an account reserves and has free. Pure; it decides nothing.

Sources: Binance's formulas as collected in docs/rules.md, section 5. All money in atoms.
"""

from msgspec import Struct

from exchange.core.account import Account, Holding, Leg, Position, Scope, cross_scope, scopes
from exchange.core.book import Order
from exchange.core.contract import maintenance_of
from exchange.core.enums import PositionSide, Side
from exchange.core.state import Market, State
from exchange.core.units import div_ceil, div_floor


class Exposure(Struct, frozen=True, gc=False):
    """Open orders of one leg, reduce-only ones apart: notionals by side, and their open loss."""

    bids: int
    asks: int
    open_loss: int
    reducing_loss: int = 0  # the same of the reduce-only ones
    closing_loss: int = 0  # the same of all that are against the position


NO_EXPOSURE = Exposure(0, 0, 0)


def initial_margin_of(notional: int, leverage: int) -> int:
    """Return the initial margin of a notional, rounded up: the trader never carries more than the leverage."""
    return div_ceil(notional, leverage)


def order_open_loss(side: int, notional: int, mark_notional: int) -> int:
    """Return what an order would lose against the mark the moment it fills at its own price, 0 if it would gain."""
    return max(0, side * (notional - mark_notional))


def netted_notional(position_notional: int, bids: int, asks: int) -> int:
    """Return the largest notional that a position (signed) and its orders can become, either side filling alone."""
    return max(abs(position_notional + bids), abs(position_notional - asks))


def netted_initial_margin(position_notional: int, bids: int, asks: int, leverage: int) -> int:
    """Return the initial margin of a position with its orders, netted, so that reducing orders are free."""
    return initial_margin_of(netted_notional(position_notional, bids, asks), leverage)


def bankruptcy_amount(delta_value: int, equity: int, margin_released: int, margin_total: int) -> int:
    """Return the quote amount, signed, that an account receives when a change of a position is done at bankruptcy.

    `delta_value` is the change of the position's signed notional at mark, `margin_released` the maintenance margin it
    frees out of `margin_total`. Several positions share the equity in proportion to what each frees (dYdX's rule).
    The division is floored and subtracted, so that the result is rounded toward +inf, in favour of the account.
    """
    return -delta_value - div_floor(equity * margin_released, margin_total)


def unrealized_pnl(market: Market, position: Position) -> int:
    """Return the profit of a position at the mark, exactly."""
    return position_notional(market, position) - position.entry_value


def position_notional(market: Market, position: Position) -> int:
    """Return the signed notional of a position at the mark."""
    return market.contract.notional(market.mark_price, position.quantity)


def position_maintenance(market: Market, position: Position) -> int:
    """Return the maintenance margin of a position at the mark."""
    if not position.quantity:
        return 0
    notional = abs(position_notional(market, position))
    return maintenance_of(notional, market.contract.bracket_of(notional))


def position_initial_margin(market: Market, holding: Holding, leg: Leg) -> int:
    """Return the initial margin of a position alone."""
    return initial_margin_of(abs(position_notional(market, leg.position)), holding.leverage)


def exposure_of(market: Market, holding: Holding, leg: Leg, without: Order | None = None) -> Exposure:
    """Return the exposure of a leg's open orders, one of them thought away if named."""
    if not holding.orders:
        return NO_EXPOSURE
    mark_price, unit = market.mark_price, market.contract.value_unit
    working = dict(leg.working)
    if without is not None and not without.reduce_only:
        working[without.side] -= without.price * without.remaining
    open_loss = reducing_loss = closing_loss = 0
    for order in holding.orders.values():  # most gain against the mark: those are passed over first
        behind = order.side * (order.price - mark_price)
        if behind <= 0 or order.position_side is not leg.side or order is without:
            continue
        loss = order.remaining * behind * unit
        if order.reduce_only:
            reducing_loss += loss
        else:
            open_loss += loss
        if order.side * leg.position.quantity < 0:
            closing_loss += loss
    return Exposure(working[Side.BUY] * unit, working[Side.SELL] * unit, open_loss, reducing_loss, closing_loss)


def exposure_with(market: Market, exposure: Exposure, side: Side, quantity: int, price: int) -> Exposure:
    """Return an exposure with one more order."""
    notional = market.contract.notional(price, quantity)
    loss = order_open_loss(side, notional, market.contract.notional(market.mark_price, quantity))
    return Exposure(
        exposure.bids + (notional if side is Side.BUY else 0),
        exposure.asks + (notional if side is Side.SELL else 0),
        exposure.open_loss + loss,
        exposure.reducing_loss,
        exposure.closing_loss,
    )


def bid_ask_notionals(market: Market, leg: Leg) -> tuple[int, int]:
    """Return the notionals of a leg's open bids and asks, reduce-only orders apart."""
    unit = market.contract.value_unit
    return leg.working[Side.BUY] * unit, leg.working[Side.SELL] * unit


def open_notional(market: Market, position: Position, exposure: Exposure) -> int:
    """Return the largest notional that position and orders can become."""
    return netted_notional(position_notional(market, position), exposure.bids, exposure.asks)


def leg_initial_margin(market: Market, holding: Holding, leg: Leg) -> int:
    """Return the netted initial margin of a position and its orders."""
    notional = position_notional(market, leg.position)
    return netted_initial_margin(notional, *bid_ask_notionals(market, leg), holding.leverage)


def reserved(market: Market, holding: Holding, leg: Leg, exposure: Exposure, leverage: int) -> int:
    """Return what a leg with these orders takes of the cross wallet at this leverage; an open isolated one has paid.

    What reduce-only orders would lose is lost to the wallet of their own position.
    """
    notional = position_notional(market, leg.position)
    needed = netted_initial_margin(notional, exposure.bids, exposure.asks, leverage) + exposure.open_loss
    if holding.isolated:
        return needed - initial_margin_of(abs(notional), leverage)
    return needed + exposure.reducing_loss


def equity(state: State, scope: Scope) -> int:
    """Return the margin balance of a scope: its wallet and the unrealised profit of its positions."""
    return scope.wallet + unrealized_profit(state, scope)


def unrealized_profit(state: State, scope: Scope) -> int:
    """Return the unrealised profit of all positions of a scope, losses included."""
    return sum(unrealized_pnl(state.markets[symbol], leg.position) for symbol, _, leg in scope.legs())


def maintenance_margin(state: State, scope: Scope) -> int:
    """Return the maintenance margin of all positions of a scope."""
    return sum(position_maintenance(state.markets[symbol], leg.position) for symbol, _, leg in scope.legs())


def standing(state: State, scope: Scope) -> tuple[int, int]:
    """Return equity and maintenance margin of a scope, found in one go: what a judgement compares."""
    balance, required = scope.wallet, 0
    for symbol, _, leg in scope.legs():
        market = state.markets[symbol]
        balance += unrealized_pnl(market, leg.position)
        required += position_maintenance(market, leg.position)
    return balance, required


def falls_short(balance: int, required: int) -> bool:
    """Tell whether a scope is liquidated: equity at its maintenance margin or below; without one, below zero."""
    return balance <= required if required else balance < 0


def order_losses(state: State, scope: Scope, without: Order | None = None) -> int:
    """Return what the open orders of a scope stand to lose against the mark, at their own prices.

    Of an isolated position those against it: what others would open is reserved of the cross wallet.
    """
    if scope.symbol:
        market, leg = state.markets[scope.symbol], scope.account.leg(scope.symbol, scope.side)
        exposure = exposure_of(market, scope.account.holdings[scope.symbol], leg, without)
        return exposure.closing_loss
    total = 0
    for symbol, holding, leg in scope.account.legs():
        if not holding.isolated and holding.orders:
            exposure = exposure_of(state.markets[symbol], holding, leg, without)
            total += exposure.open_loss + exposure.reducing_loss
    return total


def on_stale_index(state: State, scope: Scope) -> bool:
    """Tell whether a position of a scope stands in a contract whose index is stale: then nobody knows its equity."""
    stale = [symbol for symbol, market in state.markets.items() if market.index_stale]
    return bool(stale) and any(symbol in stale for symbol, _, _ in scope.legs())


def total_equity(state: State, account: Account) -> int:
    """Return the margin balance of a whole account, isolated positions included."""
    return sum(equity(state, scope) for scope in scopes(account))


def total_maintenance_margin(state: State, account: Account) -> int:
    """Return the maintenance margin of all positions of an account."""
    return sum(maintenance_margin(state, scope) for scope in scopes(account))


def total_initial_margin(state: State, account: Account) -> int:
    """Return the netted initial margin of all positions and orders of an account."""
    return sum(
        leg_initial_margin(state.markets[symbol], holding, leg)
        for symbol, holding, leg in account.legs()
        if leg.position.quantity or holding.orders
    )


class Trial(Struct, frozen=True, gc=False):
    """A leg thought to have other orders: those of `exposure`."""

    symbol: str
    side: PositionSide
    exposure: Exposure


def surplus(state: State, account: Account, trial: Trial | None = None) -> int:
    """Return the cross equity less what all legs reserve; negative: margin is insufficient. One leg can be on trial."""
    free = account.cross_wallet
    for symbol, holding, leg in account.legs():
        market = state.markets[symbol]
        exposure = _exposure_tried(market, holding, leg, trial)
        if exposure is NO_EXPOSURE and not leg.position.quantity:
            continue
        free -= reserved(market, holding, leg, exposure, holding.leverage)
        if not holding.isolated:
            free += unrealized_pnl(market, leg.position)
    return free


def reserved_apart(state: State, account: Account, trial: Trial | None = None) -> int:
    """Return what isolated legs reserve of the cross wallet. Profit of cross positions cannot pay for it."""
    total = 0
    for symbol, holding, leg in account.legs():
        if holding.isolated:
            market = state.markets[symbol]
            exposure = _exposure_tried(market, holding, leg, trial)
            total += reserved(market, holding, leg, exposure, holding.leverage)
    return total


def _exposure_tried(market: Market, holding: Holding, leg: Leg, trial: Trial | None) -> Exposure:
    """Return the exposure of a leg: that on trial, if it is the one, else that of its open orders."""
    if trial is not None and (trial.symbol, trial.side) == (market.contract.symbol, leg.side):
        return trial.exposure
    return exposure_of(market, holding, leg)


def available_balance(state: State, account: Account) -> int:
    """Return what is free for new orders."""
    return max(0, surplus(state, account))


def max_withdrawable(state: State, account: Account) -> int:
    """Return what may leave the cross wallet: unrealised profit counts as margin but never leaves."""
    profit = unrealized_profit(state, cross_scope(account))
    return max(0, min(account.cross_wallet, surplus(state, account) - max(0, profit)))


def max_removable(state: State, account: Account, symbol: str, side: PositionSide) -> int:
    """Return what may leave the wallet of an isolated position: its initial margin stays, without its profit."""
    market, holding, leg = state.markets[symbol], account.holdings[symbol], account.leg(symbol, side)
    loss = min(0, unrealized_pnl(market, leg.position))
    kept = position_initial_margin(market, holding, leg) + order_losses(state, Scope(account, symbol, side))
    return max(0, leg.isolated_wallet + loss - kept)


def to_spare(state: State, account: Account) -> int:
    """Return what a fill may move from the cross wallet to an isolated position: never so much that cross ones fall."""
    cross = cross_scope(account)
    balance, required = standing(state, cross)
    return max(0, min(account.cross_wallet, balance - _least_equity(required) - order_losses(state, cross)))


def kept_margin(state: State, scope: Scope, leg: Leg, lots: int) -> int:
    """Return the least equity that a scope is not liquidated with, once `lots` of one of its positions are left."""
    required = 0
    for symbol, _, held in scope.legs():
        market = state.markets[symbol]
        left = lots if held is leg else abs(held.position.quantity)
        required += position_maintenance(market, Position(left))
    return _least_equity(required)


def _least_equity(required: int) -> int:
    """Return the least equity at which nothing is liquidated: one of just the maintenance margin is."""
    return required + 1 if required else 0
