"""Hyperliquid's liquidation: market orders first, a part of a large position; then the vault takes the account.

Source: hyperliquid.gitbook.io, liquidations (mechanics 7.8).
"""

from exchange.core.policies.case import Case, Deleverage, HandOver, Intent, PolicyRecord, PositionCase, SendOrder, Wait
from exchange.core.units import ATOMS_PER_QUOTE, RATE_ONE, SECOND, Atoms, Nanos, RateE8, div_ceil

COOLED = 1  # the memory of a scope whose first part was sold


class HyperliquidBackstop(PolicyRecord, frozen=True, tag="hyperliquid_backstop"):
    """Orders at any price; below `backstop_at` (1e-8) of the maintenance margin all is handed over.

    Of a position above `large` (atoms) only `portion` (1e-8) is sold first; then nothing is done for `cooldown`.
    Without equity all is deleveraged.
    """

    large: Atoms = Atoms(100_000 * ATOMS_PER_QUOTE)
    portion: RateE8 = RateE8(20_000_000)
    cooldown: Nanos = Nanos(30 * SECOND)
    backstop_at: RateE8 = RateE8(66_666_667)

    def decide(self, case: Case) -> Intent | None:
        """Return an order for each position once; then what the margin left says."""
        worst = case.positions[0]
        if case.equity < 0:
            return Deleverage(worst.symbol, worst.side)
        untried = next((position for position in case.positions if not position.orders), None)
        if untried is not None:
            lots = self._part(untried) if self._is_large(case, untried) else untried.lots
            return SendOrder(untried.symbol, untried.side, lots, untried.any_price)
        if case.equity * RATE_ONE < case.maintenance_margin * self.backstop_at:
            return HandOver(worst.symbol, worst.side)
        return (
            Wait(case.ts + self.cooldown, COOLED)
            if any(self._is_large(case, each) for each in case.positions)
            else None
        )

    def _is_large(self, case: Case, position: PositionCase) -> bool:
        return position.notional > self.large and case.memory != COOLED

    def _part(self, position: PositionCase) -> int:
        return div_ceil(position.lots * self.portion, RATE_ONE)
