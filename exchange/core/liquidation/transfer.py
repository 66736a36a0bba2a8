"""How lots change hands without a trade: to the backstop, or to a counterparty of deleveraging. It decides nothing."""

from typing import NamedTuple

from exchange.core.account import Account, Leg, scope_of
from exchange.core.clearing import move_position, pay_owed
from exchange.core.enums import BalanceReason, Side
from exchange.core.state import State


class Party(NamedTuple):
    """One side of a transfer: a position and whose it is."""

    account: Account
    leg: Leg


def transfer_lots(
    state: State, giver: Party, taker: Party, symbol: str, lots: int, value: int, reason: BalanceReason
) -> int:
    """Move `lots` of one position to another account for `value` (signed: what the giver receives).

    What a position that is gone is owed, the fund pays afterwards. Returns the taker's profit, in atoms.
    """
    side = Side.SELL if giver.leg.position.quantity > 0 else Side.BUY
    # A fill takes the notional of its own side: a seller receives it, a buyer pays it.
    given = giver.leg.position.fill(side, lots, -side * value)
    taken = taker.leg.position.fill(side.opposite, lots, -side * value)
    owed = [
        move_position(state, party.account, symbol, party.leg, change, change.profit, reason)
        for party, change in ((giver, given), (taker, taken))
    ]
    for party, amount in zip((giver, taker), owed, strict=True):
        pay_owed(state, scope_of(party.account, symbol, party.leg.side), amount)
    return taken.profit
