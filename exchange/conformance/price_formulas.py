"""The formulas of index, mark and funding that vectors may name: each turns decimals into integers and calls the core.

Prices become ticks so fine, and rates units so small, that the core's own roundings change nothing: a vector sees the
exact value, and rounds it as it states.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from exchange.conformance import venue_rules
from exchange.conformance.inputs import Inputs, Outputs, given, rate_of, unit_of
from exchange.core import funding, index, pricing
from exchange.core.enums import PremiumSource, PremiumWeights
from exchange.core.price_rules import FundingRules
from exchange.core.state import Premium
from exchange.core.units import RATE_ONE, SECOND, Atoms, Nanos, RateE8, clamp_around, median

DEAD_BAND = Fraction(25, 100_000)  # Deribit: 0.025 %
HOUR = Nanos(3600 * SECOND)
EIGHT_HOURS = Fraction(8)  # what interest and premium are quoted for
UNBOUNDED = 2**256  # a cap that nothing reaches, in any unit


def index_source_clamp(inputs: Inputs) -> Outputs:
    """Compute the prices of index sources, each held near the median, and, with `weights`, the index of them."""
    sources, deviation = inputs.numbers("sources"), inputs.number("max_deviation")
    middle = inputs.number_or_none("median")
    # Twice as fine, so that the mean of the middle two is whole.
    unit = 2 * unit_of([*sources, *given(middle)], [deviation])
    prices, clamp = [int(price * unit) for price in sources], rate_of(deviation)
    at = median(prices) if middle is None else int(middle * unit)
    held = [Fraction(clamp_around(price, at, clamp), unit) for price in prices]
    outputs: Outputs = {"median": Fraction(at, unit), "clamped": list(held)}
    if "weights" in inputs:
        weights = inputs.numbers("weights")
        whole = lcm(*(weight.denominator for weight in weights))
        shares = [int(weight * whole) for weight in weights]
        # As many times as fine as there are shares, so that their mean is whole.
        fine = [price * sum(shares) for price in prices]
        found = index.index_of(list(zip(shares, fine, strict=True)), clamp)
        outputs["index"] = Fraction(found, unit * sum(shares))
    return outputs


def deribit_legacy_mark(inputs: Inputs) -> Outputs:
    """Compute Deribit's former mark: the fair price, within a band of the index. A side may be empty."""
    band = inputs.number_or("band", 0)
    names = ("index_price", "last", "bid", "ask")
    written = [inputs.number_or_none(name) for name in names]
    unit = unit_of(given(*written), [band])
    at, last = (int(inputs.number(name) * unit) for name in names[:2])
    bid, ask = (None if price is None else int(price * unit) for price in written[2:])
    fair = pricing.fair_price(last, bid, ask)
    held = clamp_around(fair, at, rate_of(band)) if band else fair
    return {"fair_price": Fraction(fair, unit), "mark_price": Fraction(held, unit)}


def median_of_three_mark(inputs: Inputs) -> Outputs:
    """Compute Binance's mark of index, last funding rate, samples of the mid price less the index, and last price."""
    at, samples, last = inputs.number("index_price"), inputs.numbers("basis_samples"), inputs.number_or_none("last")
    rate, interval = inputs.number("funding_rate"), inputs.positive("interval_hours")
    remaining = inputs.number("remaining_hours")
    times = lcm(remaining.denominator, interval.denominator)
    left, whole = int(remaining * times), int(interval * times)
    # Fine enough for the funding to come, the mean basis, and the mean of two prices.
    unit = 2 * unit_of([at, *samples, *given(last)], [rate]) * whole * max(1, len(samples))
    first = pricing.funding_price(int(at * unit), rate_of(rate), left, whole)
    second = pricing.basis_price(int(at * unit), [int(2 * sample * unit) for sample in samples])
    prices = [first, second] if last is None else [first, second, int(last * unit)]
    names = {"funding_price": first, "basis_price": second, "mark_price": median(prices)}
    return {name: Fraction(price, unit) for name, price in names.items()}


def book_price(inputs: Inputs) -> Outputs:
    """Compute Hyperliquid's price of a book: the median of best bid, best ask and last price, as far as they exist."""
    written = [inputs.number_or_none(name) for name in ("last", "bid", "ask")]
    unit = 2 * unit_of(given(*written))
    last, bid, ask = (None if price is None else int(price * unit) for price in written)
    price = pricing.book_price(last or 0, bid, ask)
    if price is None:
        raise ValueError("one of 'last', 'bid' and 'ask' is needed")
    return {"book_price": Fraction(price, unit)}


def premium_index(inputs: Inputs) -> Outputs:
    """Compute the premium of a book, given as rows of price and quantity, best first; a thin side has no price: 0."""
    at, notional = inputs.positive("index_price"), inputs.positive("impact_notional")
    sides = [[(price, quantity) for price, quantity in inputs.rows(name, 2)] for name in ("bids", "asks")]
    bid, ask = (_impact_price(levels, notional) for levels in sides)
    return {
        "impact_bid": bid or Fraction(0),
        "impact_ask": ask or Fraction(0),
        "premium": _premium(bid, ask, at),
    }


def _impact_price(levels: Sequence[tuple[Fraction, Fraction]], notional: Fraction) -> Fraction | None:
    """Return the core's exact average price of trading a notional into levels; None when they are worth less."""
    ticks = lcm(*(price.denominator for price, _ in levels))
    lots = lcm(*(quantity.denominator for _, quantity in levels))
    per_lot = notional.denominator
    whole = [(int(price * ticks), int(quantity * lots)) for price, quantity in levels]
    exact = funding.impact_price(whole, int(notional * ticks * lots * per_lot), per_lot)
    return None if exact is None else Fraction(exact[0], exact[1] * ticks)


def _premium(bid: Fraction | None, ask: Fraction | None, at: Fraction) -> Fraction:
    """Return the core's premium of impact prices, exactly."""
    unit = unit_of(given(bid, ask, at))
    middle = int(at * unit)
    # So many times as far from the index that the premium, as many times as large, is whole.
    far = [None if price is None else (middle + (int(price * unit) - middle) * middle, 1) for price in (bid, ask)]
    return Fraction(funding.impact_premium(far[0], far[1], middle), middle * RATE_ONE)


def funding_average(inputs: Inputs) -> Outputs:
    """Compute the average of samples of the premium, oldest first, by LINEAR or UNIFORM `weights`."""
    samples, weights = inputs.numbers("samples"), PremiumWeights(inputs.name("weights"))
    # As many times as fine as the weights have in sum, so that the average is whole.
    unit = unit_of(samples) * len(samples) * (len(samples) + 1)
    premium = Premium()
    for sample in samples:
        funding.add_premium(premium, int(sample * unit))
    return {"average": Fraction(funding.average_premium(premium, weights), unit)}


def funding_rate(inputs: Inputs) -> Outputs:
    """Compute the rate of an interval from an average premium, interest and clamp; `cap` and `floor` may be absent."""
    average, interest, clamp = (inputs.number(name) for name in ("average", "interest", "clamp"))
    interval = inputs.positive("interval_hours")
    uncapped, rate, at_bound = _rates(average, interest, clamp, interval, *_bounds(inputs, "cap"))
    return {"uncapped_rate": uncapped, "funding_rate": rate, "at_bound": at_bound}


def funding_cap(inputs: Inputs) -> Outputs:
    """Compute Binance's cap from the maintenance rate of the lowest bracket, and the floor opposite to it."""
    cap = venue_rules.funding_cap(inputs.number("mmr"), inputs.number("cap_factor"))
    return {"funding_cap": cap, "funding_floor": -cap}


def impact_margin_notional(inputs: Inputs) -> Outputs:
    """Compute the notional at which impact prices are taken: the impact margin at the highest leverage."""
    return {"impact_margin_notional": inputs.number("margin") * inputs.positive("max_leverage")}


def deribit_funding_rate(inputs: Inputs) -> Outputs:
    """Compute Deribit's rate of eight hours: the premium beyond a dead band, which is a clamp around no interest."""
    if "premium" in inputs:
        premium = inputs.number("premium")
    else:
        premium = inputs.number("mark_price") / inputs.positive("index_price") - 1
    clamp = inputs.number("dead_band") if "dead_band" in inputs else DEAD_BAND
    _, rate, _ = _rates(premium, Fraction(0), clamp, EIGHT_HOURS, *_bounds(inputs, "cap"))
    return {"premium": premium, "funding_rate": rate}


def hyperliquid_funding(inputs: Inputs) -> Outputs:
    """Compute the premium of an impact bid, an impact ask or both against the oracle, and the rate that is paid hourly.

    `cap` holds the hourly rate, as the venue does; `cap_8h` that of eight hours. Both may be absent.
    """
    bid, ask = inputs.number_or_none("impact_bid"), inputs.number_or_none("impact_ask")
    if bid is None and ask is None:
        raise KeyError("impact_bid")
    premium = _premium(bid, ask, inputs.positive("oracle_price"))
    interest, clamp = inputs.number("interest_8h"), inputs.number("clamp")
    _, eight_hours, _ = _rates(premium, interest, clamp, EIGHT_HOURS, *_bounds(inputs, "cap_8h"))
    # The rate is made; an hour has its eighth of it.
    cap = _bounds(inputs, next((name for name in ("cap_hourly", "hourly_cap") if name in inputs), "cap"))
    _, hourly, _ = _rates(eight_hours, Fraction(0), Fraction(0), Fraction(1), *cap)
    return {"premium": premium, "funding_8h": eight_hours, "funding_hourly": hourly}


def _bounds(inputs: Inputs, cap_name: str) -> tuple[Fraction | None, Fraction | None]:
    """Return a cap and its floor: a cap without a `floor` holds both ways, and what is not given does not hold."""
    cap, floor = inputs.number_or_none(cap_name), inputs.number_or_none("floor")
    return cap, -cap if floor is None and cap is not None else floor


def _rates(
    average: Fraction,
    interest: Fraction,
    clamp: Fraction,
    hours: Fraction,
    cap: Fraction | None,
    floor: Fraction | None,
) -> tuple[Fraction, Fraction, bool]:
    """Return the core's rate of eight hours, that of so many hours within cap and floor, and whether it is at one."""
    unit = unit_of([average, interest, clamp, *given(cap, floor)]) * int(EIGHT_HOURS) * hours.denominator
    rules = _rules(
        int(interest * unit),
        int(clamp * unit),
        UNBOUNDED if cap is None else int(cap * unit),
        -UNBOUNDED if floor is None else int(floor * unit),
    )
    scaled = int(average * unit)
    rate = funding.funding_rate(scaled, rules, int(HOUR * hours))
    at_bound = funding.next_interval(rate, rules) == rules.shortened_interval
    return Fraction(funding.uncapped_rate(scaled, rules.interest, rules.clamp), unit), Fraction(rate, unit), at_bound


def _rules(interest: int, clamp: int, cap: int, floor: int) -> FundingRules:
    """Return rules of funding of which only these and the shortening count, in any unit."""
    return FundingRules(
        interval=Nanos(8 * HOUR),
        shortened_interval=HOUR,
        premium=PremiumSource.IMPACT_PRICES,
        premium_interval=Nanos(SECOND),
        weights=PremiumWeights.LINEAR,
        impact_margin=Atoms(1),
        interest=RateE8(interest),
        clamp=RateE8(clamp),
        cap=RateE8(cap),
        floor=RateE8(floor),
    )
