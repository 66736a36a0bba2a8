"""The demo: a served venue, house bots as a child process, and the screen. It adds no rule and no number of its own."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec
from rich.console import Console

from exchange.composition import Served, served
from exchange.meter import Meter
from exchange.runtime.settings import Settings
from exchange.screen import Screen

BOTS_LOG = "bots.log"
BOTS_LEAVE_S = 5.0


async def run_demo(settings: Settings, stop: asyncio.Event, *, seconds: float | None, json_output: bool) -> None:
    """Serve, show and sum up, until told to stop or for so many seconds.

    With `json_output` the screen goes to stderr and the summary, as one object, to stdout.
    """
    console = Console(stderr=json_output)
    meter = Meter()
    async with served(settings, any_port=True) as venue:
        venue.app.sequencer.subscribe(meter.take)
        if settings.port not in {0, venue.serving.port}:
            console.print(f"port {settings.port} is in use, so the demo listens on another one", highlight=False)
        screen = Screen(console, venue, meter)
        screen.greet()
        async with _bots(venue, console):
            showing = asyncio.create_task(screen.run())
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await venue.wait(stop, showing)
            showing.cancel()
        await venue.app.sequencer.durable()
        summary = screen.summary()
    if json_output:
        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    else:
        screen.farewell(summary)


def bots_arguments(venue: Served) -> list[str]:
    """Return what the interpreter is given to run the house bots for this venue, of the seed in its journal."""
    return ["-m", "clients.bots", str(venue.ready_path), "--seed", str(venue.app.settings.seed), "--until-eof"]


@asynccontextmanager
async def _bots(venue: Served, console: Console) -> AsyncIterator[None]:
    """Run the house bots; they end with the block, and when this process dies, since they watch the pipe to it."""
    with (venue.app.data_folder / BOTS_LOG).open("ab") as log:
        # A session of its own: Ctrl-C is for us, and we end the bots while the venue still listens to their good-byes.
        bots = await asyncio.create_subprocess_exec(
            sys.executable, *bots_arguments(venue), stdin=PIPE, stdout=DEVNULL, stderr=log, start_new_session=True
        )
    watching = asyncio.create_task(_watch(bots, venue, console))
    try:
        yield
    finally:
        watching.cancel()
        await _end(bots)


async def _watch(bots: Process, venue: Served, console: Console) -> None:
    code = await bots.wait()
    console.print(f"the house bots ended (exit {code}), see {venue.app.data_folder / BOTS_LOG}", highlight=False)


async def _end(bots: Process) -> None:
    with suppress(ProcessLookupError):
        bots.terminate()
        try:
            async with asyncio.timeout(BOTS_LEAVE_S):
                await bots.wait()
        except TimeoutError:
            bots.kill()
            await bots.wait()
