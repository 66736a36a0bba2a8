"""The liquidation price that is displayed. Pure; the venue itself compares money, never this price.

Sources: docs/rules.md, section 5; Binance's one-way and hedge formulas (its FAQ 360033525271).
"""

from collections.abc import Sequence
from fractions import Fraction

from exchange.core.account import Account, Position, scope_of
from exchange.core.contract import Bracket, bracket_holding
from exchange.core.enums import PositionSide
from exchange.core.margin import position_maintenance, standing, unrealized_pnl
from exchange.core.state import State
from exchange.core.units import RATE_ONE, div_ceil, div_floor

Exact = tuple[int, int, int]  # numerator and denominator (> 0) in ticks, and the slope


def liquidation_prices_exact(
    legs: Sequence[tuple[int, int]], free: int, brackets: Sequence[Bracket], value_unit: int
) -> list[Exact]:
    """Return the prices at which equity equals maintenance margin, ascending, as (numerator, denominator > 0, slope).

    `legs` are the positions of one contract as (signed lots, signed entry value); `free` is the wallet less the
    maintenance margin of all other positions plus their unrealised profit. The slope is +1 where a falling price
    liquidates, -1 where a rising one does. Between two prices at which a leg changes its bracket there is one linear
    equation, whose solution counts if it lies there. One leg has at most one such price. Two have none, one or two, as
    equity less maintenance margin is concave in the price; where it is flat there is nothing to solve.
    """
    corners = {Fraction(each.cap, abs(quantity) * value_unit) for quantity, _ in legs for each in brackets[:-1]}
    entered = sum(entry_value for _, entry_value in legs)
    found: list[Exact] = []
    low = Fraction(0)
    for high in [*sorted(corners), None]:
        chosen = [brackets[-1] if high is None else _bracket_at(brackets, high, lots, value_unit) for lots, _ in legs]
        above = (free + sum(bracket.cum for bracket in chosen) - entered) * RATE_ONE
        fall = sum(
            abs(quantity) * bracket.rate - quantity * RATE_ONE
            for (quantity, _), bracket in zip(legs, chosen, strict=True)
        )
        price = Fraction(above, fall * value_unit) if fall else low
        if low < price and (high is None or price <= high):
            found.append((price.numerator, price.denominator, -1 if fall > 0 else 1))
        low = low if high is None else high
    return found


def _bracket_at(brackets: Sequence[Bracket], price: Fraction, lots: int, value_unit: int) -> Bracket:
    notional = price * abs(lots) * value_unit
    return bracket_holding(brackets, div_ceil(notional.numerator, notional.denominator))


def exact_prices(state: State, account: Account, symbol: str, side: PositionSide) -> list[Exact]:
    """Return the exact liquidation prices of a position, other contracts standing still; none without a position."""
    market, scope = state.markets[symbol], scope_of(account, symbol, side)
    if not account.leg(symbol, side).position.quantity:
        return []
    held: list[Position] = [leg.position for held_symbol, _, leg in scope.legs() if held_symbol == symbol]
    balance, required = standing(state, scope)
    free = balance - required
    free += sum(position_maintenance(market, position) - unrealized_pnl(market, position) for position in held)
    legs = [(position.quantity, position.entry_value) for position in held]
    return liquidation_prices_exact(legs, free, market.contract.brackets, market.contract.value_unit)


def liquidation_price(
    state: State, account: Account, symbol: str, side: PositionSide = PositionSide.BOTH
) -> int | None:
    """Return the mark, in ticks, at which a position would be liquidated, other contracts standing still.

    Both cross positions of a hedge share one: of two prices, that nearest to the mark, of two as near the lower one.
    Rounded up where a falling price liquidates, down where a rising one does. None without a position or when no
    positive price does it.
    """
    exact = exact_prices(state, account, symbol, side)
    if not exact:
        return None
    mark_price = state.markets[symbol].mark_price
    above, below, slope = min(exact, key=lambda found: abs(Fraction(found[0], found[1]) - mark_price))
    return div_ceil(above, below) if slope > 0 else div_floor(above, below) or None
