"""Measure books in process: the same stream through ours and the peers', in turn, five rounds. It is no book itself.

Process time, microseconds an operation. Each must trade what the stream's own plain book traded.
"""

import gc
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from time import perf_counter_ns, process_time_ns

from loadtests.bench.figures import Figure
from loadtests.bench.ours import BareBook, JournaledVenue, WholeVenue
from loadtests.bench.peers import ArenaBook, LightEngine, LoggedBook
from loadtests.bench.stream import Stream
from loadtests.bench.subject import Maker

GROUP, WALL_GROUP = "books, process time", "books, elapsed time"
UNIT = "microseconds an operation"
BARE = "Margincall, bare book"
OURS: Mapping[str, Maker] = {
    BARE: BareBook,
    "Margincall, whole venue": WholeVenue,
    "Margincall, venue with journal": JournaledVenue,
}
PEERS: Mapping[str, Maker] = {
    "akhil4n-orderbook 0.1.1": partial(LoggedBook, "orderbook"),
    "cython-orderbook 0.1.2": partial(LoggedBook, "cython_orderbook"),
    "lightmatchingengine 2019.1.4": LightEngine,
    "convexpi-arena 0.2.0 OrderBook": ArenaBook,
}
PACKAGES = ("orderbook", "cython_orderbook", "lightmatchingengine", "convexpi")  # of the peers, as they are imported
NS_PER_US = 1_000


def missing() -> list[str]:
    """Return the packages of peers that are not here."""
    return [package for package in PACKAGES if find_spec(package) is None]


class TradedElseError(Exception):
    """A book did not trade what the plain book of the stream traded: its time means nothing."""


def measure(stream: Stream, rounds: int, subjects: Mapping[str, Maker], say: Callable[[str], None]) -> list[Figure]:
    """Return the figures of these subjects; `say` is told of each run. Raises TradedElseError."""
    spent: dict[str, list[tuple[float, float, int]]] = {name: [] for name in subjects}
    for number in range(rounds):
        for name, make in subjects.items():
            run = _run(stream, make)
            if run[2] != stream.traded_lots:
                raise TradedElseError(f"{name} traded {run[2]:,} lots instead of {stream.traded_lots:,}")
            spent[name].append(run)
            say(f"round {number + 1}, {name}: {run[0]:.2f} us an operation")
    beside, note = BARE if BARE in subjects else "", f"trades {stream.traded_lots:,} lots, as it must"
    figures = []
    for group, column in ((GROUP, 0), (WALL_GROUP, 1)):
        for name, runs in spent.items():
            times = tuple(run[column] for run in runs)
            figures.append(Figure(group, name, UNIT, times, "" if name == beside else beside, note))
    return figures


def _run(stream: Stream, make: Maker) -> tuple[float, float, int]:
    """Return process time and elapsed time, each in microseconds an operation, and the lots traded."""
    subject = make()
    try:
        subject.run(stream.resting)
        before = subject.traded_lots()
        gc.collect()
        gc.freeze()  # so that nobody pays for walking the stream
        cpu_ns, wall_ns = process_time_ns(), perf_counter_ns()
        subject.run(stream.operations)
        cpu_ns, wall_ns = process_time_ns() - cpu_ns, perf_counter_ns() - wall_ns
        traded = subject.traded_lots() - before
    finally:
        gc.unfreeze()
        subject.close()
    count = len(stream.operations) * NS_PER_US
    return cpu_ns / count, wall_ns / count, traded
