"""Who pays for what the reference venue's fund cannot: docs/rules.md 8.4."""

import math
from fractions import Fraction

from exchange.core.enums import BalanceReason, Wallet
from exchange.core.events import LossShared
from exchange.core.policies.losses import LossPolicy
from exchange.core.units import Atoms
from tests.reference.rankers import split
from tests.reference.risk import profit, value_at_mark
from tests.reference.world import FUND, Leg, World, held_legs, pay, pay_leg, scope_of, traders


def share_losses(world: World) -> None:
    """Let traders pay what the fund is below 0, by the policy of the venue."""
    missing, policy = -world.wallets[FUND, Wallet.FUTURES], world.rules.engine.loss
    if missing <= 0 or policy is LossPolicy.HOUSE:
        return
    legs = [leg for account in traders(world) for leg in held_legs(world, account)]
    legs = [leg for leg in legs if scope_of(world, leg) not in world.locked]
    due = _haircut(world, legs, missing) if policy is LossPolicy.HAIRCUT else _by_notional(world, legs, missing)
    paid = sum(due)
    if paid == 0:
        return
    for leg, amount in zip(legs, due, strict=True):
        if amount:
            pay_leg(world, leg, BalanceReason.LOSS_SHARED, -amount)
    reached = min(missing, paid)
    world.dust += paid - reached
    pay(world, FUND, BalanceReason.LOSS_SHARED, reached)
    world.events.append(LossShared(Atoms(missing), Atoms(reached)))


def _haircut(world: World, legs: list[Leg], missing: int) -> list[int]:
    """Return what each pays by its profit, and at most that, in atoms."""
    profits = [max(0, profit(world, leg)) for leg in legs]
    return split(min(missing, sum(profits)), profits) if any(profits) else [0] * len(legs)


def _by_notional(world: World, legs: list[Leg], missing: int) -> list[int]:
    """Return what each pays by its notional, rounded up, in atoms."""
    sizes = [abs(value_at_mark(world, leg)) for leg in legs]
    return [math.ceil(Fraction(missing * size, sum(sizes))) for size in sizes]
