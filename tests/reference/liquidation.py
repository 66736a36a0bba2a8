"""The margin pass and liquidations of docs/rules.md sections 7 and 8, every figure computed again at each use."""

import math
from dataclasses import dataclass
from fractions import Fraction

from exchange.core.enums import (
    BalanceReason,
    Execution,
    ExpireReason,
    MarketState,
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
from tests.reference.orders import new_record
from tests.reference.risk import equity, maintenance, position_maintenance, profit, total_notional, value_at_mark
from tests.reference.walk import carry_out, expire_taker, plan_walk
from tests.reference.world import FUND, World, end, move, open_orders, pay, position_of, share, take_off, tell, traders


def margin_pass(world: World) -> None:
    """Call, release and liquidate accounts, at marks that stand still."""
    for account in traders(world):
        _call(world, account)
        if account in world.locked and not _is_candidate(world, account):
            _release(world, account)
    due = sorted(
        (account for account in traders(world) if _is_candidate(world, account)), key=lambda a: _urgency(world, a)
    )
    for account in due:
        if _is_candidate(world, account):
            _liquidate(world, account)
        elif account in world.locked:
            _release(world, account)


def _is_candidate(world: World, account: int) -> bool:
    owned, needed = equity(world, account), maintenance(world, account)
    return owned < 0 or (needed > 0 and owned <= needed)


def _urgency(world: World, account: int) -> tuple[int, Fraction, int, int]:
    """The sort key: nothing left first; then most needed per equity; then the largest; then the oldest account."""
    owned, notional = equity(world, account), total_notional(world, account)
    if owned <= 0:
        return (0, Fraction(0), -notional, account)
    return (1, -Fraction(maintenance(world, account), owned), -notional, account)


def _call(world: World, account: int) -> None:
    """Send a margin call once; arm the next one when the account is well again."""
    owned, needed = equity(world, account), maintenance(world, account)
    if needed == 0 or needed * RATE_ONE < world.rules.margin_call_rearm * owned:
        world.called.discard(account)
    reached = needed > 0 and needed * RATE_ONE >= world.rules.margin_call_ratio * owned
    if not reached or account in world.called or account in world.locked:
        return
    world.called.add(account)
    positions = tuple(
        MarginCallPosition(
            symbol,
            Lots(position_of(world, account, symbol).quantity),
            Ticks(world.quotes[symbol].mark),
            Atoms(profit(world, account, symbol)),
            Atoms(position_maintenance(world, account, symbol)),
        )
        for symbol in world.contracts
        if position_of(world, account, symbol).quantity
    )
    wallet = world.wallets[account, Wallet.FUTURES]
    world.events.append(MarginCalled(account, Atoms(wallet), Atoms(owned), Atoms(needed), positions))


def _release(world: World, account: int) -> None:
    world.locked.discard(account)
    world.events.append(AccountReleased(account, Atoms(world.wallets[account, Wallet.FUTURES])))


def _liquidate(world: World, account: int) -> None:
    """Section 8, for one account."""
    if account not in world.locked:
        world.locked.add(account)
        event = AccountLocked(account, Atoms(equity(world, account)), Atoms(maintenance(world, account)))
        world.events.append(event)
    for symbol in world.contracts:
        for resting in open_orders(world, account, symbol):
            take_off(world, resting)
            end(world, resting.order, OrderStatus.EXPIRED, ExpireReason.LIQUIDATION)
    held = [symbol for symbol in world.contracts if position_of(world, account, symbol).quantity]
    for symbol in sorted(held, key=lambda symbol: (-position_maintenance(world, account, symbol), symbol)):
        if equity(world, account) > maintenance(world, account):
            break
        if world.quotes[symbol].state is not MarketState.HALTED:
            _sell_off(world, account, symbol)
    flat = all(position_of(world, account, symbol).quantity == 0 for symbol in world.contracts)
    owed = -world.wallets[account, Wallet.FUTURES]
    if flat and owed > 0:
        pay(world, account, BalanceReason.INSURANCE_CLEAR, owed)
        pay(world, FUND, BalanceReason.INSURANCE_CLEAR, -owed)
    if flat or equity(world, account) > maintenance(world, account):
        _release(world, account)


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


def _sell_off(world: World, account: int, symbol: str) -> None:
    """Sell one position into the book down to its bankruptcy price; the fund takes the remainder over."""
    contract, mark = world.contracts[symbol], world.quotes[symbol].mark
    held = position_of(world, account, symbol).quantity
    owned, needed = equity(world, account), maintenance(world, account)
    part = math.floor(Fraction(owned * position_maintenance(world, account, symbol), needed))
    side = Side.SELL if held > 0 else Side.BUY
    sale = Bankruptcy(side, abs(held), value_at_mark(world, account, symbol) - part, contract.liquidation_fee)
    exact = Fraction(sale.value, held * contract.value_unit)
    limit = max(1, math.ceil(exact) if side is Side.SELL else math.floor(exact))
    order = _liquidation_order(world, account, symbol, held, limit)
    tell(world, order, Execution.NEW)
    plan = plan_walk(world, order, limit, abs(held))
    order = carry_out(world, order, plan, sale.fee)
    rest = abs(held) - sale.filled
    rest_value = sale.value - sale.owed() if rest else 0
    if rest:
        expire_taker(world, order, plan, cut_by_position=False)
        _take_over(world, account, symbol, side, rest, rest_value)
    world.events.append(
        PositionLiquidated(
            liquidation_id=world.liquidations_made,
            account_id=account,
            symbol=symbol,
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
        )
    )


def _liquidation_order(world: World, account: int, symbol: str, held: int, limit: int) -> OrderRecord:
    world.liquidations_made += 1
    order = new_record(
        world,
        account=account,
        symbol=symbol,
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


def _take_over(world: World, account: int, symbol: str, side: Side, quantity: int, received: int) -> None:
    """Hand what nobody bought to the fund, at the bankruptcy price; `received` is signed."""
    value = -side * received
    for who, moves in ((account, side), (FUND, side.opposite)):
        gained = move(world, who, symbol, moves, quantity, value)
        pay(world, who, BalanceReason.INSURANCE_CLEAR, gained, symbol=symbol, moved=True)
    net = sum(value_at_mark(world, FUND, one) for one in world.contracts)
    cap = share(max(0, world.wallets[FUND, Wallet.FUTURES]), world.rules.fund_cap)
    if abs(net) > cap:
        world.events.append(FundInventoryExceeded(symbol, Atoms(abs(net)), Atoms(math.floor(cap))))
