"""Replays the golden journal against what it recorded, with nothing but what the package needs. It makes nothing.

`python -m tests.journal.golden` does it under whichever interpreter runs it: `make golden-all` tries several.
"""

import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from exchange.journal.recovery import replay, verify
from exchange.journal.store import JOURNAL_NAME

GOLDEN = Path(__file__).with_name("golden.sqlite")
EXPECTED = Path(__file__).with_name("golden.json")


def expected() -> dict[str, Any]:
    """Return what replaying must give, as it was recorded."""
    return dict(json.loads(EXPECTED.read_text(encoding="utf-8")))


def copied(folder: Path) -> Path:
    """Make `folder` a data folder with the golden journal; SQLite may leave files beside it."""
    shutil.copy(GOLDEN, folder / JOURNAL_NAME)
    return folder


def replayed() -> dict[str, Any]:
    """Replay the golden journal and return the report. Raises a JournalError where it is not as recorded."""
    with tempfile.TemporaryDirectory() as folder:
        data = copied(Path(folder))
        problems = verify(data).problems
        assert not problems, problems
        return asdict(replay(data))


def main() -> int:
    """Return 0 when this interpreter gives the recorded hashes."""
    found, wanted = replayed(), expected()
    version = ".".join(map(str, sys.version_info[:3]))
    if found != wanted:
        sys.stderr.write(f"Python {version}: the golden journal gave {found}, recorded is {wanted}\n")
        return 1
    sys.stdout.write(f"Python {version}: {found['seq']} commands replay to state hash {found['state_hash']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
