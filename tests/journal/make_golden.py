"""Makes the golden journal from the scripted life: `python -m tests.journal.make_golden`. Not part of any test.

Before the first release: run it after a change of the rules. After it: only together with a new CORE_REVISION.
"""

import json
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from exchange.journal.recovery import replay
from exchange.journal.store import JOURNAL_NAME
from tests.journal.golden import EXPECTED, GOLDEN
from tests.journal.life import RULES, life
from tests.journal.recording import record


def main() -> None:
    """Write golden.sqlite and golden.json beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        record(data, life(), rules=RULES)
        report = asdict(replay(data))
        with closing(sqlite3.connect(data / JOURNAL_NAME)) as connection:
            connection.execute("VACUUM")
        GOLDEN.write_bytes((data / JOURNAL_NAME).read_bytes())
    EXPECTED.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
