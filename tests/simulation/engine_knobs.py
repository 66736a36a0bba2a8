"""From a seed to harsh rules of the liquidation engine: each part by itself, and sometimes a venue's. No commands."""

from random import Random

from exchange.core.policies.adl import AdlPrice, AdlRules, AdlTrigger, Ranker
from exchange.core.policies.backstop import Backstop, BackstopKind
from exchange.core.policies.binance_smart import BinanceSmart
from exchange.core.policies.case import Custom, LiquidationPolicy
from exchange.core.policies.deribit_incremental import DeribitIncremental
from exchange.core.policies.dydx_v4 import DydxV4
from exchange.core.policies.hyperliquid_backstop import HyperliquidBackstop
from exchange.core.policies.losses import LossPolicy
from exchange.core.policies.naive_full import NaiveFull
from exchange.core.policies.presets import PRESETS, UNLIMITED, EngineRules, ShippedPolicy
from exchange.core.policies.tier_ladder import TierLadder
from exchange.core.policies.unwinding import UnwindRules, UnwindStyle
from exchange.core.units import MILLISECOND, RATE_ONE, SECOND, Atoms, Nanos, RateE8
from tests.simulation.odd_policy import OddPolicy

PERCENT = RATE_ONE // 100
PRESET_CHANCE = 0.1
CUSTOM_CHANCE = 0.15
MUTED_CHANCE = 0.03
PAUSE_LEAST_MS = 150  # shorter ones would make a life of nothing but ticks
ODD_PATH = f"{OddPolicy.__module__}:{OddPolicy.__name__}"


def draw_engine(random: Random, deposit: int, calm: int) -> EngineRules:
    """Return an engine for accounts with so much to lose (atoms), and commands at most `calm` ms apart."""
    if random.random() < PRESET_CHANCE:
        return random.choice(tuple(PRESETS.values()))
    custom = random.random() < CUSTOM_CHANCE
    return EngineRules(
        liquidation=Custom(ODD_PATH) if custom else draw_policy(random, deposit, calm),
        backstop=_draw_backstop(random),
        unwind=_draw_unwind(random),
        adl=_draw_adl(random, deposit),
        loss=random.choice(tuple(LossPolicy)),
        scopes_per_pass=random.choice((1, 2, 1_000, 1_000)),
        carry_over=_pause(random, calm),
        fund_window=Nanos(random.choice((2, 30, 8 * 3600)) * SECOND),
        muted=random.random() < MUTED_CHANCE,
    )


def draw_policy(random: Random, deposit: int, calm: int) -> ShippedPolicy:
    """Return one of the policies that ship, with any parameters."""
    fee = RateE8(random.choice((0, PERCENT // 2, 3 * PERCENT)))
    part = RateE8(random.choice((1, 10 * PERCENT, 35 * PERCENT, RATE_ONE)))
    pause = _pause(random, calm)
    policies: tuple[ShippedPolicy, ...] = (
        BinanceSmart(random.random() < 0.8, RateE8(random.choice((0, 0, 5 * PERCENT, RATE_ONE)))),
        TierLadder(random.choice((1, 1, 2, 9)), random.choice((Nanos(0), pause))),
        DeribitIncremental(part, RateE8(random.choice((0, PERCENT, 10 * PERCENT, RATE_ONE))), fee, pause),
        DydxV4(
            block=pause,
            portion=part,
            least=Atoms(random.choice((1, deposit, 10 * deposit))),
            most=Atoms(random.choice((1, 5 * deposit, 100 * deposit))),
            fee_rate=fee,
            bankruptcy_adjustment=RateE8(random.choice((0, RATE_ONE // 3, RATE_ONE, 3 * RATE_ONE))),
            spread=RateE8(random.choice((0, RATE_ONE // 2, 150 * PERCENT, 4 * RATE_ONE))),
        ),
        HyperliquidBackstop(
            large=Atoms(random.choice((0, deposit, 10 * deposit, 1_000 * deposit))),
            portion=part,
            cooldown=pause,
            backstop_at=RateE8(random.choice((0, RATE_ONE // 2, 66_666_667, RATE_ONE))),
        ),
        NaiveFull(),
    )
    return random.choice(policies)


def draw_own_policy(random: Random, rules: EngineRules, calm: int) -> LiquidationPolicy | None:
    """Return the user's own policy, if the rules ask for one."""
    return OddPolicy(random.randrange(2**32), _pause(random, calm)) if isinstance(rules.liquidation, Custom) else None


def _pause(random: Random, calm: int) -> Nanos:
    """Return nanoseconds in which nothing, or a few things, or many happen."""
    return Nanos(max(PAUSE_LEAST_MS, random.choice((calm // 3, calm, 6 * calm))) * MILLISECOND)


def _draw_backstop(random: Random) -> Backstop:
    kinds = (BackstopKind.FUND, BackstopKind.FUND, BackstopKind.VAULT, BackstopKind.NONE)
    share = random.randint(1, 30) * RATE_ONE // random.choice((1, 10))  # of its equity: some lots, of some positions
    cap = random.choice((0, RATE_ONE, share, share, share, UNLIMITED, UNLIMITED))
    return Backstop(random.choice(kinds), RateE8(cap), in_adl=random.random() < 0.6)


def _draw_unwind(random: Random) -> UnwindRules:
    return UnwindRules(
        style=random.choice(tuple(UnwindStyle)),
        interval=Nanos(random.choice((1, 1, 4)) * SECOND),
        share=RateE8(random.choice((1, 10 * PERCENT, 50 * PERCENT, RATE_ONE))),
        bound=RateE8(random.choice((0, PERCENT, 5 * PERCENT))),
        loss_stop=RateE8(random.choice((0, 0, 1, 2 * PERCENT, 30 * PERCENT))),
        stop_pause=Nanos(random.choice((2, 15)) * SECOND),
    )


def _draw_adl(random: Random, deposit: int) -> AdlRules:
    drop = random.choice((1, 2 * PERCENT, 30 * PERCENT))
    triggers = (AdlTrigger.REFUSED, AdlTrigger.REFUSED, AdlTrigger.DRAWDOWN, AdlTrigger.DRAWDOWN, AdlTrigger.NEVER)
    return AdlRules(
        trigger=random.choice(triggers),
        ranker=random.choice(tuple(Ranker)),
        price=random.choice(tuple(AdlPrice)),
        drop=RateE8(drop),
        drop_floor=Atoms(random.choice((0, 0, deposit // 30))),
        stop=RateE8(random.choice((0, drop // 2, drop))),
    )
