"""The golden journal: a recorded life that must replay to the same hashes for ever, on every interpreter.

Whoever changes what a recorded command does must raise CORE_REVISION and make it anew (`make_golden.py`).
"""

import typing
from pathlib import Path

import pytest

from exchange.core.checks import conservation_residue, violations
from exchange.core.commands import Command, Resume
from exchange.core.enums import ConditionalStatus, ConditionalType, MarginMove, MarginType
from exchange.core.events import (
    ConditionalUpdated,
    DeleveragingExhausted,
    DrawdownChanged,
    Event,
    FundingSettled,
    FundShortfall,
    IsolatedMarginMoved,
    LossShared,
    OrderUpdated,
    PositionLiquidated,
    Resumed,
    UnwindingStopped,
    VaultUnderwater,
)
from exchange.journal.recovery import Applied, recover
from exchange.journal.store import Journal, JournalReader
from tests.journal.golden import GOLDEN, copied, expected, main, replayed
from tests.journal.life import RULES, life
from tests.journal.recording import record

SIZE_MAX = 200_000
# What takes another engine, or a fund that is gone; the simulator sees it all.
RARE = {DeleveragingExhausted, DrawdownChanged, FundShortfall, LossShared, UnwindingStopped, VaultUnderwater}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> list[Applied]:
    """Every command of the golden journal, with its events."""
    found: list[Applied] = []
    with Journal(copied(tmp_path_factory.mktemp("golden"))) as journal:
        recovered = recover(journal, [found.extend])
        assert violations(recovered.venue.state) == []
        assert conservation_residue(recovered.venue.state) == 0
    return found


def test_it_replays_to_its_recorded_hashes() -> None:
    assert replayed() == expected()
    assert main() == 0


def test_it_is_the_scripted_life(tmp_path: Path) -> None:
    record(tmp_path / "new", life(), rules=RULES)
    copied(tmp_path)
    with JournalReader(tmp_path / "new") as new, JournalReader(tmp_path) as golden:
        assert golden.header == new.header
        assert list(golden.batches()) == list(new.batches())


def test_it_is_small() -> None:
    assert GOLDEN.stat().st_size < SIZE_MAX


def test_every_command_is_in_it(lived: list[Applied]) -> None:
    assert {type(applied.command) for applied in lived} == set(typing.get_args(Command))


def test_nearly_every_event_is_in_it(lived: list[Applied]) -> None:
    found = {type(event) for applied in lived for event in applied.events}
    assert set(typing.get_args(Event)) - found <= RARE


def test_it_holds_what_is_hard(lived: list[Applied]) -> None:
    events = [event for applied in lived for event in applied.events]
    liquidations = [event for event in events if isinstance(event, PositionLiquidated)]
    assert any(event.filled_quantity and event.taken_over_quantity and event.queued_quantity for event in liquidations)
    assert {event.margin_type for event in liquidations} == set(MarginType)
    assert {event.cause for event in events if isinstance(event, IsolatedMarginMoved)} == set(MarginMove)
    assert any(isinstance(event, Resumed) and event.missed_fundings for event in events)
    assert len([event for event in events if isinstance(event, FundingSettled)]) > 10
    unwound = [
        event.order.client_order_id
        for event in events
        if isinstance(event, OrderUpdated) and event.fill is not None and event.order.account_id == 0
    ]
    assert any(name.startswith("unwind-") for name in unwound)
    reasons = {event.expire_reason.name for event in events if isinstance(event, OrderUpdated)}
    assert {"SELF_TRADE", "IOC_REMAINDER", "LIQUIDATION"} <= reasons


def test_it_holds_conditional_orders_of_every_kind_and_end(lived: list[Applied]) -> None:
    events = [event for applied in lived for event in applied.events]
    told = [event.conditional for event in events if isinstance(event, ConditionalUpdated)]
    assert {one.status for one in told} == set(ConditionalStatus)
    assert {one.kind for one in told} == set(ConditionalType)
    late = [applied.events for applied in lived if isinstance(applied.command, Resume)]
    assert any(event for events in late for event in events if isinstance(event, ConditionalUpdated))
    fired = [applied for applied in lived if len(_fired_by(applied)) > 1]
    assert fired, "no firing triggers another"


def _fired_by(applied: Applied) -> list[ConditionalUpdated]:
    told = [event for event in applied.events if isinstance(event, ConditionalUpdated)]
    return [event for event in told if event.conditional.status is ConditionalStatus.TRIGGERED]
