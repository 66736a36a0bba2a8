"""Scopes that are short of margin, and counterparties, drawn at random where things happen. No expectations."""

from dataclasses import replace
from random import Random

from exchange.core.contract import Contract
from exchange.core.enums import PositionSide
from exchange.core.policies.adl import Counterparty
from exchange.core.policies.binance_smart import BinanceSmart
from exchange.core.policies.case import Case, PositionCase
from exchange.core.policies.hyperliquid_backstop import HyperliquidBackstop
from exchange.core.policies.presets import ShippedPolicy
from exchange.core.units import ATOMS_PER_QUOTE, RATE_ONE
from tests.simulation.engine_knobs import draw_policy
from tests.simulation.knobs import Knobs, draw_knobs

HEDGE = (PositionSide.LONG, PositionSide.SHORT)


def maintenance_of(contract: Contract, notional: int) -> int:
    """Return the maintenance margin of a notional in atoms."""
    held_in = next((one for one in contract.brackets if notional <= one.cap), contract.brackets[-1])
    return -(-notional * held_in.rate // RATE_ONE) - held_in.cum if notional else 0


def position_case(
    contract: Contract,
    quantity: int,
    mark: int,
    side: PositionSide = PositionSide.BOTH,
    *,
    entry: int = 0,
    orders: int = 0,
    filled: int = 0,
    unfilled: int = 0,
) -> PositionCase:
    """Return a position at a mark, entered there if `entry` (ticks) is 0; nobody stands on the other side."""
    unit = contract.value_unit
    return PositionCase(
        contract=contract,
        side=side,
        quantity=quantity,
        mark_price=mark,
        entry_value=quantity * (entry or mark) * unit,
        maintenance_margin=maintenance_of(contract, abs(quantity) * mark * unit),
        bankruptcy_value=0,
        best_price=0,
        orders=orders,
        filled=filled,
        unfilled=unfilled,
    )


def case_of(
    positions: list[PositionCase], equity: int, *, ts: int = 0, fund_equity: int = 0, memory: int = 0, steps: int = 0
) -> Case:
    """Return the case of account 7 with these positions alone, each with its share of what is left."""
    margin = sum(one.maintenance_margin for one in positions)
    shared = tuple(with_bankruptcy(one, equity, margin) for one in positions)
    return Case(
        ts=ts,
        account_id=7,
        isolated=False,
        equity=equity,
        maintenance_margin=margin,
        positions=shared,
        fund_equity=fund_equity,
        memory=memory,
        steps=steps,
    )


def with_bankruptcy(one: PositionCase, equity: int, margin: int) -> PositionCase:
    """Return a position with the value at which it leaves nothing of its part of the equity."""
    value = one.quantity * one.mark_price * one.contract.value_unit
    at_ruin = value - equity * one.maintenance_margin // margin
    return replace(one, bankruptcy_value=at_ruin)


def draw_case(random: Random) -> tuple[ShippedPolicy, Case]:
    """Return a policy with random parameters and a scope for it: one to six positions, equity often at an edge."""
    knobs = draw_knobs(random)
    policy = draw_policy(random, knobs.deposit, knobs.calm)
    positions = _draw_positions(random, knobs)
    elsewhere = random.choice((0, 0, 0, knobs.deposit))  # the margin of positions that are not at hand
    margin = sum(one.maintenance_margin for one in positions) + elsewhere
    equity = min(margin, _draw_equity(random, policy, positions[0], margin))
    case = Case(
        ts=random.choice((0, 1_699_999_999_999_999_999, 10**9 * random.randint(0, 10**9), random.randint(0, 2**60))),
        account_id=random.randint(1, 9),
        isolated=random.random() < 0.3,
        equity=equity,
        maintenance_margin=margin,
        positions=tuple(with_bankruptcy(one, equity, margin) for one in positions),
        fund_equity=random.choice((0, -5, 1, random.randint(0, max(1, margin)), 10**14)),
        memory=random.choice((0, 0, 1, 2)),
        steps=random.choice((0, 0, 1, 5)),
    )
    return policy, case


def _draw_positions(random: Random, knobs: Knobs) -> list[PositionCase]:
    """Return positions, the largest maintenance margin first."""
    positions = []
    for contract, base in zip(knobs.contracts, knobs.base_prices, strict=True):
        mark = random.choice((base, base * random.randint(40, 250) // 100 + 1, 1))
        sides = HEDGE if random.random() < 0.4 else (PositionSide.BOTH,)
        for side in sides:
            sign = {PositionSide.LONG: 1, PositionSide.SHORT: -1}.get(side) or random.choice((1, -1))
            lots = random.choice((1, 2, random.randint(1, 60), contract.max_quantity, 5 * contract.max_quantity))
            orders = random.choice((0, 0, 0, 1, 2))
            filled, unfilled = (random.choice((0, random.randint(0, lots))) if orders else 0 for _ in range(2))
            positions.append(
                position_case(
                    contract,
                    sign * lots,
                    mark,
                    side,
                    entry=base * random.randint(50, 200) // 100 + 1,
                    orders=orders,
                    filled=filled,
                    unfilled=unfilled,
                )
            )
    return sorted(positions, key=lambda one: (-one.maintenance_margin, one.contract.symbol))


def _draw_equity(random: Random, policy: ShippedPolicy, worst: PositionCase, margin: int) -> int:
    """Return atoms of equity: anything up to the margin, or where the policy changes its mind."""
    if isinstance(policy, BinanceSmart) and random.random() < 0.6:
        lots = random.randint(1, abs(worst.quantity))
        return _just_healed(worst, margin, lots, policy.buffer) + random.choice((-1, 0, 1))
    if isinstance(policy, HyperliquidBackstop) and random.random() < 0.4:
        return margin * policy.backstop_at // RATE_ONE + random.choice((-1, 0, 1))
    return random.choice((margin, margin - 1, 0, -1, 1, random.randint(0, margin), random.randint(-3 * margin, margin)))


def _just_healed(worst: PositionCase, margin: int, lots: int, buffer: int) -> int:
    """Return the equity that is as large as what is needed when so many lots are sold at the mark."""
    contract, unit = worst.contract, worst.mark_price * worst.contract.value_unit
    rest = maintenance_of(contract, (abs(worst.quantity) - lots) * unit)
    needed = (margin - worst.maintenance_margin + rest) * (RATE_ONE + buffer) // RATE_ONE
    return needed + lots * unit * contract.liquidation_fee // RATE_ONE


def draw_counterparties(random: Random) -> list[Counterparty]:
    """Return up to eight positions of one side in one contract; some are twins, some have nothing, few lots or many."""
    sign, mark = random.choice((1, -1)), random.choice((1, 50, 300)) * ATOMS_PER_QUOTE // 100
    found: list[Counterparty] = []
    for account in range(1, random.randint(1, 9)):
        if found and random.random() < 0.2:
            found.append(replace(found[-1], account_id=account))
            continue
        quantity = sign * random.choice((1, 1, 3, random.randint(1, 40)))
        notional = quantity * mark
        entry = random.choice((0, notional, -notional, notional * random.randint(1, 300) // 100))
        margin = random.choice((0, 1, abs(notional) // 50 + 1))
        found.append(
            Counterparty(
                account_id=account,
                side=PositionSide.BOTH,
                quantity=quantity,
                entry_value=entry,
                notional=notional,
                profit=random.choice((notional - entry, notional - entry, 0, -7)),
                wallet=random.choice((0, -5, 1, 3 * ATOMS_PER_QUOTE, random.randint(0, 10**12))),
                equity=random.choice((0, -9, 1, random.randint(1, 2 * abs(notional)))),
                maintenance_margin=margin + random.choice((0, margin)) if margin else 0,
                position_margin=margin,
            )
        )
    return found
