"""What each liquidation policy asks for: docs/rules.md 8.5 a second time, in fractions. It moves nothing."""

import math
from fractions import Fraction

from exchange.core.contract import Contract
from exchange.core.enums import PositionSide
from exchange.core.policies.binance_smart import BinanceSmart
from exchange.core.policies.case import (
    Case,
    Deleverage,
    HandOver,
    Intent,
    LiquidationPolicy,
    PositionCase,
    SendOrder,
    Wait,
)
from exchange.core.policies.deribit_incremental import DeribitIncremental
from exchange.core.policies.dydx_v4 import DydxV4
from exchange.core.policies.hyperliquid_backstop import HyperliquidBackstop
from exchange.core.policies.naive_full import NaiveFull
from exchange.core.policies.tier_ladder import TierLadder
from exchange.core.units import RATE_ONE

WORD = 2**64
SPREADING = 0x9E3779B97F4A7C15  # of docs/rules.md 8.5, "Drawn"


def decide(policy: LiquidationPolicy, case: Case) -> Intent | None:
    """Return what a policy wants next for a scope that is short of margin; a policy of somebody else's is asked."""
    match policy:
        case BinanceSmart():
            return _binance_smart(policy, case)
        case TierLadder():
            return _tier_ladder(policy, case)
        case DeribitIncremental():
            return _deribit_incremental(policy, case)
        case DydxV4():
            return _dydx_v4(policy, case)
        case HyperliquidBackstop():
            return _hyperliquid_backstop(policy, case)
        case NaiveFull():
            return _naive_full(case)
        case _:
            return policy.decide(case)


def drawn(count: int, *seeds: int) -> int:
    """Return the place drawn among `count`, by these seeds."""
    mixed = 0
    for seed in seeds:
        mixed = ((mixed ^ seed) * SPREADING) % WORD
        mixed = mixed ^ (mixed // 2**32)
    return mixed % count


# --------------------------------------------------------------------------------------------------- one position


def _name(position: PositionCase) -> tuple[str, PositionSide]:
    """Return symbol and side, which say what an intent is about."""
    return position.contract.symbol, position.side


def _lot_value(position: PositionCase) -> int:
    """Return what one lot is worth at the mark, in atoms."""
    return position.mark_price * position.contract.value_unit


def _size(position: PositionCase) -> int:
    """Return what all lots are worth at the mark, in atoms, without sign."""
    return abs(position.quantity) * _lot_value(position)


def _priced(position: PositionCase, value: int) -> int:
    """Return the price in ticks at which the lots bring a signed value: sells rounded up, buys down, at least 1."""
    exact = Fraction(value, position.quantity * position.contract.value_unit)
    return max(1, math.ceil(exact) if position.quantity > 0 else math.floor(exact))


def _any_price(position: PositionCase) -> int:
    """Return the limit that stops a closing order at no price."""
    return 1 if position.quantity > 0 else position.contract.max_price


def _bracket(contract: Contract, amount: int) -> int:
    """Return the place of the bracket that holds a notional in atoms, of the last one beyond all."""
    holding = [place for place, one in enumerate(contract.brackets) if one.floor < amount <= one.cap]
    return holding[0] if holding else len(contract.brackets) - 1


def _maintenance(contract: Contract, amount: int) -> int:
    """Return the maintenance margin of a notional, in atoms."""
    if amount == 0:
        return 0
    bracket = contract.brackets[_bracket(contract, amount)]
    return math.ceil(Fraction(amount * bracket.rate, RATE_ONE)) - bracket.cum


def _to_the_end(position: PositionCase) -> SendOrder:
    """Return the order for all lots at any price, without a fee."""
    return SendOrder(*_name(position), abs(position.quantity), _any_price(position))


# ------------------------------------------------------------------------------------------------ the six policies


def _binance_smart(policy: BinanceSmart, case: Case) -> Intent:
    worst = case.positions[0]
    if worst.orders > 0:
        return HandOver(*_name(worst))
    fee = worst.contract.liquidation_fee
    lots = _fewest_that_heal(case, worst, fee, policy.buffer) if policy.partial else abs(worst.quantity)
    return SendOrder(*_name(worst), lots, _priced(worst, worst.bankruptcy_value), fee)


def _fewest_that_heal(case: Case, worst: PositionCase, fee: int, buffer: int) -> int:
    """Return the lots found by halving between none and all that are worth selling; all, where those do not heal."""
    lots, above = abs(worst.quantity), 1 + Fraction(buffer, RATE_ONE)
    floors = [one.floor for one in worst.contract.brackets if one.rate * above > fee]
    if not floors:
        return lots
    most = lots - math.floor(Fraction(min(floors), _lot_value(worst)))
    if most <= 0 or not _heals(case, worst, most, fee, above):
        return lots
    low, high = 0, most
    while high - low > 1:
        middle = math.floor(Fraction(low + high, 2))
        low, high = (low, middle) if _heals(case, worst, middle, fee, above) else (middle, high)
    return high


def _heals(case: Case, worst: PositionCase, lots: int, fee: int, above: Fraction) -> bool:
    """Tell whether the scope is well once so many lots are sold at the mark."""
    paid = math.floor(Fraction(lots * _lot_value(worst) * fee, RATE_ONE))
    others = case.maintenance_margin - worst.maintenance_margin
    rest = (abs(worst.quantity) - lots) * _lot_value(worst)
    return case.equity - paid > (others + _maintenance(worst.contract, rest)) * above


def _tier_ladder(policy: TierLadder, case: Case) -> Intent:
    worst = case.positions[0]
    brackets = worst.contract.brackets
    target = brackets[max(0, _bracket(worst.contract, _size(worst)) - policy.brackets_per_step)]
    down = max(0, abs(worst.quantity) - math.floor(Fraction(target.cap, _lot_value(worst))))
    if down == 0:
        return HandOver(*_name(worst))
    if worst.unfilled > 0:
        return Wait(case.ts + policy.requote) if policy.requote > 0 else HandOver(*_name(worst))
    limit = _priced(worst, worst.bankruptcy_value)
    return SendOrder(*_name(worst), down, limit, fills_whole=policy.requote == 0)


def _deribit_incremental(policy: DeribitIncremental, case: Case) -> Intent:
    if case.steps > 0:
        return Wait(case.ts + policy.cadence)
    worst = case.positions[0]
    lots = abs(worst.quantity)
    wanted = max(worst.contract.min_quantity, math.ceil(Fraction(lots * policy.slice, RATE_ONE)))
    closing = -1 if worst.quantity > 0 else 1
    exact = worst.mark_price * (1 + closing * Fraction(policy.band, RATE_ONE))
    limit = math.ceil(exact) if closing < 0 else math.floor(exact)  # toward the mark
    return SendOrder(*_name(worst), min(lots, wanted), max(1, limit), policy.fee_rate)


def _dydx_v4(policy: DydxV4, case: Case) -> Intent:
    if case.steps == 0:
        block = math.floor(Fraction(case.ts, policy.block))
        one = case.positions[drawn(len(case.positions), block, case.account_id)]
        limit = _priced(one, _least_acceptable(policy, case, one))
        return SendOrder(*_name(one), _block_lots(policy, one), limit, policy.fee_rate, fund_pays_gap=True)
    hopeless = [one for one in case.positions if one.orders > 0 and one.filled == 0]
    if case.equity < 0 and hopeless:
        return Deleverage(*_name(hopeless[0]))
    return Wait(case.ts + policy.block)


def _block_lots(policy: DydxV4, one: PositionCase) -> int:
    """Return how many lots go in one block."""
    whole = _size(one)
    amount = min(max(policy.least, math.floor(Fraction(whole * policy.portion, RATE_ONE))), policy.most)
    return abs(one.quantity) if whole <= amount else max(1, math.floor(Fraction(amount, _lot_value(one))))


def _least_acceptable(policy: DydxV4, case: Case, one: PositionCase) -> int:
    """Return the signed value that the position is sold for at the least: its own, less a discount by its distress."""
    required, here = case.maintenance_margin, one.maintenance_margin
    distress = Fraction(policy.bankruptcy_adjustment, RATE_ONE) * Fraction(max(0, required - case.equity), required)
    discount = math.floor(min(Fraction(1), distress) * Fraction(policy.spread, RATE_ONE) * here)
    least = one.quantity * _lot_value(one) - discount
    gap = one.bankruptcy_value - least
    return one.bankruptcy_value if gap > max(0, case.fund_equity) else least


def _hyperliquid_backstop(policy: HyperliquidBackstop, case: Case) -> Intent | None:
    worst = case.positions[0]
    if case.equity < 0:
        return Deleverage(*_name(worst))
    large = [_size(one) > policy.large and case.memory != 1 for one in case.positions]
    for one, is_large in zip(case.positions, large, strict=True):
        if one.orders == 0:
            order = _to_the_end(one)
            lots = math.ceil(Fraction(order.quantity * policy.portion, RATE_ONE)) if is_large else order.quantity
            return SendOrder(order.symbol, order.side, lots, order.limit_price)
    if Fraction(case.equity, case.maintenance_margin) < Fraction(policy.backstop_at, RATE_ONE):
        return HandOver(*_name(worst))
    return Wait(case.ts + policy.cooldown, 1) if any(large) else None


def _naive_full(case: Case) -> Intent | None:
    untried = [one for one in case.positions if one.orders == 0]
    return _to_the_end(untried[0]) if untried else None
