"""Margin arithmetic of cross accounts in one-way mode: what is required, what is free. Pure; it decides nothing.

Sources: Binance's formulas as collected in docs/rules.md, section 5. All money in atoms.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.core.account import Account, Holding, Position
from exchange.core.book import Order
from exchange.core.contract import Bracket
from exchange.core.enums import Side
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, div_ceil, div_floor


@dataclass(frozen=True, slots=True)
class Exposure:
    """Open orders of an account in one contract, reduce-only ones apart: notionals by side, and their open loss."""

    bids: int
    asks: int
    open_loss: int


NO_EXPOSURE = Exposure(0, 0, 0)


def maintenance_of(notional: int, bracket: Bracket) -> int:
    """Return the maintenance margin of a notional in its bracket: ceil(notional * rate) - cum."""
    return div_ceil(notional * bracket.rate, RATE_ONE) - bracket.cum


def order_initial_margin(notional: int, leverage: int) -> int:
    """Return the initial margin of a notional, rounded up: the trader never carries more than the leverage."""
    return div_ceil(notional, leverage)


def order_open_loss(side: int, notional: int, mark_notional: int) -> int:
    """Return what an order would lose against the mark the moment it fills at its own price, 0 if it would gain."""
    return max(0, side * (notional - mark_notional))


def netted_notional(position_notional: int, bids: int, asks: int) -> int:
    """Return the largest notional that a position (signed) and its orders can become, either side filling alone."""
    return max(abs(position_notional + bids), abs(position_notional - asks))


def netted_initial_margin(position_notional: int, bids: int, asks: int, leverage: int) -> int:
    """Return the initial margin of a contract in one-way mode, so that reducing orders are free."""
    return order_initial_margin(netted_notional(position_notional, bids, asks), leverage)


def bankruptcy_amount(delta_value: int, equity: int, margin_released: int, margin_total: int) -> int:
    """Return the quote amount, signed, that an account receives when a change of a position is done at bankruptcy.

    `delta_value` is the change of the position's signed notional at mark, `margin_released` the maintenance margin it
    frees out of `margin_total`. Several positions share the equity in proportion to what each frees (dYdX's rule).
    The division is floored and subtracted, so that the result is rounded toward +inf, in favour of the account.
    """
    return -delta_value - div_floor(equity * margin_released, margin_total)


def liquidation_price_ratio(
    quantity: int, entry_value: int, free: int, bracket_rate: int, bracket_cum: int, value_unit: int
) -> tuple[int, int]:
    """Return (numerator, denominator > 0) of the price in ticks at which equity equals maintenance margin.

    `quantity` and `entry_value` are signed; `free` is the wallet, less the maintenance margin of the other positions,
    plus their unrealised profit. Exact within the bracket given.
    """
    numerator = (free + bracket_cum - entry_value) * RATE_ONE
    denominator = value_unit * (abs(quantity) * bracket_rate - quantity * RATE_ONE)
    return (-numerator, -denominator) if denominator < 0 else (numerator, denominator)


def liquidation_price_exact(
    quantity: int, entry_value: int, free: int, brackets: Sequence[Bracket], value_unit: int
) -> tuple[int, int] | None:
    """Return `liquidation_price_ratio` of the bracket that holds the notional at that price; None if no price does it.

    At most one bracket can: equity less maintenance margin is strictly monotone in the price (mechanics: one-way mode).
    """
    size = abs(quantity) * value_unit
    for bracket in brackets:
        above, below = liquidation_price_ratio(quantity, entry_value, free, bracket.rate, bracket.cum, value_unit)
        last = bracket is brackets[-1]
        if bracket.floor * below < above * size and (last or above * size <= bracket.cap * below):
            return above, below
    return None


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


def position_initial_margin(market: Market, holding: Holding) -> int:
    """Return the initial margin of the position alone."""
    return order_initial_margin(abs(position_notional(market, holding.position)), holding.leverage)


def exposure_of(market: Market, holding: Holding, without: Order | None = None) -> Exposure:
    """Return the exposure of the open orders in a contract, one of them thought away if named."""
    if not holding.orders:
        return NO_EXPOSURE
    mark_price, unit = market.mark_price, market.contract.value_unit
    working = dict(holding.working)
    if without is not None and not without.reduce_only:
        working[without.side] -= without.price * without.remaining
    loss = sum(
        (order.quantity - order.filled) * max(0, order.side * (order.price - mark_price))
        for order in holding.orders.values()
        if not order.reduce_only and order is not without
    )
    return Exposure(working[Side.BUY] * unit, working[Side.SELL] * unit, loss * unit)


def exposure_with(market: Market, exposure: Exposure, side: Side, quantity: int, price: int) -> Exposure:
    """Return an exposure with one more order."""
    notional = market.contract.notional(price, quantity)
    loss = order_open_loss(side, notional, market.contract.notional(market.mark_price, quantity))
    return Exposure(
        exposure.bids + (notional if side is Side.BUY else 0),
        exposure.asks + (notional if side is Side.SELL else 0),
        exposure.open_loss + loss,
    )


def open_notionals(market: Market, holding: Holding) -> tuple[int, int]:
    """Return the notionals of the open bids and asks, reduce-only orders apart."""
    unit = market.contract.value_unit
    return holding.working[Side.BUY] * unit, holding.working[Side.SELL] * unit


def open_notional(market: Market, position: Position, exposure: Exposure) -> int:
    """Return the largest notional that position and orders can become."""
    return netted_notional(position_notional(market, position), exposure.bids, exposure.asks)


def contract_initial_margin(market: Market, holding: Holding) -> int:
    """Return the netted initial margin of position and orders in a contract."""
    notional = position_notional(market, holding.position)
    return netted_initial_margin(notional, *open_notionals(market, holding), holding.leverage)


def equity(state: State, account: Account) -> int:
    """Return the margin balance: futures wallet and unrealised profit of all positions."""
    total = account.wallet_balance
    for symbol, holding in account.holdings.items():
        if holding.position.quantity:
            total += unrealized_pnl(state.markets[symbol], holding.position)
    return total


def maintenance_margin(state: State, account: Account) -> int:
    """Return the maintenance margin of all positions."""
    return sum(
        position_maintenance(state.markets[symbol], holding.position)
        for symbol, holding in account.holdings.items()
        if holding.position.quantity
    )


def initial_margin(state: State, account: Account) -> int:
    """Return the netted initial margin of all contracts."""
    return sum(
        contract_initial_margin(state.markets[symbol], holding)
        for symbol, holding in account.holdings.items()
        if holding.position.quantity or holding.orders
    )


def placement_surplus(
    state: State, account: Account, symbol: str = "", exposure: Exposure = NO_EXPOSURE, leverage: int = 0
) -> int:
    """Return equity less initial margins less open losses; negative: margin is insufficient.

    In the contract `symbol`, if named, the orders are those of `exposure` and the leverage is `leverage`.
    """
    surplus = account.wallet_balance
    for held_symbol, holding in account.holdings.items():
        trial = held_symbol == symbol
        if not (trial or holding.position.quantity or holding.orders):
            continue
        market = state.markets[held_symbol]
        orders = exposure if trial else exposure_of(market, holding)
        notional = position_notional(market, holding.position)
        surplus += notional - holding.position.entry_value - orders.open_loss
        surplus -= netted_initial_margin(notional, orders.bids, orders.asks, leverage if trial else holding.leverage)
    return surplus


def available_balance(state: State, account: Account) -> int:
    """Return what is free for new orders."""
    return max(0, placement_surplus(state, account))


def max_withdrawable(state: State, account: Account) -> int:
    """Return what may leave the futures wallet: unrealised profit counts as margin but never leaves."""
    profit = equity(state, account) - account.wallet_balance
    return max(0, min(account.wallet_balance, available_balance(state, account) - max(0, profit)))


def liquidation_price(state: State, account: Account, symbol: str) -> int | None:
    """Return the mark, in ticks, at which this account would be liquidated, the other contracts standing still.

    Rounded up for a long, down for a short, for display: the venue itself compares money, never this price.
    None without a position or when no positive price does it. The bracket is the one at that price.
    """
    market, position = state.markets[symbol], account.holdings[symbol].position
    if not position.quantity:
        return None
    contract = market.contract
    others_margin = maintenance_margin(state, account) - position_maintenance(market, position)
    others_profit = equity(state, account) - account.wallet_balance - unrealized_pnl(market, position)
    free = account.wallet_balance - others_margin + others_profit
    exact = liquidation_price_exact(
        position.quantity, position.entry_value, free, contract.brackets, contract.value_unit
    )
    if exact is None:
        return None
    return div_ceil(*exact) if position.quantity > 0 else div_floor(*exact) or None
