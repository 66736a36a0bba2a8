"""Sells what must be liquidated in slices over time, at the bankruptcy price or better, and hands over the rest."""

from exchange.core.policies.case import Case, HandOver, Intent, SendOrder, Wait

SLICES = 10
PAUSE = 3_000_000_000  # nanoseconds


class Twap:
    """The worst position, a slice each three seconds; after the last one, or when nothing is left, the backstop's."""

    preset = "binance_smart"  # the other four parts: backstop, unwinding, deleveraging, losses

    def decide(self, case: Case) -> Intent | None:
        """Return the next slice, then the wait for the one after it; at last the hand-over."""
        worst = case.positions[0]
        sold = case.memory  # slices so far: what the last Wait left, 0 at first
        if case.equity <= 0 or sold == SLICES:
            return HandOver(worst.symbol, worst.side)
        if case.steps:
            return Wait(case.ts + PAUSE, sold + 1)
        lots = -(-worst.lots // (SLICES - sold))  # rounded up: the last slice is all that is left
        return SendOrder(worst.symbol, worst.side, lots, worst.bankruptcy_price)
