"""The liquidation of one position, as docs/rules.md 8.1 counts it: what it may cost, what it brought, what is told."""

import math
from dataclasses import dataclass
from fractions import Fraction

from exchange.core.enums import MarginType, Side
from exchange.core.events import PositionLiquidated
from exchange.core.units import Atoms, Lots, Ticks
from tests.reference.risk import equity, maintenance, position_maintenance, value_at_mark
from tests.reference.world import Leg, World, is_isolated, position_of, scope_of, share


@dataclass(slots=True)
class Sale:
    """One liquidation: what stood when it began, and what came of it since. Values in atoms, signed like `value`."""

    number: int
    leg: Leg
    quantity: int  # of the position, signed
    value: int  # at bankruptcy: what closing all of it should at least bring
    mark: int
    owned: int
    needed: int
    limit: int = 0  # of the last order
    orders: int = 0
    ordered: int = 0  # lots of all orders
    filled: int = 0
    received: int = 0
    fees: int = 0
    taken: int = 0  # lots that the fund took
    taken_value: int = 0
    queued: int = 0  # lots

    @property
    def side(self) -> Side:
        """The side that closes it."""
        return Side.SELL if self.quantity > 0 else Side.BUY

    def owed(self, lots: int) -> int:
        """Return the part of the bankruptcy value that belongs to the first so many lots."""
        return math.ceil(Fraction(self.value * lots, abs(self.quantity)))

    def fee(self, lots: int, value: int, rate: int, *, gap: bool) -> int:
        """Count a fill, and return its fee: no more than what came beyond bankruptcy, below 0 only with `gap`."""
        self.filled += lots
        self.received += -self.side * value
        surplus = self.received - self.owed(self.filled)
        fee = min(math.floor(share(value, rate)), surplus - self.fees)
        fee = fee if gap else max(0, fee)
        self.fees += fee
        return fee


def begin(world: World, leg: Leg) -> Sale:
    """Begin the liquidation of a position, at what its scope has now."""
    world.liquidations_made += 1
    scope, mark = scope_of(world, leg), world.quotes[leg.symbol].mark
    return Sale(
        world.liquidations_made,
        leg,
        position_of(world, leg).quantity,
        bankruptcy_value(world, leg),
        mark,
        equity(world, scope),
        maintenance(world, scope),
    )


def bankruptcy_value(world: World, leg: Leg) -> int:
    """Return what closing a position should at least bring now, signed: its value less its part of the equity."""
    scope = scope_of(world, leg)
    part = Fraction(equity(world, scope) * position_maintenance(world, leg), maintenance(world, scope))
    return value_at_mark(world, leg) - math.floor(part)


def part_of(world: World, sale: Sale, lots: int) -> int:
    """Return the bankruptcy value of the next lots to be closed, signed."""
    done = abs(sale.quantity) - abs(position_of(world, sale.leg).quantity)
    return sale.owed(done + lots) - sale.owed(done)


def tell_sale(world: World, sale: Sale) -> None:
    """Report what was done about a position."""
    side, leg = sale.side, sale.leg
    world.events.append(
        PositionLiquidated(
            liquidation_id=sale.number,
            account_id=leg.account,
            symbol=leg.symbol,
            quantity=Lots(sale.quantity),
            mark_price=Ticks(sale.mark),
            equity=Atoms(sale.owned),
            maintenance_margin=Atoms(sale.needed),
            bankruptcy_value=Atoms(-side * sale.value),
            limit_price=Ticks(sale.limit),
            filled_quantity=Lots(sale.filled),
            filled_value=Atoms(-side * sale.received),
            fee=Atoms(sale.fees),
            taken_over_quantity=Lots(sale.taken),
            taken_over_value=Atoms(-side * sale.taken_value),
            position_side=leg.side,
            margin_type=MarginType.ISOLATED if is_isolated(world, leg) else MarginType.CROSS,
            ordered_quantity=Lots(sale.ordered),
            queued_quantity=Lots(sale.queued),
        )
    )
