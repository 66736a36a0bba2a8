"""What is measured over several runs: amplification, the pooled branching ratio, paired differences. No files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenarios.analysis.columns import episodes, ints, of_symbol, present, unit_of
from scenarios.analysis.metrics import largest_move
from scenarios.chance import stream
from scenarios.record.sink import Tables

Floats = NDArray[np.float64]
RESAMPLES = 10_000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Amplification:
    """The largest fall (or rise) of the mark, as a share of the peak (trough) before it: engine on, engine muted."""

    on: float
    muted: float

    @property
    def ratio(self) -> float | None:
        """1 says that liquidations moved no mark; None when the muted mark never moved that way."""
        return self.on / self.muted if self.muted else None


def amplification(on: Tables, muted: Tables, symbol: str = "", *, rising: bool = False) -> Amplification:
    """Return the fall (`rising`: rise) of the mark with the engine over that with it muted, on the same draws.

    As `margincall whatif` has it: the largest part of a peak that was lost afterwards. Raises ValueError if these are
    not two runs of one scenario and seed: then they begin at different marks. Over seeds pool falls, or average
    logarithms (POOLED_RATIO, MEAN_LOG_RATIO of `paired_bootstrap`): never average ratios.
    """
    name = unit_of(on, symbol).symbol
    begins = [ints(of_symbol(tables["marks"], name), "mark_t")[0] for tables in (on, muted)]
    if begins[0] != begins[1]:
        raise ValueError(f"two scenarios: one begins at {begins[0]} ticks, the other at {begins[1]}")
    return Amplification(*(largest_move(tables, name, rising=rising) for tables in (on, muted)))


@dataclass(frozen=True, slots=True)
class Branching:
    """Children over parents, both summed over all runs."""

    children: int
    parents: int

    @property
    def ratio(self) -> float | None:
        """The pooled ratio; None without parents."""
        return self.children / self.parents if self.parents else None


def branching(runs: Sequence[Tables], symbol: str = "") -> Branching:
    """Return liquidations that have a parent, over all liquidations: the mean number of children, from exact links.

    One that a policy does in many steps counts once: it is an episode, from AccountLocked to AccountReleased. Pooled
    over runs: the mean of per-run ratios is biased (at n = 0.5 of the Borel-Tanner law it gives about 0.26).
    """
    tables = [of_symbol(run["liquidations"], unit_of(run, symbol).symbol) for run in runs]
    firsts = [table.take(np.unique(episodes(table), return_index=True)[1]) for table in tables]
    children = sum(int(present(table, "parent_liq_id").sum()) for table in firsts)
    return Branching(children, sum(table.num_rows for table in firsts))


def branching_in_lots(runs: Sequence[Tables], exogenous_lots: Sequence[int], symbol: str = "") -> Branching:
    """Return liquidated lots over all lots sold, those of the shock of each run among the parents.

    This is the estimator of the Borel-Tanner law, sum(S - k) / sum(S), in which the shock's lots have children, too.
    """
    tables = [of_symbol(run["liquidations"], unit_of(run, symbol).symbol) for run in runs]
    children = sum(int(ints(table, "filled_l").sum()) for table in tables)
    return Branching(children, children + sum(exogenous_lots))


# A statistic of paired values: arrays of (resamples, seeds), or (seeds,), to one value for each resample.
Statistic = Callable[[Floats, Floats], Floats]


def _mean_difference(first: Floats, second: Floats) -> Floats:
    return np.asarray((second - first).mean(axis=-1))


def _pooled_ratio(first: Floats, second: Floats) -> Floats:
    return np.asarray(second.sum(axis=-1) / first.sum(axis=-1))


def _mean_log_ratio(first: Floats, second: Floats) -> Floats:
    return np.asarray(np.log(second / first).mean(axis=-1))


MEAN_DIFFERENCE: Statistic = _mean_difference
POOLED_RATIO: Statistic = _pooled_ratio
MEAN_LOG_RATIO: Statistic = _mean_log_ratio


@dataclass(frozen=True, slots=True)
class Interval:
    """A statistic of pairs, and the percentile interval of its bootstrap."""

    value: float
    low: float
    high: float
    pairs: int
    level: float


def paired_bootstrap(
    first: Sequence[float],
    second: Sequence[float],
    seed: int,
    *,
    statistic: Statistic = MEAN_DIFFERENCE,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return how `second` differs from `first`, value by value of the same seeds, with a bootstrap interval.

    Seeds are resampled with replacement, both values of a seed together (Efron and Tibshirani 1993, ch. 13: percentile
    interval). The generator is the named stream ("paired bootstrap") of `seed`, so that a report is reproducible. The
    default is mean(second - first); POOLED_RATIO is sum(second) / sum(first). Raises ValueError without pairs.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"{len(first)} values against {len(second)}: they must be pairs, at least one")
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    places = stream(seed, "paired bootstrap").integers(len(one), size=(resamples, len(one)))
    low, high = np.quantile(statistic(one[places], other[places]), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(statistic(one, other)), float(low), float(high), len(one), level)
