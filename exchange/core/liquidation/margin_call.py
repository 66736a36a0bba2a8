"""The margin call: a word to a trader whose margin runs short, once, until it is well again. It takes nothing."""

from exchange.core.account import Scope
from exchange.core.events import MarginCalled, MarginCallPosition
from exchange.core.margin import position_maintenance, unrealized_pnl
from exchange.core.state import State
from exchange.core.units import RATE_ONE, Atoms, Lots, Ticks


def call(state: State, scope: Scope, balance: int, required: int) -> None:
    """Send the margin call, once, until the ratio has fallen below the re-arming one."""
    if required == 0 or required * RATE_ONE < state.rules.margin_call_rearm * balance:
        scope.mark_called(called=False)
    due = required > 0 and required * RATE_ONE >= state.rules.margin_call_ratio * balance
    if not due or scope.margin_called or scope.in_liquidation:
        return
    scope.mark_called(called=True)
    state.events.append(
        MarginCalled(
            account_id=scope.account.account_id,
            wallet_balance=Atoms(scope.wallet),
            equity=Atoms(balance),
            maintenance_margin=Atoms(required),
            positions=position_lines(state, scope),
            symbol=scope.symbol,
            position_side=scope.side,
        )
    )


def position_lines(state: State, scope: Scope) -> tuple[MarginCallPosition, ...]:
    """Return the positions of a scope as they stand, for a call or a lock."""
    return tuple(
        MarginCallPosition(
            symbol=symbol,
            quantity=Lots(leg.position.quantity),
            mark_price=Ticks(state.markets[symbol].mark_price),
            unrealized_pnl=Atoms(unrealized_pnl(state.markets[symbol], leg.position)),
            maintenance_margin=Atoms(position_maintenance(state.markets[symbol], leg.position)),
            position_side=leg.side,
            leverage=holding.leverage,
        )
        for symbol, holding, leg in scope.legs()
    )
