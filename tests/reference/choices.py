"""What an account of the reference venue chooses (docs/rules.md section 3, and leverage), and moving margin by wish."""

from exchange.core.commands import AdjustMargin, SetAutoAddMargin, SetLeverage, SetMarginType, SetPositionMode
from exchange.core.enums import MarginMove, MarginType, RejectReason
from exchange.core.events import AutoAddMarginSet, LeverageSet, MarginTypeSet, PositionModeSet
from exchange.core.units import MONEY_MAX
from tests.reference.forms import check_names, check_side
from tests.reference.isolated import move_margin
from tests.reference.orders import notional_cap
from tests.reference.refusal import demand
from tests.reference.risk import is_locked, is_placeable, is_unjudged, open_notional, removable, withdrawable
from tests.reference.world import (
    FUND,
    Leg,
    Scope,
    World,
    held_legs,
    is_isolated,
    legs_of,
    open_orders,
    position_of,
    waiting_conditionals,
)


def set_leverage(world: World, command: SetLeverage) -> None:
    """Choose the leverage in a contract."""
    account, symbol, leverage = command.account_id, command.symbol, command.leverage
    check_names(world, account, symbol)
    demand(not is_locked(world, account, symbol), RejectReason.IN_LIQUIDATION)
    contract, before = world.contracts[symbol], world.leverages[account, symbol]
    highest = max(one.max_leverage for one in contract.brackets)
    demand(1 <= leverage <= highest, RejectReason.LEVERAGE_NOT_VALID, leverage)
    legs = legs_of(world, account, symbol)
    stuck = any(is_isolated(world, leg) and position_of(world, leg).quantity for leg in legs)
    demand(leverage >= before or not stuck, RejectReason.ISOLATED_LEVERAGE_REDUCTION)
    cap = notional_cap(contract, leverage)
    for leg in legs:
        demand(open_notional(world, leg) <= cap, RejectReason.POSITION_LIMIT, cap)
    if leverage < before:
        enough = is_placeable(world, account, symbol, leverages={symbol: leverage})
        demand(enough, RejectReason.LEVERAGE_MARGIN_INSUFFICIENT)
    world.leverages[account, symbol] = leverage
    world.events.append(LeverageSet(account, symbol, leverage))


def set_margin_type(world: World, command: SetMarginType) -> None:
    """Choose cross or isolated margin in a contract."""
    account, symbol = key = (command.account_id, command.symbol)
    check_names(world, account, symbol)
    demand(not is_locked(world, account, symbol), RejectReason.IN_LIQUIDATION)
    isolate = command.margin_type is MarginType.ISOLATED
    demand(isolate != (key in world.isolated), RejectReason.MARGIN_TYPE_UNCHANGED)
    ordered = open_orders(world, account, symbol) or waiting_conditionals(world, account, symbol)
    demand(not ordered, RejectReason.MARGIN_TYPE_OPEN_ORDERS)
    held = any(position_of(world, leg).quantity for leg in legs_of(world, account, symbol))
    demand(not held, RejectReason.MARGIN_TYPE_OPEN_POSITION)
    (world.isolated.add if isolate else world.isolated.discard)(key)
    world.events.append(MarginTypeSet(account, symbol, command.margin_type, account in world.hedged))


def set_position_mode(world: World, command: SetPositionMode) -> None:
    """Choose one-way or hedge mode for an account."""
    account = command.account_id
    demand(account in world.names and account != FUND, RejectReason.UNKNOWN_ACCOUNT)
    locked = any(is_locked(world, account, symbol) for symbol in world.contracts)
    demand(not locked, RejectReason.IN_LIQUIDATION)
    demand(command.hedge != (account in world.hedged), RejectReason.POSITION_MODE_UNCHANGED)
    ordered = any(
        open_orders(world, account, symbol) or waiting_conditionals(world, account, symbol)
        for symbol in world.contracts
    )
    demand(not ordered, RejectReason.POSITION_MODE_OPEN_ORDERS)
    demand(not held_legs(world, account), RejectReason.POSITION_MODE_OPEN_POSITION)
    (world.hedged.add if command.hedge else world.hedged.discard)(account)
    world.events.append(PositionModeSet(account, command.hedge))


def set_auto_add_margin(world: World, command: SetAutoAddMargin) -> None:
    """Choose whether isolated positions in a contract are topped up before they are liquidated."""
    account, symbol = key = (command.account_id, command.symbol)
    check_names(world, account, symbol)
    (world.auto_add.add if command.enabled else world.auto_add.discard)(key)
    world.events.append(AutoAddMarginSet(account, symbol, command.enabled))


def adjust_margin(world: World, command: AdjustMargin) -> None:
    """Move margin to an isolated position, or back."""
    account, symbol, amount = command.account_id, command.symbol, command.amount
    check_names(world, account, symbol)
    demand(amount > 0, RejectReason.AMOUNT_NOT_POSITIVE)
    demand(amount <= MONEY_MAX, RejectReason.VALUE_OUT_OF_RANGE)
    check_side(world, account, command.position_side)
    leg = Leg(account, symbol, command.position_side)
    demand(is_isolated(world, leg), RejectReason.MARGIN_NOT_ISOLATED)
    demand(position_of(world, leg).quantity != 0, RejectReason.POSITION_EMPTY)
    if command.add:
        demand(Scope(account) not in world.locked, RejectReason.IN_LIQUIDATION)
        demand(not is_unjudged(world, Scope(account)), RejectReason.INDEX_STALE)
        most = withdrawable(world, account)
        demand(amount <= most, RejectReason.CROSS_BALANCE_INSUFFICIENT, most)
    else:
        demand(Scope(*leg) not in world.locked, RejectReason.IN_LIQUIDATION)
        demand(not world.quotes[symbol].stale, RejectReason.INDEX_STALE)
        most = removable(world, leg)
        demand(amount <= most, RejectReason.ISOLATED_BALANCE_INSUFFICIENT, most)
    move_margin(world, leg, amount if command.add else -amount, MarginMove.USER_ADJUST)
