"""What follows from a command at its end: closers expire, trailing orders follow, conditional orders fire.

Source: docs/rules.md, section 12.3.
"""

from exchange.core.admission import admit
from exchange.core.commands import PlaceOrder
from exchange.core.conditional import LIMIT_KINDS, Conditional
from exchange.core.enums import ConditionalStatus, MarketState, OrderType, WorkingType
from exchange.core.events import Rejected
from exchange.core.matching import closing_room
from exchange.core.orders import enter_order
from exchange.core.state import Market, State
from exchange.core.units import MILLISECOND, NEVER, RATE_ONE, Lots, Nanos, Ticks
from exchange.core.waiting import conditionals_in, end_conditional, report_conditional, withdraw_conditional

FIRING_PAUSE = 10 * MILLISECOND  # after so many in one command, other commands have their turn


def follow_up(state: State) -> None:
    """Expire closers without a position, and fire what is due, up to the limit of one command."""
    if not any(market.triggers.waiting for market in state.markets.values()):
        state.closed.clear()
        state.firing_due = NEVER
        return
    for _ in range(state.rules.firings_per_command):
        _expire_closers(state)
        due = _first_due(state)
        if due is None:
            state.firing_due = NEVER
            return
        _fire(state, due)
    _expire_closers(state)
    state.firing_due = NEVER if _first_due(state) is None else state.ts + FIRING_PAUSE


def _expire_closers(state: State) -> None:
    """Expire the orders that would close a position that is gone."""
    closed, state.closed = state.closed, []
    for account_id, symbol, position_side, turned_to in closed:
        for conditional in conditionals_in(state.accounts[account_id], symbol):
            is_closer = conditional.close_position and conditional.position_side is position_side
            if is_closer and turned_to in {None, conditional.side}:
                end_conditional(state, conditional, ConditionalStatus.EXPIRED)


def _first_due(state: State) -> Conditional | None:
    """Let all trailing orders follow their price, then find the first that is due."""
    markets = [market for market in state.markets.values() if market.triggers.waiting]
    for market in markets:
        for working_type in WorkingType:
            market.triggers.follow(working_type, market.working_price(working_type))
    for market in markets:
        if market.state is not MarketState.TRADING:
            continue
        wide_gap = _gap_is_wide(market)
        for working_type in WorkingType:
            price = market.working_price(working_type)
            due = market.triggers.first_due(working_type, price, wide_gap=wide_gap)
            if due is not None:
                return due
    return None


def _gap_is_wide(market: Market) -> bool:
    """Tell whether mark and contract price are so far apart that protected orders wait."""
    gap = abs(market.mark_price - market.working_price(WorkingType.CONTRACT_PRICE))
    return gap * RATE_ONE > market.contract.trigger_protect * market.mark_price


def _fire(state: State, conditional: Conditional) -> None:
    """Have the order placed that a conditional one becomes, or say why it is refused."""
    withdraw_conditional(state, conditional)
    conditional.triggered_ts = state.ts
    report_conditional(state, conditional, ConditionalStatus.TRIGGERING)
    account, market = state.accounts[conditional.account_id], state.markets[conditional.symbol]
    command = _order_of(state, conditional)
    candidate = admit(state, account, market, command, conditional)
    if isinstance(candidate, Rejected):
        conditional.reject_reason, conditional.reject_detail = candidate.reason, candidate.detail
        report_conditional(state, conditional, ConditionalStatus.REJECTED)
        return
    conditional.order_id = state.take_order_id()  # told before the order itself is
    report_conditional(state, conditional, ConditionalStatus.TRIGGERED)
    enter_order(state, command, candidate, conditional.order_id)


def _order_of(state: State, conditional: Conditional) -> PlaceOrder:
    quantity = conditional.quantity
    if conditional.close_position:
        leg = state.accounts[conditional.account_id].leg(conditional.symbol, conditional.position_side)
        quantity = max(1, closing_room(leg.position.quantity, conditional.side))  # nothing to close: refused as such
    return PlaceOrder(
        account_id=conditional.account_id,
        symbol=conditional.symbol,
        side=conditional.side,
        order_type=OrderType.LIMIT if conditional.kind in LIMIT_KINDS else OrderType.MARKET,
        quantity=Lots(quantity),
        price=Ticks(conditional.price),
        time_in_force=conditional.time_in_force,
        reduce_only=conditional.reduce_only,
        client_order_id=conditional.client_id,
        self_trade_prevention=conditional.self_trade_prevention,
        position_side=conditional.position_side,
        price_match=conditional.price_match,
        good_till=Nanos(conditional.good_till),
    )
