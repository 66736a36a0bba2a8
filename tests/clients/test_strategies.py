"""The pure parts of the house bots: ladders, stress, the size of a bet."""

from random import Random

import pytest

from clients.bots.house import BETS
from clients.bots.leveraged import LATER_LEVERAGES, LATER_STAKES_MAX, entry_quantity, later_bet
from clients.bots.maker import STRESS_MAX, MakerStyle, ladder, stress
from clients.bots.market import Quote
from exchange.core.units import ATOMS_PER_QUOTE
from exchange.runtime.settings import read_contracts

STYLE = MakerStyle((2.0, 4.0), (1.0, 2.0), 10.0, 10.0)


@pytest.fixture
def quote() -> Quote:
    return Quote("BTCUSDT", "0.10", "0.001", mark=100_000, index=100_000, bid=99_990, ask=100_010)


def test_a_flat_calm_maker_quotes_around_the_index(quote: Quote) -> None:
    levels = ladder(STYLE, quote, 0, 0)
    assert [(level.slot, level.side, level.quantity) for level in levels] == [
        ("b0", "BUY", 1.0),
        ("a0", "SELL", 1.0),
        ("b1", "BUY", 2.0),
        ("a1", "SELL", 2.0),
    ]
    assert [level.price for level in levels] == pytest.approx([99_980, 100_020, 99_960, 100_040])


def test_inventory_leans_the_quotes_against_it_and_its_limit_withdraws_a_side(quote: Quote) -> None:
    flat, long, full = (ladder(STYLE, quote, inventory, 0) for inventory in (0, 5, 10))
    assert long[0].price < flat[0].price
    assert long[1].price < flat[1].price
    assert [level.quantity for level in full] == [0, 1.0, 0, 2.0]
    assert [level.quantity for level in ladder(STYLE, quote, -12, 0)] == [1.0, 0, 2.0, 0]


def test_stress_widens_and_thins_the_quotes(quote: Quote) -> None:
    assert [stress(move) for move in (0, 45, -45, 1e6, -1e6)] == [0, 0, 0, STRESS_MAX, STRESS_MAX]
    assert 0 < stress(-100) < STRESS_MAX
    calm, shocked = ladder(STYLE, quote, 0, 0), ladder(STYLE, quote, 0, STRESS_MAX)
    assert shocked[0].price < calm[0].price
    assert shocked[0].quantity == calm[0].quantity / (1 + STRESS_MAX)


def test_quotes_do_not_cross_the_touch(quote: Quote) -> None:
    quote.index = 101_000  # the index ran up; the book has not followed
    bids = [level.price for level in ladder(STYLE, quote, 0, 0) if level.side == "BUY"]
    assert bids == pytest.approx([100_009.9, 100_009.8])


def test_moves_are_measured_over_mark_events(quote: Quote) -> None:
    for price in ("100000", "100500", "101000"):
        quote.apply({"e": "markPriceUpdate", "p": price, "i": price})
    assert quote.move_bp(2) == pytest.approx(100)
    assert quote.move_bp(1) == pytest.approx(49.75, abs=0.01)
    assert quote.move_bp(99) == pytest.approx(100)


@pytest.mark.parametrize("leverage", [10, 20, 50, 100])
def test_a_bet_leaves_room_for_its_costs(leverage: int) -> None:
    notional = entry_quantity(1_000, leverage, 50_000) * 50_000
    assert notional / leverage + 0.0015 * notional == pytest.approx(900)


def test_a_later_bet_has_fresh_leverage_and_a_stake_that_the_brackets_carry() -> None:
    chance = Random(4)
    brackets = {contract.symbol: contract.brackets for contract in read_contracts(())}
    for _name, symbol, first in BETS:
        later = [later_bet(first, chance) for _ in range(60)]
        assert {bet.leverage for bet in later} == set(LATER_LEVERAGES) == set(LATER_STAKES_MAX)
        assert {(bet.side, bet.careful) for bet in later} == {(first.side, first.careful)}
        for bet in later:
            notional = entry_quantity(bet.stake_quote, bet.leverage, 50_000) * 50_000
            cap = max(row.cap for row in brackets[symbol] if row.max_leverage >= bet.leverage) / ATOMS_PER_QUOTE
            assert bet.stake_quote <= first.stake_quote
            assert notional <= cap
