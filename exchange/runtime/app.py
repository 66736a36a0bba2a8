"""What a served venue consists of, built from its settings: journal, venue, projections, keys, the single writer.

It opens no socket; the gateway is given an `App`.
"""

import sqlite3
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from exchange.core.commands import Command
from exchange.core.contract import VenueRules
from exchange.core.events import Event
from exchange.core.venue import Venue
from exchange.journal.errors import HeaderMismatchError
from exchange.journal.header import Header
from exchange.journal.recovery import Applied, Listener, recover
from exchange.journal.store import JOURNAL_NAME, Journal, create
from exchange.projections.history import History
from exchange.projections.liquidations import Liquidations
from exchange.projections.market_data import MarketData
from exchange.runtime.clock import Clock, WallClock
from exchange.runtime.feeds.player import IndexFeed
from exchange.runtime.keys import KEYS_NAME, KeyStore
from exchange.runtime.sequencer import OnFatal, Sequencer, exit_process
from exchange.runtime.settings import DEFAULTS_RECORDED, Settings, read_contracts

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
    feed: IndexFeed | None = None  # set by whoever plays index prices into the venue

    async def start(self) -> None:
        """Let the venue run on this loop: it resumes, and from now on takes commands."""
        await self.sequencer.start()

    async def close(self) -> None:
        """Take no more commands, wait until all is durable, close the files and let the data folder go."""
        await self.sequencer.stop()
        self.history.close()
        self.journal.close()


def open_app(settings: Settings, clock: Clock | None = None, on_fatal: OnFatal = exit_process) -> App:
    """Begin or recover the venue of `settings.data_folder` and build everything around it.

    Raises SettingsError, KeysError, or a JournalError (DataFolderLockedError, HeaderMismatchError, ...).
    """
    folder = settings.data_folder
    if not (folder / JOURNAL_NAME).exists():
        create(folder, _wanted_header(settings, None))
    with ExitStack() as opened:
        journal = opened.enter_context(Journal(folder, settings.durability))
        differences = journal.header.differences(_wanted_header(settings, journal.header))
        if differences:
            raise HeaderMismatchError(journal.path, differences)
        keys = KeyStore(folder / KEYS_NAME)
        market_data = MarketData(journal.header.contracts)
        history = opened.enter_context(closing(_open_history(folder / HISTORY_NAME, journal.last_seq())))
        liquidations = Liquidations(journal.header.rules.fund_seed)
        listener = _folding([market_data, history, liquidations])
        recovered = recover(journal, [listener])
        clock = clock or WallClock()
        sequencer = Sequencer(recovered, clock, on_fatal)
        sequencer.subscribe(listener)
        opened.pop_all()
    return App(
        settings=settings.resolved(journal.header.settings),
        data_folder=folder,
        venue=recovered.venue,
        journal=journal,
        sequencer=sequencer,
        clock=clock,
        keys=keys,
        market_data=market_data,
        history=history,
        liquidations=liquidations,
        admin_token=keys.admin_token,
    )


def _open_history(path: Path, journal_seq: int) -> History:
    """Open the derived file; one that is damaged, or knows what the journal does not, is made anew by the recovery.

    The latter happens when the journal was removed, or lost its tail in a power cut under relaxed durability.
    """
    try:
        history = History(path)
        if history.seq <= journal_seq:
            return history
        history.close()
        reason = f"it is at sequence number {history.seq}, the journal at {journal_seq}"
    except sqlite3.DatabaseError as error:
        reason = str(error)
    sys.stderr.write(f"margincall: {path} is made anew from the journal: {reason}\n")
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return History(path)


class _Projection(Protocol):
    def fold(self, seq: int, ts: int, command: Command, events: Sequence[Event]) -> None: ...


def _folding(projections: Sequence[_Projection]) -> Listener:
    def fold(batch: Sequence[Applied]) -> None:
        for applied in batch:
            for projection in projections:
                projection.fold(applied.seq, applied.ts, applied.command, applied.events)

    return fold


def _wanted_header(settings: Settings, begun: Header | None) -> Header:
    """Return the header that the settings ask for; what they leave open is as it was begun, or the default."""
    if begun is None:
        begun = Header(VenueRules(), (), DEFAULTS_RECORDED)
    return Header(
        rules=settings.rules or begun.rules,
        contracts=read_contracts(settings.contracts) if settings.contracts or not begun.contracts else begun.contracts,
        settings={**begun.settings, **settings.recorded()},
    )
