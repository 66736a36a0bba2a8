"""A1: Cont, Stoikov and Talreja's birth-death book, played through the venue's own book. No shortcut model plays it.

At a spread of one tick limit orders arrive at each best price, market orders at each side, and each resting order is
canceled, all at given rates; who empties first? The driver draws waiting times and events, and knows the queues only
from what the venue reports. `exact_table` solves the same chain; it is what the venue is compared with.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array  # type: ignore[import-untyped]  # no stubs
from scipy.sparse.linalg import spsolve  # type: ignore[import-untyped]  # same

from exchange.core.commands import CancelAllOrders, CancelOrder, PlaceOrder
from exchange.core.enums import Execution, OrderStatus, OrderType, Side
from exchange.core.events import Event, OrderUpdated
from exchange.core.policies.presets import EngineRules
from exchange.core.units import SECOND, Lots, Ticks
from scenarios.chance import stream
from scenarios.reproduce.reference import Check, reference
from scenarios.reproduce.stage import Bench, unit_contract

BID_PRICE = 1_000  # ticks; the ask is one above
TRUNCATED_AT = 60  # orders: births are switched off there, which changes no digit shown
DRAWS_AT_ONCE = 1 << 14


class Rates(NamedTuple):
    """Of limit orders and market orders on each side, and of the cancel of each resting order; per second."""

    limit: float
    market: float
    cancel: float


class CellResult(NamedTuple):
    """A cell that was played: how often the ask emptied first, of how many, in how many commands of the venue."""

    bids: int
    asks: int
    ups: int
    repetitions: int
    commands: int


class Queue:
    """The open orders of one best price, by id, as the venue reports them: any of them can be picked."""

    def __init__(self) -> None:
        """Begin empty."""
        self._ids: list[int] = []
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def pick(self, place: int) -> int:
        """Return the id at a place, from 0: which order stands where says nothing about its age."""
        return self._ids[place]

    def add(self, order_id: int) -> None:
        """Note a new order."""
        self._places[order_id] = len(self._ids)
        self._ids.append(order_id)

    def remove(self, order_id: int) -> None:
        """Note that an order is gone: the last one takes its place."""
        last = self._ids.pop()
        place = self._places.pop(order_id)
        if last != order_id:
            self._ids[place] = last
            self._places[last] = place


@dataclass(frozen=True, slots=True)
class _Trader:
    """One side of the book: who quotes there, at what price, and what takes from the other side."""

    account_id: int
    side: Side
    limit: PlaceOrder
    market: PlaceOrder


class Book:
    """The venue at work on one cell: who quotes bids sells nothing, who quotes asks buys nothing."""

    def __init__(self, rates: Rates, chance: np.random.Generator) -> None:
        """Open a venue with two rich accounts, one for each side."""
        self.bench = Bench(unit_contract(max_leverage=1), EngineRules())
        self.bench.price_index(BID_PRICE)
        self.symbol = self.bench.contract.symbol
        self.rates = rates
        self.queues = {Side.BUY: Queue(), Side.SELL: Queue()}
        self._traders = [self._trader(side) for side in (Side.BUY, Side.SELL)]
        self._uniforms, self._waits = _uniforms(chance), _waits(chance)

    def play(self, bids: int, asks: int) -> bool:
        """Play from so many orders a side until one side is empty, and return whether that is the ask."""
        buyer, seller = self._traders
        self._start(buyer, bids)
        self._start(seller, asks)
        bid_queue, ask_queue = self.queues[Side.BUY], self.queues[Side.SELL]
        while bid_queue and ask_queue:
            self._next_event(buyer, seller, len(bid_queue), len(ask_queue))
        up = not ask_queue
        left = buyer if up else seller
        self._learn(self.bench.do(CancelAllOrders(left.account_id, self.symbol)))
        assert not bid_queue
        assert not ask_queue
        return up

    def _start(self, trader: _Trader, orders: int) -> None:
        for _ in range(orders):
            self._learn(self.bench.do(trader.limit))

    def _next_event(self, buyer: _Trader, seller: _Trader, bids: int, asks: int) -> None:
        """Wait for the next event, draw which it is in proportion to its rate, and have the venue do it."""
        limit, market, cancel = self.rates
        total = 2 * (limit + market) + cancel * (bids + asks)
        self.bench.wait(max(1, round(next(self._waits) / total * SECOND)))
        left = next(self._uniforms) * total
        if left < 2 * limit:
            command: PlaceOrder | CancelOrder = buyer.limit if left < limit else seller.limit
        elif (left := left - 2 * limit) < 2 * market:
            command = buyer.market if left < market else seller.market
        else:
            place = min(int((left - 2 * market) / cancel), bids + asks - 1)
            trader, place = (buyer, place) if place < bids else (seller, place - bids)
            command = CancelOrder(trader.account_id, self.symbol, self.queues[trader.side].pick(place))
        self._learn(self.bench.do(command))

    def _learn(self, events: list[Event]) -> None:
        """Follow the queues by what the venue reports of limit orders."""
        for event in events:
            if isinstance(event, OrderUpdated) and event.order.order_type is OrderType.LIMIT:
                queue = self.queues[event.order.side]
                if event.execution is Execution.NEW:
                    queue.add(event.order.order_id)
                elif event.order.status is not OrderStatus.PARTIALLY_FILLED:
                    queue.remove(event.order.order_id)

    def _trader(self, side: Side) -> _Trader:
        account_id = self.bench.open_account(f"{side.name.lower()} side")
        price = Ticks(BID_PRICE if side is Side.BUY else BID_PRICE + 1)
        limit = PlaceOrder(account_id, self.symbol, side, OrderType.LIMIT, Lots(1), price)
        market = PlaceOrder(account_id, self.symbol, side, OrderType.MARKET, Lots(1))
        return _Trader(account_id, side, limit, market)


def play_cell(bids: int, asks: int, repetitions: int, seed: int) -> CellResult:
    """Play one cell so often on a venue of its own; its draws are named by the cell."""
    cst = reference().cst
    book = Book(Rates(cst.limit_rate, cst.market_rate, cst.cancel_rate), stream(seed, "cst", f"{bids},{asks}"))
    ups = sum(book.play(bids, asks) for _ in range(repetitions))
    return CellResult(bids, asks, ups, repetitions, book.bench.commands)


def check_cell(result: CellResult) -> Check:
    """Hold a cell against the published table, and show the exact probability beside it.

    The tolerance is the reference's at its repetitions, four standard errors; with fewer it is wider in proportion.
    """
    cst = reference().cst
    published = cst.published[result.bids - 1][result.asks - 1]
    exact = exact_probability(Rates(cst.limit_rate, cst.market_rate, cst.cancel_rate), result.bids, result.asks)
    tolerance = cst.tolerance * sqrt(max(1.0, cst.repetitions / result.repetitions))
    measured = result.ups / result.repetitions
    passed = abs(measured - published) <= tolerance
    name = f"P(up | {result.bids} bids, {result.asks} asks)"
    return Check("A1", name, published, measured, tolerance, result.repetitions, passed, exact)


def exact_probability(rates: Rates, bids: int, asks: int) -> float:
    """Return the probability that the ask empties first, from the two-dimensional chain."""
    return float(exact_table(rates)[bids - 1, asks - 1])


@cache
def exact_table(rates: Rates, truncated_at: int = TRUNCATED_AT) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Return P(the ask empties first) by orders at the bid (rows from 1) and at the ask: absorption of the chain.

    A sparse linear system: x(0, a) = 0, x(b, 0) = 1, births switched off at `truncated_at`.
    """
    size = truncated_at
    at_row, at_column, values, known = [], [], [], np.zeros(size * size)
    for bids, asks in np.ndindex(size, size):
        row, total = bids * size + asks, 0.0
        neighbours = [
            (bids + 1, asks, rates.limit),
            (bids, asks + 1, rates.limit),
            (bids - 1, asks, rates.market + (bids + 1) * rates.cancel),
            (bids, asks - 1, rates.market + (asks + 1) * rates.cancel),
        ]
        for to_bids, to_asks, rate in neighbours:
            if max(to_bids, to_asks) == size:
                continue
            total += rate
            if to_asks < 0:
                known[row] += rate
            elif to_bids >= 0:
                at_row.append(row)
                at_column.append(to_bids * size + to_asks)
                values.append(-rate)
        at_row.append(row)
        at_column.append(row)
        values.append(total)
    system = coo_array((values, (at_row, at_column)), shape=(size * size, size * size)).tocsc()
    return np.asarray(spsolve(system, known), dtype=np.float64).reshape(size, size)


def _uniforms(chance: np.random.Generator) -> Iterator[float]:
    while True:
        yield from chance.random(DRAWS_AT_ONCE).tolist()


def _waits(chance: np.random.Generator) -> Iterator[float]:
    while True:
        yield from chance.standard_exponential(DRAWS_AT_ONCE).tolist()
