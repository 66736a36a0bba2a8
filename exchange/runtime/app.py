"""What a served venue consists of, built from its settings: journal, venue, projections, keys, the single writer.

It opens no socket; the gateway is given an `App`.
"""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from exchange.core.commands import Command
from exchange.core.events import Event
from exchange.core.rules import VenueRules
from exchange.core.units import MILLISECOND
from exchange.core.venue import Venue
from exchange.journal.errors import HeaderMismatchError
from exchange.journal.header import Header
from exchange.journal.recovery import Applied, Recovered, recover
from exchange.journal.store import JOURNAL_NAME, Journal, create
from exchange.projections.derived import DamagedFileError, remove
from exchange.projections.history import History
from exchange.projections.liquidations import Liquidations
from exchange.projections.market_data import MarketData
from exchange.runtime.clock import Clock, WallClock
from exchange.runtime.engines import read_engine
from exchange.runtime.feeds.player import IndexFeed
from exchange.runtime.keys import KEYS_NAME, KeyStore, refuse_left_keys
from exchange.runtime.sequencer import OnFatal, Sequencer, exit_process
from exchange.runtime.settings import DEFAULTS_RECORDED, Settings, read_contracts
from exchange.runtime.usage import Usage

HISTORY_NAME = "history.sqlite"


@dataclass(slots=True)
class App:
    """A venue that can be served. Before `start` it takes no command; after `close` its data folder is free."""

    settings: Settings  # with what the journal recorded filled in
    data_folder: Path
    venue: Venue
    journal: Journal
    sequencer: Sequencer
    clock: Clock
    keys: KeyStore
    market_data: MarketData
    history: History
    liquidations: Liquidations
    admin_token: str
    usage: Usage  # what clients used since it was opened
    feed: IndexFeed | None = None  # set by whoever plays index prices into the venue

    async def start(self) -> None:
        """Let the venue run on this loop: it resumes, and from now on takes commands."""
        await self.sequencer.start()

    async def close(self) -> None:
        """Take no more commands, wait until all is durable, close the files and let the data folder go.

        Raises DerivedFileError when the history cannot be written; all is closed all the same.
        """
        await self.sequencer.stop()
        try:
            self.history.close()
        finally:
            self.journal.close()


def open_app(settings: Settings, clock: Clock | None = None, on_fatal: OnFatal = exit_process) -> App:
    """Begin or recover the venue of `settings.data_folder` and build everything around it.

    Raises SettingsError, KeysError, a JournalError (DataFolderLockedError, HeaderMismatchError, PolicyError, ...), or
    DerivedFileError when the history cannot be written.
    """
    folder = settings.data_folder
    if not (folder / JOURNAL_NAME).exists():
        refuse_left_keys(folder / KEYS_NAME)  # before a new journal is written, which they could not belong to
        create(folder, _wanted_header(settings, None))
    with ExitStack() as opened:
        journal = opened.enter_context(Journal(folder, settings.durability))
        differences = journal.header.differences(_wanted_header(settings, journal.header))
        if differences:
            raise HeaderMismatchError(journal.path, differences)
        keys = KeyStore(folder / KEYS_NAME, journal.venue_id)
        recovered, folds = _recover(journal, folder / HISTORY_NAME)
        opened.callback(folds.history.abandon)
        keys.keep_only(recovered.venue.state.accounts)
        clock = clock or WallClock()
        sequencer = Sequencer(recovered, clock, on_fatal)
        sequencer.subscribe(folds.listen)
        opened.pop_all()
    return App(
        settings=settings.resolved(journal.header.settings),
        data_folder=folder,
        venue=recovered.venue,
        journal=journal,
        sequencer=sequencer,
        clock=clock,
        keys=keys,
        market_data=folds.market_data,
        history=folds.history,
        liquidations=folds.liquidations,
        admin_token=keys.admin_token,
        usage=Usage(clock.wall() // MILLISECOND),
    )


class _Projection(Protocol):
    def fold(self, seq: int, ts: int, command: Command, events: Sequence[Event]) -> None: ...


class _Folds:
    """Everything that is folded from the journal: at the recovery, then live."""

    def __init__(self, header: Header, history: History) -> None:
        self.market_data = MarketData(header.contracts)
        self.history = history
        self.liquidations = Liquidations(header.contracts, header.rules.fund_seed)
        self._all: tuple[_Projection, ...] = (self.market_data, self.history, self.liquidations)

    def listen(self, batch: Sequence[Applied]) -> None:
        """Fold a batch."""
        for applied in batch:
            for projection in self._all:
                projection.fold(applied.seq, applied.ts, applied.command, applied.events)


def _recover(journal: Journal, history_path: Path) -> tuple[Recovered, _Folds]:
    """Replay the journal into a venue and all projections; a history that is damaged is made anew by it.

    So is one that knows what the journal does not: the journal was removed, or lost its tail in a power cut under
    relaxed durability.
    """
    try:
        history = History(history_path, journal.venue_id)
        known, journal_seq = history.seq, journal.last_seq()
        if known <= journal_seq:
            return _fold_all(journal, history)
        history.abandon()
        reason = f"it is at sequence number {known}, the journal at {journal_seq}"
    except DamagedFileError as error:
        reason = error.reason
    sys.stderr.write(f"margincall: {history_path} is made anew from the journal: {reason}\n")
    remove(history_path)
    return _fold_all(journal, History(history_path, journal.venue_id))


def _fold_all(journal: Journal, history: History) -> tuple[Recovered, _Folds]:
    """Recover, and write all of the history: damage shows now, where it can be made anew. Raises what these raise."""
    try:
        folds = _Folds(journal.header, history)
        recovered = recover(journal, [folds.listen])
        history.flush()
    except BaseException:
        history.abandon()
        raise
    return recovered, folds


def _wanted_header(settings: Settings, begun: Header | None) -> Header:
    """Return the header that the settings ask for; what they leave open is as it was begun, or the default."""
    if begun is None:
        begun = Header(VenueRules(), (), DEFAULTS_RECORDED)
    rules = settings.rules or begun.rules
    return Header(
        rules=rules if settings.policy is None else replace(rules, engine=read_engine(settings.policy)),
        contracts=read_contracts(settings.contracts) if settings.contracts or not begun.contracts else begun.contracts,
        settings={**begun.settings, **settings.recorded()},
    )
