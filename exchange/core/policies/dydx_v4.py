"""dYdX v4's liquidation: block by block, a part of a position at its fillable price; the fund pays the gap.

Source: dydxprotocol/v4-chain, x/clob/keeper/liquidations.go and deleveraging.go (mechanics 4.4, 7.7, 9.5).
"""

from exchange.core.policies.case import (
    Case,
    Deleverage,
    Intent,
    PolicyRecord,
    PositionCase,
    SendOrder,
    Wait,
    limit_price,
)
from exchange.core.policies.chance import drawn
from exchange.core.units import ATOMS_PER_QUOTE, RATE_ONE, SECOND, Atoms, Nanos, RateE8, div_floor


class DydxV4(PolicyRecord, frozen=True, tag="dydx_v4"):
    """One IOC order a block, then the wait for the next one; a bankrupt that nothing filled is deleveraged at once.

    Rates in 1e-8, notionals in atoms: at most `portion` of the position, but `least` at least and `most` at most. The
    fee is at most `fee_rate`, and at most what a fill brings beyond bankruptcy.
    """

    block: Nanos = Nanos(SECOND)
    portion: RateE8 = RateE8(10_000_000)
    least: Atoms = Atoms(1_000 * ATOMS_PER_QUOTE)
    most: Atoms = Atoms(100_000 * ATOMS_PER_QUOTE)
    fee_rate: RateE8 = RateE8(1_500_000)
    bankruptcy_adjustment: RateE8 = RateE8(RATE_ONE)
    spread: RateE8 = RateE8(150_000_000)  # to maintenance margin ratio

    def decide(self, case: Case) -> Intent | None:
        """Return an order for a position drawn anew each block, its deleveraging, or the wait."""
        if not case.steps:
            position = case.positions[drawn(len(case.positions), case.ts // self.block, case.account_id)]
            lots, limit = self._lots(position), self._limit(case, position)
            return SendOrder(position.symbol, position.side, lots, limit, self.fee_rate, fund_pays_gap=True)
        if case.equity < 0:
            unfilled = next((position for position in case.positions if position.orders and not position.filled), None)
            if unfilled is not None:
                return Deleverage(unfilled.symbol, unfilled.side)
        return Wait(case.ts + self.block)

    def _lots(self, position: PositionCase) -> int:
        """Return the size: a part of the position, whole lots, at least one; all of it when it is small."""
        size = min(max(self.least, div_floor(position.notional * self.portion, RATE_ONE)), self.most)
        if position.notional <= size:
            return position.lots
        return max(1, size // (position.mark_price * position.contract.value_unit))

    def _limit(self, case: Case, position: PositionCase) -> int:
        """Return the fillable price in ticks, in the trader's favour; bankruptcy, if the fund could not pay the gap."""
        value = position.contract.notional(position.mark_price, position.quantity)
        least = value - fillable_discount(
            case.equity, case.maintenance_margin, position.maintenance_margin, self.bankruptcy_adjustment, self.spread
        )
        if position.bankruptcy_value - least > max(0, case.fund_equity):
            least = position.bankruptcy_value
        return limit_price(position.contract.value_unit, position.quantity, least)


def fillable_discount(equity: int, required: int, required_here: int, adjustment: int, spread: int) -> int:
    """Return what a position may be sold below the mark, in all, in atoms, rounded down: ABR * SMMR * its margin.

    ABR = clamp(adjustment * (1 - equity / required), 0, 1); adjustment and spread in 1e-8, `required` positive.
    """
    lacking = max(0, required - equity)
    adjusted = min(RATE_ONE * required, adjustment * lacking)  # ABR in 1e-8, times `required`
    return div_floor(adjusted * spread * required_here, RATE_ONE * RATE_ONE * required)
