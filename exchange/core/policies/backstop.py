"""The backstop: how much of a position the insurance fund, or a vault, takes over at bankruptcy. It takes nothing."""

from enum import Enum

import msgspec

from exchange.core.units import RATE_ONE, RateE8, div_floor


class BackstopKind(Enum):
    """Who stands behind liquidation.

    FUND: it takes positions over up to its cap. VAULT: an account like others, without a cap; it is itself deleveraged
    once it is under water. NONE: nobody takes positions.
    """

    FUND = "FUND"
    VAULT = "VAULT"
    NONE = "NONE"


class Backstop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What account 0 does for liquidations. `cap`: net notional at most, as a share of its equity (1e-8).

    `in_adl`: whether its own positions can be counterparties of a deleveraging.
    """

    kind: BackstopKind = BackstopKind.FUND
    cap: RateE8 = RateE8(RATE_ONE)
    in_adl: bool = False


def lots_taken(backstop: Backstop, equity: int, inventory: int, lot_value: int, lots: int) -> int:
    """Return how many of `lots` the backstop takes.

    `equity` of the backstop, `inventory` its net notional, `lot_value` that of one lot to be taken, both at the mark
    and signed: lots against the inventory make it smaller. All in atoms. A vault takes all, while it is above water.
    """
    if backstop.kind is BackstopKind.NONE:
        return 0
    if backstop.kind is BackstopKind.VAULT:
        return lots if equity > 0 else 0
    side = 1 if lot_value > 0 else -1
    cap = div_floor(max(0, equity) * backstop.cap, RATE_ONE)
    return max(0, min(lots, (cap - side * inventory) // abs(lot_value)))
