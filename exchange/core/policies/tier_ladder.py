"""Liquidation down the brackets, as BitMEX, Bybit and OKX do it: sell into a lower bracket, then hand over.

Sources: bitmex.com liquidation and liquidationExamples; Bybit v5 help; OKX's older pages (mechanics 7.3 to 7.5).
"""

from exchange.core.policies.case import Case, HandOver, Intent, PolicyRecord, SendOrder, Wait
from exchange.core.policies.sizing import lots_above_bracket
from exchange.core.units import Nanos


class TierLadder(PolicyRecord, frozen=True, tag="tier_ladder"):
    """An order at the bankruptcy price for what is above a lower bracket; a position of the lowest is handed over.

    `brackets_per_step`: how many brackets one order goes down. With `requote` 0 the order is fill-or-kill, and a
    position that it does not bring down is handed over; else it is IOC, and asked again after so many nanoseconds.
    """

    brackets_per_step: int = 1
    requote: Nanos = Nanos(0)

    def decide(self, case: Case) -> Intent | None:
        """Return the next step down for the worst position."""
        position = case.positions[0]
        lots = lots_above_bracket(position, self.brackets_per_step)
        if not lots:
            return HandOver(position.symbol, position.side)
        if position.unfilled:
            return Wait(case.ts + self.requote) if self.requote else HandOver(position.symbol, position.side)
        limit = position.bankruptcy_price
        return SendOrder(position.symbol, position.side, lots, limit, fills_whole=not self.requote)
