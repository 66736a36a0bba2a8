"""The wallets of isolated positions, docs/rules.md section 5: what a fill, a takeover or a top-up moves in them."""

import math
from fractions import Fraction

from exchange.core.enums import BalanceReason, MarginMove, Wallet
from exchange.core.events import IsolatedMarginMoved
from exchange.core.units import Atoms
from tests.reference.risk import equity, stands_to_lose, to_spare
from tests.reference.world import (
    FUND,
    Leg,
    Moved,
    Position,
    Scope,
    World,
    isolated_wallet,
    pay,
    pay_leg,
    position_of,
    tell_account,
)


def fill_isolated(
    world: World,
    leg: Leg,
    before: Position,
    moved: Moved,
    *,
    fee: int,
    reason: BalanceReason = BalanceReason.ORDER,
) -> int:
    """Book what a trade did to an isolated position, `before` it; return what the fund owes it now.

    Closed lots free their share of the wallet, opened ones are given their margin and what they have lost already, at
    the mark. The fee of a position that turns around is paid for what is opened.
    """
    wallet, turned = isolated_wallet(world, leg), moved.closed > 0 and moved.opened > 0
    gained = moved.profit if turned else moved.profit - fee
    after = wallet + gained
    over = moved.closed > 0 and moved.closed == abs(before.quantity)  # closed, or turned around
    freed = owed = added = 0
    if over:
        freed, owed = max(0, after), max(0, -after)
    elif moved.closed:
        freed = max(0, math.floor(Fraction(wallet * moved.closed, abs(before.quantity))) + gained)
        scope = Scope(*leg)
        world.isolated_wallets[leg] = after
        freed = min(freed, max(0, equity(world, scope) - stands_to_lose(world, scope)))
    world.isolated_wallets[leg] = after - freed
    world.wallets[leg.account, Wallet.FUTURES] += freed
    if turned:
        world.isolated_wallets[leg] -= fee
    if moved.opened_value > 0:
        margin = math.ceil(Fraction(moved.opened_value, world.leverages[leg.account, leg.symbol]))
        added = min(margin + _loss_of_opening(world, leg, moved), to_spare(world, leg.account))
    world.isolated_wallets[leg] += added
    world.wallets[leg.account, Wallet.FUTURES] -= added
    if added != freed:
        _tell_move(world, leg, added - freed, MarginMove.TRADE)
    tell_account(world, leg.account, reason, moved.profit - fee, symbol=leg.symbol, moved=leg)
    if over:
        world.called.discard(Scope(*leg))
    return owed


def _loss_of_opening(world: World, leg: Leg, moved: Moved) -> int:
    """Return what the lots that a fill opened lose against the mark, in atoms."""
    at_mark = moved.opened * world.quotes[leg.symbol].mark * world.contracts[leg.symbol].value_unit
    bought = position_of(world, leg).quantity > 0  # opened lots are of the side that is held now
    return max(0, moved.opened_value - at_mark if bought else at_mark - moved.opened_value)


def close_by_venue(world: World, leg: Leg, reason: BalanceReason, gained: int) -> int:
    """Book what a liquidation order's fill, or a takeover, did to an isolated position; return what the fund owes it.

    Nothing is freed until the position is closed; then all that is left is.
    """
    world.isolated_wallets[leg] = isolated_wallet(world, leg) + gained
    flat = position_of(world, leg).quantity == 0
    left = isolated_wallet(world, leg)
    if flat and left > 0:
        shift(world, leg, -left)
        _tell_move(world, leg, -left, MarginMove.TRADE)
    tell_account(world, leg.account, reason, gained, symbol=leg.symbol, moved=leg)
    if flat:
        world.called.discard(Scope(*leg))
    return max(0, -left) if flat else 0


def settle_debt(world: World, leg: Leg, owed: int) -> None:
    """Let the fund pay what a closed isolated position owes."""
    if owed > 0:
        pay_leg(world, leg, BalanceReason.INSURANCE_CLEAR, owed)
        pay(world, FUND, BalanceReason.INSURANCE_CLEAR, -owed)


def move_margin(world: World, leg: Leg, amount: int, cause: MarginMove) -> None:
    """Move margin to an isolated position (back, when negative) by wish or by auto-add, and tell it."""
    shift(world, leg, amount)
    _tell_move(world, leg, amount, cause)
    tell_account(world, leg.account, BalanceReason.MARGIN_TRANSFER, 0, symbol=leg.symbol, moved=leg)


def shift(world: World, leg: Leg, amount: int) -> None:
    """Move atoms from the cross wallet to that of an isolated position, silently."""
    world.isolated_wallets[leg] = isolated_wallet(world, leg) + amount
    world.wallets[leg.account, Wallet.FUTURES] -= amount


def _tell_move(world: World, leg: Leg, amount: int, cause: MarginMove) -> None:
    world.events.append(IsolatedMarginMoved(leg.account, leg.symbol, leg.side, Atoms(amount), cause))
