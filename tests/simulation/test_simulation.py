"""The simulator in small: some lives in every test run, all regressions, and proof that a difference is seen."""

from collections import Counter
from collections.abc import Callable

import pytest

from exchange.core.commands import CreateAccount, Resume, SetIndexPrice
from exchange.core.units import Atoms, Ticks
from exchange.core.venue import Venue
from tests.simulation import campaign, life
from tests.simulation.census import INTERESTING
from tests.simulation.ending import leftovers
from tests.simulation.life import DivergenceError, Life, live, new_life
from tests.simulation.regressions import REGRESSIONS, Regression

SYMBOL = "AAAUSDT"
# Chosen by `campaign --commands 100000 --seeds 200 --first-seed 1000 --choose`, with a few from beyond: together they
# see everything.
SEEDS = (
    1005,
    1009,
    1012,
    1014,
    1015,
    1021,
    1035,
    1036,
    1042,
    1056,
    1058,
    1063,
    1072,
    1099,
    1104,
    1105,
    1108,
    1112,
    1113,
    1128,
    1133,
    1153,
    1160,
    1173,
    1197,
    1203,
    1367,
)
COMMANDS_PER_LIFE = 500
BEYOND = 20  # steps lived after the one that once went apart


def test_core_and_reference_live_the_same_lives() -> None:
    """All of SEEDS."""
    counts: Counter[str] = Counter()
    for seed in SEEDS:
        counts.update(live(seed, COMMANDS_PER_LIFE).census.counts)
    assert not [name for name in INTERESTING if not counts[name]]


@pytest.mark.parametrize("regression", REGRESSIONS, ids=lambda one: f"seed {one.seed}: {one.why}")
def test_a_life_that_once_went_apart(regression: Regression) -> None:
    live(regression.seed, regression.steps + BEYOND)


def test_a_life_is_the_same_each_time() -> None:
    """Seed 7."""
    one, other = live(7, 300), live(7, 300)
    assert one.journal == other.journal
    assert one.told.digest() == other.told.digest()


def started_life() -> Life:
    """Return a life of seed 3 with one account."""
    begun, _ = new_life(3)
    begun.step(life.START_TS, Resume())
    begun.step(life.START_TS, CreateAccount("trader", Atoms(1_000)))
    return begun


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda venue: setattr(venue.state, "trading_fees", 1), "conservation residue 1"),
        (lambda venue: setattr(venue.state.accounts[1], "margin_called", True), "account 1"),
        (lambda venue: setattr(venue.state, "unwind_due", 5), "next_due: core 5"),
        (lambda venue: setattr(venue.state, "next_account_id", 9), "next ids"),
    ],
)
def test_a_difference_is_told_with_seed_and_step(spoil: Callable[[Venue], None], told: str) -> None:
    """Seed 3."""
    begun = started_life()
    spoil(begun.core)
    with pytest.raises(DivergenceError) as seen:
        begun.step(life.START_TS, CreateAccount("other", Atoms(0)))
    assert told in str(seen.value)
    assert "seed 3, step 3" in str(seen.value)
    assert "Regression(3, 3," in str(seen.value)


def test_margin_that_is_left_after_the_end_is_told() -> None:
    """Seed 3."""
    begun = started_life()
    begun.step(life.START_TS, SetIndexPrice(SYMBOL, Ticks(begun.knobs.base_prices[0])))
    assert not leftovers(begun.core.state)
    account = begun.core.state.accounts[1]
    account.leg(SYMBOL).isolated_wallet = 1
    assert leftovers(begun.core.state) == [
        f"after the end, account 1: {SYMBOL} BOTH: position, entry value, wallet, reserved are (0, 0, 1, 0)",
        "after the end, account 1: available and withdrawable are (1000, 1000), its cross wallet has 1000",
    ]
    account.leg(SYMBOL).isolated_wallet = 0
    account.leg(SYMBOL).in_liquidation = True
    assert leftovers(begun.core.state) == [f"after the end, account 1: {SYMBOL} BOTH is still called or in liquidation"]


def test_few_seeds_are_chosen_that_saw_everything() -> None:
    summary = campaign.Summary()
    first, second, *others = INTERESTING
    summary.seen = {4: frozenset({first}), 6: frozenset({first, *others}), 5: frozenset({second}), 7: frozenset()}
    assert summary.seeds_enough(1) == [5, 6]
    assert summary.seeds_enough(2) == [4, 5, 6]


def test_a_campaign_that_saw_too_little_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """Seed 5."""
    assert campaign.main(["--commands", "40", "--seeds", "1", "--first-seed", "5", "-j", "1"]) == 1
    printed = capsys.readouterr().out
    assert "NEVER HAPPENED: event PositionLiquidated" in printed
    assert " commands, 1 seeds" in printed
    assert "0 divergences" in printed
