"""The published and recomputed values that runs are held against, as records, and what one comparison is."""

from functools import cache
from pathlib import Path

import msgspec


class Cst(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A1. Rates per second; tables of probabilities by orders at the bid (rows from 1) and at the ask (columns)."""

    source: str
    limit_rate: float
    cancel_rate: float
    market_rate: float
    repetitions: int
    tolerance: float
    published: list[list[float]]
    exact: list[list[float]]


class BorelTanner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A2. The grid of n (liquidation prices per tick) and k (lots sold at first), the runs, what is tolerated."""

    source: str
    intensities: list[float]
    shocks: list[int]
    runs: int
    standard_errors: float
    chi_square_p_least: float
    chi_square_expected_least: float
    cap_ticks: int
    pmf: list[float]
    p_at_least_10: float
    p_at_least_20: float


class LadderCase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one shock leads to: ticks, lots, money in tick-lots; `drop_muted` is the fall without liquidations."""

    shock: int
    final_best_bid: int
    drop_muted: int
    accounts: int
    generations: list[int]
    fund_change: int
    amplification: float


class Ladder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A2's deterministic twin: the book, the accounts, and the exact outcome of each shock."""

    source: str
    start_price: int
    lots_per_tick: int
    maintenance_rate: str
    lots_per_account: int
    accounts_per_leverage: int
    leverages: list[int]
    cases: list[LadderCase]


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them."""

    cst: Cst
    borel_tanner: BorelTanner
    ladder: Ladder


class Check(msgspec.Struct, frozen=True):
    """One number held against another: `passed` tells whether it is within `tolerance` by the rule of its experiment.

    `expected` is the published value where there is one. `exact`: what theory says where that is another number.
    """

    experiment: str
    name: str
    expected: float
    measured: float
    tolerance: float
    runs: int
    passed: bool
    exact: float | None = None


@cache
def reference() -> Reference:
    """Return the values that the package ships."""
    return msgspec.toml.decode(Path(__file__).with_name("reference.toml").read_bytes(), type=Reference)
