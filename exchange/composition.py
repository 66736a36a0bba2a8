"""A served venue put together: app, candles of the past, gateway, index feed, ready file. It prints nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from exchange.core.commands import CreateAccount
from exchange.core.events import AccountCreated
from exchange.core.units import ATOMS_PER_QUOTE, MILLISECOND, Atoms
from exchange.gateway.server import Serving, serve
from exchange.journal.disk import write_secret
from exchange.journal.store import JOURNAL_NAME, JournalReader
from exchange.projections.bars import INTERVALS
from exchange.runtime.app import App, open_app
from exchange.runtime.feeds.backfill import Playback, history_bars
from exchange.runtime.feeds.player import IndexFeed
from exchange.runtime.feeds.sources import IndexSource, index_source
from exchange.runtime.sequencer import OnFatal, exit_process
from exchange.runtime.settings import DEFAULT_SEED, Settings, SettingsError, read_contracts

READY_NAME = "ready.json"
FIRST_ACCOUNT = CreateAccount(
    "trader", deposit=Atoms(10_000 * ATOMS_PER_QUOTE), funding_deposit=Atoms(5_000 * ATOMS_PER_QUOTE)
)
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  what to call such a host


class ReadyAccount(msgspec.Struct, rename="camel"):
    """An account in the ready file."""

    account_id: int
    api_key: str
    secret_key: str


class ReadyFile(msgspec.Struct, rename="camel"):
    """What a client needs to begin: base URLs, the admin token, the accounts with keys to trade and their secrets."""

    rest: str
    ws: str
    admin_token: str
    accounts: list[ReadyAccount]


@dataclass(frozen=True, slots=True)
class Served:
    """A venue that accepts connections."""

    app: App
    serving: Serving
    feed: IndexFeed
    playing: asyncio.Task[None]
    ready: ReadyFile
    ready_path: Path

    async def wait(self, stop: asyncio.Event, *others: asyncio.Task[None]) -> None:
        """Wait until told to stop. Raises what ended the feed or one of `others`, if that was an error."""
        waiting = asyncio.create_task(stop.wait())
        running: set[asyncio.Task[Any]] = {waiting, self.playing, *others}
        try:
            while not waiting.done():  # a manual feed ends at once: it has nothing to play
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            waiting.cancel()


@asynccontextmanager
async def served(
    settings: Settings, *, any_port: bool = False, on_fatal: OnFatal = exit_process
) -> AsyncIterator[Served]:
    """Serve a venue until the block ends; then everything is durable and the data folder free.

    `any_port`: take a free port when the wanted one is in use. `on_fatal` is told when the venue cannot go on.

    Raises UnknownIndexError or MalformedBarsError for a source that cannot be played and SettingsError for contracts
    that cannot be listed (of a new venue, both before anything is written), SettingsError when there is no key and no
    room for an account, and whatever `open_app` and `serve` raise.
    """
    if settings.index is not None and not (settings.data_folder / JOURNAL_NAME).exists():
        seed = DEFAULT_SEED if settings.seed is None else settings.seed
        index_source(settings.index, read_contracts(settings.contracts), seed)
    app = open_app(settings, on_fatal=on_fatal)
    try:
        source = _source(app)
        await app.start()
        _seed_candles(app, source)
        await _first_account(app)
        contracts = app.journal.header.contracts
        coupled = bool(app.settings.coupled)
        app.feed = feed = IndexFeed(source, app.sequencer, contracts, speed=app.settings.speed, coupled=coupled)
        serving = await _serve(app, any_port=any_port)
        playing = asyncio.create_task(feed.run())
        try:
            ready = _ready(app, serving)
            ready_path = settings.ready_file or app.data_folder / READY_NAME
            write_ready(ready_path, ready)
            yield Served(app, serving, feed, playing, ready, ready_path)
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            await serving.stop()
    finally:
        await app.close()


def write_ready(path: Path, ready: ReadyFile) -> None:
    """Write the ready file as a whole, readable by its owner only: whoever sees it may read all of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_secret(path, msgspec.json.format(msgspec.json.encode(ready), indent=1) + b"\n")


def authority(host: str, port: int) -> str:
    """Return the part of a URL that leads to who listens on this host and port, from this machine."""
    host = ANY_ADDRESS.get(host, host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _source(app: App) -> IndexSource:
    index, seed = app.settings.index, app.settings.seed
    assert index is not None, "the journal's header has an index"
    assert seed is not None, "the journal's header has a seed"
    return index_source(index, app.journal.header.contracts, seed)


def _seed_candles(app: App, source: IndexSource) -> None:
    """Back-fill all candles up to the moment the venue first began, so that each start shows the same past."""
    with JournalReader(app.data_folder) as reader:  # of its own: the writer's thread has the other one
        begun_ms = next(reader.batches()).ts // MILLISECOND  # once a venue has started there is a batch
    for contract in app.journal.header.contracts:
        path = source.paths.get(contract.symbol)
        if path is None:
            continue  # a manual index has no past
        playback = Playback(path, source.start_ns, begun_ms)
        for interval in INTERVALS:
            app.market_data.seed(contract.symbol, interval, history_bars(playback, contract, interval))


async def _first_account(app: App) -> None:
    """Make an account with a key, unless there is one: a venue that nobody may trade on is of no use."""
    if app.keys.all():
        return
    applied = await app.sequencer.submit(FIRST_ACCOUNT)
    created = [event.account_id for event in applied.events if isinstance(event, AccountCreated)]
    if not created:
        raise SettingsError(
            f"{app.keys.path} has no key, and there is no room for an account that gets one: the venue has all of its "
            f"max_accounts, {app.venue.state.rules.max_accounts}. Restore that file, or begin in another --data folder"
        )
    app.keys.issue(created[0])


async def _serve(app: App, *, any_port: bool) -> Serving:
    try:
        return await serve(app, app.settings.host, app.settings.port)
    except OSError:
        if not any_port:
            raise
        return await serve(app, app.settings.host, 0)


def _ready(app: App, serving: Serving) -> ReadyFile:
    place = authority(serving.host, serving.port)
    accounts = [ReadyAccount(key.account_id, key.api_key, key.secret_key) for key in app.keys.all() if key.opens_all]
    return ReadyFile(f"http://{place}", f"ws://{place}", app.admin_token, accounts)
