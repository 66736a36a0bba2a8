"""One picture of a run: prices with liquidations, what was liquidated when, the fund, open interest. No metrics.

The same tables give the same bytes of SVG: no date, ids from a fixed salt, text as outlines of matplotlib's own font.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from exchange.core.units import ATOMS_PER_QUOTE, SECOND
from scenarios.analysis.columns import Unit, closed_atoms, closed_lots, ints, of_symbol, unit_of
from scenarios.record.sink import Tables

WIDTH_INCHES = (9, 14)  # of one column, and of two
HEIGHT_INCHES = 9.5
DPI = 150
HEIGHTS = (3.2, 1.3, 1.1, 1.1)
MARKS_MAX = 1_500  # points of a line, about; extremes of the mark are among them
CLOSE_UP_SHARE_MAX = 0.25  # of the run: longer stretches of liquidations need no close-up
CLOSE_UP_MARGIN_NS = 30 * SECOND
BARS = 60  # about so many intervals
INTERVALS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200)
# Colours that the colour-blind can tell apart: Okabe and Ito 2008, jfly.uni-koeln.de/color.
BLACK, ORANGE, SKY, GREEN, BLUE, RED, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
GREY = "#8A8A8A"
STYLE: Any = {  # on top of matplotlib's own defaults, whatever the user's are
    "svg.hashsalt": "margincall",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8,
}
SCALES = ((1e9, "bn", 1e9), (1e6, "m", 1e6), (1e3, "k", 1e4), (1.0, "", 0.0))  # factor, suffix, used from
Floats = NDArray[np.floating[Any]]


def picture(tables: Tables, out_stem: Path, symbol: str = "", title: str = "") -> tuple[Path, Path]:
    """Draw a run of one contract and return the paths of `<out_stem>.png` and `<out_stem>.svg`.

    Raises ValueError when the run has no mark: then there is nothing to draw.
    """
    unit = unit_of(tables, symbol)
    marks = of_symbol(tables["marks"], unit.symbol)
    if not marks.num_rows:
        raise ValueError(f"{unit.symbol} never had a mark")
    forced = of_symbol(tables["liquidations"], unit.symbol)
    paths = (out_stem.with_name(f"{out_stem.name}.png"), out_stem.with_name(f"{out_stem.name}.svg"))
    with style.context(["default", STYLE]):
        windows = _windows(ints(marks, "t_ns"), ints(forced, "t_ns"))
        figure = Figure(figsize=(WIDTH_INCHES[len(windows) - 1], HEIGHT_INCHES), layout="constrained")
        grid = figure.subplots(4, len(windows), sharex="col", height_ratios=HEIGHTS, squeeze=False)
        for column, clock in zip(grid.T, windows, strict=True):
            _draw_column(list(column), clock, clock.cut(marks), clock.cut(forced), unit)
        grid[0, 0].set_title(title or unit.symbol, loc="left", fontweight="bold")
        legend = grid[0, 0].legend(loc="best")
        for handle in legend.legend_handles:
            if isinstance(handle, PathCollection):
                handle.set_sizes([30])
        grid[1, 0].legend(loc="best", ncols=3)
        if len(windows) > 1:
            grid[0, 1].set_title("while positions were liquidated", loc="left")
        figure.align_ylabels()
        figure.savefig(paths[0], dpi=DPI, metadata={"Software": None})
        figure.savefig(paths[1], metadata={"Date": None, "Creator": None})
    return paths


@dataclass(frozen=True, slots=True)
class _Clock:
    """A stretch of virtual time as an axis shows it: counted from the first mark of the run."""

    origin_ns: int
    begin_ns: int
    end_ns: int

    @property
    def span_s(self) -> float:
        return (self.end_ns - self.begin_ns) / SECOND

    @property
    def unit(self) -> tuple[str, int]:
        """The word for its unit, and how many seconds that has."""
        length = (self.end_ns - self.origin_ns) / SECOND
        return next((one for one in (("seconds", 1), ("minutes", 60)) if length <= 180 * one[1]), ("hours", 3_600))

    @property
    def interval_s(self) -> int:
        """A round interval of which about BARS make the stretch."""
        return next((one for one in INTERVALS_S if one * BARS >= self.span_s), INTERVALS_S[-1])

    def at(self, times_ns: NDArray[np.int64]) -> Floats:
        found: Floats = (times_ns - self.origin_ns) / (SECOND * self.unit[1])
        return found

    def cut(self, rows: pa.Table) -> pa.Table:
        times = ints(rows, "t_ns")
        return rows.filter((times >= self.begin_ns) & (times <= self.end_ns))


def _windows(marked_ns: NDArray[np.int64], forced_ns: NDArray[np.int64]) -> list[_Clock]:
    """Return the whole run, and the stretch of its liquidations if that is a small part of it."""
    begin, end = int(marked_ns[0]), int(marked_ns[-1])
    whole = _Clock(begin, begin, end)
    if not len(forced_ns):
        return [whole]
    margin = max(CLOSE_UP_MARGIN_NS, (int(forced_ns[-1]) - int(forced_ns[0])) // 3)
    close_up = _Clock(begin, max(begin, int(forced_ns[0]) - margin), min(end, int(forced_ns[-1]) + margin))
    return [whole, close_up] if close_up.span_s < CLOSE_UP_SHARE_MAX * whole.span_s else [whole]


def _thinned(values: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """Return which rows to draw: all, or of each part of the run its first one and those where `values` is extreme."""
    if len(values) <= limit:
        return np.arange(len(values))
    parts = np.array_split(np.arange(len(values)), limit // 3)
    kept = [(part[0], part[values[part].argmin()], part[values[part].argmax()]) for part in parts]
    return np.unique([*(row for rows in kept for row in rows), len(values) - 1])


def _draw_column(axes: list[Axes], clock: _Clock, marks: pa.Table, forced: pa.Table, unit: Unit) -> None:
    prices, bars, fund, interest = axes
    thin = marks.take(_thinned(ints(marks, "mark_t"), MARKS_MAX))
    _draw_prices(prices, clock, thin, forced, unit)
    _draw_bars(bars, clock, forced)
    _draw_fund(fund, clock, thin)
    _draw_interest(interest, clock, thin, unit)
    begin, end = clock.at(np.array([clock.begin_ns, clock.end_ns]))
    interest.set_xlabel(f"{clock.unit[0]} since the run began")
    interest.set_xlim(begin, end if end > begin else begin + 1)


def _draw_prices(axes: Axes, clock: _Clock, marks: pa.Table, forced: pa.Table, unit: Unit) -> None:
    tick = unit.tick_atoms / ATOMS_PER_QUOTE
    times = clock.at(ints(marks, "t_ns"))
    for column, color, width, name in (
        ("last_t", GREY, 0.7, "last trade"),
        ("mark_t", BLACK, 1.4, "mark"),
        ("index_t", SKY, 1.0, "index"),
    ):
        line = ints(marks, column) * tick
        axes.plot(times, np.where(line > 0, line, np.nan), color=color, linewidth=width, label=name)
    lots = closed_lots(forced)
    values = closed_atoms(forced)[lots > 0]
    at, longs = clock.at(ints(forced, "t_ns")[lots > 0]), (ints(forced, "pos_before_l") > 0)[lots > 0]
    paid = values / (lots[lots > 0] * unit.value_unit) * tick
    sizes = 6 + 70 * values / max(1, values.max(initial=0))
    for mine, marker, color, name in (
        (longs, "v", RED, "long liquidated"),
        (~longs, "^", GREEN, "short liquidated"),
    ):
        if mine.any():
            axes.scatter(
                at[mine],
                paid[mine],
                s=sizes[mine],
                c=color,
                marker=marker,
                alpha=0.5,
                linewidths=0,
                label=name,
                zorder=3,
            )
    axes.set_ylabel("price")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def _draw_bars(axes: Axes, clock: _Clock, forced: pa.Table) -> None:
    interval = clock.interval_s
    first = clock.begin_ns - (clock.begin_ns - clock.origin_ns) % (interval * SECOND)
    places = (ints(forced, "t_ns") - first) // (interval * SECOND)
    count = (clock.end_ns - first) // (interval * SECOND) + 1
    width = interval / clock.unit[1]
    begins = clock.at(first + np.arange(count) * interval * SECOND)
    bottom = np.zeros(count)
    for column, color, name in (
        ("filled_value_a", RED, "on the book"),
        ("fund_value_a", BLUE, "to the fund"),
        ("adl_value_a", PURPLE, "deleveraged"),
    ):
        values = ints(forced, column) / ATOMS_PER_QUOTE
        heights = np.bincount(places, weights=values, minlength=count)[:count]
        if heights.any() or column == "filled_value_a":
            axes.bar(begins, heights, width * 0.92, bottom, align="edge", color=color, label=name, linewidth=0)
        bottom += heights
    _in_quote(axes, f"liquidated per\n{_spoken(interval)}, quote", bottom)


def _draw_fund(axes: Axes, clock: _Clock, marks: pa.Table) -> None:
    equity = ints(marks, "fund_equity_a") / ATOMS_PER_QUOTE
    axes.step(clock.at(ints(marks, "t_ns")), equity, where="post", color=ORANGE, linewidth=1.2)
    if equity.min() < 0:
        axes.axhline(0, color=BLACK, linewidth=0.8)
    _in_quote(axes, "equity of the\nfund, quote", equity)


def _draw_interest(axes: Axes, clock: _Clock, marks: pa.Table, unit: Unit) -> None:
    held = ints(marks, "open_interest_l") * (unit.step_e8 / ATOMS_PER_QUOTE)
    axes.step(clock.at(ints(marks, "t_ns")), held, where="post", color=SKY, linewidth=1.2)
    axes.fill_between(clock.at(ints(marks, "t_ns")), held, step="post", color=SKY, alpha=0.15)
    axes.set_ylim(bottom=0)
    _in_quote(axes, "open interest,\nbase", held)


def _in_quote(axes: Axes, label: str, values: Floats) -> None:
    """Label an axis of amounts in thousands, millions or plain, whichever reads best: by the span that is shown."""
    largest = float(np.max(np.abs(values), initial=0))
    factor, suffix, _ = next((one for one in SCALES if largest >= one[2]), SCALES[-1])
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / factor:,.6g}{suffix if value else ''}"))
    axes.set_ylabel(label)


def _spoken(interval_s: int) -> str:
    if interval_s < 60:
        return f"{interval_s} s"
    return f"{interval_s // 60} min" if interval_s < 3_600 else f"{interval_s // 3_600} h"
