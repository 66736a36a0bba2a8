"""What a trader does with conditional orders: place and cancel. `firing` has them become orders.

Source: docs/rules.md, section 12.2.
"""

from collections.abc import Callable

from exchange.core.account import Account
from exchange.core.admission import (
    STANDING_CHECKS,
    closes_only,
    find_conditional,
    first_failed,
    good_till_fits,
    is_own_id,
    price_in_bounds,
    quantity_in_bounds,
    stray_good_till,
)
from exchange.core.candidate import Candidate
from exchange.core.commands import CancelAllConditionals, CancelConditional, PlaceConditional
from exchange.core.conditional import CLOSING_KINDS, LIMIT_KINDS, Conditional, rises
from exchange.core.enums import (
    ConditionalStatus,
    ConditionalType,
    OrderType,
    PositionSide,
    PriceMatch,
    RejectReason,
    Side,
    TimeInForce,
)
from exchange.core.events import Rejected
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, div_ceil, div_floor
from exchange.core.waiting import conditionals_in, end_conditional, open_conditional

CALLBACK_RATE_MIN = 100_000  # 0.1 %
CALLBACK_RATE_MAX = 20_000_000  # 20 %
_OPENING_SIDES = frozenset({(PositionSide.LONG, Side.BUY), (PositionSide.SHORT, Side.SELL)})  # in hedge mode

Refusal = RejectReason | Rejected | None
Check = Callable[[State, Account, Market, PlaceConditional], Refusal]


def place_conditional(state: State, account: Account, market: Market, command: PlaceConditional) -> Rejected | None:
    """Let a conditional order wait; nothing is reserved for it."""
    for check in CONDITIONAL_CHECKS:
        refusal = check(state, account, market, command)
        if isinstance(refusal, RejectReason):
            return Rejected(refusal, account.account_id)
        if refusal is not None:
            return refusal
    trails, price = command.kind is ConditionalType.TRAILING_STOP_MARKET, market.working_price(command.working_type)
    conditional_id = state.take_order_id()
    conditional = Conditional(
        conditional_id=conditional_id,
        account_id=command.account_id,
        symbol=command.symbol,
        client_id=command.client_id or f"mc-{conditional_id}",
        kind=command.kind,
        side=command.side,
        position_side=command.position_side,
        quantity=command.quantity,
        stated_trigger=command.trigger_price,
        price=command.price,
        working_type=command.working_type,
        time_in_force=command.time_in_force,
        reduce_only=command.reduce_only or command.close_position or closes_only(command.position_side, command.side),
        close_position=command.close_position,
        price_protect=command.price_protect,
        activation_price=command.activation_price or (price if trails else 0),
        callback_rate=command.callback_rate,
        self_trade_prevention=command.self_trade_prevention,
        price_match=command.price_match,
        good_till=command.good_till,
        created_ts=state.ts,
        updated_ts=state.ts,
    )
    open_conditional(state, conditional)
    return None


def cancel_conditional(state: State, account: Account, command: CancelConditional) -> Rejected | None:
    """Cancel one conditional order that waits."""
    conditional = find_conditional(account, command.conditional_id, command.client_id)
    if conditional is None:
        return Rejected(RejectReason.UNKNOWN_CONDITIONAL, account.account_id)
    end_conditional(state, conditional, ConditionalStatus.CANCELED)
    return None


def cancel_all_conditionals(
    state: State, account: Account, _market: Market, command: CancelAllConditionals
) -> Rejected | None:
    """Cancel every conditional order that waits in a contract; none is no refusal."""
    for conditional in conditionals_in(account, command.symbol):
        end_conditional(state, conditional, ConditionalStatus.CANCELED)
    return None


def _shape(_state: State, _account: Account, _market: Market, command: PlaceConditional) -> Refusal:
    limit, trails = command.kind in LIMIT_KINDS, command.kind is ConditionalType.TRAILING_STOP_MARKET
    priced = bool(command.price) + (command.price_match is not PriceMatch.NONE)
    numbers = (command.quantity, command.trigger_price, command.price, command.activation_price, command.callback_rate)
    order_type = OrderType.LIMIT if limit else OrderType.MARKET
    wrong = (
        is_own_id(command.client_id),
        priced != limit,
        command.time_in_force is not TimeInForce.GTC and not limit,
        stray_good_till(order_type, command.time_in_force, command.good_till),
        bool(command.activation_price or command.callback_rate) and not trails,
        bool(command.trigger_price) and trails,
        min(numbers) < 0,
    )
    return RejectReason.VALUE_OUT_OF_RANGE if any(wrong) else None


def _close_position(_state: State, account: Account, _market: Market, command: PlaceConditional) -> Refusal:
    if not command.close_position:
        return None
    opens = account.hedge and (command.position_side, command.side) in _OPENING_SIDES
    wrong = command.kind not in CLOSING_KINDS or command.quantity or command.reduce_only or opens
    return RejectReason.CLOSE_POSITION_NOT_VALID if wrong else None


def _good_till(state: State, _account: Account, _market: Market, command: PlaceConditional) -> Refusal:
    fits = good_till_fits(state, command.time_in_force, command.good_till)
    return None if fits else RejectReason.GOOD_TILL_NOT_VALID


def _standing(state: State, account: Account, market: Market, command: PlaceConditional) -> Refusal:
    return first_failed(_candidate(state, account, market, command), STANDING_CHECKS)


def _quantity(state: State, account: Account, market: Market, command: PlaceConditional) -> Refusal:
    if command.close_position:
        return None
    if command.quantity <= 0:
        return RejectReason.QUANTITY_NOT_POSITIVE
    return quantity_in_bounds(_candidate(state, account, market, command))


def _trigger(_state: State, account: Account, market: Market, command: PlaceConditional) -> Refusal:
    highest = market.contract.max_price
    if command.kind is ConditionalType.TRAILING_STOP_MARKET:
        if not CALLBACK_RATE_MIN <= command.callback_rate <= CALLBACK_RATE_MAX:
            return RejectReason.CALLBACK_RATE_NOT_VALID
    elif command.trigger_price <= 0:
        return RejectReason.TRIGGER_PRICE_NOT_POSITIVE
    too_high = max(command.trigger_price, command.activation_price) > highest
    return Rejected(RejectReason.TRIGGER_PRICE_ABOVE_MAX, account.account_id, highest) if too_high else None


def _price(state: State, account: Account, market: Market, command: PlaceConditional) -> Refusal:
    """Hold the limit within the band around the trigger price: the mark will be near it then."""
    if not command.price:
        return None
    refusal = price_in_bounds(_candidate(state, account, market, command))
    if refusal is not None:
        return refusal
    contract, trigger = market.contract, command.trigger_price
    if command.side is Side.BUY:
        bound, reason = div_floor(trigger * contract.band_up, RATE_ONE), RejectReason.PRICE_ABOVE_TRIGGER_BAND
    else:
        bound, reason = div_ceil(trigger * contract.band_down, RATE_ONE), RejectReason.PRICE_BELOW_TRIGGER_BAND
    beyond = (command.price - bound) * command.side > 0
    return Rejected(reason, account.account_id, bound) if beyond else None


def _client_id(_state: State, account: Account, _market: Market, command: PlaceConditional) -> Refusal:
    taken = command.client_id in account.conditional_client_ids
    return RejectReason.CLIENT_ORDER_ID_DUPLICATED if taken else None


def _number(state: State, account: Account, _market: Market, _command: PlaceConditional) -> Refusal:
    most = state.rules.max_conditionals
    full = len(account.conditionals) >= most
    return Rejected(RejectReason.TOO_MANY_CONDITIONALS, account.account_id, most) if full else None


def _waits(_state: State, _account: Account, market: Market, command: PlaceConditional) -> Refusal:
    """Let in none that would trigger at once; a trailing one only begins to follow beyond its activation price."""
    price = market.working_price(command.working_type)
    if command.kind is ConditionalType.TRAILING_STOP_MARKET:
        reached = command.activation_price and (command.activation_price - price) * command.side >= 0
    else:
        reached = (price - command.trigger_price) * (1 if rises(command.kind, command.side) else -1) >= 0
    return RejectReason.WOULD_TRIGGER if reached else None


def _candidate(state: State, account: Account, market: Market, command: PlaceConditional) -> Candidate:
    """Return the order that it would become, for the checks that both share."""
    return Candidate(
        state=state,
        account=account,
        market=market,
        side=command.side,
        order_type=OrderType.LIMIT if command.kind in LIMIT_KINDS else OrderType.MARKET,
        time_in_force=command.time_in_force,
        quantity=command.quantity,
        remaining=command.quantity,
        price=command.price,
        reduce_only=command.reduce_only,
        self_trade_prevention=command.self_trade_prevention,
        position_side=command.position_side,
    )


CONDITIONAL_CHECKS: tuple[Check, ...] = (
    _shape,
    _close_position,
    _good_till,
    _standing,
    _quantity,
    _trigger,
    _price,
    _client_id,
    _number,
    _waits,
)
