"""Every section of every market table is a test: the rules of the venue as a trader reads them."""

from pathlib import Path

import pytest

from exchange.core.policies.adl import Ranker
from exchange.core.policies.binance_smart import BinanceSmart
from exchange.core.policies.presets import PRESETS, EngineRules
from exchange.core.units import SECOND
from tests.market.engine_words import read_rules
from tests.market.notation import TABLES, Section, read_sections
from tests.market.play import play
from tests.market.stage import Stage

SECTIONS = [section for path in sorted(TABLES.glob("*.market")) for section in read_sections(path)]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: f"{section.file}: {section.title}")
def test_market(section: Section) -> None:
    stage = Stage()
    for line in section.lines:
        play(stage, line)


def test_each_ranker_picks_others() -> None:
    """The same accounts under all six, and no two of them close the same positions."""
    sections = read_sections(TABLES / "rankers.market")
    named = [word.partition("=")[2] for section in sections for word in section.lines[1].words if "ranker" in word]
    closed = {"; ".join(sorted(o for o in line.outcomes if "deleverage" in o)) for s in sections for line in s.lines}
    assert named == [ranker.value for ranker in Ranker]
    assert len(closed - {""}) == len(Ranker)


@pytest.mark.parametrize(
    "line",
    [
        "place A BUY 1 @ 10000",
        "place A BUY 1 @ 10000 -> refused MARGIN_INSUFFICIENT",
        "place A BUY 1 @ 10000 -> a1; trade 1 @ 10000 with b1",
        "place A BUY 3 @ 10000 -> a1",
        "book -> bids 1@10000 | asks none",
        "wallet A -> 100",
        "index 9000 -> call A",
        "margin-type A isolated -> refused MARGIN_TYPE_UNCHANGED",
        "mode A one-way",
        "add A 10 -> A isolates 10",
        "drop spot",
        "state -> HALTED",
        "market halt",
        "liquidation-price A -> 9000",
        "chosen-leverage A -> 5",
        "funding-interval -> 1h",
        "locked A -> yes",
        "resumes A -> until 30s",
        "fund-notional -> 1",
    ],
)
def test_a_line_that_states_something_else_fails(line: str, tmp_path: Path) -> None:
    table = tmp_path / "wrong.market"
    table.write_text(f"== Wrong\naccounts A 1000\nindex 10000\n{line}\n", "utf-8")
    *before, wrong = read_sections(table)[0].lines
    stage = Stage()
    for right in before:
        play(stage, right)
    with pytest.raises(AssertionError, match="line 4: "):
        play(stage, wrong)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"backstop.size": "1"}, "Backstop has no size"),
        ({"vault.cap": "1"}, "an engine has no vault"),
        ({"fund": "1"}, "EngineRules has no fund"),
    ],
)
def test_a_setting_that_no_venue_has_is_an_error(words: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_rules(words)


def test_the_engine_of_the_tables_and_the_presets_by_name() -> None:
    assert read_rules({}).engine == EngineRules(liquidation=BinanceSmart(partial=False))
    for name, engine in PRESETS.items():
        assert read_rules({"engine": name}).engine == engine
    changed = read_rules(
        {"adl.ranker": "hl_index", "engine": "dydx_v4", "carry_over": "2s", "liquidation": "naive_full"}
    )
    assert changed.engine.adl.ranker is Ranker.HL_INDEX
    assert changed.engine.carry_over == 2 * SECOND
    assert changed.engine.liquidation == PRESETS["naive_full"].liquidation
    assert changed.engine.scopes_per_pass == PRESETS["dydx_v4"].scopes_per_pass


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("index 10000\n", "wrong.market:1: a line before the first title"),
        ("== Empty\n# Nothing.\n", "section 'Empty' is empty"),
    ],
)
def test_a_file_that_is_no_table_is_an_error(text: str, message: str, tmp_path: Path) -> None:
    table = tmp_path / "wrong.market"
    table.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=message):
        read_sections(table)
