"""Auto-deleveraging: when, in which order, how much of whom, at which price. It closes nothing.

Sources: mechanics 9 and 12; Binance FAQ 360033525471, bitmex.com, hyperliquid.gitbook.io, dydxprotocol/v4-chain.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import msgspec

from exchange.core.enums import PositionSide
from exchange.core.policies.chance import drawn
from exchange.core.policies.losses import shares
from exchange.core.units import ATOMS_PER_QUOTE, RATE_ONE, Atoms, RateE8, div_floor


class AdlTrigger(Enum):
    """REFUSED: what the backstop does not take. DRAWDOWN: also everything, while the backstop has lost too much.

    NEVER: what the backstop does not take stays with its owner.
    """

    REFUSED = "REFUSED"
    DRAWDOWN = "DRAWDOWN"
    NEVER = "NEVER"


class AdlPrice(Enum):
    """At what price: that of the bankrupt's bankruptcy, the mark, or the mark before it."""

    BANKRUPTCY = "BANKRUPTCY"
    MARK = "MARK"
    PREVIOUS_MARK = "PREVIOUS_MARK"


class Ranker(Enum):
    """Who is deleveraged first; the last two let all share."""

    LEVERAGE_PNL_ACCOUNT = "leverage_pnl_account"
    PNL_X_EFFLEV = "pnl_x_efflev"
    HL_INDEX = "hl_index"
    RANDOM_SEEDED = "random_seeded"
    PRO_RATA = "pro_rata"
    RISK_AWARE_PRO_RATA = "risk_aware_pro_rata"


class AdlRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Trigger, ranker and price.

    A DRAWDOWN begins at a fall of `drop` (1e-8), and of `drop_floor` atoms at least, from the peak of the backstop's
    equity, and ends once less than `stop` is missing.
    """

    trigger: AdlTrigger = AdlTrigger.REFUSED
    ranker: Ranker = Ranker.LEVERAGE_PNL_ACCOUNT
    price: AdlPrice = AdlPrice.BANKRUPTCY
    drop: RateE8 = RateE8(30_000_000)
    drop_floor: Atoms = Atoms(0)
    stop: RateE8 = RateE8(25_000_000)


@dataclass(frozen=True, slots=True)
class Counterparty:
    """A position that could be closed against a bankrupt's, as rankers see it. Atoms; quantity and notional signed.

    `profit` is what its scope makes in this contract, `wallet`, `equity` and `maintenance_margin` are those of its
    scope, `position_margin` the part of the latter that is its own.
    """

    account_id: int
    side: PositionSide
    quantity: int
    entry_value: int
    notional: int
    profit: int
    wallet: int
    equity: int
    maintenance_margin: int
    position_margin: int

    @property
    def lots(self) -> int:
        """Its size, without sign."""
        return abs(self.quantity)


def leverage_pnl_account(one: Counterparty) -> Fraction:
    """Return profit / max(1 quote, wallet) * maintenance margin / equity; 0 without profit or equity (Binance)."""
    if one.profit <= 0 or one.equity <= 0:
        return Fraction(0)
    return Fraction(one.profit * one.maintenance_margin, max(ATOMS_PER_QUOTE, one.wallet) * one.equity)


def pnl_x_efflev(one: Counterparty) -> Fraction:
    """Return profit per entry value times effective leverage, or divided by it for a loss (BitMEX).

    The equity behind the position is its share of the scope's, by maintenance margin; 0 where there is none.
    """
    behind = div_floor(one.equity * one.position_margin, one.maintenance_margin) if one.maintenance_margin else 0
    if not one.entry_value or behind <= 0:
        return Fraction(0)
    gain = Fraction(one.notional - one.entry_value, abs(one.entry_value))
    size = abs(one.notional)
    return gain * (Fraction(size, behind) if gain > 0 else Fraction(behind, size))


def hl_index(one: Counterparty) -> Fraction:
    """Return mark / entry * notional / equity, entry / mark for a short: else winning shorts would be the last."""
    if not one.entry_value or one.equity <= 0:
        return Fraction(0)
    is_long = one.quantity > 0
    moved = Fraction(one.notional, one.entry_value) if is_long else Fraction(one.entry_value, one.notional)
    return moved * Fraction(abs(one.notional), one.equity)


def by_profit(one: Counterparty) -> Fraction:
    """Return the profit of the position, 0 for a loss."""
    return Fraction(max(0, one.notional - one.entry_value))


def by_profit_and_leverage(one: Counterparty) -> Fraction:
    """Return the profit of the position times notional per equity, 0 for a loss, or without equity; whole atoms."""
    profit = max(0, one.notional - one.entry_value)
    return Fraction(div_floor(profit * abs(one.notional), one.equity) if one.equity > 0 else 0)


SCORES: Mapping[Ranker, Callable[[Counterparty], Fraction]] = {
    Ranker.LEVERAGE_PNL_ACCOUNT: leverage_pnl_account,
    Ranker.PNL_X_EFFLEV: pnl_x_efflev,
    Ranker.HL_INDEX: hl_index,
    Ranker.RANDOM_SEEDED: lambda _: Fraction(0),
    Ranker.PRO_RATA: by_profit,
    Ranker.RISK_AWARE_PRO_RATA: by_profit_and_leverage,
}
SHARING = (Ranker.PRO_RATA, Ranker.RISK_AWARE_PRO_RATA)


def ranked(ranker: Ranker, candidates: Sequence[Counterparty], seed: int) -> list[Counterparty]:
    """Return who is closed first: the highest score; of equal ones, as they come. `candidates` come by account.

    RANDOM_SEEDED begins with one that is drawn from the seed, and goes round.
    """
    if ranker is Ranker.RANDOM_SEEDED and candidates:
        start = drawn(len(candidates), seed)
        return [*candidates[start:], *candidates[:start]]
    return sorted(candidates, key=lambda one: -SCORES[ranker](one))


def divided(ranker: Ranker, order: Iterable[Counterparty], lots: int) -> list[tuple[Counterparty, int]]:
    """Return of whom how many of `lots` are closed: the first gives all it has, or all share by score.

    Who is not needed is not asked for, unless all share.
    """
    if ranker in SHARING:
        return _shared(ranker, list(order), lots)
    given = []
    for one in order:
        if not lots:
            break
        part = min(lots, one.lots)
        lots -= part
        given.append((one, part))
    return given


def _shared(ranker: Ranker, order: Sequence[Counterparty], lots: int) -> list[tuple[Counterparty, int]]:
    """Split by score, never more than a position has; what is left over is split again, at last by size."""
    given = [0] * len(order)
    scores = [int(SCORES[ranker](one)) for one in order]  # whole: profits, in atoms
    while True:
        room = [one.lots - part for one, part in zip(order, given, strict=True)]
        left = min(lots - sum(given), sum(room))
        if not left:
            return [(one, part) for one, part in zip(order, given, strict=True) if part]
        weights = [score if space else 0 for score, space in zip(scores, room, strict=True)]
        parts = shares(left, weights) if any(weights) else shares(left, room)
        given = [part + min(more, space) for part, more, space in zip(given, parts, room, strict=True)]


def is_feasible(equity: int, mark_value: int, value: int) -> bool:
    """Tell whether a counterparty can take its part: it must not be left below zero.

    `equity` is that of its scope. Of the lots that the bankrupt gives up, both signed as those: `mark_value` is the
    notional at the mark, `value` what the bankrupt receives. Exactly nothing left is enough. Source: dYdX v4, V29.
    """
    return equity + mark_value - value >= 0


def drawdown_threshold(reference: int, drop: int, floor: int) -> int:
    """Return the balance below which a fund has lost too much: reference - max(drop * reference, floor), rounded up.

    `drop` in 1e-8; `reference` is a peak (Bybit) or an average (OKX) of the balance.
    """
    return reference - max(div_floor(reference * drop, RATE_ONE), floor)
