"""How much of a contract is held, and by how many, over time: folded from positions. It knows no price and no text.

What stood at the end of each five minutes in which something changed is kept; between two of these nothing did.
"""

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from operator import attrgetter

from exchange.core.enums import PositionSide

SLOT_MS = 5 * 60_000  # what is kept is kept so often, at most
SAMPLES_MAX = 30 * 24 * 12  # thirty days in each slot of which something changed
_SLOT_MS = attrgetter("slot_ms")


@dataclass(frozen=True, slots=True)
class Held:
    """What is held as of the end of a slot: lots held long (as many are short), and how many accounts hold each way.

    An account with a long and a short leg counts for both. The insurance fund counts as an account.
    """

    slot_ms: int
    lots: int = 0
    longs: int = 0
    shorts: int = 0


class Interest:
    """The positions of one contract, all accounts, as sums; bounded by the accounts and by SAMPLES_MAX."""

    def __init__(self) -> None:
        """Start with nothing held."""
        self._quantities: dict[tuple[int, PositionSide], int] = {}  # signed, in lots; nobody who holds nothing
        self._samples: deque[Held] = deque(maxlen=SAMPLES_MAX)

    @property
    def known_from_ms(self) -> int | None:
        """Return the end of the first slot in which something changed, or None."""
        return self._samples[0].slot_ms + SLOT_MS if self._samples else None

    def change(self, ms: int, account_id: int, side: PositionSide, quantity: int) -> None:
        """Take in a position as it stands now, in signed lots."""
        before = self._quantities.pop((account_id, side), 0)
        if quantity:
            self._quantities[account_id, side] = quantity
        last = self._samples[-1] if self._samples else Held(-SLOT_MS)
        now = Held(
            slot_ms=ms - ms % SLOT_MS,
            lots=last.lots + max(0, quantity) - max(0, before),
            longs=last.longs + (quantity > 0) - (before > 0),
            shorts=last.shorts + (quantity < 0) - (before < 0),
        )
        if self._samples and self._samples[-1].slot_ms == now.slot_ms:
            self._samples[-1] = now
        else:
            self._samples.append(now)

    def at(self, ms: int) -> Held:
        """Return what was held at a time that ends a slot; nothing before the first change that is known."""
        place = bisect_left(self._samples, ms, key=_SLOT_MS) - 1
        return self._samples[place] if place >= 0 else Held(-SLOT_MS)
