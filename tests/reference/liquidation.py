"""The margin pass of docs/rules.md section 7, every figure computed again at each use."""

import math
from fractions import Fraction

from exchange.core.enums import MarginMove
from exchange.core.events import DrawdownChanged, LiquidationsCarriedOver, MarginCalled
from exchange.core.policies.adl import AdlTrigger
from exchange.core.units import NEVER, RATE_ONE, Atoms, Nanos
from tests.reference.bankruptcy import Sale
from tests.reference.deleveraging import deleverage_queued, rescue_vault
from tests.reference.fund import fund_equity, note_equity
from tests.reference.isolated import move_margin
from tests.reference.losses import share_losses
from tests.reference.procedure import liquidate, list_positions, release
from tests.reference.risk import (
    equity,
    is_unjudged,
    maintenance,
    position_initial,
    scopes_of,
    total_notional,
    wallet,
    withdrawable,
)
from tests.reference.world import Leg, Scope, World, share, traders


def margin_pass(world: World) -> None:
    """Call, release and liquidate scopes, at marks that stand still; then what nobody took, and what nobody paid."""
    _begin(world)
    seen: list[Scope] = []  # all that were candidates
    liquidated: list[Scope] = []
    queued: list[Sale] = []
    carried: list[Scope] = []
    while due := _judge(world, seen, _all_scopes(world)):
        seen += due
        queued += _liquidate_all(world, due, liquidated, carried)
        if carried:
            break
    _finish(world, queued, carried)


def go_on(world: World) -> None:
    """Between marks: a turn for those that were carried over, or have waited long enough, and for nobody else."""
    _begin(world)
    over = [scope for scope, until in world.resume_at.items() if 0 < until <= world.now]
    due = [scope for scope in _all_scopes(world) if scope in world.carried_over or scope in over]
    carried: list[Scope] = []
    queued = _liquidate_all(world, _judge(world, [], due), [], carried)
    _finish(world, queued, carried)


def _begin(world: World) -> None:
    world.pass_due = NEVER
    if world.rules.engine.adl.trigger is AdlTrigger.DRAWDOWN:
        _watch_drawdown(world)


def _finish(world: World, queued: list[Sale], carried: list[Scope]) -> None:
    world.carried_over = carried
    deleverage_queued(world, queued)
    rescue_vault(world)
    share_losses(world)
    waits = [until for scope, until in world.resume_at.items() if scope in world.locked and until > world.now]
    world.pass_due = min([world.pass_due, *waits])


def _all_scopes(world: World) -> list[Scope]:
    return [scope for account in traders(world) for scope in scopes_of(world, account)]


def _watch_drawdown(world: World) -> None:
    """Begin or end the time in which everything is deleveraged."""
    rules, peak, now = world.rules.engine.adl, note_equity(world, world.drawdown_notes), fund_equity(world)
    if peak <= 0:
        return
    if world.drawdown:
        changed = now > peak - math.floor(share(peak, rules.stop))
    else:
        changed = now <= peak - max(math.floor(share(peak, rules.drop)), rules.drop_floor)
    if changed:
        world.drawdown = not world.drawdown
        world.events.append(DrawdownChanged(world.drawdown, Atoms(now), Atoms(peak)))


def _judge(world: World, seen: list[Scope], scopes: list[Scope]) -> list[Scope]:
    """Call or release each scope that was no candidate yet; return the candidates, the most urgent first."""
    fresh = [scope for scope in scopes if scope not in seen and not is_unjudged(world, scope)]
    for scope in fresh:
        _call(world, scope)
        if scope in world.locked and not _is_candidate(world, scope):
            release(world, scope)
    # Stable: what ties stays in the order of the scopes.
    return sorted((scope for scope in fresh if _is_candidate(world, scope)), key=lambda one: _urgency(world, one))


def _liquidate_all(world: World, due: list[Scope], liquidated: list[Scope], carried: list[Scope]) -> list[Sale]:
    """Liquidate scopes in their turn, no more than a pass may, and carry the rest; return what must be deleveraged."""
    engine, queued = world.rules.engine, []
    for place, scope in enumerate(due):
        if _waits(world, scope):
            continue
        if len(liquidated) >= engine.scopes_per_pass:
            carried += [one for one in due[place:] if not _waits(world, one)]
            world.pass_due = world.now + engine.carry_over
            world.events.append(LiquidationsCarriedOver(len(carried), Nanos(world.pass_due)))
            break
        if _is_candidate(world, scope):
            _top_up(world, scope)
        if _is_candidate(world, scope):
            liquidated.append(scope)
            queued += liquidate(world, scope)
        elif scope in world.locked:
            release(world, scope)
    return queued


def _waits(world: World, scope: Scope) -> bool:
    return scope in world.locked and world.resume_at.get(scope, 0) > world.now


def _is_candidate(world: World, scope: Scope) -> bool:
    owned, needed = equity(world, scope), maintenance(world, scope)
    return not world.rules.engine.muted and (owned < 0 or (needed > 0 and owned <= needed))


def _urgency(world: World, scope: Scope) -> tuple[int, int, Fraction, int]:
    """The sort key: carried over first; then nothing left; then most needed per equity; then the largest."""
    owned, notional = equity(world, scope), total_notional(world, scope)
    late = 0 if scope in world.carried_over else 1
    if owned <= 0:
        return (late, 0, Fraction(0), -notional)
    return (late, 1, -Fraction(maintenance(world, scope), owned), -notional)


def _call(world: World, scope: Scope) -> None:
    """Send a margin call once; arm the next one when the scope is well again."""
    owned, needed = equity(world, scope), maintenance(world, scope)
    if needed == 0 or needed * RATE_ONE < world.rules.margin_call_rearm * owned:
        world.called.discard(scope)
    reached = needed > 0 and needed * RATE_ONE >= world.rules.margin_call_ratio * owned
    if not reached or scope in world.called or scope in world.locked:
        return
    world.called.add(scope)
    paying, positions = Atoms(wallet(world, scope)), list_positions(world, scope)
    world.events.append(
        MarginCalled(scope.account, paying, Atoms(owned), Atoms(needed), positions, scope.symbol, scope.side)
    )


def _top_up(world: World, scope: Scope) -> None:
    """Bring an isolated position that asked for it back to its initial margin, if that saves it."""
    asked = (scope.account, scope.symbol) in world.auto_add
    if not scope.symbol or not asked or world.quotes[scope.symbol].frozen:
        return
    if scope in world.locked or Scope(scope.account) in world.locked or is_unjudged(world, Scope(scope.account)):
        return
    owned, leg = equity(world, scope), Leg(*scope)
    amount = min(withdrawable(world, scope.account), position_initial(world, leg) - owned)
    if amount > 0 and owned + amount > maintenance(world, scope):
        move_margin(world, leg, amount, MarginMove.AUTO_ADD)
