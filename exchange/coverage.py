"""The coverage command: what clients used of a venue, read from where it is, as tables. It changes nothing."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import msgspec
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from exchange.runtime.usage import USAGE_NAME, Counted, UsageReport, UsedCall

READY_NAME = "ready.json"
TOKEN_VARIABLE = "MARGINCALL_ADMIN_TOKEN"  # noqa: S105  a name, no secret
COVERAGE_PATH = "/sim/v1/coverage"
WAIT_SECONDS = 5
WIDTH_UNLESS_TERMINAL = 120
MS_PER_SECOND = 1_000


class CoverageError(ValueError):
    """A place where no coverage can be had; the text says why."""


class _Ready(msgspec.Struct, rename="camel"):
    """What is needed of a ready file."""

    rest: str
    admin_token: str


def read_coverage(source: str, token: str | None = None) -> UsageReport:
    """Return the coverage of a running venue (its URL, ready file or data folder), or the last of a data folder.

    A URL needs the admin token, given or in the environment. Raises CoverageError.
    """
    if source.startswith(("http://", "https://")):
        token = token or os.environ.get(TOKEN_VARIABLE)
        if not token:
            raise CoverageError(f"a URL needs the admin token: --token, or {TOKEN_VARIABLE}")
        return _ask(source.rstrip("/"), token)
    path = Path(source)
    if path.is_file():
        ready = _ready(path)
        return _ask(ready.rest, ready.admin_token)
    if not path.is_dir():
        raise CoverageError(f"{source} is no URL, no ready file and no data folder")
    return _of_folder(path)


def coverage_tables(report: UsageReport) -> Iterator[RenderableType]:
    """Yield what is to be printed, in order."""
    yield f"[bold]What clients used[/bold] from {_time(report.since)} to {_time(report.until)} UTC"
    yield from _calls("Endpoints", report.endpoints)
    yield from _calls("Methods of the WebSocket API", report.methods)
    yield from _counts("Streams", "subscriptions", report.streams)
    yield from _counts("Not implemented", "asked for", report.not_implemented)
    if report.errors:
        table = Table("code", "first text", title="Errors", title_justify="left")
        table.add_column("times", justify="right")
        for error in report.errors:
            table.add_row(str(error.code), escape(error.msg), str(error.count))
        yield table


def print_coverage(report: UsageReport) -> None:
    """Print the tables on stdout."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_UNLESS_TERMINAL)
    for part in coverage_tables(report):
        console.print(part)


def _calls(title: str, rows: Sequence[UsedCall]) -> Iterator[Table]:
    if not rows:
        return
    table = Table("name", title=title, title_justify="left")
    table.add_column("calls", justify="right")
    table.add_column("refused", justify="right")
    table.add_column("parameters ignored")
    for row in rows:
        ignored = ", ".join(f"{escape(name)} ({count})" for name, count in row.ignored.items())
        table.add_row(escape(row.name), str(row.calls), str(row.refused or ""), ignored)
    yield table


def _counts(title: str, unit: str, rows: Sequence[Counted]) -> Iterator[Table]:
    if not rows:
        return
    table = Table("name", title=title, title_justify="left")
    table.add_column(unit, justify="right")
    for row in rows:
        table.add_row(escape(row.name), str(row.count))
    yield table


def _time(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms // MS_PER_SECOND, UTC):%Y-%m-%d %H:%M:%S}"


def _of_folder(folder: Path) -> UsageReport:
    """Ask the venue that serves a data folder; where none does, read what the last one left."""
    if (folder / READY_NAME).is_file():
        ready = _ready(folder / READY_NAME)
        try:
            return _ask(ready.rest, ready.admin_token)
        except CoverageError:
            pass  # it stays behind when a venue ends; another may be at the address now, which refuses the token
    try:
        return msgspec.json.decode((folder / USAGE_NAME).read_bytes(), type=UsageReport)
    except (OSError, msgspec.DecodeError) as error:
        raise CoverageError(f"no venue serves {folder}, and none left its coverage there: {error}") from error


def _ready(path: Path) -> _Ready:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Ready)
    except (OSError, msgspec.DecodeError) as error:
        raise CoverageError(f"{path} is no ready file: {error}") from error


def _ask(url: str, token: str) -> UsageReport:
    """Ask a running venue, past any proxy: it is on this machine or near it."""
    request = Request(f"{url}{COVERAGE_PATH}", headers={"Authorization": f"Bearer {token}"})  # noqa: S310  as given
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=WAIT_SECONDS) as response:
            return msgspec.json.decode(response.read(), type=UsageReport)
    except HTTPError as error:
        why = "the admin token is another one" if error.code == HTTPStatus.UNAUTHORIZED else str(error)
        raise CoverageError(f"{url}: {why}") from error
    except (URLError, OSError, msgspec.DecodeError, ValueError) as error:
        raise CoverageError(f"{url}: {error}") from error
