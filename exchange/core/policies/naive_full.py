"""The control: close everything at any price. What a venue without care does; the worst case of a cascade."""

from exchange.core.policies.case import Case, Intent, PolicyRecord, SendOrder


class NaiveFull(PolicyRecord, frozen=True, tag="naive_full"):
    """A market order for the whole of each position, worst first, without a fee; what nobody buys stays until later."""

    def decide(self, case: Case) -> Intent | None:
        """Return the order for the worst position that has not been tried in this pass."""
        untried = next((position for position in case.positions if not position.orders), None)
        if untried is None:
            return None
        return SendOrder(untried.symbol, untried.side, untried.lots, untried.any_price)
