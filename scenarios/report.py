"""What the commands `reproduce` and `run` print: progress on stderr, tables or one JSON object on stdout."""

import sys
from collections.abc import Sequence
from os.path import commonpath
from pathlib import Path
from time import perf_counter

import msgspec
from rich.console import Console
from rich.table import Table

from exchange.journal.lock import FolderLock
from scenarios.processes import pool
from scenarios.reproduce.experiments import outcomes, tasks
from scenarios.reproduce.reference import Check, reference
from scenarios.run import Outcome, kind_of, sweep_aside, title_of
from scenarios.scenario import scenario_text
from scenarios.stage import Progress
from scenarios.sweep import Comparison, Plan, comparisons, plans, requests
from scenarios.sweep import outcomes as sweep

FOUR_DIGITS = 1_000
WIDTH_WITHOUT_TERMINAL = 160  # characters
SOURCES = {"A1": reference().cst.source, "A2": reference().borel_tanner.source}


def say(text: str) -> None:
    """Print progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def reproduce(
    experiments: Sequence[str], *, repetitions: int | None, workers: int, seed: int, json_output: bool
) -> bool:
    """Run experiments, print published against measured, and return whether all is within its tolerance."""
    begun, todo = perf_counter(), tasks(list(dict.fromkeys(experiments)), repetitions, seed)
    found: dict[int, list[Check]] = {}
    executor = pool(workers) if workers > 1 else None
    try:
        for task, checks in outcomes(todo, executor):
            found[task.place] = checks
            verdict = "ok" if all(check.passed for check in checks) else "FAILED"
            say(f"{len(found)}/{len(todo)}  {task.name}: {verdict}  ({perf_counter() - begun:.0f} s)")
    finally:
        if executor is not None:
            executor.shutdown(cancel_futures=True)
    rows = [check for place in sorted(found) for check in found[place]]
    passed = all(check.passed for check in rows)
    seconds = round(perf_counter() - begun, 1)
    if json_output:
        told = {"seed": seed, "passed": passed, "seconds": seconds, "sources": SOURCES, "checks": rows}
        print(msgspec.json.encode(told).decode())
    else:
        _print_checks(rows)
        failed = sum(not check.passed for check in rows)
        print(f"{len(rows) - failed} of {len(rows)} within tolerance, seed {seed}, {seconds} s")
        for experiment in dict.fromkeys(experiments):
            print(f"{experiment}: {SOURCES[experiment]}")
    return passed


def _print_checks(rows: Sequence[Check]) -> None:
    table = Table(box=None)
    for heading in ("", "what"):
        table.add_column(heading)
    for heading in ("published", "exact", "measured", "tolerance", "runs"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for check in rows:
        numbers = [_number(value) for value in (check.expected, check.exact, check.measured, check.tolerance)]
        table.add_row(check.experiment, check.name, *numbers, f"{check.runs:,}", "ok" if check.passed else "FAILED")
    print_table(table)


def planned(
    scenario: str,
    seeds: Sequence[int],
    policies: Sequence[str | None],
    *,
    out: Path,
    tables: bool,
    muted: bool,
    against_muted: bool,
    coupled: bool | None,
) -> list[Plan]:
    """Return the runs of a scenario for all seeds and policies below `out`.

    Raises ValueError and PolicyError, naming the file or the flag, when scenario, policy or index cannot be had.
    """
    wanted = requests(scenario, seeds, policies, muted=muted, against_muted=against_muted, coupled=coupled)
    return plans(wanted, out, tables=tables)


def show(scenario: str) -> None:
    """Print the file of a scenario. Raises ScenarioError."""
    sys.stdout.write(scenario_text(scenario))


def run(todo: Sequence[Plan], *, out: Path, workers: int, json_output: bool) -> None:
    """Run what is planned and not done yet, and print what was measured and what differs.

    Raises OSError, DataFolderLockedError while another sweep writes below `out`, BrokenExecutor when a process ended.
    """
    out.mkdir(parents=True, exist_ok=True)
    lock = FolderLock(out)
    try:
        for plan in todo:
            sweep_aside(plan.folder)
        _run(todo, workers=workers, json_output=json_output)
    finally:
        lock.release()


def _run(todo: Sequence[Plan], *, workers: int, json_output: bool) -> None:
    begun, found = perf_counter(), dict[Plan, Outcome]()
    executor = pool(workers) if workers > 1 and len(todo) > 1 else None
    try:
        for plan, outcome, before in sweep(todo, executor, _progress(begun)):
            found[plan] = outcome
            took = "was done before" if before else _speed(outcome)
            say(f"{len(found)}/{len(todo)}  {_title(outcome)}: {took}  ({perf_counter() - begun:.0f} s)")
    finally:
        if executor is not None:
            executor.shutdown(cancel_futures=True)
    ordered = [found[plan] for plan in todo]
    compared = comparisons(ordered)
    if json_output:
        told = {"runs": ordered, "comparisons": compared, "folders": [str(plan.folder) for plan in todo]}
        print(msgspec.json.encode(told).decode())
        return
    print_table(_measured(ordered))
    if compared:
        print_table(_differences(compared))
    if len(todo) == 1:
        told_of = ordered[0].manifest
        print(f"{told_of.commands:,} commands, {told_of.events:,} events, {_speed(ordered[0])}")
        print(f"event hash {told_of.event_hash}, state hash {told_of.state_hash}")
    print(f"written to {commonpath(plan.folder for plan in todo)}")


def _progress(begun: float) -> Progress:
    """Return what says how far a run in this process is, in steps of a tenth."""
    step = -1

    def tell(share: float) -> None:
        nonlocal step
        if int(10 * share) != step:
            step = int(10 * share)
            say(f"  {share:4.0%}  ({perf_counter() - begun:.0f} s)")

    return tell


def _title(outcome: Outcome) -> str:
    told = outcome.manifest
    return title_of(told.scenario, told.policy, told.seed, muted=told.muted)


def _speed(outcome: Outcome) -> str:
    wall = outcome.wall
    return f"{wall.run_seconds:.1f} s ({wall.cpu_seconds:.1f} s of CPU), {wall.times_real_time:,.0f} times real time"


def _measured(found: Sequence[Outcome]) -> Table:
    """Return a table of all measures: a column for each kind of run, means where there is more than one seed."""
    kinds: dict[str, list[Outcome]] = {}
    for outcome in found:
        told = outcome.manifest
        kinds.setdefault(kind_of(told.policy, muted=told.muted), []).append(outcome)
    counts = {kind: len(runs) for kind, runs in kinds.items()}
    table = Table(box=None)
    table.add_column(found[0].manifest.scenario)
    for kind, count in counts.items():
        table.add_column(f"{kind}, mean of {count}" if count > 1 else kind, justify="right")
    for name in found[0].manifest.measures:
        table.add_row(name, *(_mean([run.manifest.measures[name] for run in runs]) for runs in kinds.values()))
    return table


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return _number(sum(known) / len(known)) if known else "-"


def _differences(compared: Sequence[Comparison]) -> Table:
    table = Table(box=None)
    for heading in ("", "of", "between", "and"):
        table.add_column(heading)
    for heading in ("value", f"{compared[0].level:.0%} from", "to", "pairs"):
        table.add_column(heading, justify="right")
    for row in compared:
        numbers = [_number(value) for value in (row.value, row.low, row.high)]
        table.add_row(row.what, row.measure, row.first, row.second, *numbers, str(row.pairs))
    return table


def print_table(table: Table) -> None:
    """Print a table at its own width where nobody looks at a terminal."""
    wide = Console().is_terminal
    Console(width=None if wide else WIDTH_WITHOUT_TERMINAL).print(table)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= FOUR_DIGITS else f"{value:.4g}"
