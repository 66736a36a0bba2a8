"""The page on fidelity: every test that it names exists, and every code of our own stands on it."""

import re
from pathlib import Path

from exchange.admin import bodies, control, faults, keys
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.errors import Refusal

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "fidelity.md").read_text("utf-8")
OWN_CODES_FROM = -9000  # and below: the dialect uses none of these


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", PAGE)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_code_of_our_own_stands_on_the_page_with_its_status() -> None:
    modules = (errors, bodies, control, faults, keys)
    refusals = {value for module in modules for value in vars(module).values() if isinstance(value, Refusal)}
    own = {(refusal.code, refusal.http) for refusal in refusals if refusal.code <= OWN_CODES_FROM}
    listed = {(int(code), int(http)) for code, http in re.findall(r"^\| (-\d+) \| (\d+) \|", PAGE, re.MULTILINE)}
    assert own == listed
