"""The control of the liquidation policies, its leftovers to the fund: everything at any price. It knows no study."""

import msgspec

from exchange.core.policies.case import Case, Custom, Intent, SendOrder
from exchange.core.policies.losses import LossPolicy
from exchange.core.policies.presets import PRESETS, EngineRules
from exchange.core.units import RATE_ONE


class CloseToFund:
    """As `naive_full`, but a position leaves its owner nothing: what a sale brings beyond bankruptcy is its fee.

    The fee of a fill goes to the fund and is never more than that surplus, so a rate of 1 takes all of it; and for a
    fill below bankruptcy the fund pays.
    """

    preset = "naive_full"

    def decide(self, case: Case) -> Intent | None:
        """Return the order for the worst position that has not been tried in this pass."""
        untried = next((position for position in case.positions if not position.orders), None)
        if untried is None:
            return None
        return SendOrder(
            untried.symbol, untried.side, untried.lots, untried.any_price, fee_rate=RATE_ONE, fund_pays_gap=True
        )


def to_the_fund(*, muted: bool = False) -> EngineRules:
    """Return the engine around it: no backstop, no deleveraging, and the fund may be negative (loss policy HOUSE)."""
    own = Custom(f"{__name__}:{CloseToFund.__name__}")
    return msgspec.structs.replace(PRESETS["naive_full"], liquidation=own, loss=LossPolicy.HOUSE, muted=muted)
