"""Which orders are let in: every check of docs/rules.md section 4, in its order. Pure; a refusal changes nothing."""

from collections.abc import Iterable

from exchange.core.account import Account, cross_scope
from exchange.core.affordability import closing_is_paid, margin_suffices
from exchange.core.book import Order
from exchange.core.candidate import Candidate, Check, crosses, refuse
from exchange.core.commands import AmendOrder, PlaceOrder
from exchange.core.conditional import Conditional
from exchange.core.enums import (
    MarketState,
    OrderType,
    PositionSide,
    PriceMatch,
    RejectReason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from exchange.core.events import Rejected
from exchange.core.margin import on_stale_index
from exchange.core.matching import Terms, closing_room, knock_outs, matched_price, reduce_only_orders, walk
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, SECOND, div_ceil, div_floor

CLIENT_ORDER_ID_MAX = 36  # characters
CLOSING_SIDES = frozenset({(PositionSide.LONG, Side.SELL), (PositionSide.SHORT, Side.BUY)})  # in hedge mode
OPEN_FOR_ORDERS = frozenset({MarketState.TRADING, MarketState.INDEX_STALE})
GOOD_TILL_LEAST = 600 * SECOND  # from now: a GTD order lives longer than this
OWN_ID_PREFIXES = ("mc-", "autoclose-", "unwind-")  # of ids that the venue makes: a trader's could meet one of them


def locked(account: Account, symbol: str) -> bool:
    """Tell whether the account, or one of its isolated positions in the contract, is in liquidation."""
    return account.in_liquidation or any(leg.in_liquidation for leg in account.holdings[symbol].legs.values())


def fits_mode(account: Account, side: PositionSide) -> bool:
    """Tell whether a position side is one of the account's mode."""
    return (side is PositionSide.BOTH) is not account.hedge


def closes_only(position_side: PositionSide, side: Side) -> bool:
    """Tell whether orders of this side can only close that position: a leg of hedge mode never changes sign."""
    return (position_side, side) in CLOSING_SIDES


def is_own_id(client_id: str) -> bool:
    """Tell whether a trader may not name an order so: too long, or it could meet one that the venue makes."""
    return client_id.startswith(OWN_ID_PREFIXES) or len(client_id) > CLIENT_ORDER_ID_MAX


def stray_good_till(order_type: OrderType, time_in_force: TimeInForce, good_till: int) -> bool:
    """Tell whether a date stands where none belongs: only a GTD order that can rest has one."""
    return bool(good_till) and not (order_type is OrderType.LIMIT and time_in_force is TimeInForce.GTD)


def good_till_fits(state: State, time_in_force: TimeInForce, good_till: int) -> bool:
    """Tell whether a GTD order's date is far enough ahead; others have none."""
    return time_in_force is not TimeInForce.GTD or good_till > state.ts + GOOD_TILL_LEAST


def find_conditional(account: Account, conditional_id: int, client_id: str) -> Conditional | None:
    """Return a conditional order that waits, by its id or, when that is 0, by its client id."""
    if conditional_id:
        return account.conditionals.get(conditional_id)
    return account.conditional_client_ids.get(client_id)


def find_order(account: Account, symbol: str, order_id: int, client_order_id: str) -> Order | None:
    """Return an open order by its id or, when that is 0, by its client order id."""
    if order_id:
        return account.holdings[symbol].orders.get(order_id)
    order = account.client_order_ids.get(client_order_id)
    return order if order is not None and order.symbol == symbol else None


def first_refusal(account_id: int, grounds: Iterable[tuple[bool, RejectReason]]) -> Rejected | None:
    """Return the refusal of the first ground that holds; the grounds stand in their documented order."""
    return next((Rejected(reason, account_id) for holds, reason in grounds if holds), None)


def admit(
    state: State, account: Account, market: Market, command: PlaceOrder, conditional: Conditional | None = None
) -> Candidate | Rejected:
    """Return what placing the order would do, or why it is refused; `conditional` is the one that becomes it."""
    price = _price_of(market, command, command.order_type)
    if isinstance(price, Rejected):
        return price
    candidate = Candidate(
        state=state,
        account=account,
        market=market,
        side=command.side,
        order_type=command.order_type,
        time_in_force=command.time_in_force,
        quantity=command.quantity,
        remaining=command.quantity,
        price=price,
        reduce_only=command.reduce_only or closes_only(command.position_side, command.side),
        self_trade_prevention=command.self_trade_prevention,
        position_side=command.position_side,
        client_order_id=command.client_order_id,
        good_till=command.good_till,
        conditional=conditional,
    )
    return first_failed(candidate, PLACE_CHECKS) or candidate


def admit_amendment(state: State, account: Account, market: Market, command: AmendOrder) -> Candidate | Rejected:
    """Return what amending the order would do, or why it is refused. Its filters only: see `admit_replacement`."""
    if locked(account, command.symbol):
        return Rejected(RejectReason.IN_LIQUIDATION, command.account_id)
    order = find_order(account, command.symbol, command.order_id, command.client_order_id)
    if order is None:
        return Rejected(RejectReason.UNKNOWN_ORDER, command.account_id)
    price = _price_of(market, command, order.order_type)
    if isinstance(price, Rejected):
        return price
    refusals = (
        (market.state not in OPEN_FOR_ORDERS, RejectReason.MARKET_NOT_TRADING),
        (command.side is not order.side, RejectReason.AMEND_SIDE_MISMATCH),
        (command.reduce_only and not order.reduce_only, RejectReason.AMEND_NOT_REDUCE_ONLY),
        (order.amendments >= state.rules.max_amendments, RejectReason.AMEND_LIMIT_REACHED),
        ((command.quantity, price) == (order.quantity, order.price), RejectReason.AMEND_NO_CHANGE),
    )
    refusal = first_refusal(command.account_id, refusals)
    if refusal is not None:
        return refusal
    candidate = Candidate(
        state=state,
        account=account,
        market=market,
        side=order.side,
        order_type=OrderType.LIMIT,
        time_in_force=order.time_in_force,
        quantity=command.quantity,
        remaining=command.quantity - order.filled,
        price=price,
        reduce_only=order.reduce_only,
        self_trade_prevention=SelfTradePrevention.NONE,
        position_side=order.position_side,
        amended=order,
    )
    return first_failed(candidate, FILTER_CHECKS) or candidate


def admit_replacement(candidate: Candidate) -> Rejected | None:
    """Return why an amended order may not take its new place, if so; else its walk and knock-outs stand in it."""
    return first_failed(candidate, REPLACE_CHECKS)


def first_failed(candidate: Candidate, checks: Iterable[Check]) -> Rejected | None:
    """Return the refusal of the first check that fails."""
    for check in checks:
        refusal = check(candidate)
        if refusal is None:
            continue
        if isinstance(refusal, RejectReason):
            return Rejected(refusal, candidate.account.account_id)
        return refusal
    return None


def _price_of(market: Market, command: PlaceOrder | AmendOrder, order_type: OrderType) -> int | Rejected:
    """Return the price that an order asks for, its own or that of a level of the book; or why there is none."""
    if command.price_match is PriceMatch.NONE:
        return command.price
    if command.price or order_type is not OrderType.LIMIT:
        return Rejected(RejectReason.VALUE_OUT_OF_RANGE, command.account_id)
    price = matched_price(market.book, command.side, command.price_match)
    return Rejected(RejectReason.NO_DEPTH, command.account_id) if price is None else price


def _shape(candidate: Candidate) -> RejectReason | None:
    """Refuse what cannot be a trader's order; one that was conditional was looked at when it was placed."""
    if candidate.conditional is not None:
        return None
    wrong = (
        candidate.order_type is OrderType.LIQUIDATION,
        is_own_id(candidate.client_order_id),
        stray_good_till(candidate.order_type, candidate.time_in_force, candidate.good_till),
    )
    return RejectReason.VALUE_OUT_OF_RANGE if any(wrong) else None


def _good_till(candidate: Candidate) -> RejectReason | None:
    if candidate.conditional is not None or candidate.order_type is not OrderType.LIMIT:
        return None
    fits = good_till_fits(candidate.state, candidate.time_in_force, candidate.good_till)
    return None if fits else RejectReason.GOOD_TILL_NOT_VALID


def _liquidation(candidate: Candidate) -> RejectReason | None:
    symbol = candidate.market.contract.symbol
    return RejectReason.IN_LIQUIDATION if locked(candidate.account, symbol) else None


def _market_state(candidate: Candidate) -> RejectReason | None:
    return None if candidate.market.state in OPEN_FOR_ORDERS else RejectReason.MARKET_NOT_TRADING


def _mark(candidate: Candidate) -> RejectReason | None:
    return None if candidate.market.mark_price else RejectReason.NO_MARK_PRICE


def _position_side(candidate: Candidate) -> RejectReason | None:
    fits = fits_mode(candidate.account, candidate.position_side)
    return None if fits else RejectReason.POSITION_SIDE_MISMATCH


def _signs(candidate: Candidate) -> RejectReason | None:
    if candidate.quantity <= 0:
        return RejectReason.QUANTITY_NOT_POSITIVE
    if candidate.order_type is OrderType.LIMIT:
        return None if candidate.price > 0 else RejectReason.PRICE_NOT_POSITIVE
    return RejectReason.PRICE_NOT_ALLOWED if candidate.price else None


def quantity_in_bounds(candidate: Candidate) -> Rejected | None:
    """Hold the quantity within the contract's bounds; whoever closes a position closes all of it."""
    if candidate.conditional is not None and candidate.conditional.close_position:
        return None
    contract = candidate.market.contract
    if candidate.quantity < contract.min_quantity:
        return refuse(candidate, RejectReason.QUANTITY_BELOW_MIN, contract.min_quantity)
    is_market = candidate.order_type is OrderType.MARKET
    largest = contract.market_max_quantity if is_market else contract.max_quantity
    return refuse(candidate, RejectReason.QUANTITY_ABOVE_MAX, largest) if candidate.quantity > largest else None


def price_in_bounds(candidate: Candidate) -> Rejected | None:
    """Hold the price of a LIMIT order within the contract's bounds."""
    contract, price = candidate.market.contract, candidate.price
    if candidate.order_type is OrderType.MARKET:
        return None
    if price < contract.min_price:
        return refuse(candidate, RejectReason.PRICE_BELOW_MIN, contract.min_price)
    return refuse(candidate, RejectReason.PRICE_ABOVE_MAX, contract.max_price) if price > contract.max_price else None


def _band(candidate: Candidate) -> Rejected | None:
    contract, mark_price = candidate.market.contract, candidate.market.mark_price
    if candidate.order_type is OrderType.MARKET:
        return None
    if candidate.side is Side.BUY:
        highest = div_floor(mark_price * contract.band_up, RATE_ONE)
        return refuse(candidate, RejectReason.PRICE_ABOVE_BAND, highest) if candidate.price > highest else None
    lowest = div_ceil(mark_price * contract.band_down, RATE_ONE)
    return refuse(candidate, RejectReason.PRICE_BELOW_BAND, lowest) if candidate.price < lowest else None


def _notional(candidate: Candidate) -> Rejected | None:
    contract = candidate.market.contract
    price = candidate.price or candidate.market.mark_price
    if candidate.reduce_only or contract.notional(price, candidate.quantity) >= contract.min_notional:
        return None
    return refuse(candidate, RejectReason.NOTIONAL_TOO_SMALL, contract.min_notional)


def _client_order_id(candidate: Candidate) -> RejectReason | None:
    taken = candidate.client_order_id in candidate.account.client_order_ids
    return RejectReason.CLIENT_ORDER_ID_DUPLICATED if taken else None


def _open_orders(candidate: Candidate) -> Rejected | None:
    most = candidate.market.contract.max_open_orders
    full = candidate.life.rests and len(candidate.holding.orders) >= most
    return refuse(candidate, RejectReason.TOO_MANY_OPEN_ORDERS, most) if full else None


def _reduces_something(candidate: Candidate) -> RejectReason | None:
    room = closing_room(candidate.leg.position.quantity, candidate.side)
    return RejectReason.REDUCE_ONLY_REJECTED if candidate.reduce_only and not room else None


def _index_alive(candidate: Candidate) -> RejectReason | None:
    """Let in no new risk while nobody knows the price, nor margin go from positions whose price nobody knows."""
    if candidate.market.state is MarketState.INDEX_STALE:
        return None if candidate.reduce_only else RejectReason.INDEX_STALE
    stale = on_stale_index(candidate.state, cross_scope(candidate.account))
    return RejectReason.INDEX_STALE if stale and not candidate.only_reduces else None


def _knock_outs(candidate: Candidate) -> RejectReason | None:
    """Find whom a resting reduce-only order knocks out; being the youngest, it stands last at its price."""
    if not (candidate.reduce_only and candidate.life.rests):
        return None
    others = [order for order in reduce_only_orders(candidate.leg, candidate.side) if order is not candidate.amended]
    ahead = [order for order in others if (order.price - candidate.price) * candidate.side >= 0]
    room = closing_room(candidate.leg.position.quantity, candidate.side)
    room -= sum(order.remaining for order in ahead) + candidate.remaining
    if room < 0:
        return RejectReason.REDUCE_ONLY_EXCEEDS_POSITION
    candidate.knocked_out = knock_outs([(order, order.remaining) for order in others[len(ahead) :]], room)
    return None


def _counter_price(candidate: Candidate) -> Rejected | None:
    if candidate.order_type is OrderType.LIMIT or crosses(candidate):
        return None
    empty = candidate.market.book.best_price(candidate.side.opposite) is None
    return None if empty else refuse(candidate, RejectReason.COUNTER_PRICE_OUT_OF_BAND, candidate.limit)


def _walk(candidate: Candidate) -> RejectReason | None:
    """Find what the order meets; a FOK must find all of itself, a post-only order nothing."""
    life = candidate.life
    if life.post_only:
        return RejectReason.POST_ONLY_WOULD_TAKE if crosses(candidate) else None
    quantity = candidate.remaining
    if candidate.reduce_only and not life.rests:
        quantity = min(quantity, closing_room(candidate.leg.position.quantity, candidate.side))
    terms = Terms(
        account_id=candidate.account.account_id,
        symbol=candidate.market.contract.symbol,
        side=candidate.side,
        limit=candidate.limit,
        quantity=quantity,
        self_trade_prevention=candidate.self_trade_prevention,
        position_side=candidate.position_side,
    )
    candidate.walk = walk(candidate.market.book, candidate.state.accounts, terms)
    return RejectReason.FOK_NOT_FILLABLE if life.fills_whole and candidate.walk.filled < candidate.remaining else None


STANDING_CHECKS: tuple[Check, ...] = (_liquidation, _market_state, _mark, _position_side)
FILTER_CHECKS: tuple[Check, ...] = (_signs, quantity_in_bounds, price_in_bounds, _band, _notional)
REPLACE_CHECKS: tuple[Check, ...] = (_index_alive, _knock_outs, _walk, margin_suffices, closing_is_paid)
PLACE_CHECKS: tuple[Check, ...] = (
    _shape,
    _good_till,
    *STANDING_CHECKS,
    *FILTER_CHECKS,
    _client_order_id,
    _open_orders,
    _reduces_something,
    _index_alive,
    _knock_outs,
    _counter_price,
    _walk,
    margin_suffices,
    closing_is_paid,
)
