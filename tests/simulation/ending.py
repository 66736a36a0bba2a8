"""How a life ends: all orders canceled, all positions closed through the book; and what is left then: no margin."""

from collections.abc import Iterable, Iterator

from exchange.core import margin
from exchange.core.account import Account
from exchange.core.commands import (
    AdjustMargin,
    CancelAllConditionals,
    CancelAllOrders,
    Command,
    Deposit,
    PlaceOrder,
    SetIndexPrice,
    SetLeverage,
    SetMarketState,
    Tick,
)
from exchange.core.contract import Contract
from exchange.core.enums import MarketState, OrderType, Side, TimeInForce
from exchange.core.policies.unwinding import UnwindStyle
from exchange.core.state import State
from exchange.core.units import MONEY_MAX, NEVER, RATE_ONE, Atoms, Lots, Nanos, Ticks
from tests.reference.risk import equity, maintenance, positions_in, scopes_of, total_notional, withdrawable
from tests.reference.world import (
    FUND,
    Leg,
    Scope,
    World,
    held_legs,
    open_orders,
    position_of,
    scope_of,
    traders,
    waiting_conditionals,
)
from tests.simulation.ingredients import CLOSER

BEYOND = RATE_ONE // 50  # so far beyond the mark the closer stands for the fund, which reaches less far
LOW = 4  # at a mark this many times below the first price no order may be large enough
PATIENCE = 40  # turns in which a fund that quotes what it paid may get rid of its positions


class Wait:
    """What follows is to happen at the next due time."""


class Ending:
    """Draws the commands that end a life, from the state of the reference.

    The closer, an account that had no part in the life, faces one position after the other. It takes from the long and
    gives to the short, so that it is flat when all are.
    """

    def __init__(self, world: World, base: dict[str, int]) -> None:
        self._world = world
        self._home = base
        self._base = dict(base)
        self._turns = dict.fromkeys(base, 0)
        self.given_up = False  # the fund asks for what it paid, and nobody may name that price

    def commands(self) -> Iterator[Command | Wait]:
        """Yield what to do next, until nothing is open and a margin pass has seen that."""
        yield Deposit(CLOSER, MONEY_MAX)
        yield from (SetLeverage(CLOSER, symbol, 1) for symbol in self._world.contracts)
        for symbol in self._world.contracts:
            yield from self._cancel(symbol)
        turns = 0
        while self._open():
            turns += 1
            if turns > PATIENCE and self._waits_for_its_price():
                self.given_up = True
                return
            for symbol in self._world.contracts:
                yield from self._let_trade(symbol)
                yield from self._cancel(symbol)
                yield from self._close(symbol)
            yield from self._rescue()
            yield from self._next_tick(())
        marks = [quotes.mark_due for quotes in self._world.quotes.values() if quotes.mark_due < NEVER]
        while self._world.now < max(marks, default=0):
            yield from self._next_tick(self._world.contracts)
        for symbol in self._world.contracts:
            yield from self._let_trade(symbol)

    def _next_tick(self, symbols: Iterable[str]) -> Iterator[Command | Wait]:
        """Price contracts just before the next tick, in which their sources may fall silent else."""
        yield Wait()
        for symbol in symbols:
            yield from self._let_trade(symbol)
        yield Tick()

    def _open(self) -> bool:
        held = any(held_legs(self._world, account) for account in (FUND, *traders(self._world)))
        return held or bool(self._world.orders or self._world.conditionals or self._world.locked)

    def _waits_for_its_price(self) -> bool:
        style = self._world.rules.engine.unwind.style
        return style is UnwindStyle.QUOTE_ENTRY and bool(held_legs(self._world, FUND))

    def _rescue(self) -> Iterator[Command]:
        """Give scopes that a policy leaves in liquidation, or that nobody liquidates, what they lack for any close."""
        world = self._world
        for scope in [scope for account in traders(world) for scope in scopes_of(world, account)]:
            owned, needed = equity(world, scope), maintenance(world, scope)
            short = world.rules.engine.muted and owned <= needed
            if not positions_in(world, scope) or not (short or scope in world.locked):
                continue
            amount = max(1, min(MONEY_MAX, needed - owned + total_notional(world, scope)))
            yield Deposit(scope.account, Atoms(amount))
            movable = min(amount, withdrawable(world, scope.account))
            if scope.symbol and movable > 0 and Scope(scope.account) not in world.locked:
                yield AdjustMargin(scope.account, scope.symbol, Atoms(movable), add=True, position_side=scope.side)

    def _let_trade(self, symbol: str) -> Iterator[Command]:
        """Open a contract, at a mark within the prices of orders."""
        quotes, contract = self._world.quotes[symbol], self._world.contracts[symbol]
        price = self._base[symbol]
        lowest = max(contract.min_price, self._home[symbol] // LOW)
        highest = _highest_price(contract)
        if quotes.mark and not lowest <= quotes.mark <= highest:
            price = max(1, min(contract.max_price, quotes.index + self._home[symbol] - quotes.mark))
            self._base[symbol] = price  # and it stays: a price that went to and fro would break the circuit each time
        yield SetIndexPrice(symbol, Ticks(price), Nanos(self._world.now))
        if quotes.state is not MarketState.TRADING:
            yield SetMarketState(symbol, MarketState.TRADING)

    def _cancel(self, symbol: str) -> Iterator[Command]:
        for account in traders(self._world):
            if open_orders(self._world, account, symbol):
                yield CancelAllOrders(account, symbol)
            if waiting_conditionals(self._world, account, symbol):
                yield CancelAllConditionals(account, symbol)

    def _close(self, symbol: str) -> Iterator[Command | Wait]:
        """Close some of a position with the closer."""
        leg = self._next_leg(symbol)
        if leg is None:
            return
        held = position_of(self._world, leg).quantity
        side = Side.SELL if held > 0 else Side.BUY
        quotes = open_orders(self._world, FUND, symbol) if leg.account == FUND else []
        price = quotes[0].order.price if quotes else self._price(leg, side)
        quantity = Lots(self._quantity(symbol, abs(held), price))
        if quotes or not self._quotes(leg):
            yield PlaceOrder(CLOSER, symbol, side.opposite, OrderType.LIMIT, quantity, Ticks(price))
        if leg.account != FUND:
            yield PlaceOrder(
                account_id=leg.account,
                symbol=symbol,
                side=side,
                order_type=OrderType.LIMIT,
                quantity=quantity,
                price=Ticks(price),
                time_in_force=TimeInForce.IOC,
                reduce_only=True,
                position_side=leg.side,
            )
            return
        due = self._world.unwind_due
        while self._world.unwind_due == due:
            yield from self._next_tick([symbol])

    def _quotes(self, leg: Leg) -> bool:
        """Tell whether this is a fund that quotes, and so must come first."""
        return leg.account == FUND and self._world.rules.engine.unwind.style is not UnwindStyle.TAKE

    def _next_leg(self, symbol: str) -> Leg | None:
        """Return a position of which the closer can take, or to which it can give: each in its turn."""
        mine = position_of(self._world, Leg(CLOSER, symbol)).quantity
        accounts = [account for account in (FUND, *traders(self._world)) if account != CLOSER]
        held = [leg for account in accounts for leg in held_legs(self._world, account) if leg.symbol == symbol]
        facing = [leg for leg in held if mine * position_of(self._world, leg).quantity <= 0]
        self._turns[symbol] += 1
        return facing[self._turns[symbol] % len(facing)] if facing else None

    def _price(self, leg: Leg, side: Side) -> int:
        """Return a price that both may name: near the base, not ruinous; a little beyond the mark if the fund comes."""
        contract, mark = self._world.contracts[leg.symbol], self._world.quotes[leg.symbol].mark
        low, high = mark * contract.band_down // RATE_ONE + 1, mark * contract.band_up // RATE_ONE
        if leg.account == FUND:
            wish = mark - side * (mark * BEYOND // RATE_ONE + 1)
        else:
            to_lose = max(0, equity(self._world, scope_of(self._world, leg)))
            ruin = mark + side * (to_lose // (abs(position_of(self._world, leg).quantity) * contract.value_unit))
            wish = side * min(side * ruin, side * self._base[leg.symbol])
        return max(low, contract.min_price, min(high, _highest_price(contract), wish))

    def _quantity(self, symbol: str, held: int, price: int) -> int:
        """Return lots that the closer may hold, and that are an order."""
        contract = self._world.contracts[symbol]
        value = price * contract.value_unit
        mine = abs(position_of(self._world, Leg(CLOSER, symbol)).quantity)
        most = contract.brackets[-1].cap // value - mine
        least = max(contract.min_quantity, -(-contract.min_notional // value))
        return max(least, min(held, most, contract.max_quantity))


def _highest_price(contract: Contract) -> int:
    """Return the price above which the smallest order is larger than the closer may hold, in ticks."""
    return min(contract.max_price, contract.brackets[-1].cap // (contract.min_quantity * contract.value_unit))


def leftovers(state: State) -> list[str]:
    """Return what a venue without orders and positions keeps of margin all the same; nothing, if all is well."""
    return [problem for account in state.accounts.values() for problem in _left(state, account)]


def _left(state: State, account: Account) -> Iterator[str]:
    who = f"after the end, account {account.account_id}"
    for symbol, holding, leg in account.legs():
        market = state.markets[symbol]
        exposure = margin.exposure_of(market, holding, leg)
        numbers = (
            leg.position.quantity,
            leg.position.entry_value,
            leg.isolated_wallet,
            margin.reserved(market, holding, leg, exposure, holding.leverage),
        )
        if any(numbers) or holding.orders or leg.reduce_only or any(leg.working.values()):
            yield f"{who}: {symbol} {leg.side.value}: position, entry value, wallet, reserved are {numbers}"
        if leg.margin_called or leg.in_liquidation:
            yield f"{who}: {symbol} {leg.side.value} is still called or in liquidation"
    if account.conditionals or account.conditional_client_ids:
        yield f"{who}: conditional orders wait"
    if account.margin_called or account.in_liquidation:
        yield f"{who} is still called or in liquidation"
    free = (margin.available_balance(state, account), margin.max_withdrawable(state, account))
    if free != (max(0, account.cross_wallet),) * 2 or account.wallet_balance != account.cross_wallet:
        yield f"{who}: available and withdrawable are {free}, its cross wallet has {account.cross_wallet}"
