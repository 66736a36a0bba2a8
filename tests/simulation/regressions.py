"""Seeds whose lives once went apart, with the step and why. A line is pasted from the report of a failed life."""

from typing import NamedTuple


class Regression(NamedTuple):
    """A life to be lived again up to a little after the step at which it went apart."""

    seed: int
    steps: int
    why: str


REGRESSIONS: tuple[Regression, ...] = ()
