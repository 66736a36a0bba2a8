"""The mark price: a contract chooses one rule of a table. Pure but for the averages; when it is made is `clockwork`'s.

Prices in ticks; the basis (book over index) in half ticks, so that a mid price is whole.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from exchange.core.enums import MarkRule, Side
from exchange.core.state import Ema, Market
from exchange.core.units import RATE_ONE, clamp_around, div_ceil, div_floor, div_toward_zero, median

EMA_ONE = 10**18
DECAY_PRECISION = 10**40  # of the first try; e^x has at most 20 digits before the point
VANISHED = 42  # time constants: 10^18 * e^-42 is below 1


def sample_book(market: Market) -> None:
    """Add a look at the book to what the contract's mark rule averages. There must be an index."""
    MARK_RULES[market.contract.mark.rule].sample(market)


def mark_price(market: Market, ts: int) -> int:
    """Return the mark in ticks at time `ts` by the contract's rule, within its band (as Deribit's was), at least 1."""
    rules = market.contract.mark
    price = MARK_RULES[rules.rule].price(market, ts)
    return max(1, clamp_around(price, market.index_price, rules.band) if rules.band else price)


def fair_price(last: int, bid: int | None, ask: int | None) -> int:
    """Return the last price raised to the best bid, then lowered to the best ask (Deribit); None: an empty side."""
    raised = last if bid is None else max(last, bid)
    return raised if ask is None else min(raised, ask)


def book_price(last: int, bid: int | None, ask: int | None) -> int | None:
    """Return the median of those that exist (Hyperliquid); a `last` of 0 and a side of None do not."""
    prices = [price for price in (bid, ask, last or None) if price is not None]
    return median(prices) if prices else None


def mid_basis(bid: int | None, ask: int | None, index: int) -> int:
    """Return best bid + best ask - 2 * index in half ticks; 0 while a side of the book is empty."""
    return 0 if bid is None or ask is None else bid + ask - 2 * index


def funding_price(index: int, rate: int, remaining: int, interval: int) -> int:
    """Return index * (1 + rate * remaining / interval), rounded toward the index: the funding still to come.

    The rate in 1e-8, times in one unit. BitMEX's mark, and the first of Binance's three prices.
    """
    return index + div_toward_zero(index * rate * remaining, interval * RATE_ONE)


def basis_price(index: int, samples: list[int]) -> int:
    """Return the index moved by the mean basis (samples in half ticks), rounded toward -inf."""
    return index + div_floor(sum(samples), 2 * len(samples)) if samples else index


def ema_add(ema: Ema, sample: int, decay: int) -> None:
    """Add a sample, in half ticks, to an exponential average; what is in it fades by `decay` (1e-18)."""
    ema.total = div_floor(ema.total * decay, EMA_ONE) + sample * EMA_ONE
    ema.weight = div_floor(ema.weight * decay, EMA_ONE) + EMA_ONE


def ema_price(ema: Ema) -> int:
    """Return an exponential average in the nearest tick, halves up; it must have a sample.

    Nearest, as `ema_add` rounds down: an average of a steady -20 half ticks is a hair below it, and still -10 ticks.
    """
    return div_floor(ema.total + ema.weight, 2 * ema.weight)


@cache
def decay_of(interval: int, time_constant: int) -> int:
    """Return floor(10^18 * e^(-interval / time_constant)), both positive and in one unit: exact, by integers alone.

    e^x lies between two sums; as it is irrational, sums fine enough leave one floor.
    """
    if interval >= VANISHED * time_constant:
        return 0
    precision = DECAY_PRECISION
    while True:
        low, high = _exponential_bounds(interval, time_constant, precision)
        least, most = EMA_ONE * precision // high, EMA_ONE * precision // low
        if least == most:
            return least
        precision *= DECAY_PRECISION


def _exponential_bounds(numerator: int, denominator: int, precision: int) -> tuple[int, int]:
    """Return integers around precision * e^(numerator / denominator): the power series, rounded down and up."""
    low = high = low_term = high_term = precision
    step = 0
    # From step 2x on each term is at most half of the one before: all that are left out are at most the last one.
    while low_term or step * denominator < 2 * numerator:
        step += 1
        low_term = div_floor(low_term * numerator, step * denominator)
        high_term = div_ceil(high_term * numerator, step * denominator)
        low, high = low + low_term, high + high_term
    return low, high + high_term


def _best(market: Market) -> tuple[int | None, int | None]:
    return market.book.best_price(Side.BUY), market.book.best_price(Side.SELL)


def _sample_nothing(_market: Market) -> None:
    """Look at nothing: the rule averages nothing."""


def _sample_window(market: Market) -> None:
    """Keep the basis of the mid price, the last `basis_window` of them."""
    market.basis_samples.append(mid_basis(*_best(market), market.index_price))
    del market.basis_samples[: -market.contract.mark.basis_window]


def _sample_fair(market: Market) -> None:
    """Average the basis of the fair price; before the first trade, that of the mid price."""
    bid, ask = _best(market)
    if market.last_price:
        basis = 2 * (fair_price(market.last_price, bid, ask) - market.index_price)
    else:
        basis = mid_basis(bid, ask, market.index_price)
    _add_basis(market, basis)


def _sample_mid_and_price(market: Market) -> None:
    """Average the basis of the mid price, and the book's price while it has one."""
    bid, ask = _best(market)
    _add_basis(market, mid_basis(bid, ask, market.index_price))
    price = book_price(market.last_price, bid, ask)
    if price is not None:
        rules = market.contract.mark
        ema_add(market.price_ema, 2 * price, decay_of(rules.sample_interval, rules.price_ema))


def _add_basis(market: Market, basis: int) -> None:
    rules = market.contract.mark
    ema_add(market.basis_ema, basis, decay_of(rules.sample_interval, rules.basis_ema))


def _funding_mark(market: Market, ts: int) -> int:
    remaining = max(0, market.funding_due - ts)
    return funding_price(market.index_price, market.funding_rate, remaining, market.funding_interval)


def _median_of_three(market: Market, ts: int) -> int:
    """Take the median of the funding price, the index with its mean basis, and the last price, where there is one."""
    one_sided = None in _best(market)
    prices = [
        _funding_mark(market, ts),
        basis_price(market.index_price, [] if one_sided else market.basis_samples),
    ]
    return median([*prices, market.last_price] if market.last_price else prices)


def _basis_ema_mark(market: Market, _ts: int) -> int:
    """Take the index with its exponentially averaged basis."""
    return market.index_price + (ema_price(market.basis_ema) if market.basis_ema.weight else 0)


def _median_ema(market: Market, ts: int) -> int:
    """Take the median of the index with its averaged basis, the book's price now, and the book's averaged price."""
    prices = [_basis_ema_mark(market, ts)]
    now = book_price(market.last_price, *_best(market))
    if now is not None:
        prices.append(now)
        if market.price_ema.weight:
            prices.append(ema_price(market.price_ema))
    return median(prices)


def _last_price(market: Market, _ts: int) -> int:
    return market.last_price or market.index_price


def _index(market: Market, _ts: int) -> int:
    return market.index_price


class Rule(NamedTuple):
    """How a mark is made: what a look at the book adds to the averages, and the price in ticks at a time."""

    sample: Callable[[Market], None]
    price: Callable[[Market, int], int]


MARK_RULES: Mapping[MarkRule, Rule] = {
    MarkRule.MEDIAN_OF_THREE: Rule(_sample_window, _median_of_three),  # Binance, FAQ on the mark price
    MarkRule.FUNDING_BASIS: Rule(_sample_nothing, _funding_mark),  # BitMEX, fair price marking
    MarkRule.FAIR_EMA: Rule(_sample_fair, _basis_ema_mark),  # Deribit, mark price of perpetuals
    MarkRule.MEDIAN_EMA: Rule(_sample_mid_and_price, _median_ema),  # Hyperliquid docs, robust price indices
    MarkRule.LAST_PRICE: Rule(_sample_nothing, _last_price),
    MarkRule.INDEX: Rule(_sample_nothing, _index),  # dYdX: the oracle price is the mark
}
