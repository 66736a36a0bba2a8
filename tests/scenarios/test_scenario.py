"""Scenario files: each shipped one is read, and what is amiss is refused by the name of its key."""

from pathlib import Path

import pytest

from exchange.core.enums import MarkRule
from scenarios.scenario import ScenarioError, parse_scenario, read_scenario, scenario_names
from tests.scenarios.runs import CRASH

SHIPPED = ["calm", "cascade", "feb_2025", "flash_crash", "mark_attack", "short_squeeze"]


def test_the_library_is_complete() -> None:
    assert scenario_names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_each_shipped_scenario_is_read_and_says_what_it_took_from_where(name: str) -> None:
    scenario = read_scenario(name)
    text = (Path(__file__).parents[2] / "scenarios" / "library" / f"{name}.toml").read_text("utf-8")
    assert scenario.name == name
    assert "From records:" in text
    assert "Invented:" in text


def test_the_cascade_has_a_thousand_accounts() -> None:
    assert sum(group.count for group in read_scenario("cascade").agents) == 1_000


def test_the_attacked_contract_marks_as_its_scenario_says() -> None:
    assert read_scenario("mark_attack").traded().mark.rule is MarkRule.LAST_PRICE
    assert read_scenario("calm").traded().mark.rule is MarkRule.MEDIAN_OF_THREE


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("fund_quote", "fund_quotes", "fund_quotes"),
        ("jump_bp", "jump_size", "jump_size"),
        ("recovered =", "recovery =", "recovery"),
        ("{ on = true }", "{ off = true }", "off"),
        ("lean_bp = 10", "lean_bps = 10", "lean_bp"),
        ('kind = "momentum"', 'kind = "gambler"', "gambler"),
        ('name = "momentum"', 'name = "noise"', "a name of its own"),
        ("[2, 8, 30]", "[2, 8]", "distances_bp"),
        ("side = 1\n", "side = 2\n", "side"),
        ("push_from_seconds = 110", "push_from_seconds = 10", "follow each other"),
        ("count = 10", "count = 0", "count"),
        ("duration_seconds = 240", "duration_seconds = 0", "duration_seconds"),
        ("duration_seconds = 240", "duration_seconds = 240\nstart = 2025-01-01T00:00:00", "time zone"),
        ("percent = -8.0", 'percent = "-8"', "percent"),
        ("percent = -8.0", "percent = -100", "percent"),
        ("over_seconds = 20", "over_seconds = 0", "over_seconds"),
        ("orders_per_minute = 10.0", "orders_per_minute = 0", "orders_per_minute"),
        ("market_share = 0.3", "market_share = 30", "market_share"),
        ("requote_seconds = 3.0", "requote_seconds = 0", "requote_seconds"),
        ("inventory_max_quote = 2_000_000", "inventory_max_quote = 0", "inventory_max_quote"),
        ("leverages = [10, 20, 50]", "leverages = [0, 20, 50]", "leverages"),
        ("side = -1", "side = 0", "side"),
        ("push_seconds = 10", "push_seconds = 0", "push_seconds"),
        ("{ on = true }", "{ on = true, temporary_half_life_seconds = 0 }", "temporary_half_life_seconds"),
    ],
)
def test_what_is_amiss_is_refused_by_its_name(old: str, new: str, named: str) -> None:
    assert CRASH.count(old) >= 1
    with pytest.raises(ScenarioError, match=named):
        parse_scenario(CRASH.replace(old, new, 1))


def test_unknown_scenarios_and_missing_files_are_named() -> None:
    with pytest.raises(ScenarioError, match="'quiet' is none of calm"):
        read_scenario("quiet")
    with pytest.raises(ScenarioError, match=r"none\.toml"):
        read_scenario("none.toml")
