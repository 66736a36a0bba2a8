"""Each invariant can fail: corruption planted into a sound venue is found by the check that is meant to find it."""

from collections.abc import Callable

import pytest

from exchange.core import commands as c
from exchange.core.account import Account, Leg, Position
from exchange.core.checks import INVARIANTS, conservation_residue, violations
from exchange.core.enums import OrderType, PositionSide, Side, TimeInForce
from exchange.core.rules import VenueRules
from exchange.core.state import Market, State
from exchange.core.units import Atoms, Lots, Ticks
from exchange.core.venue import Venue
from tests.market.notation import read_contract

SYMBOL = "BTCUSDT"


def sound_venue() -> Venue:
    """A is long 2 lots, B short 2; A rests a bid of 1 at 9,990 and a reduce-only ask of 2 at 10,010."""
    venue = Venue(VenueRules(), [read_contract({})])
    venue.execute(0, c.Resume())
    for name in ("A", "B"):
        venue.execute(0, c.CreateAccount(name, Atoms(10**12), Atoms(10**10)))
    venue.execute(0, c.SetIndexPrice(SYMBOL, Ticks(100_000)))
    for account, side, price, quantity, reduce_only in (
        (1, Side.BUY, 100_000, 2, False),
        (2, Side.SELL, 100_000, 2, False),
        (1, Side.BUY, 99_900, 1, False),
        (1, Side.SELL, 100_100, 2, True),
    ):
        venue.execute(
            0,
            c.PlaceOrder(
                account,
                SYMBOL,
                side,
                OrderType.LIMIT,
                Lots(quantity),
                Ticks(price),
                TimeInForce.GTC,
                reduce_only=reduce_only,
            ),
        )
    return venue


def market_of(state: State) -> Market:
    return state.markets[SYMBOL]


def account_of(state: State) -> Account:
    return state.accounts[1]


def leg_of(state: State) -> Leg:
    return account_of(state).leg(SYMBOL)


def lose_a_fee(state: State) -> None:
    state.trading_fees -= 1


def grow_a_position(state: State) -> None:
    leg_of(state).position.quantity += 1


def keep_an_entry_value(state: State) -> None:
    state.fund.leg(SYMBOL).position.entry_value = 1
    state.fund.cross_wallet += 1


def overdraw_the_funding_wallet(state: State) -> None:
    account = account_of(state)
    account.cross_wallet += account.funding_wallet + 1
    account.funding_wallet = -1


def create_atoms(state: State) -> None:
    state.dust -= 1
    state.trading_fees += 1


def cross_the_book(state: State) -> None:
    order = next(iter(next(market_of(state).book.levels(Side.BUY)).orders.values()))
    market_of(state).book.remove(order)
    order.price = 100_100
    market_of(state).book.add(order)


def forget_a_resting_order(state: State) -> None:
    order = next(iter(next(market_of(state).book.levels(Side.BUY)).orders.values()))
    market_of(state).book.remove(order)


def miscount_a_level(state: State) -> None:
    next(market_of(state).book.levels(Side.BUY)).quantity += 1


def fill_a_resting_order(state: State) -> None:
    level = next(market_of(state).book.levels(Side.BUY))
    order = next(iter(level.orders.values()))
    order.filled, level.quantity = order.quantity, 0


def let_a_reduce_only_order_grow(state: State) -> None:
    level = next(market_of(state).book.levels(Side.SELL))
    next(iter(level.orders.values())).quantity += 1
    level.quantity += 1


def forget_a_client_order_id(state: State) -> None:
    account_of(state).client_order_ids.popitem()


def lock_with_open_orders(state: State) -> None:
    account_of(state).in_liquidation = True


def miscount_working_orders(state: State) -> None:
    leg_of(state).working[Side.BUY] += 1


def forget_that_it_only_reduces(state: State) -> None:
    leg_of(state).reduce_only.clear()


def strand_an_isolated_wallet(state: State) -> None:
    leg_of(state).isolated_wallet += 5
    account_of(state).cross_wallet -= 5


def change_the_mode_of_an_open_account(state: State) -> None:
    account_of(state).hedge = True


def turn_a_long_leg_short(state: State) -> None:
    account = account_of(state)
    account.hedge = True
    account.holdings[SYMBOL].legs[PositionSide.LONG] = Leg(PositionSide.LONG, Position(-1))


PLANTED: list[tuple[str, Callable[[State], None], str]] = [
    ("_money_is_conserved", lose_a_fee, "money is not conserved: residue -1 atoms"),
    ("_positions_sum_to_zero", grow_a_position, "longs and shorts differ by 1 lots"),
    ("_flat_positions_hold_nothing", keep_an_entry_value, "account 0 is flat in BTCUSDT but keeps something"),
    ("_isolated_wallets_have_a_position", strand_an_isolated_wallet, "5 atoms are stuck in BTCUSDT BOTH"),
    ("_positions_fit_the_mode", change_the_mode_of_an_open_account, "has something in BTCUSDT BOTH, not of its mode"),
    ("_positions_fit_the_mode", turn_a_long_leg_short, "BTCUSDT LONG has the wrong sign"),
    ("_funding_wallets_are_not_negative", overdraw_the_funding_wallet, "account 1 owes money to its funding wallet"),
    ("_dust_is_not_negative", create_atoms, "rounding has created 1 atoms"),
    ("_books_are_not_crossed", cross_the_book, "the book is crossed, 100100 >= 100100"),
    ("_books_hold_the_open_orders", forget_a_resting_order, "the book and the accounts disagree about open orders"),
    ("_books_hold_the_open_orders", miscount_a_level, "level 99900 has a wrong total"),
    ("_books_hold_the_open_orders", fill_a_resting_order, "level 99900 holds an order that does not belong there"),
    ("_reduce_only_orders_fit", let_a_reduce_only_order_grow, "reduce-only orders in BTCUSDT exceed the position"),
    ("_open_orders_are_summed", miscount_working_orders, "the sum of BUY orders in BTCUSDT is wrong"),
    ("_open_orders_are_summed", forget_that_it_only_reduces, "reduce-only orders in BTCUSDT are listed wrongly"),
    ("_client_order_ids_match", forget_a_client_order_id, "client order ids and open orders disagree"),
    ("_locked_accounts_have_no_orders", lock_with_open_orders, "is in liquidation and has open orders"),
]


def test_a_sound_venue_has_no_violations() -> None:
    state = sound_venue().state
    assert violations(state) == []
    assert conservation_residue(state) == 0
    assert leg_of(state).position.quantity == 2


@pytest.mark.parametrize(("name", "plant", "found"), PLANTED, ids=lambda value: getattr(value, "__name__", ""))
def test_planted_corruption_is_found(name: str, plant: Callable[[State], None], found: str) -> None:
    state = sound_venue().state
    plant(state)
    check = next(check for check in INVARIANTS if check.__name__ == name)
    assert any(found in problem for problem in check(state))
    assert any(found in problem for problem in violations(state))


def test_every_invariant_is_shown_to_fail() -> None:
    assert {name for name, _, _ in PLANTED} == {check.__name__ for check in INVARIANTS}
