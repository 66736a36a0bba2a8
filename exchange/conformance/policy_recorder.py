"""Stands between a venue and the policy that is tried: asks it three times instead of once, and judges each answer.

What would be out of bounds is noted and not passed on. It moves nothing.
"""

import copy
from dataclasses import dataclass, field
from reprlib import Repr

from exchange.core.enums import PositionSide
from exchange.core.liquidation.procedure import STEPS_MAX, WAIT_LEAST
from exchange.core.policies.case import (
    Case,
    Deleverage,
    HandOver,
    Intent,
    LiquidationPolicy,
    PositionCase,
    SendOrder,
    Wait,
    ill_typed,
)
from exchange.core.units import INT63_MAX, MILLISECOND, RATE_ONE, SECOND, div_ceil

WAIT_MOST = 3600 * SECOND
ROUNDING = 1_000  # atoms: what counts as no gain at all
NEARLY_WELL = 80  # percent of the maintenance margin: with so much equity left, selling must help

TOLD_MOST = 200  # characters of what a policy raises or returns

ScopeKey = tuple[int, str, PositionSide]
_repr = Repr()  # it takes objects that cannot even tell what they are
_repr.maxother = _repr.maxstring = TOLD_MOST


@dataclass(slots=True)
class Findings:
    """What is wrong with a policy: one sentence for each thing, with the first place where it was seen."""

    sentences: dict[str, str] = field(default_factory=dict)
    place: str = ""  # the world at work
    notes: int = 0  # repeated ones, too
    interrupted: bool = False  # by Ctrl-C, while the policy was asked: it is asked no more

    def note(self, what: str, sentence: str) -> None:
        """Note something, unless the same was noted before. `what` names it."""
        self.notes += 1
        self.sentences.setdefault(what, f"{sentence} (first seen in {self.place})")


class Recorder:
    """A policy that asks another one. Its answers are those of the other, held within bounds."""

    def __init__(self, policy: LiquidationPolicy, findings: Findings, *, deep: bool) -> None:
        """Wrap a copy of a policy. `deep`: orders meet a deep book at the mark."""
        self._pristine = copy.deepcopy(policy)
        self._policy = copy.deepcopy(policy)
        self._findings = findings
        self._deep = deep
        self._last: dict[ScopeKey, tuple[Case, SendOrder]] = {}  # the last order of a scope, and when it was sent
        self.passes: dict[ScopeKey, set[int]] = {}  # when each scope was asked about
        self.asked: set[int] = set()  # accounts asked about since somebody cleared it

    def decide(self, case: Case) -> Intent | None:
        """Return what the policy says, or None where that is out of bounds."""
        key = scope_key(case)
        self.asked.add(case.account_id)
        self.passes.setdefault(key, set()).add(case.ts)
        self._judge_gain(case, self._last.pop(key, None))
        answers = self._asked(case)
        what, sentence = next(filter(any, map(_ill_typed, answers)), ("", ""))  # before anything is done with them
        if what:
            self._findings.note(what, sentence)
        if what or not answers:
            return None
        if any(answer != answers[0] for answer in answers):
            self._findings.note(
                "chance",
                f"decide() answers the same case with {_told(answers[0])}, then with {_told(answers[1])}, and as a "
                f"fresh copy with {_told(answers[2])}: use the case alone: no chance, no clock, nothing in self",
            )
        intent = answers[0]
        what, sentence = _out_of_bounds(case, intent)
        if what:
            self._findings.note(what, sentence)
            return None
        if self._deep and isinstance(intent, Deleverage) and case.equity > 0:
            self._findings.note(
                "needless",
                "Deleverage, though there is equity and a deep book: other traders lose their positions for nothing; "
                "send an order first",
            )
        if intent is not None and not isinstance(intent, Wait):
            if case.steps == STEPS_MAX - 1:
                self._findings.note(
                    "endless",
                    f"the policy takes {STEPS_MAX} steps for one account in one pass, and has not done: answer None or "
                    "Wait sooner, as when an order filled nothing",
                )
            if isinstance(intent, SendOrder):
                self._last[key] = case, intent
        return intent

    def _asked(self, case: Case) -> list[Intent | None]:
        """Return three answers to one case, or none where the policy raises something, be it an exit."""
        if self._findings.interrupted:
            return []
        try:
            return [each.decide(case) for each in (self._policy, self._policy, copy.deepcopy(self._pristine))]
        except KeyboardInterrupt:
            self._findings.interrupted = True
            self._findings.note("interrupt", "decide() was interrupted: by Ctrl-C, or it raises KeyboardInterrupt")
        except BaseException as error:  # noqa: BLE001  whatever a policy raises ends a venue
            self._findings.note(
                "raises", f"decide() raises {_repr.repr(error)}: return an intent, or None, for every case"
            )
        return []

    def _judge_gain(self, case: Case, last: tuple[Case, SendOrder] | None) -> None:
        """Note an order that filled on a deep book and left its account no better off."""
        if not self._deep or last is None or last[0].ts != case.ts:
            return
        before, order = last
        if before.equity * 100 < before.maintenance_margin * NEARLY_WELL:
            return
        gain = case.equity * before.maintenance_margin - before.equity * case.maintenance_margin
        filled = _filled(case, order) > _filled(before, order)
        if filled and (gain <= ROUNDING * before.maintenance_margin or case.equity < 0):
            self._findings.note(
                "worse",
                f"an order for {order.quantity} lots with a fee rate of {order.fee_rate} took equity from "
                f"{before.equity} to {case.equity} and the maintenance margin from {before.maintenance_margin} to "
                f"{case.maintenance_margin} atoms, at the mark: ask for a fee below what the sale frees, or close all",
            )


def scope_key(case: Case) -> ScopeKey:
    """Return what a case is about: an account's cross positions, or one isolated position."""
    if not case.isolated:
        return case.account_id, "", PositionSide.BOTH
    return case.account_id, case.positions[0].symbol, case.positions[0].side


def _filled(case: Case, order: SendOrder) -> int:
    position = _named(case, order)
    return position.filled if position else 0


def _named(case: Case, intent: SendOrder | HandOver | Deleverage) -> PositionCase | None:
    wanted = intent.symbol, intent.side
    return next((each for each in case.positions if (each.symbol, each.side) == wanted), None)


def _ill_typed(answer: object) -> tuple[str, str]:
    problem = ill_typed(answer)
    return ("type", f"decide() returns {_repr.repr(answer)}: {problem}") if problem else ("", "")


def _out_of_bounds(case: Case, intent: Intent | None) -> tuple[str, str]:
    """Return what an answer asks for that it must not, and the sentence that says so; empty texts when it may."""
    if intent is None:
        return "", ""
    if isinstance(intent, Wait):
        return _wait_out_of_bounds(case, intent)
    position = _named(case, intent)
    if position is None:
        return "other", (
            f"{type(intent).__name__} asks about {intent.symbol} {intent.side.name}, which is not in its case: ask "
            "about case.positions only"
        )
    return _order_out_of_bounds(case, position, intent) if isinstance(intent, SendOrder) else ("", "")


def _wait_out_of_bounds(case: Case, intent: Wait) -> tuple[str, str]:
    if intent.until <= case.ts:
        return "wait past", f"Wait until {intent.until} at {case.ts}: wait until a time after case.ts, or answer None"
    if intent.until - case.ts < WAIT_LEAST:
        return "wait short", (
            f"a wait of {intent.until - case.ts} nanoseconds: the venue would do nothing but ask; wait at least "
            f"{WAIT_LEAST // MILLISECOND} milliseconds"
        )
    if not -INT63_MAX <= intent.memory <= INT63_MAX:
        return "memory", f"a memory of {intent.memory.bit_length()} bits: it must fit into 63"
    if intent.until - case.ts > WAIT_MOST:
        return "wait long", (
            f"a wait of {(intent.until - case.ts) // SECOND} seconds: `until` is in nanoseconds; wait at most "
            f"{WAIT_MOST // SECOND} seconds at a time"
        )
    return "", ""


def _order_out_of_bounds(case: Case, position: PositionCase, order: SendOrder) -> tuple[str, str]:
    if not 1 <= order.quantity <= position.lots:
        return "quantity", f"SendOrder for {order.quantity} of {position.lots} lots: ask for 1 to position.lots"
    if not 1 <= order.limit_price <= position.contract.max_price:
        return "limit", f"SendOrder at {order.limit_price} ticks: a limit is 1 to contract.max_price"
    if not 0 <= order.fee_rate <= RATE_ONE:
        return "fee", f"a fee rate of {order.fee_rate}: rates are in 1e-8, from 0 to {RATE_ONE}"
    if order.fund_pays_gap and _gap(position, order) > max(0, case.fund_equity):
        return "gap", (
            f"SendOrder at {order.limit_price} ticks with fund_pays_gap may cost the fund {_gap(position, order)} "
            f"atoms, more than its equity of {case.fund_equity}: set a limit nearer to position.bankruptcy_price"
        )
    return "", ""


def _gap(position: PositionCase, order: SendOrder) -> int:
    """Return what fills at the limit would bring less than bankruptcy, in atoms, but for the odd tick."""
    sign = 1 if position.quantity > 0 else -1
    least = div_ceil(position.bankruptcy_value * order.quantity, position.lots)
    return least - position.contract.notional(order.limit_price + sign, sign * order.quantity)


def _told(intent: object) -> str:
    """Return an answer in few words."""
    if isinstance(intent, SendOrder):
        rate = f" at a fee rate of {intent.fee_rate}" if intent.fee_rate else ""
        return f"SendOrder({intent.symbol}, {intent.quantity} lots, limit {intent.limit_price}{rate})"
    return repr(intent)
