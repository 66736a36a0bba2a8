"""The index: sources held near their median, silent at exactly their time, lost and found again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.commands import DropIndexSource, Resume, SetIndexPrice, SetMarketState, Tick
from exchange.core.enums import MarketState, RejectReason, SourceStatus
from exchange.core.events import IndexPriceSet, IndexSourceChanged, MarketStateSet, MarkPriceSet, Rejected
from exchange.core.index import index_of
from exchange.core.snapshot import state_hash
from exchange.core.units import NEVER, SECOND, Nanos, Ticks, clamp_around
from tests.core.priced import START, SYMBOL, Priced

# Three sources that fall silent after 10 s; marks every second.
THREE = {
    "index.sources": "a:2,b:1,c:1",
    "index.clamp": "0.05",
    "index.stale_seconds": "10",
    "mark.interval_seconds": "1",
}
LIVE, STALE = SourceStatus.LIVE, SourceStatus.STALE
PAIRS = st.lists(st.tuples(st.integers(1, 1_000_000), st.integers(1, 10**7)), min_size=1, max_size=16)


def changed(source: str, status: SourceStatus) -> IndexSourceChanged:
    return IndexSourceChanged(SYMBOL, source, status)


def index_set(price: int, source_ts: int = 0) -> IndexPriceSet:
    return IndexPriceSet(SYMBOL, Ticks(price), Nanos(source_ts))


def state_set(state: MarketState) -> MarketStateSet:
    return MarketStateSet(SYMBOL, state)


# --------------------------------------------------------------------------------------------------- the mean


@pytest.mark.parametrize(
    ("price", "held"),
    [
        (21_400, 21_000),
        (18_800, 19_000),
        (21_000, 21_000),
        (21_001, 21_000),
        (20_999, 20_999),
        (19_000, 19_000),
        (18_999, 19_000),
        (19_001, 19_001),
        (20_000, 20_000),
    ],
)
def test_a_source_is_held_at_exactly_the_clamp(price: int, held: int) -> None:
    """The first two are the example of Binance's pages on the index: 5 % of 20,000."""
    assert clamp_around(price, 20_000, 5_000_000) == held


@pytest.mark.parametrize(("price", "held"), [(1, 100), (1000, 102)])
def test_bounds_between_ticks_are_rounded_inwards(price: int, held: int) -> None:
    assert clamp_around(price, 101, 1_000_000) == held  # 99.99 to 102.01


def test_bounds_between_ticks_hold_no_more_than_the_clamp() -> None:
    assert clamp_around(1, 101, 900_000) == 101  # 100.091 to 101.909: only the median itself is inside
    assert clamp_around(1000, 101, 900_000) == 101


@pytest.mark.parametrize(
    ("pairs", "clamp", "index"),
    [
        ([(1, 7)], 1, 7),
        ([(3, 100), (1, 101)], 5_000_000, 100),  # 100.25, down
        ([(1, 100), (3, 101)], 5_000_000, 100),  # 100.75, down
        ([(1, 100), (1, 100), (2, 1000)], 5_000_000, 102),  # 1000 is held at 105: 102.5
        ([(1, 100), (1, 301)], 10_000_000, 200),  # median 200.5, down: held at 180 and 220
    ],
)
def test_the_index_is_the_weighted_mean_of_held_prices(pairs: list[tuple[int, int]], clamp: int, index: int) -> None:
    assert index_of(pairs, clamp) == index


@given(PAIRS, st.integers(1, 10**8 - 1))
def test_the_index_lies_among_its_sources_in_whatever_order(pairs: list[tuple[int, int]], clamp: int) -> None:
    index = index_of(pairs, clamp)
    assert min(price for _, price in pairs) <= index <= max(price for _, price in pairs)
    assert index_of(pairs[::-1], clamp) == index


@given(PAIRS, st.integers(1, 50_000_000), st.integers(1, 10**12))
def test_no_minority_can_pull_the_index_beyond_the_clamp(pairs: list[tuple[int, int]], clamp: int, absurd: int) -> None:
    honest = [(weight, 10_000) for weight, _ in pairs]
    index = index_of([*honest, (10**6, 10_000), (1, absurd)], clamp)
    assert abs(index - 10_000) * 10**8 <= 10_000 * clamp + 10**8


# --------------------------------------------------------------------------------------------------- sources


def test_a_source_is_lost_until_its_first_price() -> None:
    priced = Priced(THREE)
    assert [source.status for source in priced.market.sources.values()] == [SourceStatus.LOST] * 3
    assert priced.market.state is MarketState.TRADING  # it was never priced: that is no loss
    assert priced.price(0, 1000, "b", source_ts=5)[:2] == [changed("b", SourceStatus.LIVE), index_set(1000, 5)]
    # The first index is at once the mark.
    assert priced.market.mark_price == 1000
    # A second source counts with its weight: (2 * 1010 + 1000) / 3 = 1006.67.
    assert priced.price(1, 1010, "a", source_ts=6) == [changed("a", SourceStatus.LIVE), index_set(1006, 6)]
    # The mark waits for its tick.
    assert priced.market.mark_price == 1000


def test_an_empty_source_is_all_of_them_in_the_order_of_the_contract() -> None:
    events = Priced(THREE).price(0, 1000)
    assert events[:3] == [changed(name, SourceStatus.LIVE) for name in "abc"]
    assert events[3] == index_set(1000)


def test_the_same_price_again_is_told_again() -> None:
    priced = Priced(THREE)
    priced.price(0, 1000)
    assert priced.price(1, 1000, source_ts=9) == [index_set(1000, 9)]


def test_a_source_falls_silent_exactly_at_its_time() -> None:
    priced = Priced(THREE)
    priced.price(0, 1000)
    priced.price(1, 1010, "b")
    priced.price(2, 1020, "c")
    assert priced.market.stale_due == START + 10 * SECOND
    events = priced.tick(10 * SECOND - 1)
    assert not [event for event in events if isinstance(event, IndexSourceChanged)]
    assert priced.venue.next_due == START + 10 * SECOND
    events = priced.tick(10 * SECOND)
    # 2 * 1000 + 1010 + 1020 over four was 1007; the two that are left have 1015.
    assert events[:2] == [changed("a", SourceStatus.STALE), index_set(1015)]
    assert [event.index_price for event in events if isinstance(event, MarkPriceSet)] == [1015]
    assert priced.market.stale_due == START + 10 * SECOND + 1


def test_without_a_living_source_the_index_stands_still_and_says_so() -> None:
    priced = Priced(THREE)
    priced.price(0, 1000)
    priced.tick(9 * SECOND)
    stale = priced.tick(10 * SECOND)
    assert stale[:4] == [
        *(changed(name, SourceStatus.STALE) for name in "abc"),
        state_set(MarketState.INDEX_STALE),
    ]
    market = priced.market
    assert (market.index_price, market.stale_due, market.frozen) == (1000, NEVER, True)
    # No mark in the tick in which it falls silent, and none later; due times go on.
    assert not any(isinstance(event, MarkPriceSet) for event in [*stale, *priced.tick(11 * SECOND)])
    assert market.mark_due == START + 12 * SECOND
    assert len(market.basis_samples) == 0
    assert market.premium.count == 1
    back = priced.price(12 * SECOND - 1, 900, "c")
    assert back == [changed("c", SourceStatus.LIVE), index_set(900), state_set(MarketState.TRADING)]
    assert [type(event) for event in priced.tick(12 * SECOND)] == [MarkPriceSet]


def test_a_price_in_time_keeps_a_source_alive() -> None:
    priced = Priced(THREE)
    priced.price(0, 1000)
    priced.price(10 * SECOND - 1, 1000)
    assert not [event for event in priced.tick(10 * SECOND) if isinstance(event, IndexSourceChanged)]
    assert priced.market.stale_due == START + 20 * SECOND - 1


def test_nothing_falls_silent_where_silence_is_not_watched() -> None:
    priced = Priced({"mark.interval_seconds": "1"})
    priced.price(0, 1000)
    assert priced.market.stale_due == NEVER
    assert [type(event) for event in priced.tick(3600 * SECOND)] == [MarkPriceSet]


def test_a_dropped_source_counts_no_more() -> None:
    priced = Priced(THREE)
    priced.price(0, 1000, source_ts=3)
    priced.price(1, 1040, "a", source_ts=4)
    assert priced.market.index_price == 1020
    assert priced.drop(2, "a") == [changed("a", SourceStatus.LOST), index_set(1000, 4)]
    assert priced.drop(3, "a") == []  # it is lost already
    assert priced.drop(4, "b") == [changed("b", SourceStatus.LOST)]  # the index does not change
    assert priced.drop(5) == [changed("c", SourceStatus.LOST), state_set(MarketState.INDEX_STALE)]
    assert priced.market.index_price == 1000


def test_a_silent_source_can_be_dropped() -> None:
    priced = Priced(THREE)
    priced.price(0, 1000)
    priced.tick(10 * SECOND)
    assert priced.drop(11 * SECOND, "b") == [changed("b", SourceStatus.LOST)]
    assert priced.market.state is MarketState.INDEX_STALE


def test_without_an_interval_the_mark_follows_the_index() -> None:
    priced = Priced({**THREE, "mark.interval_seconds": "0"})
    assert [type(event) for event in priced.price(0, 1000)[3:]] == [IndexPriceSet, MarkPriceSet]
    priced.price(1, 1040, "a")
    dropped = priced.drop(2, "a")
    assert [type(event) for event in dropped] == [IndexSourceChanged, IndexPriceSet, MarkPriceSet]
    priced.price(3, 1040, "a")
    silent = priced.tick(10 * SECOND)
    assert [type(event) for event in silent] == [IndexSourceChanged] * 2 + [IndexPriceSet, MarkPriceSet]
    assert priced.market.mark_price == 1040


@pytest.mark.parametrize("seconds", ["0", "1"])
def test_a_price_that_is_not_enough_for_an_index_makes_no_mark(seconds: str) -> None:
    priced = Priced({**THREE, "index.min_live": "2", "mark.interval_seconds": seconds})
    assert priced.price(0, 1000, "a") == [changed("a", SourceStatus.LIVE)]
    assert (priced.market.index_price, priced.market.mark_price, priced.market.state) == (0, 0, MarketState.TRADING)
    first = priced.price(1, 1000, "b")
    assert [type(event) for event in first] == [IndexSourceChanged, IndexPriceSet, MarkPriceSet]
    assert priced.drop(2, "b") == [changed("b", SourceStatus.LOST), state_set(MarketState.INDEX_STALE)]
    assert priced.price(3, 900, "a") == []
    assert (priced.market.index_price, priced.market.mark_price) == (1000, 1000)


@pytest.mark.parametrize("needed", [1, 2, 3])
def test_exactly_as_many_living_sources_as_are_needed_are_enough(needed: int) -> None:
    priced = Priced({**THREE, "index.min_live": str(needed)})
    priced.price(0, 1000)
    for live in (2, 1, 0):
        priced.drop(3 - live, "abc"[live])
        assert priced.market.index_stale == (live < needed)
    for live in (1, 2, 3):
        found = priced.price(2 + live, 1000 + live, "abc"[live - 1])
        assert (IndexPriceSet in map(type, found)) == (live >= needed)
        assert (state_set(MarketState.TRADING) in found) == (live == needed)


@pytest.mark.parametrize(("needed", "state"), [(1, MarketState.TRADING), (2, MarketState.INDEX_STALE)])
def test_silence_leaves_too_few_as_loss_does(needed: int, state: MarketState) -> None:
    for command in (Tick(), Resume()):
        priced = Priced({**THREE, "index.min_live": str(needed)})
        priced.price(0, 1000)
        priced.price(5 * SECOND, 1000, "a")
        priced.at(10 * SECOND, command)
        assert [source.status for source in priced.market.sources.values()] == [LIVE, STALE, STALE]
        assert priced.market.state is state


def test_sources_fall_silent_during_an_outage() -> None:
    priced = Priced({**THREE, "mark.interval_seconds": "0"})
    priced.price(0, 1000)
    priced.price(5 * SECOND, 1040, "a")
    events = priced.at(12 * SECOND, Resume())
    assert [type(event) for event in events[1:]] == [IndexSourceChanged] * 2 + [IndexPriceSet, MarkPriceSet]
    assert priced.market.mark_price == 1040
    assert priced.at(15 * SECOND, Resume())[1:] == [
        changed("a", SourceStatus.STALE),
        state_set(MarketState.INDEX_STALE),
    ]


@pytest.mark.parametrize("state", [MarketState.HALTED, MarketState.CANCEL_ONLY])
def test_a_restricted_contract_stays_so_while_its_index_is_stale(state: MarketState) -> None:
    priced = Priced(THREE)
    priced.price(0, 1000)
    priced.at(0, SetMarketState(SYMBOL, state))
    assert priced.drop(1) == [changed(name, SourceStatus.LOST) for name in "abc"]
    assert (priced.market.state, priced.market.frozen) == (state, True)
    assert priced.at(2, SetMarketState(SYMBOL, MarketState.TRADING)) == [state_set(MarketState.INDEX_STALE)]


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (SetIndexPrice("DOGE", Ticks(1)), Rejected(RejectReason.UNKNOWN_SYMBOL)),
        (SetIndexPrice(SYMBOL, Ticks(0), source="d"), Rejected(RejectReason.UNKNOWN_INDEX_SOURCE)),
        (SetIndexPrice(SYMBOL, Ticks(0)), Rejected(RejectReason.PRICE_NOT_POSITIVE)),
        (SetIndexPrice(SYMBOL, Ticks(10_000_001)), Rejected(RejectReason.PRICE_ABOVE_MAX, detail=10_000_000)),
        (DropIndexSource("DOGE"), Rejected(RejectReason.UNKNOWN_SYMBOL)),
        (DropIndexSource(SYMBOL, "d"), Rejected(RejectReason.UNKNOWN_INDEX_SOURCE)),
    ],
)
def test_refusals(command: SetIndexPrice | DropIndexSource, refusal: Rejected) -> None:
    priced = Priced(THREE)
    before = state_hash(priced.venue.state)
    assert priced.at(1, command) == [refusal]
    assert state_hash(priced.venue.state) == before


def test_the_highest_price_is_taken() -> None:
    assert Priced(THREE).price(0, 10_000_000)[3] == index_set(10_000_000)
