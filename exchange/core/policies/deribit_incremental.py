"""Deribit's incremental liquidation: a slice of the position at a time, inside a band around the mark.

Source: support.deribit, liquidations (mechanics 7.6). Slice, band and fee are parameters: not all are published.
"""

from exchange.core.policies.case import Case, Intent, PolicyRecord, SendOrder, Wait
from exchange.core.units import RATE_ONE, SECOND, Nanos, RateE8, div_ceil


class DeribitIncremental(PolicyRecord, frozen=True, tag="deribit_incremental"):
    """One IOC order each `cadence` for a `slice` (1e-8) of the worst position, at least the smallest order.

    The limit lies `band` (1e-8) from the mark: so it may trade beyond bankruptcy, and the fund pays in the end.
    """

    slice: RateE8 = RateE8(10_000_000)
    band: RateE8 = RateE8(1_500_000)
    fee_rate: RateE8 = RateE8(750_000)
    cadence: Nanos = Nanos(SECOND)

    def decide(self, case: Case) -> Intent | None:
        """Return a slice, then the wait for the next one."""
        if case.steps:
            return Wait(case.ts + self.cadence)
        position = case.positions[0]
        lots = max(position.contract.min_quantity, div_ceil(position.lots * self.slice, RATE_ONE))
        limit = position.contract.price_shifted(position.mark_price, position.closing_side * self.band)
        return SendOrder(position.symbol, position.side, min(lots, position.lots), max(1, limit), self.fee_rate)
