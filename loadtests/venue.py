"""A venue served for a measurement: a process of its own on a free port, a new data folder. It measures nothing."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clients.ready import Ready, ReadyFileError, read_ready

PROGRAM = "from exchange.cli import main; main()"
BOUND_S = 30.0  # in which a venue starts, and in which it ends
POLL_S = 0.05


class VenueError(Exception):
    """The venue did not start, or did not end well."""


@contextmanager
def served(folder: Path, log_path: Path, *flags: str) -> Iterator[tuple[Ready, "subprocess.Popen[bytes]"]]:
    """Serve a venue, its data below `folder`, while the block lasts. Raises VenueError."""
    ready_path = folder / "ready.json"
    command = [sys.executable, "-c", PROGRAM, "serve", "--index", "manual", "--port", "0"]
    command += ["--data", str(folder / "data"), "--ready-file", str(ready_path), *flags]
    with log_path.open("wb") as log:
        venue = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield _ready(ready_path, venue, log_path), venue
        finally:
            venue.send_signal(signal.SIGTERM)
            try:
                code = venue.wait(BOUND_S)
            except subprocess.TimeoutExpired:
                venue.kill()
                raise VenueError("the venue did not end") from None
        if code:
            raise VenueError(f"the venue ended with {code}: see {log_path}")


def _ready(path: Path, venue: "subprocess.Popen[bytes]", log_path: Path) -> Ready:
    deadline = time.monotonic() + BOUND_S
    while time.monotonic() < deadline:
        if venue.poll() is not None:
            last = log_path.read_text("utf-8", "replace").strip().rpartition("\n")[2]
            raise VenueError(f"the venue ended with {venue.returncode} before it was ready: {last}")
        try:
            return read_ready(path)
        except ReadyFileError:  # not written yet
            time.sleep(POLL_S)
    raise VenueError("the venue did not start")
