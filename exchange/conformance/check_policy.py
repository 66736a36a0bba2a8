"""The suite for liquidation policies: runs one in real venues of small worlds, and says what it must not do.

It must be zero-sum, terminating and deterministic, never worsen the account it acts on, never touch others, and behave
on empty and one-sided books. A policy that passes may still be a bad idea.
"""

import copy
from collections.abc import Sequence

from msgspec.structs import replace

from exchange.conformance.policy_recorder import Findings, Recorder
from exchange.conformance.policy_worlds import CONTRACTS, MOVES, PRICES, ROUND, START, Book, World
from exchange.core.account import FUND_ID, scopes
from exchange.core.checks import conservation_residue, violations
from exchange.core.commands import Command, Resume, Tick
from exchange.core.enums import BalanceReason
from exchange.core.events import AccountUpdated, Deleveraged, Event, OrderUpdated
from exchange.core.policies.adl import AdlTrigger
from exchange.core.policies.case import Custom, LiquidationPolicy
from exchange.core.policies.presets import PRESETS, EngineRules, no_preset, preset_of
from exchange.core.snapshot import state_hash
from exchange.core.units import SECOND
from exchange.core.venue import Venue

PASSES_MOST = 250  # in which a policy has an account well or closed, where the book takes everything
SETTLE_MOST = 900  # seconds, likewise
SETTLE_SHORT = 15  # seconds that other worlds go on after the last move
SHARED_BY_ALL = (BalanceReason.FUNDING_FEE, BalanceReason.LOSS_SHARED)
BAD_WORLDS_ENOUGH = 3  # worlds with problems: then no more are tried
TRIED = Custom("tried:Policy")  # what the rules of a world name: the policy itself is given to the venue


def check_policy(policy: LiquidationPolicy, *, seeds: int = 50, engine: EngineRules | None = None) -> list[str]:
    """Return what is wrong with a policy, a sentence each; empty when it is fine.

    One small world a seed. `engine`: its other four parts; without one, those of the preset that the policy belongs to,
    or that its attribute `preset` names. Every second world has the parts of another preset: a policy must go with all.
    """
    engine = engine or _engine_of(policy)
    if engine is None:
        return [no_preset(policy)]
    try:
        copy.deepcopy(policy)
    except BaseException as error:  # noqa: BLE001  an exit, too
        return [f"the policy cannot be copied ({error!r}): keep nothing in self but plain parameters"]
    own = replace(engine, liquidation=TRIED)
    worlds = [World(seed, own=own, other=_other_engine(seed // len(ROUND))) for seed in range(seeds)]
    findings = Findings()
    ends = _ends(worlds, policy, findings)
    if not findings.notes and _ends(worlds, policy, findings) != ends:  # all again, so that a clock has gone on
        findings.note("repeat", "the same worlds end in another state when they are run again: use the case alone")
    return list(findings.sentences.values())


def _ends(worlds: Sequence[World], policy: LiquidationPolicy, findings: Findings) -> list[str]:
    """Live the worlds, until some of them have shown problems, and return the hashes of how they end."""
    ends, bad_worlds = [], 0
    for seed, world in enumerate(worlds):
        findings.place = f"world {seed}, {world.book.value}"
        noted = findings.notes
        ends.append(_Run(world, policy, findings).ended())
        bad_worlds += findings.notes > noted
        if bad_worlds == BAD_WORLDS_ENOUGH or findings.interrupted:
            break
    return ends


def _engine_of(policy: LiquidationPolicy) -> EngineRules | None:
    """Return the preset that a policy that ships belongs to, or the one that goes with the user's own."""
    own = (preset for preset in PRESETS.values() if type(preset.liquidation) is type(policy))
    return next(own, None) or preset_of(policy)


def _other_engine(turn: int) -> EngineRules:
    """Return the parts of another preset: every second turn of the books has the next one's."""
    presets = list(PRESETS.values())
    return replace(presets[turn // 2 % len(presets)], liquidation=TRIED)


class _Run:
    """One life of one world."""

    def __init__(self, world: World, policy: LiquidationPolicy, findings: Findings) -> None:
        self._world = world
        self._findings = findings
        self._recorder = Recorder(policy, findings, deep=world.book is Book.DEEP)
        self.venue = Venue(world.rules, CONTRACTS, self._recorder)
        self._prices = list(PRICES)

    def ended(self) -> str:
        """Live it, and return the hash of the state at its end."""
        for command in (Resume(), *self._world.opening()):
            self._do(START, command)
        for second in range(1, MOVES + 1):
            self._prices = self._world.moved(second, self._prices)
            self._second(second)
        self._settle()
        return state_hash(self.venue.state)

    def _second(self, second: int) -> None:
        """Let the book stand around the prices, then do all that is due by the end of the second."""
        end = START + second * SECOND
        self._tick_until(end - SECOND // 2)
        for command in self._world.commands(second, self._prices):
            self._do(end - SECOND // 2, command)
        self._tick_until(end)

    def _tick_until(self, ts: int) -> None:
        while self.venue.next_due <= ts:
            self._do(self.venue.next_due, Tick())

    def _settle(self) -> None:
        """Let the prices stand. Where the book takes everything, whoever is in liquidation must come out of it."""
        adl = self._world.rules.engine.adl.trigger
        required = self._world.book is Book.DEEP and (self._world.own or adl is not AdlTrigger.NEVER)
        for second in range(MOVES + 1, MOVES + 1 + (SETTLE_MOST if required else SETTLE_SHORT)):
            if not self._in_liquidation():
                return
            if required and max(map(len, self._recorder.passes.values())) > PASSES_MOST:
                break
            self._second(second)
        if required and self._in_liquidation() and not self._findings.notes:  # what was noted may be why
            self._findings.note(
                "unfinished",
                f"on a deep book account {self._in_liquidation()[0]} is still in liquidation after {second - MOVES} "
                "seconds at one price: sell more at a time, wait less, or hand over",
            )

    def _in_liquidation(self) -> list[int]:
        accounts = self.venue.state.accounts.values()
        return [each.account_id for each in accounts if any(scope.in_liquidation for scope in scopes(each))]

    def _do(self, ts: int, command: Command) -> None:
        before = self._possessions() if isinstance(command, Tick) else {}
        self._recorder.asked.clear()
        events = self.venue.execute(ts, command)
        if conservation_residue(self.venue.state):
            self._findings.note("money", f"money was made or lost by {command}")
        if isinstance(command, Tick):
            for problem in violations(self.venue.state):
                self._findings.note("violation", f"the venue is not in order: {problem}")
            concerned = self._recorder.asked | _parties(events) | {FUND_ID}
            after = self._possessions()
            for account_id in sorted(after.keys() - concerned):
                if after[account_id] != before[account_id]:
                    self._findings.note("others", f"account {account_id}, which nothing was decided about, has changed")

    def _possessions(self) -> dict[int, tuple[object, ...]]:
        """Return wallets and positions of every account."""
        return {
            account.account_id: (
                account.cross_wallet,
                account.funding_wallet,
                tuple(
                    (leg.isolated_wallet, leg.position.quantity, leg.position.entry_value)
                    for _, _, leg in account.legs()
                ),
            )
            for account in self.venue.state.accounts.values()
        }


def _parties(events: Sequence[Event]) -> set[int]:
    """Return the accounts that may have changed: of trades and deleveragings, who shares a loss or funding."""
    found = set()
    for event in events:
        if isinstance(event, OrderUpdated) and event.fill is not None:
            found.add(event.order.account_id)
        elif isinstance(event, Deleveraged):
            found |= {event.account_id, event.counterparty_id}
        elif isinstance(event, AccountUpdated) and event.reason in SHARED_BY_ALL:
            found.add(event.account_id)
    return found
