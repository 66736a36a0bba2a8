"""What it costs to find whom a mark tick concerns, against looking at everybody; and what the watch adds to a fill.

Ratios within one run, by process time, each the median of five. Run it with `python -m loadtests.bench.detection`.
"""

import argparse
import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import process_time_ns

from exchange.core import commands as c
from exchange.core.account import Account, scopes
from exchange.core.events import TradePrinted
from exchange.core.margin import standing
from exchange.core.state import State
from exchange.core.units import RATE_ONE
from loadtests.bench.crowd import MARK_BOUND_BP, SYMBOLS, Crowd

ROUNDS = 5
WALK_TICKS = 20
WARM_UP_TICKS = 200
BUSY_SHARE = 100  # one account in so many is busy
BUSY_MIN = 10
TICK_DEMAND = 0.01  # of the plain scan
FILL_DEMAND = 0.1  # of the fill
SEED = 1
MICROSECOND, MILLISECOND, SECOND = 10**3, 10**6, 10**9  # in ns
MovesBp = dict[str, int]


@dataclass(frozen=True, slots=True)
class TickCosts:
    """Ticks of one kind, the median and the worst of a walk: process time in ns, and accounts looked at."""

    median_ns: float
    worst_ns: float
    median_looked_at: float
    worst_looked_at: float


@dataclass(frozen=True, slots=True)
class FillCosts:
    """Fills between two ticks. Process time per fill, in ns; the accounts are those of all fills of a round."""

    taker_ns: float  # the order that matches
    orders_ns: float  # that and the maker's order
    tick_ns: float  # of the next tick beyond a quiet one: judging and watching anew whom the fills touched
    watch_ns: float  # marking both parties, and of `tick_ns` what judging those accounts does not explain
    touched: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run found."""

    accounts: int
    fills: int
    build_ns: int
    scan_ns: float  # plain: the standing of each scope of each account, judged
    full_pass_ns: float  # a tick with all accounts touched
    still: TickCosts  # marks stand still
    walk: TickCosts  # each mark moves by a basis point, up or down
    trend: TickCosts  # all marks move by a basis point in one direction
    spread: FillCosts  # by random accounts
    busy: FillCosts  # by random ones of a few accounts


def measure(accounts: int, fills: int, seed: int = SEED) -> Figures:
    """Build a venue of about so many accounts, and measure. `fills` are made between two ticks, five times."""
    began_ns = process_time_ns()
    crowd = Crowd(accounts, seed)
    for _ in range(WARM_UP_TICKS):
        crowd.wander(1)
    build_ns = process_time_ns() - began_ns
    state, traders = crowd.venue.state, crowd.traders()
    with _no_collection():
        still = _walks(crowd, lambda _walk: dict.fromkeys(SYMBOLS, 0))
        busy = crowd.random.sample(traders, max(BUSY_MIN, len(traders) // BUSY_SHARE))
        return Figures(
            accounts=len(traders),
            fills=fills,
            build_ns=build_ns,
            scan_ns=median(_spent_ns(partial(_scan, state, traders)) for _ in range(ROUNDS)),
            full_pass_ns=median(_full_pass_ns(crowd) for _ in range(ROUNDS)),
            still=still,
            walk=_walks(crowd, lambda _walk: {symbol: crowd.random.choice((-1, 1)) for symbol in SYMBOLS}),
            trend=_trend(crowd),
            spread=_fills(crowd, fills, traders, still.median_ns),
            busy=_fills(crowd, fills, busy, still.median_ns),
        )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the collector of cyclic garbage from falling into one measurement and not into another."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _spent_ns(action: Callable[[], object]) -> int:
    began_ns = process_time_ns()
    action()
    return process_time_ns() - began_ns


# ---------------------------------------------------------------------------------------------------------------- ticks


def _scan(state: State, accounts: list[Account]) -> None:
    """Judge accounts, as a venue without a watch would judge all; none of them may be due for a call."""
    call_ratio, found = state.rules.margin_call_ratio, 0
    for account in accounts:
        for scope in scopes(account):
            balance, required = standing(state, scope)
            falls = balance < 0 or (required > 0 and balance <= required)
            if falls or (required > 0 and required * RATE_ONE >= call_ratio * balance):
                found += 1
    assert not found, "somebody is to be called"


def _full_pass_ns(crowd: Crowd) -> int:
    """Tick with all accounts touched: what the pass of the venue itself makes of everybody."""
    state = crowd.venue.state
    crowd.prepare({})
    state.touched.update(dict.fromkeys(state.accounts))
    return _spent_ns(lambda: crowd.do(c.Tick()))


def _tick(crowd: Crowd, moves_bp: MovesBp) -> tuple[int, int]:
    """Make a mark tick; return its cost in ns, and how many accounts it looked at: those got new intervals."""
    crowd.prepare(moves_bp)
    before = [account.quiet for account in crowd.traders()]
    cost_ns = _spent_ns(lambda: crowd.do(c.Tick()))
    after = [account.quiet for account in crowd.traders()]
    return cost_ns, sum(old is not new for old, new in zip(before, after, strict=True))


def _walks(crowd: Crowd, moves_bp: Callable[[int], MovesBp]) -> TickCosts:
    """Make five walks; how the marks move in each tick follows from the number of its walk."""
    walks = [[_tick(crowd, moves_bp(number)) for _ in range(WALK_TICKS)] for number in range(ROUNDS)]
    return TickCosts(
        median_ns=median(median(cost_ns for cost_ns, _ in walk) for walk in walks),
        worst_ns=median(max(cost_ns for cost_ns, _ in walk) for walk in walks),
        median_looked_at=median(median(looked_at for _, looked_at in walk) for walk in walks),
        worst_looked_at=median(max(looked_at for _, looked_at in walk) for walk in walks),
    )


def _trend(crowd: Crowd) -> TickCosts:
    """Walk from the lowest marks to the highest ones and back, twenty ticks at a time."""
    while any(offset > -MARK_BOUND_BP for offset in crowd.offsets_bp.values()):
        _tick(crowd, {symbol: -int(offset > -MARK_BOUND_BP) for symbol, offset in crowd.offsets_bp.items()})
    there_and_back = 2 * MARK_BOUND_BP // WALK_TICKS
    return _walks(crowd, lambda walk: dict.fromkeys(SYMBOLS, -1 if walk // there_and_back % 2 else 1))


# ---------------------------------------------------------------------------------------------------------------- fills


def _fills(crowd: Crowd, count: int, among: list[Account], quiet_tick_ns: float) -> FillCosts:
    """Make five rounds of fills among some accounts, a tick after each round."""
    rounds = [_fill_round(crowd, count, among, quiet_tick_ns) for _ in range(ROUNDS)]
    return FillCosts(*(median(column) for column in zip(*rounds, strict=True)))


def _fill_round(crowd: Crowd, count: int, among: list[Account], quiet_tick_ns: float) -> tuple[float, ...]:
    """Make fills and a tick; return the fields of `FillCosts`."""
    state = crowd.venue.state
    crowd.prepare({})
    maker_ns = taker_ns = 0
    parties: list[int] = []
    for maker, taker in list(crowd.fills(count, among)):
        maker_ns += _spent_ns(partial(crowd.do, maker))
        began_ns = process_time_ns()
        events = crowd.do(taker)
        taker_ns += process_time_ns() - began_ns
        assert any(isinstance(event, TradePrinted) for event in events), "the order matched nothing"
        parties += (maker.account_id, taker.account_id)
    touched = [state.accounts[account_id] for account_id in sorted(state.touched)]
    tick_ns = _spent_ns(lambda: crowd.do(c.Tick())) - quiet_tick_ns
    watch_ns = _spent_ns(partial(_mark, parties)) + tick_ns - _spent_ns(partial(_scan, state, touched))
    return (*(spent / count for spent in (taker_ns, maker_ns + taker_ns, tick_ns, watch_ns)), float(len(touched)))


def _mark(parties: list[int]) -> None:
    """Mark accounts as touched, as `clearing` does, but aside."""
    touched: dict[int, None] = {}
    for account_id in parties:
        touched[account_id] = None


# --------------------------------------------------------------------------------------------------------------- report


def rows(figures: Figures) -> list[tuple[str, str]]:
    """Return what a run found: what it is, and the figure."""
    scan_ns, full_ns = figures.scan_ns, figures.full_pass_ns
    table = [
        ("accounts, all with positions", f"{figures.accounts:,}"),
        ("making them, and the warm-up", f"{figures.build_ns / SECOND:.1f} s"),
        ("plain scan of all", f"{scan_ns / MILLISECOND:.1f} ms"),
        ("tick with all of them touched", f"{full_ns / MILLISECOND:.1f} ms = {full_ns / scan_ns:.2f} scans"),
    ]
    for name, ticks in (("no move", figures.still), ("walk", figures.walk), ("trend", figures.trend)):
        for which, cost_ns, looked_at in (
            ("median", ticks.median_ns, ticks.median_looked_at),
            ("worst", ticks.worst_ns, ticks.worst_looked_at),
        ):
            cost = f"{cost_ns / MICROSECOND:.0f} us, {looked_at:.0f} accounts"
            table.append((f"{name}, {which} tick of {WALK_TICKS}", f"{cost} = {_share(cost_ns, scan_ns)} of the scan"))
    for name, fills in (("spread", figures.spread), ("busy", figures.busy)):
        taker_ns, orders_ns = fills.taker_ns, fills.orders_ns
        table += [
            (f"{name} fills", f"{figures.fills:,} between two ticks touch {fills.touched:.0f} accounts"),
            (f"{name}, per fill: taker's order", f"{taker_ns / MICROSECOND:.1f} us"),
            (f"{name}, per fill: both orders", f"{orders_ns / MICROSECOND:.1f} us"),
        ]
        for what, cost_ns in (("watch", fills.watch_ns), ("next tick", fills.tick_ns)):
            cost = f"{cost_ns / MICROSECOND:.1f} us"
            shares = f"{cost_ns / taker_ns:.2f} of the taker's order, {cost_ns / orders_ns:.2f} of both"
            table.append((f"{name}, per fill: {what}", f"{cost} = {shares}"))
    return table


def demands(figures: Figures) -> list[tuple[str, bool]]:
    """Return what we ask of the watch, and whether this run has it."""
    return [
        ("the median tick of a walk is at most 1/100 of the plain scan", _most(figures.walk.median_ns, figures)),
        ("so is the worst one", _most(figures.walk.worst_ns, figures)),
        ("the watch adds less than 1/10 to a taker's order", figures.spread.watch_ns < _tenth(figures.spread)),
    ]


def _most(cost_ns: float, figures: Figures) -> bool:
    return cost_ns <= TICK_DEMAND * figures.scan_ns


def _tenth(fills: FillCosts) -> float:
    return FILL_DEMAND * fills.taker_ns


def _share(part: float, whole: float) -> str:
    return f"1/{whole / part:.0f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the command line asks and print the table; return the exit code: 0 whatever the figures are."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench.detection", description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=100_000, help="with positions (default %(default)s)")
    parser.add_argument("--fills", type=int, default=2_000, help="between two ticks (default %(default)s)")
    asked = parser.parse_args(arguments)
    if asked.accounts < BUSY_MIN or asked.fills < 1:
        parser.error(f"--accounts must be at least {BUSY_MIN}, --fills positive")
    figures = measure(asked.accounts, asked.fills)
    for name, figure in rows(figures):
        print(f"{name:34}{figure}")
    for demand, met in demands(figures):
        print(f"{'met' if met else 'MISSED':34}{demand}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
