"""Writes the examples into docs/testing.md as they are: `python -m tests.plugin.page`. It writes nothing else there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "testing.md"
EXAMPLES = sorted((ROOT / "examples").glob("test_*.py"))
_BLOCK = re.compile(r"(\(\.\./(examples/test_\w+\.py)\)\n\n```python\n).*?(?=```\n)", re.DOTALL)


def rendered(page: str) -> str:
    """Return the page with each block that follows the link to an example replaced by that file."""
    return _BLOCK.sub(lambda match: match[1] + (ROOT / match[2]).read_text("utf-8"), page)


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text("utf-8")), "utf-8")
