"""A first bot to copy and change: it buys dips and sells rises. Run: python -m clients.template READYFILE [SYMBOL]."""

import asyncio
import sys

import aiohttp

from clients.reference import ConnectionLostError, ReadyFileError, Rest, VenueError, market_events, on_grid, read_ready

QUANTITY = 0.01  # of each order, in the base asset
POSITION_MAX = 0.05
DIP = 0.0005  # how far the mark must be from its average


async def main(ready_path: str, symbol: str = "BTCUSDT") -> None:
    """Connect, then decide at every mark price, about once a second."""
    ready = read_ready(ready_path)
    async with aiohttp.ClientSession() as session:
        rest = Rest(ready.rest, ready.accounts[0], session)
        await rest.set_leverage(symbol, 5)
        average = 0.0
        async for event in market_events(session, ready.ws, [f"{symbol.lower()}@markPrice@1s"]):
            if event["e"] != "markPriceUpdate":
                continue
            mark = float(event["p"])
            average = 0.9 * average + 0.1 * mark if average else mark
            try:
                await decide(rest, symbol, mark / average - 1)
            except (VenueError, ConnectionLostError) as error:
                print("refused:", error)


async def decide(rest: Rest, symbol: str, distance: float) -> None:
    """Place one order, or none. `distance`: of the mark from its average, as a share. This is yours to change."""
    position = await position_of(rest, symbol)
    side = "BUY" if distance < -DIP else "SELL" if distance > DIP else None
    if side is None or abs(position + (QUANTITY if side == "BUY" else -QUANTITY)) > POSITION_MAX:
        return
    order = await rest.place(symbol, side, on_grid(QUANTITY, "0.001"))
    if float(order["executedQty"]):
        print(f"{side} {order['executedQty']} at {order['avgPrice']}, position before {position:+.3f}")
    else:
        print(f"{side}: nobody offers; house bots do: python -m clients.bots READYFILE")


async def position_of(rest: Rest, symbol: str) -> float:
    """Return the account's position in a contract: + long, - short, 0 flat."""
    rows = (await rest.futures_account())["positions"]
    return sum(float(row["positionAmt"]) for row in rows if row["symbol"] == symbol)


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3}:
        sys.exit("usage: python -m clients.template READYFILE [SYMBOL]")
    try:
        asyncio.run(main(*sys.argv[1:]))
    except (ReadyFileError, VenueError, ConnectionLostError, KeyboardInterrupt) as error:
        sys.exit(str(error) or 0)  # Ctrl-C says nothing and is no failure
