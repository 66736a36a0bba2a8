"""One run of a scenario: built, recorded, measured and written down, under a key. It prints nothing.

A run is done when its folder has a manifest; the folder is written aside and renamed, so that there is no half of one.
The key is a hash of all that results depend on: where a run is written, and how many run at once, is not in it.
"""

import json
import shutil
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex
from time import perf_counter, process_time
from typing import Any

import msgspec

from exchange.core.policies.case import Custom
from exchange.core.snapshot import state_hash
from exchange.core.units import SECOND
from exchange.journal.codec import CORE_REVISION
from scenarios.agents.attacker import MarkAttacker
from scenarios.analysis.measures import Measures, Push, looked_at, measures
from scenarios.analysis.picture import picture
from scenarios.code import code_digest, digest, own_digest
from scenarios.record.recorder import Recorder, RunFacts, versions
from scenarios.record.schema import COLUMNS
from scenarios.record.sink import read_tables, written
from scenarios.scenario import read_scenario
from scenarios.stage import Progress, Stage, build

MANIFEST = "run.json"
PICTURE = "picture"
ASIDE = ".aside"


class Request(msgspec.Struct, frozen=True):
    """What to run: `scenario` and `policy` as on the command line; None leaves it to the scenario."""

    scenario: str
    seed: int
    policy: str | None = None
    muted: bool = False
    coupled: bool | None = None

    def build(self) -> Stage:
        """Return it ready to run. Raises what `stage.build` and `read_scenario` raise."""
        scenario = read_scenario(self.scenario)
        return build(scenario, self.seed, engine=self.policy, muted=self.muted, coupled=self.coupled)


class Manifest(msgspec.Struct, frozen=True):
    """All about a run that is the same wherever it is run; `config` is all that it was run with but the seed."""

    key: str
    scenario: str
    policy: str
    muted: bool
    coupled: bool
    seed: int
    virtual_seconds: float
    commands: int
    events: int
    event_hash: str
    state_hash: str
    measures: Measures
    versions: dict[str, str]
    core_revision: int
    code: str
    config: dict[str, Any]


class Wall(msgspec.Struct, frozen=True):
    """How long it took. `times_real_time` is virtual time over that of the run alone, by the clock on the wall."""

    run_seconds: float
    cpu_seconds: float  # of the run alone
    total_seconds: float
    times_real_time: float


class Outcome(msgspec.Struct, frozen=True):
    """What `run.json` holds. `tables`: whether the Parquet files and the picture lie beside it."""

    manifest: Manifest
    wall: Wall
    tables: bool


def kind_of(policy: str, *, muted: bool) -> str:
    """Return what runs that differ in their seed only are called."""
    return f"{policy}, muted" if muted else policy


def title_of(scenario: str, policy: str, seed: int, *, muted: bool) -> str:
    """Return what a run is called."""
    return f"{scenario}, {kind_of(policy, muted=muted)}, seed {seed}"


def config_of(stage: Stage) -> dict[str, Any]:
    """Return what a stage was built from, resolved: every rule as it holds, and a hash of a user's own policy."""
    policy = stage.kernel.venue.state.policy
    own = isinstance(stage.rules.engine.liquidation, Custom)
    found = {
        "scenario": stage.scenario,
        "rules": stage.rules,
        "contracts": stage.contracts,
        "coupled": stage.coupled,
        "policy_code": own_digest(type(policy).__module__) if own else "",
    }
    resolved: dict[str, Any] = json.loads(msgspec.json.encode(found))
    return resolved


def key_of(config: dict[str, Any], seed: int) -> str:
    """Return the key of a run: of its configuration, seed, the package's version, the core's revision, and the code."""
    told = [config, seed, version("margincall"), CORE_REVISION, code_digest()]
    return digest(json.dumps(told, sort_keys=True).encode())


def done(folder: Path, key: str, *, tables: bool) -> Outcome | None:
    """Return the run that a folder holds, if it is the one of this key, and has its tables where they are wanted."""
    try:
        found = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Outcome)
    except (FileNotFoundError, msgspec.DecodeError):  # no run, or one that another version wrote
        return None
    whole = found.tables and all(written(folder, table).exists() for table in COLUMNS)
    return found if found.manifest.key == key and (whole or not tables) else None


def run(request: Request, folder: Path, *, tables: bool = True, progress: Progress | None = None) -> Outcome:
    """Run, and leave a folder with the manifest, and with `tables` the Parquet files and the picture, too.

    What the folder held before is replaced. Raises what `Request.build` raises, and OSError.
    """
    aside = folder.with_name(f"{folder.name}{ASIDE}-{token_hex(4)}")  # who runs the same at once has its own
    aside.mkdir(parents=True)
    try:
        outcome = _recorded(request, aside, tables=tables, progress=progress)
        (aside / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(outcome)) + b"\n")
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return outcome


def pushes_of(stage: Stage) -> list[Push]:
    """Return who pushes the mark on a stage, and when its orders for that arrive."""
    pushes = []
    for agent in stage.agents:
        if isinstance(agent, MarkAttacker):
            arrives_ns = stage.scenario.start_ts + agent.desk.latency_ns
            pushes.append(Push(agent.desk.account_id, *(arrives_ns + at for at in agent.push_ns())))
    return pushes


def sweep_aside(folder: Path) -> None:
    """Remove what runs into this folder left that were ended. Nobody may be running into it."""
    for left in folder.parent.glob(f"{folder.name}{ASIDE}-*"):
        shutil.rmtree(left)


def _recorded(request: Request, folder: Path, *, tables: bool, progress: Progress | None) -> Outcome:
    begun = perf_counter()
    stage = request.build()
    config = config_of(stage)
    key = key_of(config, request.seed)
    pushes = pushes_of(stage)
    facts = RunFacts(json.dumps(config, sort_keys=True), request.seed, run_id=key)
    if tables:
        recorder = Recorder(stage.contracts, stage.rules, folder, facts)
    else:
        recorder = Recorder(stage.contracts, stage.rules, run=facts, only=looked_at(pushes))
    stage.kernel.listen(recorder)
    ready, cpu = perf_counter(), process_time()
    stage.run(progress)
    ran, worked = perf_counter() - ready, process_time() - cpu
    kept = recorder.close()
    found = read_tables(folder) if tables else kept
    policy = request.policy or stage.scenario.engine
    if tables:
        picture(found, folder / PICTURE, title=title_of(stage.scenario.name, policy, request.seed, muted=request.muted))
    seconds = (stage.scenario.end_ts - stage.scenario.start_ts) / SECOND
    manifest = Manifest(
        key=key,
        scenario=stage.scenario.name,
        policy=policy,
        muted=request.muted,
        coupled=stage.coupled,
        seed=request.seed,
        virtual_seconds=seconds,
        commands=recorder.commands,
        events=recorder.events,
        event_hash=recorder.event_hash,
        state_hash=state_hash(stage.kernel.venue.state),
        measures=measures(found, pushes),
        versions=versions(),
        core_revision=CORE_REVISION,
        code=code_digest(),
        config=config,
    )
    wall = Wall(round(ran, 3), round(worked, 3), round(perf_counter() - begun, 3), round(seconds / ran, 1))
    return Outcome(manifest, wall, tables)
