"""A venue under load without a socket: prints each answer and each published command as it leaves. Made to be killed.

Usage: python -m tests.recovery.writer DATA SEED. Lines of stdout: `answer` or `event`, a blank, the Applied as JSON.
"""

import asyncio
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from exchange.core.commands import CancelAllOrders, Command, CreateAccount, PlaceOrder, SetIndexPrice
from exchange.core.enums import OrderType, Side
from exchange.core.units import ATOMS_PER_QUOTE, Atoms, Lots, Ticks
from exchange.journal.recovery import Applied
from exchange.runtime.app import open_app
from exchange.runtime.settings import Settings

TRADERS = 8
MIDDLE = 1_000_000


def say(word: str, applied: Applied) -> None:
    """Print one line at once, as a whole."""
    sys.stdout.write(f"{word} {msgspec.json.encode(applied).decode()}\n")
    sys.stdout.flush()


def some_command(chance: random.Random, account_id: int) -> Command:
    """An order near the middle, or now and then the end of all orders."""
    if chance.random() < 0.02:
        return CancelAllOrders(account_id, "BTCUSDT")
    side = chance.choice([Side.BUY, Side.SELL])
    price = Ticks(MIDDLE + chance.randrange(-5, 6))
    return PlaceOrder(account_id, "BTCUSDT", side, OrderType.LIMIT, Lots(chance.randrange(1, 20)), price)


async def main(data: Path, seed: int) -> None:
    """Serve nobody; let TRADERS trade until the kill."""
    app = open_app(Settings(data))

    def publish(batch: Sequence[Applied]) -> None:
        for applied in batch:
            say("event", applied)

    app.sequencer.subscribe(publish)
    await app.start()
    say("answer", await app.sequencer.submit(SetIndexPrice("BTCUSDT", Ticks(MIDDLE))))
    while len(app.venue.state.accounts) <= TRADERS:
        say("answer", await app.sequencer.submit(CreateAccount("trader", Atoms(10**6 * ATOMS_PER_QUOTE))))

    async def trade(account_id: int) -> None:
        chance = random.Random(seed * 1_000 + account_id)
        while True:
            say("answer", await app.sequencer.submit(some_command(chance, account_id)))

    await asyncio.gather(*(trade(1 + n) for n in range(TRADERS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
