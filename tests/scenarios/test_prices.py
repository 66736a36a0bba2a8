"""The index of a scenario: shocks by hand, the shipped path, and what moves value and index apart."""

import math

import msgspec
import pytest

from exchange.runtime.feeds.coupling import Coupling, Impact
from exchange.runtime.feeds.sources import UnknownIndexError
from scenarios.prices import IndexText, Shock
from scenarios.scenario import Scenario, parse_scenario
from scenarios.stage import Stage, build
from tests.scenarios.runs import CRASH

SEED = 3


def alone(index: IndexText, seconds: float) -> Stage:
    """Return a run with one silent agent that has come to `seconds`: nothing but the index moves."""
    crash = parse_scenario(CRASH)
    scenario: Scenario = msgspec.structs.replace(crash, index=index, agents=crash.agents[-1:], duration_seconds=seconds)
    stage = build(scenario, SEED, silent=["attacker-1"])
    stage.run()
    return stage


def index_of(stage: Stage) -> float:
    """Return the index in quote units."""
    return stage.kernel.venue.state.markets["BTCUSDT"].index_price / 10


@pytest.mark.parametrize(
    ("elapsed_s", "percent"),
    [(0, 0), (10, 0), (20, -20), (25, -20), (30, -20), (40, -20 * 0.5), (1_000, -20 * 0.5)],
)
def test_a_shock_falls_holds_and_comes_back_in_part(elapsed_s: float, percent: float) -> None:
    shock = Shock(
        at_seconds=10,
        percent=-20,
        over_seconds=10,
        hold_seconds=10,
        recovered=math.log(0.8 / 0.9) / math.log(0.8),
        recover_seconds=10,
    )
    assert math.exp(shock.log_at(elapsed_s)) == pytest.approx(1 + percent / 100)


def test_a_shock_is_half_done_in_logarithms_half_way() -> None:
    shock = Shock(at_seconds=0, percent=-36, over_seconds=10)
    assert math.exp(shock.log_at(5)) == pytest.approx(0.8)


@pytest.mark.parametrize(("news", "value"), [(True, 90_000), (False, 100_000)])
def test_news_moves_what_the_asset_is_worth_and_other_shocks_only_the_index(news: bool, value: float) -> None:
    stage = alone(IndexText(shocks=(Shock(at_seconds=5, percent=-10, over_seconds=5, news=news),)), 20)
    assert index_of(stage) == 90_000
    assert stage.prices.value() == pytest.approx(value)


def test_the_shipped_figures_are_met_at_their_time() -> None:
    stage = alone(IndexText(source="path:btcusd-2025-02-03@02:06"), 60.6)  # the post of second 60.5
    assert index_of(stage) == pytest.approx(91_530, abs=10)


def test_an_unknown_path_is_refused() -> None:
    with pytest.raises(UnknownIndexError, match="no-such-day"):
        alone(IndexText(source="path:no-such-day"), 1)
    with pytest.raises(ValueError, match="manual"):
        alone(IndexText(source="manual"), 1)


def test_jumps_and_walk_move_the_index_and_the_value_alike() -> None:
    stage = alone(IndexText(walk_bp_per_sqrt_minute=5, jumps_per_hour=600, jump_bp=20), 60)
    assert index_of(stage) != 100_000
    assert index_of(stage) == pytest.approx(stage.prices.value(), abs=0.1)


def test_the_impact_of_flow_is_the_one_that_was_chosen() -> None:
    coupling = Coupling(impact=Impact(10.0, 5.0, 1.0, 60.0))
    assert coupling.step(1e6, 1) == pytest.approx(math.exp(11e-4))
    assert coupling.step(0, 5) == pytest.approx(math.exp((5 + 0.5 ** (5 / 60)) * 1e-4))
