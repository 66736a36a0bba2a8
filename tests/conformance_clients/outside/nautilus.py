"""nautilus_trader's column: a real TradingNode against a served venue, and its message structs over all that we emit.

`make nautilus`; the venue runs in a process of its own, and the structs read what `session.py` recorded of another one.
"""

import asyncio
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.conformance_clients.outside import nautilus_account, nautilus_cells
from tests.conformance_clients.outside.nautilus_keys import logged_on
from tests.conformance_clients.outside.nautilus_node import Bench, running
from tests.conformance_clients.outside.nautilus_structs import check_golden, check_session
from tests.conformance_clients.outside.pages import run_page
from tests.conformance_clients.results import FAILED, NOT_APPLICABLE, PASSED, Cell, Column, write_column
from tests.conformance_clients.rows import ROWS
from tests.conformance_clients.stage import INDEX, SYMBOL, Stage, staged

OURS = Path(".venv/bin")
CELL_SECONDS = 60
REASON_CHARACTERS = 200
HAS_NONE = "nautilus_trader has no call for it"
NOT_DONE = {
    "batch_place": "it sends the orders of a list one by one",
    "batch_amend": HAS_NONE,
    "countdown": HAS_NONE,
    "brackets": HAS_NONE,
    "add_margin": HAS_NONE,
    "transfer": HAS_NONE,
    "income": HAS_NONE,
    "ws_order": "it sends orders over REST",
    "ws_conditional": "it sends orders over REST",
    "ws_account": "it asks over REST",
    "error_rate": "its own limiter waits, so the venue's limit is not met",
}


def find_cell(key: str) -> Callable[[Bench], Any] | None:
    """Return the function of a row, if there is one."""
    modules: tuple[ModuleType, ...] = (nautilus_cells, nautilus_account)
    return next((getattr(module, key) for module in modules if hasattr(module, key)), None)


async def run_cells(stage: Stage, chosen: list[str]) -> tuple[dict[str, Cell], Any]:
    """Run the cells of one node, one after the other; return them and the node, which is stopped."""
    cells: dict[str, Cell] = {}
    async with running(stage, stage.account("100000")) as bench:
        for key in chosen:
            if key in NOT_DONE:
                cells[key] = Cell(NOT_APPLICABLE, NOT_DONE[key])
            elif (cell := find_cell(key)) is not None:
                cells[key] = await judged(cell, bench)
                await nautilus_cells.flat(bench)
                print(f"{key}: {cells[key].status} {cells[key].reason}", flush=True)
        return cells, bench.node


async def judged(cell: Callable[[Bench], Any], bench: Bench) -> Cell:
    """Run a cell; what it raises is the reason of its failure."""
    try:
        async with asyncio.timeout(CELL_SECONDS):
            await cell(bench)
    except Exception as error:  # noqa: BLE001  # whatever a client raises is what the matrix tells
        return Cell(FAILED, f"{type(error).__name__}: {error}"[:REASON_CHARACTERS])
    return Cell(PASSED)


async def hedged(stage: Stage) -> tuple[Cell, Any]:
    """Judge hedge mode on a node of its own: an account must be in it before the node starts."""
    keys = stage.account("100000")
    stage.signed(keys, "POST", "/fapi/v1/positionSide/dual", {"dualSidePosition": "true"})
    async with running(stage, keys, hedge=True, leverage=20) as bench:
        return await judged(nautilus_account.both_sides, bench), bench.node


async def resumed(stage: Stage) -> Any:
    """Start a node on an account that has something already; raise AssertionError unless it knows. Return the node."""
    stage.clear()
    keys = stage.account("100000")
    stage.trade(INDEX)
    stage.offer("SELL", 0.1, INDEX)
    stage.order(keys, "BUY", 0.1, INDEX)
    stage.order(keys, "BUY", 0.2, INDEX - 400)
    stop = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "quantity": "0.1"}
    stage.signed(keys, "POST", "/fapi/v1/algoOrder", stop | {"triggerPrice": f"{INDEX - 900:.1f}"})
    async with running(stage, keys) as bench:
        await nautilus_account.reconciled(bench)
        print("reconciliation: position, order and conditional order are known after a start")
        return bench.node


def main() -> int:
    """Run everything, write the column, and return how many cells failed."""
    chosen = sys.argv[1:] or list(ROWS)
    column = Column("nautilus_trader", version("nautilus_trader"), ".".join(platform.python_version_tuple()[:2]))
    program = os.environ.get("MARGINCALL", str(OURS / "margincall"))
    with staged(program) as stage:
        column.cells, node = asyncio.run(run_cells(stage, chosen))
        node.dispose()
        if "hedge_mode" in chosen:
            column.cells["hedge_mode"], node = asyncio.run(hedged(stage))
            node.dispose()
        asyncio.run(resumed(stage)).dispose()
        asyncio.run(logged_on(stage, OURS / "python")).dispose()
    failures = [f"{key}: {cell.reason}" for key, cell in column.cells.items() if cell.status == FAILED]
    if len(sys.argv) == 1:
        write_column(column)
        failures += structs()
        run_page("nautilus", program, "canceled")
    print(*failures, f"{len(column.cells)} cells, {len(failures)} failures", sep="\n")
    return min(len(failures), 1)


def structs() -> list[str]:
    """Return what nautilus_trader's structs refuse of the golden files and of a recorded session."""
    with tempfile.TemporaryDirectory() as folder:
        recorded = Path(folder) / "session.jsonl"
        module = "tests.conformance_clients.outside.session"
        subprocess.run([str(OURS / "python"), "-m", module, str(recorded)], check=True)
        reports = (check_golden(Path("tests/dialect/golden")), check_session(recorded))
    for report in reports:
        print(report.summary())
    return [failure for report in reports for failure in report.failures]


if __name__ == "__main__":
    sys.exit(main())
