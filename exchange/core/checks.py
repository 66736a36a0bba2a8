"""What is always true of a venue, each as one function that returns what is wrong, or nothing. For tests and health."""

from collections.abc import Callable, Iterator

from exchange.core.admission import locked
from exchange.core.conditional import Conditional
from exchange.core.enums import ConditionalStatus, MarketState, PositionSide, Side, WorkingType
from exchange.core.matching import closing_room, reduce_only_orders
from exchange.core.state import Market, State
from exchange.core.units import NEVER, RATE_ONE


def conservation_residue(state: State) -> int:
    """Return wallets + fees + dust - entry values - net deposits, in atoms: 0, always."""
    accounts = state.accounts.values()
    wallets = sum(account.wallet_balance + account.funding_wallet for account in accounts)
    entries = sum(leg.position.entry_value for account in accounts for _, _, leg in account.legs())
    return wallets + state.trading_fees + state.dust - entries - state.net_deposits


def violations(state: State) -> list[str]:
    """Return everything that is wrong with a venue between two commands; empty when all is well."""
    return [problem for check in INVARIANTS for problem in check(state)]


def _money_is_conserved(state: State) -> Iterator[str]:
    residue = conservation_residue(state)
    if residue:
        yield f"money is not conserved: residue {residue} atoms"


def _positions_sum_to_zero(state: State) -> Iterator[str]:
    for symbol in state.markets:
        legs = (leg for account in state.accounts.values() for leg in account.holdings[symbol].legs.values())
        total = sum(leg.position.quantity for leg in legs)
        if total:
            yield f"{symbol}: longs and shorts differ by {total} lots"


def _flat_positions_hold_nothing(state: State) -> Iterator[str]:
    for account in state.accounts.values():
        for symbol, _, leg in account.legs():
            if not leg.position.quantity and (leg.position.entry_value or leg.margin_called or leg.in_liquidation):
                yield f"account {account.account_id} is flat in {symbol} but keeps something of a position"


def _isolated_wallets_have_a_position(state: State) -> Iterator[str]:
    for account in state.accounts.values():
        for symbol, holding, leg in account.legs():
            if leg.isolated_wallet and not (holding.isolated and leg.position.quantity):
                yield f"account {account.account_id}: {leg.isolated_wallet} atoms are stuck in {symbol} {leg.side.name}"


def _positions_fit_the_mode(state: State) -> Iterator[str]:
    for account in state.accounts.values():
        for symbol, _, leg in account.legs():
            quantity = leg.position.quantity
            wrong_mode = (leg.side is PositionSide.BOTH) is account.hedge
            sign = {PositionSide.LONG: -1, PositionSide.SHORT: 1}.get(leg.side, 0)
            if (quantity or any(leg.working.values()) or leg.reduce_only) and wrong_mode:
                yield f"account {account.account_id} has something in {symbol} {leg.side.name}, not of its mode"
            if quantity * sign > 0:
                yield f"account {account.account_id}: {symbol} {leg.side.name} has the wrong sign"


def _funding_wallets_are_not_negative(state: State) -> Iterator[str]:
    for account in state.accounts.values():
        if account.funding_wallet < 0:
            yield f"account {account.account_id} owes money to its funding wallet"


def _dust_is_not_negative(state: State) -> Iterator[str]:
    if state.dust < 0:
        yield f"rounding has created {-state.dust} atoms"


def _books_are_not_crossed(state: State) -> Iterator[str]:
    for symbol, market in state.markets.items():
        bid, ask = market.book.best_price(Side.BUY), market.book.best_price(Side.SELL)
        if bid is not None and ask is not None and bid >= ask:
            yield f"{symbol}: the book is crossed, {bid} >= {ask}"


def _books_hold_the_open_orders(state: State) -> Iterator[str]:
    for symbol, market in state.markets.items():
        resting = [order for side in Side for level in market.book.levels(side) for order in level.orders.values()]
        opened = [order for account in state.accounts.values() for order in account.holdings[symbol].orders.values()]
        if {order.order_id for order in resting} != {order.order_id for order in opened}:
            yield f"{symbol}: the book and the accounts disagree about open orders"
        for side in Side:
            for level in market.book.levels(side):
                if level.quantity != sum(order.remaining for order in level.orders.values()):
                    yield f"{symbol}: level {level.price} has a wrong total"
                if any(order.remaining <= 0 or order.price != level.price for order in level.orders.values()):
                    yield f"{symbol}: level {level.price} holds an order that does not belong there"


def _reduce_only_orders_fit(state: State) -> Iterator[str]:
    for account in state.accounts.values():
        for symbol, _, leg in account.legs():
            for side in Side:
                total = sum(order.remaining for order in reduce_only_orders(leg, side))
                if total > closing_room(leg.position.quantity, side):
                    yield f"account {account.account_id}: reduce-only orders in {symbol} exceed the position"


def _open_orders_are_summed(state: State) -> Iterator[str]:
    for account in state.accounts.values():
        for symbol, holding, leg in account.legs():
            orders = [order for order in holding.orders.values() if order.position_side is leg.side]
            for side in Side:
                plain = (order for order in orders if order.side is side and not order.reduce_only)
                if leg.working[side] != sum(order.price * order.remaining for order in plain):
                    yield f"account {account.account_id}: the sum of {side.name} orders in {symbol} is wrong"
            if list(leg.reduce_only.values()) != [order for order in orders if order.reduce_only]:
                yield f"account {account.account_id}: reduce-only orders in {symbol} are listed wrongly"


def _client_order_ids_match(state: State) -> Iterator[str]:
    for account in state.accounts.values():
        opened = [order for holding in account.holdings.values() for order in holding.orders.values()]
        named = account.client_order_ids
        if len(named) != len(opened) or any(named.get(order.client_order_id) is not order for order in opened):
            yield f"account {account.account_id}: client order ids and open orders disagree"


def _locked_accounts_have_no_orders(state: State) -> Iterator[str]:
    for account in state.accounts.values():
        for symbol, holding in account.holdings.items():
            if holding.orders and locked(account, symbol):
                yield f"account {account.account_id} is in liquidation and has open orders in {symbol}"
            if locked(account, symbol) and any(one.symbol == symbol for one in account.conditionals.values()):
                yield f"account {account.account_id} is in liquidation and conditional orders wait in {symbol}"


def _conditional_client_ids_match(state: State) -> Iterator[str]:
    for account in state.accounts.values():
        named, waiting = account.conditional_client_ids, account.conditionals
        if len(named) != len(waiting) or any(named.get(one.client_id) is not one for one in waiting.values()):
            yield f"account {account.account_id}: client ids and waiting conditional orders disagree"


def _trigger_books_hold_what_waits(state: State) -> Iterator[str]:
    for symbol, market in state.markets.items():
        waiting = sorted(one.conditional_id for one in _waiting_in(state, symbol))
        book = market.triggers
        if sorted(one.conditional_id for one in book) != waiting or book.waiting != len(waiting):
            yield f"{symbol}: the trigger book and the accounts disagree about conditional orders"


def _waiting_conditionals_are_new(state: State) -> Iterator[str]:
    for account in state.accounts.values():
        if len(account.conditionals) > state.rules.max_conditionals:
            yield f"account {account.account_id} has more conditional orders than it may"
        for number, one in account.conditionals.items():
            mine = (one.conditional_id, one.account_id) == (number, account.account_id)
            if not mine or one.status is not ConditionalStatus.NEW or one.order_id:
                yield f"account {account.account_id}: conditional order {number} does not belong there"


def _trailing_orders_have_followed(state: State) -> Iterator[str]:
    for symbol, market in state.markets.items():
        for one in _waiting_in(state, symbol):
            seen = one.activation_price + one.side if one.trail is None else one.trail.extreme
            if one.trails and (market.working_price(one.working_type) - seen) * one.side < 0:
                yield f"{symbol}: trailing order {one.conditional_id} has missed a price"


def _due_conditionals_are_announced(state: State) -> Iterator[str]:
    due = any(_is_due(market, one) for symbol, market in state.markets.items() for one in _waiting_in(state, symbol))
    if due and state.firing_due == NEVER:
        yield "a conditional order is due and would not be fired"
    if not due and state.firing_due != NEVER:
        yield "firing is due and no conditional order is"


def _waiting_in(state: State, symbol: str) -> list[Conditional]:
    accounts = state.accounts.values()
    return [one for account in accounts for one in account.conditionals.values() if one.symbol == symbol]


def _is_due(market: Market, one: Conditional) -> bool:
    price, last = market.working_price(one.working_type), market.working_price(WorkingType.CONTRACT_PRICE)
    reached = price >= one.trigger_price if one.rises else price <= one.trigger_price
    apart = abs(market.mark_price - last) * RATE_ONE > market.contract.trigger_protect * market.mark_price
    trades = market.state is MarketState.TRADING
    return trades and bool(one.trigger_price) and reached and not (one.price_protect and apart)


def _fired_orders_know_each_other(state: State) -> Iterator[str]:
    for account in state.accounts.values():
        for order in (order for holding in account.holdings.values() for order in holding.orders.values()):
            fired = order.conditional
            if fired is not None and (fired.order_id, fired.status) != (order.order_id, ConditionalStatus.TRIGGERED):
                yield f"account {account.account_id}: order {order.order_id} is not what a conditional order became"


def _dates_match_their_index(state: State) -> Iterator[str]:
    dates: dict[tuple[int, int], object] = {}
    for account in state.accounts.values():
        for order in (order for holding in account.holdings.values() for order in holding.orders.values()):
            dates[order.good_till, order.order_id] = order
        for one in account.conditionals.values():
            dates[one.good_till, one.conditional_id] = one
    dated = {key: what for key, what in dates.items() if key[0]}
    known = state.good_tills
    if set(known) != set(dated) or any(known[key] is not what for key, what in dated.items()):
        yield "the index of good-till dates and the orders disagree"


def _countdowns_match_their_index(state: State) -> Iterator[str]:
    running = {
        (holding.countdown_due, account.account_id, symbol)
        for account in state.accounts.values()
        for symbol, holding in account.holdings.items()
        if holding.countdown_due
    }
    if set(state.countdowns) != running:
        yield "the index of countdowns and the accounts disagree"


INVARIANTS: tuple[Callable[[State], Iterator[str]], ...] = (
    _money_is_conserved,
    _positions_sum_to_zero,
    _flat_positions_hold_nothing,
    _isolated_wallets_have_a_position,
    _positions_fit_the_mode,
    _funding_wallets_are_not_negative,
    _dust_is_not_negative,
    _books_are_not_crossed,
    _books_hold_the_open_orders,
    _reduce_only_orders_fit,
    _open_orders_are_summed,
    _client_order_ids_match,
    _locked_accounts_have_no_orders,
    _conditional_client_ids_match,
    _trigger_books_hold_what_waits,
    _waiting_conditionals_are_new,
    _trailing_orders_have_followed,
    _due_conditionals_are_announced,
    _fired_orders_know_each_other,
    _dates_match_their_index,
    _countdowns_match_their_index,
)
