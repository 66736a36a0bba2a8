"""What the plugin does to whole sessions of pytest: what it costs, what it reports, keeps, and leaves behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from exchange.journal.recovery import replay

pytest_plugins = ["pytester"]
PATIENCE_SECONDS = 60
POLL_SECONDS = 0.02

ONE_OF_EACH = """
import pytest

def test_passes(venue):
    print("PASSED IN", venue.data_folder)

def test_fails(venue):
    print("FAILED IN", venue.data_folder)
    venue.maker("BTCUSDT")
    assert False
"""
UNTIL_KILLED = """
import sys, threading

def test_hangs(venue):
    venue.house_bots()
    venue.wait_for(lambda: venue.fills, timeout=30)
    sys.stderr.write(f"{venue.url} {venue._house._process.pid}\\n")
    sys.stderr.flush()
    threading.Event().wait()
"""
COLD = """
import time

BEGAN = time.perf_counter()

def test_it(venue):
    assert time.perf_counter() - BEGAN < 2
"""
WITHOUT = """
import sys

def test_the_session_loaded_nothing_heavy():
    assert "margincall.pytest_plugin" in sys.modules
    ours = {name for name in sys.modules if name.split(".")[0] in {"exchange", "clients"}}
    assert not ours
    assert not {"aiohttp", "msgspec", "orjson"} & set(sys.modules)
"""


def run(pytester: pytest.Pytester, test: str) -> pytest.RunResult:
    """Run a file of tests in a session of its own, with no plugin but ours."""
    pytester.makepyfile(test)
    return pytester.runpytest_subprocess("-p", "no:asyncio", "-p", "no:timeout", "-p", "no:cacheprovider")


def test_a_session_that_does_not_use_it_pays_next_to_nothing(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others import what we look for
    pytester.makepyfile(WITHOUT)
    pytester.runpytest_subprocess("-p", "margincall.pytest_plugin").assert_outcomes(passed=1)


def test_a_project_with_an_exchange_of_its_own_loses_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        exchange="MINE = 1\n", test_mine="def test_it():\n    from exchange import MINE\n    assert MINE\n"
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--import-mode=prepend")
    result.assert_outcomes(passed=1)


def test_a_venue_says_whose_module_has_taken_its_name(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        exchange="MINE = 1\n", test_mine="import exchange\n\ndef test_it(venue):\n    assert exchange.MINE\n"
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*has taken that name*"])


def test_the_first_venue_of_a_session_starts_in_under_two_seconds_imports_included(pytester: pytest.Pytester) -> None:
    run(pytester, COLD).assert_outcomes(passed=1)


def test_it_does_so_where_no_byte_code_is_kept(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    run(pytester, COLD).assert_outcomes(passed=1)


def test_the_marker_is_known_and_what_is_set_wrong_is_told(pytester: pytest.Pytester) -> None:
    marked = "import pytest\n@pytest.mark.venue(sped=3)\ndef test_it(venue): pass\n"
    pytester.makeini("[pytest]\naddopts = --strict-markers")
    result = run(pytester, marked)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*TypeError*unexpected keyword argument 'sped'*"])


def test_a_failure_names_its_journal_and_keeps_it(pytester: pytest.Pytester) -> None:
    result = run(pytester, ONE_OF_EACH)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*journals of the venues of this test*", "  margincall replay *"])
    line = next(line for line in result.outlines if line.startswith("  margincall replay "))
    folder = Path(line.split()[-1])
    assert replay(folder).seq > 0
    kept = [path.parent for path in folder.parent.parent.glob("*/data") if not path.parent.is_symlink()]
    assert kept == [folder.parent]


def test_a_killed_session_leaves_neither_port_nor_process(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(UNTIL_KILLED)
    session = pytester.popen(
        [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", "-p", "no:timeout"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    url, bots = told(session)
    session.send_signal(signal.SIGKILL)
    session.wait(PATIENCE_SECONDS)
    with socket.socket() as knocking:
        assert knocking.connect_ex(("127.0.0.1", urlsplit(url).port)) != 0
    assert ends(int(bots))


def ends(process_id: int) -> bool:
    """Tell whether a process that is not our child ends soon."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return True
        threading.Event().wait(POLL_SECONDS)
    return False


def told(session: "subprocess.Popen[Any]") -> list[str]:
    """Return the words of the line that the session writes once its venue is at work."""
    assert session.stderr is not None
    for line in session.stderr:
        if line.startswith(b"http"):
            return [word.decode() for word in line.split()]
    raise AssertionError("the session ended before its venue was at work")


def test_two_sessions_at_once_do_not_meet(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(venue):\n    venue.wait_for_mark('BTCUSDT')\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    workers = [
        pytester.popen([*command, f"--basetemp={pytester.path / name}"], stdout=subprocess.DEVNULL)
        for name in ("popen-gw0", "popen-gw1")
    ]
    assert [worker.wait(PATIENCE_SECONDS) for worker in workers] == [0, 0]
