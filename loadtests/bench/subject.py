"""What every measured book looks like to the benchmark: it takes operations, and tells what it traded. No book."""

from collections.abc import Callable
from typing import Protocol

from loadtests.bench.stream import Operation


class Subject(Protocol):
    """A book, fresh. Making it and the resting orders are not timed."""

    def run(self, operations: list[Operation]) -> None:
        """Do the operations in their order."""
        ...

    def traded_lots(self) -> int:
        """Return what was traded since it was made, in lots."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


Maker = Callable[[], Subject]
