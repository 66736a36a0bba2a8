"""Mark rules one by one: what they take of index, book and last trade, and exponential averages to the last digit."""

from decimal import Context, Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.enums import MarkRule
from exchange.core.pricing import (
    EMA_ONE,
    MARK_RULES,
    book_price,
    decay_of,
    ema_add,
    ema_price,
    fair_price,
    funding_price,
    mark_price,
    sample_book,
)
from exchange.core.state import Ema, Market
from exchange.core.units import SECOND, clamp_around
from tests.core.priced import Levels, Priced, market_of

TRUTH = Context(prec=80)
INDEX = 1000
HOUR = 3600 * SECOND


def market_by(
    rule: MarkRule,
    bids: Levels = ((1004, 1),),
    asks: Levels = ((1008, 1),),
    last: int = 0,
    index: int = INDEX,
    **mark: str,
) -> Market:
    """A contract with this rule; `mark` are settings of its table [mark]."""
    changes = {"mark.rule": rule.value, **{f"mark.{name}": value for name, value in mark.items()}}
    return market_of(changes, index=index, last=last, bids=bids, asks=asks)


def sampled(market: Market, times: int = 1) -> int:
    """The mark after so many looks at the book, without funding to come."""
    for _ in range(times):
        sample_book(market)
    market.funding_due = 0
    return mark_price(market, 1)


def test_every_rule_is_in_the_table() -> None:
    assert MARK_RULES.keys() == set(MarkRule)


# -------------------------------------------------------------------------------------- exponential averages


@given(st.integers(1, 10**17), st.integers(1, 10**17))
def test_the_decay_is_the_exact_floor(interval: int, constant: int) -> None:
    interval = interval % (50 * constant) + 1
    exponent = TRUTH.divide(Decimal(-interval), Decimal(constant))
    assert decay_of(interval, constant) == floor(TRUTH.multiply(TRUTH.exp(exponent), Decimal(EMA_ONE)))


@pytest.mark.parametrize(
    ("interval", "constant", "decay"),
    [
        (1, 1, 367_879_441_171_442_321),
        (1, 30, 967_216_100_482_005_902),
        (1, 150, 993_355_506_255_034_415),
        (41, 1, 1),
        (42, 1, 0),
        (10**9, 1, 0),
        (1, 10**30, EMA_ONE - 1),
    ],
)
def test_decays_are_what_they_are(interval: int, constant: int, decay: int) -> None:
    assert decay_of(interval, constant) == decay
    assert decay_of(interval * SECOND, constant * SECOND) == decay


def test_a_steady_basis_below_the_index_is_not_a_tick_lower_for_its_roundings() -> None:
    ema = Ema()
    for _ in range(100):
        ema_add(ema, -20, decay_of(1, 30))
    assert ema.total < -20 * ema.weight  # each step rounds down
    assert ema_price(ema) == -10


def test_an_average_is_right_from_its_first_sample() -> None:
    ema = Ema()
    ema_add(ema, -7, decay_of(1, 30))
    assert (ema.total, ema.weight) == (-7 * EMA_ONE, EMA_ONE)
    assert ema_price(ema) == -3  # -3.5: halves up


def test_an_average_fades_by_floors() -> None:
    ema, decay = Ema(), decay_of(1, 30)
    ema_add(ema, 5, decay)
    ema_add(ema, -3, decay)
    assert (ema.total, ema.weight) == (5 * decay - 3 * EMA_ONE, decay + EMA_ONE)
    total, weight = Fraction(ema.total * decay, EMA_ONE), Fraction(ema.weight * decay, EMA_ONE)
    assert total.denominator > 1 < weight.denominator
    ema_add(ema, 1, decay)
    assert (ema.total, ema.weight) == (floor(total) + EMA_ONE, floor(weight) + EMA_ONE)


@given(st.integers(-(10**6), 10**6), st.integers(1, 60), st.integers(1, 600))
def test_an_average_of_one_number_is_that_number(sample: int, count: int, constant: int) -> None:
    ema = Ema()
    for _ in range(count):
        ema_add(ema, 2 * sample, decay_of(1, constant))
    # Each floor takes less than 1e-18 of a half tick: it shows only where the true value is whole, and below it.
    assert ema_price(ema) in {sample - 1, sample}
    assert abs(ema.total - 2 * sample * ema.weight) <= (2 * abs(sample) + 1) * count


def test_what_was_long_ago_counts_nothing() -> None:
    ema = Ema()
    ema_add(ema, 10**9, decay_of(42, 1))
    ema_add(ema, 8, decay_of(42, 1))
    assert ema_price(ema) == 4


# ------------------------------------------------------------------------------------------------ the parts


@pytest.mark.parametrize(
    ("last", "bid", "ask", "fair"),
    [
        (2717, 2710, 2715, 2715),  # Deribit's example: above the ask
        (2712, 2710, 2715, 2712),
        (2700, 2710, 2715, 2710),
        (2710, 2710, 2715, 2710),
        (2715, 2710, 2715, 2715),
        (2717, 2710, None, 2717),
        (2700, None, 2715, 2700),
        (2700, None, None, 2700),
    ],
)
def test_the_fair_price_is_the_last_one_within_the_spread(
    last: int, bid: int | None, ask: int | None, fair: int
) -> None:
    assert fair_price(last, bid, ask) == fair


@pytest.mark.parametrize(
    ("price", "held"), [(278_100, 278_100), (278_101, 278_100), (261_900, 261_900), (261_899, 261_900)]
)
def test_a_price_is_held_at_exactly_the_band(price: int, held: int) -> None:
    assert clamp_around(price, 270_000, 3_000_000) == held


def test_a_band_between_ticks_is_rounded_inwards() -> None:
    assert clamp_around(1, 101, 1_000_000) == 100  # 99.99
    assert clamp_around(1000, 101, 1_000_000) == 102  # 102.01


@pytest.mark.parametrize(
    ("last", "bid", "ask", "price"),
    [
        (0, None, None, None),
        (1000, None, None, 1000),
        (0, 1003, None, 1003),
        (0, 1003, 1008, 1005),
        (1000, 1003, None, 1001),
        (1000, 1003, 1008, 1003),
        (1006, 1003, 1008, 1006),
        (2000, 1003, 1008, 1008),
    ],
)
def test_the_price_of_the_book_is_the_median_of_those_that_exist(
    last: int, bid: int | None, ask: int | None, price: int | None
) -> None:
    assert book_price(last, bid, ask) == price


@pytest.mark.parametrize(
    ("rate", "remaining", "price"),
    [
        (1_000_000, 8, 1010),
        (1_000_000, 4, 1005),
        (1_000_000, 1, 1001),  # 1001.25
        (-1_000_000, 1, 999),  # 998.75, toward the index
        (1_000_000, 0, 1000),
    ],
)
def test_the_funding_price_comes_to_the_index(rate: int, remaining: int, price: int) -> None:
    assert funding_price(INDEX, rate, remaining, 8) == price


# ------------------------------------------------------------------------------------------------ the rules


def test_median_of_three_is_the_middle_one() -> None:
    market = market_by(MarkRule.MEDIAN_OF_THREE, last=1010)
    assert sampled(market) == 1006  # index 1000, index and basis 1006, last 1010
    market.last_price = 1003
    assert sampled(market) == 1003
    market.last_price = 0
    assert sampled(market) == 1003  # of two the mean


def test_median_of_three_moves_with_the_funding_to_come() -> None:
    market = market_by(MarkRule.MEDIAN_OF_THREE, last=1020)
    sample_book(market)
    market.funding_rate, market.funding_interval, market.funding_due = 1_000_000, 8 * HOUR, 8 * HOUR
    assert mark_price(market, 0) == 1010
    assert mark_price(market, 2 * HOUR) == 1007
    market.last_price = 0
    assert mark_price(market, 0) == 1008  # the mean of 1010 and 1006
    market.funding_interval = 16 * HOUR  # of a longer interval less is left
    assert mark_price(market, 0) == 1005


@pytest.mark.parametrize(("bids", "asks"), [((), ((1008, 1),)), (((1004, 1),), ()), ((), ())])
def test_median_of_three_without_a_side_has_no_basis(bids: Levels, asks: Levels) -> None:
    market = market_by(MarkRule.MEDIAN_OF_THREE, bids, asks, last=1010)
    market.basis_samples = [40] * 5
    assert sampled(market, 2) == INDEX  # of 1000, 1000 and 1010
    assert market.basis_samples == [40] * 5 + [0] * 2


def test_the_window_of_the_basis_forgets() -> None:
    market = market_by(MarkRule.MEDIAN_OF_THREE, basis_window="3")
    market.basis_samples = [900, 900, 900]
    sampled(market, 2)
    assert market.basis_samples == [900, 12, 12]


def test_a_basis_below_is_rounded_down() -> None:
    market = market_by(MarkRule.MEDIAN_OF_THREE, ((989, 1),), ((1000, 1),), last=900)
    assert sampled(market) == 994  # 1000 - 5.5, the middle of 1000, 994 and 900


def test_funding_basis_is_index_and_funding_alone() -> None:
    market = market_by(MarkRule.FUNDING_BASIS, last=2000)
    assert sampled(market, 3) == INDEX
    market.funding_rate, market.funding_interval, market.funding_due = -1_000_000, 8 * HOUR, 8 * HOUR
    assert mark_price(market, 0) == 990
    assert mark_price(market, 8 * HOUR) == INDEX
    assert mark_price(market, 16 * HOUR) == INDEX  # nothing is left to come, and nothing less than that
    assert market.basis_samples == []


def test_fair_ema_averages_the_fair_price() -> None:
    market = market_by(MarkRule.FAIR_EMA, last=1020)
    assert mark_price(market, 0) == INDEX  # without samples
    assert sampled(market) == 1008  # the last price is above the ask
    market.last_price = 990
    # 1008 fades by e^(-1/30) against 1004: 1005.97, in the nearest tick.
    assert sampled(market) == 1006
    assert market.price_ema.weight == 0


@pytest.mark.parametrize(
    ("bids", "asks", "last", "mark"),
    [
        ((), ((1008, 1),), 990, 990),
        (((1004, 1),), (), 990, 1004),
        ((), (), 990, 990),
        (((1004, 1),), ((1008, 1),), 0, 1006),  # no trade yet: the mid price
        ((), ((1008, 1),), 0, 1000),
        ((), (), 0, 1000),
    ],
)
def test_fair_ema_on_thin_books(bids: Levels, asks: Levels, last: int, mark: int) -> None:
    assert sampled(market_by(MarkRule.FAIR_EMA, bids, asks, last)) == mark


def test_median_ema_is_the_median_of_three_views() -> None:
    market = market_by(MarkRule.MEDIAN_EMA, last=1007)
    assert mark_price(market, 0) == 1003  # no samples: of the index and the book's 1007 the mean
    assert sampled(market) == 1007  # index and basis 1006, the book now 1007, the book's average 1007
    market.last_price = 1004
    # The book says 1004 now, its average after a look is 1005.47, the basis 1006.
    assert sampled(market) == 1005


@pytest.mark.parametrize(
    ("bids", "asks", "last", "mark"),
    [
        ((), (), 0, 1000),
        ((), (), 1010, 1010),  # 1000, 1010, 1010
        (((1004, 1),), (), 0, 1004),
        ((), ((1008, 1),), 1010, 1009),
    ],
)
def test_median_ema_on_thin_books(bids: Levels, asks: Levels, last: int, mark: int) -> None:
    assert sampled(market_by(MarkRule.MEDIAN_EMA, bids, asks, last)) == mark


def test_median_ema_leaves_out_the_averaged_price_of_a_book_that_is_empty() -> None:
    market = market_by(MarkRule.MEDIAN_EMA)
    sampled(market)
    empty = market_by(MarkRule.MEDIAN_EMA, (), ())
    empty.price_ema, empty.basis_ema = market.price_ema, market.basis_ema
    weight = empty.price_ema.weight
    empty.price_ema.total = 2 * 2000 * weight
    assert mark_price(empty, 1) == 1006  # the basis alone
    sample_book(empty)
    assert empty.price_ema.weight == weight  # what does not exist is no sample, and nothing fades


@pytest.mark.parametrize(("basis", "price", "sums"), [(1, 30, (1, 30)), (30, 1, (30, 1))])
def test_each_average_has_its_own_time(basis: int, price: int, sums: tuple[int, int]) -> None:
    market = market_by(MarkRule.MEDIAN_EMA, basis_ema_seconds=str(basis), price_ema_seconds=str(price))
    sampled(market, 2)
    averages = (market.basis_ema, market.price_ema)
    assert [ema.weight - EMA_ONE for ema in averages] == [decay_of(1, constant) for constant in sums]


def test_last_price_is_the_index_before_the_first_trade() -> None:
    market = market_by(MarkRule.LAST_PRICE)
    assert sampled(market) == INDEX
    market.last_price = 77
    assert sampled(market) == 77


def test_the_index_is_its_own_mark() -> None:
    assert sampled(market_by(MarkRule.INDEX, last=2000)) == INDEX


@pytest.mark.parametrize(("last", "mark"), [(1030, 1030), (1031, 1030), (970, 970), (969, 970)])
def test_every_mark_is_held_in_its_band(last: int, mark: int) -> None:
    assert sampled(market_by(MarkRule.LAST_PRICE, last=last, band="0.03")) == mark


def test_a_mark_is_at_least_one_tick() -> None:
    market = market_by(MarkRule.FAIR_EMA, (), (), index=5)
    market.basis_ema = Ema(-100 * EMA_ONE, EMA_ONE)
    assert mark_price(market, 0) == 1


# --------------------------------------------------------------------------------------------- in the venue


def test_looks_at_the_book_come_at_multiples_and_only_with_an_index() -> None:
    priced = Priced({"mark.rule": "MEDIAN_OF_THREE", "mark.sample_interval_seconds": "2"})
    priced.tick(2 * SECOND)
    assert priced.market.basis_samples == []
    priced.price(3 * SECOND, 1000)
    priced.tick(4 * SECOND - 1)
    assert priced.market.basis_samples == []
    priced.tick(4 * SECOND)
    assert priced.market.basis_samples == [0]
    priced.tick(9 * SECOND)  # late: once, not twice
    assert priced.market.basis_samples == [0, 0]
