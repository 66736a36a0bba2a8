"""Conditional orders of one contract that wait, sorted by what they wait for. It tells who is due and fires none."""

from collections.abc import Iterator

from sortedcontainers import SortedDict

from exchange.core.conditional import Conditional
from exchange.core.enums import WorkingType

Queue = SortedDict[tuple[int, int], Conditional]  # by (how near its trigger price is, id): the first is due first


class TriggerBook:
    """Queues by the price that is watched, by whether it must rise, and by whether a wide gap holds the order up."""

    __slots__ = ("_queues", "_seen", "trailing", "waiting")

    def __init__(self) -> None:
        """Make an empty one."""
        self._queues: dict[tuple[WorkingType, bool, bool], Queue] = {
            (working_type, rises, protected): SortedDict()
            for working_type in WorkingType
            for rises in (True, False)
            for protected in (True, False)
        }
        self._seen: dict[WorkingType, int] = {}  # the prices that trailing orders saw last
        self.trailing: dict[int, Conditional] = {}
        self.waiting = 0

    def __iter__(self) -> Iterator[Conditional]:
        """Yield those in the queues: all but trailing ones that are not active."""
        for queue in self._queues.values():
            yield from queue.values()

    def add(self, conditional: Conditional) -> None:
        """Let one wait."""
        self.waiting += 1
        if conditional.trails:
            self.trailing[conditional.conditional_id] = conditional
        self._enqueue(conditional)

    def remove(self, conditional: Conditional) -> None:
        """Let one wait no more; it must be waiting."""
        self.waiting -= 1
        self.trailing.pop(conditional.conditional_id, None)
        self._dequeue(conditional)

    def follow(self, working_type: WorkingType, price: int) -> None:
        """Show the trailing orders of a working type a price; it costs nothing while it is the one they saw last."""
        if not self.trailing or self._seen.get(working_type) == price:
            return
        self._seen[working_type] = price
        for conditional in self.trailing.values():
            if conditional.working_type is working_type:
                self._dequeue(conditional)
                conditional.follow(price)
                self._enqueue(conditional)

    def first_due(self, working_type: WorkingType, price: int, *, wide_gap: bool) -> Conditional | None:
        """Return the first that is due at a price in ticks, or None; those that a wide gap holds up are passed over."""
        for rises in (True, False):
            queues = (self._queues[working_type, rises, protected] for protected in (False, True)[: 2 - wide_gap])
            heads = [queue.peekitem(0) for queue in queues if queue]
            if heads:
                _, conditional = min(heads, key=lambda head: head[0])
                reached = price >= conditional.trigger_price if rises else price <= conditional.trigger_price
                if reached:
                    return conditional
        return None

    def _enqueue(self, conditional: Conditional) -> None:
        if conditional.trigger_price:
            self._queue(conditional)[_key(conditional)] = conditional

    def _dequeue(self, conditional: Conditional) -> None:
        if conditional.trigger_price:
            del self._queue(conditional)[_key(conditional)]

    def _queue(self, conditional: Conditional) -> Queue:
        return self._queues[conditional.working_type, conditional.rises, conditional.price_protect]


def _key(conditional: Conditional) -> tuple[int, int]:
    sign = 1 if conditional.rises else -1
    return sign * conditional.trigger_price, conditional.conditional_id
