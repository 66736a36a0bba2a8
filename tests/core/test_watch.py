"""Whom a margin pass may leave out: against the scan of all accounts, and where the intervals end. Seeds as stated."""

from random import Random

import pytest

from exchange.core import commands as c
from exchange.core.account import FUND_ID, Account, Scope, scopes
from exchange.core.enums import MarginType, OrderType, Side
from exchange.core.liquidation.watch import due_accounts
from exchange.core.margin import max_withdrawable, standing
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


def test_an_account_has_an_interval_anew_from_the_end_of_its_old_one_on() -> None:
    """The interval is cautious, never too wide: at its end it stands, and one tick further it is found again."""
    venue = venue_of_traders(Random(11))
    venue.execute(0, c.SetIndexPrice(SYMBOLS[0], Ticks(START)))
    state, market = venue.state, venue.state.markets[SYMBOLS[0]]
    account = max((each for each in state.accounts.values() if each.quiet), key=lambda each: each.quiet[SYMBOLS[0]][0])
    low = account.quiet[SYMBOLS[0]][0]
    market.mark_price = low
    assert account not in due_accounts(state)
    assert account.quiet[SYMBOLS[0]][0] == low
    market.mark_price = low - 1
    assert account in due_accounts(state) or account.quiet[SYMBOLS[0]][0] < low - 1


def test_whoever_is_touched_keeps_only_intervals_that_still_hold() -> None:
    venue = venue_of_traders(Random(3))
    venue.execute(0, c.SetIndexPrice(SYMBOLS[0], Ticks(START)))
    state = venue.state
    account = left_out(state)[0]
    before = account.quiet
    venue.execute(0, c.Withdraw(account.account_id, Atoms(1)))
    assert account not in due_accounts(state)
    assert account.quiet is before
    venue.execute(0, c.Withdraw(account.account_id, Atoms(max_withdrawable(state, account))))
    assert account in due_accounts(state) or account.quiet is not before
