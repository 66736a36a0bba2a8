"""The reference shares records and units with the core and not one rule: read off its syntax trees."""

import ast
from collections.abc import Iterator
from pathlib import Path

from exchange.core.contract import Bracket, Contract
from exchange.core.policies.case import PositionCase
from exchange.core.rules import VenueRules

FOLDER = Path(__file__).resolve().parent
SHARED = {  # what may be imported of each module of the core; None: any record in it
    "exchange.core.enums": None,
    "exchange.core.commands": None,
    "exchange.core.events": None,
    "exchange.core.records": None,
    "exchange.core.contract": {"Bracket", "Contract"},
    "exchange.core.rules": {"VenueRules"},
    "exchange.core.policies.presets": {"EngineRules"},
    "exchange.core.policies.case": {
        "Case",
        "PositionCase",
        "SendOrder",
        "HandOver",
        "Deleverage",
        "Wait",
        "Intent",
        "LiquidationPolicy",
        "Custom",
    },
    "exchange.core.policies.adl": {"AdlTrigger", "AdlPrice", "Ranker"},
    "exchange.core.policies.backstop": {"BackstopKind"},
    "exchange.core.policies.losses": {"LossPolicy"},
    "exchange.core.policies.unwinding": {"UnwindStyle"},
    "exchange.core.policies.binance_smart": {"BinanceSmart"},
    "exchange.core.policies.tier_ladder": {"TierLadder"},
    "exchange.core.policies.deribit_incremental": {"DeribitIncremental"},
    "exchange.core.policies.dydx_v4": {"DydxV4"},
    "exchange.core.policies.hyperliquid_backstop": {"HyperliquidBackstop"},
    "exchange.core.policies.naive_full": {"NaiveFull"},
    "exchange.core.price_rules": {"MISSED_FUNDINGS_MAX"},
    "exchange.core.units": {
        "Ticks",
        "Lots",
        "Atoms",
        "RateE8",
        "Nanos",
        "RATE_ONE",
        "NEVER",
        "MONEY_MAX",
        "SECOND",
        "MILLISECOND",
    },
}
RECORDS = (Contract, VenueRules, Bracket)
FIELDS = {name for record in RECORDS for name in record.__struct_fields__}
UNITS = {"value_unit"}  # K of docs/rules.md
# Whatever else a contract answers is a rule: a method, or a property, which is called without looking like it.
RULES = {name for record in RECORDS for name in vars(record) if not name.startswith("_")} - FIELDS - UNITS
# What a position answers of itself: the reference works it out from the fields, as a policy would see them.
CASE_RULES = {name for name, made in vars(PositionCase).items() if isinstance(made, property)}
CASES = {"position", "worst", "case"}
CONTRACT_RULES = {name for name in vars(Contract) if not name.startswith("_")} - set(Contract.__struct_fields__) - UNITS


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield module and name of each import; an empty name: the whole module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (((node.module or ""), alias.name) for alias in node.names)


def forbidden(tree: ast.Module) -> Iterator[str]:
    """Yield what a file takes from the core, or from other tests, beyond records and units."""
    for module, name in imports(tree):
        if module.split(".")[0] not in {"exchange", "tests"} or module.startswith("tests.reference."):
            continue
        allowed = SHARED.get(module, set())
        if allowed is not None and name not in allowed:
            yield f"{module}.{name}"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        if node.attr in (CONTRACT_RULES if is_contract(node.value) else RULES):
            yield f"{ast.unparse(node)}, a rule of a contract"
        if node.attr in CASE_RULES and isinstance(node.value, ast.Name) and node.value.id in CASES:
            yield f"{ast.unparse(node)}, a rule of a case"


def is_contract(node: ast.expr) -> bool:
    """Tell whether an expression is a contract, as the reference names it: contract, x.contract, x.contracts[...]."""
    inner = node.value if isinstance(node, ast.Subscript) else node
    named = inner.id if isinstance(inner, ast.Name) else inner.attr if isinstance(inner, ast.Attribute) else ""
    return named == ("contracts" if isinstance(node, ast.Subscript) else "contract")


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
        "import exchange",
        "from exchange.core.price_rules import parse",
        "from exchange.core.policies.sizing import lots_to_heal",
        "from exchange.core.policies.adl import divided",
        "from exchange.core.policies.backstop import lots_taken",
        "x = worst.bankruptcy_price",
        "x = position.lots",
        "from tests.market.stage import Stage",
        "from tests import simulation",
        "x = contract.notional_cap(5)",
        "x = one.notional_cap",
        "x = contract.max_leverage",
        "x = world.contracts[leg.symbol].max_leverage",
        "x = self.contract.impact_notional",
        "x = anything.impact_notional",
    ):
        assert list(forbidden(ast.parse(text))), text


def test_records_and_units_may_be_read() -> None:
    for text in (
        "from exchange.core.units import Ticks\nfrom fractions import Fraction",
        "from tests.reference.world import World",
        "x = [one.max_leverage for one in contract.brackets]",
        "from exchange.core.policies.adl import Ranker",
        "x = abs(position.quantity) * position.contract.value_unit",
        "x = contract.value_unit + world.contracts[symbol].min_price",
    ):
        assert not list(forbidden(ast.parse(text))), text
