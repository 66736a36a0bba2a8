"""What one margin pass does about one position: how much was sold, handed over, queued, and what that must bring."""

from dataclasses import dataclass

from exchange.core.account import Leg, Scope
from exchange.core.clearing import FeeRule
from exchange.core.enums import Side
from exchange.core.events import PositionLiquidated
from exchange.core.margin import bankruptcy_amount, position_maintenance, position_notional, standing
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, Atoms, Lots, Ticks, div_ceil, div_floor


@dataclass(slots=True)
class Sale:
    """A liquidation. Values signed as its owner receives them, in atoms; lots without sign; the limit in ticks.

    `value` is what closing all of it should at least bring, at the moment it began.
    """

    liquidation_id: int
    scope: Scope
    market: Market
    leg: Leg
    held: int  # lots, signed
    value: int
    equity: int
    required: int
    orders: int = 0
    ordered: int = 0
    limit: int = 0
    filled: int = 0
    received: int = 0
    fees: int = 0
    taken: int = 0
    taken_value: int = 0
    queued: int = 0

    @property
    def side(self) -> Side:
        """The side that closes it."""
        return Side.SELL if self.held > 0 else Side.BUY

    def part(self, lots: int) -> int:
        """Return what the next `lots` should at least bring: parts add up to the whole, in favour of the owner."""
        done = abs(self.held) - abs(self.leg.position.quantity)  # in whatever way, as another's counterparty, too
        return self._share(done + lots) - self._share(done)

    def fee_rule(self, rate: int, *, gap: bool) -> FeeRule:
        """Return the fee of its fills: at most what they bring beyond bankruptcy; with `gap` the fund pays what lacks.

        It counts the fills, so it is to be called once for each.
        """

        def fee_of(quantity: int, notional: int, /) -> int:
            self.filled += quantity
            self.received -= self.side * notional
            surplus = self.received - self._share(self.filled)
            fee = min(div_floor(notional * rate, RATE_ONE), surplus - self.fees)
            fee = fee if gap else max(0, fee)
            self.fees += fee
            return fee

        return fee_of

    def _share(self, lots: int) -> int:
        return div_ceil(self.value * lots, abs(self.held))


def begin_sale(state: State, scope: Scope, market: Market, leg: Leg) -> Sale:
    """Begin the liquidation of a position at its bankruptcy value of now, under the next id."""
    balance, required = standing(state, scope)
    released = position_maintenance(market, leg.position)
    value = bankruptcy_amount(-position_notional(market, leg.position), balance, released, required)
    return Sale(next_liquidation_id(state), scope, market, leg, leg.position.quantity, value, balance, required)


def next_liquidation_id(state: State) -> int:
    """Take the next id."""
    liquidation_id = state.next_liquidation_id
    state.next_liquidation_id += 1
    return liquidation_id


def report_sale(state: State, sale: Sale) -> None:
    """Say what was done about a position so far."""
    contract = sale.market.contract
    state.events.append(
        PositionLiquidated(
            liquidation_id=sale.liquidation_id,
            account_id=sale.scope.account.account_id,
            symbol=contract.symbol,
            quantity=Lots(sale.held),
            mark_price=Ticks(sale.market.mark_price),
            equity=Atoms(sale.equity),
            maintenance_margin=Atoms(sale.required),
            bankruptcy_value=Atoms(-sale.side * sale.value),
            limit_price=Ticks(sale.limit),
            filled_quantity=Lots(sale.filled),
            filled_value=Atoms(-sale.side * sale.received),
            fee=Atoms(sale.fees),
            taken_over_quantity=Lots(sale.taken),
            taken_over_value=Atoms(-sale.side * sale.taken_value),
            position_side=sale.leg.side,
            margin_type=sale.scope.account.holdings[contract.symbol].margin_type,
            ordered_quantity=Lots(sale.ordered),
            queued_quantity=Lots(sale.queued),
        )
    )
