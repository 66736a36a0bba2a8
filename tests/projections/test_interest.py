"""What is held over time, folded from positions by hand: as of the ends of slots, both ways, bounded."""

import random

from exchange.core.enums import PositionSide
from exchange.projections.interest import SAMPLES_MAX, SLOT_MS, Held, Interest

BOTH, LONG, SHORT = PositionSide.BOTH, PositionSide.LONG, PositionSide.SHORT
SEED = 5


def figures(held: Held) -> tuple[int, int, int]:
    return held.lots, held.longs, held.shorts


def test_a_trade_between_two_is_one_long_and_one_short() -> None:
    interest = Interest()
    interest.change(1_000, 1, BOTH, 7)
    interest.change(1_000, 2, BOTH, -7)
    assert interest.known_from_ms == SLOT_MS
    assert figures(interest.at(SLOT_MS)) == (7, 1, 1)
    assert figures(interest.at(0)) == (0, 0, 0), "before anything was known"


def test_what_stands_at_the_end_of_a_slot_counts_until_the_next_change() -> None:
    interest = Interest()
    for ms, quantity in ((0, 5), (SLOT_MS - 1, 6), (3 * SLOT_MS, 2), (3 * SLOT_MS + 1, 0)):
        interest.change(ms, 1, BOTH, quantity)
        interest.change(ms, 2, BOTH, -quantity)
    assert [figures(interest.at(slot * SLOT_MS))[0] for slot in range(6)] == [0, 6, 6, 6, 0, 0]


def test_a_position_that_turns_around_counts_on_the_other_side() -> None:
    interest = Interest()
    interest.change(0, 1, BOTH, 5)
    interest.change(0, 2, BOTH, -5)
    interest.change(1, 1, BOTH, -3)
    interest.change(1, 2, BOTH, 3)
    assert figures(interest.at(SLOT_MS)) == (3, 1, 1)


def test_both_legs_of_an_account_count_for_both_sides() -> None:
    interest = Interest()
    interest.change(0, 1, LONG, 5)
    interest.change(0, 1, SHORT, -2)
    interest.change(0, 2, BOTH, -3)
    assert figures(interest.at(SLOT_MS)) == (5, 1, 2)


def test_the_sums_are_those_of_the_positions_whatever_happened() -> None:
    chance, interest = random.Random(SEED), Interest()
    positions: dict[int, int] = {}
    for ms in range(2_000):
        account = chance.randrange(20)
        positions[account] = chance.choice([0, chance.randint(-9, 9)])
        interest.change(ms, account, BOTH, positions[account])
    quantities = positions.values()
    expected = (
        sum(max(0, quantity) for quantity in quantities),
        sum(quantity > 0 for quantity in quantities),
        sum(quantity < 0 for quantity in quantities),
    )
    assert figures(interest.at(SLOT_MS)) == expected


def test_old_samples_are_let_go() -> None:
    interest = Interest()
    for slot in range(SAMPLES_MAX + 3):
        interest.change(slot * SLOT_MS, 1, BOTH, slot + 1)
    assert interest.known_from_ms == 4 * SLOT_MS
    assert interest.at(4 * SLOT_MS).lots == 4
    assert interest.at(3 * SLOT_MS).lots == 0
