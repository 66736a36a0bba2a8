"""The margin pass and liquidations of docs/rules.md sections 7 and 8, every figure computed again at each use."""

import math
from dataclasses import dataclass
from fractions import Fraction

from exchange.core.enums import (
    BalanceReason,
    Execution,
    ExpireReason,
    MarginMove,
    MarginType,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
    Wallet,
)
from exchange.core.events import (
    AccountLocked,
    AccountReleased,
    FundInventoryExceeded,
    MarginCalled,
    MarginCallPosition,
    OrderRecord,
    PositionLiquidated,
)
from exchange.core.units import RATE_ONE, Atoms, Lots, Ticks
from tests.reference.isolated import close_by_venue, move_margin, settle_debt
from tests.reference.orders import new_record
from tests.reference.risk import (
    equity,
    is_unjudged,
    maintenance,
    position_initial,
    position_maintenance,
    positions_in,
    profit,
    scopes_of,
    total_notional,
    value_at_mark,
    wallet,
    withdrawable,
)
from tests.reference.walk import carry_out, expire_taker, plan_walk
from tests.reference.world import (
    FUND,
    Leg,
    Scope,
    World,
    end,
    is_isolated,
    move,
    open_orders,
    pay,
    pay_leg,
    position_of,
    scope_of,
    share,
    take_off,
    tell,
    traders,
)


def margin_pass(world: World) -> None:
    """Call, release and liquidate scopes, at marks that stand still."""
    all_scopes = [scope for account in traders(world) for scope in scopes_of(world, account)]
    all_scopes = [scope for scope in all_scopes if not is_unjudged(world, scope)]
    for scope in all_scopes:
        _call(world, scope)
        if scope in world.locked and not _is_candidate(world, scope):
            _release(world, scope)
    # Stable: what ties stays in the order of the scopes.
    due = sorted((scope for scope in all_scopes if _is_candidate(world, scope)), key=lambda one: _urgency(world, one))
    for scope in due:
        if _is_candidate(world, scope):
            _top_up(world, scope)
        if _is_candidate(world, scope):
            _liquidate(world, scope)
        elif scope in world.locked:
            _release(world, scope)


def _is_candidate(world: World, scope: Scope) -> bool:
    owned, needed = equity(world, scope), maintenance(world, scope)
    return owned < 0 or (needed > 0 and owned <= needed)


def _urgency(world: World, scope: Scope) -> tuple[int, Fraction, int]:
    """The sort key: nothing left first; then most needed per equity; then the largest."""
    owned, notional = equity(world, scope), total_notional(world, scope)
    if owned <= 0:
        return (0, Fraction(0), -notional)
    return (1, -Fraction(maintenance(world, scope), owned), -notional)


def _call(world: World, scope: Scope) -> None:
    """Send a margin call once; arm the next one when the scope is well again."""
    owned, needed = equity(world, scope), maintenance(world, scope)
    if needed == 0 or needed * RATE_ONE < world.rules.margin_call_rearm * owned:
        world.called.discard(scope)
    reached = needed > 0 and needed * RATE_ONE >= world.rules.margin_call_ratio * owned
    if not reached or scope in world.called or scope in world.locked:
        return
    world.called.add(scope)
    positions = tuple(
        MarginCallPosition(
            leg.symbol,
            Lots(position_of(world, leg).quantity),
            Ticks(world.quotes[leg.symbol].mark),
            Atoms(profit(world, leg)),
            Atoms(position_maintenance(world, leg)),
            leg.side,
        )
        for leg in positions_in(world, scope)
    )
    paying = Atoms(wallet(world, scope))
    world.events.append(
        MarginCalled(scope.account, paying, Atoms(owned), Atoms(needed), positions, scope.symbol, scope.side)
    )


def _release(world: World, scope: Scope) -> None:
    world.locked.discard(scope)
    world.events.append(AccountReleased(scope.account, Atoms(wallet(world, scope)), scope.symbol, scope.side))


def _top_up(world: World, scope: Scope) -> None:
    """Bring an isolated position that asked for it back to its initial margin, if that saves it."""
    asked = (scope.account, scope.symbol) in world.auto_add
    if not scope.symbol or not asked or world.quotes[scope.symbol].frozen:
        return
    if scope in world.locked or Scope(scope.account) in world.locked or is_unjudged(world, Scope(scope.account)):
        return
    owned, leg = equity(world, scope), Leg(*scope)
    amount = min(withdrawable(world, scope.account), position_initial(world, leg) - owned)
    if amount > 0 and owned + amount > maintenance(world, scope):
        move_margin(world, leg, amount, MarginMove.AUTO_ADD)


def _liquidate(world: World, scope: Scope) -> None:
    """Section 8, for one scope."""
    if scope not in world.locked:
        world.locked.add(scope)
        owned, needed = Atoms(equity(world, scope)), Atoms(maintenance(world, scope))
        world.events.append(AccountLocked(scope.account, owned, needed, scope.symbol, scope.side))
    for symbol in [scope.symbol] if scope.symbol else world.contracts:
        for resting in open_orders(world, scope.account, symbol):
            take_off(world, resting)
            end(world, resting.order, OrderStatus.EXPIRED, ExpireReason.LIQUIDATION)
    held = positions_in(world, scope)  # LONG before SHORT, and sorting is stable
    for leg in sorted(held, key=lambda leg: (-position_maintenance(world, leg), leg.symbol)):
        if equity(world, scope) > maintenance(world, scope):
            break
        if not world.quotes[leg.symbol].frozen:
            _sell_off(world, leg)
    flat = not positions_in(world, scope)
    owed = -wallet(world, scope)
    if flat and owed > 0:  # of the cross wallet: the fund has paid for an isolated one already
        pay(world, scope.account, BalanceReason.INSURANCE_CLEAR, owed)
        pay(world, FUND, BalanceReason.INSURANCE_CLEAR, -owed)
    if flat or equity(world, scope) > maintenance(world, scope):
        _release(world, scope)


@dataclass(slots=True)
class Bankruptcy:
    """What one position may cost its owner at most, and what its sale brought so far. Values in atoms."""

    side: Side
    quantity: int  # of the position, not signed
    value: int  # at bankruptcy, signed: what closing all of it should at least bring
    fee_rate: int
    filled: int = 0
    received: int = 0  # signed like `value`
    fees: int = 0

    def owed(self) -> int:
        """Return the part of the bankruptcy value that belongs to what was filled."""
        return math.ceil(Fraction(self.value * self.filled, self.quantity))

    def fee(self, quantity: int, value: int) -> int:
        """Return the liquidation fee of a fill: never more than what was received beyond bankruptcy."""
        self.filled += quantity
        self.received += -self.side * value
        surplus = self.received - self.owed()
        fee = max(0, min(math.floor(share(value, self.fee_rate)), surplus - self.fees))
        self.fees += fee
        return fee


def _sell_off(world: World, leg: Leg) -> None:
    """Sell one position into the book down to its bankruptcy price; the fund takes the remainder over."""
    contract, mark, scope = world.contracts[leg.symbol], world.quotes[leg.symbol].mark, scope_of(world, leg)
    held = position_of(world, leg).quantity
    owned, needed = equity(world, scope), maintenance(world, scope)
    part = math.floor(Fraction(owned * position_maintenance(world, leg), needed))
    side = Side.SELL if held > 0 else Side.BUY
    sale = Bankruptcy(side, abs(held), value_at_mark(world, leg) - part, contract.liquidation_fee)
    exact = Fraction(sale.value, held * contract.value_unit)
    limit = max(1, math.ceil(exact) if side is Side.SELL else math.floor(exact))
    order = _liquidation_order(world, leg, held, limit)
    tell(world, order, Execution.NEW)
    plan = plan_walk(world, order, limit, abs(held))
    order = carry_out(world, order, plan, sale.fee)
    rest = abs(held) - sale.filled
    rest_value = sale.value - sale.owed() if rest else 0
    if rest:
        expire_taker(world, order, plan, cut_by_position=False)
        _take_over(world, leg, side, rest, rest_value)
    world.events.append(
        PositionLiquidated(
            liquidation_id=world.liquidations_made,
            account_id=leg.account,
            symbol=leg.symbol,
            quantity=Lots(held),
            mark_price=Ticks(mark),
            equity=Atoms(owned),
            maintenance_margin=Atoms(needed),
            bankruptcy_value=Atoms(-side * sale.value),
            limit_price=Ticks(limit),
            filled_quantity=Lots(sale.filled),
            filled_value=Atoms(-side * sale.received),
            fee=Atoms(sale.fees),
            taken_over_quantity=Lots(rest),
            taken_over_value=Atoms(-side * rest_value),
            position_side=leg.side,
            margin_type=MarginType.ISOLATED if is_isolated(world, leg) else MarginType.CROSS,
        )
    )


def _liquidation_order(world: World, leg: Leg, held: int, limit: int) -> OrderRecord:
    world.liquidations_made += 1
    order = new_record(
        world,
        leg=leg,
        client_order_id=f"autoclose-{world.liquidations_made}",
        side=Side.SELL if held > 0 else Side.BUY,
        order_type=OrderType.LIQUIDATION,
        time_in_force=TimeInForce.IOC,
        quantity=abs(held),
        price=limit,
        reduce_only=True,
        prevention=SelfTradePrevention.NONE,
    )
    world.orders_made += 1
    return order


def _take_over(world: World, leg: Leg, side: Side, quantity: int, received: int) -> None:
    """Hand what nobody bought to the fund, at the bankruptcy price; `received` is signed."""
    value, inventory = -side * received, Leg(FUND, leg.symbol)
    gained, owed = move(world, leg, side, quantity, value).profit, 0
    if is_isolated(world, leg):
        owed = close_by_venue(world, leg, BalanceReason.INSURANCE_CLEAR, gained)
    else:
        pay_leg(world, leg, BalanceReason.INSURANCE_CLEAR, gained, moved=True)
    gained = move(world, inventory, side.opposite, quantity, value).profit
    pay_leg(world, inventory, BalanceReason.INSURANCE_CLEAR, gained, moved=True)
    settle_debt(world, leg, owed)
    net = sum(value_at_mark(world, Leg(FUND, symbol)) for symbol in world.contracts)
    cap = share(max(0, world.wallets[FUND, Wallet.FUTURES]), world.rules.fund_cap)
    if abs(net) > cap:
        world.events.append(FundInventoryExceeded(leg.symbol, Atoms(abs(net)), Atoms(math.floor(cap))))
