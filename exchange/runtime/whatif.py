"""The commands of a journal under other liquidation engines: what would have happened. It writes nothing.

The traders are those of the record: they do not answer to what is different. So a command that the recorded venue
refused is not asked again, and an order that is named by its id is the one that the same command placed. Time runs by
itself: the ticks are those that the other engine wants. Coupled, the index follows the contract's own flow of each
run, as a coupled feed would have let it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from exchange.core.account import FUND_ID
from exchange.core.commands import AmendOrder, CancelOrder, Command, PlaceOrder, Resume, SetIndexPrice, Tick
from exchange.core.enums import Execution
from exchange.core.events import (
    Deleveraged,
    Event,
    FundShortfall,
    LossShared,
    MarkPriceSet,
    OrderUpdated,
    PositionLiquidated,
    Rejected,
    TradePrinted,
)
from exchange.core.policies.presets import EngineRules
from exchange.core.units import INT63_MAX, Ticks
from exchange.core.venue import Venue
from exchange.journal.codec import decode_entries
from exchange.journal.header import Header
from exchange.journal.policies import policy_of
from exchange.journal.store import JournalReader
from exchange.runtime.feeds.coupling import CoupledReplay
from exchange.runtime.settings import SettingsError


class MarkPath(msgspec.Struct, frozen=True):
    """Where the mark of a contract went, in ticks; `fall` is the largest part of a peak that it lost afterwards."""

    first: int
    lowest: int
    last: int
    fall: float


class WhatIf(msgspec.Struct, frozen=True):
    """What one run came to. Money in atoms.

    `fund_change` is what the fund's balance moved by; `open_orders` are those that traders have at the end.
    """

    marks: dict[str, MarkPath]
    liquidations: int
    deleveragings: int
    victims: int
    fund_change: int
    shortfall: int
    losses_shared: int
    open_orders: int


@dataclass(slots=True)
class _Mark:
    first: int
    peak: int = 0
    lowest: int = INT63_MAX
    last: int = 0
    fall: float = 0.0

    def take(self, mark: int) -> None:
        self.peak, self.lowest, self.last = max(self.peak, mark), min(self.lowest, mark), mark
        self.fall = max(self.fall, (self.peak - mark) / self.peak)

    def path(self) -> MarkPath:
        return MarkPath(self.first, self.lowest, self.last, self.fall)


@dataclass(slots=True)
class _Tally:
    marks: dict[str, _Mark] = field(default_factory=dict)
    flow: dict[str, int] = field(default_factory=dict)  # taker flow since the last index price, atoms
    liquidations: int = 0
    deleveragings: int = 0
    victims: set[int] = field(default_factory=set)
    shortfall: int = 0
    losses_shared: int = 0


def whatif(data: Path, engines: Sequence[EngineRules], *, coupled: bool = False) -> list[WhatIf]:
    """Run the commands of the journal of folder `data` under each of these engines, all beside the recorded venue.

    Raises a JournalError when the journal cannot be read, is of another core revision, or a policy cannot be had, and
    SettingsError for coupling what was recorded coupled.
    """
    with JournalReader(data) as journal:
        journal.require_revision()
        header = journal.header
        if coupled and header.settings.get("coupled") == "true":
            msg = "--coupled: the index of this journal was recorded with its coupling; record it without --coupled"
            raise SettingsError(msg)
        recorded = _venue(header, header.rules.engine)
        runs = [_Run(header, engine, coupled=coupled) for engine in engines]
        for batch in journal.batches():
            for ts, command in decode_entries(batch.entries):
                recorded_events = recorded.execute(ts, command)
                for run in runs:
                    run.step(ts, command, recorded_events)
    return [run.result() for run in runs]


def _venue(header: Header, engine: EngineRules) -> Venue:
    """Return a venue as it was recorded, but for its engine."""
    rules = msgspec.structs.replace(header.rules, engine=engine)
    return Venue(rules, header.contracts, policy_of(rules))


class _Run:
    """One other venue. What happened in the recorded one tells which of its orders a command meant."""

    def __init__(self, header: Header, engine: EngineRules, *, coupled: bool) -> None:
        self._venue = _venue(header, engine)
        self._coupling = CoupledReplay(header.contracts) if coupled else None
        self._order_ids: dict[int, int] = {}  # of the record -> of this run
        self._tally = _Tally()

    def step(self, ts: int, command: Command, recorded_events: Sequence[Event]) -> None:
        """Do one recorded command, after the ticks that have fallen due here."""
        if not isinstance(command, Resume):  # after an outage that is what comes first
            while self._venue.next_due <= ts:
                self._fold(self._venue.execute(self._venue.next_due, Tick()))
        refused = any(isinstance(event, Rejected) for event in recorded_events)
        translated = None if refused or isinstance(command, Tick) else self._translated(ts, command)
        if translated is None:
            return
        events = self._venue.execute(ts, translated)
        if isinstance(command, PlaceOrder):
            recorded_id, own_id = _placed_id(recorded_events), _placed_id(events)
            if recorded_id is not None and own_id is not None:
                self._order_ids[recorded_id] = own_id
        self._fold(events)

    def result(self) -> WhatIf:
        """Return what the run came to."""
        tally, state = self._tally, self._venue.state
        return WhatIf(
            marks={symbol: mark.path() for symbol, mark in tally.marks.items()},
            liquidations=tally.liquidations,
            deleveragings=tally.deleveragings,
            victims=len(tally.victims),
            fund_change=state.fund.cross_wallet - state.rules.fund_seed,
            shortfall=tally.shortfall,
            losses_shared=tally.losses_shared,
            open_orders=sum(
                len(account.client_order_ids) for account in state.accounts.values() if account is not state.fund
            ),
        )

    def _translated(self, ts: int, command: Command) -> Command | None:
        """Return a command as this run needs it; None: its order was never placed here."""
        if isinstance(command, (CancelOrder, AmendOrder)) and command.order_id:
            order_id = self._order_ids.get(command.order_id)
            return None if order_id is None else msgspec.structs.replace(command, order_id=order_id)
        if isinstance(command, SetIndexPrice) and self._coupling is not None:
            flow = self._tally.flow.pop(command.symbol, 0)
            price = Ticks(self._coupling(command.symbol, command.price, ts, flow))
            return msgspec.structs.replace(command, price=price)
        return command

    def _fold(self, events: Sequence[Event]) -> None:
        tally = self._tally
        for event in events:
            match event:
                case MarkPriceSet():
                    tally.marks.setdefault(event.symbol, _Mark(event.mark_price)).take(event.mark_price)
                case TradePrinted():
                    contract = self._venue.state.markets[event.symbol].contract
                    flow = event.taker_side * contract.notional(event.price, event.quantity)
                    tally.flow[event.symbol] = tally.flow.get(event.symbol, 0) + flow
                case PositionLiquidated():
                    tally.liquidations += 1
                case Deleveraged() if event.counterparty_id != FUND_ID:
                    tally.deleveragings += 1
                    tally.victims.add(event.counterparty_id)
                case FundShortfall():
                    tally.shortfall += event.amount
                case LossShared():
                    tally.losses_shared += event.paid
                case _:
                    pass


def _placed_id(events: Sequence[Event]) -> int | None:
    """Return the order that a placement made: the first that was new; None when none was."""
    new = (event for event in events if isinstance(event, OrderUpdated) and event.execution is Execution.NEW)
    return next((event.order.order_id for event in new), None)
