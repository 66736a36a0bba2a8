"""How many lots a liquidation closes: just enough to be well again, or down to a bracket. Pure arithmetic."""

from exchange.core.contract import maintenance_of
from exchange.core.policies.case import Case, PositionCase
from exchange.core.units import RATE_ONE, div_floor


def lots_to_heal(case: Case, position: PositionCase, fee_rate: int, buffer: int) -> int:
    """Return the fewest lots whose sale at the mark heals the scope: all of them when none do.

    Healed: equity less the fee is above the maintenance margin left, times 1 + buffer (1e-8). Selling only helps while
    a lot frees more margin than its fee, so the search ends where the bracket's rate falls to that of the fee
    (mechanics 13.8). Up to there the gain grows with each lot, and halving finds the first that is enough.
    """
    contract, lots = position.contract, position.lots
    worth = [bracket for bracket in contract.brackets if bracket.rate * (RATE_ONE + buffer) > fee_rate * RATE_ONE]
    if not worth:
        return lots
    kept = worth[0].floor // (position.mark_price * contract.value_unit)  # what is not worth selling by itself
    most = lots - kept
    if most <= 0 or not _heals(case, position, most, fee_rate, buffer):
        return lots
    low, high = 0, most  # `low` is not enough, `high` is
    while high - low > 1:
        middle = (low + high) // 2
        if _heals(case, position, middle, fee_rate, buffer):
            high = middle
        else:
            low = middle
    return high


def lots_above_bracket(position: PositionCase, brackets_down: int) -> int:
    """Return the fewest lots to close so that the rest fits a bracket so many below, the lowest one at least."""
    contract, notional = position.contract, position.notional
    held_in = contract.brackets.index(contract.bracket_of(notional))
    cap = contract.brackets[max(0, held_in - brackets_down)].cap
    return max(0, position.lots - cap // (position.mark_price * contract.value_unit))


def _heals(case: Case, position: PositionCase, lots: int, fee_rate: int, buffer: int) -> bool:
    contract = position.contract
    left = contract.notional(position.mark_price, position.lots - lots)
    margin = maintenance_of(left, contract.bracket_of(left)) if left else 0
    required = case.maintenance_margin - position.maintenance_margin + margin
    fee = div_floor(contract.notional(position.mark_price, lots) * fee_rate, RATE_ONE)
    return (case.equity - fee) * RATE_ONE > required * (RATE_ONE + buffer)
