"""Conditional orders of one contract that wait, sorted by what they wait for. It tells who is due and fires none."""

from collections.abc import Iterator

from sortedcontainers import SortedDict

from exchange.core.conditional import Conditional
from exchange.core.enums import Side, WorkingType
from exchange.core.trails import Key, Trails

Queue = SortedDict[Key, Conditional]
Awaited = tuple[WorkingType, bool, bool]  # which price, whether it must rise, and whether a wide gap holds the order up


class TriggerBook:
    """All that waits, by what it waits for: those with a stated trigger price in a queue, those that trail apart."""

    __slots__ = ("_queues", "_trails", "waiting")

    def __init__(self) -> None:
        """Make an empty one."""
        awaited = [
            (working_type, rises, protected)
            for working_type in WorkingType
            for rises in (True, False)
            for protected in (True, False)
        ]
        self._queues: dict[Awaited, Queue] = {each: SortedDict() for each in awaited}
        self._trails = {each: Trails(Side.BUY if each[1] else Side.SELL) for each in awaited}
        self.waiting = 0  # how many

    def __iter__(self) -> Iterator[Conditional]:
        """Yield all that wait."""
        for queue in self._queues.values():
            yield from queue.values()
        for trails in self._trails.values():
            yield from trails

    def add(self, conditional: Conditional, price: int) -> None:
        """Let one wait that is placed at this working price, in ticks."""
        self.waiting += 1
        if conditional.trails:
            self._trails[_awaited(conditional)].add(conditional, price)
        else:
            self._queues[_awaited(conditional)][conditional.key] = conditional

    def remove(self, conditional: Conditional) -> None:
        """Let one wait no more; it must be waiting."""
        self.waiting -= 1
        if conditional.trails:
            self._trails[_awaited(conditional)].remove(conditional)
        else:
            del self._queues[_awaited(conditional)][conditional.key]

    def follow(self, working_type: WorkingType, price: int) -> None:
        """Let the trailing orders of a working type see a price in ticks."""
        for rises in (True, False):
            for protected in (True, False):
                self._trails[working_type, rises, protected].follow(price)

    def first_due(self, working_type: WorkingType, price: int, *, wide_gap: bool) -> Conditional | None:
        """Return the first that is due at a price in ticks, or None; those that a wide gap holds up are passed over."""
        for rises in (True, False):
            heads = []
            for protected in (False,) if wide_gap else (False, True):
                awaited = (working_type, rises, protected)
                queue, trails = self._queues[awaited], self._trails[awaited]
                heads += [queue.peekitem(0)] if queue else []
                heads += [first] if (first := trails.first()) is not None else []
            if heads:
                _, conditional = min(heads, key=lambda head: head[0])
                if conditional.due(price):
                    return conditional
        return None


def _awaited(conditional: Conditional) -> Awaited:
    return conditional.working_type, conditional.rises, conditional.price_protect
