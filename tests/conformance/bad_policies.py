"""Liquidation policies that must not pass: each does one thing wrong. `test_check_policy` tries them."""

import sys
import time
from dataclasses import replace
from typing import cast

from exchange.core.enums import PositionSide
from exchange.core.policies.case import Case, Deleverage, HandOver, Intent, SendOrder, Wait
from exchange.core.units import RATE_ONE, SECOND


def order(case: Case, quantity: int | None = None, fee_rate: int = 0) -> SendOrder:
    """Return a plain order for the worst position, all of it unless said otherwise, at any price."""
    worst = case.positions[0]
    return SendOrder(worst.symbol, worst.side, quantity or worst.lots, worst.any_price, fee_rate)


class OwnOrder(SendOrder):  # not a policy
    """An order of the user's own class."""


class Odd:  # not a policy
    """An object that raises whatever is asked of it."""

    def __eq__(self, other: object) -> bool:
        raise ValueError

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        raise ValueError


class NeverEnds:
    """It asks for a price that nobody pays, and asks again."""

    def decide(self, case: Case) -> Intent | None:
        worst = case.positions[0]
        unpaid = worst.contract.max_price if worst.quantity > 0 else 1
        return SendOrder(worst.symbol, worst.side, worst.lots, unpaid)


class Counts:
    """It sells more each time that it is asked, whatever it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def decide(self, case: Case) -> Intent | None:
        self.asked += 1
        return order(case, min(self.asked, case.positions[0].lots))


class LooksAtTheClock:
    """It waits until a time of the machine, not of the venue."""

    def decide(self, case: Case) -> Intent | None:
        return Wait(case.ts + SECOND + time.perf_counter_ns() % SECOND) if case.steps else order(case, 1)


class AsksAboutSomebodyElse:
    """It names a position that is not in its case."""

    def decide(self, case: Case) -> Intent | None:
        return replace(order(case), side=PositionSide.LONG, symbol="CCCUSDT")


class AsksForMoreThanHeld:
    """It sells one lot more than there is."""

    def decide(self, case: Case) -> Intent | None:
        return order(case, case.positions[0].lots + 1)


class FeeEatsWhatItHeals:
    """It sells a tenth at a time, and charges more than that frees."""

    def decide(self, case: Case) -> Intent | None:
        return order(case, max(1, case.positions[0].lots // 10), RATE_ONE // 20) if case.steps < 50 else None


class ChargesMoreThanAll:
    """Its fee is a rate above one."""

    def decide(self, case: Case) -> Intent | None:
        return order(case, fee_rate=2 * RATE_ONE)


class WaitsInThePast:
    """It waits for a time that is now."""

    def decide(self, case: Case) -> Intent | None:
        return Wait(case.ts)


class WaitsForAnInstant:
    """It wants to be asked again a nanosecond later."""

    def decide(self, case: Case) -> Intent | None:
        return Wait(case.ts + 1)


class RemembersTooMuch:
    """It keeps a number that no journal has room for."""

    def decide(self, case: Case) -> Intent | None:
        return Wait(case.ts + SECOND, 1 << 64)


class SleepsForAYear:
    """It waits for so long that nobody sees the end."""

    def decide(self, case: Case) -> Intent | None:
        return Wait(case.ts + 366 * 24 * 3600 * SECOND)


class DoesNothing:
    """It lets accounts be."""

    def decide(self, case: Case) -> Intent | None:
        return None


class DeleveragesAtOnce:
    """It takes other traders' positions, though the book would have bought."""

    def decide(self, case: Case) -> Intent | None:
        return Deleverage(case.positions[0].symbol, case.positions[0].side)


class EmptiesTheFund:
    """It sells at any price, and lets the fund pay for it."""

    def decide(self, case: Case) -> Intent | None:
        return None if case.steps else replace(order(case), fund_pays_gap=True)


class SellsTenths:
    """It forgets that a tenth of a few lots is nothing."""

    def decide(self, case: Case) -> Intent | None:
        return Wait(case.ts + SECOND) if case.steps else replace(order(case), quantity=case.positions[0].lots // 10)


class DividesByTheBestPrice:
    """It thinks that somebody is always there."""

    def decide(self, case: Case) -> Intent | None:
        worst = case.positions[0]
        near = 2 * worst.mark_price // worst.best_price
        return order(case) if near else HandOver(worst.symbol, worst.side)


class ReturnsAWord:
    """It says what it wants in its own words."""

    def decide(self, case: Case) -> Intent | None:
        return cast("Intent", "sell")


class CountsInHalves:
    """It asks for half a lot."""

    def decide(self, case: Case) -> Intent | None:
        return order(case, cast("int", case.positions[0].lots / 2))


class AsksForNothing:
    """Its limit is no price."""

    def decide(self, case: Case) -> Intent | None:
        return replace(order(case), limit_price=0)


class AsksWithASubclass:
    """It answers with an order of its own making."""

    def decide(self, case: Case) -> Intent | None:
        return OwnOrder(*(getattr(order(case), name) for name in SendOrder.__slots__))


class NamesNothing:
    """It says that something is to be handed over."""

    def decide(self, case: Case) -> Intent | None:
        return HandOver(cast("str", 5), cast("PositionSide", None))


class WritesItsNumbers:
    """Its numbers are text."""

    def decide(self, case: Case) -> Intent | None:
        return replace(order(case), limit_price=cast("int", "100"))


class ForgetsANumber:
    """It has no fee."""

    def decide(self, case: Case) -> Intent | None:
        return replace(order(case), fee_rate=cast("int", None))


class WaitsForAFraction:
    """Its time is a float."""

    def decide(self, case: Case) -> Intent | None:
        return Wait(cast("int", case.ts + 1e9))


class RemembersATruth:
    """It takes a truth for a number."""

    def decide(self, case: Case) -> Intent | None:
        return Wait(case.ts + SECOND, memory=True)


class CannotBeCompared:
    """What it answers has no equal, and not even a text."""

    def decide(self, case: Case) -> Intent | None:
        return cast("Intent", Odd())


class Exits:
    """It leaves."""

    def decide(self, case: Case) -> Intent | None:
        sys.exit(7)


class IsInterrupted:
    """It does what Ctrl-C does."""

    def decide(self, case: Case) -> Intent | None:
        raise KeyboardInterrupt
