"""One random life of a venue, lived by core and reference side by side and compared after every command."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from random import Random

import msgspec

from exchange.core.checks import conservation_residue, violations
from exchange.core.commands import Command, Resume, Tick
from exchange.core.events import Event
from exchange.core.snapshot import state_hash
from exchange.core.venue import Venue
from tests.reference.deadlines import dates
from tests.reference.venue import ReferenceVenue
from tests.simulation.behavior import Behavior
from tests.simulation.census import Census
from tests.simulation.ending import Ending, Wait, leftovers
from tests.simulation.knobs import Knobs, draw_knobs
from tests.simulation.views import core_margins, core_view, differences, reference_margins, reference_view

START_TS = 1_700_000_000_123_456_789  # any time will do, as long as it is no multiple of an interval
MILLISECOND = 1_000_000
OUTAGE_CHANCE = 0.004
NAP_CHANCE = 0.6  # of an outage
LATE_CHANCE = 0.02  # that a Tick comes late, or when nothing is due
MARGINS_EVERY = 10  # steps between comparisons of the derived margins
BUSY_CHANCE = 0.03  # that a command comes before what is due at its time
BURST_CHANCE = 0.3  # of a command that comes in the same nanosecond as the one before
ENDING_MAX = 5_000  # commands that close what is open
ENCODER = msgspec.json.Encoder()


class DivergenceError(AssertionError):
    """Core and reference, or a venue and its replay, do not agree; the text says where."""


@dataclass(slots=True)
class Life:
    """The journal of a life: what was commanded when, the running hash of all events, and what was seen."""

    seed: int
    knobs: Knobs
    core: Venue
    reference: ReferenceVenue
    journal: list[tuple[int, Command]] = field(default_factory=list)
    census: Census = field(default_factory=Census)
    told: "hashlib._Hash" = field(default_factory=hashlib.sha256)  # running hash of all encoded events

    def step(self, ts: int, command: Command) -> None:
        """Give one command to both, and compare events, state and invariants."""
        self.journal.append((ts, command))
        try:
            core, reference = self.core.execute(ts, command), self.reference.execute(ts, command)
        except AssertionError as error:
            raise DivergenceError(self.report([f"assertion failed: {error!r}"])) from error
        found = _event_differences(core, reference)
        view = core_view(self.core.state)
        found += differences(view, reference_view(self.reference))
        if len(self.journal) % MARGINS_EVERY == 0:
            found += differences(core_margins(self.core.state), reference_margins(self.reference))
        if self.core.next_due != self.reference.next_due:
            found.append(f"next_due: core {self.core.next_due}, reference {self.reference.next_due}")
        found += violations(self.core.state)
        residue = conservation_residue(self.core.state)
        if residue:
            found.append(f"conservation residue {residue}")
        if found:
            raise DivergenceError(self.report(found))
        self.told.update(ENCODER.encode(core))
        self.census.count(command, reference, self.reference.world)

    def report(self, found: list[str]) -> str:
        """Say where a life went apart, with a line for the table of regressions."""
        ts, command = self.journal[-1]
        head = f"seed {self.seed}, step {len(self.journal)}, ts {ts}\n  {command!r}"
        line = f'tests/simulation/regressions.py:  Regression({self.seed}, {len(self.journal)}, "...why"),'
        return "\n".join((head, *(f"  - {one}" for one in found), line))


def new_life(seed: int) -> tuple[Life, Random]:
    """Return the life of a seed before its first command, and the source of its chance."""
    random = Random(seed)
    knobs = draw_knobs(random)
    core = Venue(knobs.rules, knobs.contracts, knobs.policy)
    reference = ReferenceVenue(knobs.rules, knobs.contracts, knobs.policy)
    return Life(seed, knobs, core, reference), random


def live(seed: int, commands: int) -> Life:
    """Live `commands` commands of the life of a seed, and its end. Raises DivergenceError at the first disagreement."""
    life, random = new_life(seed)
    knobs = life.knobs
    behavior = Behavior(random, knobs, life.reference.world)
    ts = START_TS
    life.step(ts, Resume())
    opening = behavior.opening()
    while len(life.journal) < commands:
        if random.random() < OUTAGE_CHANCE:
            ts += _outage(life, random, ts)
            life.step(ts, Resume())
            continue
        if random.random() > BURST_CHANCE:
            ts += random.randint(0, knobs.calm * MILLISECOND)
        if random.random() < LATE_CHANCE:
            life.step(ts, Tick())
            continue
        busy = random.random() < BUSY_CHANCE
        while not busy and life.core.next_due <= ts and len(life.journal) < commands:
            life.step(max(life.core.next_due, life.journal[-1][0]), Tick())
        if len(life.journal) < commands:
            life.step(ts, opening.pop(0) if opening else behavior.next_command())
    _end(life, ts)
    _check_replay(life)
    return life


def _outage(life: Life, random: Random, ts: int) -> int:
    """Return nanoseconds; some outages last until something ends by its date, or until just before."""
    ends = [date for date, _ in dates(life.reference.world)]
    if ends and random.random() < NAP_CHANCE:
        return max(0, random.choice(ends) - ts - random.choice((0, life.knobs.calm * MILLISECOND)))
    return random.randint(0, life.knobs.outage) * MILLISECOND


def _end(life: Life, ts: int) -> None:
    """End a life: when all orders are canceled and all positions closed, no margin is held."""
    base = dict(zip(life.reference.world.contracts, life.knobs.base_prices, strict=True))
    begun = len(life.journal)
    ending = Ending(life.reference.world, base)
    for command in ending.commands():
        if isinstance(command, Wait):
            ts = max(ts, life.core.next_due)
            continue
        life.step(ts, command)
        if len(life.journal) > begun + ENDING_MAX:
            raise DivergenceError(f"seed {life.seed}: after {ENDING_MAX} commands the life has not ended")
    left = [] if ending.given_up else leftovers(life.core.state)
    if left:
        raise DivergenceError(life.report(left))


def _check_replay(life: Life) -> None:
    """Give the journal to a fresh core, twice the same: equal state, equal hash of all encoded events."""
    again = Venue(life.knobs.rules, life.knobs.contracts, life.knobs.policy)
    digest = hashlib.sha256()
    for ts, command in life.journal:
        digest.update(ENCODER.encode(again.execute(ts, command)))
    if state_hash(again.state) != state_hash(life.core.state):
        raise DivergenceError(f"seed {life.seed}: the replay of {len(life.journal)} commands ends in another state")
    if digest.digest() != life.told.digest():
        raise DivergenceError(f"seed {life.seed}: the replay of {len(life.journal)} commands told other events")


def _event_differences(core: list[Event], reference: list[Event]) -> list[str]:
    """Return the first event that differs, and how many there were."""
    if core == reference:
        return []
    pairs = enumerate(zip(core, reference, strict=False))
    at = next((index for index, (one, other) in pairs if one != other), min(len(core), len(reference)))
    mine, theirs = core[at : at + 1], reference[at : at + 1]
    kinds = Counter(type(event).__name__ for event in core), Counter(type(event).__name__ for event in reference)
    return [
        f"event {at} of {len(core)} / {len(reference)}\n      core      {mine}\n      reference {theirs}",
        f"events by kind: core {dict(kinds[0])}, reference {dict(kinds[1])}",
    ]
