"""What the people of a simulated venue do next: random commands, sensible and senseless. It changes nothing."""

from collections.abc import Callable
from random import Random
from typing import cast

from exchange.core.commands import (
    AmendOrder,
    Annotate,
    CancelAllOrders,
    CancelOrder,
    Command,
    CreateAccount,
    Deposit,
    PlaceOrder,
    SetIndexPrice,
    SetLeverage,
    SetMarketState,
    Transfer,
    Withdraw,
)
from exchange.core.enums import MarketState, OrderType, SelfTradePrevention, Side, TimeInForce, Wallet
from exchange.core.events import OrderRecord
from exchange.core.units import MONEY_MAX, RATE_ONE, Atoms, Lots, Nanos, Ticks
from tests.reference.risk import equity, spare, withdrawable
from tests.reference.world import World, best, position_of, queue, traders
from tests.simulation.knobs import Knobs

CLIENT_ORDER_IDS = (*("",) * 20, *("a", "b", "c", "d") * 5, "mc-3")


class Behavior:
    """Draws the next command of a life from one random source and the state of the reference."""

    def __init__(self, random: Random, knobs: Knobs, world: World) -> None:
        self._random = random
        self._knobs = knobs
        self._world = world
        self._symbols = tuple(world.contracts)
        self._base = dict(zip(self._symbols, knobs.base_prices, strict=True))

    def opening(self) -> list[Command]:
        """Return the commands of a venue's first morning."""
        accounts = [self._create_account() for _ in range(self._knobs.accounts)]
        symbols = self._symbols if self._random.random() < 0.8 else self._symbols[:1]
        return [*accounts, *(SetIndexPrice(symbol, Ticks(self._base[symbol])) for symbol in symbols)]

    def next_command(self) -> Command:
        """Return what happens next."""
        weights, draws = zip(*self._choices(), strict=True)
        (draw,) = self._random.choices(draws, weights)
        return cast("Callable[[], Command]", draw)()

    def _choices(self) -> tuple[tuple[int, Callable[[], Command]], ...]:
        return (
            (560, self._place),
            (25, self._flee),
            (110, self._amend),
            (60, self._cancel),
            (12, self._cancel_all),
            (220, self._index_price),
            (25, self._leverage),
            (45, self._deposit),
            (25, self._withdraw),
            (30, self._transfer),
            (30 if self._halted() else 7, self._market_state),
            (4, self._annotate),
            (3, self._create_account),
        )

    # --------------------------------------------------------------------------------------------------- orders

    def _place(self) -> Command:
        random, account, symbol = self._random, self._account(), self._symbol()
        held = position_of(self._world, account, symbol).quantity
        reduce_only = random.random() < (0.3 if held else 0.05)
        side = random.choice((Side.BUY, Side.SELL))
        if reduce_only and held and random.random() < 0.9:
            side = Side.SELL if held > 0 else Side.BUY
        market = random.random() < 0.2
        order_type = OrderType.MARKET if market else OrderType.LIMIT
        if random.random() < 0.003:
            order_type = OrderType.LIQUIDATION
        price = self._price(symbol, side) if not market or random.random() < 0.02 else 0
        time_in_force = random.choices(tuple(TimeInForce), (60, 14, 14, 12))[0]
        return PlaceOrder(
            account_id=account,
            symbol=symbol,
            side=side,
            order_type=order_type,
            quantity=Lots(self._quantity(symbol, account, side, price)),
            price=Ticks(price),
            time_in_force=time_in_force,
            reduce_only=reduce_only,
            client_order_id="x" * 37 if random.random() < 0.003 else random.choice(CLIENT_ORDER_IDS),
            self_trade_prevention=random.choice(tuple(SelfTradePrevention)),
        )

    def _flee(self) -> Command:
        """Close the position of the account with the least equity at any price: it may end owing money."""
        positions = [key for key, position in self._world.positions.items() if position.quantity and key[0]]
        if not positions:
            return self._place()
        account, symbol = min(positions, key=lambda key: equity(self._world, key[0]))
        held = position_of(self._world, account, symbol).quantity
        side = Side.SELL if held > 0 else Side.BUY
        quantity = Lots(min(abs(held), self._world.contracts[symbol].market_max_quantity))
        return PlaceOrder(account, symbol, side, OrderType.MARKET, quantity, reduce_only=self._random.random() < 0.5)

    def _amend(self) -> Command:
        order = self._open_order()
        if order is None:
            return self._place()
        random = self._random
        price = order.price if random.random() < 0.4 else self._price(order.symbol, order.side)
        quantity: int = order.quantity
        if random.random() < 0.75:
            quantity = random.choice(
                (order.filled, order.filled + 1, quantity - 1, quantity + 1, random.randint(1, 60))
            )
        side = order.side if random.random() < 0.97 else order.side.opposite
        by_id = random.random() < 0.7
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
        )

    def _cancel(self) -> Command:
        random, order = self._random, self._open_order()
        if order is None or random.random() < 0.1:
            return CancelOrder(
                self._account(), self._symbol(), random.choice((0, 1, 99)), random.choice(CLIENT_ORDER_IDS)
            )
        if random.random() < 0.6:
            return CancelOrder(order.account_id, order.symbol, order.order_id)
        return CancelOrder(order.account_id, order.symbol, client_order_id=order.client_order_id)

    def _cancel_all(self) -> Command:
        return CancelAllOrders(self._account(), self._symbol())

    def _leverage(self) -> Command:
        symbol = self._symbol()
        contract = self._world.contracts.get(symbol)
        most = 1 if contract is None else contract.max_leverage
        return SetLeverage(self._account(), symbol, self._random.choice((0, 1, 2, 8, 20, most, most, most + 1)))

    # ---------------------------------------------------------------------------------------------------- money

    def _deposit(self) -> Command:
        accounts = traders(self._world)
        if self._random.random() < 0.5 or not accounts:
            return Deposit(self._account(), Atoms(self._amount()))
        poorest = min(accounts, key=lambda account: equity(self._world, account))
        return Deposit(poorest, Atoms(self._random.choice((self._knobs.deposit, self._knobs.deposit // 4 + 1))))

    def _withdraw(self) -> Command:
        account = self._account()
        return Withdraw(account, Atoms(self._leaving(account)))

    def _transfer(self) -> Command:
        random, account = self._random, self._account()
        source = random.choice(tuple(Wallet))
        if source is Wallet.FUTURES:
            return Transfer(account, source, Atoms(self._leaving(account)))
        there = self._world.wallets.get((account, Wallet.FUNDING), 0)
        return Transfer(account, source, Atoms(random.choice((there, there + 1, there // 2, self._amount()))))

    def _create_account(self) -> Command:
        random, usual = self._random, self._knobs.deposit
        if random.random() < 0.05:
            wrong = random.choice((-1, MONEY_MAX + 1))
            return CreateAccount(random.choice(("", "n" * 65)), Atoms(random.choice((0, wrong))), Atoms(0))
        deposit = random.choice((usual, usual, usual // 3, usual * 3, usual // 10, usual * 20, 0))
        return CreateAccount("trader", Atoms(deposit), Atoms(random.choice((0, usual // 2))))

    def _amount(self) -> int:
        random, usual = self._random, self._knobs.deposit
        return random.choice((random.randint(1, usual), usual // 20, usual // 3, 0, -5, MONEY_MAX + 1))

    def _leaving(self, account: int) -> int:
        """Return an amount around the maximum that may leave."""
        if account not in self._world.names or self._random.random() < 0.2:
            return self._amount()
        most = withdrawable(self._world, account)
        return self._random.choice((most, most + 1, most // 2, most // 3))

    # ----------------------------------------------------------------------------------------------- the outside

    def _index_price(self) -> Command:
        random, symbol = self._random, self._symbol()
        base = self._base.get(symbol, 100)
        quotes = self._world.quotes.get(symbol)
        price = quotes.index if quotes is not None and quotes.index else base
        step = self._knobs.crash_step if random.random() < 0.07 else self._knobs.index_step
        moved = price * (RATE_ONE + random.randint(-step, step)) // RATE_ONE + random.choice((-1, 0, 1))
        if random.random() < 0.1:  # home again, so that lives do not drift out of their bands
            moved = (moved + base) // 2
        if random.random() < 0.01:
            moved = random.choice((0, -3, base * 20 + 1, 1, 2))
        return SetIndexPrice(symbol, Ticks(moved), Nanos(self._world.now - random.choice((0, 5))))

    def _market_state(self) -> Command:
        state = self._random.choice((MarketState.TRADING,) * 4 + (MarketState.HALTED, MarketState.CANCEL_ONLY))
        halted = self._halted()
        if halted and self._random.random() < 0.7:
            return SetMarketState(halted[0], MarketState.TRADING)
        return SetMarketState(self._symbol(), state)

    def _halted(self) -> list[str]:
        return [symbol for symbol, quotes in self._world.quotes.items() if quotes.state is not MarketState.TRADING]

    def _annotate(self) -> Command:
        return Annotate(self._random.choice(("news", "k" * 33)), self._random.choice(("a text", "t" * 4097)))

    # ------------------------------------------------------------------------------------------------- ingredients

    def _account(self) -> int:
        random = self._random
        if random.random() < 0.01:
            return random.choice((0, -1, 77))
        return random.choice(traders(self._world) or [1])

    def _symbol(self) -> str:
        return "NOSUCH" if self._random.random() < 0.005 else self._random.choice(self._symbols)

    def _open_order(self) -> OrderRecord | None:
        orders = self._world.orders
        return self._random.choice(orders).order if orders else None

    def _price(self, symbol: str, side: Side) -> int:
        """Return a price near the mark, on the book, at its bounds, or nonsense."""
        random = self._random
        if symbol not in self._world.contracts:
            return 100
        contract = self._world.contracts[symbol]
        mark = self._world.quotes[symbol].mark or self._base[symbol]
        draw = random.random()
        if draw < 0.25:
            return best(self._world, symbol, random.choice((Side.BUY, Side.SELL))) or mark
        if draw < 0.85:
            shift = random.choice((300_000, 1_000_000, 4_000_000, 10_000_000))
            away = mark * random.randint(-shift, shift * 2) // RATE_ONE
            return max(1, mark - side * away + random.choice((-1, 0, 0, 1)))
        if draw < 0.97:
            bound = random.choice((contract.band_up, contract.band_down))
            return max(1, mark * bound // RATE_ONE + random.choice((-1, 0, 1)))
        return random.choice((0, -1, contract.min_price - 1, contract.max_price + 1, 1))

    def _quantity(self, symbol: str, account: int, side: Side, price: int) -> int:
        """Return a small or large quantity, that of the position, the depth, or the purse; or nonsense."""
        random = self._random
        contract = self._world.contracts.get(symbol)
        if contract is None:
            return 1
        draw, least = random.random(), contract.min_quantity
        if draw < 0.35:
            return random.randint(least, 12)
        if draw < 0.45:
            return random.randint(least, contract.max_quantity)
        if draw < 0.65:
            return max(least, self._purse(symbol, account) + random.choice((-1, 0, 0, 1)))
        if draw < 0.80:
            held = position_of(self._world, account, symbol).quantity
            return max(least, abs(held) + random.choice((-3, -1, 0, 0, 1, 4)))
        if draw < 0.985:
            facing = queue(self._world, symbol, side.opposite)
            depth = sum(one.left for one in facing if not price or side * (price - one.order.price) >= 0)
            return max(least, depth + random.choice((0, 0, 0, -1, 1)))
        limits = (contract.max_quantity + 1, contract.market_max_quantity + 1, least - 1)
        return random.choice((0, -2, *limits))

    def _purse(self, symbol: str, account: int) -> int:
        """Return about the largest quantity that an account has margin for."""
        quotes, contract = self._world.quotes[symbol], self._world.contracts[symbol]
        if account not in self._world.names or not quotes.mark:
            return 1
        margin = max(0, spare(self._world, account)) * self._world.leverages[account, symbol]
        return min(contract.max_quantity, margin // (quotes.mark * contract.value_unit))
