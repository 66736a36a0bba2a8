"""Results of a column of the matrix, as files: written where the client is installed, read where the page is made.

A column is one JSON object: `{"client", "version", "python", "cells": {row: {"status", "reason"}}}`, with the status
`passed`, `n.a.` or `failed`; the reason is empty for `passed` and said in a few words otherwise. Standard library only.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.conformance_clients.rows import ROWS

FOLDER = Path(__file__).parent / "results"
PASSED, NOT_APPLICABLE, FAILED = "passed", "n.a.", "failed"
STATUSES = (PASSED, NOT_APPLICABLE, FAILED)


class MalformedColumnError(ValueError):
    """A file of results that does not fit the table of rows; the text says where."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of one operation with one client."""

    status: str
    reason: str = ""


@dataclass(slots=True)
class Column:
    """All cells of one client, by row key; a row that is missing was not run."""

    client: str
    version: str
    python: str
    cells: dict[str, Cell] = field(default_factory=dict)


def write_column(column: Column, folder: Path = FOLDER) -> Path:
    """Write `<client>.json`, blanks as dashes, and return its path. Raises MalformedColumnError."""
    _check(column)
    column.cells = {key: column.cells[key] for key in ROWS if key in column.cells}
    path = folder / f"{column.client.replace(' ', '-')}.json"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(column), indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def read_column(path: Path) -> Column:
    """Return the column in a file. Raises MalformedColumnError."""
    document = json.loads(path.read_text("utf-8"))
    try:
        cells: Mapping[str, Mapping[str, str]] = document["cells"]
        read = {key: Cell(cell["status"], cell["reason"]) for key, cell in cells.items()}
        column = Column(document["client"], document["version"], document["python"], read)
    except (KeyError, TypeError, AttributeError) as error:
        raise MalformedColumnError(f"{path.name}: {error!r}") from error
    _check(column)
    return column


def _check(column: Column) -> None:
    for key, cell in column.cells.items():
        if key not in ROWS:
            raise MalformedColumnError(f"{column.client}: there is no row {key!r}")
        if cell.status not in STATUSES:
            raise MalformedColumnError(f"{column.client}, {key}: status {cell.status!r}")
        if (cell.status == PASSED) == bool(cell.reason):
            raise MalformedColumnError(f"{column.client}, {key}: {cell.status} with the reason {cell.reason!r}")
