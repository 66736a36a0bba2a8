"""Processes of a pool end with the one that started them, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STARTER = """
import os, sys, time
from scenarios.processes import pool

if __name__ == "__main__":
    executor = pool(2)
    print(*{executor.submit(os.getpid).result() for _ in range(2)}, flush=True)
    waiting = [executor.submit(time.sleep, 600) for _ in range(2)]
    print("waiting", flush=True)
    waiting[0].result()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_they_do_not_outlive_their_parent(tmp_path: Path, number: signal.Signals) -> None:
    """Who holds the pipe that they inherited is alive: it closes when the last of them has ended."""
    script = tmp_path / "starter.py"
    script.write_text(STARTER)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().split()
        assert parent.stdout.readline() == b"waiting\n"
        parent.send_signal(number)
        assert parent.stdout.read() == b""
