"""The loss policy: who pays what the backstop cannot. Pure sums; nobody pays here."""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from exchange.core.units import div_ceil


class LossPolicy(Enum):
    """HOUSE: nobody; the backstop's balance stays negative. HAIRCUT: who is in profit, in proportion to it.

    FUNDING_DELTA: everyone with a position, long or short, in proportion to its notional. Nobody pays more than it has.
    """

    HOUSE = "HOUSE"
    HAIRCUT = "HAIRCUT"
    FUNDING_DELTA = "FUNDING_DELTA"


class Payer(NamedTuple):
    """A scope that may have to pay: its equity, the unrealised profit of its positions, their notional; in atoms."""

    equity: int
    profit: int
    notional: int


def parts_of(policy: LossPolicy, loss: int, payers: Sequence[Payer]) -> list[int]:
    """Return what each pays of a loss, in atoms: never more than its equity."""
    means = [max(0, payer.equity) for payer in payers]
    if policy is LossPolicy.HAIRCUT:
        return haircut(loss, [min(max(0, payer.profit), most) for payer, most in zip(payers, means, strict=True)])
    if policy is LossPolicy.FUNDING_DELTA and payers:
        due = charges(loss, [payer.notional for payer in payers])
        return [min(part, most) for part, most in zip(due, means, strict=True)]
    return [0] * len(payers)


def haircut(loss: int, profits: Sequence[int]) -> list[int]:
    """Return what each pays of a loss, in atoms, in proportion to its profit and at most that: to the atom in all."""
    total = sum(profits)
    return shares(min(loss, total), profits) if total else [0] * len(profits)


def charges(loss: int, notionals: Sequence[int]) -> list[int]:
    """Return what each pays of a loss in proportion to its notional, each rounded up: what is too much is dust.

    Source: Drift v2, a cumulative funding delta on every open contract (mechanics 9.9).
    """
    total = sum(notionals)
    return [div_ceil(loss * notional, total) for notional in notionals]


def shares(amount: int, weights: Sequence[int]) -> list[int]:
    """Split a whole amount in proportion to weights, their sum positive, by largest remainder; ties: the first."""
    total = sum(weights)
    parts = [amount * weight // total for weight in weights]
    remainders = [amount * weight % total for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: -remainders[place])  # stable
    for place in order[: amount - sum(parts)]:
        parts[place] += 1
    return parts
