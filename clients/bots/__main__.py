"""`python -m clients.bots READYFILE [--seed N]`: run the house bots against a served venue until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import signal
import sys

from clients.bots.house import run_house
from clients.reference import Ready, ReadyFileError, read_ready


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m clients.bots", description="House bots for a served venue.")
    parser.add_argument("ready_file", help="the ready file that `margincall serve --ready-file` writes")
    parser.add_argument("--seed", type=int, default=1, help="of all chance; each bot draws by its own name")
    parser.add_argument("--until-eof", action="store_true", help="end when stdin closes, as when our parent has died")
    arguments = parser.parse_args()
    try:
        ready = read_ready(arguments.ready_file)
    except ReadyFileError as error:
        parser.error(str(error))
    asyncio.run(_run(ready, arguments.seed, until_eof=arguments.until_eof))


async def _run(ready: Ready, seed: int, *, until_eof: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if until_eof:
        loop.add_reader(sys.stdin, stop.set)
    await run_house(ready, seed, stop)


main()
