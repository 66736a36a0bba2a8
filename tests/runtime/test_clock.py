"""Time does not go backwards."""

import time

import pytest

from exchange.runtime.clock import WallClock
from tests.runtime.manual_clock import ManualClock


def test_wall_time_stands_still_while_the_machine_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = WallClock()
    for told, expected in [(100, 100), (90, 100), (99, 100), (101, 101)]:
        monkeypatch.setattr(time, "time_ns", lambda told=told: told)
        assert clock.now() == expected
        assert clock.wall() == told


def test_wall_time_is_nanoseconds_since_the_epoch() -> None:
    before = time.time_ns()
    assert before <= WallClock().now() <= time.time_ns()


def test_a_manual_clock_moves_when_told() -> None:
    clock = ManualClock(5)
    assert clock.now() == clock.now() == 5
    clock.advance(3)
    assert clock.now() == 8
    with pytest.raises(AssertionError):
        clock.advance(-1)
    clock.set_back(4)
    assert (clock.now(), clock.wall()) == (8, 4)
    clock.advance(6)
    assert clock.now() == clock.wall() == 10
