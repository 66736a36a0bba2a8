"""What a benchmark found: the runs of each thing measured, and its ratio to what it stands beside. It measures not."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured, once a round. `beside`: the name of the figure of its group whose median divides its own."""

    group: str
    name: str
    unit: str
    runs: tuple[float, ...]
    beside: str = ""
    note: str = ""

    @property
    def median(self) -> float:
        """The median of its runs."""
        return median(self.runs)


def ratio(figure: Figure, figures: Sequence[Figure]) -> float | None:
    """Return the median of a figure over that of the one beside it; None when it stands alone."""
    if not figure.beside:
        return None
    other = next(one for one in figures if (one.group, one.name) == (figure.group, figure.beside))
    return figure.median / other.median


def machine() -> str:
    """Return what it ran on, without a name."""
    libc = " ".join(platform.libc_ver())
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, {libc}, Python {platform.python_version()}"
    )


def as_json(figures: Sequence[Figure], settings: dict[str, object]) -> dict[str, Any]:
    """Return all of it for JSON."""
    return {
        "machine": machine(),
        "settings": settings,
        "figures": [
            {
                "group": figure.group,
                "name": figure.name,
                "unit": figure.unit,
                "min": min(figure.runs),
                "median": figure.median,
                "max": max(figure.runs),
                "ratio": ratio(figure, figures),
                "beside": figure.beside,
                "note": figure.note,
                "runs": list(figure.runs),
            }
            for figure in figures
        ],
    }


def table(figures: Sequence[Figure]) -> str:
    """Return a Markdown table for each group."""
    lines: list[str] = []
    for group in dict.fromkeys(figure.group for figure in figures):
        mine = [figure for figure in figures if figure.group == group]
        lines += [
            "",
            f"**{group}** ({mine[0].unit})",
            "",
            "| | min | median | max | ratio | |",
            "|---|--:|--:|--:|--:|---|",
        ]
        for figure in mine:
            times = ratio(figure, figures)
            shown = "" if times is None else f"{times:.2f}"
            numbers = " | ".join(f"{value:,.2f}" for value in (min(figure.runs), figure.median, max(figure.runs)))
            lines.append(f"| {figure.name} | {numbers} | {shown} | {figure.note} |")
    return "\n".join(lines[1:])
