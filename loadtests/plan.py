"""What a load run does and when: shapes, their phases, how many users at a time, where the index is. Pure.

The driver writes a plan, every Locust process reads it: nothing else is agreed between them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from random import Random
from types import MappingProxyType

import msgspec

from clients.ready import Credentials

STARTED_NAME = "started"  # in the out folder: when the run began, in epoch seconds
PLAN_VARIABLE = "MARGINCALL_LOAD_PLAN"  # the environment variable that names the plan's file
SYMBOL = "BTCUSDT"
START_INDEX = 100_000.0
BEAT_S = 0.25  # of the index
WALK_BP = 0.5  # the index wanders by at most this in a beat
FALL = 0.10
MIDDLE_S = 60.0  # of the phase in which something happens
MIDDLE_SHARE_MAX = 2 / 3  # of a run
SPAWN = "spawn"  # the phase in which users start
SPAWN_SHARE = 1 / 15  # of a run, until every user is there
KNEE_STEPS = 10
STEP_SETTLES = 1 / 4  # of a step, in which users start and which is not reported
TEAMS = 30
BOTS_PER_TEAM = 3
PACED = ("RestTrader", "SocketTrader", "TeamRest", "TeamSocket")  # whose calls are traders' calls


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of run: the users by class and weight, how many, what each does a second, and the venue's limits."""

    weights: Mapping[str, int]
    users: int
    rate: float
    limits: str = "off"
    stepped: bool = False
    middle: str = ""  # the name of the phase in which something happens


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "knee": Shape({"RestTrader": 6, "SocketTrader": 3, "Reader": 1}, users=200, rate=10.0, stepped=True),
        "steady": Shape({"RestTrader": 6, "SocketTrader": 3, "Reader": 1}, users=40, rate=3.0),
        "classroom": Shape(
            {"TeamRest": 1, "TeamSocket": 1, "TeamReader": 1}, users=TEAMS * BOTS_PER_TEAM, rate=2.0, limits="classroom"
        ),
        "flood": Shape(
            {"RestTrader": 6, "SocketTrader": 3, "Reader": 1, "Flooder": 2},
            users=36,
            rate=2.0,
            limits="classroom",
            middle="flood",
        ),
        "cascade": Shape(
            {"RestTrader": 6, "SocketTrader": 3, "Reader": 1, "Leveraged": 10},
            users=100,
            rate=3.0,
            middle="fall",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. `out` is where every process leaves its rows; `teams` are the accounts that several users share.

    What follows `workers` is known once the venue is served.
    """

    shape: str
    seconds: float
    users: int
    seed: int
    out: str
    workers: int = 1
    rest: str = ""
    ws: str = ""
    admin_token: str = ""
    teams: tuple[Credentials, ...] = ()

    @property
    def processes(self) -> int:
        """How many Locust processes there are: workers have a leader beside them."""
        return self.workers + (self.workers > 1)

    @property
    def kind(self) -> Shape:
        """The shape's row."""
        return SHAPES[self.shape]

    def write(self, path: Path) -> None:
        """Leave it for the Locust processes; the file holds secrets."""
        path.touch(mode=0o600)
        path.write_bytes(msgspec.json.encode(self))


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a run that is reported by itself; seconds since its start, the end not included."""

    name: str
    start_s: float
    end_s: float


def read_plan(path: Path) -> Plan:
    """Return a plan as `Plan.write` left it. Raises OSError and msgspec.DecodeError."""
    return msgspec.json.decode(path.read_bytes(), type=Plan)


def phases(shape: str, seconds: float) -> list[Phase]:
    """Return the parts of a run; they follow each other without gaps, but steps settle first."""
    kind = SHAPES[shape]
    if kind.stepped:
        step_s = seconds / KNEE_STEPS
        return [
            Phase(f"step {number + 1}", (number + STEP_SETTLES) * step_s, (number + 1) * step_s)
            for number in range(KNEE_STEPS)
        ]
    spawned = seconds * SPAWN_SHARE
    if not kind.middle:
        return [Phase(SPAWN, 0.0, spawned), Phase(shape, spawned, seconds)]
    middle_s = min(MIDDLE_S, seconds * MIDDLE_SHARE_MAX)
    start = spawned + (seconds - spawned - middle_s) / 2
    end = start + middle_s
    return [
        Phase(SPAWN, 0.0, spawned),
        Phase("before", spawned, start),
        Phase(kind.middle, start, end),
        Phase("after", end, seconds),
    ]


def phase_at(parts: list[Phase], t_s: float) -> str:
    """Return the name of the phase at a time since the start; an empty text outside the run."""
    return next((part.name for part in parts if part.start_s <= t_s < part.end_s), "")


def users_at(plan: Plan, t_s: float) -> tuple[int, float] | None:
    """Return how many users there are to be and how many to start a second; None once the run is over."""
    if t_s >= plan.seconds:
        return None
    if plan.kind.stepped:
        step = min(KNEE_STEPS - 1, int(t_s / plan.seconds * KNEE_STEPS))
        return plan.users * (step + 1) // KNEE_STEPS, float(ceil(plan.users / KNEE_STEPS))
    return plan.users, max(1.0, plan.users / (plan.seconds * SPAWN_SHARE))


def offered_at(plan: Plan, t_s: float) -> float:
    """Return how many calls a second the paced traders of a time make, as long as each is answered within its pause."""
    now = users_at(plan, t_s)
    weights = plan.kind.weights
    paced = sum(weight for kind, weight in weights.items() if kind in PACED) / sum(weights.values())
    return now[0] * paced * plan.kind.rate if now else 0.0


def fall_at(plan: Plan, t_s: float) -> float:
    """Return what is left of the index, as a factor: 1 before a cascade, 1 - FALL after it, a straight line between."""
    for part in phases(plan.shape, plan.seconds):
        if part.name == "fall":
            return 1 - FALL * min(1.0, max(0.0, (t_s - part.start_s) / (part.end_s - part.start_s)))
    return 1.0


class IndexPath:
    """The index beat by beat: a seeded walk times the shape's fall."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._chance = Random(f"{plan.seed}:index")
        self._walk = 1.0

    def at(self, t_s: float) -> float:
        """Return the next beat's price, in quote per base."""
        self._walk *= 1 + self._chance.uniform(-WALK_BP, WALK_BP) * 1e-4
        return START_INDEX * self._walk * fall_at(self._plan, t_s)
