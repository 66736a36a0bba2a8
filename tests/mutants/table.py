"""Which planted bug must be caught by which test. A patch without a row, or a row without a patch, is a failure."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """A patch of `tests/mutants/` (its name without suffix), the test that must fail with it, and what it breaks."""

    patch: str
    test: str
    breaks: str


MARKET = "tests/market/test_tables.py::test_market"
LIVES = "tests/simulation/test_simulation.py::test_core_and_reference_live_the_same_lives"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "flip_with_wrong_sign",
        MARKET + "[positions: From long to short through zero]",
        "a position that flips opens on the wrong side",
    ),
    Mutant(
        "liquidation_trigger_strict",
        MARKET + "[liquidation: At equality it begins (long)]",
        "equity equal to maintenance margin is not liquidated",
    ),
    Mutant(
        "liquidation_fee_not_booked",
        MARKET + "[liquidation: The trader pays the liquidation fee to the fund, and no taker fee]",
        "the fund never gets the liquidation fee",
    ),
    Mutant(
        "youngest_first",
        MARKET + "[priority: At one price the older order goes first]",
        "last in, first out at one price",
    ),
    Mutant(
        "levels_in_touched_order",
        LIVES,
        "levels are reported in the order of a dictionary",
    ),
    Mutant(
        "maker_fee_lost",
        MARKET + "[priority: Fees are rounded up, and a maker's rebate shrinks]",
        "the maker pays a fee that nobody gets",
    ),
    Mutant(
        "bracket_off_by_one",
        MARKET + "[order_margin: Maintenance margin follows the brackets without a jump]",
        "the next bracket is taken",
    ),
    Mutant(
        "reduce_only_increases",
        MARKET + "[reduce_only: What cannot rest is cut to the position]",
        "a reduce-only order goes through zero",
    ),
    Mutant(
        "fee_rounded_down",
        MARKET + "[priority: Fees are rounded up, and a maker's rebate shrinks]",
        "floor for ceil",
    ),
    Mutant(
        "taker_not_knocked_out",
        MARKET + "[reduce_only: A smaller position knocks out the worst first, then the youngest]",
        "reduce-only orders of the taker outlive its position",
    ),
    Mutant(
        "takeover_rounded_down",
        LIVES,
        "the fund takes over an atom too dear",
    ),
    Mutant(
        "fill_or_kill_counts_knocked_out",
        MARKET + "[reduce_only: A maker's order is knocked out in the middle of the walk]",
        "the walk counts makers that it knocks out itself",
    ),
    Mutant(
        "funding_receiver_gets_ceil",
        LIVES,
        "rounding of funding creates money",
    ),
    Mutant(
        "profit_leaves",
        MARKET + "[withdrawals: Unrealised profit is margin, and never leaves]",
        "unrealised profit can be withdrawn",
    ),
    Mutant(
        "amendment_keeps_place_when_larger",
        MARKET + "[amend_cancel: A larger quantity loses it]",
        "a larger order jumps the queue",
    ),
    Mutant(
        "fund_shortfall_not_counted",
        LIVES,
        "a loss of the fund is counted only where it is large",
    ),
)
