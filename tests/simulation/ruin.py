"""How people of a simulated venue come to ruin, and who stands below to catch what is sold then. It changes nothing."""

from exchange.core.commands import Command, PlaceOrder, SetIndexPrice
from exchange.core.enums import OrderType, PositionSide, Side
from exchange.core.units import Lots, Nanos, Ticks
from tests.reference.risk import liquidation_price
from tests.reference.world import FUND, Leg, held_legs, legs_of, position_of, scope_of
from tests.simulation.ingredients import Ingredients


class Ruin:
    """Draws orders at the price at which a position is liquidated, and index prices that reach it."""

    def __init__(self, ingredients: Ingredients) -> None:
        self._of = ingredients
        self._random = ingredients.random

    def doomed(self) -> Leg | None:
        """Return a position that has a price of liquidation, most often the one that is nearest to it."""
        ways = {leg: way for leg in self._of.held() if (way := self._way(leg)) is not None}
        if not ways:
            return None
        return min(ways, key=lambda leg: ways[leg]) if self._random.random() < 0.6 else self._random.choice([*ways])

    def opposed(self) -> Leg | None:
        """Return a position on the other side of one in liquidation, or of the fund's; None without one."""
        world = self._of.world
        in_trouble = [leg for leg in self._of.held() if scope_of(world, leg) in world.locked]
        signs = {(leg.symbol, position_of(world, leg).quantity > 0) for leg in (*in_trouble, *held_legs(world, FUND))}
        facing = [leg for leg in self._of.held() if (leg.symbol, position_of(world, leg).quantity < 0) in signs]
        facing = [leg for leg in facing if self._way(leg) is not None]
        return self._random.choice(facing) if facing else None

    def _way(self, leg: Leg) -> float | None:
        """Return how far the mark is from where a position is liquidated, as a share of the mark."""
        mark = self._of.world.quotes[leg.symbol].mark
        price = liquidation_price(self._of.world, leg) if mark else None
        return None if price is None else abs(price - mark) / mark

    def catch(self, leg: Leg) -> Command:
        """Rest an order where a position will be liquidated, for about its lots, or with all that somebody has."""
        world, random, held = self._of.world, self._random, position_of(self._of.world, leg).quantity
        contract, mark = world.contracts[leg.symbol], world.quotes[leg.symbol].mark
        side = Side.BUY if held > 0 else Side.SELL
        price = (liquidation_price(world, leg) or mark) + random.randint(-mark // 50 - 2, mark // 50 + 2)
        price = min(price, mark - 1) if side is Side.BUY else max(price, mark + 1)
        account = random.choice(self._of.people())
        opening = PositionSide.LONG if side is Side.BUY else PositionSide.SHORT
        legs = legs_of(world, account, leg.symbol)
        taker = legs[0] if len(legs) == 1 else Leg(account, leg.symbol, opening)
        wanted = random.choice((abs(held), abs(held) // 2 + 1, random.randint(1, 12), self._of.purse(taker) * 9 // 10))
        return PlaceOrder(
            account_id=account,
            symbol=leg.symbol,
            side=side,
            order_type=OrderType.LIMIT,
            quantity=Lots(max(contract.min_quantity, min(contract.max_quantity, wanted))),
            price=Ticks(max(contract.min_price, min(contract.max_price, price))),
            position_side=taker.side,
        )

    def strike(self, leg: Leg) -> Command:
        """Move all sources to where a position is liquidated: a little beyond, or far."""
        world, random = self._of.world, self._random
        quotes, held = world.quotes[leg.symbol], position_of(world, leg).quantity
        target = liquidation_price(world, leg) or quotes.mark
        beyond = random.choice((0, 1, 3, quotes.mark // 100, quotes.mark // 20, quotes.mark // 6))
        price = quotes.index + target - quotes.mark - (beyond if held > 0 else -beyond)
        highest = world.contracts[leg.symbol].max_price
        return SetIndexPrice(leg.symbol, Ticks(max(1, min(highest, price))), Nanos(world.now))
