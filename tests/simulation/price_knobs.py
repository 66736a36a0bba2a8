"""From a seed to harsh rules of index, mark, funding and circuit breaker, for the contracts of `knobs`. No commands."""

from random import Random

from exchange.core.enums import MarkRule, PremiumSource, PremiumWeights
from exchange.core.price_rules import BreakerRules, FundingRules, IndexRules, IndexSource, MarkRules
from exchange.core.units import RATE_ONE, SECOND, Atoms, Nanos, RateE8

PERCENT = RATE_ONE // 100
MILLISECOND = 10**6


def draw_index(random: Random, calm: int) -> IndexRules:
    """Return one to four sources; some fall silent within some ten commands, which are at most `calm` ms apart."""
    names = ("spot", "perp", "east", "west")[: random.choice((1, 2, 3, 3, 4))]
    return IndexRules(
        sources=tuple(IndexSource(name, random.choice((1, 1, 2, 7))) for name in names),
        clamp=RateE8(random.choice((1, PERCENT // 2, 3 * PERCENT, 20 * PERCENT, RATE_ONE - 1))),
        stale_after=Nanos(random.choice((0, 0, 30, 80)) * calm * MILLISECOND),
        min_live=random.choice((1, 1, random.randint(1, len(names)))),
    )


def draw_mark(random: Random) -> MarkRules:
    """Return any rule, with windows from less than a sample to far beyond a life."""
    return MarkRules(
        rule=random.choice(tuple(MarkRule)),
        interval=Nanos(random.choice((0, 1, 1, 3)) * SECOND),
        sample_interval=Nanos(random.choice((1, 1, 2)) * SECOND),
        basis_window=random.choice((1, 3, 30)),
        basis_ema=Nanos(random.choice((10, 1_000, 5_000, 150_000)) * MILLISECOND),
        price_ema=Nanos(random.choice((10, 2_000, 30_000)) * MILLISECOND),
        band=RateE8(random.choice((0, 0, PERCENT // 5, 2 * PERCENT, 50 * PERCENT))),
    )


def draw_funding(random: Random, notional: int, leverage: int) -> FundingRules:
    """Return funding that is often at its cap or floor; the impact notional is some part of an ordinary `notional`."""
    interval = random.choice((5, 20, 60, 28_800)) * SECOND
    cap, floor = random.choice(
        (
            (1_000, -1_000),
            (30, -30),
            (300_000, -300_000),
            (5_000_000, -5_000_000),
            (2_000_000, 400_000),  # above what a premium makes: always at the floor
            (-700_000, -4_000_000),
            (1_000_000, 1_000_000),
            (0, 0),
            (-7_654_321, -7_654_321),
        )
    )
    return FundingRules(
        interval=Nanos(interval),
        shortened_interval=Nanos(random.choice((0, interval // 2, interval // 5, 7 * SECOND))),
        premium=random.choice(tuple(PremiumSource)),
        premium_interval=Nanos(random.choice((1, 2, 5)) * SECOND),
        weights=random.choice(tuple(PremiumWeights)),
        impact_margin=Atoms(max(1, notional // random.choice((3, 10, 50)) // leverage)),
        interest=RateE8(random.choice((0, 10_000, -10_000, 1_000_000, -95_000_000))),
        clamp=RateE8(random.choice((0, 50_000, 500_000, 90_000_000))),
        cap=RateE8(cap),
        floor=RateE8(floor),
    )


def draw_breaker(random: Random, calm: int) -> BreakerRules:
    """Return no circuit breaker, or one that a crash breaks, for some commands or for longer."""
    window = random.choice((calm * 20 * MILLISECOND, 10 * SECOND, 3600 * SECOND))
    return BreakerRules(
        move=RateE8(random.choice((0, 0, 3, 6, 15)) * PERCENT),
        window=Nanos(window),
        pause=Nanos(random.choice((calm * 10 * MILLISECOND, 5 * SECOND, 60 * SECOND))),
    )
