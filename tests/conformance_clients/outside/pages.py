"""Runs the first Python block of a page of docs/clients as it stands, on a venue whose index walks."""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conformance_clients.stage import PATIENCE_S, POLL_S

PAGES = Path("docs/clients")
PAGE_SECONDS_MAX = 90


def run_page(name: str, program: str, last_line: str) -> None:
    """Run it in this environment. Raises AssertionError unless it ends well and prints that line last."""
    text = (PAGES / f"{name}.md").read_text("utf-8")
    block = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[0]
    with tempfile.TemporaryDirectory() as folder:
        ready_path = Path(folder) / "ready.json"
        command = [program, "serve", "--port", "0", "--index", "walk:4"]
        venue = subprocess.Popen(
            [*command, "--data", f"{folder}/data", "--ready-file", str(ready_path)], stdout=subprocess.DEVNULL
        )
        try:
            until = time.monotonic() + PATIENCE_S
            while not ready_path.exists():
                assert venue.poll() is None, "the venue did not start"
                assert time.monotonic() < until, "the venue did not start in time"
                time.sleep(POLL_S)
            printed = subprocess.run(
                [sys.executable, "-c", block.replace("data/ready.json", str(ready_path))],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
                timeout=PAGE_SECONDS_MAX,
                env=os.environ | {"PYTHONPATH": str(Path.cwd())},
            ).stdout
        finally:
            venue.terminate()
            venue.wait(timeout=PATIENCE_S)
    assert printed.splitlines()[-1] == last_line, printed
    print(f"docs/clients/{name}.md: its block runs")
