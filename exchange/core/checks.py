"""What is always true of a venue, each as one function that returns what is wrong, or nothing. For tests and health."""

from collections.abc import Callable, Iterator

from exchange.core.admission import locked
from exchange.core.enums import PositionSide, Side
from exchange.core.matching import closing_room, reduce_only_orders
from exchange.core.state import State


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
)
