"""The queues of auto-deleveraging, as far as they are shown: who would be first now, by the ranker in force.

The queues are the core's own. When it deleverages, it leaves out whom a closing at that price would ruin; here nobody
is closed, so everybody is feasible. Whoever shares (pro-rata rankers) is ranked by the share. By RANDOM_SEEDED
everybody has rank 0: nobody is sooner than another. With adl.trigger NEVER all have rank 0, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from exchange.core.account import FUND_ID
from exchange.core.enums import PositionSide
from exchange.core.liquidation.adl_queue import Line
from exchange.core.policies.adl import AdlTrigger, Counterparty
from exchange.core.state import State
from exchange.core.units import SECOND

ADL_RANKS = 5  # 0 is deleveraged last, 4 first
REFRESH_NS = SECOND  # of the venue's time: bots ask for it with every look at their positions. Binance: every 30 s
Ranks = Mapping[tuple[int, PositionSide], int]


class AdlQueues:
    """The ranks of each contract, kept for a second of the venue's time."""

    def __init__(self) -> None:
        """Begin without any."""
        self._kept: dict[str, tuple[int, Ranks]] = {}  # by symbol: when made, and what

    def rank(self, state: State, account_id: int, symbol: str, side: PositionSide) -> int:
        """Return how soon a position would be deleveraged: 0 last to 4 first; 0 without a position or a score."""
        made, ranks = self._kept.get(symbol, (-REFRESH_NS, {}))
        if state.ts >= made + REFRESH_NS:
            ranks = adl_ranks(state, symbol)
            self._kept[symbol] = state.ts, ranks
        return ranks.get((account_id, side), 0)


def adl_ranks(state: State, symbol: str) -> Ranks:
    """Return the rank of each position that could be a counterparty, in fifths of the queue of its side.

    A score of 0 has rank 0, whatever its place; equal scores have equal ranks.
    """
    engine = state.rules.engine
    if engine.adl.trigger is AdlTrigger.NEVER:
        return {}
    ranks: dict[tuple[int, PositionSide], int] = {}
    for longs in (True, False):
        scored = Line(state, symbol, longs=longs).scored()
        ranks.update(_ranked([one for one in scored if one[0].account_id != FUND_ID or engine.backstop.in_adl]))
    return ranks


def _ranked(queue: Sequence[tuple[Counterparty, Fraction]]) -> Iterator[tuple[tuple[int, PositionSide], int]]:
    """Yield the ranks of a queue, in which a higher score comes before a lower one."""
    higher, last = 0, None
    for place, (one, score) in enumerate(queue):
        if score != last:
            higher, last = place, score
        yield (one.account_id, one.side), ADL_RANKS - 1 - ADL_RANKS * higher // len(queue) if score else 0
