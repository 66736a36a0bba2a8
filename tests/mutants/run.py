"""Plant known bugs one by one in a copy of the tree; each must be caught by its named test. `make mutants` calls it.

Exit 0: all caught. 1: one survived, no longer applies, or has no row; or a named test fails without any bug. 2: misuse.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from tests.mutants.table import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
PATCHES = ROOT / "tests" / "mutants"
COPIED = ("margincall", "exchange", "clients", "tests", "examples", "pyproject.toml")
TEST_SECONDS_MAX = 300  # a bug may also show as a loop without end
PASSED, FAILED = 0, 1  # pytest's exit codes; any other is no verdict


class Verdict(Enum):
    """What became of a planted bug."""

    CAUGHT = "caught"
    SURVIVED = "SURVIVED"
    NO_LONGER_APPLIES = "NO LONGER APPLIES"
    NO_VERDICT = "NO VERDICT"


def try_mutant(tree: Path, mutant: Mutant) -> Verdict:
    """Plant a bug in a tree, run its test, and take the bug out again."""
    with planted(tree, PATCHES / f"{mutant.patch}.patch") as applies:
        if not applies:
            return Verdict.NO_LONGER_APPLIES
        code = run_tests(tree, [mutant.test])
    return {PASSED: Verdict.SURVIVED, FAILED: Verdict.CAUGHT}.get(code, Verdict.NO_VERDICT)


def run_tests(tree: Path, tests: Sequence[str]) -> int:
    """Run tests of a tree with the tree's own modules; return pytest's exit code, FAILED when they take too long."""
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, timeout=TEST_SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        return FAILED
    return done.returncode


@contextmanager
def copied_tree() -> Iterator[Path]:
    """Yield a temporary copy of the sources and tests."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, tree / name)
        yield tree


@contextmanager
def planted(tree: Path, patch: Path) -> Iterator[bool]:
    """Apply a patch and yield whether it applied; take it back afterwards."""
    applies = patch.exists() and _git_apply(tree, patch) == 0
    try:
        yield applies
    finally:
        if applies and _git_apply(tree, patch, "--reverse") != 0:
            raise RuntimeError(f"{patch.name} could not be taken back")


def _git_apply(tree: Path, patch: Path, *flags: str) -> int:
    # GIT_CEILING_DIRECTORIES: the copy is no repository, whatever folder the system's temporary files lie in.
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)}
    command = ["git", "apply", *flags, str(patch)]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, check=False).returncode


def strays() -> list[str]:
    """Return patches without a row in the table."""
    rows = {mutant.patch for mutant in MUTANTS}
    return sorted(patch.stem for patch in PATCHES.glob("*.patch") if patch.stem not in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the mutants that the command line names, or all; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.run", description=__doc__.splitlines()[0])
    parser.add_argument("patches", nargs="*", metavar="PATCH", help="names of patches (default: all)")
    asked = parser.parse_args(arguments).patches
    unknown = sorted(set(asked) - {mutant.patch for mutant in MUTANTS})
    if unknown:
        parser.error(f"no such mutant: {', '.join(unknown)}")
    mutants = [mutant for mutant in MUTANTS if not asked or mutant.patch in asked]
    write = sys.stdout.write
    with copied_tree() as tree:
        if run_tests(tree, sorted({mutant.test for mutant in mutants})) != PASSED:
            write("the named tests do not pass without any bug: repair them first\n")
            return 1
        escaped = 0
        for mutant in mutants:
            started = time.monotonic()
            verdict = try_mutant(tree, mutant)
            escaped += verdict is not Verdict.CAUGHT
            write(f"{verdict.value:<18}{mutant.patch:<36}{time.monotonic() - started:5.1f} s  {mutant.breaks}\n")
            sys.stdout.flush()
    forgotten = [] if asked else strays()
    for name in forgotten:
        write(f"NO ROW            {name}\n")
    write(f"{len(mutants) - escaped} of {len(mutants)} caught\n")
    return 1 if escaped or forgotten else 0


if __name__ == "__main__":
    sys.exit(main())
