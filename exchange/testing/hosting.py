"""Serves a venue in a thread of this process, with an event loop of its own. It knows nothing of tests.

A thread, not a child process: it dies with whoever kills the tests, it starts in a moment, its state is read without a
wire, and the test's own thread may block or run another event loop. The price: a bot that computes without a pause in
Python holds up the venue, as both share one interpreter.
"""

import asyncio
import threading
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from exchange.composition import Served, served
from exchange.dialects.binance.door.limits import PROFILES
from exchange.dialects.binance.streams.event_order import EVENT_ORDERS
from exchange.gateway.timing import TIMINGS
from exchange.journal.store import Durability
from exchange.runtime.feeds.sources import MANUAL
from exchange.runtime.settings import Settings, SettingsError

CLOSE_SECONDS_MAX = 20
PRICES: Mapping[str, object] = {"BTCUSDT": 50_000, "ETHUSDT": 2_500}  # where the shipped contracts begin
CHOICES: Mapping[str, Collection[str]] = {
    "limits": PROFILES,
    "timing": TIMINGS,
    "event_order": EVENT_ORDERS,
}

T = TypeVar("T")


class VenueFailedError(Exception):
    """The venue has stopped, by an error of its own or because it was closed."""


@dataclass(frozen=True, slots=True)
class HostedSettings:
    """Settings of the venue, and the index prices that it begins with, by symbol."""

    settings: Settings
    prices: Mapping[str, object]


def hosted_settings(
    data_folder: Path,
    *,
    contracts: Sequence[str | Path] = (),
    prices: Mapping[str, object] | None = None,
    limits: str = "classroom",
    policy: str | None = None,
    seed: int = 1,
    timing: str = "instant",
    event_order: str = "account-first",
    legacy_stops: bool = False,
) -> HostedSettings:
    """Return the settings that the marker `venue` takes. No contracts: those that are shipped, with their PRICES.

    `prices` are those that index and mark begin with; a listed contract without one has none until it is set. Raises
    SettingsError for a word that is none of its CHOICES.
    """
    for name, chosen in (("limits", limits), ("timing", timing), ("event_order", event_order)):
        if chosen not in CHOICES[name]:
            raise SettingsError(f"{name}={chosen!r}: use one of {', '.join(CHOICES[name])}")
    settings = Settings(
        data_folder,
        port=0,
        contracts=tuple(Path(path) for path in contracts),
        policy=policy,
        index=MANUAL,
        seed=seed,
        durability=Durability.RELAXED,  # it has to outlive the tests, not a power cut
        limits=limits,
        timing=timing,
        event_order=event_order,
        legacy_stops=legacy_stops,
    )
    return HostedSettings(settings, {**({} if contracts else PRICES), **(prices or {})})


class Host:
    """A venue that is served from another thread until `close`."""

    def __init__(self, settings: Settings) -> None:
        """Start it, and return when it accepts connections. Raises whatever `served` raises."""
        self._settings = settings
        self._started: Future[Served] = Future()
        self._ended: Future[None] = Future()
        self._stop = asyncio.Event()
        self._fatal = ""
        self._thread = threading.Thread(target=self._run, name="margincall", daemon=True)
        self._thread.start()
        self.served = self._started.result()
        self.loop = self.served.playing.get_loop()

    def call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine on the venue's loop and return its result. Raises VenueFailedError when the venue stops."""
        if self._ended.done() or self._fatal:
            raise VenueFailedError(self._reason())
        future = asyncio.run_coroutine_threadsafe(work(), self.loop)
        either: list[Future[Any]] = [future, self._ended]
        wait(either, return_when=FIRST_COMPLETED)
        if not future.done() or future.cancelled():
            raise VenueFailedError(self._reason())
        return future.result()

    def read(self, look: Callable[[], T]) -> T:
        """Call a function on the venue's loop and return its result."""

        async def work() -> T:
            return look()

        return self.call(work)

    def close(self) -> None:
        """Stop serving and free the data folder. Raises VenueFailedError when the venue failed."""
        if not self._ended.done():
            self.loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(CLOSE_SECONDS_MAX)
        if self._thread.is_alive():
            raise VenueFailedError(f"the venue did not stop within {CLOSE_SECONDS_MAX} s")
        if self._fatal:
            raise VenueFailedError(self._fatal)

    def _reason(self) -> str:
        return self._fatal or "the venue is closed"

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - whoever started us is told
            if self._started.done():
                self._fatal = self._fatal or repr(error)
            else:
                self._started.set_exception(error)
        finally:
            self._ended.set_result(None)

    async def _serve(self) -> None:
        async with served(self._settings, on_fatal=self._fail) as venue:
            self._started.set_result(venue)
            await venue.wait(self._stop)

    def _fail(self, message: str) -> None:
        self._fatal = message
        self._stop.set()
