"""The liquidation engine as five parts, and the venues that they are put together to. Records only.

Source: mechanics 11. What a venue does not publish stands at the default; docs/fidelity.md says what differs.
"""

from collections.abc import Mapping

import msgspec

from exchange.core.policies.adl import AdlPrice, AdlRules, AdlTrigger, Ranker
from exchange.core.policies.backstop import Backstop, BackstopKind
from exchange.core.policies.binance_smart import BinanceSmart
from exchange.core.policies.case import Custom
from exchange.core.policies.deribit_incremental import DeribitIncremental
from exchange.core.policies.dydx_v4 import DydxV4
from exchange.core.policies.hyperliquid_backstop import HyperliquidBackstop
from exchange.core.policies.losses import LossPolicy
from exchange.core.policies.naive_full import NaiveFull
from exchange.core.policies.tier_ladder import TierLadder
from exchange.core.policies.unwinding import UnwindRules, UnwindStyle
from exchange.core.units import MILLISECOND, RATE_ONE, SECOND, Nanos, RateE8

ShippedPolicy = BinanceSmart | TierLadder | DeribitIncremental | DydxV4 | HyperliquidBackstop | NaiveFull
UNLIMITED = RateE8(1_000_000 * RATE_ONE)  # a cap that no fund reaches
DEFAULT_PRESET = "binance_smart"


class EngineRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Liquidation policy, backstop, its unwinding, auto-deleveraging, losses; and how much of it is done at once.

    `scopes_per_pass` scopes at most are liquidated in one margin pass, the rest `carry_over` later. `fund_window`: over
    which the peak of the backstop's equity is taken. `muted`: nobody is liquidated, the control of an experiment.
    """

    liquidation: ShippedPolicy | Custom = BinanceSmart()
    backstop: Backstop = Backstop()
    unwind: UnwindRules = UnwindRules()
    adl: AdlRules = AdlRules()
    loss: LossPolicy = LossPolicy.HOUSE
    scopes_per_pass: int = 1_000
    carry_over: Nanos = Nanos(100 * MILLISECOND)
    fund_window: Nanos = Nanos(8 * 3600 * SECOND)
    muted: bool = False


PRESETS: Mapping[str, EngineRules] = {
    "binance_smart": EngineRules(),
    "tier_ladder": EngineRules(
        liquidation=TierLadder(),
        backstop=Backstop(cap=UNLIMITED),
        unwind=UnwindRules(style=UnwindStyle.QUOTE_ENTRY, share=RateE8(RATE_ONE)),
        adl=AdlRules(ranker=Ranker.PNL_X_EFFLEV),
    ),
    "deribit_incremental": EngineRules(
        liquidation=DeribitIncremental(),
        backstop=Backstop(kind=BackstopKind.NONE),
        adl=AdlRules(trigger=AdlTrigger.NEVER),
        loss=LossPolicy.HAIRCUT,
    ),
    "dydx_v4": EngineRules(
        liquidation=DydxV4(),
        backstop=Backstop(kind=BackstopKind.NONE),
        adl=AdlRules(ranker=Ranker.RANDOM_SEEDED),
        scopes_per_pass=50,
        carry_over=Nanos(SECOND),
    ),
    "hyperliquid_backstop": EngineRules(
        liquidation=HyperliquidBackstop(),
        backstop=Backstop(kind=BackstopKind.VAULT, in_adl=True),
        unwind=UnwindRules(style=UnwindStyle.QUOTE, share=RateE8(RATE_ONE)),
        adl=AdlRules(ranker=Ranker.HL_INDEX, price=AdlPrice.PREVIOUS_MARK),
    ),
    "naive_full": EngineRules(
        liquidation=NaiveFull(),
        backstop=Backstop(kind=BackstopKind.NONE),
        adl=AdlRules(trigger=AdlTrigger.NEVER),
        loss=LossPolicy.HAIRCUT,
    ),
}


def preset_of(policy: object) -> EngineRules | None:
    """Return the preset whose other four parts go with a liquidation policy of the user's own.

    Its attribute `preset` names it; without one it is the default. None when that is the name of none.
    """
    name = getattr(policy, "preset", DEFAULT_PRESET)
    return PRESETS.get(name) if isinstance(name, str) else None


def no_preset(policy: object) -> str:
    """Return what to say of a policy whose attribute `preset` names none."""
    return f"its attribute preset = {getattr(policy, 'preset', None)!r} is none of {', '.join(PRESETS)}"
