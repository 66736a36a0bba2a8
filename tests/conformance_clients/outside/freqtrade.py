"""freqtrade's column: its exchange layer against a served venue, then a short full run (`make freqtrade`)."""

import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from tests.conformance_clients.outside import freqtrade_layer, freqtrade_run
from tests.conformance_clients.results import FAILED, NOT_APPLICABLE, PASSED, Cell, Column, write_column
from tests.conformance_clients.rows import ROWS
from tests.conformance_clients.stage import Stage, staged

OURS = ".venv/bin/margincall"
REASON_CHARACTERS = 160
NAMED_OTHERWISE = {"time": "server_time"}
POLLS = "on futures it hears no streams, it polls"
HAS_NONE = "it has no call for it"
NOT_DONE = {
    "book_sync": POLLS,
    "market_streams": POLLS,
    "limit_gtd": HAS_NONE,
    "price_match": HAS_NONE,
    "amend": "it cancels and places anew",
    "batch_place": HAS_NONE,
    "batch_amend": HAS_NONE,
    "batch_cancel": HAS_NONE,
    "cancel_all": "it cancels one by one",
    "countdown": HAS_NONE,
    "open_orders": "it asks for the orders that it knows",
    "take_profit_market": HAS_NONE,
    "take_profit_limit": HAS_NONE,
    "trailing": "it moves its stop by itself",
    "close_position": HAS_NONE,
    "add_margin": HAS_NONE,
    "hedge_mode": "it refuses to start in it",
    "transfer": HAS_NONE,
    "commission": "it takes the rates that ccxt has written down",
    "event_order": POLLS,
    "event_fill": POLLS,
    "event_account": POLLS,
    "listen_key": POLLS,
    "ws_order": POLLS,
    "ws_conditional": POLLS,
    "ws_account": POLLS,
}


def judged(stage: Stage, key: str) -> Cell:
    """Run a cell with an account of its own; what it raises is the reason of its failure."""
    if key in NOT_DONE:
        return Cell(NOT_APPLICABLE, NOT_DONE[key])
    stage.clear()
    cell: freqtrade_layer.Cell = getattr(freqtrade_layer, NAMED_OTHERWISE.get(key, key))
    desk = freqtrade_layer.opened(stage, stage.account(str(freqtrade_layer.DEPOSIT)))
    try:
        cell(desk)
    except Exception as error:  # noqa: BLE001  # whatever a client raises is what the matrix tells
        return Cell(FAILED, f"{type(error).__name__}: {error}"[:REASON_CHARACTERS])
    finally:
        desk.exchange.close()
    return Cell(PASSED)


def main() -> int:
    """Run the cells and the full run, write the column, and return 1 when something failed."""
    program = os.environ.get("MARGINCALL", OURS)
    chosen = sys.argv[1:] or list(ROWS)
    column = Column("freqtrade", version("freqtrade"), ".".join(platform.python_version_tuple()[:2]))
    with staged(program) as stage:
        for key in chosen:
            column.cells[key] = judged(stage, key)
            print(f"{key}: {column.cells[key].status} {column.cells[key].reason}", flush=True)
    failures = [f"{key}: {cell.reason}" for key, cell in column.cells.items() if cell.status == FAILED]
    if len(sys.argv) == 1:
        write_column(column)
        with tempfile.TemporaryDirectory() as folder:
            print(freqtrade_run.run(program, Path(folder)))
    print(*failures, f"{len(column.cells)} cells, {len(failures)} failures", sep="\n")
    return min(len(failures), 1)


if __name__ == "__main__":
    sys.exit(main())
