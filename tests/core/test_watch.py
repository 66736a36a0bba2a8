"""Whom a margin pass may leave out: against the scan of all accounts, and where the intervals end. Seeds as stated."""

from random import Random

import pytest

from exchange.core import commands as c
from exchange.core.account import FUND_ID, Account, Scope, scopes
from exchange.core.enums import MarginType, OrderType, Side
from exchange.core.liquidation.watch import due_accounts
from exchange.core.margin import standing
from exchange.core.rules import VenueRules
from exchange.core.state import State
from exchange.core.units import RATE_ONE, Atoms, Lots, Ticks
from exchange.core.venue import Venue
from tests.market.notation import read_contract

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
START = 100_000  # ticks, of every index
TRADERS = 24


def something_happens_to(state: State, scope: Scope) -> bool:
    """Tell, as the scan of all accounts would, whether a scope is to be called, liquidated, released or armed again."""
    balance, required = standing(state, scope)
    call = required > 0 and required * RATE_ONE >= state.rules.margin_call_ratio * balance
    armed = required == 0 or required * RATE_ONE < state.rules.margin_call_rearm * balance
    falls = balance < 0 or (required > 0 and balance <= required)
    return falls or scope.in_liquidation or (armed if scope.margin_called else call)


def left_out(state: State) -> list[Account]:
    due = {account.account_id for account in due_accounts(state)}
    return [account for number, account in state.accounts.items() if number not in due and number != FUND_ID]


def venue_of_traders(random: Random) -> Venue:
    """A venue whose traders hold leveraged positions in up to three contracts, cross and isolated."""
    contracts = [read_contract({"symbol": symbol, "band_up": "10", "band_down": "0"}) for symbol in SYMBOLS]
    venue = Venue(VenueRules(), contracts)
    venue.execute(0, c.Resume())
    for number in range(TRADERS):
        venue.execute(0, c.CreateAccount(f"t{number}", Atoms(random.randint(500, 20_000) * 10**8)))
    for symbol in SYMBOLS:
        venue.execute(0, c.SetIndexPrice(symbol, Ticks(START)))
    for number in range(1, TRADERS + 1, 2):
        for symbol in SYMBOLS:
            kind = random.choice(tuple(MarginType))
            venue.execute(0, c.SetMarginType(number, symbol, kind))
            lots = Lots(random.randint(1, 1_000))
            for account, side in ((number, Side.BUY), (number + 1, Side.SELL)):
                venue.execute(0, c.PlaceOrder(account, symbol, side, OrderType.LIMIT, lots, Ticks(START)))
    return venue


@pytest.mark.parametrize("seed", range(5))
def test_nothing_happens_to_whom_a_pass_leaves_out(seed: int) -> None:
    random = Random(seed)
    venue, ever_left_out = venue_of_traders(random), 0
    marks = dict.fromkeys(SYMBOLS, START)
    for _ in range(60):
        symbol = random.choice(SYMBOLS)
        marks[symbol] += random.randint(-1, 1) * random.choice((1, 50, 700, 4_000))
        venue.execute(0, c.SetIndexPrice(symbol, Ticks(marks[symbol])))
        apart = left_out(venue.state)
        ever_left_out += len(apart)
        for account in apart:
            assert not any(something_happens_to(venue.state, scope) for scope in scopes(account))
    assert ever_left_out > 60


def test_an_account_is_looked_at_from_the_end_of_its_interval_on() -> None:
    """The interval is cautious, never too wide: at its end nothing happens, and one tick further it is looked at."""
    random = Random(11)
    venue = venue_of_traders(random)
    venue.execute(0, c.SetIndexPrice(SYMBOLS[0], Ticks(START)))
    state = venue.state
    low, account_id = state.markets[SYMBOLS[0]].quiet_lows[-1]
    state.markets[SYMBOLS[0]].mark_price = low
    assert account_id not in {account.account_id for account in due_accounts(state)}
    state.markets[SYMBOLS[0]].mark_price = low - 1
    assert account_id in {account.account_id for account in due_accounts(state)}


def test_whoever_is_touched_is_looked_at() -> None:
    venue = venue_of_traders(Random(3))
    venue.execute(0, c.SetIndexPrice(SYMBOLS[0], Ticks(START)))
    quiet = left_out(venue.state)[0]
    venue.execute(0, c.Withdraw(quiet.account_id, Atoms(1)))
    assert quiet in due_accounts(venue.state)
