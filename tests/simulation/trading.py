"""The orders that people of a simulated venue place, amend and cancel. It changes nothing."""

from exchange.core.commands import AmendOrder, CancelAllOrders, CancelOrder, Command, PlaceOrder
from exchange.core.enums import OrderType, PositionSide, PriceMatch, SelfTradePrevention, Side, TimeInForce
from exchange.core.units import RATE_ONE, Lots, Nanos, Ticks
from tests.reference.risk import equity, surplus
from tests.reference.world import Leg, best, is_isolated, leg_of, open_orders, position_of, scope_of
from tests.simulation.ingredients import Ingredients

CLIENT_ORDER_IDS = (*("",) * 20, *("a", "b", "c", "d") * 5, "mc-3")


class Trading:
    """Draws commands about orders."""

    def __init__(self, ingredients: Ingredients) -> None:
        self._of = ingredients
        self._random = ingredients.random

    def place(self) -> Command:
        """Place any order: to open, to close, of either leg, on the wrong leg, with any time in force."""
        random, account, symbol = self._random, self._of.trader(), self._of.symbol()
        leg = self._of.leg(account, symbol)
        held = position_of(self._of.world, leg).quantity
        reduce_only = random.random() < (0.3 if held else 0.05)
        side = self._side(leg)
        if reduce_only and held and random.random() < 0.9:
            side = Side.SELL if held > 0 else Side.BUY
        market = random.random() < 0.2
        order_type = OrderType.MARKET if market else OrderType.LIMIT
        if random.random() < 0.003:
            order_type = OrderType.LIQUIDATION
        price = self._of.price(symbol, side) if not market or random.random() < 0.02 else 0
        time_in_force = random.choices(tuple(TimeInForce), (56, 13, 13, 11, 7))[0]
        match = self._of.price_match(0.08)
        if match is not PriceMatch.NONE and not market and random.random() < 0.97:
            price = 0
        return PlaceOrder(
            account_id=account,
            symbol=symbol,
            side=side,
            order_type=order_type,
            quantity=Lots(self._of.quantity(leg, side, price)),
            price=Ticks(price),
            time_in_force=time_in_force,
            reduce_only=reduce_only,
            price_match=match if not market or random.random() < 0.02 else PriceMatch.NONE,
            good_till=Nanos(self._of.good_till(time_in_force, limit=not market)),
            client_order_id="x" * 37 if random.random() < 0.003 else random.choice(CLIENT_ORDER_IDS),
            self_trade_prevention=random.choice(tuple(SelfTradePrevention)),
            position_side=leg.side,
        )

    def _side(self, leg: Leg) -> Side:
        """Return a side; of a leg that cannot change its sign, most often the one that opens it."""
        opening = {PositionSide.LONG: Side.BUY, PositionSide.SHORT: Side.SELL}.get(leg.side)
        if opening is None or self._random.random() < 0.4:
            return self._random.choice((Side.BUY, Side.SELL))
        return opening

    def quote(self) -> Command:
        """Rest a large order beside the mark, so that there is something to trade with."""
        random, account, symbol = self._random, self._of.trader(), self._of.symbol()
        leg, contract = self._of.leg(account, symbol), self._of.world.contracts.get(symbol)
        if contract is None:
            return self.place()
        side = self._side(leg)
        mark = self._of.world.quotes[symbol].mark or self._of.base[symbol]
        away = mark * random.randint(0, 2_000_000) // RATE_ONE + 1
        quantity = random.randint(contract.min_quantity, contract.max_quantity // 3)
        price = max(1, mark - side * away)
        return self._limit(leg, side, quantity, price, TimeInForce.GTC)

    def stretch(self) -> Command:
        """Take from the book all that there is margin for: the first to be liquidated."""
        account, symbol = self._of.trader(), self._of.symbol()
        leg, contract = self._of.leg(account, symbol), self._of.world.contracts.get(symbol)
        if contract is None:
            return self.place()
        side = self._side(leg)
        facing = best(self._of.world, symbol, side.opposite)
        price = facing or self._of.world.quotes[symbol].mark or self._of.base[symbol]
        price = max(1, price * (100 + side * self._random.choice((0, 1, 3))) // 100)
        quantity = max(contract.min_quantity, self._of.purse(leg) * 9 // 10)
        return self._limit(leg, side, quantity, price, self._random.choice((TimeInForce.GTC, TimeInForce.IOC)))

    def _limit(self, leg: Leg, side: Side, quantity: int, price: int, time_in_force: TimeInForce) -> PlaceOrder:
        return PlaceOrder(
            account_id=leg.account,
            symbol=leg.symbol,
            side=side,
            order_type=OrderType.LIMIT,
            quantity=Lots(quantity),
            price=Ticks(price),
            time_in_force=time_in_force,
            position_side=leg.side,
        )

    def flee(self) -> Command:
        """Close the position of the scope with the least equity at any price: it may end owing money."""
        held = self._of.held()
        if self._random.random() < 0.6:
            held = [leg for leg in held if not is_isolated(self._of.world, leg)]
        if not held:
            return self.place()
        leg = min(held, key=lambda one: equity(self._of.world, scope_of(self._of.world, one)))
        return self.close(leg, reduce_only=self._random.random() < 0.5)

    def close(self, leg: Leg, *, reduce_only: bool) -> PlaceOrder:
        """Close a position at any price."""
        held, contract = position_of(self._of.world, leg).quantity, self._of.world.contracts[leg.symbol]
        quantity = max(contract.min_quantity, min(abs(held), contract.market_max_quantity))
        return PlaceOrder(
            account_id=leg.account,
            symbol=leg.symbol,
            side=Side.SELL if held > 0 else Side.BUY,
            order_type=OrderType.MARKET,
            quantity=Lots(quantity),
            reduce_only=reduce_only,
            position_side=leg.side,
        )

    def turn_around(self) -> Command:
        """Trade a one-way position through zero, to about as much on the other side."""
        held = [leg for leg in self._of.held() if leg.side is PositionSide.BOTH]
        if not held:
            return self.place()
        leg = self._random.choice(held)
        if self._random.random() < 0.6:  # of one who has little left to open the other side with
            leg = min(held, key=lambda one: surplus(self._of.world, one.account))
        return self.turn(leg)

    def turn(self, leg: Leg) -> Command:
        """Trade a position through zero, at the mark, where that needs no margin before it happens, or beyond."""
        lots, contract = position_of(self._of.world, leg).quantity, self._of.world.contracts[leg.symbol]
        side = Side.SELL if lots > 0 else Side.BUY
        quantity = min(contract.max_quantity, abs(lots) + self._random.randint(1, abs(lots) + 2))
        beyond = self._random.choice((0, 0, 2))  # percent
        price = max(1, self._of.world.quotes[leg.symbol].mark * (100 + beyond * side) // 100)
        return self._limit(leg, side, quantity, price, TimeInForce.GTC)

    def face(self, leg: Leg) -> Command:
        """Take an order that would move a position."""
        orders = [one for one in open_orders(self._of.world, leg.account, leg.symbol) if leg_of(one.order) == leg]
        if not orders:
            return self.place()
        resting = self._random.choice(orders)
        side = resting.order.side.opposite
        taker = self._of.leg(self._of.trader(), leg.symbol)
        return self._limit(taker, side, resting.left, resting.order.price, TimeInForce.IOC)

    def amend(self) -> Command:
        """Amend an open order, mostly sensibly."""
        order = self._of.open_order()
        if order is None:
            return self.place()
        random = self._random
        price = order.price if random.random() < 0.4 else self._of.price(order.symbol, order.side)
        quantity: int = order.quantity
        if random.random() < 0.75:
            quantity = random.choice(
                (order.filled, order.filled + 1, quantity - 1, quantity + 1, random.randint(1, 60))
            )
        side = order.side if random.random() < 0.97 else order.side.opposite
        by_id = random.random() < 0.7
        match = self._of.price_match(0.08)
        if match is not PriceMatch.NONE and random.random() < 0.97:
            price = 0
        return AmendOrder(
            account_id=order.account_id,
            symbol=order.symbol,
            side=side,
            quantity=Lots(quantity),
            price=Ticks(price),
            order_id=order.order_id if by_id else 0,
            client_order_id="" if by_id else order.client_order_id,
            reduce_only=order.reduce_only if random.random() < 0.95 else not order.reduce_only,
            modify_id=random.choice((0, 7)),
            price_match=match,
        )

    def cancel(self) -> Command:
        """Cancel an open order, or none."""
        random, order = self._random, self._of.open_order()
        if order is None or random.random() < 0.1:
            return CancelOrder(
                self._of.account(), self._of.symbol(), random.choice((0, 1, 99)), random.choice(CLIENT_ORDER_IDS)
            )
        if random.random() < 0.6:
            return CancelOrder(order.account_id, order.symbol, order.order_id)
        return CancelOrder(order.account_id, order.symbol, client_order_id=order.client_order_id)

    def cancel_all(self) -> Command:
        """Cancel what an account has open in a contract, half the time what waits there, too."""
        account, symbol = self._of.account(), self._of.symbol()
        return CancelAllOrders(account, symbol, conditionals=self._random.random() < 0.5)
