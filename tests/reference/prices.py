"""Index, marks, circuit breaker and state of a contract in the reference venue: docs/rules.md section 2."""

import math
from collections.abc import Callable
from decimal import Context, Decimal
from fractions import Fraction
from functools import cache

from exchange.core.commands import DropIndexSource, SetIndexPrice, SetMarketState
from exchange.core.contract import Contract
from exchange.core.enums import MarketState, MarkRule, RejectReason, Side, SourceStatus
from exchange.core.events import CircuitBroken, IndexPriceSet, IndexSourceChanged, MarketStateSet, MarkPriceSet
from exchange.core.units import NEVER, RATE_ONE, Nanos, RateE8, Ticks
from tests.reference.liquidation import margin_pass
from tests.reference.premium import predicted_rate
from tests.reference.quotes import Quotes, Source
from tests.reference.refusal import demand
from tests.reference.world import World, best, share

ONE = 10**18  # the parts of an exponential average are whole numbers of 1e-18
DECAY_DIGITS = 60


# ---------------------------------------------------------------------------------------------------- commands


def set_index_price(world: World, command: SetIndexPrice) -> None:
    """Take a new price of one source, or of all."""
    named = _named(world, command)
    contract, quotes = world.contracts[command.symbol], world.quotes[command.symbol]
    demand(command.price > 0, RejectReason.PRICE_NOT_POSITIVE)
    demand(command.price <= contract.max_price, RejectReason.PRICE_ABOVE_MAX, contract.max_price)
    for name in named:
        quotes.sources[name].price, quotes.sources[name].heard = command.price, world.now
    quotes.source_ts = command.source_ts
    if change_sources(world, command.symbol, named, SourceStatus.LIVE, priced=True):
        margin_pass(world)


def drop_index_source(world: World, command: DropIndexSource) -> None:
    """Lose one source, or all."""
    if change_sources(world, command.symbol, _named(world, command), SourceStatus.LOST, priced=False):
        margin_pass(world)


def set_market_state(world: World, command: SetMarketState) -> None:
    """Do as the operator says; to open a contract mends its circuit breaker, too."""
    demand(command.symbol in world.contracts, RejectReason.UNKNOWN_SYMBOL)
    demand(command.state is not MarketState.INDEX_STALE, RejectReason.VALUE_OUT_OF_RANGE)
    quotes = world.quotes[command.symbol]
    quotes.operator = command.state
    if command.state is MarketState.TRADING:
        quotes.broken_until = NEVER
    world.events.append(MarketStateSet(command.symbol, quotes.state))


def _named(world: World, command: SetIndexPrice | DropIndexSource) -> list[str]:
    """Return the sources that a command means."""
    demand(command.symbol in world.contracts, RejectReason.UNKNOWN_SYMBOL)
    sources = world.quotes[command.symbol].sources
    demand(command.source == "" or command.source in sources, RejectReason.UNKNOWN_INDEX_SOURCE)
    return [name for name in sources if command.source in {"", name}]


# ----------------------------------------------------------------------------------------------------- the index


def change_sources(world: World, symbol: str, names: list[str], status: SourceStatus, *, priced: bool) -> bool:
    """Give sources a status and make the index anew; tell whether a mark was made, so that a margin pass is due."""
    contract, quotes = world.contracts[symbol], world.quotes[symbol]
    state, index = quotes.state, quotes.index
    for name in names:
        if quotes.sources[name].status is not status:
            quotes.sources[name].status = status
            world.events.append(IndexSourceChanged(symbol, name, status))
    if quotes.known:
        quotes.index = index_of(contract, quotes)
    told = quotes.known and (priced or quotes.index != index)
    if told:
        world.events.append(IndexPriceSet(symbol, Ticks(quotes.index), Nanos(quotes.source_ts)))
    _tell_state(world, symbol, state)
    if told and contract.mark.interval == 0:
        make_mark(world, symbol)
        return True
    if told and not quotes.mark:
        quotes.previous_mark, quotes.mark = quotes.mark, quotes.index
        _tell_mark(world, symbol)
    return False


def silent_sources(world: World, symbol: str) -> list[str]:
    """Return the sources that live, but were not heard for too long."""
    sources = world.quotes[symbol].sources
    return [name for name, one in sources.items() if falls_silent(world.contracts[symbol], one) <= world.now]


def falls_silent(contract: Contract, source: Source) -> int:
    """Return when a source falls silent; NEVER when it does not, or is no more."""
    patience = contract.index.stale_after
    return source.heard + patience if patience and source.status is SourceStatus.LIVE else NEVER


def index_of(contract: Contract, quotes: Quotes) -> int:
    """Return the weighted mean of the living sources, each held near their median."""
    alive = [
        (one.weight, quotes.sources[one.name].price)
        for one in contract.index.sources
        if quotes.sources[one.name].status is SourceStatus.LIVE
    ]
    middle = median([price for _, price in alive])
    parts = [(weight, held_near(price, middle, contract.index.clamp)) for weight, price in alive]
    return math.floor(Fraction(sum(weight * price for weight, price in parts), sum(weight for weight, _ in parts)))


def held_near(price: int, middle: int, distance: int) -> int:
    """Return a price held within a distance, in 1e-8, of another one."""
    low, high = math.ceil(share(middle, RATE_ONE - distance)), math.floor(share(middle, RATE_ONE + distance))
    return max(low, min(high, price))


def median(values: list[int]) -> int:
    """Return the middle value; of an even count the mean of the two in the middle, rounded down."""
    ordered, count = sorted(values), len(values)
    return math.floor(Fraction(ordered[(count - 1) // 2] + ordered[count // 2], 2))


# ----------------------------------------------------------------------------------------------------- samples


def sample_book(world: World, symbol: str) -> None:
    """Take one sample of the book, where the mark's rule wants one."""
    rule, quotes = world.contracts[symbol].mark.rule, world.quotes[symbol]
    if rule is MarkRule.FAIR_EMA:
        quotes.basis.append(_fair_basis(world, symbol))
    if rule in {MarkRule.MEDIAN_OF_THREE, MarkRule.MEDIAN_EMA}:
        quotes.basis.append(_middle_basis(world, symbol))
    price = book_price(world, symbol)
    if rule is MarkRule.MEDIAN_EMA and price is not None:
        quotes.book_prices.append(2 * price)


def _middle_basis(world: World, symbol: str) -> int:
    bid, ask = best(world, symbol, Side.BUY), best(world, symbol, Side.SELL)
    return 0 if bid is None or ask is None else bid + ask - 2 * world.quotes[symbol].index


def _fair_basis(world: World, symbol: str) -> int:
    quotes, bid, ask = world.quotes[symbol], best(world, symbol, Side.BUY), best(world, symbol, Side.SELL)
    if not quotes.last:
        return _middle_basis(world, symbol)
    fair = quotes.last if bid is None else max(bid, quotes.last)
    fair = fair if ask is None else min(ask, fair)
    return 2 * (fair - quotes.index)


def book_price(world: World, symbol: str) -> int | None:
    """Return the median of best bid, best ask and last trade, of those that there are; None without any."""
    sides = [best(world, symbol, side) for side in Side]
    there = [price for price in (*sides, world.quotes[symbol].last or None) if price is not None]
    return median(there) if there else None


def exponential_average(samples: list[int], interval: int, constant: int) -> tuple[int, int]:
    """Return total and weight, in 1e-18, of half ticks sampled every `interval` with a time constant, both in ns."""
    decay = decay_of(interval, constant)
    total = weight = 0
    for sample in samples:
        total = total * decay // ONE + sample * ONE
        weight = weight * decay // ONE + ONE
    return total, weight


@cache
def decay_of(interval: int, constant: int) -> int:
    """Return the part, in 1e-18, that is left of a sample after an interval."""
    context = Context(prec=DECAY_DIGITS)
    return math.floor(context.multiply(context.exp(context.divide(Decimal(-interval), Decimal(constant))), ONE))


def basis_average(contract: Contract, quotes: Quotes) -> tuple[int, int]:
    """Return total and weight of the exponential average of the basis."""
    return exponential_average(quotes.basis, contract.mark.sample_interval, contract.mark.basis_ema)


def price_average(contract: Contract, quotes: Quotes) -> tuple[int, int]:
    """Return total and weight of the exponential average of the book's price."""
    return exponential_average(quotes.book_prices, contract.mark.sample_interval, contract.mark.price_ema)


def basis_window(contract: Contract, quotes: Quotes) -> list[int]:
    """Return the last samples of the basis, as many as the contract averages."""
    return quotes.basis[-contract.mark.basis_window :]


# ------------------------------------------------------------------------------------------------------- marks


def make_mark(world: World, symbol: str) -> None:
    """Make a mark by the contract's rule, within its band, and look whether it breaks the circuit."""
    rules, quotes = world.contracts[symbol].mark, world.quotes[symbol]
    mark = RULES[rules.rule](world, symbol)
    if rules.band:
        mark = held_near(mark, quotes.index, rules.band)
    quotes.previous_mark, quotes.mark = quotes.mark, max(1, mark)
    _tell_mark(world, symbol)
    _watch(world, symbol)


def _by_funding(world: World, symbol: str) -> int:
    """The first price: the index moved by the funding that is still to come."""
    quotes = world.quotes[symbol]
    remaining = max(0, quotes.funding_due - world.now)
    return quotes.index + math.trunc(Fraction(quotes.index * quotes.rate * remaining, quotes.interval * RATE_ONE))


def _by_three(world: World, symbol: str) -> int:
    contract, quotes = world.contracts[symbol], world.quotes[symbol]
    second = quotes.index
    samples = basis_window(contract, quotes)
    if samples and all(best(world, symbol, side) is not None for side in Side):
        second += math.floor(Fraction(sum(samples), 2 * len(samples)))
    return median([_by_funding(world, symbol), second, *([quotes.last] if quotes.last else [])])


def _by_fair_average(world: World, symbol: str) -> int:
    contract, quotes = world.contracts[symbol], world.quotes[symbol]
    return quotes.index + (_price_of(basis_average(contract, quotes)) or 0)


def _by_median_of_averages(world: World, symbol: str) -> int:
    contract, quotes = world.contracts[symbol], world.quotes[symbol]
    there = [_by_fair_average(world, symbol)]
    now, before = book_price(world, symbol), _price_of(price_average(contract, quotes))
    if now is not None:
        there += [now] if before is None else [now, before]
    return median(there)


def _price_of(average: tuple[int, int]) -> int | None:
    total, weight = average
    return math.floor(Fraction(total, 2 * weight) + Fraction(1, 2)) if weight else None


def _by_last(world: World, symbol: str) -> int:
    return world.quotes[symbol].last or world.quotes[symbol].index


def _by_index(world: World, symbol: str) -> int:
    return world.quotes[symbol].index


RULES: dict[MarkRule, Callable[[World, str], int]] = {
    MarkRule.MEDIAN_OF_THREE: _by_three,
    MarkRule.FUNDING_BASIS: _by_funding,
    MarkRule.FAIR_EMA: _by_fair_average,
    MarkRule.MEDIAN_EMA: _by_median_of_averages,
    MarkRule.LAST_PRICE: _by_last,
    MarkRule.INDEX: _by_index,
}


def _tell_mark(world: World, symbol: str) -> None:
    quotes, rate = world.quotes[symbol], RateE8(predicted_rate(world, symbol))
    mark, index, premium = Ticks(quotes.mark), Ticks(quotes.index), RateE8(quotes.last_premium)
    world.events.append(MarkPriceSet(symbol, mark, index, rate, Nanos(quotes.funding_due), premium))


# ------------------------------------------------------------------------------------------------ circuit breaker


def _watch(world: World, symbol: str) -> None:
    """Note a mark; when it lies too far from another one of the window, the circuit breaks."""
    rules, quotes = world.contracts[symbol].breaker, world.quotes[symbol]
    if rules.move == 0 or quotes.broken_until < NEVER:
        return
    noted = [*quotes.notes, (world.now, quotes.mark)]
    quotes.notes = [(time, mark) for time, mark in noted if time > world.now - rules.window]
    for reference in (max(mark for _, mark in quotes.notes), min(mark for _, mark in quotes.notes)):
        if abs(Fraction(quotes.mark, reference) - 1) >= share(1, rules.move):
            _break(world, symbol, reference)
            return


def _break(world: World, symbol: str, reference: int) -> None:
    quotes, state = world.quotes[symbol], world.quotes[symbol].state
    quotes.notes = []
    quotes.broken_until = world.now + world.contracts[symbol].breaker.pause
    event = CircuitBroken(symbol, Ticks(quotes.mark), Ticks(reference), Nanos(quotes.broken_until))
    world.events.append(event)
    _tell_state(world, symbol, state)


def end_pause(world: World, symbol: str) -> None:
    """Close a broken circuit when its pause is over."""
    quotes, state = world.quotes[symbol], world.quotes[symbol].state
    if quotes.broken_until <= world.now:
        quotes.broken_until = NEVER
        _tell_state(world, symbol, state)


def _tell_state(world: World, symbol: str, before: MarketState) -> None:
    """Report the state of a contract when it is another than before."""
    state = world.quotes[symbol].state
    if state is not before:
        world.events.append(MarketStateSet(symbol, state))
