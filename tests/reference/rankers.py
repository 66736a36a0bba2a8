"""Who is deleveraged, and of whom how much: docs/rules.md 8.6 a second time, in fractions. It closes nothing."""

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from exchange.core.policies.adl import Ranker
from exchange.core.units import RATE_ONE
from tests.reference.policies import drawn
from tests.reference.world import Leg

QUOTE = RATE_ONE  # one unit of the quote asset, in atoms


class RankedCandidate(NamedTuple):
    """A position that may be closed against a bankrupt's, in atoms; quantity, entry value and notional signed.

    `profit` is that of its scope in the contract; wallet, equity and maintenance those of its scope;
    `position_maintenance` its own part of the latter.
    """

    leg: Leg
    quantity: int
    entry_value: int
    notional: int
    profit: int
    wallet: int
    equity: int
    maintenance: int
    position_maintenance: int


def allocate(ranker: Ranker, candidates: Sequence[RankedCandidate], lots: int, seed: int) -> list[tuple[int, int]]:
    """Return who closes how many of the lots, in order: places among the candidates, and lots above 0.

    Candidates come by account, then leg; the seed is the id of the liquidation.
    """
    places = list(range(len(candidates)))
    if not places:
        return []
    if ranker is Ranker.RANDOM_SEEDED:
        first = drawn(len(places), seed)
        return _one_after_the_other(candidates, places[first:] + places[:first], lots)
    scores = [SCORES[ranker](one) for one in candidates]
    order = sorted(places, key=lambda place: (-scores[place], place))
    if ranker in (Ranker.PRO_RATA, Ranker.RISK_AWARE_PRO_RATA):
        return _all_together(candidates, scores, order, lots)
    return _one_after_the_other(candidates, order, lots)


def split(amount: int, weights: Sequence[int | Fraction]) -> list[int]:
    """Return a whole amount in whole parts by weight: each rounded down, then one more for the largest remainders.

    Of equal remainders the first; the weights must not all be 0.
    """
    total = Fraction(sum(weights))
    exact = [amount * Fraction(weight) / total for weight in weights]
    parts = [math.floor(one) for one in exact]
    missing = [one - part for one, part in zip(exact, parts, strict=True)]
    for _ in range(amount - sum(parts)):
        place = missing.index(max(missing))
        parts[place] += 1
        missing[place] = Fraction(-1)  # has had its one
    return parts


def _one_after_the_other(
    candidates: Sequence[RankedCandidate], order: Sequence[int], lots: int
) -> list[tuple[int, int]]:
    """Return what each closes when each in turn closes all it can."""
    closed = []
    for place in order:
        part = min(lots, abs(candidates[place].quantity))
        lots -= part
        closed.append((place, part))
    return [(place, part) for place, part in closed if part > 0]


def _all_together(
    candidates: Sequence[RankedCandidate], scores: Sequence[Fraction], order: Sequence[int], lots: int
) -> list[tuple[int, int]]:
    """Return what each closes when the lots are split by score, as often as somebody was given more than it has."""
    closed = dict.fromkeys(order, 0)
    room = {place: abs(candidates[place].quantity) for place in order}
    left = min(lots, sum(room.values()))
    while left > 0:
        able = [place for place in order if room[place] > 0]
        weights: list[int | Fraction] = [scores[place] for place in able]
        if not any(weights):
            weights = [room[place] for place in able]
        for place, wanted in zip(able, split(left, weights), strict=True):
            part = min(wanted, room[place])
            closed[place] += part
            room[place] -= part
            left -= part
    return [(place, closed[place]) for place in order if closed[place] > 0]


# ------------------------------------------------------------------------------------------------------- the scores


def _leverage_pnl_account(one: RankedCandidate) -> Fraction:
    if one.profit <= 0 or one.equity <= 0:
        return Fraction(0)
    return Fraction(one.profit, max(QUOTE, one.wallet)) * Fraction(one.maintenance, one.equity)


def _pnl_x_efflev(one: RankedCandidate) -> Fraction:
    _, _, entry, value, _, _, equity, maintenance, here = one
    behind = math.floor(Fraction(equity * here, maintenance)) if maintenance > 0 else 0
    if entry == 0 or behind <= 0:
        return Fraction(0)
    gain, leverage = Fraction(value - entry, abs(entry)), Fraction(abs(value), behind)
    return gain * leverage if gain > 0 else gain / leverage


def _hl_index(one: RankedCandidate) -> Fraction:
    _, quantity, entry, value, _, _, equity, _, _ = one
    if entry == 0 or equity <= 0:
        return Fraction(0)
    moved = Fraction(value, entry) if quantity > 0 else Fraction(entry, value)
    return moved * Fraction(abs(value), equity)


def _pro_rata(one: RankedCandidate) -> Fraction:
    _, _, entry, value, *_ = one
    return Fraction(max(0, value - entry))


def _risk_aware_pro_rata(one: RankedCandidate) -> Fraction:
    _, _, entry, value, _, _, equity, _, _ = one
    return Fraction(math.floor(max(0, value - entry) * Fraction(abs(value), equity))) if equity > 0 else Fraction(0)


SCORES: Mapping[Ranker, Callable[[RankedCandidate], Fraction]] = {
    Ranker.LEVERAGE_PNL_ACCOUNT: _leverage_pnl_account,
    Ranker.PNL_X_EFFLEV: _pnl_x_efflev,
    Ranker.HL_INDEX: _hl_index,
    Ranker.PRO_RATA: _pro_rata,
    Ranker.RISK_AWARE_PRO_RATA: _risk_aware_pro_rata,
}
