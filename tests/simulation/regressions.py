"""Lives to be lived in every test run: those that once went apart, and a few in which rare things happen.

A line is pasted from the report of a failed life; then the why is filled in.
"""

from typing import NamedTuple


class Regression(NamedTuple):
    """A life to be lived again up to a little after the step that matters."""

    seed: int
    steps: int
    why: str


REGRESSIONS: tuple[Regression, ...] = (
    Regression(1036, 500, "both positions of a hedge are liquidated, and a position is left at the end of it"),
    Regression(1062, 500, "a liquidation waits for an index, and fills of isolated positions find too little to spare"),
    Regression(1104, 500, "firing is carried over, one firing triggers another, and two fired orders trade"),
    Regression(1108, 500, "auto-add waits for an index"),
    Regression(1021, 500, "the position of the fund flips"),
)
