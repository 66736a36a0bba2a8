"""The conditional orders and countdowns that people of a simulated venue set, and how prices come to triggers."""

from collections.abc import Callable
from functools import partial

import msgspec

from exchange.core.commands import (
    CancelAllConditionals,
    CancelConditional,
    Command,
    PlaceConditional,
    PlaceOrder,
    SetCountdown,
    SetIndexPrice,
)
from exchange.core.enums import (
    ConditionalType,
    OrderType,
    PositionSide,
    PriceMatch,
    SelfTradePrevention,
    Side,
    TimeInForce,
    WorkingType,
)
from exchange.core.records import ConditionalRecord
from exchange.core.units import MILLISECOND, RATE_ONE, Lots, Nanos, RateE8, Ticks
from tests.reference.conditional import CALLBACK_LEAST, CALLBACK_MOST, LIMITS, TRAILING, rises, working_price
from tests.reference.consequences import is_reached
from tests.reference.world import Leg, legs_of, open_orders, position_of, queue
from tests.simulation.ingredients import CLOSER, Ingredients
from tests.simulation.trading import Trading

CLIENT_IDS = (*("",) * 30, *("a", "b", "c", "d") * 6, "mc-4", "y" * 37)
COUNTDOWN_TOO_LONG = 2**63
NONSENSE = 0.02


class ConditionalTrading:
    """Draws commands about conditional orders."""

    def __init__(self, ingredients: Ingredients, trading: Trading) -> None:
        self._of = ingredients
        self._random = ingredients.random
        self._trading = trading

    # ------------------------------------------------------------------------------------------------------- place

    def place(self) -> Command:
        """Place any conditional order, most often a sensible one that is near to its trigger."""
        random, account, symbol = self._random, self._of.trader(), self._of.symbol()
        leg = self._of.leg(account, symbol)
        if symbol not in self._of.world.contracts:
            return PlaceConditional(account, symbol, Side.BUY, ConditionalType.STOP_MARKET, Lots(1), Ticks(1))
        kind = random.choice((*ConditionalType, *LIMITS, TRAILING))
        held = position_of(self._of.world, leg).quantity
        side = random.choice((Side.BUY, Side.SELL))
        reduce_only = random.random() < (0.3 if held else 0.05)
        if reduce_only and held and random.random() < 0.9:
            side = Side.SELL if held > 0 else Side.BUY
        return self._conditional(leg, side, kind, reduce_only=reduce_only)

    def surround(self) -> list[Callable[[], Command]]:
        """Return steps that guard a one-way position, and what it turns into, and then turn it around."""
        held = [leg for leg in self._of.held() if leg.side is PositionSide.BOTH]
        if not held:
            return [self.guard]
        leg = self._random.choice(held)
        guards = [partial(self._guard, leg, side) for side in Side]
        return [*guards, partial(self._trading.turn, leg), partial(self._trading.face, leg)]

    def pack(self) -> list[Callable[[], Command]]:
        """Return steps that place several trailing orders of a contract, which then follow prices together."""
        symbol = self._random.choice(self._of.symbols)
        wild = partial(self._random.choice, (Side.BUY, Side.SELL))
        one = self._random.choice((wild, lambda: Side.BUY, lambda: Side.SELL))
        trail = partial(self._trail, symbol, one)
        return [*[trail] * self._random.randint(3, 9), self._outside_price(symbol), trail, self._outside_price(symbol)]

    def _trail(self, symbol: str, draw: Callable[[], Side]) -> Command:
        leg = self._of.leg(self._random.choice(self._of.people() or [CLOSER]), symbol)
        return self._conditional(leg, draw(), TRAILING, reduce_only=False)

    def _outside_price(self, symbol: str) -> Callable[[], Command]:
        """Return a step by which the mark moves a little, either way."""
        moved = self._random.randint(-600_000, 600_000)
        mark = self._of.world.quotes[symbol].mark or self._of.base[symbol]
        return partial(self._move_mark, symbol, max(1, mark + mark * moved // RATE_ONE + self._random.choice((-1, 1))))

    def pile(self) -> list[Callable[[], Command]]:
        """Return steps that build one side of a book level by level, and take a price from deep in it."""
        random, side = self._random, self._random.choice(tuple(Side))
        symbol = max(self._of.symbols, key=lambda one: self._of.world.contracts[one].max_open_orders)
        mark = self._of.world.quotes[symbol].mark
        if not mark:
            return [self._trading.place]
        depth, spacing = random.choice((6, 6, 11, 22, 22, 22)), max(1, mark // 2_000)
        quantity = self._of.world.contracts[symbol].min_quantity
        prices = [max(1, mark - side * spacing * place) for place in range(1, depth + 1)]
        orders = [partial(self._lay, symbol, side, quantity, price) for price in prices]
        return [*orders, *(partial(self._match, symbol, side, depth, own=own) for own in (False, True))]

    def _lay(self, symbol: str, side: Side, quantity: int, price: int) -> Command:
        """Rest an order of the account that has the fewest there."""
        people = self._of.people() or [CLOSER]
        account = min(people, key=lambda one: len(open_orders(self._of.world, one, symbol)))
        legs = legs_of(self._of.world, account, symbol)
        leg = legs[0] if side is Side.BUY else legs[-1]  # LONG stands before SHORT
        return self._order(leg, side, quantity, price, TimeInForce.GTC)

    def _match(self, symbol: str, level: Side, depth: int, *, own: bool) -> Command:
        """Take a price of a deep level of a side of the book."""
        name = f"{'QUEUE' if own else 'OPPONENT'}_{20 if depth > 20 else 10 if depth > 10 else 5}"
        quantity = self._of.world.contracts[symbol].min_quantity
        order = self._limit(symbol, level if own else level.opposite, quantity, 0, TimeInForce.GTC)
        return msgspec.structs.replace(order, price_match=PriceMatch(name))

    def guard(self) -> Command:
        """Have a whole position closed at a price; rarely one that is not there, or in a way that is not valid."""
        random, held = self._random, self._of.held()
        if not held or random.random() < 0.1:
            account, symbol = self._of.account(), random.choice(self._of.symbols)
            leg = self._of.leg(account, symbol)
            side = random.choice((Side.BUY, Side.SELL))
        else:
            leg = random.choice(held)
            side = Side.SELL if position_of(self._of.world, leg).quantity > 0 else Side.BUY
        if random.random() < 0.1:  # waits for the position to turn around
            side = side.opposite
        return self._guard(leg, side)

    def _guard(self, leg: Leg, side: Side) -> Command:
        random = self._random
        kind = random.choice((ConditionalType.STOP_MARKET, ConditionalType.TAKE_PROFIT_MARKET))
        if random.random() < NONSENSE:
            kind = random.choice(tuple(ConditionalType))
        return self._conditional(leg, side, kind, reduce_only=random.random() < NONSENSE, closer=True)

    def _conditional(
        self, leg: Leg, side: Side, kind: ConditionalType, *, reduce_only: bool, closer: bool = False
    ) -> PlaceConditional:
        random, limit, trailing = self._random, kind in LIMITS, kind is TRAILING
        working_type = random.choice(tuple(WorkingType))
        trigger = self._trigger(leg.symbol, kind, side, working_type)
        priced = limit != (random.random() < NONSENSE / 2)
        match = self._of.price_match(0.2 if priced else NONSENSE / 2)
        time_in_force = random.choices(tuple(TimeInForce), (40, 14, 24, 14, 30))[0]
        price = self._limit_price(leg.symbol, side, trigger, time_in_force) if priced else 0
        if match is not PriceMatch.NONE and random.random() < 0.97:
            price = 0
        if not limit and random.random() > NONSENSE / 2:
            time_in_force = TimeInForce.GTC
        nonsense = random.random() < NONSENSE / 2
        return PlaceConditional(
            account_id=leg.account,
            symbol=leg.symbol,
            side=side,
            kind=kind,
            quantity=Lots(0 if closer != nonsense else self._of.quantity(leg, side, price)),
            trigger_price=Ticks(trigger if trailing == nonsense else 0),
            price=Ticks(price),
            working_type=working_type,
            time_in_force=time_in_force,
            reduce_only=reduce_only,
            close_position=closer,
            price_protect=random.random() < 0.3,
            activation_price=Ticks(self._activation(leg.symbol, side, working_type) if trailing != nonsense else 0),
            callback_rate=RateE8(self._callback_rate() if trailing else 0),
            client_id=random.choice(CLIENT_IDS),
            self_trade_prevention=random.choice(tuple(SelfTradePrevention)),
            position_side=leg.side,
            price_match=match,
            good_till=Nanos(self._of.good_till(time_in_force, limit=limit)),
        )

    def _trigger(self, symbol: str, kind: ConditionalType, side: Side, working_type: WorkingType) -> int:
        """Return a trigger price a little ahead, rarely behind, or nonsense."""
        random, now = self._random, self._now(symbol, working_type)
        if random.random() < NONSENSE:
            return random.choice((0, -1, self._of.world.contracts[symbol].max_price + 1))
        furthest = random.choice((0, 200_000, 600_000, 2_000_000, 6_000_000))
        away = now * furthest // RATE_ONE * random.randint(0, 10) // 10
        ahead = away + random.choice((0, 1, 1, 1, 2))
        return max(1, now + ahead if rises(kind, side) else now - ahead)

    def _limit_price(self, symbol: str, side: Side, trigger: int, time_in_force: TimeInForce) -> int:
        """Return a price around a trigger price, at its bounds, or nonsense."""
        random, contract = self._random, self._of.world.contracts[symbol]
        draw = random.random()
        if time_in_force in {TimeInForce.IOC, TimeInForce.FOK} and draw < 0.5:  # far enough to find somebody
            return max(1, trigger + side * trigger // 50)
        if draw < 0.8:
            away = max(1, trigger) * random.randint(-3_000_000, 3_000_000) // RATE_ONE
            return max(1, trigger + away + random.choice((-1, 0, 0, 1)))
        if draw < 0.96:
            bound = contract.band_up if side is Side.BUY else contract.band_down
            return max(1, trigger * bound // RATE_ONE + random.choice((-1, 0, 1)))
        return random.choice((0, -1, contract.min_price - 1, contract.max_price + 1))

    def _activation(self, symbol: str, side: Side, working_type: WorkingType) -> int:
        random, now = self._random, self._now(symbol, working_type)
        if random.random() < 0.5:
            return 0
        if random.random() < NONSENSE:
            return random.choice((-1, self._of.world.contracts[symbol].max_price + 1))
        return max(0, now - side * (random.choice((0, 1, now // 500, now // 100)) + random.choice((0, 1))))

    def _callback_rate(self) -> int:
        wrong = (0, -1, CALLBACK_LEAST - 1, CALLBACK_MOST + 1)
        fit = (CALLBACK_LEAST, CALLBACK_LEAST, 300_000, 1_000_000, CALLBACK_MOST)
        return self._random.choice(wrong if self._random.random() < NONSENSE else fit)

    def _now(self, symbol: str, working_type: WorkingType) -> int:
        return working_price(self._of.world, symbol, working_type) or self._of.base[symbol]

    # ------------------------------------------------------------------------------------------------------ cancel

    def cancel(self) -> Command:
        """Cancel a conditional order by either name, or none."""
        random, waiting = self._random, self._of.world.conditionals
        if not waiting or random.random() < 0.1:
            return CancelConditional(self._of.account(), random.choice((0, 1, 99)), random.choice(CLIENT_IDS))
        one = random.choice(waiting)
        if random.random() < 0.6:
            return CancelConditional(one.account_id, one.conditional_id)
        return CancelConditional(one.account_id, client_id=one.client_id)

    def give_up_due(self) -> Command:
        """Cancel what is due and had to wait, so that nothing is due any more."""
        due = [one for one in self._of.world.conditionals if is_reached(self._of.world, one)]
        return CancelAllConditionals(due[0].account_id, due[0].symbol) if due else self.cancel()

    def cancel_all(self) -> Command:
        """Cancel what of an account waits in a contract."""
        return CancelAllConditionals(self._of.account(), self._of.symbol())

    def countdown(self) -> Command:
        """Begin a countdown, most often for one who has open orders, or end it; rarely a wrong one."""
        random, order = self._random, self._of.open_order()
        wrong = random.random() < 0.05
        choices = (-1, COUNTDOWN_TOO_LONG) if wrong else (0, 1, MILLISECOND, self._of.knobs.calm * 10 * MILLISECOND)
        due = Nanos(random.choice(choices))
        if order is None or random.random() < 0.1:
            return SetCountdown(self._of.account(), self._of.symbol(), due)
        return SetCountdown(order.account_id, order.symbol, due)

    # ----------------------------------------------------------------------------------------------------- trigger

    def pull(self) -> list[Callable[[], Command]]:
        """Return steps by which a price comes to where a conditional order waits for it, or passes it."""
        waiting = [one for one in self._of.world.conditionals if one.trigger_price or one.activation_price]
        if not waiting:
            return [self._trading.place]
        resting = [one for one in waiting if one.kind in LIMITS]
        return self._pull(self._random.choice(resting if resting and self._random.random() < 0.4 else waiting))

    def crowd(self) -> list[Callable[[], Command]]:
        """Return steps by which one who waits to rest an order has as many already as the contract allows."""
        waiting = [one for one in self._of.world.conditionals if one.kind in LIMITS]
        if not waiting:
            return [self.place]
        one = self._random.choice(waiting)
        mark, contract = self._of.world.quotes[one.symbol].mark, self._of.world.contracts[one.symbol]
        leg = Leg(one.account_id, one.symbol, one.position_side)
        side = {PositionSide.LONG: Side.BUY, PositionSide.SHORT: Side.SELL}.get(leg.side, one.side)
        least = max(contract.min_quantity, -(-contract.min_notional // max(1, mark * contract.value_unit)) + 1)
        price = max(1, mark - side * (mark // 50 + 1))
        order = self._order(leg, side, least, price, TimeInForce.GTC)
        room = contract.max_open_orders - len(open_orders(self._of.world, one.account_id, one.symbol))
        return [*[lambda: order] * room, *self._pull(one)]

    def _pull(self, one: ConditionalRecord) -> list[Callable[[], Command]]:
        target: int = one.trigger_price or one.activation_price
        up = rises(one.kind, one.side) if one.trigger_price else one.side is Side.SELL
        beyond = self._random.choice((0, 0, 1, target // 200))
        target = max(1, target + beyond if up else target - beyond)
        if one.kind is TRAILING and one.trigger_price and self._random.random() < 0.6:  # pulls it behind first
            ahead = target * 1_000_000 // RATE_ONE + 1
            target = max(1, target - ahead * 2 if up else target + ahead * 2)
            up = not up
        if one.working_type is WorkingType.MARK_PRICE:
            return [partial(self._move_mark, one.symbol, target)]
        side = Side.BUY if up else Side.SELL
        return [partial(self._offer, one, side.opposite, target), partial(self._sweep, one, side, target)]

    def _move_mark(self, symbol: str, target: int) -> Command:
        quotes = self._of.world.quotes[symbol]
        price = quotes.index + target - quotes.mark if quotes.mark else target
        price = max(1, min(self._of.world.contracts[symbol].max_price, price))
        return SetIndexPrice(symbol, Ticks(price), Nanos(self._of.world.now))

    def _offer(self, one: ConditionalRecord, side: Side, price: int) -> Command:
        """Rest an order at a price, small enough to be swept."""
        return self._limit(one.symbol, side, self._of.world.contracts[one.symbol].min_quantity, price, TimeInForce.GTC)

    def _sweep(self, one: ConditionalRecord, side: Side, price: int) -> Command:
        """Take the book up to a price, and a little of what stands there."""
        facing = queue(self._of.world, one.symbol, side.opposite)
        before = sum(other.left for other in facing if side * (price - other.order.price) > 0)
        return self._limit(one.symbol, side, before + 1, price, TimeInForce.IOC)

    def _limit(self, symbol: str, side: Side, quantity: int, price: int, time_in_force: TimeInForce) -> PlaceOrder:
        account = self._of.trader()
        legs = legs_of(self._of.world, account, symbol)
        opening = PositionSide.LONG if side is Side.BUY else PositionSide.SHORT
        leg = legs[0] if len(legs) == 1 else Leg(account, symbol, opening)
        return self._order(leg, side, quantity, price, time_in_force)

    def _order(self, leg: Leg, side: Side, quantity: int, price: int, time_in_force: TimeInForce) -> PlaceOrder:
        contract = self._of.world.contracts[leg.symbol]
        return PlaceOrder(
            account_id=leg.account,
            symbol=leg.symbol,
            side=side,
            order_type=OrderType.LIMIT,
            quantity=Lots(max(contract.min_quantity, min(contract.max_quantity, quantity))),
            price=Ticks(price),
            time_in_force=time_in_force,
            self_trade_prevention=SelfTradePrevention.NONE,
            position_side=leg.side,
        )
