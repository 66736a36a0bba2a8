"""The margin questions of docs/rules.md section 5, answered from the flat lists each time. It changes nothing."""

import math
from fractions import Fraction
from typing import NamedTuple

from exchange.core.enums import Side, Wallet
from tests.reference.world import World, open_orders, position_of, share, working


class Extra(NamedTuple):
    """An order that is not on the book, to be counted as if it were: lots at a price in ticks."""

    symbol: str
    side: Side
    quantity: int
    price: int


def value_at_mark(world: World, account: int, symbol: str) -> int:
    """Return the signed notional of a position at the mark, in atoms."""
    held = position_of(world, account, symbol).quantity
    return held * world.quotes[symbol].mark * world.contracts[symbol].value_unit


def profit(world: World, account: int, symbol: str) -> int:
    """Return the unrealised profit of a position, in atoms."""
    return value_at_mark(world, account, symbol) - position_of(world, account, symbol).entry_value


def equity(world: World, account: int) -> int:
    """Return futures wallet plus unrealised profits, in atoms."""
    return world.wallets[account, Wallet.FUTURES] + sum(profit(world, account, symbol) for symbol in world.contracts)


def position_maintenance(world: World, account: int, symbol: str) -> int:
    """Return the maintenance margin of one position: the bracket that holds its notional, the last one beyond all."""
    notional = abs(value_at_mark(world, account, symbol))
    if notional == 0:
        return 0
    brackets = world.contracts[symbol].brackets
    holding = [one for one in brackets if one.floor < notional <= one.cap] or [brackets[-1]]
    return math.ceil(share(notional, holding[0].rate)) - holding[0].cum


def maintenance(world: World, account: int) -> int:
    """Return the maintenance margin of an account."""
    return sum(position_maintenance(world, account, symbol) for symbol in world.contracts)


def total_notional(world: World, account: int) -> int:
    """Return the notional of all positions, sides not netted."""
    return sum(abs(value_at_mark(world, account, symbol)) for symbol in world.contracts)


def open_notional(world: World, account: int, symbol: str, extra: Extra | None = None) -> int:
    """Return the larger of what all bids, or all asks, would make of the position."""
    value = value_at_mark(world, account, symbol)
    bids, asks = (working(world, account, symbol, side) for side in (Side.BUY, Side.SELL))
    if extra is not None and extra.symbol == symbol:
        added = extra.quantity * extra.price * world.contracts[symbol].value_unit
        bids, asks = (bids + added, asks) if extra.side is Side.BUY else (bids, asks + added)
    return max(abs(value + bids), abs(value - asks))


def open_loss(world: World, account: int, symbol: str, extra: Extra | None = None) -> int:
    """Return what the orders that are not reduce-only would lose if they were filled now and valued at the mark."""
    rows: list[tuple[Side, int, int]] = [
        (one.order.side, one.left, one.order.price)
        for one in open_orders(world, account, symbol)
        if not one.order.reduce_only
    ]
    if extra is not None and extra.symbol == symbol:
        rows.append((extra.side, extra.quantity, extra.price))
    unit, mark = world.contracts[symbol].value_unit, world.quotes[symbol].mark
    return sum(quantity * unit * max(0, side * (price - mark)) for side, quantity, price in rows)


def spare(world: World, account: int, extra: Extra | None = None, leverages: dict[str, int] | None = None) -> int:
    """Return equity less initial margins less open losses: what placement margin needs to be at least 0."""
    left = equity(world, account)
    for symbol in world.contracts:
        leverage = (leverages or {}).get(symbol, world.leverages[account, symbol])
        left -= math.ceil(Fraction(open_notional(world, account, symbol, extra), leverage))
        left -= open_loss(world, account, symbol, extra)
    return left


def withdrawable(world: World, account: int) -> int:
    """Return the most that may leave the futures wallet: profit counts as margin and never leaves."""
    profits = sum(profit(world, account, symbol) for symbol in world.contracts)
    unrealised = max(0, profits)
    return max(0, min(world.wallets[account, Wallet.FUTURES], max(0, spare(world, account)) - unrealised))


def only_reduces(world: World, account: int, extra: Extra) -> bool:
    """Tell whether an order is against the position and, with all open orders of its side, no larger than it."""
    held = position_of(world, account, extra.symbol).quantity
    waiting = [one.left for one in open_orders(world, account, extra.symbol) if one.order.side is extra.side]
    return held * extra.side < 0 and sum(waiting) + extra.quantity <= abs(held)
