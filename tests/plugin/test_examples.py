"""The examples of docs/testing.md, as a stranger runs them: from a copy, and from the wheel in an empty environment."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.plugin.page import EXAMPLES, PAGE, ROOT, rendered

LINES_MAX = 50
BUILT = ("margincall", "exchange", "clients", "scenarios", "pyproject.toml", "README.md", "LICENSE", "NOTICE")
BESIDE = ("pytest", "ccxt")  # what the examples need and the wheel does not bring


def test_the_page_shows_all_five_as_they_are() -> None:
    subjects = ["crash", "disconnect", "liquidation", "rate_limit", "rejection"]
    assert [path.stem.removeprefix("test_") for path in EXAMPLES] == subjects
    page = PAGE.read_text("utf-8")
    assert rendered(page) == page, "make it anew: python -m tests.plugin.page"
    for path in EXAMPLES:
        text = path.read_text("utf-8")
        assert f"```python\n{text}```" in page
        assert len(text.splitlines()) <= LINES_MAX


def test_they_pass(tmp_path: Path) -> None:
    _passes(Path(sys.executable), tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_they_pass_with_the_wheel_in_an_empty_environment(tmp_path: Path) -> None:
    source, wheels, home = tmp_path / "source", tmp_path / "wheels", tmp_path / "env"
    source.mkdir()
    for name in BUILT:
        origin = ROOT / name
        copy = shutil.copytree if origin.is_dir() else shutil.copy
        copy(origin, source / name)
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(source))
    [wheel] = wheels.glob("margincall-*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / "bin" / "python"
    beside = tmp_path / "beside.lock"
    beside.write_text(_locked_beside(), "utf-8")
    locks = ["--requirement", str(ROOT / "requirements.lock"), "--requirement", str(beside)]
    into = ["--python", str(python), "install", "--no-compile"]
    _pip(*into, "--require-hashes", *locks)
    _pip(*into, "--no-deps", "--no-index", str(wheel))
    _passes(python, tmp_path)


def _passes(python: Path, tmp_path: Path) -> None:
    """Run a copy of the examples, far from this repository."""
    folder = tmp_path / "examples"
    shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns("__pycache__"))
    command = [str(python), "-I", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    ran = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "6 passed" in ran.stdout


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], check=True)


def _locked_beside() -> str:
    """Return what the development lock says of BESIDE and all they need, without what the run-time lock has."""
    blocks = _blocks((ROOT / "requirements-dev.lock").read_text("utf-8"))
    known = _blocks((ROOT / "requirements.lock").read_text("utf-8"))
    wanted, names = list(BESIDE), dict.fromkeys(BESIDE)
    while wanted:
        for text in requires(wanted.pop()) or ():
            requirement = Requirement(text)
            name = canonicalize_name(requirement.name)
            if name not in names and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
                names[name] = None
                wanted.append(name)
    return "".join(blocks[name] for name in names if name not in known)


def _blocks(lock: str) -> dict[str, str]:
    """Return the entries of a lock by the name of the package."""
    found = re.finditer(r"^([a-z0-9][a-z0-9._-]*)==.*\n(?: +.*\n)*", lock, re.MULTILINE)
    return {match[1]: match[0] for match in found}
