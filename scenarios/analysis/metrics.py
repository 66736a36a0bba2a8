"""What is measured of one run: functions from its tables to records. No files, no pictures, no comparison of runs.

Money is in atoms, quantities in lots, prices in ticks, times in nanoseconds; shares and basis points are floats. Every
function takes the contract's symbol, which may be left out where there is one contract. A definition without a source
is this project's own; docs/runs.md lists them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from exchange.core.units import SECOND
from scenarios.analysis.columns import (
    Flags,
    Ints,
    closed_atoms,
    closed_lots,
    episodes,
    ints,
    is_word,
    of_symbol,
    total,
    unit_of,
)
from scenarios.record.sink import Tables

MINUTE_NS = 60 * SECOND
BP = 10_000
TIME_SHARES = (0.50, 0.88, 0.95)


@dataclass(frozen=True, slots=True)
class Liquidated:
    """Notional that liquidation closed, in atoms, by where it went and by whose it was.

    `intervals` are (begin, atoms) of the intervals in which something was closed. `open_interest_l` is that of the last
    mark before the first of it; `share_of_open_interest` is lots closed over that, None when nothing was closed. It can
    exceed 1: positions are opened meanwhile.
    """

    book_a: int
    fund_a: int
    adl_a: int
    long_a: int
    short_a: int
    lots: int
    accounts: int
    intervals: tuple[tuple[int, int], ...]
    open_interest_l: int
    share_of_open_interest: float | None

    @property
    def total_a(self) -> int:
        """All of it."""
        return self.book_a + self.fund_a + self.adl_a


def liquidated(tables: Tables, symbol: str = "", interval_ns: int = MINUTE_NS) -> Liquidated:
    """Return what liquidation closed: on the book at what it brought, by fund and ADL at what was paid for it.

    Longs are positions that were long. Lots that the fund took and sold or deleveraged later count once, as the fund's.
    """
    rows = of_symbol(tables["liquidations"], unit_of(tables, symbol).symbol)
    values, lots, times = closed_atoms(rows), closed_lots(rows), ints(rows, "t_ns")
    longs = ints(rows, "pos_before_l") > 0
    begins = times - times % interval_ns
    held, share = 0, None
    if len(times) and total(lots):
        held = _open_interest_before(tables, unit_of(tables, symbol).symbol, int(ints(rows, "seq")[lots > 0][0]))
        share = total(lots) / held if held else None
    return Liquidated(
        book_a=total(ints(rows, "filled_value_a")),
        fund_a=total(ints(rows, "fund_value_a")),
        adl_a=total(ints(rows, "adl_value_a")),
        long_a=total(values[longs]),
        short_a=total(values[~longs]),
        lots=total(lots),
        accounts=len(np.unique(ints(rows, "account")[lots > 0])),
        intervals=tuple((int(at), total(values[begins == at])) for at in np.unique(begins)),
        open_interest_l=held,
        share_of_open_interest=share,
    )


@dataclass(frozen=True, slots=True)
class Cascade:
    """Liquidations that belong together, those in many steps counting once.

    `generations`: 1 when nobody followed; `notional_a` as in `Liquidated`.
    """

    cascade_id: int
    liquidations: int
    accounts: int
    generations: int
    lots: int
    notional_a: int
    begin_ns: int
    end_ns: int

    @property
    def duration_ns(self) -> int:
        """From the first to the last of its liquidations."""
        return self.end_ns - self.begin_ns


def cascades(tables: Tables, symbol: str = "") -> tuple[Cascade, ...]:
    """Return the cascades that parent links make, the oldest first: the definition of docs/runs.md, "causes"."""
    rows = of_symbol(tables["liquidations"], unit_of(tables, symbol).symbol)
    return _grouped(rows, ints(rows, "cascade_id"))


def clusters(tables: Tables, symbol: str = "", gap_ns: int = MINUTE_NS) -> tuple[Cascade, ...]:
    """Return liquidations put together by time alone, as who sees only a public feed must: a longer gap parts them."""
    rows = of_symbol(tables["liquidations"], unit_of(tables, symbol).symbol)
    times = ints(rows, "t_ns")
    return _grouped(rows, np.cumsum(np.diff(times, prepend=times[:1]) > gap_ns) + 1)


@dataclass(frozen=True, slots=True)
class Absorption:
    """Lots of liquidations by who took them; `left_l` stayed with their owners. Shares of what was closed sum to 1."""

    book_l: int
    fund_l: int
    adl_l: int
    left_l: int

    @property
    def shares(self) -> tuple[float, float, float] | None:
        """Book, fund and ADL; None when nothing was closed."""
        closed = self.book_l + self.fund_l + self.adl_l
        return (self.book_l / closed, self.fund_l / closed, self.adl_l / closed) if closed else None


def absorption(tables: Tables, symbol: str = "") -> Absorption:
    """Return who took the lots at first hand: what the fund took and passed on to ADL later is the fund's."""
    rows = of_symbol(tables["liquidations"], unit_of(tables, symbol).symbol)
    return Absorption(*(total(ints(rows, column)) for column in ("filled_l", "fund_l", "adl_l", "left_l")))


@dataclass(frozen=True, slots=True)
class FundPath:
    """The insurance fund over a run, in atoms. `largest_fall_a` is from an earlier peak, at least 0.

    `recovery_ns`: from the bottom of the largest fall to the first time its peak was reached again, None if it was not.
    """

    start_a: int
    end_a: int
    minimum_a: int
    largest_fall_a: int
    recovery_ns: int | None


def fund_wallet(tables: Tables) -> FundPath:
    """Return the path of the fund's wallet, change by change: what is realised."""
    rows = tables["insurance"]
    deltas, balances = ints(rows, "delta_a"), ints(rows, "balance_a")
    if not len(balances):
        balance = int(ints(tables["accounts"], "wallet_a")[ints(tables["accounts"], "account") == 0][0])
        return FundPath(balance, balance, balance, 0, None)
    return _fund_path(np.concatenate([balances[:1] - deltas[:1], balances]), np.concatenate([[0], ints(rows, "t_ns")]))


def fund_equity(tables: Tables) -> FundPath:
    """Return the path of the fund's equity at each mark: its wallet, and what it holds valued at the mark."""
    rows = tables["marks"]
    return _fund_path(ints(rows, "fund_equity_a"), ints(rows, "t_ns"))


def largest_move(tables: Tables, symbol: str = "", *, rising: bool = False) -> float:
    """Return the largest share of a peak of the mark that was lost afterwards (`rising`: of a trough, gained)."""
    path = ints(of_symbol(tables["marks"], unit_of(tables, symbol).symbol), "mark_t")
    befores = (np.minimum if rising else np.maximum).accumulate(path)
    return float((np.abs(path - befores) / befores).max())


@dataclass(frozen=True, slots=True)
class Overshoot:
    """A move of the mark and how much of it came back. Basis points are of the start.

    `share` is what came back over the move, None when nothing moved.
    """

    start_t: int
    extreme_t: int
    end_t: int
    extreme_ns: int
    move_bp: float
    overshoot_bp: float
    share: float | None


def overshoot(tables: Tables, symbol: str = "", *, rising: bool = False) -> Overshoot:
    """Return how far the mark went beyond where it ended: |extreme - end|, of its lowest (`rising`: highest) value.

    The start is the first mark of the run. It is the price pressure of forced selling as event studies take it, the
    part of a fall that reverses (Coval and Stafford 2007, JFE 86(2)), here for one price path.
    """
    rows = of_symbol(tables["marks"], unit_of(tables, symbol).symbol)
    marks, sign = ints(rows, "mark_t"), -1 if rising else 1
    at = int(np.argmin(sign * marks))
    start, extreme, end = int(marks[0]), int(marks[at]), int(marks[-1])
    move, back = sign * (start - extreme), sign * (end - extreme)
    when = int(ints(rows, "t_ns")[at])
    return Overshoot(start, extreme, end, when, BP * move / start, BP * back / start, back / move if move > 0 else None)


@dataclass(frozen=True, slots=True)
class Gap:
    """How far two prices were apart, in basis points of the second: at most, and on average over time (absolute)."""

    maximum_bp: float
    mean_bp: float


@dataclass(frozen=True, slots=True)
class Divergence:
    """Gaps between the prices of a contract, seen at its marks. None: one of the two never was."""

    mark_index: Gap | None
    last_index: Gap | None
    mark_last: Gap | None


def divergence(tables: Tables, symbol: str = "") -> Divergence:
    """Return mark, last and index against each other; each mark holds until the next one, the last one for no time."""
    rows = of_symbol(tables["marks"], unit_of(tables, symbol).symbol)
    times = ints(rows, "t_ns")
    held = np.diff(times, append=times[-1:])
    prices = {name: ints(rows, f"{name}_t") for name in ("mark", "index", "last")}
    pairs = (("mark", "index"), ("last", "index"), ("mark", "last"))
    return Divergence(*(_gap(prices[one], prices[other], held) for one, other in pairs))


def time_to(tables: Tables, symbol: str = "", shares: Sequence[float] = TIME_SHARES) -> dict[float, int] | None:
    """Return how long after the first forced closing each share of all forced lots was closed; None without any.

    88 % within 30 minutes is the figure reported of 10 October 2025.
    """
    rows = of_symbol(tables["liquidations"], unit_of(tables, symbol).symbol)
    lots = closed_lots(rows)
    times, done = ints(rows, "t_ns")[lots > 0], np.cumsum(lots[lots > 0])
    if not len(done):
        return None
    return {share: int(times[np.searchsorted(done, share * done[-1])] - times[0]) for share in shares}


@dataclass(frozen=True, slots=True)
class MarkAttack:
    """What moving the mark cost an account and what it brought, in atoms: `gain_a` = `result_a` + `cost_a`."""

    cost_a: int
    fees_a: int
    result_a: int

    @property
    def gain_a(self) -> int:
        """What it would have made without the cost."""
        return self.result_a + self.cost_a


def mark_attack(
    tables: Tables, account: int, symbol: str = "", begin_ns: int = 0, end_ns: int | None = None
) -> MarkAttack:
    """Return the cost of an account's push against its result.

    The cost is that of its takes from `begin_ns` to `end_ns`: what each paid beyond the index of the last mark before
    it, and its fee. The result is of the whole run: its equity at the end less what was deposited, positions at the
    index, which the push does not move unless the index is coupled.
    """
    unit = unit_of(tables, symbol)
    rows = of_symbol(tables["trades"], unit.symbol)
    times = ints(rows, "t_ns")
    taken = (ints(rows, "taker_account") == account) & (times >= begin_ns)
    if end_ns is not None:
        taken &= times < end_ns
    rows = rows.filter(taken)
    sides = np.where(is_word(rows, "taker_side", "BUY"), 1, -1)
    beyond = sides * (ints(rows, "price_t") - _index_at(tables, unit.symbol, ints(rows, "seq"))) * ints(rows, "qty_l")
    fees = total(ints(rows, "fee_t_a"))
    return MarkAttack(total(beyond) * unit.value_unit + fees, fees, _result(tables, account))


# ---------------------------------------------------------------------------------------------------------------- parts


def _open_interest_before(tables: Tables, symbol: str, seq: int) -> int:
    """Return the open interest of the last mark up to a command; a mark comes before what is liquidated at it."""
    rows = of_symbol(tables["marks"], symbol)
    known = ints(rows, "open_interest_l")[ints(rows, "seq") <= seq]
    return int(known[-1]) if len(known) else 0


def _grouped(rows: pa.Table, keys: Ints) -> tuple[Cascade, ...]:
    values, lots = closed_atoms(rows), closed_lots(rows)
    accounts, times = ints(rows, "account"), ints(rows, "t_ns")
    generations, episode = ints(rows, "generation"), episodes(rows)
    found = []
    for key in np.unique(keys):
        mine: Flags = keys == key
        found.append(
            Cascade(
                cascade_id=int(key),
                liquidations=len(np.unique(episode[mine])),
                accounts=len(np.unique(accounts[mine])),
                generations=len(np.unique(generations[mine])),
                lots=total(lots[mine]),
                notional_a=total(values[mine]),
                begin_ns=int(times[mine].min()),
                end_ns=int(times[mine].max()),
            )
        )
    return tuple(found)


def _fund_path(values: Ints, times: Ints) -> FundPath:
    peaks = np.maximum.accumulate(values)
    falls = peaks - values
    at = int(np.argmax(falls))
    later = np.flatnonzero(values[at:] >= peaks[at])
    recovered = int(times[at + later[0]] - times[at]) if falls[at] and len(later) else None
    return FundPath(int(values[0]), int(values[-1]), int(values.min()), int(falls[at]), recovered)


def _gap(one: Ints, other: Ints, held: Ints) -> Gap | None:
    """Return the gap of two prices over the time in which both were known (0 ticks: not yet)."""
    known = (one > 0) & (other > 0)
    if not known.any():
        return None
    apart = BP * np.abs(one[known] - other[known]) / other[known]
    weights = held[known]
    mean = float(np.average(apart, weights=weights)) if weights.any() else float(apart.mean())
    return Gap(float(apart.max()), mean)


def _index_at(tables: Tables, symbol: str, seqs: Ints) -> Ints:
    rows = of_symbol(tables["marks"], symbol)
    places = np.searchsorted(ints(rows, "seq"), seqs, side="right") - 1
    assert not len(places) or places.min() >= 0, "nothing trades before the first mark"
    found: Ints = ints(rows, "index_t")[places]
    return found


def _result(tables: Tables, account: int) -> int:
    """Return what an account made: equity at the end, positions at the last index, less its deposits."""
    rows = tables["accounts"]
    rows = rows.filter(is_word(rows, "why", "end") & (ints(rows, "account") == account))
    result = -int(ints(rows, "net_deposits_a")[0])
    wallets: dict[str, int] = {}
    for row in rows.to_pylist():
        wallets[f"{row['symbol']} {row['position_side']}" if row["mode"] == "ISOLATED" else ""] = row["wallet_a"]
        if row["symbol"] is not None:
            index = int(ints(of_symbol(tables["marks"], row["symbol"]), "index_t")[-1])
            result += index * row["qty_l"] * unit_of(tables, row["symbol"]).value_unit - row["entry_a"]
    return result + sum(wallets.values())
