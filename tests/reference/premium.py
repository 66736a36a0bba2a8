"""Funding in the reference venue (docs/rules.md section 10): premium samples, the rate they make, and who pays whom."""

import math
from fractions import Fraction

from exchange.core.contract import Contract
from exchange.core.enums import BalanceReason, PremiumSource, PremiumWeights, Side
from exchange.core.events import FundingSettled
from exchange.core.units import RATE_ONE, SECOND, Nanos, RateE8, Ticks
from tests.reference.quotes import Quotes, Source
from tests.reference.world import World, best, legs_of, pay_leg, position_of, queue, share

EIGHT_HOURS = 8 * 3600 * SECOND


def list_quotes(contract: Contract) -> Quotes:
    """Return the quotes of a contract that was just listed: its last funding rate is that of an average of 0."""
    interval, sources = contract.funding.interval, {one.name: Source() for one in contract.index.sources}
    return Quotes(sources, contract.index.min_live, interval, rate_of(contract, 0, interval))


def next_multiple(interval: int, after: int) -> int:
    """Return the first multiple of an interval strictly after a time."""
    return (after // interval + 1) * interval


def sample_premium(world: World, symbol: str) -> None:
    """Take one sample of the premium, in 1e-8 of the index."""
    sources = {
        PremiumSource.IMPACT_PRICES: _impact_premium,
        PremiumSource.MID_PRICE: _middle_premium,
        PremiumSource.MARK_PRICE: _mark_premium,
    }
    quotes = world.quotes[symbol]
    quotes.last_premium = sources[world.contracts[symbol].funding.premium](world, symbol)
    quotes.premiums.append(quotes.last_premium)


def predicted_rate(world: World, symbol: str) -> int:
    """Return the rate that a settlement would have now, in 1e-8."""
    contract, quotes = world.contracts[symbol], world.quotes[symbol]
    return rate_of(contract, average(quotes.premiums, contract.funding.weights), quotes.interval)


def average(samples: list[int], weights: PremiumWeights) -> int:
    """Return the weighted mean of samples, toward zero; 0 without any."""
    if not samples:
        return 0
    heavy = range(1, len(samples) + 1) if weights is PremiumWeights.LINEAR else [1] * len(samples)
    pairs = zip(heavy, samples, strict=True)
    return math.trunc(Fraction(sum(weight * sample for weight, sample in pairs), sum(heavy)))


def rate_of(contract: Contract, mean: int, interval: int) -> int:
    """Return the funding rate of an average premium for an interval in nanoseconds; both in 1e-8."""
    rules = contract.funding
    pulled = mean + max(-rules.clamp, min(rules.clamp, rules.interest - mean))
    return max(rules.floor, min(rules.cap, math.trunc(Fraction(pulled * interval, EIGHT_HOURS))))


def settle_funding(world: World, symbol: str, time: int) -> None:
    """Let every position pay or receive; what rounding leaves is dust. Then a new interval begins, without samples."""
    contract, quotes = world.contracts[symbol], world.quotes[symbol]
    rules, rate, mark = contract.funding, predicted_rate(world, symbol), world.quotes[symbol].mark
    at_bound = rate >= rules.cap or rate <= rules.floor
    quotes.rate, quotes.premiums = rate, []
    quotes.interval = rules.shortened_interval if rules.shortened_interval and at_bound else rules.interval
    world.events.append(FundingSettled(symbol, RateE8(rate), Ticks(mark), Nanos(time), Nanos(quotes.interval)))
    for account in sorted(world.names):
        for leg in legs_of(world, account, symbol):
            held = position_of(world, leg).quantity
            if held:
                due = math.ceil(share(held * mark * contract.value_unit, rate))
                world.dust += due
                pay_leg(world, leg, BalanceReason.FUNDING_FEE, -due)


def _impact_premium(world: World, symbol: str) -> int:
    index = world.quotes[symbol].index
    sold, bought = (_impact_price(world, symbol, side) for side in (Side.BUY, Side.SELL))
    above = 0 if sold is None else math.trunc(max(Fraction(0), sold - index) * RATE_ONE / index)
    below = 0 if bought is None else math.trunc(max(Fraction(0), index - bought) * RATE_ONE / index)
    return above - below


def _impact_price(world: World, symbol: str, side: Side) -> Fraction | None:
    """Return the average price, in ticks, of trading the impact notional with a side; None when it holds less."""
    contract = world.contracts[symbol]
    notional = contract.funding.impact_margin * max(one.max_leverage for one in contract.brackets)
    missing, lots = Fraction(notional, contract.value_unit), Fraction(0)  # ticks times lots
    for resting in queue(world, symbol, side):
        taken = min(Fraction(resting.left), missing / resting.order.price)
        missing -= taken * resting.order.price
        lots += taken
    return None if missing else Fraction(notional, contract.value_unit) / lots


def _middle_premium(world: World, symbol: str) -> int:
    bid, ask, index = best(world, symbol, Side.BUY), best(world, symbol, Side.SELL), world.quotes[symbol].index
    if bid is None or ask is None:
        return 0
    return math.trunc((Fraction(bid + ask, 2) / index - 1) * RATE_ONE)


def _mark_premium(world: World, symbol: str) -> int:
    mark, index = world.quotes[symbol].mark, world.quotes[symbol].index
    return math.trunc((Fraction(mark, index) - 1) * RATE_ONE) if mark else 0
