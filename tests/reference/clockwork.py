"""What happens by time in the reference venue: samples, marks, funding, unwinding, and starting again."""

import math
from fractions import Fraction

from exchange.core.commands import Resume, SetIndexPrice, Tick
from exchange.core.enums import (
    BalanceReason,
    Execution,
    MarketState,
    OrderType,
    RejectReason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from exchange.core.events import FundingSettled, IndexPriceSet, MarkPriceSet, Resumed
from exchange.core.units import NEVER, RATE_ONE, Nanos, RateE8, Ticks
from tests.reference.liquidation import margin_pass
from tests.reference.orders import new_record, take_bound
from tests.reference.refusal import demand
from tests.reference.walk import carry_out, expire_taker, plan_walk
from tests.reference.world import FUND, World, best, pay, position_of, queue, share, tell


def next_multiple(interval: int, after: int) -> int:
    """Return the first multiple of an interval strictly after a time; NEVER for an interval of 0."""
    return NEVER if interval == 0 else (after // interval + 1) * interval


def next_due(world: World) -> int:
    """Return when the next Tick is due."""
    times = [
        time for quotes in world.quotes.values() for time in (quotes.basis_due, quotes.mark_due, quotes.funding_due)
    ]
    return min([world.unwind_due, *times])


def tick(world: World, _command: Tick) -> None:
    """Do what is due, step by step over all contracts."""
    marked = False
    for symbol, quotes in world.quotes.items():
        if quotes.basis_due <= world.now:
            if quotes.index:
                _sample_basis(world, symbol)
            quotes.basis_due = next_multiple(world.contracts[symbol].basis_interval, world.now)
    for symbol, quotes in world.quotes.items():
        if quotes.mark_due <= world.now:
            if quotes.index:
                _make_mark(world, symbol)
                marked = True
            quotes.mark_due = next_multiple(world.contracts[symbol].mark_interval, world.now)
    for symbol, quotes in world.quotes.items():
        if quotes.funding_due <= world.now:
            if quotes.index:
                _settle_funding(world, symbol, quotes.funding_due)
            quotes.funding_due = next_multiple(world.contracts[symbol].funding_interval, world.now)
    if marked:
        margin_pass(world)
    if world.unwind_due <= world.now:
        for symbol in world.contracts:
            _unwind(world, symbol)
        world.unwind_due = next_multiple(world.rules.unwind_interval, world.now)


def resume(world: World, _command: Resume) -> None:
    """Start, or start again: missed fundings settle at the last mark."""
    missed = [
        (symbol, time)
        for symbol, quotes in world.quotes.items()
        if quotes.mark and quotes.funding_due <= world.now
        for time in range(quotes.funding_due, world.now + 1, world.contracts[symbol].funding_interval)
    ]
    outage = world.now - world.previous if world.resumed else 0
    world.events.append(Resumed(Nanos(outage), len(missed)))
    for symbol, time in missed:
        _settle_funding(world, symbol, time)
    world.resumed = True
    for symbol, quotes in world.quotes.items():
        contract = world.contracts[symbol]
        quotes.basis_due = next_multiple(contract.basis_interval, world.now)
        quotes.mark_due = next_multiple(contract.mark_interval, world.now)
        quotes.funding_due = next_multiple(contract.funding_interval, world.now)
    world.unwind_due = next_multiple(world.rules.unwind_interval, world.now)


def set_index_price(world: World, command: SetIndexPrice) -> None:
    """Take a new index price; the first one is the mark, too."""
    demand(command.symbol in world.contracts, RejectReason.UNKNOWN_SYMBOL)
    contract, quotes = world.contracts[command.symbol], world.quotes[command.symbol]
    demand(command.price > 0, RejectReason.PRICE_NOT_POSITIVE)
    demand(command.price <= contract.max_price, RejectReason.PRICE_ABOVE_MAX, contract.max_price)
    first = quotes.index == 0
    quotes.index, quotes.source_ts = command.price, command.source_ts
    world.events.append(IndexPriceSet(command.symbol, command.price, command.source_ts))
    if contract.mark_interval == 0:
        _make_mark(world, command.symbol)
        margin_pass(world)
    elif first:
        quotes.mark = command.price
        _tell_mark(world, command.symbol)


def _sample_basis(world: World, symbol: str) -> None:
    quotes = world.quotes[symbol]
    bid, ask = best(world, symbol, Side.BUY), best(world, symbol, Side.SELL)
    sample = 0 if bid is None or ask is None else bid + ask - 2 * quotes.index
    quotes.samples = [*quotes.samples, sample][-world.contracts[symbol].basis_window :]


def _make_mark(world: World, symbol: str) -> None:
    """The median of three, or the mean of two when there was no trade yet."""
    contract, quotes = world.contracts[symbol], world.quotes[symbol]
    remaining = max(0, quotes.funding_due - world.now)
    interval = contract.funding_interval * RATE_ONE
    first = quotes.index + math.trunc(Fraction(quotes.index * contract.funding_rate * remaining, interval))
    second = quotes.index
    two_sided = best(world, symbol, Side.BUY) is not None and best(world, symbol, Side.SELL) is not None
    if quotes.samples and two_sided:
        second += math.floor(Fraction(sum(quotes.samples), 2 * len(quotes.samples)))
    middle = sorted((first, second, quotes.last))[1] if quotes.last else math.floor(Fraction(first + second, 2))
    quotes.mark = max(1, middle)
    _tell_mark(world, symbol)


def _tell_mark(world: World, symbol: str) -> None:
    quotes, rate = world.quotes[symbol], world.contracts[symbol].funding_rate
    mark, index = Ticks(quotes.mark), Ticks(quotes.index)
    world.events.append(MarkPriceSet(symbol, mark, index, RateE8(rate), Nanos(quotes.funding_due)))


def _settle_funding(world: World, symbol: str, time: int) -> None:
    """Every holder pays or receives; what rounding leaves is dust."""
    contract, mark = world.contracts[symbol], world.quotes[symbol].mark
    world.events.append(FundingSettled(symbol, contract.funding_rate, Ticks(mark), Nanos(time)))
    for account in sorted(world.names):
        held = position_of(world, account, symbol).quantity
        if held:
            due = math.ceil(share(held * mark * contract.value_unit, contract.funding_rate))
            world.dust += due
            pay(world, account, BalanceReason.FUNDING_FEE, -due, symbol=symbol)


def _unwind(world: World, symbol: str) -> None:
    """Let the fund sell a little of what it holds into the book, near the mark."""
    contract, quotes = world.contracts[symbol], world.quotes[symbol]
    held = position_of(world, FUND, symbol).quantity
    if quotes.mark == 0 or quotes.state is MarketState.HALTED or held == 0:
        return
    side = Side.SELL if held > 0 else Side.BUY
    bound = take_bound(quotes.mark, world.rules.unwind_bound, side)
    depth = sum(
        one.left for one in queue(world, contract.symbol, side.opposite) if side * (bound - one.order.price) >= 0
    )
    if depth == 0:
        return
    size = min(abs(held), max(1, math.floor(share(depth, world.rules.unwind_share))))
    order = new_record(
        world,
        account=FUND,
        symbol=symbol,
        client_order_id=f"unwind-{world.orders_made + 1}",
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.IOC,
        quantity=size,
        price=bound,
        reduce_only=True,
        prevention=SelfTradePrevention.NONE,
    )
    world.orders_made += 1
    tell(world, order, Execution.NEW)
    plan = plan_walk(world, order, bound, size)
    order = carry_out(world, order, plan)
    if order.filled < size:
        expire_taker(world, order, plan, cut_by_position=False)
