"""Placing, amending and canceling orders, check by check as docs/rules.md section 4 numbers them."""

import math
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from exchange.core.commands import AmendOrder, CancelAllOrders, CancelOrder, PlaceOrder
from exchange.core.contract import Contract
from exchange.core.enums import (
    ConditionalStatus,
    Execution,
    ExpireReason,
    MarketState,
    OrderStatus,
    OrderType,
    PositionSide,
    PriceMatch,
    RejectReason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from exchange.core.records import ConditionalRecord, OrderRecord, Origin
from exchange.core.units import RATE_ONE, Atoms, Lots, Nanos, Ticks
from tests.reference.conditional import give_up
from tests.reference.forms import (
    OPEN,
    check_client_id,
    check_good_till,
    check_good_till_time,
    check_may_trade,
    check_names,
    check_price,
    check_quantity,
    matched_price,
)
from tests.reference.refusal import demand
from tests.reference.risk import (
    Extra,
    equity,
    is_locked,
    is_placeable,
    is_unjudged,
    maintenance,
    only_reduces,
    open_notional,
    reserved_apart,
    stands_to_lose,
)
from tests.reference.walk import Plan, Waiting, carry_out, excess, expire_taker, plan_walk, waiting_orders
from tests.reference.world import (
    Leg,
    Resting,
    Scope,
    World,
    best,
    end,
    is_isolated,
    leg_of,
    open_orders,
    position_of,
    rest,
    scope_of,
    share,
    take_off,
    tell,
    tell_conditional,
    waiting_conditionals,
)

RESTS = (TimeInForce.GTC, TimeInForce.GTX, TimeInForce.GTD)


# ----------------------------------------------------------------------------------------------------------- place


def place(world: World, command: PlaceOrder) -> None:
    """Check a new order in the documented order, then do all of it."""
    check_names(world, command.account_id, command.symbol)
    command = _priced(world, command)
    limit = command.order_type is OrderType.LIMIT
    demand(command.order_type is not OrderType.LIQUIDATION, RejectReason.VALUE_OUT_OF_RANGE)
    check_client_id(command.client_order_id)
    check_good_till(command.time_in_force, command.good_till, limit=limit)
    check_good_till_time(world, command.time_in_force, command.good_till, limit=limit)
    _place(world, command)


def place_fired(world: World, command: PlaceOrder, fired: ConditionalRecord) -> None:
    """Do the same for the order that a conditional one becomes; its form was checked when that was placed."""
    _place(world, _priced(world, command), fired)


def _place(world: World, command: PlaceOrder, fired: ConditionalRecord | None = None) -> None:
    """Check from 4 on, then do it."""
    check_may_trade(world, command.account_id, command.symbol, command.position_side)
    command = _as_meant(world, command)
    contract, mark = world.contracts[command.symbol], world.quotes[command.symbol].mark
    market = command.order_type is OrderType.MARKET
    _check_form(world, contract, command, closes_all=fired is not None and fired.close_position)
    rests = not market and command.time_in_force in RESTS
    _check_place(world, command, rests=rests)
    order = _record(world, command, fired)
    held = position_of(world, leg_of(order)).quantity
    if order.reduce_only:
        demand(held * order.side < 0, RejectReason.REDUCE_ONLY_REJECTED)
    _check_index(world, order, order.quantity)
    knocked = _check_knock_out(world, order, order.quantity) if order.reduce_only and rests else []
    bound = take_bound(mark, contract.market_take_bound, command.side) if market else command.price
    facing = best(world, command.symbol, command.side.opposite)
    if market:
        within = facing is None or command.side * (bound - facing) >= 0
        demand(within, RejectReason.COUNTER_PRICE_OUT_OF_BAND, bound)
    most = min(order.quantity, abs(held)) if order.reduce_only and not rests else order.quantity
    plan = _plan_entry(world, order, bound, most)
    if command.time_in_force is TimeInForce.FOK and not market:
        demand(plan.filled == order.quantity, RejectReason.FOK_NOT_FILLABLE)
    if command.time_in_force is TimeInForce.GTX and not market:
        crossing = facing is not None and command.side * (command.price - facing) >= 0
        demand(not crossing, RejectReason.POST_ONLY_WOULD_TAKE)
    at = (plan.worst_price or mark) if market else command.price
    _check_risk(world, order, order.quantity, at)
    _check_loss(world, order, order.quantity, plan)
    world.orders_made += 1
    if fired is not None:
        triggered = tell_conditional(world, fired, ConditionalStatus.TRIGGERED, order_id=order.order_id)
        world.fired[fired.conditional_id] = triggered
    world.entering = order if rests else None
    tell(world, order, Execution.NEW)
    _enter(world, order, knocked, bound, most, amendments=0)


def _as_meant(world: World, command: PlaceOrder) -> PlaceOrder:
    """Return the command as the venue reads it: in hedge mode an order against its position only reduces."""
    closing = Side.SELL if command.position_side is PositionSide.LONG else Side.BUY
    closes = command.account_id in world.hedged and command.side is closing
    return msgspec.structs.replace(command, reduce_only=command.reduce_only or closes)


def _priced(world: World, command: PlaceOrder) -> PlaceOrder:
    """Return the command with the price that its price match finds."""
    if command.price_match is PriceMatch.NONE:
        return command
    demand(command.price == 0 and command.order_type is OrderType.LIMIT, RejectReason.VALUE_OUT_OF_RANGE)
    price = matched_price(world, command.symbol, command.side, command.price_match)
    return msgspec.structs.replace(command, price=Ticks(price))


def _check_form(world: World, contract: Contract, command: PlaceOrder, *, closes_all: bool) -> None:
    """Checks 8 to 13; check 10 is not for what closes all."""
    market = command.order_type is OrderType.MARKET
    demand(command.quantity > 0, RejectReason.QUANTITY_NOT_POSITIVE)
    if market:
        demand(command.price == 0, RejectReason.PRICE_NOT_ALLOWED)
    else:
        demand(command.price > 0, RejectReason.PRICE_NOT_POSITIVE)
    if not closes_all:
        check_quantity(contract, command.quantity, market=market)
    if not market:
        check_price(contract, command.price)
        _check_band(world, contract, command.side, command.price)
    if not command.reduce_only:
        mark = world.quotes[contract.symbol].mark
        _check_notional(contract, command.quantity, mark if market else command.price)


def _check_place(world: World, command: PlaceOrder, *, rests: bool) -> None:
    """Checks 14 and 15."""
    ids = [one.order.client_order_id for one in world.orders if one.order.account_id == command.account_id]
    demand(command.client_order_id not in ids, RejectReason.CLIENT_ORDER_ID_DUPLICATED)
    if rests:
        limit = world.contracts[command.symbol].max_open_orders
        mine = open_orders(world, command.account_id, command.symbol)
        demand(len(mine) < limit, RejectReason.TOO_MANY_OPEN_ORDERS, limit)


def _check_index(world: World, order: OrderRecord, left: int) -> None:
    """Check 17."""
    stale = world.quotes[order.symbol].state is MarketState.INDEX_STALE
    demand(order.reduce_only or not stale, RejectReason.INDEX_STALE)
    if not _reduces(world, order, left):
        demand(not is_unjudged(world, Scope(order.account_id)), RejectReason.INDEX_STALE)


def _reduces(world: World, order: OrderRecord, left: int) -> bool:
    """Tell whether an order only reduces, `left` lots of it."""
    return order.reduce_only or only_reduces(world, Extra(leg_of(order), order.side, left, order.price))


def _check_band(world: World, contract: Contract, side: Side, price: int) -> None:
    """Check 12."""
    mark = world.quotes[contract.symbol].mark
    if side is Side.BUY:
        highest = math.floor(share(mark, contract.band_up))
        demand(price <= highest, RejectReason.PRICE_ABOVE_BAND, highest)
    else:
        lowest = math.ceil(share(mark, contract.band_down))
        demand(price >= lowest, RejectReason.PRICE_BELOW_BAND, lowest)


def _check_notional(contract: Contract, quantity: int, price: int) -> None:
    """Check 13."""
    notional = quantity * price * contract.value_unit
    demand(notional >= contract.min_notional, RejectReason.NOTIONAL_TOO_SMALL, contract.min_notional)


def _check_knock_out(world: World, order: OrderRecord, left: int) -> list[int]:
    """Check 18: refuse an order that would itself be knocked out; return the ids of the others that are."""
    leg = leg_of(order)
    new = Waiting(order.order_id, leg, order.side, order.price, world.places_given + 1, left, reduce_only=True)
    held = position_of(world, leg).quantity
    gone = [one.order_id for one in excess([*waiting_orders(world, order.symbol), new], leg, held)]
    demand(order.order_id not in gone, RejectReason.REDUCE_ONLY_EXCEEDS_POSITION)
    return gone


def _check_risk(world: World, order: OrderRecord, left: int, price: int) -> None:
    """Checks 22 and 23."""
    leg = leg_of(order)
    extra = Extra(leg, order.side, left, price)
    if _reduces(world, order, left):
        return
    cap = notional_cap(world.contracts[leg.symbol], world.leverages[leg.account, leg.symbol])
    demand(open_notional(world, leg, extra) <= cap, RejectReason.POSITION_LIMIT, cap)
    demand(is_placeable(world, leg.account, leg.symbol, extra), RejectReason.MARGIN_INSUFFICIENT)


def _check_loss(world: World, order: OrderRecord, left: int, plan: Plan) -> None:
    """Check 24: who closes at a loss pays for it, and what stays is above maintenance."""
    leg = leg_of(order)
    if not (is_isolated(world, leg) or _reduces(world, order, left)):
        return
    pieces = _closing_pieces(world, order, left, plan)
    if sum(loss for _, loss in pieces) == 0:
        return
    scope, position = scope_of(world, leg), position_of(world, leg)
    there = equity(world, scope) - stands_to_lose(world, scope)
    if not scope.symbol:
        there -= reserved_apart(world, scope.account)
    held = abs(position.quantity)
    for lots, loss in pieces:
        stays = math.floor(there * Fraction(held - lots, held))  # the rest of an isolated wallet is freed
        there = min(there - loss, stays) if scope.symbol else there - loss
        held -= lots
        demand(there >= 0, RejectReason.MARGIN_INSUFFICIENT)
    world.positions[leg] = position._replace(quantity=held)
    needed = maintenance(world, scope)
    world.positions[leg] = position
    demand(there > needed or there >= needed == 0, RejectReason.MARGIN_INSUFFICIENT)


def _closing_pieces(world: World, order: OrderRecord, left: int, plan: Plan) -> list[tuple[int, int]]:
    """Return what an order would close as (lots, loss against the mark): trades of its walk, then what would rest."""
    leg = leg_of(order)
    others = {one.order.order_id for one in world.orders if leg_of(one.order) != leg}
    rows = [(step.quantity, step.price) for step in plan.steps if step.order_id in others]
    if order.order_type is OrderType.LIMIT and order.time_in_force in RESTS:
        rows.append((left - plan.filled, order.price))
    unit, mark = world.contracts[order.symbol].value_unit, world.quotes[order.symbol].mark
    room, pieces = max(0, -order.side * position_of(world, leg).quantity), []
    for quantity, price in rows:
        lots = min(quantity, room)
        room -= lots
        pieces.append((lots, lots * unit * max(0, order.side * (price - mark))))
    return [piece for piece in pieces if piece[0] > 0]


def notional_cap(contract: Contract, leverage: int) -> int:
    """Return the largest notional that the brackets allow at a leverage."""
    return max([one.cap for one in contract.brackets if one.max_leverage >= leverage], default=0)


def take_bound(mark: int, distance: int, side: Side) -> int:
    """Return the last price that an order of a side may reach, a distance in 1e-8 from the mark, rounded toward it."""
    reached = share(mark, RATE_ONE + side * distance)
    return math.floor(reached) if side is Side.BUY else math.ceil(reached)


def _record(world: World, command: PlaceOrder, fired: ConditionalRecord | None) -> OrderRecord:
    number = world.orders_made + 1
    order = new_record(
        world,
        leg=Leg(command.account_id, command.symbol, command.position_side),
        client_order_id=command.client_order_id or f"mc-{number}",
        side=command.side,
        order_type=command.order_type,
        time_in_force=command.time_in_force,
        quantity=command.quantity,
        price=command.price,
        reduce_only=command.reduce_only,
        prevention=command.self_trade_prevention,
    )
    return msgspec.structs.replace(
        order,
        price_match=command.price_match,
        good_till=command.good_till,
        origin=None if fired is None else _origin(fired),
    )


def _origin(fired: ConditionalRecord) -> Origin:
    return Origin(
        conditional_id=fired.conditional_id,
        kind=fired.kind,
        trigger_price=fired.trigger_price,
        working_type=fired.working_type,
        close_position=fired.close_position,
        price_protect=fired.price_protect,
        activation_price=fired.activation_price,
        callback_rate=fired.callback_rate,
    )


def new_record(
    world: World,
    *,
    leg: Leg,
    client_order_id: str,
    side: Side,
    order_type: OrderType,
    time_in_force: TimeInForce,
    quantity: int,
    price: int,
    reduce_only: bool,
    prevention: SelfTradePrevention,
) -> OrderRecord:
    """Return an order that nobody knows yet, with the next order id."""
    return OrderRecord(
        order_id=world.orders_made + 1,
        account_id=leg.account,
        symbol=leg.symbol,
        client_order_id=client_order_id,
        side=side,
        order_type=order_type,
        time_in_force=time_in_force,
        quantity=Lots(quantity),
        price=Ticks(price),
        reduce_only=reduce_only,
        self_trade_prevention=prevention,
        status=OrderStatus.NEW,
        filled=Lots(0),
        cum_quote=Atoms(0),
        created_ts=Nanos(world.now),
        updated_ts=Nanos(world.now),
        position_side=leg.side,
    )


def _enter(world: World, order: OrderRecord, knocked: Sequence[int], limit: int, most: int, *, amendments: int) -> None:
    """Knock others out, walk, and rest or expire what is left."""
    for order_id in knocked:
        gone = next(one for one in world.orders if one.order.order_id == order_id)
        take_off(world, gone)
        end(world, gone.order, OrderStatus.EXPIRED, ExpireReason.REDUCE_ONLY)
    rests = order.order_type is OrderType.LIMIT and order.time_in_force in RESTS
    plan = _plan_entry(world, order, limit, most)
    order = carry_out(world, order, plan)
    world.entering = None
    if order.filled == order.quantity:
        return
    if rests and not plan.self_ended:
        rest(world, order, amendments)
    else:
        expire_taker(world, order, plan, cut_by_position=plan.filled == most < order.quantity)


def _plan_entry(world: World, order: OrderRecord, limit: int, most: int) -> Plan:
    """Return the walk of an order that enters the book; a post-only order never walks."""
    posts = order.order_type is OrderType.LIMIT and order.time_in_force is TimeInForce.GTX
    return Plan((), 0, self_ended=False) if posts else plan_walk(world, order, limit, most)


# ----------------------------------------------------------------------------------------------------------- amend


def amend(world: World, command: AmendOrder) -> None:
    """Check an amendment in the documented order, then cancel, shrink in place, or enter the order again."""
    check_names(world, command.account_id, command.symbol)
    demand(not is_locked(world, command.account_id, command.symbol), RejectReason.IN_LIQUIDATION)
    resting = _find(world, command)
    old = resting.order
    if command.price_match is not PriceMatch.NONE:
        demand(command.price == 0, RejectReason.VALUE_OUT_OF_RANGE)
        price = matched_price(world, command.symbol, command.side, command.price_match)
        command = msgspec.structs.replace(command, price=Ticks(price))
    demand(world.quotes[command.symbol].state in OPEN, RejectReason.MARKET_NOT_TRADING)
    demand(command.side is old.side, RejectReason.AMEND_SIDE_MISMATCH)
    demand(old.reduce_only or not command.reduce_only, RejectReason.AMEND_NOT_REDUCE_ONLY)
    demand(resting.amendments < world.rules.max_amendments, RejectReason.AMEND_LIMIT_REACHED)
    demand((command.quantity, command.price) != (old.quantity, old.price), RejectReason.AMEND_NO_CHANGE)
    contract = world.contracts[command.symbol]
    demand(command.quantity > 0, RejectReason.QUANTITY_NOT_POSITIVE)
    demand(command.price > 0, RejectReason.PRICE_NOT_POSITIVE)
    check_quantity(contract, command.quantity, market=False)
    check_price(contract, command.price)
    _check_band(world, contract, command.side, command.price)
    if not old.reduce_only:
        _check_notional(contract, command.quantity, command.price)
    facing = best(world, command.symbol, command.side.opposite)
    would_take = facing is not None and command.side * (command.price - facing) >= 0
    if command.quantity <= old.filled or (old.time_in_force is TimeInForce.GTX and would_take):
        take_off(world, resting)
        end(world, old, OrderStatus.CANCELED)
    elif command.price == old.price and command.quantity < old.quantity:
        resting.order = _amended(world, command, old, old.self_trade_prevention)
        resting.amendments += 1
        world.touched.add((old.symbol, old.side, old.price))
        tell(world, resting.order, Execution.AMENDMENT)
    else:
        _enter_again(world, command, resting)


def _enter_again(world: World, command: AmendOrder, resting: Resting) -> None:
    """Check with the old order thought away, then let the new one leave the book and walk like a new order."""
    old, left = resting.order, command.quantity - resting.order.filled
    order = _amended(world, command, old, SelfTradePrevention.NONE)
    world.orders.remove(resting)
    try:
        _check_index(world, order, left)
        knocked = _check_knock_out(world, order, left) if old.reduce_only else []
        _check_risk(world, order, left, order.price)
        _check_loss(world, order, left, _plan_entry(world, order, order.price, left))
    finally:
        world.orders.append(resting)
    take_off(world, resting)
    world.entering = order
    tell(world, order, Execution.AMENDMENT)
    _enter(world, order, knocked, order.price, left, amendments=resting.amendments + 1)


def _amended(world: World, command: AmendOrder, old: OrderRecord, prevention: SelfTradePrevention) -> OrderRecord:
    return msgspec.structs.replace(
        old,
        quantity=command.quantity,
        price=command.price,
        self_trade_prevention=prevention,
        modify_id=command.modify_id,
        price_match=command.price_match,
        updated_ts=Nanos(world.now),
    )


# ---------------------------------------------------------------------------------------------------------- cancel


def cancel(world: World, command: CancelOrder) -> None:
    """Cancel one order."""
    check_names(world, command.account_id, command.symbol)
    resting = _find(world, command)
    take_off(world, resting)
    end(world, resting.order, OrderStatus.CANCELED)


def cancel_all(world: World, command: CancelAllOrders) -> None:
    """Cancel all orders of an account in a contract, oldest first."""
    check_names(world, command.account_id, command.symbol)
    for resting in open_orders(world, command.account_id, command.symbol):
        take_off(world, resting)
        end(world, resting.order, OrderStatus.CANCELED)
    for waiting in waiting_conditionals(world, command.account_id, command.symbol) if command.conditionals else ():
        give_up(world, waiting, ConditionalStatus.CANCELED)


def _find(world: World, command: AmendOrder | CancelOrder) -> Resting:
    """Return the open order that a command names by id or, when that is 0, by client order id."""
    for one in open_orders(world, command.account_id, command.symbol):
        named = one.order.order_id == command.order_id
        if named or (command.order_id == 0 and one.order.client_order_id == command.client_order_id):
            return one
    demand(False, RejectReason.UNKNOWN_ORDER)
    raise AssertionError
