"""One run of a scenario: built, recorded, measured and written down, under a key. It prints nothing.

A run is done when its folder has a manifest; the folder is written aside and renamed, so that there is no half of one.
The key is a hash of all that results depend on: where a run is written, and how many run at once, is not in it.
"""

import json
import shutil
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from inspect import getsourcefile
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import msgspec

from exchange.core.policies.case import Custom
from exchange.core.snapshot import state_hash
from exchange.core.units import SECOND
from exchange.journal.codec import CORE_REVISION
from scenarios.analysis.measures import LOOKED_AT, Measures, measures
from scenarios.analysis.picture import picture
from scenarios.record.recorder import Recorder, RunFacts, versions
from scenarios.record.sink import read_tables
from scenarios.scenario import Scenario, read_scenario
from scenarios.stage import Progress, Stage, build

MANIFEST = "run.json"
PICTURE = "picture"
ASIDE = ".aside"
KEY_BYTES = 16
# Where the source is that results follow from, and what of it they do not: these print, draw, or run something else.
FOLLOWED = ("exchange/core", "exchange/journal", "exchange/projections", "exchange/runtime/feeds", "scenarios")
APART = frozenset(
    f"scenarios/{name}" for name in ("report.py", "sweep.py", "analysis/picture.py", "processes.py", "reproduce")
)


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


def config_of(stage: Stage) -> dict[str, Any]:
    """Return what a stage was built from, resolved: every rule as it holds, and a hash of a user's own policy."""
    policy = stage.kernel.venue.state.policy
    own = isinstance(stage.rules.engine.liquidation, Custom)
    found = {
        "scenario": stage.scenario,
        "rules": stage.rules,
        "contracts": stage.contracts,
        "coupled": stage.coupled,
        "policy_code": _digest(Path(getsourcefile(type(policy)) or "").read_bytes()) if own else "",
    }
    resolved: dict[str, Any] = json.loads(msgspec.json.encode(found))
    return resolved


def key_of(config: dict[str, Any], seed: int) -> str:
    """Return the key of a run: of its configuration, seed, the package's version, the core's revision, and the code."""
    told = [config, seed, version("margincall"), CORE_REVISION, code_digest()]
    return _digest(json.dumps(told, sort_keys=True).encode())


@cache
def code_digest() -> str:
    """Return a hash of the source that results follow from: while a version is being written, it tells states apart."""
    return _digest(b"\0".join(name.encode() + b"\0" + text for name, text in sorted(sources().items())))


def sources() -> dict[str, bytes]:
    """Return the source that results follow from, by path."""
    found = {}
    for room in FOLLOWED:
        package, *inner = room.split("/")
        found.update(_sources(files(package).joinpath(*inner), room))
    return found


def done(folder: Path, key: str, *, tables: bool) -> Outcome | None:
    """Return the run that a folder holds, if it is the one of this key, and has its tables where they are wanted."""
    try:
        found = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Outcome)
    except (FileNotFoundError, msgspec.DecodeError):  # no run, or one that another version wrote
        return None
    return found if found.manifest.key == key and (found.tables or not tables) else None


def run(request: Request, folder: Path, *, tables: bool = True, progress: Progress | None = None) -> Outcome:
    """Run, and leave a folder with the manifest, and with `tables` the Parquet files and the picture, too.

    What the folder held before is replaced. Raises what `Request.build` raises, and OSError.
    """
    aside = folder.with_name(folder.name + ASIDE)
    shutil.rmtree(aside, ignore_errors=True)  # of a run that was ended
    aside.mkdir(parents=True)
    try:
        outcome = _recorded(request, aside, tables=tables, progress=progress)
        (aside / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(outcome)) + b"\n")
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return outcome


def _recorded(request: Request, folder: Path, *, tables: bool, progress: Progress | None) -> Outcome:
    begun = perf_counter()
    stage = request.build()
    config = config_of(stage)
    facts = RunFacts(json.dumps(config, sort_keys=True), request.seed)
    if tables:
        recorder = Recorder(stage.contracts, stage.rules, folder, facts)
    else:
        recorder = Recorder(stage.contracts, stage.rules, run=facts, only=LOOKED_AT)
    stage.kernel.listen(recorder)
    ready, cpu = perf_counter(), process_time()
    stage.run(progress)
    ran, worked = perf_counter() - ready, process_time() - cpu
    kept = recorder.close()
    found = read_tables(folder) if tables else kept
    policy = request.policy or stage.scenario.engine
    if tables:
        picture(found, folder / PICTURE, title=_title(stage.scenario, policy, request))
    seconds = (stage.scenario.end_ts - stage.scenario.start_ts) / SECOND
    manifest = Manifest(
        key=key_of(config, request.seed),
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
        measures=measures(found),
        versions=versions(),
        core_revision=CORE_REVISION,
        code=code_digest(),
        config=config,
    )
    wall = Wall(round(ran, 3), round(worked, 3), round(perf_counter() - begun, 3), round(seconds / ran, 1))
    return Outcome(manifest, wall, tables)


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=KEY_BYTES).hexdigest()


def _title(scenario: Scenario, policy: str, request: Request) -> str:
    return f"{scenario.name}, {policy}{', muted' if request.muted else ''}, seed {request.seed}"


def _sources(folder: Traversable, path: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in folder.iterdir():
        name = f"{path}/{entry.name}"
        if name in APART:
            continue
        if entry.is_dir():
            found |= _sources(entry, name)
        elif name.endswith(".py"):
            found[name] = entry.read_bytes()
    return found
