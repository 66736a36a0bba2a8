"""Who trades when, and where the index is."""

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from clients.ready import Credentials
from loadtests.hand import Hand, Touch, named
from loadtests.plan import (
    FALL,
    KNEE_STEPS,
    SHAPES,
    START_INDEX,
    IndexPath,
    Plan,
    fall_at,
    offered_at,
    phase_at,
    phases,
    read_plan,
    users_at,
)


def plan_of(shape: str, seconds: float = 90.0, users: int | None = None) -> Plan:
    """Return a plan for a venue that nobody asks."""
    team = Credentials(1, "key", "secret")
    return Plan(shape, seconds, users or SHAPES[shape].users, 1, "out", teams=(team,))


def test_a_plan_is_read_as_it_was_written_and_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    plan_of("cascade").write(path)
    assert read_plan(path) == plan_of("cascade")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("shape", [name for name, shape in SHAPES.items() if not shape.stepped])
@pytest.mark.parametrize("seconds", [15.0, 90.0, 600.0])
def test_phases_cover_a_run_without_gaps(shape: str, seconds: float) -> None:
    parts = phases(shape, seconds)
    assert (parts[0].start_s, parts[-1].end_s) == (0.0, seconds)
    assert all(first.end_s == second.start_s and first.start_s < first.end_s for first, second in pairwise(parts))


def test_a_phase_is_found_by_time() -> None:
    parts = phases("cascade", 90.0)
    assert [phase_at(parts, t_s) for t_s in (0, 7, 50, 89.9, 90)] == ["spawn", "before", "fall", "after", ""]


def test_the_index_falls_ten_percent_in_sixty_seconds_when_there_is_time() -> None:
    plan = plan_of("cascade")
    fall = next(part for part in phases(plan.shape, plan.seconds) if part.name == "fall")
    assert fall.end_s - fall.start_s == 60.0
    assert fall_at(plan, fall.start_s) == 1.0
    assert fall_at(plan, fall.start_s + 30) == pytest.approx(1 - FALL / 2)
    assert fall_at(plan, fall.end_s) == fall_at(plan, 90) == pytest.approx(1 - FALL)
    assert fall_at(plan_of("steady"), 60) == 1.0


def test_the_index_path_is_seeded() -> None:
    paths = [IndexPath(plan_of("steady")) for _ in range(2)]
    first, second = ([path.at(t_s / 4) for t_s in range(100)] for path in paths)
    assert first == second
    assert len(set(first)) == 100
    assert max(abs(price / START_INDEX - 1) for price in first) < 0.005


def test_a_knee_climbs_in_steps_and_ends() -> None:
    plan = plan_of("knee", 60.0, users=100)
    assert [users_at(plan, t_s) for t_s in (0, 5.9, 6, 59.9, 60)] == [(10, 10.0)] * 2 + [(20, 10.0), (100, 10.0), None]
    uneven = plan_of("knee", seconds=60, users=95)
    assert [users_at(uneven, t_s) for t_s in (0, 6, 59.9)] == [(9, 10.0), (19, 10.0), (95, 10.0)]
    assert len(phases("knee", 60.0)) == KNEE_STEPS
    assert offered_at(plan, 59) == pytest.approx(100 * 0.9 * 10)  # one in ten only reads
    assert offered_at(plan, 60) == 0.0


def test_a_hand_quotes_near_the_index_on_the_grid_and_remembers_its_orders() -> None:
    hand = Hand("bot", Touch(100_000.0), Random(1))
    orders = [hand.limit() for _ in range(500)]
    away = [(100_000 - float(order["price"])) * (1 if order["side"] == "BUY" else -1) for order in orders]
    assert all(-30 <= distance <= 800 for distance in away)
    assert 0.05 < sum(distance < 0 for distance in away) / len(away) < 0.25  # those trade
    assert all(float(order["price"]) * 10 == round(float(order["price"]) * 10) for order in orders)
    assert len({order["newClientOrderId"] for order in orders}) == 500
    hand.working.extend(["bot-1", "bot-2"])
    assert hand.any_working() in [named("bot-1"), named("bot-2")]
    assert [hand.oldest(), hand.oldest(), hand.oldest()] == [named("bot-1"), named("bot-2"), None]
