"""What an account chooses beside its orders: margin type, position mode, and the margin of its isolated positions."""

from exchange.core.account import Account, Leg, cross_scope
from exchange.core.admission import first_refusal, fits_mode, locked
from exchange.core.clearing import report_account
from exchange.core.commands import AdjustMargin, SetAutoAddMargin, SetMarginType, SetPositionMode
from exchange.core.enums import BalanceReason, MarginMove, PositionSide, RejectReason
from exchange.core.events import AutoAddMarginSet, MarginTypeSet, PositionModeSet, Rejected
from exchange.core.isolated import move_margin
from exchange.core.margin import max_removable, max_withdrawable, on_stale_index
from exchange.core.state import Market, State
from exchange.core.transfers import amount_refusal
from exchange.core.waiting import conditionals_in


def set_margin_type(state: State, account: Account, _market: Market, command: SetMarginType) -> Rejected | None:
    """Choose cross or isolated margin in a contract in which nothing is open."""
    holding = account.holdings[command.symbol]
    refusals = (
        (locked(account, command.symbol), RejectReason.IN_LIQUIDATION),
        (command.margin_type is holding.margin_type, RejectReason.MARGIN_TYPE_UNCHANGED),
        (bool(holding.orders or conditionals_in(account, command.symbol)), RejectReason.MARGIN_TYPE_OPEN_ORDERS),
        (holding.has_position(), RejectReason.MARGIN_TYPE_OPEN_POSITION),
    )
    refusal = first_refusal(command.account_id, refusals)
    if refusal is not None:
        return refusal
    holding.margin_type = command.margin_type
    state.events.append(MarginTypeSet(command.account_id, command.symbol, command.margin_type, account.hedge))
    return None


def set_position_mode(state: State, account: Account, command: SetPositionMode) -> Rejected | None:
    """Choose one-way or hedge mode while nothing at all is open."""
    waits = bool(account.conditionals)
    refusals = (
        (any(locked(account, symbol) for symbol in account.holdings), RejectReason.IN_LIQUIDATION),
        (command.hedge is account.hedge, RejectReason.POSITION_MODE_UNCHANGED),
        (waits or any(one.orders for one in account.holdings.values()), RejectReason.POSITION_MODE_OPEN_ORDERS),
        (account.has_position(), RejectReason.POSITION_MODE_OPEN_POSITION),
    )
    refusal = first_refusal(command.account_id, refusals)
    if refusal is not None:
        return refusal
    account.hedge = command.hedge
    for holding in account.holdings.values():
        for side in (PositionSide.LONG, PositionSide.SHORT):
            holding.legs.setdefault(side, Leg(side))  # all legs stay: each remembers what it realised
    state.events.append(PositionModeSet(command.account_id, command.hedge))
    return None


def set_auto_add_margin(state: State, account: Account, _market: Market, command: SetAutoAddMargin) -> Rejected | None:
    """Choose whether isolated positions in a contract are topped up before they are liquidated."""
    account.holdings[command.symbol].auto_add_margin = command.enabled
    state.events.append(AutoAddMarginSet(command.account_id, command.symbol, command.enabled))
    return None


def adjust_margin(state: State, account: Account, market: Market, command: AdjustMargin) -> Rejected | None:
    """Move margin between the cross wallet and an isolated position."""
    refusal = (
        amount_refusal(command.account_id, command.amount)
        or _target_refusal(account, command)
        or (_adding_refusal if command.add else _removing_refusal)(state, account, market, command)
    )
    if refusal is not None:
        return refusal
    leg = account.leg(command.symbol, command.position_side)
    amount = command.amount if command.add else -command.amount
    move_margin(state, account, command.symbol, leg, amount, MarginMove.USER_ADJUST)
    report_account(state, account, 0, BalanceReason.MARGIN_TRANSFER, command.symbol, leg.side)
    return None


def _target_refusal(account: Account, command: AdjustMargin) -> Rejected | None:
    """Return why there is no isolated position to adjust, if so."""
    if not fits_mode(account, command.position_side):
        return Rejected(RejectReason.POSITION_SIDE_MISMATCH, account.account_id)
    if not account.holdings[command.symbol].isolated:
        return Rejected(RejectReason.MARGIN_NOT_ISOLATED, account.account_id)
    empty = not account.leg(command.symbol, command.position_side).position.quantity
    return Rejected(RejectReason.POSITION_EMPTY, account.account_id) if empty else None


def _adding_refusal(state: State, account: Account, _market: Market, command: AdjustMargin) -> Rejected | None:
    """Return why money may not leave the cross wallet, if so. To a position in liquidation it is welcome."""
    if account.in_liquidation:
        return Rejected(RejectReason.IN_LIQUIDATION, account.account_id)
    if on_stale_index(state, cross_scope(account)):
        return Rejected(RejectReason.INDEX_STALE, account.account_id)
    most = max_withdrawable(state, account)
    short = command.amount > most
    return Rejected(RejectReason.CROSS_BALANCE_INSUFFICIENT, account.account_id, most) if short else None


def _removing_refusal(state: State, account: Account, market: Market, command: AdjustMargin) -> Rejected | None:
    """Return why money may not leave an isolated position, if so."""
    if account.leg(command.symbol, command.position_side).in_liquidation:
        return Rejected(RejectReason.IN_LIQUIDATION, account.account_id)
    if market.index_stale:
        return Rejected(RejectReason.INDEX_STALE, account.account_id)
    most = max_removable(state, account, command.symbol, command.position_side)
    short = command.amount > most
    return Rejected(RejectReason.ISOLATED_BALANCE_INSUFFICIENT, account.account_id, most) if short else None
