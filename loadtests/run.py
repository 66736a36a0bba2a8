"""Runs one load shape: a venue in a process of its own on a free port, Locust headless against it, then the report.

It runs in the project's own environment; Locust has one of its own (`make load` makes it). Exit 1 when money is missing
at the end, when an answer was none that a venue that is well gives, when a user or a process of Locust was lost, or
when the venue ended before it was told to.
"""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from exchange.cli import FiniteRange
from loadtests.control import Control
from loadtests.cores import shares, used_s
from loadtests.folder import (
    CORES_NAME,
    END_NAME,
    LOCUST_CSV,
    LOCUST_LOG,
    REPORT_NAME,
    VENUE_LOG,
    FolderError,
    claimed,
    read_calls,
)
from loadtests.plan import PLAN_VARIABLE, SHAPES, START_INDEX, STARTED_NAME, SYMBOL, TEAMS, Plan
from loadtests.report import Cores, lines, unexpected, unheard_of
from loadtests.venue import VenueError, served

ROOT = Path(__file__).resolve().parent.parent
LOCUST = ROOT / ".venv-load" / "bin" / "python"
TEAM_DEPOSIT = "2000000"
SAMPLE_S = 1.0
LOOPBACK = "127.0.0.1"
SIGNAL_EXIT = 128  # and the number of the signal, as shells have it
SECONDS_HELP = "Below 90 the fall of a cascade takes two thirds of them."
OVERTIME_S = 60.0  # in which Locust must have ended, after the run


class LoadError(click.ClickException):
    """The run could not be made or did not end."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--shape", type=click.Choice(list(SHAPES)), default="cascade", show_default=True)
@click.option("--seconds", type=FiniteRange(10, 3600), default=90.0, show_default=True, help=SECONDS_HELP)
@click.option("--users", type=click.IntRange(1, 10_000), help="Default: the shape's.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Locust processes.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--durability", type=click.Choice(["commit", "relaxed"]), default="commit", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Default: runs/load/SHAPE.")
def main(
    shape: str, seconds: float, users: int | None, workers: int, seed: int, durability: str, out: Path | None
) -> None:
    """Put a venue under load and report what came."""
    least = sum(SHAPES[shape].weights.values())
    if users is not None and users < least:
        raise click.BadParameter(f"{shape} needs at least {least}, some of each kind", param_hint="--users")
    if not LOCUST.exists():
        raise click.ClickException("Locust is not installed: run `make load`")
    out = out or ROOT / "runs" / "load" / shape
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` has it
            signal.signal(number, _ended)
    try:
        with claimed(out):
            sys.exit(_run(Plan(shape, seconds, users or SHAPES[shape].users, seed, str(out), workers), durability))
    except (FolderError, VenueError, OSError) as error:
        raise LoadError(str(error)) from error


def _run(plan: Plan, durability: str) -> int:
    """Serve, drive and report; return the exit code."""
    log_path, flags = Path(plan.out) / VENUE_LOG, ("--limits", plan.kind.limits, "--durability", durability)
    with (
        tempfile.TemporaryDirectory(prefix="margincall-load-") as folder,
        served(Path(folder), log_path, *flags) as (ready, venue),
    ):
        control = Control(ready.rest, ready.admin_token)
        control.set_index(SYMBOL, START_INDEX)
        teams = tuple(control.create_account(f"team{number}", TEAM_DEPOSIT) for number in range(TEAMS))
        plan = replace(plan, rest=ready.rest, ws=ready.ws, admin_token=ready.admin_token, teams=teams)
        samples = drive(plan, Path(folder), venue)
        end = state_of(control)
    return write_report(plan, samples, end)


def _ended(number: int, _frame: FrameType | None) -> NoReturn:
    """End as on Ctrl-C: whatever this run has started ends with it."""
    raise SystemExit(SIGNAL_EXIT + number)


def drive(plan: Plan, folder: Path, venue: "subprocess.Popen[bytes]") -> list[Cores]:
    """Run Locust to its end; return what the cores did meanwhile, in epoch seconds."""
    plan_path, out = folder / "plan.json", Path(plan.out)
    plan.write(plan_path)
    command = [str(LOCUST), "-m", "locust", "-f", str(ROOT / "loadtests" / "locustfile.py"), "--headless"]
    command += ["--csv", str(out / LOCUST_CSV), "--only-summary", "--exit-code-on-error", "0"]
    if plan.workers > 1:
        # A door of its own, on this machine only: at Locust's usual one the workers of another run may stand.
        port = str(free_port())
        command += ["--processes", str(plan.workers), "--master-bind-host", LOOPBACK, "--master-bind-port", port]
        command += ["--master-host", LOOPBACK, "--master-port", port]
    environment = {**os.environ, PLAN_VARIABLE: str(plan_path), "PYTHONPATH": str(ROOT)}
    environment |= dict.fromkeys(("no_proxy", "NO_PROXY"), LOOPBACK)  # the venue is on this machine
    deadline = time.monotonic() + plan.seconds + OVERTIME_S
    samples: list[Cores] = []
    with (out / LOCUST_LOG).open("wb") as log:
        locust = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            used = used_s(venue.pid, locust.pid)
            while locust.poll() is None and time.monotonic() < deadline:
                time.sleep(SAMPLE_S)
                before, used = used, used_s(venue.pid, locust.pid)
                samples.append(shares(before, used))
                if venue.poll() is not None:
                    raise LoadError(f"the venue ended with {venue.returncode}: see {out / VENUE_LOG}")
        finally:
            with suppress(ProcessLookupError):  # workers outlive a leader that was killed
                os.killpg(locust.pid, signal.SIGKILL)
            locust.wait()
    if locust.returncode:
        raise LoadError(f"Locust ended with {locust.returncode}: see {out / LOCUST_LOG}")
    return samples


def state_of(control: Control) -> dict[str, Any]:
    """Return what the venue says of itself at the end."""
    health = control.health()
    names = ("status", "conservationResidue", "seq", "commitLagMs", "clockAheadMs")
    return {name: health[name] for name in names} | {"liquidations": len(control.liquidations())}


def write_report(plan: Plan, samples: list[Cores], end: dict[str, Any]) -> int:
    """Write `report.md`, `cores.csv` and `end.json` beside the calls, print the report, and return the exit code."""
    out = Path(plan.out)
    began = float((out / STARTED_NAME).read_text())
    calls = read_calls(out, began, plan.processes)
    cores = [sample._replace(t_s=sample.t_s - began) for sample in samples]
    with (out / CORES_NAME).open("w", newline="") as file:
        csv.writer(file).writerows(cores)
    (out / END_NAME).write_text(json.dumps(end))
    text = "\n".join(lines(plan, calls, cores, end))
    (out / REPORT_NAME).write_text(f"{text}\n")
    print(text)
    return int(bool(unexpected(calls) or unheard_of(plan, calls) or end["conservationResidue"]))


def free_port() -> int:
    """Return a port of this machine at which nobody listens."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
    return port


if __name__ == "__main__":
    main()
