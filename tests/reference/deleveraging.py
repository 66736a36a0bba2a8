"""Deleveraging in the reference venue, docs/rules.md 8.3: what is left of a bankrupt's is closed against others."""

from collections.abc import Callable

from exchange.core.enums import BalanceReason, ExpireReason, OrderStatus, Side
from exchange.core.events import Deleveraged, DeleveragingExhausted, VaultUnderwater
from exchange.core.policies.adl import AdlPrice
from exchange.core.policies.backstop import BackstopKind
from exchange.core.units import Atoms, Lots, Ticks
from tests.reference.bankruptcy import Sale, part_of
from tests.reference.fund import expire_idle_orders, fund_equity
from tests.reference.isolated import close_by_venue, fill_isolated, settle_debt
from tests.reference.procedure import close_case
from tests.reference.rankers import RankedCandidate, allocate
from tests.reference.risk import (
    equity,
    is_unjudged,
    maintenance,
    position_maintenance,
    positions_in,
    profit,
    value_at_mark,
    wallet,
)
from tests.reference.world import (
    FUND,
    Leg,
    World,
    end,
    is_isolated,
    legs_of,
    move,
    open_orders,
    pay_leg,
    position_of,
    scope_of,
    take_off,
)

Worth = Callable[[int], int]  # what the next so many lots bring a bankrupt, signed


def deleverage_queued(world: World, queued: list[Sale]) -> None:
    """Close what is left of each queued position, unless its scope is well by now."""
    for sale in queued:
        scope = scope_of(world, sale.leg)
        if position_of(world, sale.leg).quantity and equity(world, scope) <= maintenance(world, scope):
            _deleverage(world, sale, _worth_by_rule(world, sale))
        if scope in world.locked:
            close_case(world, scope)


def rescue_vault(world: World) -> None:
    """Close the positions of a vault that is under water, at the mark."""
    if world.rules.engine.backstop.kind is not BackstopKind.VAULT or fund_equity(world) >= 0:
        return
    world.events.append(VaultUnderwater(Atoms(fund_equity(world))))
    for symbol in world.contracts:
        leg = Leg(FUND, symbol)
        held = position_of(world, leg).quantity
        if held and not world.quotes[symbol].frozen:
            world.liquidations_made += 1
            mark = world.quotes[symbol].mark
            sale = Sale(world.liquidations_made, leg, held, value_at_mark(world, leg), mark, 0, 0)
            _deleverage(world, sale, _worth_at(world, sale, mark))


def _worth_by_rule(world: World, sale: Sale) -> Worth:
    """Return the price rule of a deleveraging."""
    quotes, rule = world.quotes[sale.leg.symbol], world.rules.engine.adl.price
    if rule is AdlPrice.BANKRUPTCY:
        return lambda lots: part_of(world, sale, lots)
    return _worth_at(world, sale, (quotes.previous_mark if rule is AdlPrice.PREVIOUS_MARK else 0) or quotes.mark)


def _worth_at(world: World, sale: Sale, price: int) -> Worth:
    """Return the value of lots at a price in ticks, signed as a bankrupt receives it."""
    unit = world.contracts[sale.leg.symbol].value_unit
    return lambda lots: -sale.side * lots * price * unit


def _deleverage(world: World, sale: Sale, worth: Worth) -> None:
    """Close a position: first against those who can bear it, ranked; then, at the mark, against who is liquidated."""
    leg = sale.leg
    lots = abs(position_of(world, leg).quantity)
    candidates = [_as_ranked(world, one) for one in _opposite(world, sale) if _can_bear(world, sale, one, worth)]
    for place, part in allocate(world.rules.engine.adl.ranker, candidates, lots, sale.number):
        _close(world, sale, candidates[place].leg, part, worth(part))
    at_mark = _worth_at(world, sale, world.quotes[leg.symbol].mark)
    for other in _opposite(world, sale):
        part = min(abs(position_of(world, leg).quantity), abs(position_of(world, other).quantity))
        if part and scope_of(world, other) in world.locked:
            _close(world, sale, other, part, at_mark(part))
            close_case(world, scope_of(world, other))
    left = position_of(world, leg).quantity
    if left:
        event = DeleveragingExhausted(sale.number, leg.account, leg.symbol, leg.side, Lots(abs(left)))
        world.events.append(event)


def _opposite(world: World, sale: Sale) -> list[Leg]:
    """Return the positions of the other sign, by account, then BOTH, LONG, SHORT."""
    legs = [leg for account in sorted(world.names) for leg in legs_of(world, account, sale.leg.symbol)]
    return [leg for leg in legs if position_of(world, leg).quantity * sale.side > 0]


def _can_bear(world: World, sale: Sale, other: Leg, worth: Worth) -> bool:
    """Tell whether a position may be deleveraged, and would leave its scope at least nothing."""
    scope = scope_of(world, other)
    if scope in world.locked or is_unjudged(world, scope):
        return False
    if other.account == FUND and not world.rules.engine.backstop.in_adl:
        return False
    lots = min(abs(position_of(world, sale.leg).quantity), abs(position_of(world, other).quantity))
    at_mark = _worth_at(world, sale, world.quotes[other.symbol].mark)
    return equity(world, scope) + at_mark(lots) - worth(lots) >= 0


def _as_ranked(world: World, leg: Leg) -> RankedCandidate:
    held, entry, _ = position_of(world, leg)
    scope = scope_of(world, leg)
    return RankedCandidate(
        leg=leg,
        quantity=held,
        entry_value=entry,
        notional=value_at_mark(world, leg),
        profit=sum(profit(world, one) for one in positions_in(world, scope) if one.symbol == leg.symbol),
        wallet=wallet(world, scope),
        equity=equity(world, scope),
        maintenance=maintenance(world, scope),
        position_maintenance=position_maintenance(world, leg),
    )


def _close(world: World, sale: Sale, other: Leg, lots: int, received: int) -> None:
    """Close lots of a bankrupt's position against another: both move, then the fund pays, then it is told."""
    for resting in open_orders(world, other.account, other.symbol):
        take_off(world, resting)
        end(world, resting.order, OrderStatus.EXPIRED, ExpireReason.LIQUIDATION)
    leg, side, value = sale.leg, sale.side, -sale.side * received
    _, owed = _move(world, leg, side, lots, value)
    gained, its_debt = _move(world, other, side.opposite, lots, value)
    settle_debt(world, leg, owed)
    settle_debt(world, other, its_debt)
    if leg.account == FUND:
        expire_idle_orders(world, leg.symbol)
    world.orders_made += 1
    _tell(world, sale, other, lots, value, gained)


def _move(world: World, leg: Leg, side: Side, lots: int, value: int) -> tuple[int, int]:
    """Close lots of one position; return its profit, and what the fund owes it now."""
    before, moved = position_of(world, leg), move(world, leg, side, lots, value)
    reason, owed = BalanceReason.DELEVERAGING, 0
    if not is_isolated(world, leg):
        pay_leg(world, leg, reason, moved.profit, moved=True)
    elif scope_of(world, leg) in world.locked:  # it frees nothing before it is closed
        owed = close_by_venue(world, leg, reason, moved.profit)
    else:
        owed = fill_isolated(world, leg, before, moved, fee=0, reason=reason)
    return moved.profit, owed


def _tell(world: World, sale: Sale, other: Leg, lots: int, value: int, gained: int) -> None:
    event = Deleveraged(
        liquidation_id=sale.number,
        symbol=other.symbol,
        account_id=sale.leg.account,
        position_side=sale.leg.side,
        counterparty_id=other.account,
        counterparty_side=other.side,
        quantity=Lots(lots),
        value=Atoms(value),
        mark_price=Ticks(world.quotes[other.symbol].mark),
        order_id=world.orders_made,
        side=sale.side.opposite,
        realized_pnl=Atoms(gained),
    )
    world.events.append(event)
