"""What is known of a liquidation, as records: its episode, what set it off, the path of its lots, who paid.

They are filled by `causes`; they decide nothing. Prices in ticks, money in atoms, times in nanoseconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from exchange.core.account import FUND_ID
from exchange.core.contract import Contract
from exchange.core.enums import PositionSide
from exchange.core.events import AccountLocked, Deleveraged, LossShared, PositionLiquidated


class ScopeKey(NamedTuple):
    """Whose liquidation: the cross positions of an account (no symbol), or one isolated position."""

    account_id: int
    symbol: str = ""
    side: PositionSide = PositionSide.BOTH


class Link(NamedTuple):
    """A liquidation's place in its cascade: generation 0 began it."""

    liquidation_id: int
    cascade_id: int
    generation: int


@dataclass(frozen=True, slots=True)
class MarkMove:
    """A mark that was made, the one before it, and what happened between the two, both marks' commands included.

    `index_seq` is the sequence number of the last command that made the index anew, 0: none did. `trades` were printed,
    their ids from `first_trade_id` to `last_trade_id` (0: none). `sold_by` and `bought_by` are the last liquidations
    that sold and bought among them.
    """

    symbol: str
    seq: int
    before: int
    after: int
    index_seq: int
    trades: int
    first_trade_id: int
    last_trade_id: int
    sold_by: Link | None
    bought_by: Link | None

    def is_against(self, quantity: int) -> bool:
        """Tell whether a position of this signed quantity lost by it."""
        return (self.after - self.before) * quantity < 0

    def pushed_by(self, quantity: int) -> Link | None:
        """Return the last liquidation that traded in the direction in which such a position loses."""
        return self.sold_by if quantity > 0 else self.bought_by


@dataclass(frozen=True, slots=True)
class Trigger:
    """What happened to a scope since it was judged last: all of it, as nobody can tell which of it was decisive.

    `moves`: marks that moved against a position of it. `funding`: what it paid, in atoms. `maker_of`: the last
    liquidation that traded with an order of it.
    """

    moves: tuple[MarkMove, ...] = ()
    funding: int = 0
    maker_of: Link | None = None


@dataclass(slots=True)
class Episode:
    """A scope's time in liquidation, from AccountLocked to AccountReleased. `cascade_id` 0: no liquidation yet."""

    seq: int
    ts: int
    locked: AccountLocked
    trigger: Trigger
    parent: Link | None
    cascade_id: int
    generation: int
    last_id: int = 0  # of its last liquidation so far
    released_seq: int | None = None


class Asked(NamedTuple):
    """An order of a liquidation as it was sent: lots, at this price or better for the owner."""

    order_id: int
    quantity: int
    limit_price: int


@dataclass(frozen=True, slots=True)
class BookFill:
    """Lots that were sold (or bought back) on the book; a negative fee was paid by the fund."""

    trade_id: int
    quantity: int
    price: int
    fee: int


class ClosingKind(Enum):
    """How lots left the fund's hands again."""

    UNWINDING = "UNWINDING"
    TAKEOVER = "TAKEOVER"
    DELEVERAGING = "DELEVERAGING"


@dataclass(frozen=True, slots=True)
class FundClosing:
    """Lots of a takeover that left the fund's hands.

    `ref_id` is the order's id of an unwinding or a deleveraging, or the liquidation that brought lots of the other
    side. `gain` is what the fund made of them, in atoms, since it took them over.
    """

    seq: int
    ts: int
    kind: ClosingKind
    ref_id: int
    quantity: int
    value: int
    gain: int


@dataclass(frozen=True, slots=True)
class SharedLoss:
    """What traders paid for a fund below zero, at the end of a margin pass: (account, symbol, atoms) of each.

    The symbol is that of an isolated position, empty where the cross wallet paid.
    """

    seq: int
    event: LossShared
    payers: tuple[tuple[int, str, int], ...]


@dataclass(slots=True)
class Liquidation:
    """All that is known of one liquidation. `event` is None for a vault under water: nobody was liquidated."""

    liquidation_id: int
    symbol: str
    seq: int
    ts: int
    episode: Episode | None
    event: PositionLiquidated | None = None
    asked: list[Asked] = field(default_factory=list)  # its orders, in the order in which they were sent
    fills: list[BookFill] = field(default_factory=list)
    refused: int = 0  # lots that the backstop did not take
    deleveraged: list[Deleveraged] = field(default_factory=list)
    closed_for: list[Deleveraged] = field(default_factory=list)  # lots closed under another's, as its last counterparty
    exhausted: int = 0  # lots for which no counterparty was left
    closings: list[FundClosing] = field(default_factory=list)
    deficit_paid: int = 0  # by the fund, once nothing of the scope was left
    shared: SharedLoss | None = None

    @property
    def link(self) -> Link:
        """Its place in its cascade."""
        if self.episode is None:
            return Link(self.liquidation_id, self.liquidation_id, 0)
        return Link(self.liquidation_id, self.episode.cascade_id, self.episode.generation)

    @property
    def parent_id(self) -> int | None:
        """The liquidation that is taken for its cause, if there is one."""
        return self.episode.parent.liquidation_id if self.episode is not None and self.episode.parent else None

    @property
    def taken_over(self) -> int:
        """Lots that the fund or vault took."""
        return self.event.taken_over_quantity if self.event is not None else 0

    @property
    def deleveraged_lots(self) -> int:
        """Lots that were closed against other traders."""
        return sum(one.quantity for one in self.deleveraged)

    @property
    def left_open(self) -> int:
        """Lots that stayed with their owner."""
        if self.event is None:
            return self.exhausted
        held = abs(self.event.quantity) - self.event.filled_quantity - self.taken_over
        return held - self.deleveraged_lots - sum(one.quantity for one in self.closed_for)

    @property
    def unwound(self) -> int:
        """Lots that have left the fund's hands again."""
        return sum(one.quantity for one in self.closings)

    @property
    def unwinding_gain(self) -> int:
        """What the fund made of those, in atoms, since it took them over."""
        return sum(one.gain for one in self.closings)

    @property
    def fees(self) -> int:
        """What the fund received of its fills, in atoms; negative: it paid for the gap."""
        return sum(one.fee for one in self.fills)

    @property
    def cost_fund(self) -> bool:
        """Tell whether the fund paid for it out of its wallet: a gap, or a deficit."""
        return self.fees < 0 or self.deficit_paid > 0

    @property
    def rows(self) -> int:
        """How much of the bound it takes."""
        paths = (self.asked, self.fills, self.deleveraged, self.closed_for, self.closings)
        return 1 + sum(len(path) for path in paths)

    @property
    def victims(self) -> tuple[int, ...]:
        """The traders it was closed against, each once."""
        return tuple(dict.fromkeys(one.counterparty_id for one in self.deleveraged if one.counterparty_id != FUND_ID))


def latest(links: Iterable[Link | None]) -> Link | None:
    """Return the link with the highest id."""
    return max((link for link in links if link is not None), default=None)


def residue_at_takeover(contract: Contract, event: PositionLiquidated) -> int:
    """Return what the lots that the fund took were worth to it at that mark, beyond what it took them for, in atoms."""
    worth = contract.notional(event.mark_price, event.taken_over_quantity) - event.taken_over_value
    return worth if event.quantity > 0 else -worth
