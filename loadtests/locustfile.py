"""What Locust loads: users and shape of the plan that MARGINCALL_LOAD_PLAN names. It decides nothing itself.

Locust's own numbers are whole milliseconds of the whole run; every process also leaves its calls as they were, for the
report: `requests-PID.csv` in the plan's folder.
"""

import csv
import os
import time
from pathlib import Path
from typing import Any

import gevent
from locust import LoadTestShape, events
from locust.runners import MasterRunner, WorkerRunner

from loadtests.callers import LOST, next_event, open_stream
from loadtests.control import Control
from loadtests.outcomes import OK, is_expected, unheard
from loadtests.plan import BEAT_S, PLAN_VARIABLE, STARTED_NAME, SYMBOL, IndexPath, read_plan, users_at
from loadtests.users import USERS, Bot, Place

RETRY_S = 0.5

PLAN = read_plan(Path(os.environ[PLAN_VARIABLE]))
ROWS: list[tuple[str, str, str, str, str, str]] = []

globals().update({name: USERS[name] for name in PLAN.kind.weights})  # Locust finds user classes by looking here
for _name, _weight in PLAN.kind.weights.items():
    USERS[_name].weight = _weight


class UnexpectedOutcomeError(Exception):
    """What a venue that is well does not answer."""


def note(door: str, operation: str, began: float, took_ms: float, outcome: str, late_ms: float = 0.0) -> None:
    """Keep a call for the report and tell Locust; refusals that are part of trading are no failures."""
    ROWS.append((f"{began:.4f}", door, operation, f"{took_ms:.3f}", outcome, f"{late_ms:.3f}"))
    failed = not is_expected(door, outcome)
    events.request.fire(
        request_type=door,
        name=operation,
        response_time=took_ms,
        response_length=0,
        exception=UnexpectedOutcomeError(outcome) if failed else None,
        context={},
    )


Bot.place = Place(PLAN, note, Control(PLAN.rest, PLAN.admin_token))


class PlannedShape(LoadTestShape):
    """As many users as the plan says."""

    def tick(self) -> tuple[int, float] | None:
        """Return users and spawn rate for now; None ends the run."""
        return users_at(PLAN, self.get_run_time())


@events.test_start.add_listener
def begin(environment: Any, **_: Any) -> None:
    """Start what runs beside the users: the index where the run is led, the market's stream where users live."""
    runner = environment.runner
    leads = not isinstance(runner, WorkerRunner)
    Bot.place.begin(0 if leads else max(0, runner.worker_index))
    if leads:
        (Path(PLAN.out) / STARTED_NAME).write_text(f"{Bot.place.began:.4f}")
        gevent.spawn(_move_index)
    if not isinstance(runner, MasterRunner):
        gevent.spawn(_hear_index)


@events.user_error.add_listener
def lose(user_instance: Any, exception: Exception, **_: Any) -> None:
    """Note a user that an error of its own has ended or hindered: it makes no calls that could be counted."""
    ROWS.append((f"{time.time():.4f}", "user", type(user_instance).__name__, "0", unheard(exception), "0"))


@events.quitting.add_listener
def leave_rows(**_: Any) -> None:
    """Write this process's calls down."""
    with (Path(PLAN.out) / f"requests-{os.getpid()}.csv").open("w", newline="") as file:
        csv.writer(file).writerows(ROWS)


def _move_index() -> None:
    """Set the index beat by beat until the plan is over."""
    path = IndexPath(PLAN)
    while (now_s := time.time() - Bot.place.began) < PLAN.seconds:
        start = time.perf_counter()
        try:
            Bot.place.control.set_index(SYMBOL, path.at(now_s))
            outcome = OK
        except LOST as error:
            outcome = unheard(error)
        took_s = time.perf_counter() - start
        note("control", "index-price", time.time() - took_s, took_s * 1e3, outcome)
        gevent.sleep(max(0.0, BEAT_S - took_s))


def _hear_index() -> None:
    """Keep the process's index as the mark price stream tells it."""
    while True:
        try:
            socket_ = open_stream(PLAN.ws, [f"{SYMBOL.lower()}@markPrice@1s"])
            while True:
                Bot.place.touch.index = float(next_event(socket_)["i"])
        except LOST:
            gevent.sleep(RETRY_S)
