"""Market makers: a ladder of quotes around the index that leans against inventory and withdraws under stress."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from exchange.core.enums import Side, TimeInForce
from exchange.core.units import SECOND
from scenarios.agents.agent import Desk
from scenarios.agents.group import Group, Interval, Positive, Share

MOVED_SHARE = 0.25  # of its distance from the fair price: by less, a quote stays where it is
WORN_SHARE = 0.5  # of its size: a quote with less left is renewed


class Maker(Group, frozen=True, kw_only=True, tag="maker"):
    """How it quotes: distances from the fair price and sizes, nearest level first.

    Stress runs from 0 (the index is within `stress_from_bp` of its own average) to 1 (`stress_full_bp` beyond that):
    then quotes are `stress_widening` times as far away, and `withdrawn_share` of their size is gone.
    """

    distances_bp: tuple[Positive, ...]
    sizes_quote: tuple[Positive, ...]
    inventory_max_quote: Positive
    lean_bp: float  # how far a full inventory moves the fair price
    requote_seconds: Interval
    stress_from_bp: float = 40.0
    stress_full_bp: Positive = 120.0
    stress_half_life_seconds: Positive = 30.0
    stress_widening: float = 4.0
    withdrawn_share: Share = 0.8

    def __post_init__(self) -> None:
        """Refuse a ladder whose two lists differ in length."""
        if len(self.distances_bp) != len(self.sizes_quote):
            raise ValueError(f"agents {self.name!r}: distances_bp and sizes_quote must be of one length")


class _Quote(NamedTuple):
    """A quote that is wanted: the name of its place in the ladder, price in ticks; `lots` 0: none."""

    slot: str
    side: Side
    price: int
    lots: int
    tolerance: float  # ticks


class MarketMaker:
    """Re-quotes at random times, about every `requote_seconds`; what has not moved stays in the queue."""

    def __init__(self, desk: Desk, group: Maker) -> None:
        """Take the seat; nothing is drawn yet."""
        self.desk, self.group = desk, group
        self.deposit_quote, self.leverage = group.deposit_quote, group.leverage
        self._clock = desk.chance("clock")
        self._calm = 0.0  # the average of the index, ticks
        self._seen_ns = 0

    def begin(self) -> int:
        """Sleep a random while."""
        return self._sleep_ns()

    def wake(self) -> int:
        """Bring the quotes to where they should be."""
        index = self.desk.market.index_price
        if index:
            stress = self._stress(index)
            position_quote = self.desk.quote_of(self.desk.position.quantity, index)
            filled = max(-1.0, min(1.0, position_quote / self.group.inventory_max_quote))
            fair = index * (1 - filled * self.group.lean_bp * (1 + stress) * 1e-4)
            self._quote(fair, filled, stress)
        return self._sleep_ns()

    def _quote(self, fair: float, filled: float, stress: float) -> None:
        """Place every quote that is missing, and replace those that are off; they stay on their side of the touch.

        Cancels go first: its own old quotes would have the new ones refused.
        """
        desk = self.desk
        off = [quote for quote in self._wanted(fair, filled, stress) if not self._stands(quote)]
        for quote in off:
            order = desk.account.client_order_ids.get(quote.slot)
            if order is not None:
                desk.cancel(order.order_id)
        for quote in off:
            if quote.lots:
                desk.place(quote.side, quote.lots, quote.price, time_in_force=TimeInForce.GTX, client_id=quote.slot)

    def _wanted(self, fair: float, filled: float, stress: float) -> Iterator[_Quote]:
        """Yield the quotes that it would like to have now, none of which crosses what others quote."""
        desk, group = self.desk, self.group
        bid, ask = desk.best_of_others(Side.BUY), desk.best_of_others(Side.SELL)
        widening = 1 + (group.stress_widening - 1) * stress
        left = 1 - group.withdrawn_share * stress
        for number, (distance_bp, size_quote) in enumerate(zip(group.distances_bp, group.sizes_quote, strict=True)):
            away = fair * distance_bp * 1e-4 * widening
            lots = desk.lots_of(size_quote * left, fair)
            low, high = round(fair - away), round(fair + away)
            low = min(low, ask - 1 - number) if ask else low
            high = max(high, bid + 1 + number) if bid else high
            tolerance = away * MOVED_SHARE
            yield _Quote(f"b{number}", Side.BUY, max(1, low), 0 if filled >= 1 else lots, tolerance)
            yield _Quote(f"a{number}", Side.SELL, max(1, high), 0 if filled <= -1 else lots, tolerance)

    def _stands(self, quote: _Quote) -> bool:
        """Tell whether a quote is in the book as it should be, or rightly is not."""
        order = self.desk.account.client_order_ids.get(quote.slot)
        if order is None or not quote.lots:
            return order is None and not quote.lots
        near = abs(order.price - quote.price) <= quote.tolerance
        return near and quote.lots * WORN_SHARE <= order.remaining <= 2 * quote.lots

    def _stress(self, index: int) -> float:
        """Return 0 for an ordinary distance of the index from its average, up to 1, and move the average."""
        now = self.desk.now
        if not self._calm:
            self._calm, self._seen_ns = float(index), now
        move_bp = abs(math.log(index / self._calm)) * 1e4
        kept = 0.5 ** ((now - self._seen_ns) / (self.group.stress_half_life_seconds * SECOND))
        self._calm, self._seen_ns = self._calm * kept + index * (1 - kept), now
        return max(0.0, min(1.0, (move_bp - self.group.stress_from_bp) / self.group.stress_full_bp))

    def _sleep_ns(self) -> int:
        return int(self.group.requote_seconds * SECOND * self._clock.uniform(0.5, 1.5))
