"""What random commands are made of: who, where, at which price, how much; sensible, at a bound, or nonsense."""

from random import Random

from exchange.core.enums import PositionSide, PriceMatch, Side, TimeInForce
from exchange.core.records import OrderRecord
from exchange.core.units import MILLISECOND, MONEY_MAX, RATE_ONE, SECOND
from tests.reference.risk import surplus
from tests.reference.world import Leg, World, best, held_legs, legs_of, position_of, queue, traders
from tests.simulation.knobs import Knobs

GOOD_TILL_LEAST = 600 * SECOND  # from now: a date must be later
CLOSER = 1  # the first account: behavior leaves it alone, so that it can close all positions in the end


class Ingredients:
    """Draws parts of commands from one random source and the state of the reference. It changes nothing."""

    def __init__(self, random: Random, knobs: Knobs, world: World) -> None:
        self.random = random
        self.knobs = knobs
        self.world = world
        self.symbols = tuple(world.contracts)
        self.base = dict(zip(self.symbols, knobs.base_prices, strict=True))

    # ------------------------------------------------------------------------------------------------ who and where

    def people(self) -> list[int]:
        """Return the accounts that live, by id."""
        return [account for account in traders(self.world) if account != CLOSER]

    def account(self) -> int:
        """Return an account, rarely one that is not there."""
        if self.random.random() < 0.01:
            return self.random.choice((0, -1, 77))
        return self.random.choice(self.people() or [CLOSER])

    def trader(self) -> int:
        """Return an account, most often one that has margin for an order."""
        able = [account for account in self.people() if surplus(self.world, account) > 0]
        return self.random.choice(able) if able and self.random.random() < 0.6 else self.account()

    def symbol(self) -> str:
        """Return a symbol, rarely one that is not listed."""
        return "NOSUCH" if self.random.random() < 0.005 else self.random.choice(self.symbols)

    def leg(self, account: int, symbol: str) -> Leg:
        """Return a leg of the account's mode in a contract, a held one where there is a choice; rarely of no mode."""
        if symbol not in self.world.contracts or self.random.random() < 0.02:
            return Leg(account, symbol, self.random.choice(tuple(PositionSide)))
        legs = legs_of(self.world, account, symbol)
        held = [leg for leg in legs if position_of(self.world, leg).quantity]
        return self.random.choice(held if held and self.random.random() < 0.5 else legs)

    def held(self) -> list[Leg]:
        """Return all positions of all accounts that live."""
        return [leg for account in self.people() for leg in held_legs(self.world, account)]

    def open_order(self) -> OrderRecord | None:
        """Return any open order; None without one."""
        orders = self.world.orders
        return self.random.choice(orders).order if orders else None

    # --------------------------------------------------------------------------------------------------- how much

    def amount(self) -> int:
        """Return atoms of an ordinary size, or nonsense."""
        usual = self.knobs.deposit
        return self.random.choice(
            (self.random.randint(1, usual), usual // 20, usual // 3, 0, -5, MONEY_MAX + 1),
        )

    def around(self, most: int) -> int:
        """Return an amount around a maximum."""
        return max(1, self.random.choice((most, most + 1, most // 2, most // 3)))

    def price(self, symbol: str, side: Side) -> int:
        """Return a price near the mark, on the book, at its bounds, or nonsense."""
        random = self.random
        if symbol not in self.world.contracts:
            return 100
        contract = self.world.contracts[symbol]
        mark = self.world.quotes[symbol].mark or self.base[symbol]
        draw = random.random()
        if draw < 0.25:
            return best(self.world, symbol, random.choice((Side.BUY, Side.SELL))) or mark
        if draw < 0.85:
            shift = random.choice((300_000, 1_000_000, 4_000_000, 10_000_000))
            away = mark * random.randint(-shift, shift * 2) // RATE_ONE
            return max(1, mark - side * away + random.choice((-1, 0, 0, 1)))
        if draw < 0.97:
            bound = random.choice((contract.band_up, contract.band_down))
            return max(1, mark * bound // RATE_ONE + random.choice((-1, 0, 1)))
        return random.choice((0, -1, contract.min_price - 1, contract.max_price + 1, 1))

    def quantity(self, leg: Leg, side: Side, price: int) -> int:
        """Return a small or large quantity, that of the position, the depth, or the purse; or nonsense."""
        random = self.random
        contract = self.world.contracts.get(leg.symbol)
        if contract is None:
            return 1
        draw, least = random.random(), contract.min_quantity
        if draw < 0.35:
            return random.randint(least, 12)
        if draw < 0.45:
            return random.randint(least, contract.max_quantity)
        if draw < 0.65:
            return max(least, self.purse(leg) + random.choice((-1, 0, 0, 1)))
        if draw < 0.80:
            held = position_of(self.world, leg).quantity
            return max(least, abs(held) + random.choice((-3, -1, 0, 0, 1, 4)))
        if draw < 0.985:
            facing = queue(self.world, leg.symbol, side.opposite)
            depth = sum(one.left for one in facing if not price or side * (price - one.order.price) >= 0)
            return max(least, depth + random.choice((0, 0, 0, -1, 1)))
        limits = (contract.max_quantity + 1, contract.market_max_quantity + 1, least - 1)
        return random.choice((0, -2, *limits))

    def price_match(self, chance: float) -> PriceMatch:
        """Return, so often, a level of the book to take a price from, most often a near one."""
        if self.random.random() >= chance:
            return PriceMatch.NONE
        near = (PriceMatch.OPPONENT, PriceMatch.QUEUE)
        return self.random.choice(near if self.random.random() < 0.6 else tuple(PriceMatch))

    def good_till(self, time_in_force: TimeInForce, *, limit: bool) -> int:
        """Return a date, in nanoseconds, for what may have one; rarely one that is too near, or for what has none."""
        random, soonest = self.random, self.world.now + GOOD_TILL_LEAST
        if (time_in_force is TimeInForce.GTD and limit) != (random.random() < 0.01):
            away = random.choice((1, MILLISECOND, self.knobs.calm * 20 * MILLISECOND))
            return soonest + away if random.random() < 0.95 else random.choice((0, -1, soonest))
        return 0

    def purse(self, leg: Leg) -> int:
        """Return about the largest quantity that an account has margin for."""
        world = self.world
        quotes, contract = world.quotes[leg.symbol], world.contracts[leg.symbol]
        if leg.account not in world.names or not quotes.mark:
            return 1
        leverage = world.leverages[leg.account, leg.symbol]
        room = max([one.cap for one in contract.brackets if one.max_leverage >= leverage], default=0)
        margin = max(0, surplus(world, leg.account)) * leverage
        return min(contract.max_quantity, min(margin, room) // (quotes.mark * contract.value_unit))
