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
    Regression(437, 660, "liquidations end with positions left"),
    Regression(503, 660, "both positions of a hedge are liquidated, and cross positions beside isolated ones"),
    Regression(507, 660, "fills of isolated positions find too little to spare"),
    Regression(513, 660, "a bankrupt wallet is cleared, and the fund flips"),
)
