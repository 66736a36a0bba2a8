"""A seeded stream of limit orders and cancels as plain tuples, the same for every book. It measures nothing.

A plain book of dicts made it, kept here alone: it tells which orders still rest, so that no cancel comes too late, and
what a book that keeps price-time priority trades.
"""

from collections import deque
from dataclasses import dataclass, field
from random import Random

RESTING = 2_500
OPERATIONS = 200_000
CANCEL_SHARE, MARKETABLE_SHARE = 0.38, 0.10  # of the operations; the others add
START = 1_000_000  # ticks, of the first orders
SPREAD_TICKS = 25  # mean distance from the touch, exponential
THROUGH_TICKS = 10  # of a marketable order, beyond the best price
LOTS_MAX = 10
MARKETABLE_LOTS_MAX = 14
OWNERS = 100
BUY, SELL = 1, -1

# (owner, number, side, price in ticks, lots); a cancel has the number and side of its order, price 0 and lots 0.
Operation = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Stream:
    """Orders to rest at first, the operations to be timed, what those trade, and their mix."""

    resting: list[Operation]
    operations: list[Operation]
    traded_lots: int
    trades: int
    adds: int
    cancels: int
    marketable: int
    resting_at_end: int


@dataclass(slots=True)
class _Resting:
    number: int
    owner: int
    side: int
    price: int
    lots: int


@dataclass(slots=True)
class _PlainBook:
    """Price-time priority at its plainest."""

    levels: dict[int, dict[int, deque[_Resting]]] = field(default_factory=lambda: {BUY: {}, SELL: {}})
    numbers: list[int] = field(default_factory=list)  # of resting orders, in no order
    places: dict[int, tuple[int, _Resting]] = field(default_factory=dict)  # where in `numbers`
    traded_lots: int = 0
    trades: int = 0

    def best(self, side: int) -> int | None:
        """Return the best price of a side."""
        levels = self.levels[side]
        return (max(levels) if side == BUY else min(levels)) if levels else None

    def enter(self, owner: int, number: int, side: int, price: int, lots: int) -> None:
        """Match a limit order and rest what is left."""
        while lots and (best := self.best(-side)) is not None and (best - price) * side <= 0:
            maker = self.levels[-side][best][0]
            quantity = min(lots, maker.lots)
            lots -= quantity
            maker.lots -= quantity
            self.traded_lots += quantity
            self.trades += 1
            if not maker.lots:
                self.remove(maker.number)
        if lots:
            order = _Resting(number, owner, side, price, lots)
            self.levels[side].setdefault(price, deque()).append(order)
            self.places[number] = len(self.numbers), order
            self.numbers.append(number)

    def remove(self, number: int) -> _Resting:
        """Take an order off the book."""
        place, order = self.places.pop(number)
        last = self.numbers.pop()
        if last != number:
            self.numbers[place] = last
            self.places[last] = place, self.places[last][1]
        queue = self.levels[order.side][order.price]
        queue.remove(order)
        if not queue:
            del self.levels[order.side][order.price]
        return order


def make_stream(seed: int, operations: int = OPERATIONS) -> Stream:
    """Return the stream of a seed. Orders of the resting part never meet."""
    random, book, number = Random(seed), _PlainBook(), 0
    resting: list[Operation] = []
    made: list[Operation] = []
    mix = {"adds": 0, "cancels": 0, "marketable": 0}
    for _ in range(RESTING):
        number += 1
        resting.append(_add(random, book, number))
    for _ in range(operations):
        draw = random.random()
        if draw < CANCEL_SHARE and book.numbers:
            order = book.remove(random.choice(book.numbers))
            made.append((order.owner, order.number, order.side, 0, 0))
            mix["cancels"] += 1
            continue
        number += 1
        if draw >= 1 - MARKETABLE_SHARE and (operation := _marketable(random, book, number)) is not None:
            made.append(operation)
            mix["marketable"] += 1
        else:
            made.append(_add(random, book, number))
            mix["adds"] += 1
    return Stream(resting, made, book.traded_lots, book.trades, resting_at_end=len(book.numbers), **mix)


def _add(random: Random, book: _PlainBook, number: int) -> Operation:
    """Return a limit order that rests, exponentially far behind the touch of the other side."""
    side = random.choice((BUY, SELL))
    touch = book.best(-side)
    if touch is None:
        touch = book.best(side) or START
    price = touch - side * (1 + int(random.expovariate(1 / SPREAD_TICKS)))
    operation = (random.randint(1, OWNERS), number, side, price, random.randint(1, LOTS_MAX))
    book.enter(*operation)
    return operation


def _marketable(random: Random, book: _PlainBook, number: int) -> Operation | None:
    """Return a limit order priced through the touch; None when nothing rests there."""
    side = random.choice((BUY, SELL))
    touch = book.best(-side)
    if touch is None:
        return None
    price, lots = touch + side * THROUGH_TICKS, random.randint(1, MARKETABLE_LOTS_MAX)
    operation = (random.randint(1, OWNERS), number, side, price, lots)
    book.enter(*operation)
    return operation
