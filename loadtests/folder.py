"""The folder that a load run leaves: claimed by one run at a time, cleared of an earlier run's files and of no other.

Every Locust process leaves its calls there when it ends; one that was killed leaves none, and that is told.
"""

import csv
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtests.plan import STARTED_NAME
from loadtests.report import Call

LOCK_NAME = "lock"
REPORT_NAME = "report.md"
CORES_NAME = "cores.csv"
END_NAME = "end.json"
VENUE_LOG = "venue.log"
LOCUST_LOG = "locust.log"
LOCUST_CSV = "locust"  # Locust's own: locust_stats.csv and so on
CALLS = "requests-*.csv"  # of each process
LEFT = (STARTED_NAME, LOCK_NAME, REPORT_NAME, CORES_NAME, END_NAME, VENUE_LOG, LOCUST_LOG, f"{LOCUST_CSV}_*.csv", CALLS)


class FolderError(Exception):
    """The folder is not this run's to write into; or not every process has left its calls in it."""


@contextmanager
def claimed(out: Path) -> Iterator[None]:
    """Have a folder for this run alone, without what an earlier one left. Raises FolderError and OSError."""
    out.mkdir(parents=True, exist_ok=True)
    strangers = sorted(entry.name for entry in out.iterdir() if not any(entry.match(pattern) for pattern in LEFT))
    if strangers:
        raise FolderError(f"{out} holds {strangers[0]}, which no load run has left: name another folder with --out")
    with (out / LOCK_NAME).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderError(f"another load run is at work in {out}: name another folder with --out") from None
        for entry in out.iterdir():
            if entry.name != LOCK_NAME:
                entry.unlink()
        yield


def read_calls(out: Path, began: float, processes: int) -> list[Call]:
    """Return the calls that so many Locust processes left, in the order in which they began.

    Raises FolderError when one has left none: what it had seen is lost.
    """
    paths = sorted(out.glob(CALLS))
    if len(paths) != processes:
        raise FolderError(f"{len(paths)} of {processes} Locust processes left their calls: see {out / LOCUST_LOG}")
    calls = []
    for path in paths:
        with path.open(newline="") as file:
            for began_at, door, operation, took_ms, outcome, late_ms in csv.reader(file):
                calls.append(Call(float(began_at) - began, door, operation, float(took_ms), outcome, float(late_ms)))
    return sorted(calls)
