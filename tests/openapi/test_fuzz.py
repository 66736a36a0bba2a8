"""A few hundred generated calls of a served venue, right ones and wrong ones: no 5xx, nothing undocumented."""

import json
from pathlib import Path

import pytest

from exchange.dialects.binance.document.openapi import openapi_document
from exchange.dialects.binance.rest.routes import ROUTES
from tests.openapi.answers import Answers
from tests.openapi.fuzz import fuzz, venue_in_a_thread

CALLS, SEED = 400, 1


def test_generated_calls_are_answered_as_documented(tmp_path: Path) -> None:
    with venue_in_a_thread(tmp_path / "data") as venue:
        report = fuzz(venue, CALLS, SEED)
    assert report.found == []
    assert len(report.endpoints) == len(ROUTES)
    assert report.statuses[200] > CALLS // 10
    assert len(report.refused) > 10, "kinds of refusals"


def test_an_answer_that_is_not_as_documented_is_seen() -> None:
    answers = Answers(json.loads(json.dumps(openapi_document(ROUTES, "test"))))
    assert answers.faults("GET", "/fapi/v1/time", 200, {"serverTime": 1}) == []
    wrongs: list[object] = [{}, {"serverTime": "1"}, {"serverTime": 1, "more": 1}, []]
    for wrong in wrongs:
        assert answers.faults("GET", "/fapi/v1/time", 200, wrong) != []
    with pytest.raises(KeyError):
        answers.faults("GET", "/fapi/v1/time", 500, {"code": -1000, "msg": ""})
