"""The stream of the book benchmark is what it says, and the book and the venue trade what its own plain book did."""

import pytest

from loadtests.bench.books import OURS
from loadtests.bench.stream import RESTING, make_stream

SEED = 7
OPERATIONS = 3_000


def test_the_mix_is_the_one_asked_for() -> None:
    stream = make_stream(SEED, OPERATIONS)
    assert len(stream.resting) == RESTING
    assert stream.adds + stream.cancels + stream.marketable == len(stream.operations) == OPERATIONS
    assert abs(stream.cancels / OPERATIONS - 0.38) < 0.03
    assert abs(stream.marketable / OPERATIONS - 0.10) < 0.02
    assert stream.traded_lots > stream.trades > stream.marketable


def test_a_seed_makes_one_stream() -> None:
    assert make_stream(SEED, OPERATIONS) == make_stream(SEED, OPERATIONS)
    assert make_stream(SEED, OPERATIONS).operations != make_stream(SEED + 1, OPERATIONS).operations


@pytest.mark.parametrize("name", OURS)
def test_ours_trade_what_they_must(name: str) -> None:
    stream, subject = make_stream(SEED, OPERATIONS), OURS[name]()
    subject.run(stream.resting)
    assert subject.traded_lots() == 0
    subject.run(stream.operations)
    assert subject.traded_lots() == stream.traded_lots
    subject.close()
