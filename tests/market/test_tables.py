"""Every section of every market table is a test: the rules of the venue as a trader reads them."""

import pytest

from tests.market.notation import TABLES, Section, read_sections
from tests.market.stage import Stage

SECTIONS = [section for path in sorted(TABLES.glob("*.market")) for section in read_sections(path)]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: f"{section.file}: {section.title}")
def test_market(section: Section) -> None:
    stage = Stage()
    for line in section.lines:
        stage.play(line)


def test_a_table_that_states_something_else_fails() -> None:
    section = Section("x", "x", tuple(read_sections(TABLES / "priority.market")[0].lines))
    stage = Stage()
    stage.play(section.lines[0])
    query = next(line for line in section.lines if line.words[0] == "book")
    with pytest.raises(AssertionError, match=f"line {query.number}"):
        stage.play(query)
