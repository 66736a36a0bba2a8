"""The queues of auto-deleveraging, as far as they are shown: who would be first. Nothing is deleveraged by them.

Source: Binance's published score, FAQ 360033525471: max(0, profit) / max(1, wallet) * maintenance margin / equity.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from exchange.core import margin
from exchange.core.account import FUND_ID, Account, scope_of
from exchange.core.enums import PositionSide
from exchange.core.state import State
from exchange.core.units import ATOMS_PER_QUOTE, SECOND

ADL_RANKS = 5  # 0 is deleveraged last, 4 first
REFRESH_NS = SECOND  # of the venue's time: bots ask for it with every look at their positions. Binance: every 30 s
Ranks = Mapping[tuple[int, PositionSide], int]


class AdlQueues:
    """The ranks of each contract, kept for a second of the venue's time."""

    def __init__(self) -> None:
        """Begin without any."""
        self._kept: dict[str, tuple[int, Ranks]] = {}  # by symbol: when made, and what

    def rank(self, state: State, account_id: int, symbol: str, side: PositionSide) -> int:
        """Return how soon a position would be deleveraged: 0 last to 4 first; 0 without a position or profit."""
        made, ranks = self._kept.get(symbol, (-REFRESH_NS, {}))
        if state.ts >= made + REFRESH_NS:
            ranks = adl_ranks(state, symbol)
            self._kept[symbol] = state.ts, ranks
        return ranks.get((account_id, side), 0)


def adl_ranks(state: State, symbol: str) -> Ranks:
    """Return the rank of each open position of a contract, but the fund's, in fifths of the queue of its side.

    A position without profit has rank 0, whatever its place; equal scores have equal ranks.
    """
    scores: dict[bool, dict[tuple[int, PositionSide], Fraction]] = {True: {}, False: {}}  # of longs, of shorts
    for account in state.accounts.values():
        for side, leg in account.holdings[symbol].legs.items():
            if leg.position.quantity and account.account_id != FUND_ID:
                key = account.account_id, side
                scores[leg.position.quantity > 0][key] = _score(state, account, symbol, side)
    return {key: rank for queue in scores.values() for key, rank in _ranked(queue).items()}


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


def _score(state: State, account: Account, symbol: str, side: PositionSide) -> Fraction:
    """Return the score of an open position; 0 without profit or equity.

    The profit is what the scope of the position makes in this contract, so that the two cross positions of a hedge
    score alike; wallet, margin and equity are those of the scope.
    """
    market, scope = state.markets[symbol], scope_of(account, symbol, side)
    profit = sum(margin.unrealized_pnl(market, leg.position) for held, _, leg in scope.legs() if held == symbol)
    if profit <= 0:
        return Fraction(0)
    equity = margin.equity(state, scope)
    if equity <= 0:
        return Fraction(0)
    return Fraction(profit * margin.maintenance_margin(state, scope), max(ATOMS_PER_QUOTE, scope.wallet) * equity)
