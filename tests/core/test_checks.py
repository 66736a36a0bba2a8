"""Each invariant can fail: corruption planted into a sound venue is found by the check that is meant to find it."""

from collections.abc import Callable

import pytest

from exchange.core import commands as c
from exchange.core.account import Account, Leg, Position
from exchange.core.checks import INVARIANTS, conservation_residue, violations
from exchange.core.conditional import Conditional
from exchange.core.enums import (
    ConditionalStatus,
    ConditionalType,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
    WorkingType,
)
from exchange.core.rules import VenueRules
from exchange.core.state import Market, State
from exchange.core.units import SECOND, Atoms, Lots, Nanos, RateE8, Ticks
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


def waiting_venue() -> Venue:
    """The same, where A has a stop at 101,000 marks, a trailing one, a dated order, a countdown, and a fired one."""
    venue = sound_venue()
    for command in (
        c.PlaceConditional(1, SYMBOL, Side.BUY, ConditionalType.STOP_MARKET, Lots(1), Ticks(101_000), client_id="stop"),
        c.PlaceConditional(
            1, SYMBOL, Side.SELL, ConditionalType.TRAILING_STOP_MARKET, Lots(1), callback_rate=RateE8(10**6)
        ),
        c.PlaceConditional(
            2,
            SYMBOL,
            Side.SELL,
            ConditionalType.TAKE_PROFIT,
            Lots(1),
            Ticks(100_500),
            Ticks(102_000),
            WorkingType.MARK_PRICE,
        ),
        c.PlaceOrder(
            2, SYMBOL, Side.BUY, OrderType.LIMIT, Lots(1), Ticks(99_000), TimeInForce.GTD, good_till=Nanos(601 * SECOND)
        ),
        c.SetCountdown(2, SYMBOL, Nanos(30 * SECOND)),
        c.SetIndexPrice(SYMBOL, Ticks(100_600)),
    ):
        venue.execute(0, command)
    venue.execute(SECOND, c.Tick())
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


def stop_of(state: State) -> Conditional:
    return account_of(state).conditional_client_ids["stop"]


def lock_with_conditionals(state: State) -> None:
    account_of(state).holdings[SYMBOL].orders.clear()
    account_of(state).in_liquidation = True


def forget_a_conditional_client_id(state: State) -> None:
    account_of(state).conditional_client_ids.popitem()


def lose_a_trigger(state: State) -> None:
    market_of(state).triggers.remove(stop_of(state))


def lose_a_trailing_order(state: State) -> None:
    triggers = market_of(state).triggers
    triggers.remove(next(one for one in triggers if one.trails))


def let_a_triggered_one_wait(state: State) -> None:
    stop_of(state).status = ConditionalStatus.TRIGGERED


def lower_the_limit(state: State) -> None:
    state.rules = VenueRules(max_conditionals=1)


def miss_a_price(state: State) -> None:
    trail = next(one for one in market_of(state).triggers if one.trails).trail
    assert trail is not None
    trail.extreme -= 1


def reach_a_trigger(state: State) -> None:
    market_of(state).last_price = 101_000


def announce_for_nothing(state: State) -> None:
    state.firing_due = 5


def mistake_a_fired_order(state: State) -> None:
    fired = next(order for order in state.accounts[2].holdings[SYMBOL].orders.values() if order.conditional)
    fired.order_id += 1


def forget_a_date(state: State) -> None:
    state.good_tills.clear()


def forget_a_countdown(state: State) -> None:
    state.accounts[2].holdings[SYMBOL].countdown_due = 0


WAITING: list[tuple[str, Callable[[State], None], str]] = [
    ("_locked_accounts_have_no_orders", lock_with_conditionals, "is in liquidation and conditional orders wait in"),
    ("_conditional_client_ids_match", forget_a_conditional_client_id, "client ids and waiting conditional orders"),
    ("_trigger_books_hold_what_waits", lose_a_trigger, "the accounts disagree about conditional orders"),
    ("_trigger_books_hold_what_waits", lose_a_trailing_order, "the accounts disagree about conditional orders"),
    ("_waiting_conditionals_are_new", let_a_triggered_one_wait, "does not belong there"),
    ("_waiting_conditionals_are_new", lower_the_limit, "has more conditional orders than it may"),
    ("_trailing_orders_have_followed", miss_a_price, "has missed a price"),
    ("_due_conditionals_are_announced", reach_a_trigger, "a conditional order is due and would not be fired"),
    ("_due_conditionals_are_announced", announce_for_nothing, "firing is due and no conditional order is"),
    ("_fired_orders_know_each_other", mistake_a_fired_order, "is not what a conditional order became"),
    ("_dates_match_their_index", forget_a_date, "the index of good-till dates and the orders disagree"),
    ("_countdowns_match_their_index", forget_a_countdown, "the index of countdowns and the accounts disagree"),
]
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
    assert violations(waiting_venue().state) == []
    assert conservation_residue(state) == 0
    assert leg_of(state).position.quantity == 2


@pytest.mark.parametrize(("name", "plant", "found"), PLANTED, ids=lambda value: getattr(value, "__name__", ""))
def test_planted_corruption_is_found(name: str, plant: Callable[[State], None], found: str) -> None:
    state = sound_venue().state
    plant(state)
    check = next(check for check in INVARIANTS if check.__name__ == name)
    assert any(found in problem for problem in check(state))
    assert any(found in problem for problem in violations(state))


@pytest.mark.parametrize(("name", "plant", "found"), WAITING, ids=lambda value: getattr(value, "__name__", ""))
def test_planted_corruption_of_what_waits_is_found(name: str, plant: Callable[[State], None], found: str) -> None:
    state = waiting_venue().state
    plant(state)
    check = next(check for check in INVARIANTS if check.__name__ == name)
    assert any(found in problem for problem in check(state))
    assert any(found in problem for problem in violations(state))


def test_every_invariant_is_shown_to_fail() -> None:
    assert {name for name, _, _ in (*PLANTED, *WAITING)} == {check.__name__ for check in INVARIANTS}
