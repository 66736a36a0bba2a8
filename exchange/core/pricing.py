"""The mark price: the median of three prices (Binance's rule). Pure; when it is made is the venue's affair."""

from exchange.core.enums import Side
from exchange.core.state import Market
from exchange.core.units import RATE_ONE, div_floor, div_toward_zero, median


def basis_sample(market: Market) -> int:
    """Return best bid + best ask - 2 * index in half ticks; 0 while a side of the book is empty."""
    bid, ask = market.book.best_price(Side.BUY), market.book.best_price(Side.SELL)
    if bid is None or ask is None:
        return 0
    return bid + ask - 2 * market.index_price


def funding_price(index_price: int, rate: int, remaining: int, interval: int) -> int:
    """Return index * (1 + rate * remaining / interval), rounded toward the index: the funding still to come."""
    return index_price + div_toward_zero(index_price * rate * remaining, interval * RATE_ONE)


def basis_price(index_price: int, samples: list[int]) -> int:
    """Return the index moved by the average basis (samples in half ticks), rounded toward -inf."""
    if not samples:
        return index_price
    return index_price + div_floor(sum(samples), 2 * len(samples))


def mark_price(market: Market, ts: int) -> int:
    """Return the mark in ticks at time `ts`: median of funding price, basis price and last trade; at least 1."""
    contract, book = market.contract, market.book
    two_sided = book.best_price(Side.BUY) is not None and book.best_price(Side.SELL) is not None
    prices = [
        funding_price(
            market.index_price, contract.funding_rate, max(0, market.funding_due - ts), contract.funding_interval
        ),
        basis_price(market.index_price, market.basis_samples if two_sided else []),
    ]
    if market.last_price:
        prices.append(market.last_price)
    return max(1, median(prices))
