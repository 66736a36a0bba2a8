"""Every cell of the columns that run here, and the page that is made of the recorded results."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance_clients.column import CELLS, outcome
from tests.conformance_clients.columns import COLUMNS
from tests.conformance_clients.page import PAGE, page, read_columns
from tests.conformance_clients.results import FAILED, Cell, Column, MalformedColumnError, read_column, write_column
from tests.conformance_clients.rows import GROUPS, ROWS
from tests.conformance_clients.stage import Stage, staged

RECORDED = {column.client: column for column in read_columns()}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged() as opened:
        yield opened


@pytest.mark.parametrize("key", ROWS)
@pytest.mark.parametrize("client", COLUMNS)
async def test_a_client_does_what_the_page_says(stage: Stage, client: str, key: str) -> None:
    cell = await outcome(stage, COLUMNS[client][1], key)
    assert cell.status != FAILED, cell.reason
    assert cell == RECORDED[client].cells[key], "run `make conformance` and look at what changed"


@pytest.mark.parametrize("client", COLUMNS)
def test_the_recorded_results_are_those_of_the_installed_clients(client: str) -> None:
    assert RECORDED[client].version == COLUMNS[client][0], "run `make conformance`"
    assert set(RECORDED[client].cells) == set(ROWS)


def test_the_page_is_made_of_the_recorded_results() -> None:
    assert PAGE.read_text("utf-8") == page(list(RECORDED.values())), "run `make conformance`"


def test_each_row_has_its_cell() -> None:
    assert len(ROWS) == sum(len(group.rows) for group in GROUPS), "a key stands twice"
    assert list(CELLS) == list(ROWS)


def test_results_come_back_from_their_file(tmp_path: Path) -> None:
    column = Column("some client", "1.2", "3.12", {"time": Cell("passed"), "amend": Cell("n.a.", "no call")})
    assert read_column(write_column(column, tmp_path)) == column


@pytest.mark.parametrize(
    "cells",
    [{"no such row": Cell("passed")}, {"time": Cell("n.a.")}, {"time": Cell("passed", "why")}, {"time": Cell("x")}],
)
def test_results_that_fit_no_page_are_refused(tmp_path: Path, cells: dict[str, Cell]) -> None:
    with pytest.raises(MalformedColumnError):
        write_column(Column("some client", "1.2", "3.12", cells), tmp_path)
