"""The numbers of a run that are written down, printed and compared: a choice of `metrics`. It defines none of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from exchange.core.units import ATOMS_PER_QUOTE, SECOND
from scenarios.analysis.comparisons import branching
from scenarios.analysis.metrics import (
    absorption,
    cascades,
    divergence,
    fund_equity,
    largest_move,
    liquidated,
    mark_attack,
    overshoot,
    time_to,
)
from scenarios.record.sink import Tables

Measures = Mapping[str, float | None]
BP = 10_000


class Push(NamedTuple):
    """When an account pushes the mark; the end is not part of it."""

    account: int
    begin_ns: int
    end_ns: int


def looked_at(pushes: Sequence[Push]) -> frozenset[str]:
    """Return the tables that the measures are of: the large ones only where somebody pushes the mark."""
    return frozenset({"run", "marks", "liquidations", *(("trades", "accounts") if pushes else ())})


def measures(tables: Tables, pushes: Sequence[Push] = ()) -> Measures:
    """Return what is measured of one run, by names that end with the unit; None where a run has no such number.

    With `pushes` also what these cost and what came of them, summed over who made them.
    """
    closed, waves, fund = liquidated(tables), cascades(tables), fund_equity(tables)
    links, gaps, done = branching([tables]), divergence(tables), time_to(tables)
    shares = absorption(tables).shares or (None, None, None)
    largest = max(waves, key=lambda wave: wave.notional_a, default=None)
    return {
        "trades": tables["run"]["trades"][0].as_py(),
        "fall_bp": BP * largest_move(tables),
        "rise_bp": BP * largest_move(tables, rising=True),
        "overshoot_down_bp": overshoot(tables).overshoot_bp,
        "overshoot_up_bp": overshoot(tables, rising=True).overshoot_bp,
        "mark_to_index_max_bp": gaps.mark_index.maximum_bp if gaps.mark_index else None,
        "liquidated_quote": closed.total_a / ATOMS_PER_QUOTE,
        "liquidated_long_quote": closed.long_a / ATOMS_PER_QUOTE,
        "liquidated_short_quote": closed.short_a / ATOMS_PER_QUOTE,
        "liquidated_accounts": closed.accounts,
        "liquidated_of_open_interest": closed.share_of_open_interest,
        "cascades": len(waves),
        "largest_cascade_quote": largest.notional_a / ATOMS_PER_QUOTE if largest else 0,
        "largest_cascade_accounts": largest.accounts if largest else 0,
        "largest_cascade_generations": largest.generations if largest else 0,
        "children": links.children,
        "parents": links.parents,
        "to_book": shares[0],
        "to_fund": shares[1],
        "to_adl": shares[2],
        "seconds_to_88_percent": done[0.88] / SECOND if done else None,
        "fund_largest_fall_quote": fund.largest_fall_a / ATOMS_PER_QUOTE,
        "fund_end_quote": fund.end_a / ATOMS_PER_QUOTE,
        **(_attacks(tables, pushes) if pushes else {}),
    }


def _attacks(tables: Tables, pushes: Sequence[Push]) -> Measures:
    found = [mark_attack(tables, push.account, "", push.begin_ns, push.end_ns) for push in pushes]
    return {
        "attack_cost_quote": sum(one.cost_a for one in found) / ATOMS_PER_QUOTE,
        "attack_gain_quote": sum(one.gain_a for one in found) / ATOMS_PER_QUOTE,
        "attack_result_quote": sum(one.result_a for one in found) / ATOMS_PER_QUOTE,
    }
