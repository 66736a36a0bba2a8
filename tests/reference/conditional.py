"""Placing and canceling conditional orders, check by check as docs/rules.md 12.2 numbers them. It fires nothing."""

import math

import msgspec

from exchange.core.commands import CancelAllConditionals, CancelConditional, PlaceConditional
from exchange.core.contract import Contract
from exchange.core.enums import (
    ConditionalStatus,
    ConditionalType,
    PositionSide,
    PriceMatch,
    RejectReason,
    Side,
    TimeInForce,
    WorkingType,
)
from exchange.core.records import ConditionalRecord
from exchange.core.units import RATE_ONE, Lots, Nanos, Ticks
from tests.reference.forms import (
    check_client_id,
    check_good_till,
    check_good_till_time,
    check_may_trade,
    check_names,
    check_price,
    check_quantity,
)
from tests.reference.refusal import demand
from tests.reference.world import FUND, World, share, tell_conditional, waiting_conditionals

LIMITS = (ConditionalType.STOP, ConditionalType.TAKE_PROFIT)
TRAILING = ConditionalType.TRAILING_STOP_MARKET
CALLBACK_LEAST, CALLBACK_MOST = 100_000, 20_000_000
RISING = {
    (ConditionalType.STOP, Side.BUY),
    (ConditionalType.STOP_MARKET, Side.BUY),
    (TRAILING, Side.BUY),
    (ConditionalType.TAKE_PROFIT, Side.SELL),
    (ConditionalType.TAKE_PROFIT_MARKET, Side.SELL),
}
CLOSING_SIDES = {PositionSide.LONG: Side.SELL, PositionSide.SHORT: Side.BUY}


def working_price(world: World, symbol: str, working_type: WorkingType) -> int:
    """Return the price that a working type stands for now, in ticks; 0 while there is no mark."""
    quotes = world.quotes[symbol]
    return quotes.mark if working_type is WorkingType.MARK_PRICE else quotes.last or quotes.mark


def rises(kind: ConditionalType, side: Side) -> bool:
    """Tell whether such an order waits for the price to rise."""
    return (kind, side) in RISING


def follow(world: World, one: ConditionalRecord) -> ConditionalRecord:
    """Return a trailing order after it has seen the price of now."""
    now, before = working_price(world, one.symbol, one.working_type), world.extremes[one.conditional_id]
    extreme = min(before, now) if one.side is Side.BUY else max(before, now)
    world.extremes[one.conditional_id] = extreme
    if one.side is Side.BUY:
        active, trigger = extreme <= one.activation_price, math.ceil(share(extreme, RATE_ONE + one.callback_rate))
    else:
        active, trigger = extreme >= one.activation_price, math.floor(share(extreme, RATE_ONE - one.callback_rate))
    return msgspec.structs.replace(one, trigger_price=Ticks(max(1, trigger) if active else 0))


# ----------------------------------------------------------------------------------------------------------- place


def place_conditional(world: World, command: PlaceConditional) -> None:
    """Check a conditional order in the documented order, then let it wait."""
    check_names(world, command.account_id, command.symbol)
    contract, limit = world.contracts[command.symbol], command.kind in LIMITS
    _check_form(command)
    if command.close_position:
        _check_closer(world, command)
    check_good_till_time(world, command.time_in_force, command.good_till, limit=limit)
    check_may_trade(world, command.account_id, command.symbol, command.position_side)
    if not command.close_position:
        demand(command.quantity > 0, RejectReason.QUANTITY_NOT_POSITIVE)
        check_quantity(contract, command.quantity, market=not limit)
    _check_trigger(contract, command)
    if limit and command.price_match is PriceMatch.NONE:
        check_price(contract, command.price)
        _check_trigger_band(contract, command)
    waiting = waiting_conditionals(world, command.account_id)
    known = command.client_id in [one.client_id for one in waiting]
    demand(not known, RejectReason.CLIENT_ORDER_ID_DUPLICATED)
    most = world.rules.max_conditionals
    demand(len(waiting) < most, RejectReason.TOO_MANY_CONDITIONALS, most)
    _check_would_wait(world, command)
    _wait(world, command)


def _check_form(command: PlaceConditional) -> None:
    """Check 3."""
    limit, trailing = command.kind in LIMITS, command.kind is TRAILING
    priced, matched = command.price != 0, command.price_match is not PriceMatch.NONE
    check_client_id(command.client_id)
    fits = priced != matched if limit else not priced and not matched
    demand(fits, RejectReason.VALUE_OUT_OF_RANGE)
    demand(limit or command.time_in_force is TimeInForce.GTC, RejectReason.VALUE_OUT_OF_RANGE)
    check_good_till(command.time_in_force, command.good_till, limit=limit)
    if trailing:
        demand(command.trigger_price == 0, RejectReason.VALUE_OUT_OF_RANGE)
    else:
        demand(command.activation_price == 0 and command.callback_rate == 0, RejectReason.VALUE_OUT_OF_RANGE)
    prices: tuple[int, ...] = (command.price, command.trigger_price, command.activation_price)
    demand(min(*prices, command.quantity, command.callback_rate) >= 0, RejectReason.VALUE_OUT_OF_RANGE)


def _check_closer(world: World, command: PlaceConditional) -> None:
    """Check 4."""
    closes = command.kind in {ConditionalType.STOP_MARKET, ConditionalType.TAKE_PROFIT_MARKET}
    closes = closes and command.quantity == 0 and not command.reduce_only
    if command.account_id in world.hedged:
        opening = {(Side.BUY, PositionSide.LONG), (Side.SELL, PositionSide.SHORT)}
        closes = closes and (command.side, command.position_side) not in opening
    demand(closes, RejectReason.CLOSE_POSITION_NOT_VALID)


def _check_trigger(contract: Contract, command: PlaceConditional) -> None:
    """Check 8."""
    highest = contract.max_price
    if command.kind is TRAILING:
        fits = CALLBACK_LEAST <= command.callback_rate <= CALLBACK_MOST
        demand(fits, RejectReason.CALLBACK_RATE_NOT_VALID)
        demand(command.activation_price <= highest, RejectReason.TRIGGER_PRICE_ABOVE_MAX, highest)
    else:
        demand(command.trigger_price > 0, RejectReason.TRIGGER_PRICE_NOT_POSITIVE)
        demand(command.trigger_price <= highest, RejectReason.TRIGGER_PRICE_ABOVE_MAX, highest)


def _check_trigger_band(contract: Contract, command: PlaceConditional) -> None:
    """The last part of check 9: the price is near enough to the trigger price."""
    if command.side is Side.BUY:
        highest = math.floor(share(command.trigger_price, contract.band_up))
        demand(command.price <= highest, RejectReason.PRICE_ABOVE_TRIGGER_BAND, highest)
    else:
        lowest = math.ceil(share(command.trigger_price, contract.band_down))
        demand(command.price >= lowest, RejectReason.PRICE_BELOW_TRIGGER_BAND, lowest)


def _check_would_wait(world: World, command: PlaceConditional) -> None:
    """Check 12."""
    now = working_price(world, command.symbol, command.working_type)
    if command.kind is TRAILING:
        ahead = command.side * (now - command.activation_price) > 0
        waits = command.activation_price == 0 or ahead
    elif rises(command.kind, command.side):
        waits = now < command.trigger_price
    else:
        waits = now > command.trigger_price
    demand(waits, RejectReason.WOULD_TRIGGER)


def _wait(world: World, command: PlaceConditional) -> None:
    world.orders_made += 1
    number, now = world.orders_made, working_price(world, command.symbol, command.working_type)
    activation = command.activation_price
    if command.kind is TRAILING:
        world.extremes[number] = now
        activation = activation or Ticks(now)
    hedged = command.account_id in world.hedged
    closes = hedged and CLOSING_SIDES.get(command.position_side) is command.side
    record = ConditionalRecord(
        conditional_id=number,
        account_id=command.account_id,
        symbol=command.symbol,
        client_id=command.client_id or f"mc-{number}",
        kind=command.kind,
        side=command.side,
        position_side=command.position_side,
        quantity=Lots(command.quantity),
        trigger_price=command.trigger_price,
        price=command.price,
        working_type=command.working_type,
        time_in_force=command.time_in_force,
        reduce_only=command.reduce_only or command.close_position or closes,
        close_position=command.close_position,
        price_protect=command.price_protect,
        activation_price=activation,
        callback_rate=command.callback_rate,
        self_trade_prevention=command.self_trade_prevention,
        price_match=command.price_match,
        good_till=command.good_till,
        status=ConditionalStatus.NEW,
        created_ts=Nanos(world.now),
        updated_ts=Nanos(world.now),
    )
    record = follow(world, record) if command.kind is TRAILING else record
    world.conditionals.append(tell_conditional(world, record, ConditionalStatus.NEW))


# ---------------------------------------------------------------------------------------------------------- cancel


def cancel_conditional(world: World, command: CancelConditional) -> None:
    """Cancel one conditional order that waits."""
    demand(command.account_id in world.names and command.account_id != FUND, RejectReason.UNKNOWN_ACCOUNT)
    for one in waiting_conditionals(world, command.account_id):
        named = one.conditional_id == command.conditional_id
        if named or (command.conditional_id == 0 and one.client_id == command.client_id):
            give_up(world, one, ConditionalStatus.CANCELED)
            return
    demand(False, RejectReason.UNKNOWN_CONDITIONAL)


def cancel_all_conditionals(world: World, command: CancelAllConditionals) -> None:
    """Cancel all conditional orders of an account that wait in a contract, oldest first."""
    check_names(world, command.account_id, command.symbol)
    for one in waiting_conditionals(world, command.account_id, command.symbol):
        give_up(world, one, ConditionalStatus.CANCELED)


def give_up(world: World, one: ConditionalRecord, status: ConditionalStatus) -> ConditionalRecord:
    """Let a conditional order wait no more, and tell to which status it came; return it."""
    world.conditionals = [other for other in world.conditionals if other.conditional_id != one.conditional_id]
    world.extremes.pop(one.conditional_id, None)
    return tell_conditional(world, one, status)
