"""A reader notices when the chain of its book breaks, and when its sides meet."""

from typing import Any

import pytest

from loadtests.book_check import BROKEN, CROSSED, DIFFERENT, CheckedBook
from loadtests.outcomes import OK

SNAPSHOT = {"lastUpdateId": 10, "bids": [["99.0", "1"]], "asks": [["101.0", "1"]]}


def diff(first: int, last: int, previous: int, **sides: list[list[str]]) -> dict[str, Any]:
    """Return a depthUpdate."""
    return {"e": "depthUpdate", "U": first, "u": last, "pu": previous, "b": sides.get("b", []), "a": sides.get("a", [])}


def book() -> CheckedBook:
    """Return a book as of the snapshot."""
    checked = CheckedBook()
    checked.reset(SNAPSHOT)
    return checked


def test_a_chain_that_holds() -> None:
    checked = book()
    assert [checked.hear(event) for event in (diff(5, 9, 4), diff(10, 12, 9), diff(13, 13, 12))] == [OK] * 3


def test_a_diff_that_is_missing_breaks_the_chain_until_the_next_snapshot() -> None:
    checked = book()
    checked.hear(diff(10, 12, 9))
    assert checked.hear(diff(14, 15, 13)) == BROKEN
    assert checked.hear(diff(16, 16, 15)) == BROKEN
    checked.reset({**SNAPSHOT, "lastUpdateId": 16})
    assert checked.hear(diff(17, 18, 16)) == OK


def test_a_diff_before_any_snapshot_asks_for_one() -> None:
    assert CheckedBook().hear(diff(1, 2, 0)) == BROKEN


def test_sides_that_meet() -> None:
    checked = book()
    assert checked.stand() == OK
    checked.hear(diff(10, 11, 9, b=[["101.0", "2"]]))
    assert checked.stand() == CROSSED
    checked.hear(diff(12, 12, 11, a=[["101.0", "0"]]))
    assert checked.stand() == OK  # one side is empty


def told(update_id: int, bids: list[list[str]], asks: list[list[str]]) -> dict[str, Any]:
    """Return a snapshot."""
    return {"lastUpdateId": update_id, "bids": bids, "asks": asks}


def test_a_snapshot_in_the_middle_of_a_diff_is_compared_without_the_levels_that_change() -> None:
    checked = book()
    checked.expect(told(13, [["99.0", "1"]], [["101.0", "1"], ["102.0", "7"]]))
    assert checked.compare(diff(10, 12, 9)) == ""
    checked.hear(diff(10, 12, 9))
    event = diff(13, 15, 12, a=[["102.0", "8"]])
    assert checked.compare(event) == OK
    checked.hear(event)
    assert checked.compare(diff(16, 16, 15)) == "", "it is compared once"


def test_a_snapshot_between_two_diffs_is_compared_whole() -> None:
    for quantity, outcome in (("1", OK), ("2", DIFFERENT)):
        checked = book()
        checked.hear(diff(10, 12, 9))
        checked.expect(told(12, [["99.0", quantity]], [["101.0", "1"]]))
        assert checked.compare(diff(13, 14, 12, b=[["99.0", "5"]])) == outcome


@pytest.mark.parametrize(
    ("bids", "asks"),
    [([], [["101.0", "1"]]), ([["99.0", "1"]], [["101.0", "3"]]), ([["99.0", "1"], ["98.0", "1"]], [["101.0", "1"]])],
)
def test_a_level_that_is_missing_too_many_or_of_another_size_is_seen(
    bids: list[list[str]], asks: list[list[str]]
) -> None:
    checked = book()
    checked.expect(told(11, bids, asks))
    assert checked.compare(diff(10, 12, 9, a=[["105.0", "1"]])) == DIFFERENT


def test_a_snapshot_older_than_the_book_says_nothing() -> None:
    checked = book()
    checked.hear(diff(10, 12, 9))
    checked.expect(told(11, [], []))
    assert checked.compare(diff(13, 13, 12)) == ""


def test_of_a_broken_chain_nothing_is_compared() -> None:
    checked = book()
    checked.hear(diff(10, 12, 9))
    checked.expect(told(15, [], []))
    assert checked.compare(diff(14, 16, 13)) == ""
