"""Scenario files: each shipped one is read, and what is amiss is refused by the name of its key."""

from pathlib import Path

import pytest

from exchange.core.enums import MarkRule
from scenarios.scenario import ScenarioError, parse_scenario, read_scenario, scenario_names
from scenarios.stage import build
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
        ("requote_seconds = 3.0", "requote_seconds = 1e-9", "requote_seconds"),
        ("requote_seconds = 3.0", "requote_seconds = inf", r"agents\[1\].requote_seconds = inf"),
        ("orders_per_minute = 10.0", "orders_per_minute = 1e6", "orders_per_minute"),
        ("fund_quote = 200_000", "fund_quote = 1e11", "fund_quote = .* numbers are between"),
        ("jump_bp = 3.0", "jump_bp = nan", "index.jump_bp = nan"),
        ("duration_seconds = 240", "duration_seconds = 1e-6", "duration_seconds"),
        ("duration_seconds = 240", "duration_seconds = 240\nstart = 1900-01-01T00:00:00Z", "a year from 1971"),
        ("{ on = true }", "{ on = true, temporary_half_life_seconds = 0 }", "temporary_half_life_seconds"),
    ],
)
def test_what_is_amiss_is_refused_by_its_name(old: str, new: str, named: str) -> None:
    assert CRASH.count(old) >= 1
    with pytest.raises(ScenarioError, match=named):
        parse_scenario(CRASH.replace(old, new, 1))


def test_a_market_without_anybody_is_refused() -> None:
    head, _, _ = CRASH.partition("[[agents]]")
    with pytest.raises(ScenarioError, match="agents"):
        parse_scenario(head.replace("[index]", "agents = []\n[index]"))


def test_a_price_at_which_the_contract_does_not_trade_is_refused() -> None:
    scenario = parse_scenario(CRASH.replace("[index]", "[index]\nopen = 2_000_000"))
    with pytest.raises(ScenarioError, match=r"index.open = 2e\+06: BTCUSDT trades at"):
        build(scenario, 1)


def test_text_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(CRASH.replace("small crash", "petit \u00e9croulement").encode("latin-1"))
    with pytest.raises(ScenarioError, match=r"latin\.toml: it is not UTF-8 text"):
        read_scenario(str(path))
    path.write_text(CRASH, encoding="utf-8-sig")  # as some editors begin a file
    assert read_scenario(str(path)) == parse_scenario(CRASH)


def test_unknown_scenarios_and_missing_files_are_named() -> None:
    with pytest.raises(ScenarioError, match="'quiet' is none of calm"):
        read_scenario("quiet")
    with pytest.raises(ScenarioError, match=r"none\.toml"):
        read_scenario("none.toml")
