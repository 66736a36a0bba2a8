"""The files of liquidations over random lives: what they tell adds up to what the venue did. Seeds 1 to 8."""

import pytest

from exchange.core.account import FUND_ID
from exchange.core.commands import Command
from exchange.core.events import AccountUpdated, Event
from exchange.core.venue import Venue
from exchange.projections.case_files import Liquidation
from exchange.projections.liquidations import Liquidations
from tests.simulation.life import live

COMMANDS = 400


def told(seed: int) -> tuple[Venue, Liquidations]:
    """Live the life of a seed, and replay it beside the tapes; what the fund holds agrees after every command."""
    life = live(seed, COMMANDS)
    venue = Venue(life.knobs.rules, life.knobs.contracts, life.knobs.policy)
    tapes = Liquidations(life.knobs.contracts, life.knobs.rules.fund_seed)
    for seq, (ts, command) in enumerate(life.journal, 1):
        play(venue, tapes, seq, ts, command)
        held = {symbol: holding.legs for symbol, holding in venue.state.fund.holdings.items()}
        for symbol, inventory in tapes.causes.inventories.items():
            assert inventory.quantity == sum(leg.position.quantity for leg in held[symbol].values()), (seq, symbol)
    return venue, tapes


def play(venue: Venue, tapes: Liquidations, seq: int, ts: int, command: Command) -> None:
    """Execute a command and fold it; what changes the fund's wallet is explained, and what is left open is there."""
    events: list[Event] = list(venue.execute(ts, command))
    before = len(tapes.fund)
    tapes.fold(seq, ts, command, events)
    changes = [event for event in events if isinstance(event, AccountUpdated) and event.account_id == FUND_ID]
    rows = [row for row in list(tapes.fund)[before:] if row.kind in {change.reason.value for change in changes}]
    assert sum(row.change for row in rows) == sum(change.balance_change for change in changes)
    last = {}
    for found in tapes.liquidations:
        if found.seq == seq and found.event is not None:
            last[found.event.account_id, found.symbol, found.event.position_side] = found
    for (account_id, symbol, side), found in last.items():
        assert found.left_open == abs(venue.state.accounts[account_id].leg(symbol, side).position.quantity), found
    for row in rows:
        if row.kind in {"ORDER", "DELEVERAGING"}:
            assert row.liquidation_ids, row


def check(found: Liquidation, tapes: Liquidations) -> None:
    """Check one file by itself and against its parent's."""
    event, episode = found.event, found.episode
    assert event is not None
    assert episode is not None
    assert sum(fill.quantity for fill in found.fills) == event.filled_quantity
    assert found.fees == event.fee
    assert found.left_open >= 0
    assert 0 <= found.unwound <= found.taken_over
    assert found.deleveraged_lots + found.exhausted <= event.queued_quantity
    if event.queued_quantity:
        assert found.taken_over + event.filled_quantity + event.queued_quantity == abs(event.quantity)
    if found.parent_id is not None:
        parent = tapes.causes.find(found.parent_id)
        assert parent is not None
        assert parent.liquidation_id < found.liquidation_id
        assert found.link[1:] == (parent.link.cascade_id, parent.link.generation + 1)
    else:
        assert found.link.generation == 0
        assert found.link.cascade_id <= found.liquidation_id


@pytest.mark.parametrize("seed", range(1, 9))
def test_what_the_files_tell_adds_up(seed: int) -> None:
    venue, tapes = told(seed)
    if tapes.fund:
        assert tapes.fund[-1].balance == venue.state.fund.wallet_balance
    for found in tapes.liquidations:
        check(found, tapes)
    ids = [found.liquidation_id for found in tapes.liquidations]
    assert ids == sorted(ids)
