"""The queues of auto-deleveraging, as far as they are shown: who would be first now, by the ranker in force.

The core ranks when it deleverages, and leaves out whom a closing at that price would ruin; here nobody is closed, so
everybody is feasible. Whoever shares (pro-rata rankers) is ranked by the share. By RANDOM_SEEDED everybody has rank 0:
nobody is sooner than another. With adl.trigger NEVER all have rank 0, too.
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from exchange.core.account import FUND_ID, Account, Leg, scope_of
from exchange.core.enums import PositionSide
from exchange.core.liquidation.adl_queue import counterparty
from exchange.core.margin import on_stale_index
from exchange.core.policies.adl import SCORES, AdlTrigger
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
    rules = state.rules.engine.adl
    if rules.trigger is AdlTrigger.NEVER:
        return {}
    score = SCORES[rules.ranker]
    scores: dict[bool, dict[tuple[int, PositionSide], Fraction]] = {True: {}, False: {}}  # of longs, of shorts
    for account, leg in _candidates(state, symbol):
        one = counterparty(state, account, symbol, leg)
        scores[one.quantity > 0][one.account_id, one.side] = score(one)
    return {key: rank for queue in scores.values() for key, rank in _ranked(queue).items()}


def _candidates(state: State, symbol: str) -> Iterator[tuple[Account, Leg]]:
    """Yield the positions that deleveraging would look at: nobody's in liquidation, or on a stale index."""
    for account in state.accounts.values():
        for side, leg in account.holdings[symbol].legs.items():
            if not leg.position.quantity or (account.account_id == FUND_ID and not state.rules.engine.backstop.in_adl):
                continue
            scope = scope_of(account, symbol, side)
            if not scope.in_liquidation and not on_stale_index(state, scope):
                yield account, leg


def _ranked(queue: Mapping[tuple[int, PositionSide], Fraction]) -> Ranks:
    higher = _counts_above(queue.values())
    return {
        key: ADL_RANKS - 1 - ADL_RANKS * higher[score] // len(queue) if score else 0 for key, score in queue.items()
    }


def _counts_above(scores: Iterable[Fraction]) -> dict[Fraction, int]:
    """Return of each score how many are higher."""
    above: dict[Fraction, int] = {}
    for place, score in enumerate(sorted(scores, reverse=True)):
        above.setdefault(score, place)
    return above
