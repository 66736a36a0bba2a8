"""Rows of `liquidations`, `adl` and `insurance` from the tapes of the projection. It finds no causes: that does."""

from exchange.core.enums import BalanceReason
from exchange.projections.case_files import Liquidation, MarkMove
from exchange.projections.liquidations import AdlRow, FundRow
from scenarios.record.sink import Row

_CHANGES = frozenset(reason.value for reason in BalanceReason)


def liquidation_row(seq: int, ts: int, found: Liquidation) -> Row:
    """Return a liquidation as its margin pass left it."""
    event = found.event
    assert event is not None, "only what was reported is on the tape"
    deleveraged = sum(one.value for one in found.deleveraged)
    closed_for = sum(one.quantity for one in found.closed_for)
    return (
        *(seq, ts, found.liquidation_id, event.account_id, event.symbol, event.position_side, event.margin_type),
        *_cause(found),
        *(event.quantity, event.equity, event.maintenance_margin, event.bankruptcy_value),
        *(event.limit_price or None, event.ordered_quantity),
        *(event.filled_quantity, event.filled_value, event.fee, event.taken_over_quantity, event.taken_over_value),
        *(found.deleveraged_lots, deleveraged, closed_for, found.left_open, found.deficit_paid),
    )


def adl_row(seq: int, ts: int, row: AdlRow) -> Row:
    """Return lots that were closed against a counterparty."""
    event, link = row.event, row.link
    return (
        *(seq, ts, event.liquidation_id, event.symbol, event.account_id),
        *(event.counterparty_id, event.counterparty_side, event.order_id, event.quantity, event.value),
        *(event.mark_price, event.realized_pnl, link.cascade_id, link.generation),
    )


def insurance_row(seq: int, ts: int, row: FundRow) -> Row:
    """Return a change of the fund's wallet, or a word of it: then the wallet stays and `amount_a` is its figure."""
    moves = row.kind in _CHANGES
    delta, amount = (row.change, None) if moves else (0, row.change)
    ids = list(row.liquidation_ids)
    named = (row.order_id or None, row.trade_id or None, row.quantity or None)
    return (seq, ts, row.kind, row.symbol or None, delta, row.balance, amount, ids, *named)


def _cause(found: Liquidation) -> Row:
    """Return the columns from `locked_seq` to `funding_paid_a`."""
    episode, event = found.episode, found.event
    assert event is not None
    if episode is None:
        return (None, None, *found.link[1:], None, None, event.mark_price, *(None,) * 6)
    trigger = episode.trigger
    move = next((one for one in trigger.moves if one.symbol == event.symbol), None)
    maker_of = trigger.maker_of.liquidation_id if trigger.maker_of is not None else None
    return (
        *(episode.seq, episode.ts, *found.link[1:], found.parent_id),
        *(move.before if move is not None else None, event.mark_price),
        *_pushed(move),
        *(maker_of, trigger.funding),
    )


def _pushed(move: MarkMove | None) -> Row:
    if move is None:
        return (None, None, None, None)
    return (move.index_seq or None, move.trades, move.first_trade_id or None, move.last_trade_id or None)
