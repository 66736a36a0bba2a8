"""What is made of two looks at the machine's cores."""

from loadtests.cores import shares
from loadtests.report import Cores


def test_cores_are_what_was_used_between_two_samples_by_the_time_that_passed() -> None:
    before, after = Cores(100.0, 1.0, 4.0, 7.0, 0.5), Cores(102.0, 2.0, 4.5, 10.0, 0.5)
    assert shares(before, after) == Cores(102.0, 0.5, 0.25, 1.5, 0.0)
