"""Every block of docs/contracts.md can be put into the shipped contract, and names no field that is not there."""

import re
import tomllib
from pathlib import Path

import pytest

from exchange.core.contract import parse_contract

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "contracts.md").read_text("utf-8")
SHIPPED = (ROOT / "exchange" / "data" / "contracts" / "BTCUSDT.toml").read_text("utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
TABLES = ("index", "mark", "funding", "breaker")


def with_tables(block: str) -> str:
    """Return the shipped contract with the tables of a block in place of its own."""
    text = SHIPPED
    for name in tomllib.loads(block):
        text = re.sub(rf"^\[{name}\]\n.*?(?=^\[)", "", text, flags=re.DOTALL | re.MULTILINE)
    head, brackets = text.split("[[brackets]]", 1)
    return f"{head}\n{block}\n[[brackets]]{brackets}"


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_the_page_makes_a_contract(block: str) -> None:
    contract = parse_contract(with_tables(block))
    written = tomllib.loads(block)
    assert written.keys() <= set(TABLES)
    if "mark" in written:
        assert contract.mark.rule.value == written["mark"]["rule"]


def test_the_page_names_every_field() -> None:
    shipped = tomllib.loads(SHIPPED)
    for table in TABLES:
        for field in shipped[table]:
            assert f"`{field}`" in PAGE, (table, field)
