"""Adapters of a few lines for the books a Python user would pick instead. They are given what suits them best.

Each needs its package, which only the environment of this benchmark has; integers stand for prices, where a package's
own examples have Decimals, which are slower.
"""

from importlib import import_module
from typing import Any

from loadtests.bench.stream import BUY, Operation


class _Peer:
    """What all adapters share."""

    _traded = 0

    def traded_lots(self) -> int:
        """Return what was traded since it was made, in lots."""
        return self._traded

    def close(self) -> None:
        """Hold nothing."""


class LoggedBook(_Peer):
    """akhil4n-orderbook and cython-orderbook: orders are objects, and trades stand in a log."""

    def __init__(self, module: str) -> None:
        """Take the module's own book."""
        self._module: Any = import_module(module)
        self._book = self._module.OrderBook()
        self._ids: dict[int, str] = {}

    def run(self, operations: list[Operation]) -> None:
        """Do the operations in their order."""
        book, ids, make = self._book, self._ids, self._module.Order
        bid, ask = self._module.OrderSide.BID, self._module.OrderSide.ASK
        for _, number, side, price, lots in operations:
            if lots:
                order = make(side=bid if side == BUY else ask, price=price, original_quantity=lots)
                book.add_limit_order(order)
                ids[number] = order.order_id
            else:
                book.cancel_order(ids.pop(number))

    def traded_lots(self) -> int:
        """Return what stands in the log."""
        return sum(trade.quantity_filled for trade in self._book.trade_log)


class LightEngine(_Peer):
    """lightmatchingengine."""

    def __init__(self) -> None:
        """Make an engine; its books come with their first orders."""
        self._engine: Any = import_module("lightmatchingengine.lightmatchingengine").LightMatchingEngine()
        self._ids: dict[int, int] = {}

    def run(self, operations: list[Operation]) -> None:
        """Do the operations in their order."""
        engine, ids = self._engine, self._ids
        for _, number, side, price, lots in operations:
            if lots:
                order, _trades = engine.add_order("BTCUSDT", price, lots, 1 if side == BUY else 2)
                self._traded += order.cum_qty
                ids[number] = order.order_id
            else:
                engine.cancel_order(ids.pop(number), "BTCUSDT")


class ArenaBook(_Peer):
    """convexpi-arena's OrderBook."""

    def __init__(self) -> None:
        """Take its book without the engine that shuffles orders."""
        self._module: Any = import_module("convexpi.arena.engine")
        self._book = self._module.OrderBook()
        self._ids: dict[int, int] = {}
        self._owners = [f"owner{number}" for number in range(1_000)]

    def run(self, operations: list[Operation]) -> None:
        """Do the operations in their order."""
        book, ids, owners, make = self._book, self._ids, self._owners, self._module.Order
        buy, sell = self._module.Side.BUY, self._module.Side.SELL
        for owner, number, side, price, lots in operations:
            if lots:
                order = make(owners[owner], buy if side == BUY else sell, lots, price)
                ids[number] = order.order_id
                for trade in book.submit(order, 0):
                    self._traded += trade.qty
            else:
                book.cancel(ids.pop(number), owners[owner])
