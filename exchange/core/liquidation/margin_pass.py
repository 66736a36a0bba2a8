"""The margin pass: calls, liquidations in a stated order, deleveraging, losses. The mark stands still.

It looks at scopes: the cross positions of an account together, and each isolated position alone.
Source: docs/rules.md, section 7.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from exchange.core.account import Account, Scope, cross_scope, scopes
from exchange.core.clearing import report_account
from exchange.core.enums import BalanceReason, MarginMove
from exchange.core.events import DrawdownChanged, LiquidationsCarriedOver
from exchange.core.fund import note_equity
from exchange.core.isolated import move_margin
from exchange.core.liquidation.deleveraging import deleverage
from exchange.core.liquidation.loss_sharing import share_losses
from exchange.core.liquidation.margin_call import call
from exchange.core.liquidation.procedure import liquidate, release
from exchange.core.liquidation.sale import Sale
from exchange.core.liquidation.watch import due_accounts, touched_accounts, watch_again
from exchange.core.margin import (
    falls_short,
    max_withdrawable,
    on_stale_index,
    position_initial_margin,
    position_notional,
    standing,
)
from exchange.core.policies.adl import AdlTrigger, drawdown_threshold
from exchange.core.state import ScopeKey, State
from exchange.core.units import NEVER, Atoms, Nanos

Rank = tuple[bool, bool, Fraction, int]


@dataclass(slots=True)
class _Pass:
    """What one margin pass has looked at and done so far."""

    goes_first: frozenset[ScopeKey]  # for these the last pass had no time
    looked_at: dict[int, Account] = field(default_factory=dict)
    had_turn: set[ScopeKey] = field(default_factory=set)  # scopes that were candidates
    liquidated: int = 0
    carried_over: list[ScopeKey] = field(default_factory=list)
    queue: list[Sale] = field(default_factory=list)


def margin_pass(state: State) -> None:
    """Call, liquidate and release scopes at new marks; deleverage and share what that leaves."""
    _watch_drawdown(state)
    work, due = _Pass(frozenset(state.carried_over)), due_accounts(state)
    while due and not work.carried_over:
        state.touched.clear()  # whom this round touches, the next round looks at
        candidates = _judge(state, work, [scope for account in due for scope in scopes(account)])
        _take_turns(state, work, candidates)
        due = touched_accounts(state) if candidates else []
    _finish(state, work)


def go_on(state: State) -> None:
    """Go on between marks with scopes that were carried over, or whose wait is over: nobody else has a turn."""
    _watch_drawdown(state)
    work = _Pass(frozenset(state.carried_over))
    found = [scope for account in touched_accounts(state) for scope in scopes(account)]
    due = [scope for scope in found if _key(scope) in work.goes_first or 0 < scope.resume_at <= state.ts]
    _take_turns(state, work, _judge(state, work, due))
    _finish(state, work)


def _finish(state: State, work: _Pass) -> None:
    deleverage(state, work.queue)
    share_losses(state)
    for account in work.looked_at.values():
        watch_again(state, account)
    _ask_for_next(state, work)


def _judge(state: State, work: _Pass, found: list[Scope]) -> list[Scope]:
    """Call and release scopes that have not had their turn, and return those to liquidate, the worst first."""
    candidates: list[tuple[Rank, Scope]] = []
    for scope in found:
        work.looked_at[scope.account.account_id] = scope.account
        if _key(scope) in work.had_turn or on_stale_index(state, scope):
            continue  # of a scope on a stale index nobody knows its equity
        balance, required = standing(state, scope)
        call(state, scope, balance, required)
        if _must_liquidate(state, balance, required):
            candidates.append((_rank(state, work, scope, balance, required), scope))
        elif scope.in_liquidation:
            release(state, scope)
    ranked = [scope for _, scope in sorted(candidates, key=lambda one: one[0])]  # stable: else by account, scope
    work.had_turn.update(_key(scope) for scope in ranked)
    return ranked


def _take_turns(state: State, work: _Pass, candidates: list[Scope]) -> None:
    """Liquidate what still must be, up to the limit of one pass."""
    for place, scope in enumerate(candidates):
        if scope.resume_at > state.ts:
            continue
        if work.liquidated == state.rules.engine.scopes_per_pass:
            work.carried_over = [_key(left) for left in candidates[place:] if left.resume_at <= state.ts]
            until = Nanos(state.ts + state.rules.engine.carry_over)
            state.events.append(LiquidationsCarriedOver(len(work.carried_over), until))
            return
        if _falls(state, scope):  # it may be well again: its orders were makers of a liquidation before it
            _top_up(state, scope)
        if _falls(state, scope):
            work.liquidated += 1
            liquidate(state, scope, work.queue)
        elif scope.in_liquidation:
            release(state, scope)


def _watch_drawdown(state: State) -> None:
    """Begin to deleverage everything when the fund has lost too much, and end it when it has recovered."""
    rules = state.rules.engine.adl
    if rules.trigger is not AdlTrigger.DRAWDOWN:
        return
    now, peak = note_equity(state, state.drawdown_notes)
    if peak <= 0:
        return
    begins = now <= drawdown_threshold(peak, rules.drop, rules.drop_floor)
    ends = now > drawdown_threshold(peak, rules.stop, 0)
    if ends if state.drawdown else begins:
        state.drawdown = not state.drawdown
        state.events.append(DrawdownChanged(state.drawdown, Atoms(now), Atoms(peak)))


def _ask_for_next(state: State, work: _Pass) -> None:
    """Say when the next pass is wanted: when the first scope has waited long enough, or to go on."""
    waits = [
        scope.resume_at
        for account in touched_accounts(state)  # who is in liquidation is always among them
        for scope in scopes(account)
        if scope.in_liquidation and scope.resume_at > state.ts
    ]
    goes_on = [state.ts + state.rules.engine.carry_over] if work.carried_over else []
    state.pass_due = min([*waits, *goes_on], default=NEVER)
    state.carried_over = work.carried_over


def _key(scope: Scope) -> ScopeKey:
    return scope.account.account_id, scope.symbol, scope.side


def _falls(state: State, scope: Scope) -> bool:
    return _must_liquidate(state, *standing(state, scope))


def _must_liquidate(state: State, balance: int, required: int) -> bool:
    return not state.rules.engine.muted and falls_short(balance, required)


def _rank(state: State, work: _Pass, scope: Scope, balance: int, required: int) -> Rank:
    """Order candidates: carried over first, then no equity, the highest margin ratio, the largest notional.

    If they did not come first, those that nobody can help would take the place of others in every pass.
    """
    notional = sum(abs(position_notional(state.markets[symbol], leg.position)) for symbol, _, leg in scope.legs())
    ratio = Fraction(required, balance) if balance > 0 else Fraction(0)
    return (_key(scope) not in work.goes_first, balance > 0, -ratio, -notional)


def _top_up(state: State, scope: Scope) -> None:
    """Bring an isolated position back to its initial margin from the cross wallet, if it asked for it and it helps."""
    leg = scope.isolated_leg
    if leg is None or leg.in_liquidation or scope.account.in_liquidation:
        return
    market, holding = state.markets[scope.symbol], scope.account.holdings[scope.symbol]
    if not holding.auto_add_margin or market.frozen or on_stale_index(state, cross_scope(scope.account)):
        return
    balance, required = standing(state, scope)
    missing = position_initial_margin(market, holding, leg) - balance
    amount = min(max_withdrawable(state, scope.account), missing)
    if amount > 0 and balance + amount > required:
        move_margin(state, scope.account, scope.symbol, leg, amount, MarginMove.AUTO_ADD)
        report_account(state, scope.account, 0, BalanceReason.MARGIN_TRANSFER, scope.symbol, leg.side)
