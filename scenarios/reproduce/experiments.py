"""All experiments as tasks that can run in any process, and their runs in parallel. It measures nothing itself."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from typing import NamedTuple

from scenarios.reproduce.borel_tanner import Law, check_cascades, run_cascades
from scenarios.reproduce.cst import check_cell, play_cell
from scenarios.reproduce.ladder import check_ladder
from scenarios.reproduce.reference import Check, reference


class Task(NamedTuple):
    """One piece of an experiment; `place` is its place in the report, `cost` its share of the work."""

    place: int
    name: str
    cost: float
    function: Callable[..., list[Check]]
    arguments: tuple[float | int, ...]


def tasks(experiments: Sequence[str], repetitions: int | None, seed: int) -> list[Task]:
    """Return the tasks of experiments, in the order of the report.

    `repetitions`: of each cell of A1, and runs of each pair of A2, instead of those of the reference. Raises KeyError
    on an experiment that is not in EXPERIMENTS.
    """
    found = [part for name in experiments for part in EXPERIMENTS[name](repetitions, seed)]
    return [task._replace(place=place) for place, task in enumerate(found)]


def outcomes(todo: Sequence[Task], executor: Executor | None) -> Iterator[tuple[Task, list[Check]]]:
    """Do tasks, here or by an executor with the longest first, and yield each with its checks as it is done."""
    if executor is None:
        for task in todo:
            yield task, task.function(*task.arguments)
        return
    running = {
        executor.submit(task.function, *task.arguments): task for task in sorted(todo, key=lambda task: -task.cost)
    }
    for future in as_completed(running):
        yield running[future], future.result()


def cell(bids: int, asks: int, repetitions: int, seed: int) -> list[Check]:
    """Play one cell of A1 and hold it against the table."""
    return [check_cell(play_cell(bids, asks, repetitions, seed))]


def cascades(n: float, k: int, runs: int, seed: int) -> list[Check]:
    """Run the cascades of one pair of A2 and hold them against the law."""
    return check_cascades(run_cascades(Law(n, k), runs, seed))


def ladder(place: int) -> list[Check]:
    """Play one shock of the ladder and hold it against its integers."""
    rules = reference().ladder
    return check_ladder(rules, rules.cases[place])


def _a1(repetitions: int | None, seed: int) -> list[Task]:
    cst = reference().cst
    size = range(1, len(cst.published) + 1)
    often = repetitions or cst.repetitions
    return [
        Task(0, f"A1, {bids} bids and {asks} asks", 3.0 * (bids + asks) * often, cell, (bids, asks, often, seed))
        for bids in size
        for asks in size
    ]


def _a2(repetitions: int | None, seed: int) -> list[Task]:
    rules = reference()
    runs = repetitions or rules.borel_tanner.runs
    pairs = [(n, k) for n in rules.borel_tanner.intensities for k in rules.borel_tanner.shocks]
    return [
        *(Task(0, f"A2, n = {n}, k = {k}", 4 * Law(n, k).mean * runs, cascades, (n, k, runs, seed)) for n, k in pairs),
        *(Task(0, f"A2, ladder, {case.shock} lots", 25e3, ladder, (i,)) for i, case in enumerate(rules.ladder.cases)),
    ]


EXPERIMENTS: dict[str, Callable[[int | None, int], list[Task]]] = {"A1": _a1, "A2": _a2}
