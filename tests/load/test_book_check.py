"""A reader notices when the chain of its book breaks, and when its sides meet."""

from typing import Any

from loadtests.book_check import BROKEN, CROSSED, CheckedBook
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
