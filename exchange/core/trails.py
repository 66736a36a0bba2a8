"""Trailing orders of one contract that wait for the same thing, and follow a price together. It fires none.

Orders that have seen the same best price share one `Trail`: a new best price moves all of them at once, and trails that
it overtakes become one. So a price costs as much as there are trails that it overtakes, not as there are orders.
"""

from collections.abc import Iterator

from sortedcontainers import SortedDict

from exchange.core.conditional import Conditional, Trail
from exchange.core.enums import Side

Key = tuple[int, int, int]  # how near the trigger price is, then callback rate, then id: the smallest is due first


class Trails:
    """The trailing orders of one side on one working price. Of prices, `worse * side` is the greater number."""

    __slots__ = ("_heads", "_side", "_sleeping", "_trails")

    def __init__(self, side: Side) -> None:
        """Begin with none."""
        self._side = side
        self._sleeping: SortedDict[tuple[int, int], Conditional] = SortedDict()  # by activation price, soonest last
        self._trails: SortedDict[int, Trail] = SortedDict()  # by best price seen, the one overtaken next last
        self._heads: SortedDict[Key, Conditional] = SortedDict()  # of each trail the order that is due first

    def __iter__(self) -> Iterator[Conditional]:
        """Yield all of them."""
        yield from self._sleeping.values()
        for trail in self._trails.values():
            yield from trail.orders.values()

    def add(self, conditional: Conditional, price: int) -> None:
        """Let one wait that is placed while the working price, in ticks, is this one."""
        if (price - conditional.activation_price) * self._side > 0:
            self._sleeping[self._side * conditional.activation_price, conditional.conditional_id] = conditional
        else:
            self._begin(conditional, price)

    def remove(self, conditional: Conditional) -> None:
        """Let one wait no more; it must be waiting. It keeps its trail, so that its trigger price stays what it was."""
        trail = conditional.trail
        if trail is None:
            del self._sleeping[self._side * conditional.activation_price, conditional.conditional_id]
            return
        self._behead(trail)
        del trail.orders[_place(conditional)]
        conditional.trail = Trail(trail.extreme, SortedDict())
        if trail.orders:
            self._crown(trail)
        else:
            del self._trails[self._side * trail.extreme]

    def follow(self, price: int) -> None:
        """Wake those whose activation price is reached, and let those follow that have seen no better price."""
        woken = []
        while self._sleeping and self._sleeping.peekitem()[0][0] >= self._side * price:
            woken.append(self._sleeping.popitem()[1])
        overtaken = []
        while self._trails and self._trails.peekitem()[0] > self._side * price:
            overtaken.append(self._trails.popitem()[1])
            self._behead(overtaken[-1])
        for trail in overtaken:
            trail.extreme = price
            self._join(trail)
        for conditional in woken:
            self._begin(conditional, price)

    def first(self) -> tuple[Key, Conditional] | None:
        """Return the one that is due first, with its key, or None."""
        return self._heads.peekitem(0) if self._heads else None

    def _begin(self, conditional: Conditional, price: int) -> None:
        """Let one follow from this price on."""
        conditional.trail = Trail(price, SortedDict({_place(conditional): conditional}))
        self._join(conditional.trail)

    def _join(self, trail: Trail) -> None:
        """Take a trail in; with one that has seen the same price it becomes one, the smaller into the larger."""
        known = self._trails.pop(self._side * trail.extreme, None)
        if known is not None:
            self._behead(known)
            small, trail = sorted((known, trail), key=lambda each: len(each.orders))
            trail.orders.update(small.orders)
            for conditional in small.orders.values():
                conditional.trail = trail
        self._trails[self._side * trail.extreme] = trail
        self._crown(trail)

    def _crown(self, trail: Trail) -> None:
        head = trail.orders.peekitem(0)[1]
        self._heads[head.key] = head

    def _behead(self, trail: Trail) -> None:
        del self._heads[trail.orders.peekitem(0)[1].key]


def _place(conditional: Conditional) -> tuple[int, int]:
    return conditional.callback_rate, conditional.conditional_id
