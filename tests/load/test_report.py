"""The report's arithmetic."""

import math

import pytest

from loadtests.outcomes import is_expected, outcome_of, unheard
from loadtests.plan import SHAPES, Phase
from loadtests.report import (
    SIGN_OF_LIFE,
    Call,
    Cores,
    Part,
    by_phase,
    knee,
    lines,
    outcomes,
    percentile,
    summary,
    unexpected,
    unheard_of,
)
from tests.load.test_plan import plan_of


def call(t_s: float, took_ms: float = 1.0, outcome: str = "ok", door: str = "REST", operation: str = "limit") -> Call:
    """Return a call."""
    return Call(t_s, door, operation, took_ms, outcome)


def part(offered: float, done: float, p95: float) -> Part:
    """Return a step with this throughput and this p95."""
    calls = summary([call(0, p95)], 1)
    return Part(Phase("", 0, 1), offered, type(calls)(1, done, (p95,) * 4, p95), (p95,) * 4, calls, (0.0,) * 4)


@pytest.mark.parametrize(
    ("permille", "value"), [(500, 5.0), (501, 6.0), (510, 6.0), (950, 10.0), (999, 10.0), (100, 1.0), (0, 1.0)]
)
def test_percentiles_are_nearest_rank(permille: int, value: float) -> None:
    assert percentile([float(number) for number in range(1, 11)], permille) == value


def test_a_rank_is_exact_however_many_calls_there_are() -> None:
    assert percentile(range(1, 41_001), 999) == 40_959  # 41,000 * 99.9 / 100 is more than that as a float


def test_of_nothing_there_is_no_percentile() -> None:
    assert math.isnan(percentile([], 500))


def test_a_summary_counts_and_ranks() -> None:
    row = summary((call(0, float(took)) for took in range(1000, 0, -1)), 10)
    assert (row.count, row.per_s, row.percentiles_ms, row.max_ms) == (1000, 100.0, (500.0, 950.0, 990.0, 999.0), 1000.0)


def test_a_call_belongs_to_the_phase_in_which_it_began() -> None:
    plan = plan_of("cascade")
    calls = [call(14.9, 1), call(15, 9), call(74.9, 500), call(80, 2), call(95, 3), call(20, door="leveraged")]
    calls += [call(30, 4, door="stream", operation="depth"), call(30, operation="leverage")]
    parts = {
        one.phase.name: one
        for one in by_phase(plan, calls, [Cores(30, 0.5, 0.2, 0.1, 0.0), Cores(40, 0.7, 0.2, 0.1, 0.0)])
    }
    fall = parts["fall"]
    start, end = fall.phase.start_s, fall.phase.end_s
    assert {name: one.calls.count for name, one in parts.items()} == {
        "spawn": 0,
        "before": sum(6 <= each.t_s < start for each in calls[:4]),
        "fall": sum(start <= each.t_s < end for each in calls[:4]),
        "after": sum(end <= each.t_s < 90 for each in calls[:4]),
    }
    assert fall.diffs.count == 1
    assert fall.cores == pytest.approx((0.6, 0.2, 0.1, 0.0))


def test_the_knee_is_the_last_step_before_latency_bends() -> None:
    assert knee([part(100, 100, 5), part(200, 200, 19), part(300, 300, 30)]) == 2


def test_the_knee_is_the_last_step_before_throughput_bends() -> None:
    assert knee([part(100, 100, 5), part(200, 155, 6), part(300, 300, 6)]) == 1


def test_nothing_bends() -> None:
    assert knee([part(100, 99, 5), part(200, 185, 19)]) == 2


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"orderId": 1}, "ok"),
        (200, [], "ok"),
        (400, {"code": -2019, "msg": ""}, "-2019"),
        (429, {"code": -1015, "msg": ""}, "-1015"),
        (503, {"code": -1008, "msg": ""}, "http 503 -1008"),
        (500, None, "http 500 None"),
        (404, {"msg": "no code"}, "http 404 None"),
    ],
)
def test_an_answer_in_one_word(status: int, body: object, outcome: str) -> None:
    assert outcome_of(status, body) == outcome


def test_what_a_venue_that_is_well_says() -> None:
    assert is_expected("REST", "-2011")
    assert is_expected("flood", "-1015")
    for word in ("-1015", "-1022", "http 503 -1008", unheard(TimeoutError()), "book chain broken"):
        assert not is_expected("WS", word)


def test_outcomes_are_told_by_operation_and_the_unexpected_counted() -> None:
    calls = [
        call(1),
        call(1, outcome="-2011"),
        call(1, outcome="-2011"),
        call(1, outcome=unheard(ConnectionResetError())),
    ]
    assert outcomes(calls) == {"REST limit": {"-2011": 2, "transport ConnectionResetError": 1}}
    assert unexpected(calls) == 1
    text = "\n".join(lines(plan_of("steady"), calls, [], {"conservationResidue": 0}))
    assert "Unexpected outcomes: 1. conservationResidue: 0" in text
    assert "* REST limit: 2 of -2011, 1 of transport ConnectionResetError (unexpected)" in text


def test_a_phase_in_which_few_calls_could_be_made_is_told() -> None:
    plan = plan_of("steady", 60.0)  # 108 calls a second are offered
    told = {
        made: "\n".join(lines(plan, [call(30 + at / 1e3) for at in range(made)], [], {})) for made in (4_000, 6_000)
    }
    assert "**steady: 71 of 108 calls/s were made" in told[4_000]
    assert "were made" not in told[6_000]


def test_a_kind_of_user_of_whom_nothing_was_heard_is_told() -> None:
    plan = plan_of("steady", 60.0)
    calls = [call(1), call(2, door="WS"), call(3, door="stream", operation="book looked at")]
    assert unheard_of(plan, calls) == ["Reader"]
    assert "**Nothing was heard of any Reader.**" in "\n".join(lines(plan, calls, [], {}))
    assert unheard_of(plan, [*calls, call(3, door="stream", operation="depth")]) == []
    assert all(kind in SIGN_OF_LIFE for shape in SHAPES.values() for kind in shape.weights)


def test_a_call_that_had_to_wait_for_the_one_before_counts_from_when_it_fell_due() -> None:
    """A stall of 100 ms, in which nine more calls fell due, one each 10 ms; each took a millisecond after it."""
    stalled = [Call(30.0, "REST", "limit", 100.0, "ok")]
    stalled += [Call(30.1, "REST", "limit", 1.0, "ok", late_ms=float(late)) for late in range(10, 100, 10)]
    steady = by_phase(plan_of("steady", 60.0), stalled, [])[1]
    assert steady.calls.percentiles_ms[0] == 1.0
    assert steady.since_due_ms == (51.0, 100.0, 100.0, 100.0)
