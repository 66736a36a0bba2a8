"""Orders that strain margin in a simulated venue: bad closes, borrowed profit, unknown prices. It changes nothing."""

from fractions import Fraction

from exchange.core.commands import AmendOrder, Command, PlaceOrder, SetLeverage
from exchange.core.enums import OrderType, PositionSide, Side, TimeInForce
from exchange.core.units import RATE_ONE, Lots, Ticks
from tests.reference.orders import notional_cap
from tests.reference.risk import equity, is_unjudged, profit, reserved, surplus, value_at_mark, wallet
from tests.reference.world import (
    Leg,
    Scope,
    all_legs,
    held_legs,
    is_isolated,
    leg_of,
    leg_orders,
    position_of,
    scope_of,
)
from tests.simulation.ingredients import Ingredients
from tests.simulation.trading import Trading


class Straining:
    """Draws orders that the venue must refuse, or only just take."""

    def __init__(self, ingredients: Ingredients, trading: Trading) -> None:
        self._of = ingredients
        self._random = ingredients.random
        self._trading = trading

    def dump(self) -> list[PlaceOrder]:
        """Close a position far from the mark, of a scope with little equity, beside whom takes it; nothing, if flat."""
        world, random, held = self._of.world, self._random, self._of.held()
        if not held:
            return []
        leg = random.choice(held)
        if random.random() < 0.6:
            leg = min(held, key=lambda one: Fraction(self._equity(one), abs(value_at_mark(world, one))))
        lots = position_of(world, leg).quantity
        side = Side.SELL if lots > 0 else Side.BUY
        price = self._bad_price(leg, side)
        quantity = random.choice((abs(lots), abs(lots), abs(lots) // 2 + 1, abs(lots) + 2))
        time_in_force = random.choice((TimeInForce.GTC, TimeInForce.IOC, TimeInForce.IOC))
        close = self._order(leg, side, quantity, price, time_in_force, reduce_only=random.random() < 0.7)
        other = self._of.leg(self._of.trader(), leg.symbol)
        return [self._order(other, side.opposite, quantity, price, TimeInForce.GTC), close]

    def _bad_price(self, leg: Leg, side: Side) -> int:
        """Return a price at which a position closes with all its scope has, about; at the bound, or between."""
        world, random, contract = self._of.world, self._random, self._of.world.contracts[leg.symbol]
        mark, lots = world.quotes[leg.symbol].mark, abs(position_of(world, leg).quantity)
        bound = mark * (contract.band_down if side is Side.SELL else contract.band_up) // RATE_ONE
        bound += side is Side.SELL  # rounded toward the mark
        ruin = mark + side * -(-max(0, self._equity(leg)) // (lots * contract.value_unit))
        between = random.randint(min(bound, mark), max(bound, mark))
        price = random.choice((bound, between, ruin, ruin, ruin + side, ruin - side))
        low, high = (bound, mark) if side is Side.SELL else (mark, bound)
        return max(contract.min_price, low, min(contract.max_price, high, price))

    def _equity(self, leg: Leg) -> int:
        return equity(self._of.world, scope_of(self._of.world, leg))

    def spoil(self) -> Command:
        """Amend an order that closes to a bad price."""
        world = self._of.world
        closing = [
            order
            for order in (one.order for one in world.orders if world.quotes[one.order.symbol].mark)
            if position_of(world, leg_of(order)).quantity * order.side < 0
        ]
        if not closing:
            return self._trading.amend()
        order = self._random.choice([one for one in closing if one.reduce_only] or closing)
        price = Ticks(self._bad_price(leg_of(order), order.side))
        return AmendOrder(order.account_id, order.symbol, order.side, order.quantity, price, order.order_id)

    def rich(self) -> int | None:
        """Return an account with a contract apart and profit beside it, most often that with most; None without."""
        world = self._of.world
        there = [
            account
            for account in self._of.people()
            if self._apart(account)
            and sum(profit(world, leg) for leg in held_legs(world, account) if not is_isolated(world, leg)) > 0
        ]
        if not there or self._random.random() < 0.2:
            return self._random.choice(there) if there else None
        return max(there, key=lambda account: surplus(world, account) - self._movable(account))

    def lean(self, account: int) -> Command:
        """Order in an isolated contract what the cross wallet can just pay, or more, as profit would let it."""
        world, random = self._of.world, self._random
        legs = [leg for leg in self._apart(account) if world.quotes[leg.symbol].mark]
        if not legs:
            return self._trading.place()
        leg, time_in_force = random.choice(legs), random.choice((TimeInForce.GTC, TimeInForce.IOC, TimeInForce.GTX))
        contract, mark, side = world.contracts[leg.symbol], world.quotes[leg.symbol].mark, self._opening(leg)
        price = mark - side * (mark // 100 if time_in_force is TimeInForce.GTX else 0)
        per_lot = price * contract.value_unit
        rooms = (self._movable(account), surplus(world, account))
        low, high = (max(0, room) * world.leverages[account, leg.symbol] // per_lot for room in rooms)
        quantity = random.choice((low, low, low + 1, (low + high) // 2, high))
        most = notional_cap(contract, world.leverages[account, leg.symbol]) // per_lot
        return self._order(leg, side, min(contract.max_quantity, most, quantity), price, time_in_force)

    def lower(self, account: int) -> Command:
        """Halve the leverage of an isolated contract, best of one with orders and without a position."""
        world = self._of.world
        legs = self._apart(account)
        ordered = [leg for leg in legs if leg_orders(world, leg) and not position_of(world, leg).quantity]
        if not legs:
            return self._trading.place()
        leg = self._random.choice(ordered or legs)
        return SetLeverage(account, leg.symbol, max(1, world.leverages[account, leg.symbol] // 2))

    def hopeful(self) -> Leg | None:
        """Return a cross position of an account with a contract apart, which may make profit; None without one."""
        world = self._of.world
        legs = [leg for leg in self._of.held() if not is_isolated(world, leg) and self._apart(leg.account)]
        return self._random.choice(legs) if legs else None

    def _apart(self, account: int) -> list[Leg]:
        return [leg for leg in all_legs(self._of.world, account) if is_isolated(self._of.world, leg)]

    def _movable(self, account: int) -> int:
        """Return what the cross wallet has for isolated orders, in atoms."""
        world = self._of.world
        return wallet(world, Scope(account)) - sum(reserved(world, one) for one in self._apart(account))

    def blind(self) -> Command:
        """Order in an isolated contract of one whose cross positions nobody can value, to open or to close."""
        world, random = self._of.world, self._random
        unjudged = [account for account in self._of.people() if is_unjudged(world, Scope(account))]
        legs = [leg for account in unjudged for leg in all_legs(world, account) if is_isolated(world, leg)]
        legs = [leg for leg in legs if world.quotes[leg.symbol].mark]
        if not legs:
            return self._trading.place()
        leg = random.choice(legs)
        lots, contract = position_of(world, leg).quantity, world.contracts[leg.symbol]
        mark = world.quotes[leg.symbol].mark
        if lots and random.random() < 0.5:
            side = Side.SELL if lots > 0 else Side.BUY
            return self._order(leg, side, abs(lots), mark, TimeInForce.GTC, reduce_only=random.random() < 0.3)
        return self._order(leg, self._opening(leg), random.randint(contract.min_quantity, 12), mark, TimeInForce.GTC)

    def _opening(self, leg: Leg) -> Side:
        """Return a side that opens a leg, any one of one-way mode."""
        sides = {PositionSide.LONG: Side.BUY, PositionSide.SHORT: Side.SELL}
        return sides.get(leg.side) or self._random.choice((Side.BUY, Side.SELL))

    def _order(
        self, leg: Leg, side: Side, quantity: int, price: int, time_in_force: TimeInForce, *, reduce_only: bool = False
    ) -> PlaceOrder:
        least = self._of.world.contracts[leg.symbol].min_quantity
        return PlaceOrder(
            account_id=leg.account,
            symbol=leg.symbol,
            side=side,
            order_type=OrderType.LIMIT,
            quantity=Lots(max(least, quantity)),
            price=Ticks(price),
            time_in_force=time_in_force,
            reduce_only=reduce_only,
            position_side=leg.side,
        )
