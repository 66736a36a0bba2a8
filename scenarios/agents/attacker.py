"""An attacker of the mark: takes a position, pays to push the price its way, and buys back from those it has ruined.

What the attack costs and earns is all in its account: the change of its wallet, once it is flat again.
"""

from exchange.core.enums import Side
from exchange.core.units import SECOND
from scenarios.agents.agent import Desk
from scenarios.agents.group import Direction, Group, Interval, NotNegative, Positive


class Attacker(Group, frozen=True, kw_only=True, tag="attacker"):
    """The plan: quietly in, a push, a pause, and out again. Amounts are notionals in quote units.

    Out it goes with limit orders at the touch for `cover_seconds`, so that those who must trade come to it; what is
    left then goes in market orders.
    """

    side: Direction  # -1 pushes the price down
    quiet_from_seconds: NotNegative
    quiet_seconds: Positive
    quiet_quote: Positive  # the position it takes first, in even parts
    push_from_seconds: NotNegative
    push_seconds: Positive
    push_quote: Positive  # in even parts
    cover_from_seconds: NotNegative
    cover_seconds: Positive
    wake_seconds: Interval = 1.0

    def __post_init__(self) -> None:
        """Refuse a plan whose steps do not follow each other."""
        quiet_ends = self.quiet_from_seconds + self.quiet_seconds
        push_ends = self.push_from_seconds + self.push_seconds
        if not quiet_ends <= self.push_from_seconds <= push_ends <= self.cover_from_seconds:
            raise ValueError(f"agents {self.name!r}: quiet, push and cover must follow each other")


class MarkAttacker:
    """Wakes at even times and sends the part of the plan that is due. It draws nothing."""

    def __init__(self, desk: Desk, group: Attacker) -> None:
        """Take the seat."""
        self.desk, self.group = desk, group
        self.deposit_quote, self.leverage = group.deposit_quote, group.leverage
        self._side = Side(group.side)
        self._begun_ns = 0

    def begin(self) -> int:
        """Sleep until the plan begins."""
        self._begun_ns = self.desk.now
        return int(self.group.quiet_from_seconds * SECOND)

    def push_ns(self) -> tuple[int, int]:
        """Return when the push begins and when it is over, in nanoseconds since the plan was made."""
        begin_s = self.group.push_from_seconds
        return int(begin_s * SECOND), int((begin_s + self.group.push_seconds) * SECOND)

    def wake(self) -> int | None:
        """Send what is due; None when the plan is over and the position closed."""
        desk, group = self.desk, self.group
        mark, elapsed_s = desk.market.mark_price, (desk.now - self._begun_ns) / SECOND
        if mark and not desk.account.in_liquidation:
            if elapsed_s < group.quiet_from_seconds + group.quiet_seconds:
                self._send(self._side, group.quiet_quote, group.quiet_seconds)
            elif group.push_from_seconds <= elapsed_s < group.push_from_seconds + group.push_seconds:
                self._send(self._side, group.push_quote, group.push_seconds)
            elif elapsed_s >= group.cover_from_seconds:
                if not desk.position.quantity:
                    return None
                self._cover(mark, elapsed_s)
        return int(group.wake_seconds * SECOND)

    def _send(self, side: Side, quote: float, seconds: float) -> None:
        part_quote = quote * self.group.wake_seconds / seconds
        self.desk.place(side, self.desk.lots_of(part_quote, self.desk.market.mark_price))

    def _cover(self, mark: int, elapsed_s: float) -> None:
        """Renew the order at the touch; when time is up, take instead."""
        desk, group, side = self.desk, self.group, self._side.opposite
        if desk.orders:
            desk.cancel_all()
        lots, price = abs(desk.position.quantity), desk.best(side)
        if price is not None and elapsed_s < group.cover_from_seconds + group.cover_seconds:
            desk.place(side, lots, price, reduce_only=True)
        else:
            part_quote = (group.quiet_quote + group.push_quote) * group.wake_seconds / group.cover_seconds
            desk.place(side, min(lots, desk.lots_of(part_quote, mark)), reduce_only=True)
