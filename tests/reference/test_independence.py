"""The reference shares records and units with the core and not one rule: read off its syntax trees."""

import ast
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SHARED = {  # what may be imported of each module of the core; None: any record in it
    "exchange.core.enums": None,
    "exchange.core.commands": None,
    "exchange.core.events": None,
    "exchange.core.contract": {"Bracket", "Contract", "VenueRules"},
    "exchange.core.units": {"Ticks", "Lots", "Atoms", "RateE8", "Nanos", "RATE_ONE", "NEVER", "MONEY_MAX", "SECOND"},
}
CONTRACT_RULES = {"notional", "bracket_of", "notional_cap", "price_shifted", "max_leverage"}  # methods that are rules


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield module and name of each import; an empty name: the whole module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (((node.module or ""), alias.name) for alias in node.names)


def forbidden(tree: ast.Module) -> Iterator[str]:
    """Yield what a file takes from the core beyond records and units."""
    for module, name in imports(tree):
        if module.split(".")[0] != "exchange":
            continue
        allowed = SHARED.get(module, set())
        if allowed is not None and name not in allowed:
            yield f"{module}.{name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CONTRACT_RULES:
            yield f"call of Contract.{node.func.attr}"


def test_the_reference_shares_only_records_and_units() -> None:
    files = sorted(FOLDER.glob("*.py"))
    assert len(files) > 5
    for path in files:
        assert not list(forbidden(ast.parse(path.read_text("utf-8")))), path.name


def test_a_forbidden_import_is_seen() -> None:
    for text in (
        "import exchange.core.book",
        "from exchange.core import matching",
        "from exchange.core.units import div_floor",
        "from exchange.core.margin import equity",
        "x = contract.notional_cap(5)",
    ):
        assert list(forbidden(ast.parse(text))), text
    assert not list(forbidden(ast.parse("from exchange.core.units import Ticks\nfrom fractions import Fraction")))
