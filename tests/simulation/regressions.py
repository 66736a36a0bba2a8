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
    Regression(411, 660, "a fill of an isolated position finds too little to spare, and the fund flips"),
    Regression(418, 660, "a bankrupt wallet is cleared, and cross positions are liquidated beside an isolated one"),
    Regression(422, 660, "both positions of a hedge are liquidated at once"),
    Regression(437, 660, "liquidations end with positions left"),
)
