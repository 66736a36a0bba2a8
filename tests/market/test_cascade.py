"""The page that compares the golden cascade under the presets says what its stories give; they differ in nothing else.

The stories themselves are played, line by line, with all other tables.
"""

from decimal import Decimal
from pathlib import Path

import pytest

from exchange.core.policies.presets import PRESETS
from tests.market.notation import TABLES, Section, read_sections

PAGE = Path(__file__).parents[2] / "docs" / "cascade.md"
START, MUTED = Decimal(1000), "muted"
ENGINES = [MUTED, *PRESETS]
CELLS = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in PAGE.read_text("utf-8").splitlines()]
ROWS = {cells[0]: cells[1:] for cells in CELLS if cells[0] in ENGINES}


def story(engine: str) -> Section:
    (section,) = read_sections(TABLES / f"cascade_{engine}.market")
    return section


def outcomes(section: Section, verb: str) -> list[str]:
    return [outcome for line in section.lines for outcome in line.outcomes if outcome.startswith(f"{verb} ")]


def answer(section: Section, *words: str) -> str:
    """Return what a question of the story was last answered."""
    return [line.outcomes[0] for line in section.lines if line.words == words][-1]


def fall(section: Section) -> Decimal:
    return START - Decimal(answer(section, "mark"))


def row(section: Section) -> list[str]:
    """Return the cells of the page that the story gives."""
    times = fall(section) / fall(story(MUTED))
    locked, released = ({outcome.split()[1] for outcome in outcomes(section, verb)} for verb in ("lock", "release"))
    closed = [outcome.split(" against ") for outcome in outcomes(section, "deleverage")]
    lost = [Decimal(outcome.split()[1]) for outcome in outcomes(section, "loss")]
    return [
        answer(section, "mark"),
        f"{times:.1f}",
        " ".join(f"{name}{'' if name in released else '*'}" for name in sorted(locked)) or "-",
        answer(section, "equity", "FUND"),
        answer(section, "position", "FUND"),
        ", ".join(victim.removeprefix("deleverage ") for victim, _ in closed) or "-",
        str(sum(lost)) if lost else "-",
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_page_says_what_the_story_gives(engine: str) -> None:
    assert ROWS[engine] == row(story(engine))


def test_the_page_has_a_row_for_each_preset() -> None:
    assert list(ROWS) == ENGINES


@pytest.mark.parametrize("engine", ENGINES)
def test_it_is_the_same_cascade(engine: str) -> None:
    """Only the engine differs, and what happens: the lines that command are the same."""
    control = [line.words for line in story(MUTED).lines]
    told = [line.words for line in story(engine).lines]
    assert told[1:] == control[1:]
    assert told[0] == ("venue", "fund_seed=100", "muted=yes" if engine == MUTED else f"engine={engine}")
