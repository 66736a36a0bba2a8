"""Binance's liquidation: one order that closes just enough, then the insurance fund takes over. It moves nothing.

Source: Binance FAQ 360033525271 (Liquidation Protocols); which fill price it assumes is not published: here the mark.
"""

from exchange.core.policies.case import Case, HandOver, Intent, PolicyRecord, SendOrder
from exchange.core.policies.sizing import lots_to_heal
from exchange.core.units import RateE8


class BinanceSmart(PolicyRecord, frozen=True, tag="binance_smart"):
    """An IOC order at the bankruptcy price for the fewest lots that heal, then a hand-over of what is left.

    `partial` False closes whole positions, as small accounts of that venue always are. `buffer` (1e-8): how far above
    maintenance the order must bring the scope.
    """

    partial: bool = True
    buffer: RateE8 = RateE8(0)

    def decide(self, case: Case) -> Intent | None:
        """Return an order for the worst position, then its hand-over."""
        position = case.positions[0]
        if position.orders:
            return HandOver(position.symbol, position.side)
        fee_rate = position.contract.liquidation_fee
        lots = lots_to_heal(case, position, fee_rate, self.buffer) if self.partial else position.lots
        return SendOrder(position.symbol, position.side, lots, position.bankruptcy_price, fee_rate)
