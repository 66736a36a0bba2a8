"""Which orders are let in: every check of docs/rules.md section 4, in its order. Pure; a refusal changes nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from exchange.core.account import Account, Holding, Leg, cross_scope, scope_of
from exchange.core.book import Order
from exchange.core.commands import AmendOrder, PlaceOrder
from exchange.core.enums import (
    MarketState,
    OrderType,
    PositionSide,
    RejectReason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from exchange.core.events import Rejected
from exchange.core.margin import (
    Trial,
    equity,
    exposure_of,
    exposure_with,
    kept_margin,
    on_stale_index,
    open_notional,
    order_losses,
    order_open_loss,
    reserved_apart,
    surplus,
)
from exchange.core.matching import (
    LifeRule,
    Terms,
    Walk,
    closing_room,
    knock_outs,
    life_rule,
    reduce_only_orders,
    walk,
)
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, div_ceil, div_floor

CLIENT_ORDER_ID_MAX = 36  # characters
CLOSING_SIDES = frozenset({(PositionSide.LONG, Side.SELL), (PositionSide.SHORT, Side.BUY)})  # in hedge mode
OPEN_FOR_ORDERS = frozenset({MarketState.TRADING, MarketState.INDEX_STALE})
OWN_ID_PREFIXES = ("mc-", "autoclose-", "unwind-")  # of ids that the venue makes: a trader's could meet one of them


@dataclass(slots=True)
class Candidate:
    """An order asking to be let in, and what is found out about it on the way. Prices in ticks, quantities in lots."""

    state: State
    account: Account
    market: Market
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: int  # of the whole order, for the filters
    remaining: int  # what it would still fill
    price: int
    reduce_only: bool
    self_trade_prevention: SelfTradePrevention
    position_side: PositionSide = PositionSide.BOTH
    client_order_id: str = ""
    amended: Order | None = None  # the order it replaces
    knocked_out: list[Order] = field(default_factory=list)
    walk: Walk = field(default_factory=Walk)

    @property
    def holding(self) -> Holding:
        """The account's holding in the contract."""
        return self.account.holdings[self.market.contract.symbol]

    @property
    def leg(self) -> Leg:
        """The position it would move, with its orders; its side must fit the account's mode."""
        return self.holding.legs[self.position_side]

    @property
    def life(self) -> LifeRule:
        """The rule of its time in force."""
        return life_rule(self.order_type, self.time_in_force)

    @property
    def limit(self) -> int:
        """The worst price it may trade at: its own, or the market-order bound."""
        if self.order_type is OrderType.LIMIT:
            return self.price
        contract = self.market.contract
        return contract.price_shifted(self.market.mark_price, self.side * contract.market_take_bound)

    @property
    def counted_price(self) -> int:
        """The price it is counted at for margin: a MARKET order at the worst price that it reaches."""
        if self.order_type is OrderType.LIMIT:
            return self.price
        return self.walk.worst_price or self.market.mark_price


Check = Callable[[Candidate], RejectReason | Rejected | None]


def locked(account: Account, symbol: str) -> bool:
    """Tell whether the account, or one of its isolated positions in the contract, is in liquidation."""
    return account.in_liquidation or any(leg.in_liquidation for leg in account.holdings[symbol].legs.values())


def fits_mode(account: Account, side: PositionSide) -> bool:
    """Tell whether a position side is one of the account's mode."""
    return (side is PositionSide.BOTH) is not account.hedge


def closes_only(position_side: PositionSide, side: Side) -> bool:
    """Tell whether orders of this side can only close that position: a leg of hedge mode never changes sign."""
    return (position_side, side) in CLOSING_SIDES


def find_order(account: Account, symbol: str, order_id: int, client_order_id: str) -> Order | None:
    """Return an open order by its id or, when that is 0, by its client order id."""
    if order_id:
        return account.holdings[symbol].orders.get(order_id)
    order = account.client_order_ids.get(client_order_id)
    return order if order is not None and order.symbol == symbol else None


def first_refusal(account_id: int, grounds: Iterable[tuple[bool, RejectReason]]) -> Rejected | None:
    """Return the refusal of the first ground that holds; the grounds stand in their documented order."""
    return next((Rejected(reason, account_id) for holds, reason in grounds if holds), None)


def admit(state: State, account: Account, market: Market, command: PlaceOrder) -> Candidate | Rejected:
    """Return what placing the order would do, or why it is refused."""
    candidate = Candidate(
        state=state,
        account=account,
        market=market,
        side=command.side,
        order_type=command.order_type,
        time_in_force=command.time_in_force,
        quantity=command.quantity,
        remaining=command.quantity,
        price=command.price,
        reduce_only=command.reduce_only or closes_only(command.position_side, command.side),
        self_trade_prevention=command.self_trade_prevention,
        position_side=command.position_side,
        client_order_id=command.client_order_id,
    )
    return _first_failed(candidate, PLACE_CHECKS) or candidate


def admit_amendment(state: State, account: Account, market: Market, command: AmendOrder) -> Candidate | Rejected:
    """Return what amending the order would do, or why it is refused. Its filters only: see `admit_replacement`."""
    if locked(account, command.symbol):
        return Rejected(RejectReason.IN_LIQUIDATION, command.account_id)
    order = find_order(account, command.symbol, command.order_id, command.client_order_id)
    if order is None:
        return Rejected(RejectReason.UNKNOWN_ORDER, command.account_id)
    refusals = (
        (market.state not in OPEN_FOR_ORDERS, RejectReason.MARKET_NOT_TRADING),
        (command.side is not order.side, RejectReason.AMEND_SIDE_MISMATCH),
        (command.reduce_only and not order.reduce_only, RejectReason.AMEND_NOT_REDUCE_ONLY),
        (order.amendments >= state.rules.max_amendments, RejectReason.AMEND_LIMIT_REACHED),
        ((command.quantity, command.price) == (order.quantity, order.price), RejectReason.AMEND_NO_CHANGE),
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
        price=command.price,
        reduce_only=order.reduce_only,
        self_trade_prevention=SelfTradePrevention.NONE,
        position_side=order.position_side,
        amended=order,
    )
    return _first_failed(candidate, FILTER_CHECKS) or candidate


def admit_replacement(candidate: Candidate) -> Rejected | None:
    """Return why an amended order may not take its new place, if so; else its walk and knock-outs stand in it."""
    return _first_failed(candidate, REPLACE_CHECKS)


def crosses(candidate: Candidate) -> bool:
    """Tell whether any opposite price meets the order's limit."""
    best = candidate.market.book.best_price(candidate.side.opposite)
    return best is not None and (best - candidate.limit) * candidate.side <= 0


def only_reduces(candidate: Candidate) -> bool:
    """Tell whether the order, with all others of its side, can do no more than close the position."""
    if candidate.reduce_only:
        return True
    leg = candidate.leg
    room = closing_room(leg.position.quantity, candidate.side) - candidate.remaining
    if room < 0:
        return False
    return room >= sum(
        order.remaining
        for order in candidate.holding.orders.values()
        if order.side is candidate.side and order.position_side is leg.side and order is not candidate.amended
    )


def _first_failed(candidate: Candidate, checks: Iterable[Check]) -> Rejected | None:
    for check in checks:
        refusal = check(candidate)
        if isinstance(refusal, RejectReason):
            return Rejected(refusal, candidate.account.account_id)
        if refusal is not None:
            return refusal
    return None


def _refuse(candidate: Candidate, reason: RejectReason, detail: int) -> Rejected:
    return Rejected(reason, candidate.account.account_id, detail)


def _shape(candidate: Candidate) -> RejectReason | None:
    client_id = candidate.client_order_id
    not_a_traders = candidate.order_type is OrderType.LIQUIDATION or client_id.startswith(OWN_ID_PREFIXES)
    return RejectReason.VALUE_OUT_OF_RANGE if not_a_traders or len(client_id) > CLIENT_ORDER_ID_MAX else None


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


def _quantity(candidate: Candidate) -> RejectReason | Rejected | None:
    contract = candidate.market.contract
    if candidate.quantity < contract.min_quantity:
        return _refuse(candidate, RejectReason.QUANTITY_BELOW_MIN, contract.min_quantity)
    is_market = candidate.order_type is OrderType.MARKET
    largest = contract.market_max_quantity if is_market else contract.max_quantity
    return _refuse(candidate, RejectReason.QUANTITY_ABOVE_MAX, largest) if candidate.quantity > largest else None


def _price(candidate: Candidate) -> Rejected | None:
    contract, price = candidate.market.contract, candidate.price
    if candidate.order_type is OrderType.MARKET:
        return None
    if price < contract.min_price:
        return _refuse(candidate, RejectReason.PRICE_BELOW_MIN, contract.min_price)
    return _refuse(candidate, RejectReason.PRICE_ABOVE_MAX, contract.max_price) if price > contract.max_price else None


def _band(candidate: Candidate) -> Rejected | None:
    contract, mark_price = candidate.market.contract, candidate.market.mark_price
    if candidate.order_type is OrderType.MARKET:
        return None
    if candidate.side is Side.BUY:
        highest = div_floor(mark_price * contract.band_up, RATE_ONE)
        return _refuse(candidate, RejectReason.PRICE_ABOVE_BAND, highest) if candidate.price > highest else None
    lowest = div_ceil(mark_price * contract.band_down, RATE_ONE)
    return _refuse(candidate, RejectReason.PRICE_BELOW_BAND, lowest) if candidate.price < lowest else None


def _notional(candidate: Candidate) -> Rejected | None:
    contract = candidate.market.contract
    price = candidate.price or candidate.market.mark_price
    if candidate.reduce_only or contract.notional(price, candidate.quantity) >= contract.min_notional:
        return None
    return _refuse(candidate, RejectReason.NOTIONAL_TOO_SMALL, contract.min_notional)


def _client_order_id(candidate: Candidate) -> RejectReason | None:
    taken = candidate.client_order_id in candidate.account.client_order_ids
    return RejectReason.CLIENT_ORDER_ID_DUPLICATED if taken else None


def _open_orders(candidate: Candidate) -> Rejected | None:
    most = candidate.market.contract.max_open_orders
    full = candidate.life.rests and len(candidate.holding.orders) >= most
    return _refuse(candidate, RejectReason.TOO_MANY_OPEN_ORDERS, most) if full else None


def _reduces_something(candidate: Candidate) -> RejectReason | None:
    room = closing_room(candidate.leg.position.quantity, candidate.side)
    return RejectReason.REDUCE_ONLY_REJECTED if candidate.reduce_only and not room else None


def _index_alive(candidate: Candidate) -> RejectReason | None:
    """Let in no new risk while nobody knows the price, nor margin go from positions whose price nobody knows."""
    if candidate.market.state is MarketState.INDEX_STALE:
        return None if candidate.reduce_only else RejectReason.INDEX_STALE
    stale = on_stale_index(candidate.state, cross_scope(candidate.account))
    return RejectReason.INDEX_STALE if stale and not only_reduces(candidate) else None


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
    return None if empty else _refuse(candidate, RejectReason.COUNTER_PRICE_OUT_OF_BAND, candidate.limit)


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


def _margin(candidate: Candidate) -> RejectReason | Rejected | None:
    if only_reduces(candidate):
        return None
    market, holding, leg = candidate.market, candidate.holding, candidate.leg
    others = exposure_of(market, holding, leg, without=candidate.amended)
    exposure = exposure_with(market, others, candidate.side, candidate.remaining, candidate.counted_price)
    cap = market.contract.notional_cap(holding.leverage)
    if open_notional(market, leg.position, exposure) > cap:
        return _refuse(candidate, RejectReason.POSITION_LIMIT, cap)
    trial = Trial(market.contract.symbol, leg.side, exposure)
    short = surplus(candidate.state, candidate.account, trial) < 0
    if holding.isolated:
        short |= reserved_apart(candidate.state, candidate.account, trial) > candidate.account.cross_wallet
    return RejectReason.MARGIN_INSUFFICIENT if short else None


def _bankruptcy(candidate: Candidate) -> RejectReason | None:
    """Let nobody close so badly that the fund would pay, or that what stays would be liquidated at an unchanged mark.

    A closing at the mark or better is always let in; what opens a cross wallet has paid for by `_margin`.
    """
    if not (candidate.holding.isolated or only_reduces(candidate)):
        return None
    state, account, symbol = candidate.state, candidate.account, candidate.market.contract.symbol
    pieces = _closing_pieces(candidate)
    if not any(loss for _, loss in pieces):
        return None
    scope = scope_of(account, symbol, candidate.position_side)
    left = equity(state, scope) - order_losses(state, scope, without=candidate.amended)
    left -= 0 if scope.symbol else reserved_apart(state, account)
    held = abs(candidate.leg.position.quantity)
    for lots, loss in pieces:
        freed_apart = div_floor(left * (held - lots), held) if scope.symbol else left
        left, held = min(left - loss, freed_apart), held - lots
        if left < 0:
            return RejectReason.MARGIN_INSUFFICIENT
    kept = kept_margin(state, scope, candidate.leg, held)
    return RejectReason.MARGIN_INSUFFICIENT if left < kept else None


def _closing_pieces(candidate: Candidate) -> list[tuple[int, int]]:
    """Return (lots, loss against the mark) of what the order would close: of what it meets, then of its rest."""
    contract, mark_price, found = candidate.market.contract, candidate.market.mark_price, candidate.walk
    own = (candidate.account.account_id, candidate.position_side)
    prices = [
        (step.maker.price, step.quantity)
        for step in found.steps
        if (step.maker.account_id, step.maker.position_side) != own  # a leg that trades with itself moves nothing
    ]
    if candidate.life.rests:
        prices.append((candidate.price, candidate.remaining - found.filled))
    room, pieces = closing_room(candidate.leg.position.quantity, candidate.side), []
    for price, quantity in prices:
        lots = min(quantity, room)
        room -= lots
        if lots:
            value, at_mark = contract.notional(price, lots), contract.notional(mark_price, lots)
            pieces.append((lots, order_open_loss(candidate.side, value, at_mark)))
    return pieces


FILTER_CHECKS: tuple[Check, ...] = (_signs, _quantity, _price, _band, _notional)
REPLACE_CHECKS: tuple[Check, ...] = (_index_alive, _knock_outs, _walk, _margin, _bankruptcy)
PLACE_CHECKS: tuple[Check, ...] = (
    _shape,
    _liquidation,
    _market_state,
    _mark,
    _position_side,
    *FILTER_CHECKS,
    _client_order_id,
    _open_orders,
    _reduces_something,
    _index_alive,
    _knock_outs,
    _counter_price,
    _walk,
    _margin,
    _bankruptcy,
)
