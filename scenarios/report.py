"""What the commands `reproduce` and `run` print: progress on stderr, a table or one JSON object on stdout."""

import sys
from collections.abc import Sequence
from time import perf_counter

import msgspec
from rich.console import Console
from rich.table import Table

from scenarios.reproduce.experiments import outcomes, pool, tasks
from scenarios.reproduce.reference import Check, reference

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
    begun, todo = perf_counter(), tasks(experiments, repetitions, seed)
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
        for experiment in experiments:
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


def print_table(table: Table) -> None:
    """Print a table at its own width where nobody looks at a terminal."""
    wide = Console().is_terminal
    Console(width=None if wide else WIDTH_WITHOUT_TERMINAL).print(table)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 1_000 else f"{value:.4g}"
