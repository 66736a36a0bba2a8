"""How the backstop gets rid of what it took: the pace, the price and the stop. It sends nothing."""

from enum import Enum

import msgspec

from exchange.core.policies.case import limit_price
from exchange.core.units import RATE_ONE, SECOND, Nanos, RateE8, div_floor


class UnwindStyle(Enum):
    """TAKE: small orders into the book. QUOTE: a resting order at the mark or better; QUOTE_ENTRY: at what it paid."""

    TAKE = "TAKE"
    QUOTE = "QUOTE"
    QUOTE_ENTRY = "QUOTE_ENTRY"


class UnwindRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The pace of unwinding. Shares in 1e-8.

    `share`: of the lots at the best price (TAKE), or of the position (quotes), each `interval`, a lot at least.
    `bound`: how far from the mark it takes at most, and never further than the rate of the lowest bracket.
    `loss_stop`: once its equity has fallen by this share from its peak, the backstop leaves the market for
    `stop_pause`; 0: it never does.
    """

    style: UnwindStyle = UnwindStyle.TAKE
    interval: Nanos = Nanos(SECOND)
    share: RateE8 = RateE8(10_000_000)
    bound: RateE8 = RateE8(1_000_000)
    loss_stop: RateE8 = RateE8(0)
    stop_pause: Nanos = Nanos(8 * 3600 * SECOND)


def part(lots: int, share: int) -> int:
    """Return a share (1e-8) of some lots, at least one of them."""
    return max(1, div_floor(lots * share, RATE_ONE))


def quote_price(rules: UnwindRules, held: int, entry_value: int, mark_price: int, unit: int, ahead: int | None) -> int:
    """Return the price in ticks of a resting order that closes `held` lots (signed), one that takes nothing.

    `unit`: atoms a lot is worth per tick; `ahead`: the best price of the other side, which it stays behind.
    """
    wanted = mark_price
    if rules.style is UnwindStyle.QUOTE_ENTRY:
        wanted = limit_price(unit, held, entry_value)
    if held > 0:
        return max(1, wanted, 0 if ahead is None else ahead + 1)
    return max(1, wanted if ahead is None else min(wanted, ahead - 1))


def fallen(peak: int, now: int, share: int) -> bool:
    """Tell whether an amount has fallen by a share (1e-8) of its peak, or more."""
    return (peak - now) * RATE_ONE >= share * peak
