"""Liquidation of one position through the book, limited at the bankruptcy price; the fund takes over what is left.

Sources: docs/rules.md section 8; Binance's procedure (its FAQ 360033525271) with dYdX's bankruptcy price and fee cap.
"""

from exchange.core.account import Leg, Scope
from exchange.core.clearing import move_position, pay_owed
from exchange.core.enums import BalanceReason, OrderType, Side
from exchange.core.events import FundInventoryExceeded, PositionLiquidated
from exchange.core.margin import (
    bankruptcy_amount,
    position_maintenance,
    position_notional,
    standing,
)
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, Atoms, Lots, Ticks, div_ceil, div_floor
from exchange.core.venue_orders import new_venue_order, send_venue_order


class LiquidationFee:
    """The liquidation fee of one position, fill by fill: capped at what is received beyond the bankruptcy value."""

    __slots__ = ("_bankruptcy_value", "_filled", "_quantity", "_rate", "_received", "_side", "paid")

    def __init__(self, side: Side, quantity: int, bankruptcy_value: int, rate: int) -> None:
        """Begin with nothing filled. `quantity` in lots, not signed; `bankruptcy_value` signed, in atoms."""
        self._side = side
        self._quantity = quantity
        self._bankruptcy_value = bankruptcy_value
        self._rate = rate
        self._filled = 0
        self._received = 0
        self.paid = 0

    def __call__(self, quantity: int, notional: int, /) -> int:
        """Return the fee of the next fill."""
        self._filled += quantity
        self._received -= self._side * notional
        surplus = self._received - self.bankruptcy_share()
        fee = max(0, min(div_floor(notional * self._rate, RATE_ONE), surplus - self.paid))
        self.paid += fee
        return fee

    def bankruptcy_share(self) -> int:
        """Return the bankruptcy value of what is filled so far, rounded up: what the account must be left with."""
        return div_ceil(self._bankruptcy_value * self._filled, self._quantity)


def liquidate_position(state: State, scope: Scope, market: Market, leg: Leg) -> None:
    """Sell a whole position into the book at the bankruptcy price or better; the fund takes the rest at that price."""
    contract, account, position = market.contract, scope.account, leg.position
    held = position.quantity
    balance, required = standing(state, scope)
    released = position_maintenance(market, position)
    value = bankruptcy_amount(-position_notional(market, position), balance, released, required)
    side = Side.SELL if held > 0 else Side.BUY
    liquidation_id = state.next_liquidation_id
    state.next_liquidation_id += 1
    fee = LiquidationFee(side, abs(held), value, contract.liquidation_fee)
    limit = _limit_price(contract.value_unit, held, value)
    order = new_venue_order(state, account, market, side, OrderType.LIQUIDATION, abs(held), limit, leg.side)
    order.client_order_id = f"autoclose-{liquidation_id}"
    send_venue_order(state, market, order, fee)
    left = order.remaining
    taken_over_value = value - fee.bankruptcy_share()
    if left:
        _take_over(state, scope, market, leg, taken_over_value)
    state.events.append(
        PositionLiquidated(
            liquidation_id=liquidation_id,
            account_id=account.account_id,
            symbol=contract.symbol,
            quantity=Lots(held),
            mark_price=Ticks(market.mark_price),
            equity=Atoms(balance),
            maintenance_margin=Atoms(required),
            bankruptcy_value=Atoms(-side * value),
            limit_price=Ticks(order.price),
            filled_quantity=Lots(order.filled),
            filled_value=Atoms(order.cum_quote),
            fee=Atoms(fee.paid),
            taken_over_quantity=Lots(left),
            taken_over_value=Atoms(-side * taken_over_value if left else 0),
            position_side=leg.side,
            margin_type=account.holdings[contract.symbol].margin_type,
        )
    )


def _limit_price(value_unit: int, held: int, bankruptcy_value: int) -> int:
    """Return the bankruptcy price in ticks, rounded so that a fill at it leaves the account nothing to owe."""
    if held > 0:
        return max(1, div_ceil(bankruptcy_value, held * value_unit))
    return max(1, div_floor(-bankruptcy_value, -held * value_unit))


def _take_over(state: State, scope: Scope, market: Market, leg: Leg, value: int) -> None:
    """Move the rest of a position to the fund for `value` (signed: what the account receives). A transfer, no trade."""
    symbol, left = market.contract.symbol, abs(leg.position.quantity)
    side = Side.SELL if leg.position.quantity > 0 else Side.BUY
    fund_leg = state.fund.leg(symbol)
    # A fill takes the notional of its own side: a seller receives it, a buyer pays it.
    moved = leg.position.fill(side, left, -side * value)
    fund_moved = fund_leg.position.fill(side.opposite, left, -side * value)
    owed = move_position(state, scope.account, symbol, leg, moved, moved.profit, BalanceReason.INSURANCE_CLEAR)
    move_position(state, state.fund, symbol, fund_leg, fund_moved, fund_moved.profit, BalanceReason.INSURANCE_CLEAR)
    pay_owed(state, scope, owed)
    inventory = sum(
        position_notional(state.markets[held_symbol], held.position) for held_symbol, _, held in state.fund.legs()
    )
    cap = div_floor(max(0, state.fund.cross_wallet) * state.rules.fund_cap, RATE_ONE)
    if abs(inventory) > cap:
        state.events.append(FundInventoryExceeded(symbol, Atoms(abs(inventory)), Atoms(cap)))
