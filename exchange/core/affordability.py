"""Whether an order can be paid: margin for what it opens, and the loss of what it closes. Pure.

Source: docs/rules.md, section 5.
"""

from exchange.core.account import scope_of
from exchange.core.candidate import Candidate, refuse
from exchange.core.enums import RejectReason
from exchange.core.events import Rejected
from exchange.core.margin import (
    Trial,
    equity,
    exposure_of,
    exposure_with,
    kept_margin,
    open_notional,
    order_losses,
    order_open_loss,
    reserved_apart,
    surplus,
)
from exchange.core.matching import closing_room
from exchange.core.units import div_floor


def margin_suffices(candidate: Candidate) -> RejectReason | Rejected | None:
    """Hold what an order opens within the cap of its leverage, and within the margin that is there."""
    if candidate.only_reduces:
        return None
    market, holding, leg = candidate.market, candidate.holding, candidate.leg
    others = exposure_of(market, holding, leg, without=candidate.amended)
    exposure = exposure_with(market, others, candidate.side, candidate.remaining, candidate.counted_price)
    cap = market.contract.notional_cap(holding.leverage)
    if open_notional(market, leg.position, exposure) > cap:
        return refuse(candidate, RejectReason.POSITION_LIMIT, cap)
    trial = Trial(market.contract.symbol, leg.side, exposure)
    short = surplus(candidate.state, candidate.account, trial) < 0
    if holding.isolated:
        short |= reserved_apart(candidate.state, candidate.account, trial) > candidate.account.cross_wallet
    return RejectReason.MARGIN_INSUFFICIENT if short else None


def closing_is_paid(candidate: Candidate) -> RejectReason | None:
    """Let nobody close so badly that the fund would pay, or that what stays would be liquidated at an unchanged mark.

    A closing at the mark or better is always let in; what opens a cross wallet has paid for by `margin_suffices`.
    """
    if not (candidate.holding.isolated or candidate.only_reduces):
        return None
    state, account, symbol = candidate.state, candidate.account, candidate.market.contract.symbol
    pieces = _closing_pieces(candidate)
    if not any(loss for _, loss in pieces):
        return None
    scope = scope_of(account, symbol, candidate.position_side)
    left = equity(state, scope) - order_losses(state, scope, without=candidate.amended)
    left -= 0 if scope.symbol else reserved_apart(state, account)
    held = abs(candidate.leg.position.quantity)
    for lots, loss in pieces:
        freed_apart = div_floor(left * (held - lots), held) if scope.symbol else left
        left, held = min(left - loss, freed_apart), held - lots
        if left < 0:
            return RejectReason.MARGIN_INSUFFICIENT
    kept = kept_margin(state, scope, candidate.leg, held)
    return RejectReason.MARGIN_INSUFFICIENT if left < kept else None


def _closing_pieces(candidate: Candidate) -> list[tuple[int, int]]:
    """Return (lots, loss against the mark) of what the order would close: of what it meets, then of its rest."""
    contract, mark_price, found = candidate.market.contract, candidate.market.mark_price, candidate.walk
    own = (candidate.account.account_id, candidate.position_side)
    prices = [
        (step.maker.price, step.quantity)
        for step in found.steps
        if (step.maker.account_id, step.maker.position_side) != own  # a leg that trades with itself moves nothing
    ]
    if candidate.life.rests:
        prices.append((candidate.price, candidate.remaining - found.filled))
    room, pieces = closing_room(candidate.leg.position.quantity, candidate.side), []
    for price, quantity in prices:
        lots = min(quantity, room)
        room -= lots
        if lots:
            value, at_mark = contract.notional(price, lots), contract.notional(mark_price, lots)
            pieces.append((lots, order_open_loss(candidate.side, value, at_mark)))
    return pieces
