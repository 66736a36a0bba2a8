"""The wallets of isolated positions: what a fill frees, takes and leaves owed. No loss reaches the cross wallet.

Source: docs/rules.md, section 5, "Isolated wallets". It moves money within one account; `clearing` reports it.
"""

from exchange.core.account import Account, Change, Leg, Scope
from exchange.core.enums import MarginMove
from exchange.core.events import IsolatedMarginMoved
from exchange.core.margin import equity, initial_margin_of, order_losses, order_open_loss, to_spare
from exchange.core.state import State
from exchange.core.units import Atoms, div_floor


def move_margin(state: State, account: Account, symbol: str, leg: Leg, amount: int, cause: MarginMove) -> None:
    """Move `amount` atoms from the cross wallet to an isolated position, back when negative, and say so."""
    _shift(account, leg, amount)
    _report(state, account, symbol, leg, amount, cause)


def settle_fill(state: State, account: Account, symbol: str, leg: Leg, change: Change, net: int) -> int:
    """Book `net` (profit less fee) of a fill to an isolated position that has moved, and free or take its margin.

    What the venue closes in liquidation frees nothing before the position is closed: until then all of the wallet
    stands for it. Returns what is owed to the wallet of a position that is gone: the fund's to pay.
    """
    fee = change.profit - net
    turned = bool(change.closed and change.opened)
    if turned:
        net = change.profit  # its fee is for what is opened
    before = change.closed if change.opened else change.closed + abs(leg.position.quantity)  # lots
    gone = 0 < change.closed == before  # closed, or turned around
    frees = change.closed > 0 and (gone or not leg.in_liquidation)
    # The odd atom of the share stays with the position, as margin.
    freed = max(0, div_floor(leg.isolated_wallet * change.closed, before) + net) if frees else 0
    leg.isolated_wallet += net
    if freed and not gone:  # what resting orders stand to lose stays
        scope = Scope(account, symbol, leg.side)
        freed = min(freed, max(0, equity(state, scope) - order_losses(state, scope)))
    _shift(account, leg, -freed)
    owed = -leg.isolated_wallet if gone else 0
    if turned:
        leg.isolated_wallet -= fee
    taken = 0
    if change.opened:
        taken = min(_needed(state, account, symbol, leg, change), to_spare(state, account))
        _shift(account, leg, taken)
    if taken != freed:
        _report(state, account, symbol, leg, taken - freed, MarginMove.TRADE)
    if gone:
        leg.margin_called = False
    return owed


def _needed(state: State, account: Account, symbol: str, leg: Leg, change: Change) -> int:
    """Return the initial margin of the lots opened, and the loss against the mark that they begin with."""
    market = state.markets[symbol]
    side = 1 if leg.position.quantity > 0 else -1
    at_mark = market.contract.notional(market.mark_price, change.opened)
    loss = order_open_loss(side, change.opened_value, at_mark)
    return initial_margin_of(change.opened_value, account.holdings[symbol].leverage) + loss


def _shift(account: Account, leg: Leg, amount: int) -> None:
    account.cross_wallet -= amount
    leg.isolated_wallet += amount


def _report(state: State, account: Account, symbol: str, leg: Leg, amount: int, cause: MarginMove) -> None:
    state.events.append(IsolatedMarginMoved(account.account_id, symbol, leg.side, Atoms(amount), cause))
