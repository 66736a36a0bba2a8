"""Runs of scenarios: the same seed is the same run, nobody shifts another's draws, and the venue stays whole."""

from collections.abc import Collection

import numpy as np
import pytest

from exchange.core.account import FUND_ID
from scenarios.scenario import ScenarioError, parse_scenario
from scenarios.stage import Stage, build
from tests.scenarios.runs import CRASH, Watch, draws, shortened, watched

SEED = 7
CALM_MINUTES = 5


def crashed(seed: int = SEED, *, muted: bool = False, coupled: bool | None = None, silent: str = "") -> Watch:
    """Return the small crash, run to its end."""
    return watched(build(parse_scenario(CRASH), seed, muted=muted, coupled=coupled, silent=silent.split()))


def marks(stage: Stage) -> int:
    """Return the mark as it stands."""
    return stage.kernel.venue.state.markets[stage.contracts[0].symbol].mark_price


@pytest.fixture(scope="module")
def crash() -> Watch:
    """One run of the small crash, for tests that only look at it."""
    return crashed()


def test_a_crash_liquidates_and_leaves_the_venue_whole(crash: Watch) -> None:
    assert crash.wrong == []
    assert crash.events["PositionLiquidated"] > 0


def test_everyone_acts_in_a_crash_and_accounts_are_in_the_order_of_the_file(crash: Watch) -> None:
    names = [agent.desk.name for agent in crash.stage.agents]
    accounts = crash.stage.kernel.venue.state.accounts
    assert set(crash.origins) == {*names, "stage", "index", "venue"}
    assert [account.name for number, account in accounts.items() if number != FUND_ID] == names


def test_the_same_seed_is_the_same_run_and_another_seed_another_one(crash: Watch) -> None:
    assert crashed().hash == crash.hash
    assert crashed(SEED + 1).hash != crash.hash


async def test_a_run_inside_an_event_loop_is_the_same_run(crash: Watch) -> None:
    assert crashed().hash == crash.hash


def test_muting_the_engine_changes_no_event_of_a_run_without_liquidations() -> None:
    calm = shortened("calm", CALM_MINUTES)
    heard, muted = watched(build(calm, SEED)), watched(build(calm, SEED, muted=True))
    assert heard.wrong == muted.wrong == []
    assert heard.events["AccountLocked"] == 0
    assert heard.events["TradePrinted"] > 100
    assert muted.hash == heard.hash


def test_muting_the_engine_liquidates_nobody_and_changes_a_crash(crash: Watch) -> None:
    muted = crashed(muted=True)
    assert muted.wrong == []
    assert muted.events["AccountLocked"] == 0
    assert muted.hash != crash.hash


@pytest.mark.parametrize("silent", [["noise-3", "nobody-7"], "maker-1"])
def test_silencing_somebody_who_is_not_there_is_refused(silent: Collection[str]) -> None:
    with pytest.raises(ScenarioError, match=r"silent: .* trades nothing here"):
        build(parse_scenario(CRASH), SEED, silent=silent)


@pytest.mark.parametrize("silent", ["noise-3", "maker-1", "long-5", "attacker-1"])
def test_silencing_an_agent_leaves_all_draws_of_the_others_as_they_were(crash: Watch, silent: str) -> None:
    without = crashed(silent=silent)
    kept = {key: state for key, state in draws(crash.stage).items() if key[0] != silent}
    assert silent not in without.origins
    assert without.hash != crash.hash
    assert {key: state for key, state in draws(without.stage).items() if key[0] != silent} == kept


def test_an_engine_that_is_muted_leaves_all_draws_as_they_were(crash: Watch) -> None:
    assert draws(crashed(muted=True).stage) == draws(crash.stage)


def test_no_two_streams_of_a_run_are_the_same(crash: Watch) -> None:
    streams = [generator for agent in crash.stage.agents for generator in agent.desk.streams.values()]
    keys = {tuple(np.ravel(generator.bit_generator.state["state"]["key"])) for generator in streams}
    assert len(keys) == len(streams) > 50


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "leverages = [10, 20, 50]",
            "leverages = [10, 20, 126]",
            "'long': leverage 126 is more than the 125 of BTCUSDT",
        ),
        ("deposit_quote = 500_000", "deposit_quote = 500_000\nleverage = 200", "'attacker': leverage 200"),
        ("count = 10\n", "count = 10_000\n", "10022 accounts are more than the 10000 of a venue"),
    ],
)
def test_what_the_venue_would_refuse_is_refused_before_it_runs(old: str, new: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        build(parse_scenario(CRASH.replace(old, new, 1)), SEED)


def test_another_engine_is_another_run(crash: Watch) -> None:
    other = watched(build(parse_scenario(CRASH), SEED, engine="naive_full"))
    assert other.wrong == []
    assert other.hash != crash.hash


def test_an_index_that_is_not_coupled_goes_its_way_whatever_is_traded() -> None:
    coupled, uncoupled = crashed(), crashed(coupled=False)
    alone = crashed(coupled=False, silent="attacker-1 maker-1 maker-2")
    symbol = uncoupled.stage.contracts[0].symbol
    index = [run.stage.kernel.venue.state.markets[symbol].index_price for run in (coupled, uncoupled, alone)]
    assert index[0] != index[1] == index[2]


def test_the_attacker_ends_flat_so_that_its_wallet_says_what_the_attack_was_worth(crash: Watch) -> None:
    attacker = next(agent for agent in crash.stage.agents if agent.desk.name == "attacker-1")
    assert attacker.desk.position.quantity == 0
    assert attacker.desk.account.cross_wallet != round(attacker.deposit_quote * 10**8)


def test_progress_is_told_up_to_the_end() -> None:
    told: list[float] = []
    stage = build(shortened("calm", 2.5), SEED)
    stage.run(told.append)
    assert told == [0.4, 0.8, 1.0]
    assert stage.kernel.now == stage.scenario.end_ts
    assert marks(stage) > 0


@pytest.mark.parametrize("name", ["flash_crash", "cascade", "short_squeeze", "mark_attack", "feb_2025"])
def test_the_first_minute_of_each_shipped_scenario_leaves_the_venue_whole(name: str) -> None:
    watch = watched(build(shortened(name, 1), SEED))
    assert watch.wrong == []
    assert watch.events["TradePrinted"] > 0
