"""The house rules that no linter knows, read off the syntax trees. Not style (ruff) and not floors (import-linter).

Each rule is a pure function from a source or a path to findings. The rules are tried on bad and good snippets below, so
that none of them can pass by being blind.
"""

import ast
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ("exchange", "clients", "scenarios", "tests", "loadtests")

LINES_PER_FILE_MAX = 500
LINES_PER_FUNCTION_MAX = 50
VAGUE_NAMES = frozenset({"utils", "helpers", "common", "manager", "handler", "service"})
IMPURE_MODULES = frozenset(
    {"time", "datetime", "random", "asyncio", "os", "io", "socket", "threading", "sqlite3"},
)
MAY_EXECUTE = frozenset(
    {
        "exchange/runtime/sequencer.py",
        "exchange/journal/recovery.py",
        "exchange/runtime/whatif.py",
        "exchange/conformance/check_policy.py",
        "scenarios/kernel.py",
        "loadtests/bench/ours.py",
        "loadtests/bench/crowd.py",
    },
)
SET_TYPES = frozenset({"set", "frozenset", "Set", "AbstractSet", "FrozenSet", "MutableSet"})
SET_METHODS = frozenset({"union", "intersection", "difference", "symmetric_difference"})
KEEPS_ORDER = frozenset({"list", "tuple", "iter", "enumerate", "zip", "map", "filter"})
MACHINE_PATH = re.compile(r"(?<![\w.\-/])/(?:work|root)/")
WEB_ADDRESS = re.compile(r"https?:" + "//")


class Source(NamedTuple):
    """One Python file: its path from the root, its text, and the syntax tree of that text."""

    path: str
    text: str
    tree: ast.Module


Findings = Iterator[str]
Rule = Callable[[Source], Findings]


# ----------------------------------------------------------------------------------------------------- rules on sources


def missing_docstring(source: Source) -> Findings:
    """The module's first statement says what it is."""
    if not ast.get_docstring(source.tree):
        yield f"{source.path}:1: the first statement must be a docstring that says what the module is and is not"


def file_too_long(source: Source) -> Findings:
    """A file is read in one sitting."""
    count = len(source.text.splitlines())
    if count > LINES_PER_FILE_MAX:
        yield f"{source.path}: {count} lines, at most {LINES_PER_FILE_MAX}; split it along what changes together"


def function_too_long(source: Source) -> Findings:
    """A function fits on a screen; its docstring counts, decorators do not."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = (node.end_lineno or node.lineno) - node.lineno + 1
            if count > LINES_PER_FUNCTION_MAX:
                yield f"{source.path}:{node.lineno}: `{node.name}` has {count} lines, at most {LINES_PER_FUNCTION_MAX}"


def float_literal(source: Source) -> Findings:
    """Money, prices and rates are integers."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield f"{source.path}:{node.lineno}: float literal {node.value!r}; use an integer unit of core/units.py"


def true_division(source: Source) -> Findings:
    """Division rounds, and a rounding has a name and a direction."""
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
            yield f"{source.path}:{node.lineno}: `/` gives a float; use a rounding function named for its direction"


def banned_call(source: Source) -> Findings:
    """`float` leaves the integers; `hash` differs between runs."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"float", "hash"}:
            yield f"{source.path}:{node.lineno}: call of `{node.func.id}`; it is not exact or differs between runs"


def impure_import(source: Source) -> Findings:
    """Time, chance and the outside world come in as arguments."""
    for line, name in _absolute_imports(source.tree):
        if name.split(".")[0] in IMPURE_MODULES:
            yield f"{source.path}:{line}: the core imports no `{name}`; pass in what it needs"


def exception_class(source: Source) -> Findings:
    """The core refuses with a value and asserts on its own errors."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            bases = [_last_name(base) or "" for base in node.bases]
            if any(base.endswith(("Error", "Exception", "Warning", "ExceptionGroup")) for base in bases):
                yield f"{source.path}:{node.lineno}: exception class `{node.name}`; refuse with a RejectReason"


def set_iteration(source: Source) -> Findings:
    """The order of a set is an accident, and effects would follow it. `sorted(...)` of one is fine."""
    known = _set_names(source.tree)
    for node in ast.walk(source.tree):
        walked: list[ast.expr] = []
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            walked = [node.iter]
        elif isinstance(node, ast.Starred):
            walked = [node.value]
        elif isinstance(node, ast.Call) and _last_name(node.func) in KEEPS_ORDER:
            walked = node.args
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "pop":
            walked = [] if node.args else [node.func.value]
        for expr in walked:
            if _is_set(expr, known):
                yield f"{source.path}:{expr.lineno}: `{ast.unparse(expr)}` is a set without an order; sort it first"


def stray_execute(source: Source) -> Findings:
    """The venue has one writer per way of running it."""
    if source.path in MAY_EXECUTE:
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr == "execute" and _last_name(node.func.value) in {"venue", "_venue"}:
            yield f"{source.path}:{node.lineno}: only {', '.join(sorted(MAY_EXECUTE))} may call `venue.execute`"


def client_imports_house(source: Source) -> Findings:
    """A client knows the wire and nothing behind it."""
    for line, name in _absolute_imports(source.tree):
        if name.split(".")[0] in {"exchange", "scenarios", "tests", "loadtests"}:
            yield f"{source.path}:{line}: a client imports no `{name}`; it is a user of the wire"


def _absolute_imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module


def _last_name(node: ast.expr) -> str | None:
    """`x` of `x`, `a.x` and `a.b.x`; None of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def _set_names(tree: ast.Module) -> set[str]:
    """Names and attributes that this module declares to be sets, by annotation or by a first value."""
    known: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and _is_set_type(node.annotation):
            known.add(_last_name(node.target) or "")
        elif isinstance(node, ast.arg) and node.annotation and _is_set_type(node.annotation):
            known.add(node.arg)
        elif isinstance(node, ast.Assign) and _is_set(node.value, set()):
            known.update(_last_name(target) or "" for target in node.targets)
    return known - {""}


def _is_set_type(annotation: ast.expr) -> bool:
    return _last_name(annotation.value if isinstance(annotation, ast.Subscript) else annotation) in SET_TYPES


def _is_set(node: ast.expr, known: set[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in SET_METHODS:
            return True
        return isinstance(node.func, ast.Name) and node.func.id in {"set", "frozenset"}
    if isinstance(node, ast.BinOp):
        return _is_set(node.left, known) or _is_set(node.right, known)
    name = _last_name(node)
    return name is not None and (name in known or name.lower().endswith("_set"))


# ---------------------------------------------------------------------------------------------------- rules on the tree


def vague_name(path: str) -> Findings:
    """A module is named for what it does."""
    parts = PurePosixPath(path).with_suffix("").parts
    for part in parts:
        if part in VAGUE_NAMES:
            yield f"{path}: `{part}` says nothing; name the module for what it does"


def machine_path(path: str, text: str) -> Findings:
    """The repository knows no machine."""
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield f"{path}:{number}: a path of somebody's machine; make it relative or an argument"


def web_address(path: str, text: str) -> Findings:
    """What installs and builds names no server: users bring their own index."""
    parts = PurePosixPath(path).parts
    if path.endswith(".lock") or parts[-1] == "Makefile" or parts[0] == ".ci":
        for number, line in enumerate(text.splitlines(), 1):
            if WEB_ADDRESS.search(line):
                yield f"{path}:{number}: a web address where we install or build; leave it to the user's settings"


def _tracked() -> list[str]:
    """Paths that git tracks; where git does not answer, every file but those of environments, caches and builds."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=False, capture_output=True, text=True)
    names = listing.stdout.split("\0") if listing.returncode == 0 else _walked()
    return sorted(name for name in names if name and (ROOT / name).is_file())


def _walked() -> Iterator[str]:
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        made = parts[0] in {".git", ".venv", ".venv-lock", "build", "dist", ".hypothesis"}
        if not made and not any(part.endswith(("_cache", "__pycache__", ".egg-info")) for part in parts):
            yield path.relative_to(ROOT).as_posix()


def _texts() -> Iterator[tuple[str, str]]:
    for name in _tracked():
        data = (ROOT / name).read_bytes()
        if b"\0" not in data:
            yield name, data.decode("utf-8", errors="replace")


@cache
def _sources(*folders: str) -> tuple[Source, ...]:
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(_source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths)


def _source(path: str, text: str) -> Source:
    return Source(path, text, ast.parse(text, path))


def _none(findings: Iterable[str]) -> None:
    found = list(findings)
    assert not found, "\n" + "\n".join(found)


# ------------------------------------------------------------------------------------------------ the house is in order


@pytest.mark.parametrize("rule", [missing_docstring, file_too_long, function_too_long], ids=lambda rule: rule.__name__)
def test_every_module(rule: Rule) -> None:
    _none(finding for source in _sources(*HOUSE) for finding in rule(source))


CORE_RULES: list[Rule] = [
    float_literal,
    true_division,
    banned_call,
    impure_import,
    exception_class,
    set_iteration,
]


@pytest.mark.parametrize("rule", CORE_RULES, ids=lambda rule: rule.__name__)
def test_the_core(rule: Rule) -> None:
    _none(finding for source in _sources("exchange/core") for finding in rule(source))


def test_the_venue_has_one_writer() -> None:
    sources = _sources("exchange", "clients", "scenarios", "loadtests")
    _none(finding for source in sources for finding in stray_execute(source))


def test_clients_know_only_the_wire() -> None:
    _none(finding for source in _sources("clients") for finding in client_imports_house(source))


def test_names_say_something() -> None:
    _none(finding for source in _sources(*HOUSE) for finding in vague_name(source.path))


def test_no_path_of_a_machine() -> None:
    _none(finding for path, text in _texts() for finding in machine_path(path, text))


def test_no_web_address_where_we_install() -> None:
    _none(finding for path, text in _texts() for finding in web_address(path, text))


# ---------------------------------------------------------------------------------------------------- the rules can see

BAD: list[tuple[Rule, str]] = [
    (missing_docstring, "import ast\n'''late'''\n"),
    (missing_docstring, ""),
    (file_too_long, "'''Long.'''\n" + "x = 1\n" * LINES_PER_FILE_MAX),
    (function_too_long, "def f():\n" + "    x = 1\n" * LINES_PER_FUNCTION_MAX),
    (function_too_long, "class A:\n  async def f(self):\n" + "    x = 1\n" * LINES_PER_FUNCTION_MAX),
    (float_literal, "x = 0.5"),
    (float_literal, "x = 1e8"),
    (true_division, "x = a / b"),
    (true_division, "x /= 2"),
    (banned_call, "x = float(text)"),
    (banned_call, "x = hash(order)"),
    (impure_import, "import time"),
    (impure_import, "def f():\n    import os.path\n"),
    (impure_import, "from datetime import UTC"),
    (exception_class, "class Refused(ValueError): ..."),
    (exception_class, "class Refused(errors.BaseException): ..."),
    (set_iteration, "for x in {1, 2}: ..."),
    (set_iteration, "y = [x for x in set(z)]"),
    (set_iteration, "y = {x: 1 for x in frozenset(z)}"),
    (set_iteration, "for x in self.touched_set: ..."),
    (set_iteration, "def f(touched: set[int]) -> None:\n    for x in touched: ..."),
    (set_iteration, "self.touched: set[int] = g()\nfor x in self.touched: ..."),
    (set_iteration, "seen = set()\ny = list(seen)"),
    (set_iteration, "for x in a_set - b: ..."),
    (set_iteration, "for x in a.union(b): ..."),
    (set_iteration, "y = [*a_set]"),
    (set_iteration, "x = a_set.pop()"),
    (stray_execute, "venue.execute(ts, command)"),
    (stray_execute, "self.venue.execute(ts, command)"),
    (stray_execute, "self._venue.execute(ts, command)"),
    (client_imports_house, "import exchange"),
    (client_imports_house, "from exchange.core import venue"),
]

GOOD: list[tuple[Rule, str]] = [
    (missing_docstring, "'''Says what it is.'''\n"),
    (file_too_long, "x = 1\n" * LINES_PER_FILE_MAX),
    (function_too_long, "def f():\n" + "    x = 1\n" * (LINES_PER_FUNCTION_MAX - 1)),
    (float_literal, "x: float = 10**8 + True"),
    (true_division, "x = a // b\nx //= 2"),
    (banned_call, "x = self.hash(order)"),
    (impure_import, "from exchange.core.time import x\nimport timeit"),
    (exception_class, "class Order(msgspec.Struct): ..."),
    (set_iteration, "for x in sorted(a_set): ..."),
    (set_iteration, "for x in sorted({1, 2}): ...\nok = 1 in a_set\nn = len(a_set)\nb_set = a_set | {3}"),
    (set_iteration, "levels: list[int] = []\nfor x in levels: ...\nlevels.pop()"),
    (stray_execute, "connection.execute(sql)"),
    (client_imports_house, "import aiohttp\nfrom . import rest"),
]


@pytest.mark.parametrize(("rule", "text"), BAD)
def test_a_rule_catches_a_bad_snippet(rule: Rule, text: str) -> None:
    assert list(rule(_source("exchange/core/snippet.py", text)))


@pytest.mark.parametrize(("rule", "text"), GOOD)
def test_a_rule_lets_a_good_snippet_pass(rule: Rule, text: str) -> None:
    _none(rule(_source("exchange/core/snippet.py", text)))


@pytest.mark.parametrize("path", sorted(MAY_EXECUTE))
def test_the_writers_may_execute(path: str) -> None:
    _none(stray_execute(_source(path, "self._venue.execute(ts, command)")))


def test_vague_names_are_caught() -> None:
    assert list(vague_name("exchange/core/utils.py"))
    assert list(vague_name("exchange/common/book.py"))
    _none(vague_name("exchange/core/order_handler_table.py"))


def test_machine_paths_are_caught() -> None:
    for folder in ("work", "root"):
        assert list(machine_path("docs/x.md", f"see /{folder}/main"))
        assert list(machine_path("docs/x.md", f"home = '/{folder}/main'"))
        _none(machine_path("docs/x.md", f"see docs/{folder}/main, https://host/{folder}/main and network/{folder}/x"))


@pytest.mark.parametrize("path", ["requirements.lock", "Makefile", ".ci/run"])
def test_web_addresses_are_caught(path: str) -> None:
    address = "https:" + "//host/simple"
    assert list(web_address(path, f"--index-url {address}"))
    _none(web_address("README.md", address))
