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
    Regression(42, 700, "a flat account ends below zero and the fund clears it"),
    Regression(83, 700, "the fund takes over positions on both sides and flips"),
    Regression(148, 700, "several positions are liquidated at once, in part through the book"),
    Regression(164, 700, "a bankrupt wallet is cleared"),
)
