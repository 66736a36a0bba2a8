"""Books kept through diffs under load, for some seconds; `make book-sync` does the same for five minutes."""

from tests.conformance_clients.book_sync import RATE_PER_SECOND, run

SECONDS = 4


def test_books_kept_through_diffs_equal_that_of_the_venue() -> None:
    report = run(SECONDS)
    assert report.mismatches == []
    assert report.checkpoints >= 2
    assert report.updates >= RATE_PER_SECOND
