"""The demo's screen: lines that fit a terminal, a command that can be typed, and addresses that lead somewhere."""

import os
from pathlib import Path

import pytest

from exchange.composition import authority
from exchange.screen import folded, program

PARTS = ["[bold]12345[/bold]", "6789", "abc"]


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        (16, ["12345  6789  abc"]),
        (15, ["12345  6789", "  abc"]),
        (11, ["12345  6789", "  abc"]),
        (10, ["12345", "  6789", "  abc"]),
        (1, ["12345", "  6789", "  abc"]),
    ],
)
def test_a_line_is_broken_between_its_parts(columns: int, lines: list[str]) -> None:
    assert folded(PARTS, columns).replace("[bold]", "").replace("[/bold]", "").split("\n") == lines


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in .venv/bin of the working directory, which is not on PATH."""
    path = tmp_path / ".venv" / "bin" / "margincall"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.devnull)
    return path


def test_a_program_that_is_not_on_path_is_named_as_it_was_started(installed: Path) -> None:
    assert program(".venv/bin/margincall") == ".venv/bin/margincall"
    assert program(str(installed)) == ".venv/bin/margincall"
    assert program("/opt/a folder/margincall") == "'/opt/a folder/margincall'"


def test_a_program_on_path_is_named_by_its_name(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(installed.parent))
    assert program(str(installed)) == "margincall"
    assert program("-c") == "margincall"


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("127.0.0.1", "127.0.0.1:80"),
        ("localhost", "localhost:80"),
        ("0.0.0.0", "127.0.0.1:80"),
        ("::", "[::1]:80"),
        ("::1", "[::1]:80"),
        ("fe80::2", "[fe80::2]:80"),
    ],
)
def test_an_address_of_version_6_stands_in_brackets(host: str, place: str) -> None:
    assert authority(host, 80) == place
