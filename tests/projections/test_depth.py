"""The folded book and its diffs, tried with updates written by hand and against a plain dictionary (seed 7)."""

import random

import pytest

from exchange.core.events import BookChanged
from exchange.core.units import Lots, Ticks
from exchange.projections.depth import Depth, DepthDiff


def change(update_id: int, bids: dict[int, int] | None = None, asks: dict[int, int] | None = None) -> BookChanged:
    def levels(side: dict[int, int] | None) -> tuple[tuple[Ticks, Lots], ...]:
        return tuple((Ticks(price), Lots(quantity)) for price, quantity in (side or {}).items())

    return BookChanged("BTCUSDT", update_id, levels(bids), levels(asks))


def test_best_prices_come_first_and_empty_levels_go() -> None:
    depth = Depth()
    assert (depth.best_bid(), depth.best_ask()) == (None, None)
    depth.fold(5, change(1, {100: 1, 101: 2}, {105: 3, 103: 4}))
    assert depth.bids(5) == [(101, 2), (100, 1)]
    assert depth.asks(1) == [(103, 4)]
    depth.fold(6, change(2, {101: 0}, {103: 0}))
    assert (depth.best_bid(), depth.best_ask()) == ((100, 1), (105, 3))
    assert (depth.update_id, depth.ts) == (2, 6)


def test_a_gap_is_our_error_from_the_first_update_on() -> None:
    depth = Depth()
    with pytest.raises(AssertionError):
        depth.fold(5, change(2, {100: 1}))
    depth.fold(5, change(1, {100: 1}))
    with pytest.raises(AssertionError):
        depth.fold(6, change(3, {100: 1}))


def test_a_diff_holds_the_newest_total_of_each_touched_level() -> None:
    diff = DepthDiff(4)
    assert diff.take() is None
    diff.fold(1, change(5, {100: 1, 99: 7}, {105: 1}))
    diff.fold(2, change(6, {100: 0, 101: 2}))
    assert diff.take() == (4, 6, [(101, 2), (100, 0), (99, 7)], [(105, 1)])
    assert diff.take() is None
    diff.fold(3, change(7, {}, {106: 1}))
    assert diff.take() == (6, 7, [], [(106, 1)])


def test_a_book_rebuilt_from_diffs_of_any_pace_is_the_book() -> None:
    chance = random.Random(7)
    depth = Depth()
    diffs = {pace: DepthDiff(0) for pace in (1, 3, 10)}
    books: dict[int, tuple[dict[int, int], dict[int, int]]] = {pace: ({}, {}) for pace in diffs}
    for update_id in range(1, 301):
        bids = {chance.randrange(90, 100): chance.randrange(3) for _ in range(3)}
        asks = {chance.randrange(100, 110): chance.randrange(3) for _ in range(3)}
        event = change(update_id, bids, asks)
        depth.fold(update_id, event)
        for pace, diff in diffs.items():
            diff.fold(update_id, event)
            if update_id % pace == 0:
                taken = diff.take()
                assert taken is not None
                assert taken[:2] == (update_id - pace, update_id)
                books[pace][0].update(taken[2])
                books[pace][1].update(taken[3])
    for bid_side, ask_side in books.values():
        assert sorted(((p, q) for p, q in bid_side.items() if q), reverse=True) == depth.bids(100)
        assert sorted((p, q) for p, q in ask_side.items() if q) == depth.asks(100)
