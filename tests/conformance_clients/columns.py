"""The columns that run on every test run, and the command that runs and records them: `make conformance`.

The clients of the other columns need environments of their own; their results lie beside these as files.
"""

import sys
from collections.abc import Sequence

from tests.conformance_clients import with_ccxt, with_official_sdk, with_python_binance
from tests.conformance_clients.client import MakeClient
from tests.conformance_clients.column import run_column
from tests.conformance_clients.page import PAGE, page, read_columns
from tests.conformance_clients.results import FAILED, write_column
from tests.conformance_clients.stage import staged

COLUMNS: dict[str, tuple[str, MakeClient]] = {
    with_ccxt.NAME: (with_ccxt.VERSION, with_ccxt.Ccxt),
    with_python_binance.NAME: (with_python_binance.VERSION, with_python_binance.PythonBinance),
    with_official_sdk.NAME: (with_official_sdk.VERSION, with_official_sdk.OfficialSdk),
}


def main(names: Sequence[str]) -> int:
    """Run these columns (none: all), write their results and the page; return how many cells failed."""
    failed = 0
    for name in names or COLUMNS:
        version, make_client = COLUMNS[name]
        with staged() as stage:
            column = run_column(stage, name, version, make_client)
        write_column(column)
        for key, cell in column.cells.items():
            sys.stdout.write(f"{name:16} {key:20} {cell.status} {cell.reason}\n")
            failed += cell.status == FAILED
    PAGE.write_text(page(read_columns()), "utf-8")
    return failed


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
