"""The coupled index: flow pushes it, time takes the push back, nothing takes it beyond its bound."""

import math

import pytest

from exchange.runtime.feeds.coupling import (
    IMPACT_BP_MAX,
    PERMANENT_BP_PER_MILLION,
    TEMPORARY_BP_PER_MILLION,
    TEMPORARY_HALF_LIFE_S,
    Coupling,
    resumed,
)


def test_without_flow_the_index_is_the_path() -> None:
    coupling = Coupling()
    assert [coupling.step(0, 1) for _ in range(5)] == [1.0] * 5


def test_bought_flow_lifts_and_sold_flow_sinks_the_index_by_the_same() -> None:
    lifted, sunk = Coupling().step(1e6, 1), Coupling().step(-1e6, 1)
    assert math.log(lifted) == pytest.approx((TEMPORARY_BP_PER_MILLION + PERMANENT_BP_PER_MILLION) * 1e-4)
    assert lifted * sunk == pytest.approx(1)


def test_the_temporary_part_halves_and_the_permanent_one_stays_for_a_while() -> None:
    coupling = Coupling()
    coupling.step(1e6, 1)
    coupling.step(0, TEMPORARY_HALF_LIFE_S)
    assert coupling.temporary_bp == pytest.approx(TEMPORARY_BP_PER_MILLION / 2)
    assert coupling.permanent_bp == pytest.approx(PERMANENT_BP_PER_MILLION, rel=0.01)
    coupling.step(0, 24 * 3_600)
    assert coupling.factor == pytest.approx(1, abs=1e-9)


def test_impact_is_bounded() -> None:
    coupling = Coupling()
    for _ in range(1_000):
        coupling.step(-1e9, 1)
    assert coupling.factor == pytest.approx(math.exp(-IMPACT_BP_MAX * 1e-4))


def test_a_restarted_feed_begins_at_the_index_it_left() -> None:
    assert 100_000 * resumed(97_000, 100_000).factor == pytest.approx(97_000)
