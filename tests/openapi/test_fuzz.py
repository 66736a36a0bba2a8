"""A few hundred generated calls of a served venue, right ones and wrong ones: no 5xx, nothing undocumented."""

from pathlib import Path

from exchange.dialects.binance.routes import ROUTES
from tests.openapi.fuzz import fuzz, venue_in_a_thread

CALLS, SEED = 400, 1


def test_generated_calls_are_answered_as_documented(tmp_path: Path) -> None:
    with venue_in_a_thread(tmp_path / "data") as venue:
        report = fuzz(venue, CALLS, SEED)
    assert report.found == []
    assert len(report.endpoints) == len(ROUTES)
    assert report.statuses[200] > CALLS // 10
    assert len(report.refused) > 10, "kinds of refusals"
