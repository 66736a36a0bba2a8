"""Golden files: what a test produced is compared with what is on disk, or written there with `--update-golden`."""

import json
from pathlib import Path
from typing import Protocol

import pytest

GOLDEN = Path(__file__).parent / "golden"


class Golden(Protocol):
    """Compares one JSON-able object with the file of its name."""

    def __call__(self, name: str, produced: object) -> None: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that accepts what is produced now."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing them")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Return the comparison, or with --update-golden the writer."""
    update = bool(request.config.getoption("--update-golden", default=False))

    def compare(name: str, produced: object) -> None:
        path = GOLDEN / f"{name}.json"
        text = json.dumps(produced, indent=2, ensure_ascii=False) + "\n"
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no golden file {path.name}: look at what is produced, then run with --update-golden"
        assert path.read_text(encoding="utf-8") == text, f"{path.name} differs from what is produced now"

    return compare
