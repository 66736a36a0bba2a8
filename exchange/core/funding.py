"""Funding: payments between longs and shorts at the mark. Settled for every account at once, never lazily.

Premiums and rates in 1e-8, prices in ticks, times in nanoseconds.
"""

from collections.abc import Callable, Iterable, Mapping

from exchange.core.account import scope_of
from exchange.core.clearing import change_wallet
from exchange.core.enums import BalanceReason, PremiumSource, PremiumWeights, Side
from exchange.core.events import FundingSettled
from exchange.core.price_rules import FundingRules
from exchange.core.state import Market, Premium, State
from exchange.core.units import RATE_ONE, SECOND, Nanos, RateE8, Ticks, clamp, div_ceil, div_toward_zero

INTEREST_INTERVAL = 8 * 3600 * SECOND  # what the interest is quoted for

Ratio = tuple[int, int]  # numerator and positive denominator


def impact_price(levels: Iterable[tuple[int, int]], notional: int, value_unit: int) -> Ratio | None:
    """Return the exact average price, in ticks, of trading `notional` atoms into (price, lots) levels, best first.

    Whole lots but for a fraction of one at the last level; None when all levels together are worth less.
    """
    left, lots = notional, 0
    for price, quantity in levels:
        value = price * quantity * value_unit
        if value >= left:
            # notional / ((lots + left / (price * value_unit)) * value_unit), made whole.
            return notional * price, lots * price * value_unit + left
        left -= value
        lots += quantity
    return None


def impact_premium(bid: Ratio | None, ask: Ratio | None, index: int) -> int:
    """Return how far the impact bid is above the index, less how far the impact ask is below it.

    Binance, FAQ on funding. A side of None is too thin and counts nothing.
    """
    above = max(0, bid[0] - index * bid[1]) * RATE_ONE // (index * bid[1]) if bid else 0
    below = max(0, index * ask[1] - ask[0]) * RATE_ONE // (index * ask[1]) if ask else 0
    return above - below


def mid_premium(bid: int | None, ask: int | None, index: int) -> int:
    """Return how far the mid price is above the index, rounded toward zero; 0 while a side is empty (OKX)."""
    if bid is None or ask is None:
        return 0
    return div_toward_zero((bid + ask - 2 * index) * RATE_ONE, 2 * index)


def mark_premium(mark: int, index: int) -> int:
    """Return how far the mark is above the index, rounded toward zero; 0 without a mark (Deribit)."""
    return div_toward_zero((mark - index) * RATE_ONE, index) if mark else 0


def sample_premium(market: Market) -> None:
    """Add the premium of this moment to those since the last settlement. There must be an index."""
    add_premium(market.premium, PREMIUM_SOURCES[market.contract.funding.premium](market))


def add_premium(premium: Premium, sample: int) -> None:
    """Add a sample to those since the last settlement."""
    premium.count += 1
    premium.total += sample
    premium.weighted += premium.count * sample
    premium.last = sample


def average_premium(premium: Premium, weights: PremiumWeights) -> int:
    """Return the average of the samples since the last settlement, rounded toward zero; 0 without any."""
    count = premium.count
    if not count:
        return 0
    if weights is PremiumWeights.LINEAR:
        return div_toward_zero(2 * premium.weighted, count * (count + 1))
    return div_toward_zero(premium.total, count)


def uncapped_rate(average: int, interest: int, pull: int) -> int:
    """Return the rate of eight hours before cap and floor: the premium, pulled to the interest by at most `pull`."""
    return average + clamp(interest - average, -pull, pull)


def funding_rate(average: int, rules: FundingRules, interval: int) -> int:
    """Return the rate of an average premium for an interval: its share of that of eight hours, within cap and floor.

    Binance, FAQ on funding, as of 2025-09: F = (P + clamp(I - P, +-0.05 %)) / (8 / N).
    """
    rate = uncapped_rate(average, rules.interest, rules.clamp)
    return clamp(div_toward_zero(rate * interval, INTEREST_INTERVAL), rules.floor, rules.cap)


def predicted_rate(market: Market) -> int:
    """Return the rate that the next settlement would have now."""
    rules = market.contract.funding
    return funding_rate(average_premium(market.premium, rules.weights), rules, market.funding_interval)


def next_interval(rate: int, rules: FundingRules) -> int:
    """Return the interval that follows a settlement: the shortened one, where there is one, after cap or floor.

    Binance, announcement of 2025-05-02; only the settlement counts, not what was predicted before.
    """
    at_bound = rate >= rules.cap or rate <= rules.floor
    return rules.shortened_interval if at_bound and rules.shortened_interval else rules.interval


def settle_funding(state: State, market: Market, funding_ts: int) -> None:
    """Pay one interval's funding of a contract: a payer pays the ceil, a receiver gets the floor, the rest is dust."""
    symbol, rate = market.contract.symbol, predicted_rate(market)
    market.funding_rate, market.funding_interval = rate, next_interval(rate, market.contract.funding)
    market.premium = Premium(last=market.premium.last)
    state.events.append(
        FundingSettled(
            symbol=symbol,
            funding_rate=RateE8(rate),
            mark_price=Ticks(market.mark_price),
            funding_ts=Nanos(funding_ts),
            next_interval=Nanos(market.funding_interval),
        )
    )
    for account in state.accounts.values():  # by id: the order in which they were made
        for side, leg in account.holdings[symbol].legs.items():
            if leg.position.quantity:
                payment = funding_payment(market, leg.position.quantity, rate)
                state.dust += payment
                change_wallet(state, scope_of(account, symbol, side), -payment, BalanceReason.FUNDING_FEE, symbol)


def funding_payment(market: Market, quantity: int, rate: int) -> int:
    """Return what a position of signed lots pays at the mark, in atoms: the ceil, so that a receiver gets the floor."""
    return div_ceil(market.contract.notional(market.mark_price, quantity) * rate, RATE_ONE)


def _impact(market: Market) -> int:
    """Take the premium of the impact prices: what it costs now to trade the impact notional."""
    contract, book = market.contract, market.book
    bid, ask = (
        impact_price(
            ((level.price, level.quantity) for level in book.levels(side)),
            contract.impact_notional,
            contract.value_unit,
        )
        for side in (Side.BUY, Side.SELL)
    )
    return impact_premium(bid, ask, market.index_price)


def _mid(market: Market) -> int:
    return mid_premium(market.book.best_price(Side.BUY), market.book.best_price(Side.SELL), market.index_price)


def _mark(market: Market) -> int:
    return mark_premium(market.mark_price, market.index_price)


PREMIUM_SOURCES: Mapping[PremiumSource, Callable[[Market], int]] = {
    PremiumSource.IMPACT_PRICES: _impact,
    PremiumSource.MID_PRICE: _mid,
    PremiumSource.MARK_PRICE: _mark,
}
