"""The simulator in small: some lives in every test run, all regressions, and proof that a difference is seen."""

from collections import Counter
from collections.abc import Callable

import pytest

from exchange.core.commands import CreateAccount, Resume
from exchange.core.units import Atoms
from exchange.core.venue import Venue
from tests.simulation import campaign, life
from tests.simulation.census import INTERESTING
from tests.simulation.life import DivergenceError, Life, live, new_life
from tests.simulation.regressions import REGRESSIONS, Regression

SEEDS = range(20)
COMMANDS_PER_LIFE = 1_000
BEYOND = 20  # steps lived after the one that once went apart

# Too rare for twenty short lives; the long campaign insists on each of them.
RARE = frozenset(
    {
        "bankrupt wallet cleared",
        "fund position flips",
        "liquidation sold in part",
        "liquidation waits for a market",
        "refused IN_LIQUIDATION",
        "refused NO_MARK_PRICE",
        "refused TOO_MANY_ACCOUNTS",
    }
)


def test_core_and_reference_live_the_same_lives() -> None:
    """Seeds 0 to 19."""
    counts: Counter[str] = Counter()
    for seed in SEEDS:
        counts.update(live(seed, COMMANDS_PER_LIFE).census.counts)
    missing = [name for name in INTERESTING if not counts[name] and name not in RARE]
    assert not missing


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


def test_a_campaign_that_saw_too_little_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """Seed 5."""
    assert campaign.main(["--commands", "40", "--seeds", "1", "--first-seed", "5", "-j", "1"]) == 1
    printed = capsys.readouterr().out
    assert "NEVER HAPPENED: event PositionLiquidated" in printed
    assert "40 commands, 1 seeds" in printed
    assert "0 divergences" in printed
