"""The pytest plugin: fixtures `venue` and `venue_factory`, marker `venue`, and where a failed test's journal lies.

It is loaded in every session of every project that has Margincall installed: our other packages, whose names are common
ones, wait inside the fixtures, so that a project with a module `exchange` of its own loses nothing unless it asks for a
venue.
"""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from exchange.testing.venue import Venue

MARKER = (
    "venue(contracts=(), prices=None, limits='classroom', policy=None, seed=1, timing='instant', "
    "event_order='account-first', legacy_stops=False): settings of the fixture `venue`, see docs/testing.md"
)
_FOLDERS = pytest.StashKey[list["Path"]]()
_FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Say in the report of a test that failed where the journals of its venues lie."""
    report: pytest.TestReport = yield
    folders = [folder for folder in item.stash.get(_FOLDERS, []) if folder.exists()]  # one that never began has none
    if report.failed and folders:
        item.stash[_FAILED] = True
        lines = [f"{folder}\n  margincall replay {folder}" for folder in folders]
        report.sections.append(("margincall: journals of the venues of this test", "\n".join(lines)))
    return report


@pytest.fixture
def venue_factory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., "Venue"]]:
    """Give a function that starts a venue, with the settings of the marker `venue` as its arguments.

    All are closed when the test is over, and their data folders removed unless it failed.
    """
    try:
        with _read_as_written():
            from exchange.testing.hosting import hosted_settings
            from exchange.testing.venue import Venue
    except ModuleNotFoundError as error:
        raise pytest.UsageError(_hidden(error)) from error

    node: pytest.Item = request.node
    folders = node.stash.setdefault(_FOLDERS, [])
    with ExitStack() as venues:

        def make(**settings: Any) -> Venue:
            folder = tmp_path_factory.mktemp("venue")
            folders.append(folder / "data")
            venue = Venue(hosted_settings(folder / "data", **settings))
            venues.callback(venue.close)
            return venue

        yield make
    if not node.stash.get(_FAILED, False):
        for folder in folders:
            shutil.rmtree(folder.parent)


@contextmanager
def _read_as_written() -> Iterator[None]:
    """Let modules be imported without having their asserts rewritten, as pytest would for all of a plugin's package.

    That takes seconds in every session in which no byte code is kept, and nobody reads those asserts.
    """
    finders = sys.meta_path.copy()
    sys.meta_path[:] = [finder for finder in finders if not type(finder).__module__.startswith("_pytest.")]
    try:
        yield
    finally:
        sys.meta_path[:] = finders


def _hidden(error: ModuleNotFoundError) -> str:
    """Say what to do when a module of the project stands where our package `exchange` should."""
    there = sys.modules.get("exchange")
    place = getattr(there, "__file__", None) or "one of this project"
    return (
        f"{error}. The fixture `venue` needs Margincall's package `exchange`, and {place} has taken that name: "
        "rename it, or run the tests that want a venue from a folder that does not hold it"
    )


@pytest.fixture
def venue(request: pytest.FixtureRequest, venue_factory: Callable[..., "Venue"]) -> "Venue":
    """Give a venue that is served on a free port of the loopback, with index prices set by the test."""
    marker = request.node.get_closest_marker("venue")
    return venue_factory(**(marker.kwargs if marker is not None else {}))
