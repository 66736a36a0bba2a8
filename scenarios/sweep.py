"""Many runs: seeds by policies, with the engine on and muted, at once and resumed, and what differs between them.

Any `concurrent.futures.Executor` will do, and none: results do not depend on it. A run that is done is not run again.
"""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, as_completed
from hashlib import blake2b
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import msgspec

from scenarios.analysis.comparisons import MEAN_DIFFERENCE, POOLED_RATIO, paired_bootstrap
from scenarios.run import Manifest, Outcome, Request, config_of, done, key_of, run
from scenarios.stage import Progress

REPORT_SEED = 0  # of the bootstrap: a report of the same runs says the same
FOLDER_NAME = re.compile(r"[\w.-]+")
# Of paired runs: the measure, and how a pair is compared.
COMPARED = (
    "fall_bp",
    "rise_bp",
    "liquidated_quote",
    "largest_cascade_quote",
    "largest_cascade_generations",
    "fund_largest_fall_quote",
    "attack_result_quote",
)
MOVES = ("fall_bp", "rise_bp")  # of which amplification is the ratio


class Plan(NamedTuple):
    """A run to do: where to, under which key, and whether with tables."""

    request: Request
    folder: Path
    key: str
    tables: bool


class Comparison(msgspec.Struct, frozen=True):
    """What differs between two kinds of runs on the same seeds: `value` with its bootstrap interval.

    `what` is "amplification" (sum of moves with the engine over their sum with it muted) or "difference" (the mean of
    second less first).
    """

    what: str
    measure: str
    first: str
    second: str
    value: float
    low: float
    high: float
    pairs: int
    level: float


def plans(requests: Sequence[Request], out: Path, *, tables: bool) -> list[Plan]:
    """Return where each request is written and its key. Raises what `Request.build` raises."""
    configs = {}
    for request in requests:
        kind = msgspec.structs.replace(request, seed=0)  # the configuration is the same whatever the seed
        if kind not in configs:
            configs[kind] = config_of(kind.build())
    return [
        Plan(
            request,
            folder_of(request, out),
            key_of(configs[msgspec.structs.replace(request, seed=0)], request.seed),
            tables,
        )
        for request in requests
    ]


def folder_of(request: Request, out: Path) -> Path:
    """Return the folder of a run below that of its sweep: one level for each thing that varies."""
    policy = request.policy or "as-written"
    name = "-".join(FOLDER_NAME.findall(policy))
    if name != policy:  # a path or a class: two of them may not meet
        name += f"-{blake2b(policy.encode(), digest_size=4).hexdigest()}"
    parent = out / f"policy={name}"
    if request.coupled is not None:
        parent /= f"coupled={'yes' if request.coupled else 'no'}"
    return parent / f"engine={'muted' if request.muted else 'on'}" / f"seed={request.seed}"


def outcomes(
    todo: Sequence[Plan], executor: Executor | None = None, progress: Progress | None = None
) -> Iterator[tuple[Plan, Outcome, bool]]:
    """Yield each plan with its outcome, and whether it was done before, as they come; those done before come first.

    `progress` hears of runs in this process only, those without an executor.
    """
    left: list[Plan] = []
    for plan in todo:
        found = done(plan.folder, plan.key, tables=plan.tables)
        if found is None:
            left.append(plan)
        else:
            yield plan, found, True
    if executor is None:
        for plan in left:
            yield plan, run(plan.request, plan.folder, tables=plan.tables, progress=progress), False
        return
    running = {executor.submit(carry_out, plan): plan for plan in left}
    for future in as_completed(running):
        yield running[future], future.result(), False


def carry_out(plan: Plan) -> Outcome:
    """Do one plan: what another process is asked for."""
    return run(plan.request, plan.folder, tables=plan.tables)


def comparisons(found: Sequence[Outcome]) -> list[Comparison]:
    """Return amplification against the muted engine, and each policy against the first one, on the seeds of both."""
    kinds: dict[tuple[str, bool], dict[int, Manifest]] = {}
    for outcome in found:
        told = outcome.manifest
        kinds.setdefault((told.policy, told.muted), {})[told.seed] = told
    rows: list[Comparison] = []
    policies = [(policy, runs) for (policy, muted), runs in kinds.items() if not muted]
    quiet = next((runs for (_, muted), runs in kinds.items() if muted), None)
    if quiet is not None:
        rows += [row for policy in policies for row in _compared("amplification", MOVES, ("muted", quiet), policy)]
    for other in policies[1:]:
        rows += _compared("difference", COMPARED, policies[0], other)
    return rows


Kind = tuple[str, dict[int, Manifest]]
STATISTICS = {"amplification": POOLED_RATIO, "difference": MEAN_DIFFERENCE}


def _compared(what: str, names: Sequence[str], first: Kind, second: Kind) -> Iterator[Comparison]:
    seeds = sorted(first[1].keys() & second[1].keys())
    for name in names:
        pairs = [(first[1][seed].measures.get(name), second[1][seed].measures.get(name)) for seed in seeds]
        known = [(one, other) for one, other in pairs if one is not None and other is not None]
        if not known or (what == "amplification" and not all(one for one, _ in known)):
            continue  # nothing to divide by: the mark of a muted run never moved that way
        ones, others = zip(*known, strict=True)
        got = paired_bootstrap(ones, others, REPORT_SEED, statistic=STATISTICS[what])
        assert isfinite(got.value)
        yield Comparison(what, name, first[0], second[0], got.value, got.low, got.high, got.pairs, got.level)


def requests(
    scenario: str,
    seeds: Sequence[int],
    policies: Sequence[str | None],
    *,
    muted: bool = False,
    against_muted: bool = False,
    coupled: bool | None = None,
) -> list[Request]:
    """Return the runs of a sweep, seed by seed; with `against_muted` also one with the engine muted for each seed.

    That one is for all policies: a policy that is never asked has no effect.
    """
    kinds = [(policy, muted) for policy in policies]
    if against_muted:
        kinds.append((policies[0], True))
    return [Request(scenario, seed, policy, quiet, coupled) for seed in seeds for policy, quiet in kinds]
