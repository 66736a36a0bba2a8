"""What the driver makes of what it samples and of what Locust's processes leave."""

from pathlib import Path

from loadtests.report import Call, Cores
from loadtests.run import read_calls, shares


def test_cores_are_what_was_used_between_two_samples_by_the_time_that_passed() -> None:
    before, after = Cores(100.0, 1.0, 4.0, 7.0, 0.5), Cores(102.0, 2.0, 4.5, 10.0, 0.5)
    assert shares(before, after) == Cores(102.0, 0.5, 0.25, 1.5, 0.0)


def test_the_calls_of_all_processes_are_read_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    (tmp_path / "requests-1.csv").write_text("1000.5000,REST,limit,2.500,ok\n1003.0000,WS,cancel,1.000,-2011\n")
    (tmp_path / "requests-2.csv").write_text("1001.0000,stream,depth,0.250,ok\n")
    assert read_calls(tmp_path, 1000.0) == [
        Call(0.5, "REST", "limit", 2.5, "ok"),
        Call(1.0, "stream", "depth", 0.25, "ok"),
        Call(3.0, "WS", "cancel", 1.0, "-2011"),
    ]
