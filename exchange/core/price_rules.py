"""How a contract's index, mark, funding and circuit breaker are made: frozen rules, read from tables of its TOML text.

Rates in 1e-8, prices in ticks, times in nanoseconds. What the rules do: `index`, `pricing`, `funding`, `market_state`.
"""

import msgspec

from exchange.core.enums import MarkRule, PremiumSource, PremiumWeights
from exchange.core.units import RATE_ONE, SECOND, Atoms, Nanos, RateE8, parse_decimal

SOURCE_NAME_CHARACTERS_MAX = 32
SOURCES_MAX = 16
SOURCE_WEIGHT_MAX = 1_000_000
INTERVAL_MAX = 366 * 24 * 3600 * SECOND
BASIS_WINDOW_MAX = 100_000  # samples
BREAKER_WINDOW_MAX = 3600 * SECOND
MISSED_FUNDINGS_MAX = 1_000  # of one contract, that settle after an outage


class IndexSource(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One place that prices come from, and its weight in the index."""

    name: str
    weight: int


class IndexRules(msgspec.Struct, frozen=True):
    """The index: a weighted mean of sources, each held within `clamp` of their median."""

    sources: tuple[IndexSource, ...]
    clamp: RateE8
    stale_after: Nanos  # a source silent for so long counts no more; 0: never
    min_live: int  # with fewer sources alive the index is stale


class MarkRules(msgspec.Struct, frozen=True):
    """The mark: a rule of the table in `pricing`, and the windows that some rules average over."""

    rule: MarkRule
    interval: Nanos  # 0: with every index price
    sample_interval: Nanos  # between two looks at the book
    basis_window: int  # samples in the moving average of the basis
    basis_ema: Nanos  # time constant of the exponential average of the basis
    price_ema: Nanos  # time constant of the exponential average of the book's price
    band: RateE8  # the mark is held so close to the index; 0: it is not held


class FundingRules(msgspec.Struct, frozen=True):
    """Funding: how the premium is sampled and weighed, and how a rate is made of it. `interest` is per eight hours."""

    interval: Nanos
    shortened_interval: Nanos  # the next interval after a settlement at the cap or the floor; 0: never shortened
    premium: PremiumSource
    premium_interval: Nanos
    weights: PremiumWeights
    impact_margin: Atoms  # times the highest leverage: the notional at which the impact prices are taken
    interest: RateE8
    clamp: RateE8  # how far the interest may pull the rate from the premium
    cap: RateE8  # of the rate of one interval
    floor: RateE8


class BreakerRules(msgspec.Struct, frozen=True):
    """The circuit breaker: a mark that moves by `move` within `window` halts the contract for `pause`."""

    move: RateE8  # 0: no breaker
    window: Nanos
    pause: Nanos


class IndexText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [index] as written in TOML."""

    sources: list[IndexSource]
    clamp: str
    stale_seconds: int
    min_live: int

    def rules(self) -> IndexRules:
        """Return the rules. Raises ValueError, naming the field."""
        return IndexRules(
            tuple(self.sources), _rate(self.clamp, "index.clamp"), _seconds(self.stale_seconds), self.min_live
        )


class MarkText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [mark] as written in TOML."""

    rule: MarkRule
    interval_seconds: int
    sample_interval_seconds: int
    basis_window: int
    basis_ema_seconds: int
    price_ema_seconds: int
    band: str

    def rules(self) -> MarkRules:
        """Return the rules. Raises ValueError, naming the field."""
        return MarkRules(
            rule=self.rule,
            interval=_seconds(self.interval_seconds),
            sample_interval=_seconds(self.sample_interval_seconds),
            basis_window=self.basis_window,
            basis_ema=_seconds(self.basis_ema_seconds),
            price_ema=_seconds(self.price_ema_seconds),
            band=_rate(self.band, "mark.band"),
        )


class FundingText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [funding] as written in TOML."""

    interval_seconds: int
    shortened_interval_seconds: int
    premium: PremiumSource
    premium_interval_seconds: int
    weights: PremiumWeights
    impact_margin: str
    interest: str
    clamp: str
    cap: str
    floor: str

    def rules(self) -> FundingRules:
        """Return the rules. Raises ValueError, naming the field."""
        return FundingRules(
            interval=_seconds(self.interval_seconds),
            shortened_interval=_seconds(self.shortened_interval_seconds),
            premium=self.premium,
            premium_interval=_seconds(self.premium_interval_seconds),
            weights=self.weights,
            impact_margin=Atoms(_rate(self.impact_margin, "funding.impact_margin")),
            interest=_rate(self.interest, "funding.interest"),
            clamp=_rate(self.clamp, "funding.clamp"),
            cap=_rate(self.cap, "funding.cap"),
            floor=_rate(self.floor, "funding.floor"),
        )


class BreakerText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [breaker] as written in TOML."""

    move: str
    window_seconds: int
    pause_seconds: int

    def rules(self) -> BreakerRules:
        """Return the rules. Raises ValueError, naming the field."""
        return BreakerRules(
            _rate(self.move, "breaker.move"), _seconds(self.window_seconds), _seconds(self.pause_seconds)
        )


def price_rules_problem(index: IndexRules, mark: MarkRules, funding: FundingRules, breaker: BreakerRules) -> str:
    """Return why a contract with these rules cannot be listed, or an empty text."""
    names = [source.name for source in index.sources]
    optional = (index.stale_after, mark.interval, funding.shortened_interval)
    needed = (mark.sample_interval, mark.basis_ema, mark.price_ema, funding.interval, funding.premium_interval)
    checks = [
        (1 <= len(names) <= SOURCES_MAX and len(set(names)) == len(names), "index.sources: 1 to 16, each named once"),
        (all(_is_source_name(name) for name in names), "index.sources: a name is 1 to 32 of a-z, 0-9, - and _"),
        (
            all(0 < source.weight <= SOURCE_WEIGHT_MAX for source in index.sources),
            "index.sources: weights are 1 to 1000000",
        ),
        (1 <= index.min_live <= len(names), "index.min_live must be 1 to the number of sources"),
        (0 < index.clamp < RATE_ONE, "index.clamp must lie between 0 and 1"),
        (min(optional) >= 0 and min(needed) > 0, "intervals must be positive"),
        (max(*optional, *needed) <= INTERVAL_MAX, "intervals must be at most 366 days"),
        (0 < mark.basis_window <= BASIS_WINDOW_MAX, "mark.basis_window must be 1 to 100000"),
        (0 <= mark.band < RATE_ONE, "mark.band must be at least 0 and below 1"),
        (funding.impact_margin > 0, "funding.impact_margin must be positive"),
        (
            abs(funding.interest) < RATE_ONE and 0 <= funding.clamp < RATE_ONE,
            "funding.interest and clamp must be below 1",
        ),
        (-RATE_ONE < funding.floor <= funding.cap < RATE_ONE, "-1 < funding.floor <= funding.cap < 1 must hold"),
        (0 <= breaker.move < RATE_ONE, "breaker.move must be at least 0 and below 1"),
        (
            0 < breaker.window <= BREAKER_WINDOW_MAX and 0 < breaker.pause <= INTERVAL_MAX,
            "breaker.window_seconds must be 1 to 3600, breaker.pause_seconds positive",
        ),
    ]
    return next((problem for holds, problem in checks if not holds), "")


def _rate(text: str, field: str) -> RateE8:
    value = parse_decimal(text, 8)
    if value is None:
        msg = f"{field} = {text!r} is not a decimal number of at most 8 digits after the point"
        raise ValueError(msg)
    return RateE8(value)


def _seconds(seconds: int) -> Nanos:
    return Nanos(seconds * SECOND)


def _is_source_name(name: str) -> bool:
    plain = name.replace("-", "").replace("_", "")
    return len(name) <= SOURCE_NAME_CHARACTERS_MAX and plain.isascii() and plain.isalnum() and plain == plain.lower()
