"""The circuit breaker at exactly its move, its window and its pause, and what a contract allows meanwhile."""

import pytest

from exchange.core.commands import Resume, SetMarketState
from exchange.core.enums import MarketState, RejectReason
from exchange.core.events import CircuitBroken, Event, MarketStateSet, MarkPriceSet, Rejected
from exchange.core.market_state import breaking_reference
from exchange.core.units import NEVER, SECOND, Nanos, Ticks
from tests.core.priced import START, SYMBOL, Priced

# The mark is the index, at once; 10 % within 60 s halt for 300 s.
TEN_PERCENT = {"breaker.move": "0.1", "breaker.window_seconds": "60", "breaker.pause_seconds": "300"}
WINDOW, PAUSE = 60 * SECOND, 300 * SECOND


def broken(mark: int, reference: int, offset: int) -> list[Event]:
    """What follows the mark that breaks the circuit."""
    return [
        CircuitBroken(SYMBOL, Ticks(mark), Ticks(reference), Nanos(START + offset + PAUSE)),
        MarketStateSet(SYMBOL, MarketState.HALTED),
    ]


def after_mark(events: list[Event]) -> list[Event]:
    """What follows the mark in the events of an index price."""
    marks = [position for position, event in enumerate(events) if isinstance(event, MarkPriceSet)]
    return events[marks[0] + 1 :]


@pytest.mark.parametrize(
    ("marks", "mark", "reference"),
    [
        ([1000, 900], 900, 1000),
        ([1000, 901], 901, None),
        ([1000, 1100], 1100, 1000),
        ([1000, 1099], 1099, None),
        # 10 % of the reference, not of the mark: from 1111 it is 999.9, from 909 it is 999.9.
        ([1111, 1000], 1000, None),
        ([1112, 1000], 1000, 1112),
        ([909, 1000], 1000, 909),
        ([910, 1000], 1000, None),
        # Far from both: the fall is named.
        ([1100, 800, 980], 980, 1100),
        ([500], 500, None),
    ],
)
def test_it_breaks_at_exactly_the_move(marks: list[int], mark: int, reference: int | None) -> None:
    assert breaking_reference(max(marks), min(marks), mark, 10_000_000) == reference


@pytest.mark.parametrize(("mark", "reaches"), [(901, False), (900, True), (1099, False), (1100, True)])
def test_a_mark_that_moves_so_far_halts_the_contract(mark: int, reaches: bool) -> None:
    priced = Priced(TEN_PERCENT)
    assert after_mark(priced.price(0, 1000)) == []
    assert after_mark(priced.price(1, mark)) == (broken(mark, 1000, 1) if reaches else [])
    assert priced.market.frozen is reaches


def test_several_small_moves_are_one_of_the_window() -> None:
    priced = Priced(TEN_PERCENT)
    for offset, mark in ((0, 1000), (10, 970), (20, 940)):
        assert after_mark(priced.price(offset * SECOND, mark)) == []
    assert after_mark(priced.price(30 * SECOND, 900)) == broken(900, 1000, 30 * SECOND)


@pytest.mark.parametrize(("offset", "breaks"), [(WINDOW - 1, True), (WINDOW, False)])
def test_a_mark_as_old_as_the_window_is_forgotten(offset: int, breaks: bool) -> None:
    priced = Priced(TEN_PERCENT)
    priced.price(0, 1000)
    assert bool(after_mark(priced.price(offset, 900))) is breaks
    assert len(priced.market.high_marks) == (0 if breaks else 1)


def test_the_pause_ends_exactly_at_its_end() -> None:
    priced = Priced(TEN_PERCENT)
    priced.price(0, 1000)
    priced.price(0, 900)
    assert priced.market.breaker_due == START + PAUSE
    assert priced.tick(PAUSE - 1) == []
    assert priced.market.state is MarketState.HALTED
    assert priced.venue.next_due <= START + PAUSE
    assert priced.tick(PAUSE) == [MarketStateSet(SYMBOL, MarketState.TRADING)]
    assert priced.market.breaker_due == NEVER


def test_marks_of_the_pause_are_made_and_forgotten() -> None:
    priced = Priced(TEN_PERCENT)
    priced.price(0, 1000)
    priced.price(1, 900)
    assert after_mark(priced.price(PAUSE - SECOND, 500)) == []
    assert priced.market.mark_price == 500
    assert not priced.market.high_marks
    priced.tick(PAUSE + 1)
    # Nothing of before the end counts: the first mark after it is the first of all.
    assert after_mark(priced.price(PAUSE + 2, 400)) == []
    assert after_mark(priced.price(PAUSE + 3, 360)) == broken(360, 400, PAUSE + 3)


def test_the_mark_taken_straight_from_the_index_is_not_watched() -> None:
    priced = Priced({**TEN_PERCENT, "mark.interval_seconds": "1"})
    priced.price(0, 1000)
    assert not priced.market.high_marks
    priced.price(1, 500)
    # The first mark of a tick is half of it, and breaks nothing.
    assert after_mark(priced.tick(SECOND)) == []
    assert list(priced.market.high_marks) == [(START + SECOND, 500)]
    priced.price(SECOND + 1, 450)
    assert after_mark(priced.tick(2 * SECOND)) == broken(450, 500, 2 * SECOND)


def test_without_a_move_there_is_no_breaker() -> None:
    priced = Priced({})
    priced.price(0, 1000)
    assert after_mark(priced.price(1, 1)) == []
    assert not priced.market.high_marks


def test_to_open_the_contract_closes_the_breaker() -> None:
    priced = Priced(TEN_PERCENT)
    priced.price(0, 1000)
    priced.price(1, 900)
    opened = [MarketStateSet(SYMBOL, MarketState.TRADING)]
    assert priced.at(2, SetMarketState(SYMBOL, MarketState.TRADING)) == opened
    assert priced.market.breaker_due == NEVER
    assert priced.tick(PAUSE + 1) == []


@pytest.mark.parametrize("state", [MarketState.CANCEL_ONLY, MarketState.HALTED])
def test_what_the_operator_sets_during_the_pause_holds_after_it(state: MarketState) -> None:
    priced = Priced(TEN_PERCENT)
    priced.price(0, 1000)
    priced.price(1, 900)
    assert priced.at(2, SetMarketState(SYMBOL, state)) == [MarketStateSet(SYMBOL, MarketState.HALTED)]
    told = [] if state is MarketState.HALTED else [MarketStateSet(SYMBOL, state)]
    assert priced.tick(PAUSE + 1) == told
    assert priced.market.state is state


def test_breaking_a_contract_that_was_halted_is_told_as_the_break_alone() -> None:
    priced = Priced(TEN_PERCENT)
    priced.price(0, 1000)
    priced.at(1, SetMarketState(SYMBOL, MarketState.HALTED))
    assert after_mark(priced.price(2, 900)) == broken(900, 1000, 2)[:1]


def test_a_pause_that_ended_during_an_outage_is_over() -> None:
    priced = Priced(TEN_PERCENT)
    priced.price(0, 1000)
    priced.price(1, 900)
    assert priced.at(PAUSE, Resume())[1:] == []
    assert priced.at(PAUSE + 1, Resume())[1:] == [MarketStateSet(SYMBOL, MarketState.TRADING)]


def test_a_stale_index_shows_again_when_the_pause_ends() -> None:
    priced = Priced(TEN_PERCENT)
    priced.price(0, 1000)
    priced.price(1, 900)
    priced.drop(2)
    assert priced.market.state is MarketState.HALTED
    assert priced.tick(PAUSE + 1) == [MarketStateSet(SYMBOL, MarketState.INDEX_STALE)]


def test_refusals() -> None:
    priced = Priced({})
    unknown = SetMarketState("DOGE", MarketState.INDEX_STALE)
    assert priced.at(0, unknown) == [Rejected(RejectReason.UNKNOWN_SYMBOL)]
    stale = SetMarketState(SYMBOL, MarketState.INDEX_STALE)
    assert priced.at(0, stale) == [Rejected(RejectReason.VALUE_OUT_OF_RANGE)]


def test_a_state_is_told_also_when_it_is_what_it_was() -> None:
    opened = SetMarketState(SYMBOL, MarketState.TRADING)
    assert Priced({}).at(0, opened) == [MarketStateSet(SYMBOL, MarketState.TRADING)]
