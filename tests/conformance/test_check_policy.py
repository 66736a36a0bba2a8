"""The suite for liquidation policies lets what ships pass, and each bad policy fail, for what is wrong with it."""

import inspect
from collections import Counter
from threading import Lock

import pytest
from msgspec.structs import replace

from exchange.conformance import check_policy
from exchange.conformance.check_policy import TRIED
from exchange.conformance.policy_worlds import CONTRACTS, MOVES, PRICES, ROUND, START, Book, World
from exchange.core.commands import Resume, Tick
from exchange.core.events import Rejected
from exchange.core.policies.case import Case, Intent, LiquidationPolicy, Wait
from exchange.core.policies.presets import PRESETS
from exchange.core.units import SECOND
from exchange.core.venue import Venue
from tests.conformance import bad_policies as bad

ROUNDS = 2  # the policy's own other parts, then a preset's

REASONS: dict[type[LiquidationPolicy], str] = {
    bad.NeverEnds: "takes 100 steps for one account in one pass",
    bad.Counts: "use the case alone: no chance, no clock, nothing in self",
    bad.LooksAtTheClock: "use the case alone: no chance, no clock, nothing in self",
    bad.AsksAboutSomebodyElse: "asks about CCCUSDT LONG, which is not in its case",
    bad.AsksForMoreThanHeld: "ask for 1 to position.lots",
    bad.FeeEatsWhatItHeals: "ask for a fee below what the sale frees",
    bad.ChargesMoreThanAll: "rates are in 1e-8",
    bad.WaitsInThePast: "wait until a time after case.ts",
    bad.WaitsForAnInstant: "wait at least 10 milliseconds",
    bad.RemembersTooMuch: "a memory of 65 bits",
    bad.SleepsForAYear: "wait at most 3600 seconds",
    bad.DoesNothing: "on a deep book account 2 is still in liquidation",
    bad.DeleveragesAtOnce: "other traders lose their positions for nothing",
    bad.EmptiesTheFund: "may cost the fund",
    bad.SellsTenths: "SendOrder for 0 of ",
    bad.DividesByTheBestPrice: "decide() raises ZeroDivisionError",
    bad.ReturnsAWord: "decide() returns 'sell'",
    bad.CountsInHalves: "must be whole numbers",
    bad.AsksForNothing: "a limit is 1 to contract.max_price",
    bad.AsksWithASubclass: "OwnOrder is no intent: return a SendOrder, HandOver, Deleverage or Wait, or None",
    bad.NamesNothing: "HandOver.symbol is of type int: name the contract with position.symbol",
    bad.WritesItsNumbers: "SendOrder.limit_price is of type str: lots, ticks, rates, times and memory must be",
    bad.ForgetsANumber: "SendOrder.fee_rate is of type NoneType",
    bad.WaitsForAFraction: "Wait.until is of type float",
    bad.RemembersATruth: "Wait.memory is of type bool",
    bad.CannotBeCompared: "Odd is no intent",
    bad.Exits: "decide() raises SystemExit(7)",
    bad.IsInterrupted: "decide() was interrupted: by Ctrl-C, or it raises KeyboardInterrupt",
}


SEEDS: dict[type[LiquidationPolicy], int] = {bad.SellsTenths: 2 * len(ROUND)}  # others: a deep and a thin book


@pytest.mark.parametrize("name", PRESETS)
def test_what_ships_passes(name: str) -> None:
    engine = PRESETS[name]
    assert not check_policy(engine.liquidation, seeds=ROUNDS * len(ROUND), engine=engine)  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", REASONS, ids=lambda policy: policy.__name__)
def test_a_bad_policy_fails_for_what_is_wrong_with_it(policy: type[LiquidationPolicy]) -> None:
    problems = check_policy(policy(), seeds=SEEDS.get(policy, 2))
    assert any(REASONS[policy] in problem for problem in problems), problems
    assert all("first seen in world" in problem for problem in problems)
    if policy not in {bad.Counts, bad.LooksAtTheClock}:  # these do other things, too, as chance has it
        assert len(problems) == 1


def test_every_bad_policy_is_tried() -> None:
    found = {each for _, each in inspect.getmembers(bad, inspect.isclass) if each.__module__ == bad.__name__}
    assert {each for each in found if hasattr(each, "decide")} == REASONS.keys()


@pytest.mark.parametrize("preset", ["binance", ["naive_full"], None])
def test_a_preset_that_is_none_is_said(preset: object) -> None:
    policy = bad.DoesNothing()
    policy.preset = preset  # type: ignore[attr-defined]
    (problem,) = check_policy(policy, seeds=1)
    assert problem.startswith(f"its attribute preset = {preset!r} is none of binance_smart, ")


def test_what_cannot_be_copied_is_said() -> None:
    policy = bad.DoesNothing()
    policy.lock = Lock()  # type: ignore[attr-defined]
    (problem,) = check_policy(policy, seeds=1)
    assert problem.startswith("the policy cannot be copied (TypeError")


@pytest.mark.parametrize(
    "policy",
    [
        bad.AsksWithASubclass,
        bad.NamesNothing,
        bad.WritesItsNumbers,
        bad.ForgetsANumber,
        bad.CountsInHalves,
        bad.ReturnsAWord,
        bad.CannotBeCompared,
        bad.AsksAboutSomebodyElse,
    ],
)
def test_in_a_venue_such_an_answer_fails_by_name(policy: type[LiquidationPolicy]) -> None:
    """Seed 1: a thin book."""
    engine = replace(PRESETS["binance_smart"], liquidation=TRIED)
    world = World(1, own=engine, other=engine)
    venue = Venue(world.rules, CONTRACTS, policy())
    for command in (Resume(), *world.opening()):
        venue.execute(START, command)
    with pytest.raises(AssertionError, match="the policy"):
        live(venue, world)


def live(venue: Venue, world: World) -> None:
    """Let the prices of a world move, and do what falls due."""
    prices = list(PRICES)
    for second in range(1, MOVES + 1):
        prices = world.moved(second, prices)
        for command in world.commands(second, prices):
            venue.execute(START + second * SECOND - 1, command)
        while venue.next_due <= START + second * SECOND:
            venue.execute(venue.next_due, Tick())


def test_a_policy_that_is_another_one_in_another_life_is_found() -> None:
    class Remembers:
        """All its copies share what they saw: time that goes back is another life. In each it waits longer."""

        lives, last = 0, 0

        def decide(self, case: Case) -> Intent | None:
            Remembers.lives += case.ts < Remembers.last
            Remembers.last = case.ts
            return Wait(case.ts + SECOND + self.lives) if case.positions[0].orders else bad.order(case)

    problems = check_policy(Remembers(), seeds=len(ROUND))
    assert len(problems) == 1
    assert "the same worlds end in another state" in problems[0]


def events_of(seed: int, name: str) -> tuple[World, Counter[str]]:
    """Live a world under a preset, and count its events by type."""
    engine = PRESETS[name]
    world = World(seed, own=replace(engine, liquidation=TRIED), other=engine)
    venue = Venue(world.rules, CONTRACTS, engine.liquidation)  # type: ignore[arg-type]
    seen: Counter[str] = Counter()
    opening = [event for command in (Resume(), *world.opening()) for event in venue.execute(START, command)]
    assert not [event for event in opening if isinstance(event, Rejected)]
    prices = list(PRICES)
    for second in range(1, MOVES + 1):
        prices = world.moved(second, prices)
        for command in world.commands(second, prices):
            venue.execute(START + second * SECOND - 1, command)
        while venue.next_due <= START + second * SECOND:
            seen.update(type(event).__name__ for event in venue.execute(venue.next_due, Tick()))
    return world, seen


@pytest.mark.parametrize("kind", Book)
def test_in_every_kind_of_world_accounts_are_liquidated(kind: Book) -> None:
    seeds = [seed for seed in range(2 * len(ROUND)) if ROUND[seed % len(ROUND)] is kind]
    lived = [events_of(seed, "binance_smart") for seed in seeds]
    assert {world.book for world, _ in lived} == {kind}
    seen = sum((events for _, events in lived), Counter[str]())
    assert seen["AccountLocked"] > 3, seen
    assert seen["PositionLiquidated"] > 3, seen


def test_worlds_see_the_fund_refuse_deleveraging_and_losses() -> None:
    seen: Counter[str] = Counter()
    for name in ("binance_smart", "naive_full", "hyperliquid_backstop"):
        for seed in range(2 * len(ROUND)):
            seen += events_of(seed, name)[1]
    wanted = ("BackstopRefused", "Deleveraged", "FundShortfall", "LossShared", "LiquidationWaits", "AccountReleased")
    assert [name for name in wanted if not seen[name]] == []
