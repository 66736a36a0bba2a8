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
    Regression(437, 660, "both positions of a hedge are liquidated, and a liquidation ends with a position left"),
    Regression(448, 660, "cross positions wait for an index beside isolated ones, and so does auto-add"),
    Regression(475, 660, "a bankrupt wallet is cleared, and the fund flips"),
    Regression(488, 660, "fills of isolated positions find too little to spare, and the fund flips again and again"),
    Regression(3547, 500, "a price so high that the closer may hold no order"),
)
