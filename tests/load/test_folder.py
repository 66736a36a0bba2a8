"""A load run's folder: one run at a time, nobody else's files, and the calls of every process or none."""

from pathlib import Path

import pytest

from loadtests.folder import CALLS, LEFT, LOCK_NAME, FolderError, claimed, read_calls
from loadtests.report import Call


def test_what_an_earlier_run_left_is_gone(tmp_path: Path) -> None:
    out = tmp_path / "load" / "steady"
    with claimed(out):
        for pattern in LEFT:
            (out / pattern.replace("*", "7")).touch()
    with claimed(out):
        assert [entry.name for entry in out.iterdir()] == [LOCK_NAME]


def test_a_folder_with_anything_else_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text("old")
    (tmp_path / "thesis").mkdir()
    with pytest.raises(FolderError, match="holds thesis, which no load run has left"), claimed(tmp_path):
        pass
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["report.md", "thesis"]


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with claimed(tmp_path):
        (tmp_path / "started").write_text("0")
        with pytest.raises(FolderError, match="another load run is at work"), claimed(tmp_path):
            pass
        assert (tmp_path / "started").exists()


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError), claimed(tmp_path / "file"):
        pass


def test_the_calls_of_all_processes_are_read_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    first, second = (tmp_path / CALLS.replace("*", pid) for pid in ("1", "2"))
    first.write_text("1000.5000,REST,limit,2.500,ok,0.250\n1003.0000,WS,cancel,1.000,-2011,0\n")
    second.write_text("1001.0000,stream,depth,0.250,ok,0\n")
    assert read_calls(tmp_path, 1000.0, 2) == [
        Call(0.5, "REST", "limit", 2.5, "ok", 0.25),
        Call(1.0, "stream", "depth", 0.25, "ok"),
        Call(3.0, "WS", "cancel", 1.0, "-2011"),
    ]


def test_a_process_that_left_no_calls_is_missed(tmp_path: Path) -> None:
    (tmp_path / CALLS.replace("*", "1")).touch()
    with pytest.raises(FolderError, match="1 of 3 Locust processes left their calls"):
        read_calls(tmp_path, 0.0, 3)
