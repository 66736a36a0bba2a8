"""Runs the cells of a client's column on a stage, one after the other. Standard library only; it knows no client."""

import asyncio
import platform
from collections.abc import Awaitable, Callable, Iterable

from tests.conformance_clients import cells_account, cells_conditional, cells_market, cells_orders
from tests.conformance_clients.client import ConformanceClient, MakeClient, NotApplicableError
from tests.conformance_clients.results import FAILED, NOT_APPLICABLE, PASSED, Cell, Column
from tests.conformance_clients.rows import ROWS
from tests.conformance_clients.stage import Stage

CELL_SECONDS_MAX = 60
REASON_CHARACTERS_MAX = 160

CellFunction = Callable[[Stage, ConformanceClient], Awaitable[None]]
_MODULES = (cells_market, cells_orders, cells_conditional, cells_account)
_NAMED_OTHERWISE = {"time": "server_time"}


def _cell_functions() -> dict[str, CellFunction]:
    """Return the cell of each row; it has the row's key as its name."""
    found: dict[str, CellFunction] = {}
    for key in ROWS:
        name = _NAMED_OTHERWISE.get(key, key)
        [function] = [vars(module)[name] for module in _MODULES if getattr(vars(module).get(name), "__doc__", None)]
        found[key] = function
    return found


CELLS = _cell_functions()


async def run_cell(stage: Stage, make_client: MakeClient, key: str) -> None:
    """Run one cell with a fresh account on a cleared stage. Raises what the cell raises."""
    stage.clear()
    client = make_client(stage.rest, stage.ws, stage.account())
    try:
        async with asyncio.timeout(CELL_SECONDS_MAX):
            await CELLS[key](stage, client)
    finally:
        await client.close()


async def outcome(stage: Stage, make_client: MakeClient, key: str) -> Cell:
    """Run one cell and return what became of it."""
    try:
        await run_cell(stage, make_client, key)
    except NotApplicableError as error:
        return Cell(NOT_APPLICABLE, str(error))
    except Exception as error:  # noqa: BLE001 - whatever a client raises is the result
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return Cell(FAILED, reason[:REASON_CHARACTERS_MAX])
    return Cell(PASSED)


def run_column(stage: Stage, client: str, version: str, make_client: MakeClient, keys: Iterable[str] = ROWS) -> Column:
    """Run a client's column and return it. Each cell has an event loop of its own."""
    column = Column(client, version, ".".join(platform.python_version_tuple()[:2]))
    for key in keys:
        column.cells[key] = asyncio.run(outcome(stage, make_client, key))
    return column
