"""Why each liquidation came about and where its lots went, told from events alone. It knows no rule of the core.

What **attribution** means here, and what not:

* A liquidation belongs to an episode: the time in liquidation of a scope, from AccountLocked to AccountReleased.
* What set an episode off is what happened to its scope since it was judged last: marks that moved against a position of
  it, each with the index command and the trades since the mark before; funding that it paid; a fill of an order of it
  with another liquidation, in the same margin pass, or in one between marks. All of it is named, nothing is weighed.
* Its **parent** is the latest liquidation whose trades, in the direction in which its positions lose, were printed in a
  contract whose mark moved against it, since the mark before; or that traded with its order. Its generation is one more
  than the parent's, its cascade the parent's. Without a parent its first liquidation begins a cascade, at generation 0.
* So a parent **came before and pushed the same way**. That is no proof that the child would have lived without it: an
  index may have fallen by itself, and marks are medians and averages, into which a trade may enter later or not at all.
  For that, run the venue twice (`engine.muted`).
* While the index of a contract is stale, nobody with a position there is judged: of the marks of other contracts, only
  the last move before the judgement is told then.
* Lots that the fund took over leave its hands first in, first out (`inventory`), whoever's they were.
* Shared losses are those of a whole margin pass; each liquidation in it that cost the fund money is shown them.

Bounded: CASE_ROWS_MAX rows in all; the oldest liquidations are forgotten first, and `forgotten` counts them.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exchange.core.account import FUND_ID
from exchange.core.commands import Command, Tick
from exchange.core.contract import Contract
from exchange.core.enums import BalanceReason, Execution, MarginType, OrderType, PositionSide, Side
from exchange.core.events import (
    AccountLocked,
    AccountReleased,
    AccountUpdated,
    BackstopRefused,
    Deleveraged,
    DeleveragingExhausted,
    Event,
    FundingSettled,
    IndexPriceSet,
    LiquidationsCarriedOver,
    LossShared,
    MarkPriceSet,
    OrderUpdated,
    PositionLiquidated,
    Resumed,
    TradePrinted,
)
from exchange.projections.case_files import (
    Asked,
    BookFill,
    ClosingKind,
    Episode,
    FundClosing,
    Link,
    Liquidation,
    MarkMove,
    ScopeKey,
    SharedLoss,
    Trigger,
    latest,
)
from exchange.projections.inventory import ClosedLots, Inventory

CASE_ROWS_MAX = 100_000  # liquidations, and rows of their paths, together
Ids = tuple[int, ...]  # of liquidations


@dataclass(slots=True)
class _Window:
    """What happened in a contract since its last mark."""

    mark: int = 0
    index_seq: int = 0
    trades: int = 0
    first_trade_id: int = 0
    last_trade_id: int = 0
    sold_by: Link | None = None
    bought_by: Link | None = None


@dataclass(slots=True)
class _Pending:
    """What the fund did for a scope before it is known under which liquidation."""

    deficit: int = 0
    places: list[int] = field(default_factory=list)  # of the fund's events


@dataclass(slots=True)
class _Now:
    """The command at work, by what its events have told so far."""

    seq: int = 0
    ts: int = 0
    judged: bool = False  # there was a margin pass, of everybody or of those that go on between marks
    of_all: bool = False  # it was of everybody
    carried_until: int = 0
    files: dict[int, Liquidation] = field(default_factory=dict)  # what was done in it
    orders: dict[int, Liquidation] = field(default_factory=dict)  # by the id of a liquidation order
    taker: Liquidation | None = None  # of the last trade
    scopes: dict[int, ScopeKey] = field(default_factory=dict)  # by account: of its last fill
    pending: dict[ScopeKey, _Pending] = field(default_factory=dict)
    payers: list[tuple[int, str, int]] = field(default_factory=list)
    fund_places: list[int] = field(default_factory=list)  # whose liquidation the next event tells
    fund_ids: dict[int, Ids] = field(default_factory=dict)


class Causes:
    """Folds events into the files of liquidations."""

    def __init__(self, contracts: Sequence[Contract]) -> None:
        """Begin with none."""
        self.tape: deque[Liquidation] = deque()  # those that were reported, oldest first
        self.forgotten = 0
        self.inventories = {contract.symbol: Inventory() for contract in contracts}
        self._contracts = {contract.symbol: contract for contract in contracts}
        self._files: dict[int, Liquidation] = {}  # by id, oldest first
        self._rows = 0
        self._windows = {contract.symbol: _Window() for contract in contracts}
        self._episodes: dict[ScopeKey, Episode] = {}
        # Since the last margin pass that carried nothing over:
        self._moves: dict[str, MarkMove] = {}
        self._funding: dict[ScopeKey, int] = {}
        self._carried_until = 0
        # Since the last one of everybody:
        self._makers: dict[ScopeKey, Link] = {}
        self._now = _Now()
        # The type of an event depends on its key in the table, which a mapping cannot say: hence Any.
        self._handlers: Mapping[type[Any], Callable[[Any], None]] = {
            IndexPriceSet: self._on_index,
            MarkPriceSet: self._on_mark,
            TradePrinted: self._on_trade,
            FundingSettled: self._on_pass,
            Resumed: self._on_pass,
            LiquidationsCarriedOver: self._on_carried_over,
            AccountLocked: self._on_locked,
            AccountReleased: self._on_released,
            OrderUpdated: self._on_order,
            BackstopRefused: self._on_refused,
            PositionLiquidated: self._on_liquidated,
            Deleveraged: self._on_deleveraged,
            DeleveragingExhausted: self._on_exhausted,
            LossShared: self._on_shared,
        }

    def find(self, liquidation_id: int) -> Liquidation | None:
        """Return what is known of a liquidation; None when there is none, or it is forgotten."""
        return self._files.get(liquidation_id)

    def take(self, seq: int, ts: int, command: Command, events: Sequence[Event]) -> Mapping[int, Ids]:
        """Take in what one command caused; tell, by the place of the fund's AccountUpdated, whom they concern.

        An unwinding concerns all the liquidations whose lots it closed.
        """
        now = self._now = _Now(seq, ts)
        for place, event in enumerate(events):
            if isinstance(event, AccountUpdated):
                self._on_account(place, event, events[place - 1] if place else None)
            else:
                handle = self._handlers.get(type(event))
                if handle is not None:
                    handle(event)
        for key in list(now.pending):
            self._settle(key, self._last_of(key))
        self._forget_causes(now, carried_is_due=isinstance(command, Tick) and ts >= self._carried_until)
        return now.fund_ids

    def _forget_causes(self, now: _Now, *, carried_is_due: bool) -> None:
        """Forget what the pass of this command has judged; what it carried over is judged with the same causes."""
        if now.carried_until:
            self._carried_until = now.carried_until
            return
        if now.judged or (self._carried_until and carried_is_due):
            self._moves, self._funding, self._carried_until = {}, {}, 0
        if now.of_all:
            self._makers = {}  # makers of those that go on are judged at the next mark, not before

    def _on_index(self, event: IndexPriceSet) -> None:
        self._windows[event.symbol].index_seq = self._now.seq

    def _on_mark(self, event: MarkPriceSet) -> None:
        self._now.judged = self._now.of_all = True
        symbol, old = event.symbol, self._windows[event.symbol]
        self._windows[symbol] = _Window(mark=event.mark_price)
        if old.mark:
            self._moves[symbol] = _moved(event, old, self._now.seq, self._moves.get(symbol))

    def _on_trade(self, event: TradePrinted) -> None:
        window, now = self._windows[event.symbol], self._now
        window.trades += 1
        window.first_trade_id = window.first_trade_id or event.trade_id
        window.last_trade_id = event.trade_id
        now.taker = now.orders.get(event.taker_order_id)
        if now.taker is None:
            return
        if event.taker_side is Side.SELL:
            window.sold_by = now.taker.link
        else:
            window.bought_by = now.taker.link

    def _on_pass(self, _event: FundingSettled | Resumed) -> None:
        self._now.judged = self._now.of_all = True

    def _on_carried_over(self, event: LiquidationsCarriedOver) -> None:
        self._now.carried_until = event.until_ts

    def _on_locked(self, event: AccountLocked) -> None:
        now, key = self._now, ScopeKey(event.account_id, event.symbol, event.position_side)
        moved = [
            (self._moves[row.symbol], row.quantity)
            for row in event.positions
            if row.symbol in self._moves and self._moves[row.symbol].is_against(row.quantity)
        ]
        trigger = Trigger(
            moves=tuple(dict.fromkeys(move for move, _ in moved)),
            funding=max(0, self._funding.get(key, 0)),
            maker_of=self._makers.get(key),
        )
        parent = latest([trigger.maker_of, *(move.pushed_by(quantity) for move, quantity in moved)])
        cascade_id, generation = (parent.cascade_id, parent.generation + 1) if parent else (0, 0)
        now.judged = True
        self._episodes[key] = Episode(now.seq, now.ts, event, trigger, parent, cascade_id, generation)

    def _on_released(self, event: AccountReleased) -> None:
        key = ScopeKey(event.account_id, event.symbol, event.position_side)
        self._settle(key, self._last_of(key))
        episode = self._episodes.pop(key, None)
        if episode is not None:
            episode.released_seq = self._now.seq

    def _on_account(self, place: int, event: AccountUpdated, before: Event | None) -> None:
        """Take in a changed wallet; `before` is the event before it, which tells what a payment of the fund is."""
        now, key, of_fund = self._now, _key_of(event), event.account_id == FUND_ID
        if of_fund and event.reason in _TOLD_NEXT:
            now.fund_places.append(place)
        elif event.reason is BalanceReason.ORDER:
            now.scopes[event.account_id] = key
        elif event.reason is BalanceReason.FUNDING_FEE:
            self._funding[key] = self._funding.get(key, 0) - event.balance_change
        elif event.reason is BalanceReason.LOSS_SHARED and not of_fund:
            now.payers.append((event.account_id, event.symbol, -event.balance_change))
        elif event.reason is BalanceReason.INSURANCE_CLEAR and of_fund:
            if isinstance(before, AccountUpdated) and before.reason is BalanceReason.INSURANCE_CLEAR:
                pending = now.pending.setdefault(_key_of(before), _Pending())
                pending.places.append(place)
                pending.deficit += 0 if event.positions else before.balance_change  # else it takes lots over
            elif now.taker is not None:
                now.fund_ids[place] = (now.taker.liquidation_id,)  # the fee of the fill before it

    def _on_order(self, event: OrderUpdated) -> None:
        now, order, fill = self._now, event.order, event.fill
        if order.order_type is OrderType.LIQUIDATION and event.execution is Execution.NEW:
            liquidation_id = int(order.client_order_id.split("-")[1])
            found = self._file(liquidation_id, order.account_id, order.symbol, order.position_side)
            found.asked.append(Asked(order.order_id, order.quantity, order.price))
            self._grow()
            now.orders[order.order_id] = found
        if fill is None:
            return
        if order.order_type is OrderType.LIQUIDATION:
            now.orders[order.order_id].fills.append(BookFill(fill.trade_id, fill.quantity, fill.price, fill.fee))
            self._grow()
        elif order.account_id == FUND_ID:
            value = self._contracts[order.symbol].notional(fill.price, fill.quantity)
            closed = self.inventories[order.symbol].apply(order.side, fill.quantity, value)
            self._left_fund(ClosingKind.UNWINDING, order.order_id, closed)
            self._tell_fund(_ids(closed))
        elif fill.maker and now.taker is not None:
            self._makers[now.scopes[order.account_id]] = now.taker.link

    def _on_refused(self, event: BackstopRefused) -> None:
        found = self._file(event.liquidation_id, event.account_id, event.symbol, event.position_side)
        found.refused += event.quantity

    def _on_liquidated(self, event: PositionLiquidated) -> None:
        now = self._now
        found = self._file(event.liquidation_id, event.account_id, event.symbol, event.position_side)
        found.event = event
        self.tape.append(found)
        isolated = event.margin_type is MarginType.ISOLATED
        key = ScopeKey(event.account_id, *((event.symbol, event.position_side) if isolated else ()))
        places = now.pending[key].places if key in now.pending else []
        self._settle(key, found)
        if event.taken_over_quantity:
            closed = self._taken_over(found, event)
            for place in places:
                now.fund_ids[place] += _ids(closed)

    def _taken_over(self, found: Liquidation, event: PositionLiquidated) -> list[ClosedLots]:
        """Hold what the fund took; where it held the other side, both are gone, at the value of the later one."""
        side = Side.BUY if event.quantity > 0 else Side.SELL
        lots, value = event.taken_over_quantity, event.taken_over_value
        closed = self.inventories[event.symbol].apply(side, lots, value, found.liquidation_id)
        self._left_fund(ClosingKind.TAKEOVER, found.liquidation_id, closed)
        gone = sum(one.lots for one in closed)
        if gone:
            own = ClosedLots(found.liquidation_id, gone, sum(one.value for one in closed), 0)
            self._left_fund(ClosingKind.TAKEOVER, closed[0].liquidation_id, [own])
        return closed

    def _on_deleveraged(self, event: Deleveraged) -> None:
        found = self._file(event.liquidation_id, event.account_id, event.symbol, event.position_side)
        found.deleveraged.append(event)
        self._grow()
        if found.episode is not None:
            locked = found.episode.locked
            self._settle(ScopeKey(locked.account_id, locked.symbol, locked.position_side), found)
        self._closed_too(event)
        ids: Ids = (found.liquidation_id,)
        if FUND_ID in {event.account_id, event.counterparty_id}:
            side = event.side if event.counterparty_id == FUND_ID else event.side.opposite
            closed = self.inventories[event.symbol].apply(side, event.quantity, event.value)
            self._left_fund(ClosingKind.DELEVERAGING, event.order_id, closed)
            ids += _ids(closed)
        self._tell_fund(ids)

    def _closed_too(self, event: Deleveraged) -> None:
        """Book a deleveraging on the counterparty's own liquidation in this pass, if its position has one, too."""
        for found in reversed(self._now.files.values()):
            told = found.event
            if told is not None and (told.account_id, told.symbol, told.position_side) == (
                event.counterparty_id,
                event.symbol,
                event.counterparty_side,
            ):
                found.closed_for.append(event)
                self._grow()
                return

    def _on_exhausted(self, event: DeleveragingExhausted) -> None:
        found = self._file(event.liquidation_id, event.account_id, event.symbol, event.position_side)
        found.exhausted += event.quantity

    def _on_shared(self, event: LossShared) -> None:
        now = self._now
        shared = SharedLoss(now.seq, event, tuple(now.payers))
        files = [found for found in now.files.values() if found.cost_fund] or list(now.files.values())
        for found in files:
            found.shared = shared
        self._tell_fund(tuple(found.liquidation_id for found in files))

    def _file(self, liquidation_id: int, account_id: int, symbol: str, side: PositionSide) -> Liquidation:
        """Return what is known of a liquidation, begun if this is the first word of it."""
        found = self._files.get(liquidation_id)
        if found is None:
            alone = self._episodes.get(ScopeKey(account_id, symbol, side))
            episode = alone or self._episodes.get(ScopeKey(account_id))
            seq, ts = self._now.seq, self._now.ts
            found = self._files[liquidation_id] = Liquidation(liquidation_id, symbol, seq, ts, episode)
            if episode is not None:
                episode.cascade_id = episode.cascade_id or liquidation_id
                episode.last_id = liquidation_id
            self._grow()
        self._now.files[liquidation_id] = found
        return found

    def _last_of(self, key: ScopeKey) -> Liquidation | None:
        episode = self._episodes.get(key)
        return None if episode is None else self._files.get(episode.last_id)

    def _settle(self, key: ScopeKey, found: Liquidation | None) -> None:
        """Book what the fund did for a scope on a liquidation; without one it was for an ordinary trade."""
        pending = self._now.pending.pop(key, None)
        if pending is not None and found is not None:
            found.deficit_paid += pending.deficit
            self._now.fund_ids.update((place, (found.liquidation_id,)) for place in pending.places)

    def _left_fund(self, kind: ClosingKind, ref_id: int, closed: Iterable[ClosedLots]) -> None:
        """Book on the liquidations that brought them that lots have left the fund's hands."""
        for one in closed:
            found = self._files.get(one.liquidation_id)
            if found is not None:
                row = FundClosing(self._now.seq, self._now.ts, kind, ref_id, one.lots, one.value, one.gain)
                found.closings.append(row)
                self._grow()

    def _tell_fund(self, ids: Ids) -> None:
        self._now.fund_ids.update((place, ids) for place in self._now.fund_places)
        self._now.fund_places = []

    def _grow(self) -> None:
        """Count one more row, and forget the oldest liquidations beyond the bound; the newest stays."""
        self._rows += 1
        while self._rows > CASE_ROWS_MAX and len(self._files) > 1:
            oldest = self._files.pop(next(iter(self._files)))
            self._rows -= oldest.rows
            self.forgotten += 1
            if self.tape and self.tape[0] is oldest:
                self.tape.popleft()


def _moved(event: MarkPriceSet, window: _Window, seq: int, before: MarkMove | None) -> MarkMove:
    """Return what moved a mark; with a move `before` that not everybody was judged by, what moved it in both."""
    return MarkMove(
        symbol=event.symbol,
        seq=seq,
        before=before.before if before else window.mark,
        after=event.mark_price,
        index_seq=window.index_seq or (before.index_seq if before else 0),
        trades=window.trades + (before.trades if before else 0),
        first_trade_id=(before.first_trade_id if before else 0) or window.first_trade_id,
        last_trade_id=window.last_trade_id or (before.last_trade_id if before else 0),
        sold_by=window.sold_by or (before.sold_by if before else None),
        bought_by=window.bought_by or (before.bought_by if before else None),
    )


def _key_of(event: AccountUpdated) -> ScopeKey:
    """Return the scope whose wallet changed: an isolated one is named by its position."""
    if event.positions and event.positions[0].margin_type is MarginType.ISOLATED:
        return ScopeKey(event.account_id, event.positions[0].symbol, event.positions[0].position_side)
    return ScopeKey(event.account_id)


def _ids(closed: Iterable[ClosedLots]) -> Ids:
    return tuple(one.liquidation_id for one in closed)


# Of the fund's changes: the order, the deleveraging, or the loss that they belong to follows.
_TOLD_NEXT = (BalanceReason.ORDER, BalanceReason.DELEVERAGING, BalanceReason.LOSS_SHARED)
