"""From the calls of a run to its report: percentiles, phases, outcomes, the knee. Pure; it neither runs nor reads.

Percentiles are nearest-rank, of calls as they were. A paced user waits for its answer before it asks again, so a stall
is seen once by each user and not by all the calls that it kept from being made: "since due" counts these from when they
should have been made.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import Any, NamedTuple

from loadtests.outcomes import OK, is_expected
from loadtests.plan import SPAWN, Phase, Plan, offered_at, phases

RANKS_PERMILLE = (500, 950, 990, 999)
TRADE_DOORS = ("REST", "WS")
TRADED = ("limit", "market", "cancel", "query", "positions")
SIGN_OF_LIFE = {  # door and operation that every kind of user goes through
    "RestTrader": ("REST", "limit"),
    "SocketTrader": ("WS", "limit"),
    "TeamRest": ("REST", "limit"),
    "TeamSocket": ("WS", "limit"),
    "Reader": ("stream", "depth"),
    "TeamReader": ("stream", "depth"),
    "Flooder": ("flood", "limit"),
    "Leveraged": ("leveraged", "positions"),
}
BEND_LATENCY = 5.0  # times the p95 of the first step
BEND_FLOOR_MS = 20.0  # below this a p95 has not bent
BEND_THROUGHPUT = 0.8  # of what is offered: what falls due by chance varies by some 5 % in a step
PHASE_HEADER = (
    "| phase | offered/s | calls/s | p50 ms | p95 | p99 | p99.9 | since due p50, p99 | diffs late by p50, p99 |"
    " core ms per call | cores: venue | clients | others | venue waits |"
)


class Call(NamedTuple):
    """One call or event: seconds since the run's start, its door and operation, how long it took, what came of it.

    `late_ms`: how long after it fell due it began, since its user still waited for the answer to the one before.
    """

    t_s: float
    door: str
    operation: str
    took_ms: float
    outcome: str
    late_ms: float = 0.0


class Cores(NamedTuple):
    """What processes used since the sample before, in cores; seconds since the run's start.

    `others` is everybody else on the machine; `waiting` is how long the venue's loop could have run and got no core.
    """

    t_s: float
    venue: float
    clients: float
    others: float
    waiting: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Count and latencies of some calls; milliseconds."""

    count: int
    per_s: float
    percentiles_ms: tuple[float, ...]
    max_ms: float


@dataclass(frozen=True, slots=True)
class Part:
    """What a phase was like: traders' calls, how late diffs came, and the cores."""

    phase: Phase
    offered_per_s: float
    calls: Summary
    since_due_ms: tuple[float, ...]  # percentiles of the same calls, from when they fell due
    diffs: Summary
    cores: tuple[float, ...]  # venue, clients, others, waiting


def percentile(ordered: Sequence[float], permille: int) -> float:
    """Return the nearest-rank percentile of numbers in ascending order; nan of none."""
    return ordered[max(1, -(-len(ordered) * permille // 1000)) - 1] if ordered else nan


def summary(calls: Iterable[Call], seconds: float) -> Summary:
    """Return count, rate and latencies."""
    took = sorted(call.took_ms for call in calls)
    return Summary(
        len(took),
        len(took) / seconds,
        tuple(percentile(took, rank) for rank in RANKS_PERMILLE),
        took[-1] if took else nan,
    )


def by_operation(calls: Sequence[Call], seconds: float) -> dict[tuple[str, str], Summary]:
    """Return a summary of each door and operation, in alphabetical order."""
    groups: dict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in calls:
        groups[call.door, call.operation].append(call)
    return {name: summary(groups[name], seconds) for name in sorted(groups)}


def by_phase(plan: Plan, calls: Sequence[Call], cores: Sequence[Cores]) -> list[Part]:
    """Return what each phase was like; a call belongs to the phase in which it began."""
    parts = []
    for phase in phases(plan.shape, plan.seconds):
        here = [call for call in calls if phase.start_s <= call.t_s < phase.end_s]
        here_cores = [sample for sample in cores if phase.start_s <= sample.t_s < phase.end_s]
        length_s = phase.end_s - phase.start_s
        traded = [call for call in here if call.door in TRADE_DOORS and call.operation in TRADED]
        since_due_ms = sorted(call.late_ms + call.took_ms for call in traded)
        parts.append(
            Part(
                phase,
                offered_at(plan, phase.start_s),
                summary(traded, length_s),
                tuple(percentile(since_due_ms, rank) for rank in RANKS_PERMILLE),
                summary((call for call in here if call.operation == "depth"), length_s),
                tuple(mean([sample[column] for sample in here_cores]) for column in range(1, len(Cores._fields))),
            )
        )
    return parts


def knee(parts: Sequence[Part]) -> int:
    """Return how many steps were carried before p95 or throughput bent; all of them when neither did."""
    first_p95 = parts[0].calls.percentiles_ms[1]
    for number, part in enumerate(parts):
        late = part.calls.percentiles_ms[1] > max(BEND_FLOOR_MS, BEND_LATENCY * first_p95)
        if late or part.calls.per_s < BEND_THROUGHPUT * part.offered_per_s:
            return number
    return len(parts)


def outcomes(calls: Iterable[Call]) -> dict[str, Counter[str]]:
    """Return how often each operation heard each outcome other than that it was done."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for call in calls:
        if call.outcome != OK:
            found[f"{call.door} {call.operation}"][call.outcome] += 1
    return dict(sorted(found.items()))


def unexpected(calls: Iterable[Call]) -> int:
    """Return how many calls heard what a venue that is well does not say."""
    return sum(not is_expected(call.door, call.outcome) for call in calls)


def unheard_of(plan: Plan, calls: Iterable[Call]) -> list[str]:
    """Return the kinds of users of whom nothing was heard."""
    heard = {(call.door, call.operation) for call in calls}
    return [kind for kind in plan.kind.weights if SIGN_OF_LIFE[kind] not in heard]


def mean(numbers: Sequence[float]) -> float:
    """Return the mean; nan of none."""
    return sum(numbers) / len(numbers) if numbers else nan


def lines(plan: Plan, calls: Sequence[Call], cores: Sequence[Cores], end: dict[str, Any]) -> list[str]:
    """Return the report as Markdown. `end` is what was asked of the venue at the end, name by name."""
    parts = by_phase(plan, calls, cores)
    found = outcomes(calls)
    within = [call for call in calls if call.t_s < plan.seconds]
    return [
        f"# Load: {plan.shape}, {plan.users} users, {plan.seconds:g} s, limits {plan.kind.limits}",
        "",
        f"Unexpected outcomes: {unexpected(calls)}. " + ", ".join(f"{name}: {value}" for name, value in end.items()),
        "",
        *([_knee_line(parts), ""] if plan.kind.stepped else []),
        *(f"**Nothing was heard of any {kind}.**\n" for kind in unheard_of(plan, calls)),
        PHASE_HEADER,
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
        *(_part_line(part) for part in parts),
        "",
        *_short_lines(plan, parts),
        "Of the whole run, from the first user on:",
        "",
        "| operation | count | per s | p50 ms | p95 | p99 | p99.9 | max |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {door} {operation} | {row.count} | {row.per_s:.1f} | {_joined(row.percentiles_ms)} | {row.max_ms:.1f} |"
            for (door, operation), row in by_operation(within, plan.seconds).items()
        ),
        "",
        "Other than done:" if found else "Everything was done.",
        *(
            f"* {name}: "
            + ", ".join(
                f"{count} of {outcome}{'' if is_expected(name.partition(' ')[0], outcome) else ' (unexpected)'}"
                for outcome, count in counts.most_common()
            )
            for name, counts in found.items()
        ),
    ]


def _knee_line(parts: Sequence[Part]) -> str:
    carried = knee(parts)
    if carried == len(parts):
        return f"Neither p95 nor throughput bent in {carried} steps."
    if not carried:
        return "The first step was too much already."
    last = parts[carried - 1]
    return (
        f"The knee: step {carried}, {last.offered_per_s:.0f} calls/s offered, {last.calls.per_s:.0f} done,"
        f" p95 {last.calls.percentiles_ms[1]:.1f} ms; the next step bends."
    )


def _short_lines(plan: Plan, parts: Sequence[Part]) -> list[str]:
    """Return a warning for each phase in which far fewer calls were made than offered; the knee is about just that."""
    if plan.kind.stepped:
        return []
    short = [part for part in parts[1:] if _is_short(part)]
    return [
        f"**{part.phase.name}: {part.calls.per_s:.0f} of {part.offered_per_s:.0f} calls/s were made: users waited for"
        " their answers, and its percentiles flatter.**\n"
        for part in short
    ]


def _is_short(part: Part) -> bool:
    """Tell whether fewer calls were made than chance explains: counts that fall due by chance vary by their root."""
    offered = part.offered_per_s * (part.phase.end_s - part.phase.start_s)
    return part.calls.count < min(BEND_THROUGHPUT * offered, offered - 3 * sqrt(offered))


def _part_line(part: Part) -> str:
    late_ms = part.diffs.percentiles_ms
    core_ms = part.cores[0] * 1000 / part.calls.per_s if part.calls.per_s else nan
    cells = [
        part.phase.name,
        "" if part.phase.name == SPAWN else f"{part.offered_per_s:.0f}",
        f"{part.calls.per_s:.0f}",
        _joined(part.calls.percentiles_ms),
        f"{part.since_due_ms[0]:.1f}, {part.since_due_ms[2]:.1f}",
        f"{late_ms[0]:.1f}, {late_ms[2]:.1f}",
        f"{core_ms:.2f}",
        *(f"{share:.2f}" for share in part.cores),
    ]
    return f"| {' | '.join(cells)} |"


def _joined(percentiles_ms: Iterable[float]) -> str:
    return " | ".join(f"{value:.1f}" for value in percentiles_ms)
