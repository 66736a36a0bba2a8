"""A recorded session under one engine after another, each held against the same session with the engine muted.

It prints nothing. Amplification is the fall of the mark (the largest part of a peak that was lost afterwards) with the
engine on, over the fall with it muted: 1.0 says that liquidations moved no mark. The traders are those of the record
and do not answer to what is different (see `runtime.whatif`).
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from exchange.core.policies.presets import PRESETS, EngineRules
from exchange.core.units import ATOMS_PER_QUOTE
from exchange.runtime.engines import read_engine
from exchange.runtime.whatif import WhatIf, whatif

MUTED = EngineRules(muted=True)
COLUMNS = ("liquidations", "ADL victims", "fund change", "shortfall", "losses shared")


class Compared(msgspec.Struct, frozen=True):
    """One engine: what its run came to, and by symbol the amplification; None where the muted mark never fell."""

    policy: str
    outcome: WhatIf
    amplification: dict[str, float | None]


class Comparison(msgspec.Struct, frozen=True):
    """The muted run, and those of the engines; `index` says whether the index followed the contract's own flow."""

    index: str  # exogenous or coupled
    muted: WhatIf
    engines: list[Compared]


def compare(data: Path, policies: Sequence[str], *, coupled: bool) -> Comparison:
    """Run the journal of folder `data` muted, and under each policy named; under all presets when none is.

    Raises a JournalError, or SettingsError for a policy that cannot be had and for coupling what was recorded coupled.
    """
    engines = {name: read_engine(name) for name in policies or PRESETS}
    muted, *outcomes = whatif(data, [MUTED, *engines.values()], coupled=coupled)
    compared = [
        Compared(name, outcome, _amplification(outcome, muted)) for name, outcome in zip(engines, outcomes, strict=True)
    ]
    return Comparison("coupled" if coupled else "exogenous", muted, compared)


def lines(comparison: Comparison) -> list[str]:
    """Return the comparison as a table of text, a line for each engine."""
    symbols = list(comparison.muted.marks)
    names = ["engine", *(f"{symbol} fall, x" for symbol in symbols), *COLUMNS]
    control = [f"{comparison.muted.marks[symbol].fall:.4%}" for symbol in symbols]
    rows = [["muted", *control, *_figures(comparison.muted)]]
    for one in comparison.engines:
        falls = [f"{one.outcome.marks[symbol].fall:.4%}, {_times(one.amplification[symbol])}" for symbol in symbols]
        rows.append([one.policy, *falls, *_figures(one.outcome)])
    widths = [max(len(row[column]) for row in [names, *rows]) for column in range(len(names))]
    table = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [names, *rows]]
    return [f"index: {comparison.index}", *table]


def _figures(outcome: WhatIf) -> list[str]:
    money = (outcome.fund_change, outcome.shortfall, outcome.losses_shared)
    counts = (outcome.liquidations, outcome.victims)
    return [*map(str, counts), *(f"{amount / ATOMS_PER_QUOTE:,.2f}" for amount in money)]


def _times(amplification: float | None) -> str:
    return "-" if amplification is None else f"{amplification:.3f}"


def _amplification(outcome: WhatIf, muted: WhatIf) -> dict[str, float | None]:
    falls = {symbol: (path.fall, muted.marks[symbol].fall) for symbol, path in outcome.marks.items()}
    return {symbol: fall / control if control else None for symbol, (fall, control) in falls.items()}
