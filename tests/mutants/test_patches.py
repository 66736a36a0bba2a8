"""The planted bugs still fit the code, and each is named once. That they are caught is for `make mutants` to show."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutants.run import PATCHES, copied_tree, planted, strays
from tests.mutants.table import MUTANTS


@pytest.fixture(scope="module")
def tree() -> Iterator[Path]:
    with copied_tree() as copy:
        yield copy


@pytest.mark.parametrize("name", [mutant.patch for mutant in MUTANTS])
def test_a_patch_applies_and_can_be_taken_back(tree: Path, name: str) -> None:
    before = {path: path.read_text("utf-8") for path in sorted((tree / "exchange").rglob("*.py"))}
    with planted(tree, PATCHES / f"{name}.patch") as applies:
        assert applies
        assert any(path.read_text("utf-8") != text for path, text in before.items())
    assert all(path.read_text("utf-8") == text for path, text in before.items())


def test_each_patch_has_one_row() -> None:
    names = [mutant.patch for mutant in MUTANTS]
    assert len(names) == len(set(names)) >= 10
    assert not strays()


def test_a_patch_that_does_not_apply_is_told(tree: Path, tmp_path: Path) -> None:
    patch = tmp_path / "stale.patch"
    patch.write_text("--- a/exchange/core/book.py\n+++ b/exchange/core/book.py\n@@ -1 +1 @@\n-no such line\n+x\n")
    with planted(tree, patch) as applies:
        assert not applies
