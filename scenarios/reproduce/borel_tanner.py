"""A2: the Borel-Tanner law of cascades, through the venue's own book, mark price and liquidation engine.

One lot rests at every tick. Long accounts of one lot have liquidation prices that form a Poisson process of n per tick.
Each lot sold lets the last price, and with it the mark, fall by a tick, and so exposes one tick's worth of accounts,
which are sold at market. All trades before the shock are one tick above the first bid, so that the first lot sold
exposes a tick of its own, too. `Law` is the closed form; the driver reads prices and lots from the venue's events.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, lgamma, log, sqrt
from typing import NamedTuple

import numpy as np
from scipy.stats import chi2  # type: ignore[import-untyped]  # no stubs

from exchange.core.commands import CancelAllOrders, SetMarginType
from exchange.core.contract import Contract, maintenance_of
from exchange.core.enums import MarginType, MarkRule, Side
from exchange.core.events import Event, TradePrinted
from scenarios.chance import stream
from scenarios.reproduce.reference import Check, reference
from scenarios.reproduce.stage import Bench, traded, unit_contract
from scenarios.reproduce.to_the_fund import CloseToFund, to_the_fund

START_PRICE = 200_000  # ticks: where everybody enters, one above the first bid; far above the cap on what is sold
SPARE_LEVELS = 4  # bids below what the next command can reach: a sale too many would be seen


class Law(NamedTuple):
    """The total progeny S of k lots, each of which exposes a Poisson number (mean n < 1) of others."""

    n: float
    k: int

    def pmf(self, s: int) -> float:
        """Return P(S = s)."""
        rest, mean = s - self.k, self.n * s
        if rest < 0:
            return 0.0
        power = rest * log(mean) if rest else 0.0
        return exp(log(self.k / s) - mean + power - lgamma(rest + 1))

    @property
    def mean(self) -> float:
        """Return E[S]."""
        return self.k / (1 - self.n)

    @property
    def variance(self) -> float:
        """Return Var[S]."""
        return self.k * self.n / (1 - self.n) ** 3


class CascadeResult(NamedTuple):
    """Cascades that were run: lots sold in each, in order; how many reached the cap; commands of the venue."""

    law: Law
    sizes: list[int]
    truncated: int
    commands: int


def margin_for(contract: Contract, entry: int, tick: int) -> int:
    """Return the isolated wallet, in atoms, with which one lot long from `entry` is first liquidated at `tick`.

    Liquidated while equity <= maintenance margin: at `tick` they are equal. A tick above equity is more by the worth of
    a tick, which must be more than the maintenance margin grows by; at the least rate there is it does not grow.
    """
    required, above = (maintenance_of(contract.notional(at, 1), contract.brackets[0]) for at in (tick, tick + 1))
    assert above - required < contract.value_unit, "a tick is worth too little to tell two ticks apart"
    return contract.notional(entry - tick, 1) + required


@dataclass(slots=True)
class Cascades:
    """One venue on which cascade after cascade is run, and the accounts that every one of them uses again.

    `supply` bids, `outside` sells the shock and is short to those who go long: neither can be liquidated.
    """

    law: Law
    chance: np.random.Generator
    cap: int
    bench: Bench = field(
        default_factory=lambda: Bench(unit_contract(MarkRule.LAST_PRICE), to_the_fund(), CloseToFund())
    )
    supply: int = 0
    outside: int = 0
    last: int = START_PRICE  # price of the last trade, in ticks, as the venue printed it
    to_return: int = 1  # lots that the supply bought in the last cascade
    resting: int = START_PRICE  # the lowest bid
    drawn: int = START_PRICE  # the lowest tick that has its accounts
    _at_tick: dict[int, int] = field(default_factory=dict)  # how many accounts' ticks these are
    _free: list[int] = field(default_factory=list)
    _used: int = 0

    def __post_init__(self) -> None:
        self.supply = self.bench.open_account("supply")
        self.outside = self.bench.open_account("outside")
        self.bench.price_index(START_PRICE)

    def run(self) -> int | None:
        """Run a cascade, and return how many lots were sold in all; None when that reached the cap."""
        self._set_back()
        sold = 0
        self._prepare(self.law.k)
        sold += self._sold(self.bench.do(self.bench.order(self.outside, Side.SELL, self.law.k)))
        while sold < self.cap:
            exposed = sum(count for tick, count in self._at_tick.items() if tick >= self.last)
            self._at_tick = {tick: count for tick, count in self._at_tick.items() if tick < self.last}
            self._prepare(exposed)
            lots = self._sold(self.bench.until_due())
            sold += lots
            if not lots:
                self.to_return = sold
                return sold
        return None

    def _set_back(self) -> None:
        """Have the price back at the start: the supply sells what it has bought to those who sold it."""
        symbol = self.bench.contract.symbol
        self.bench.do(CancelAllOrders(self.supply, symbol))
        self.bench.do(self.bench.order(self.supply, Side.SELL, self.to_return, START_PRICE))
        self._sold(self.bench.do(self.bench.order(self.outside, Side.BUY, self.to_return)))
        self.bench.until_due()
        assert self.bench.venue.state.markets[symbol].mark_price == self.last == START_PRICE
        self.resting = self.drawn = START_PRICE
        self._used = 0
        self._at_tick.clear()

    def _prepare(self, reach: int) -> None:
        """Have bids and accounts at as many ticks as the next command can sell lots: no further."""
        while self.resting > self.last - reach - SPARE_LEVELS:
            self.resting -= 1
            self.bench.do(self.bench.order(self.supply, Side.BUY, 1, self.resting))
        below = range(self.drawn - 1, self.last - reach - 1, -1)
        counts = self.chance.poisson(self.law.n, len(below)).tolist()
        self.drawn = min(self.drawn, self.last - reach)
        total = sum(counts)
        if not total:
            return
        self.bench.do(self.bench.order(self.outside, Side.SELL, total, self.last))
        for tick, count in zip(below, counts, strict=True):
            for _ in range(count):
                self._go_long(tick)
            self._at_tick[tick] = count

    def _go_long(self, tick: int) -> None:
        """Have an account buy a lot at the last price, with the margin that is just too little at `tick`."""
        contract = self.bench.contract
        if self._used == len(self._free):
            opened = self.bench.open_account("long")
            self.bench.do(SetMarginType(opened, contract.symbol, MarginType.ISOLATED))
            self._free.append(opened)
        account_id = self._free[self._used]
        self._used += 1
        self.bench.go_long(account_id, 1, margin_for(contract, self.last, tick))

    def _sold(self, events: Sequence[Event]) -> int:
        """Return the lots that these events tell of, and note the last price."""
        for event in events:
            if isinstance(event, TradePrinted):
                self.last = event.price
        return traded(events)


def run_cascades(law: Law, runs: int, seed: int) -> CascadeResult:
    """Run so many cascades on a venue of their own; their draws are named by n and k."""
    cap = reference().borel_tanner.cap_ticks
    cascades = Cascades(law, stream(seed, "borel_tanner", f"{law.n},{law.k}"), cap)
    sizes: list[int] = []
    for _ in range(runs):
        size = cascades.run()
        if size is None:  # what it has left stands in the way of the next one
            return CascadeResult(law, sizes, runs - len(sizes), cascades.bench.commands)
        sizes.append(size)
    return CascadeResult(law, sizes, 0, cascades.bench.commands)


def check_cascades(result: CascadeResult) -> list[Check]:
    """Hold mean, distribution and pooled branching ratio of cascades against the law."""
    rules, law, runs = reference().borel_tanner, result.law, len(result.sizes)
    title = f"n = {law.n}, k = {law.k}"
    if result.truncated:
        asked = runs + result.truncated
        return [Check("A2", f"runs below the cap, {title}", asked, runs, 0.0, asked, passed=False)]
    mean, of_mean = float(np.mean(result.sizes)), rules.standard_errors * sqrt(law.variance / runs)
    ratio, of_ratio = branching_ratio(result), rules.standard_errors * sqrt(law.n * (1 - law.n) / (law.k * runs))
    least, p_value = rules.chi_square_p_least, chi_square_p(result, rules.chi_square_expected_least)
    return [
        Check("A2", f"mean lots, {title}", law.mean, mean, of_mean, runs, abs(mean - law.mean) <= of_mean),
        Check("A2", f"branching ratio, {title}", law.n, ratio, of_ratio, runs, abs(ratio - law.n) <= of_ratio),
        Check("A2", f"chi-square p at least, {title}", least, p_value, 0.0, runs, p_value > least),
    ]


def branching_ratio(result: CascadeResult) -> float:
    """Return the pooled estimate: children of all runs over lots of all runs. The mean of per-run ratios is biased.

    Its standard error is sqrt(n (1 - n) / (k runs)), that of 1 - k / mean size.
    """
    return 1 - result.law.k * len(result.sizes) / sum(result.sizes)


def chi_square_p(result: CascadeResult, expected_least: float) -> float:
    """Return the p-value of the sizes under the law; neighbouring sizes are merged to enough expected in each cell.

    There must be enough runs for two cells.
    """
    runs, sizes = len(result.sizes), np.bincount(result.sizes)
    expected, seen = [0.0], [0]
    left, s = float(runs), result.law.k  # runs expected at `s` and beyond
    while left >= expected_least:
        if expected[-1] >= expected_least:
            expected.append(0.0)
            seen.append(0)
        share = runs * result.law.pmf(s)
        expected[-1] += share
        seen[-1] += int(sizes[s]) if s < len(sizes) else 0
        left, s = left - share, s + 1
    expected[-1] += left  # the tail, too little for a cell of its own
    seen[-1] += runs - sum(seen)
    if expected[-1] < expected_least and len(expected) > 1:
        expected[-2:], seen[-2:] = [sum(expected[-2:])], [sum(seen[-2:])]
    assert len(expected) > 1, "too few runs to tell one distribution from another"
    statistic = sum((count - mean) ** 2 / mean for count, mean in zip(seen, expected, strict=True))
    return float(chi2.sf(statistic, len(expected) - 1))
