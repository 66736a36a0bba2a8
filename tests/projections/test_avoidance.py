"""What would have avoided a liquidation, proven by running the venue again: one atom less, or one leverage more."""

from collections.abc import Callable

import pytest

from exchange.core.commands import SetLeverage, Withdraw
from exchange.core.enums import MarginType
from exchange.core.events import AccountLocked
from exchange.core.margin import falls_short
from exchange.core.units import ATOMS_PER_QUOTE, Atoms
from exchange.projections.avoidance import highest_leverage, smallest_deposit
from tests.projections.stand import BTC, ETH, PRICE, Stand, locked

LOTS = 1_300
Story = Callable[[int, int, int], AccountLocked | None]


def isolated(sign: int) -> Story:
    """Return a story of an isolated position, long or short: (leverage, atoms added, ticks the mark moves)."""

    def run(leverage: int, added: int, ticks: int) -> AccountLocked | None:
        stand = Stand()
        maker, trader = stand.rich(), stand.account(10_000 * ATOMS_PER_QUOTE, leverage, MarginType.ISOLATED)
        stand.trade(*((trader, maker) if sign > 0 else (maker, trader)), LOTS)
        stand.add(trader, added, BTC)
        return locked(stand.price(PRICE - sign * ticks), trader)

    return run


def raised(leverage: int, added: int, ticks: int) -> AccountLocked | None:
    """Play an isolated long whose owner chooses the highest leverage once it is open: its wallet stays as it was."""
    stand = Stand()
    maker, trader = stand.rich(), stand.account(10_000 * ATOMS_PER_QUOTE, leverage, MarginType.ISOLATED)
    stand.trade(trader, maker, LOTS)
    stand.do(SetLeverage(trader, BTC, 50))
    stand.add(trader, added, BTC)
    return locked(stand.price(PRICE - ticks), trader)


def cross(leverage: int, added: int, ticks: int) -> AccountLocked | None:
    """Play a cross account long in one contract and short in another, with just the margin of its leverage.

    What each contract reserves is rounded up by itself: an atom more is there for the trades, and leaves again.
    """
    stand = Stand()
    margin = -(-(LOTS + 700) * ATOMS_PER_QUOTE // leverage)
    maker, trader = stand.rich(), stand.account(margin + 1, leverage)
    stand.trade(trader, maker, LOTS)
    stand.trade(maker, trader, 700, symbol=ETH)
    stand.do(SetLeverage(trader, BTC, 50))
    stand.do(Withdraw(trader, Atoms(1)))
    stand.add(trader, added)
    assert locked(stand.price(PRICE - ticks // 4, ETH), trader) is None
    return locked(stand.price(PRICE - ticks), trader)


STORIES = [("long", isolated(1)), ("short", isolated(-1)), ("raised", raised), ("cross", cross)]


@pytest.mark.parametrize(("name", "run"), STORIES)
@pytest.mark.parametrize("leverage", [20, 33])
def test_the_smallest_deposit_is_enough_and_an_atom_less_is_not(name: str, run: Story, leverage: int) -> None:
    ticks = 1_000
    found = run(leverage, 0, ticks)
    assert found is not None
    deposit = smallest_deposit(found.equity, found.maintenance_margin)
    assert deposit > 0
    assert run(leverage, deposit, ticks) is None
    assert run(leverage, deposit - 1, ticks) is not None


@pytest.mark.parametrize(("name", "run"), STORIES)
@pytest.mark.parametrize("ticks", [200, 333, 500, 2_500])
def test_the_highest_leverage_is_low_enough_and_one_more_is_not(name: str, run: Story, ticks: int) -> None:
    stand = Stand()
    contracts = {contract.symbol: contract for contract in stand.contracts}
    most = min(contract.max_leverage for contract in stand.contracts)
    found = run(most, 0, ticks)
    assert found is not None
    leverage = highest_leverage(found, contracts)
    assert 0 < leverage < most
    assert run(leverage, 0, ticks) is None
    assert run(leverage + 1, 0, ticks) is not None


def test_the_leverage_that_is_chosen_after_entry_and_margin_that_is_added_change_nothing() -> None:
    """A long that was entered at 10 and fell by 9.9 %, 50 chosen or 0.1 % added since: 9 would have done."""
    contracts = {contract.symbol: contract for contract in Stand().contracts}
    added = LOTS * ATOMS_PER_QUOTE // 1_000
    for run, more in ((isolated(1), 0), (raised, 0), (isolated(1), added), (raised, added)):
        found = run(10, more, 990)
        assert found is not None
        assert highest_leverage(found, contracts) == 9


def test_no_leverage_is_low_enough_for_a_loss_of_more_than_the_position() -> None:
    """A short of 1.3 at 1000 that is bought back at 2000 loses 1300, all that it was entered for."""
    found = isolated(-1)(20, 0, PRICE)
    assert found is not None
    contracts = {contract.symbol: contract for contract in Stand().contracts}
    assert highest_leverage(found, contracts) == 0


def test_without_positions_only_a_debt_is_liquidated() -> None:
    assert [falls_short(equity, 0) for equity in (-1, 0, 1)] == [True, False, False]
    assert [falls_short(equity, 7) for equity in (6, 7, 8)] == [True, True, False]
    assert [smallest_deposit(equity, 0) for equity in (-2, 0)] == [2, 0]
    assert [smallest_deposit(equity, 7) for equity in (6, 7, 8)] == [2, 1, 0]
