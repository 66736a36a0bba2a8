"""Which liquidation the fund's lots came from: a queue per contract, first in, first out. Bookkeeping, no rule.

The core keeps one average entry price, as for everybody; this only tells whose lots an unwinding sold. Over a whole
inventory both come to the same profit.
"""

from collections import deque
from dataclasses import dataclass, field

from exchange.core.enums import Side


@dataclass(slots=True)
class TakenLots:
    """Lots that the fund took over and still holds: what is left of them, and what they were taken for, in atoms.

    `value` is a notional, without the sign of the side.
    """

    liquidation_id: int
    lots: int
    value: int


@dataclass(frozen=True, slots=True)
class ClosedLots:
    """Lots of one takeover that left the fund's hands, for `value` atoms. `gain` is what the fund made of them."""

    liquidation_id: int
    lots: int
    value: int
    gain: int


@dataclass(slots=True)
class Inventory:
    """What the fund holds of one contract, the oldest first; all of it is of one side."""

    side: Side = Side.BUY
    taken: deque[TakenLots] = field(default_factory=deque)

    @property
    def quantity(self) -> int:
        """Lots held, signed."""
        return self.side * sum(one.lots for one in self.taken)

    def apply(self, side: Side, lots: int, value: int, liquidation_id: int = 0) -> list[ClosedLots]:
        """Buy or sell lots for a value: what is on the other side is closed first, the oldest before the others.

        What is left then is held for the liquidation that it came from.
        """
        closed = self._close(lots, value) if self.taken and side is not self.side else []
        lots -= sum(one.lots for one in closed)
        if lots:
            self.side = side
            self.taken.append(TakenLots(liquidation_id, lots, value - sum(one.value for one in closed)))
        return closed

    def _close(self, lots: int, value: int) -> list[ClosedLots]:
        closed = []
        while lots and self.taken:
            oldest = self.taken[0]
            part = min(lots, oldest.lots)
            paid, received = oldest.value * part // oldest.lots, value * part // lots
            closed.append(ClosedLots(oldest.liquidation_id, part, received, self.side * (received - paid)))
            oldest.lots -= part
            oldest.value -= paid
            lots -= part
            value -= received
            if not oldest.lots:
                self.taken.popleft()
        return closed
