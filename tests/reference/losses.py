"""Who pays for what the reference venue's fund cannot: docs/rules.md 8.4."""

import math
from fractions import Fraction

from exchange.core.enums import BalanceReason, Wallet
from exchange.core.events import LossShared
from exchange.core.policies.losses import LossPolicy
from exchange.core.units import Atoms
from tests.reference.rankers import split
from tests.reference.risk import equity, is_unjudged, positions_in, profit, scopes_of, total_notional
from tests.reference.world import FUND, Leg, Scope, World, pay, pay_leg, traders


def share_losses(world: World) -> None:
    """Let traders pay what the fund is below 0, by the policy of the venue."""
    policy = world.rules.engine.loss
    if policy is LossPolicy.HOUSE:
        return
    missing = _below(world) - world.loss_left
    if missing > 0:
        _share(world, policy, missing)
    world.loss_left = _below(world)


def _below(world: World) -> int:
    return max(0, -world.wallets[FUND, Wallet.FUTURES])


def _share(world: World, policy: LossPolicy, missing: int) -> None:
    payers = [scope for account in traders(world) for scope in scopes_of(world, account)]
    payers = [scope for scope in payers if positions_in(world, scope) and scope not in world.locked]
    payers = [scope for scope in payers if not is_unjudged(world, scope)]
    due = _haircut(world, payers, missing) if policy is LossPolicy.HAIRCUT else _by_notional(world, payers, missing)
    paid = sum(due)
    if paid == 0:
        return
    for scope, amount in zip(payers, due, strict=True):
        if amount and scope.symbol:
            pay_leg(world, Leg(*scope), BalanceReason.LOSS_SHARED, -amount)
        elif amount:
            pay(world, scope.account, BalanceReason.LOSS_SHARED, -amount)
    reached = min(missing, paid)
    world.dust += paid - reached
    pay(world, FUND, BalanceReason.LOSS_SHARED, reached)
    world.events.append(LossShared(Atoms(missing), Atoms(reached)))


def _haircut(world: World, payers: list[Scope], missing: int) -> list[int]:
    """Return what each pays by the profit of its positions together, at most that and what it has, in atoms."""
    won = [sum(profit(world, leg) for leg in positions_in(world, scope)) for scope in payers]
    weights = [max(0, min(gain, equity(world, scope))) for gain, scope in zip(won, payers, strict=True)]
    return split(min(missing, sum(weights)), weights) if any(weights) else [0] * len(payers)


def _by_notional(world: World, payers: list[Scope], missing: int) -> list[int]:
    """Return what each pays by its notional, rounded up, at most what it has, in atoms."""
    sizes = [total_notional(world, scope) for scope in payers]
    due = [math.ceil(Fraction(missing * size, sum(sizes))) for size in sizes]
    return [max(0, min(amount, equity(world, scope))) for amount, scope in zip(due, payers, strict=True)]
