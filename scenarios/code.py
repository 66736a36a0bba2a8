"""Which source code the results of a run follow from, as hashes. It runs and imports none of it.

While a version is being written, or a user's own policy, they tell its states apart.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

HASH_BYTES = 16
OURS = frozenset({"clients", "exchange", "scenarios"})  # known by `code_digest`, or without effect on a run
# Where the source is that results follow from, and what of it they do not: these print, draw, or run something else.
FOLLOWED = ("exchange/core", "exchange/journal", "exchange/projections", "exchange/runtime/feeds", "scenarios")
APART = frozenset(
    f"scenarios/{name}" for name in ("report.py", "sweep.py", "analysis/picture.py", "processes.py", "reproduce")
)


def digest(data: bytes) -> str:
    """Return a short hash as hex."""
    return blake2b(data, digest_size=HASH_BYTES).hexdigest()


@cache
def code_digest() -> str:
    """Return a hash of this package's source."""
    return _joined(sources())


def sources() -> dict[str, bytes]:
    """Return this package's source that results follow from, by path."""
    found = {}
    for room in FOLLOWED:
        package, *inner = room.split("/")
        found.update(_below(files(package).joinpath(*inner), room))
    return found


def own_digest(module: str) -> str:
    """Return a hash of a user's module, which is imported, and of all that it imports from beside itself."""
    path = getattr(sys.modules.get(module), "__file__", None)
    found: dict[str, bytes] = {}
    if path:
        parts = module.split(".")
        root = Path(path).parents[len(parts) - (Path(path).name != "__init__.py")]
        _follow(module, root, found)
    return _joined(found)


def _follow(module: str, root: Path, found: dict[str, bytes]) -> None:
    """Add a module that lies below a folder, and those that it imports from there; others have no file there."""
    inside = root.joinpath(*module.split("."))
    path = next((one for one in (inside.with_suffix(".py"), inside / "__init__.py") if one.is_file()), None)
    if path is None or module in found or module.split(".", maxsplit=1)[0] in OURS:
        return
    found[module] = path.read_bytes()
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for name in _imported(package, ast.parse(found[module])):
        _follow(name, root, found)


def _imported(package: str, tree: ast.Module) -> Iterator[str]:
    """Yield the modules that source in a package may import, and the packages around them; some may be no modules."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            around = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = [*around, *(node.module or "").split(".")] if node.module else around
            names += [".".join([*base, alias.name]) for alias in node.names]
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _below(folder: Traversable, path: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in folder.iterdir():
        name = f"{path}/{entry.name}"
        if name in APART:
            continue
        if entry.is_dir():
            found |= _below(entry, name)
        elif name.endswith(".py"):
            found[name] = entry.read_bytes()
    return found


def _joined(found: dict[str, bytes]) -> str:
    return digest(b"\0".join(name.encode() + b"\0" + text for name, text in sorted(found.items())))
