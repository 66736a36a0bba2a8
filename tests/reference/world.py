"""What the reference venue remembers, in flat dictionaries and lists, and how it reports. No rules, no sums kept."""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import msgspec

from exchange.core.contract import Contract
from exchange.core.enums import (
    BalanceReason,
    ConditionalStatus,
    Execution,
    ExpireReason,
    MarginType,
    OrderStatus,
    PositionSide,
    Side,
    Wallet,
)
from exchange.core.events import AccountUpdated, BookChanged, ConditionalUpdated, Event, FundShortfall, OrderUpdated
from exchange.core.policies.case import LiquidationPolicy
from exchange.core.records import ConditionalRecord, Fill, OrderRecord, PositionRecord
from exchange.core.rules import VenueRules
from exchange.core.units import NEVER, RATE_ONE, Atoms, Lots, Nanos, Ticks
from tests.reference.quotes import Quotes

FUND = 0
ENDED = (OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.EXPIRED_IN_MATCH)


def share(amount: int, rate: int) -> Fraction:
    """Return amount times a rate in 1e-8, exactly; the caller says how to round."""
    return Fraction(amount * rate, RATE_ONE)


class Leg(NamedTuple):
    """The name of one position: BOTH of an account in one-way mode, LONG or SHORT of one in hedge mode."""

    account: int
    symbol: str
    side: PositionSide = PositionSide.BOTH


class Scope(NamedTuple):
    """What pays for its losses alone: one isolated position or, without a symbol, all cross positions of an account."""

    account: int
    symbol: str = ""
    side: PositionSide = PositionSide.BOTH


class Position(NamedTuple):
    """Signed lots, the signed atoms they were entered at, and all profit realised so far."""

    quantity: int = 0
    entry_value: int = 0
    realized: int = 0


@dataclass(slots=True)
class Resting:
    """An open order: its record as it stands, its place in the queue (lower is older), and its amendments."""

    order: OrderRecord
    place: int
    amendments: int = 0

    @property
    def left(self) -> int:
        """Lots not yet filled."""
        return self.order.quantity - self.order.filled


@dataclass(slots=True)
class World:
    """Everything. Choices of an account in a contract are keyed by (account, symbol); FUTURES is the cross wallet."""

    rules: VenueRules
    contracts: dict[str, Contract]
    quotes: dict[str, Quotes]
    policy: LiquidationPolicy
    names: dict[int, str] = field(default_factory=dict)
    wallets: dict[tuple[int, Wallet], int] = field(default_factory=dict)
    positions: dict[Leg, Position] = field(default_factory=dict)
    isolated_wallets: dict[Leg, int] = field(default_factory=dict)
    leverages: dict[tuple[int, str], int] = field(default_factory=dict)
    isolated: set[tuple[int, str]] = field(default_factory=set)
    auto_add: set[tuple[int, str]] = field(default_factory=set)
    hedged: set[int] = field(default_factory=set)
    called: set[Scope] = field(default_factory=set)
    locked: set[Scope] = field(default_factory=set)
    resume_at: dict[Scope, int] = field(default_factory=dict)  # of those in liquidation: not before, ns
    memory: dict[Scope, int] = field(default_factory=dict)  # what the policy keeps until then
    orders: list[Resting] = field(default_factory=list)
    conditionals: list[ConditionalRecord] = field(default_factory=list)  # those that wait, by id
    extremes: dict[int, int] = field(default_factory=dict)  # the best price that a trailing one has seen, by its id
    fired: dict[int, ConditionalRecord] = field(default_factory=dict)  # those whose order lives, by their own id
    countdowns: dict[tuple[int, str], int] = field(default_factory=dict)  # when each is over
    firing_due: int = NEVER
    ended: list[tuple[Leg, int]] = field(default_factory=list)  # positions closed or turned around, and what is left
    entering: OrderRecord | None = None  # at work and able to rest: it counts as open in what is told
    now: int = 0
    previous: int = 0  # time of the command before
    resumed: bool = False
    unwind_due: int = NEVER
    unwind_stopped_until: int = 0
    pass_due: int = NEVER
    carried_over: list[Scope] = field(default_factory=list)  # by the last margin pass
    drawdown_notes: list[tuple[int, int]] = field(default_factory=list)  # when, which equity of the fund
    stop_notes: list[tuple[int, int]] = field(default_factory=list)  # the same, for the stop of unwinding
    drawdown: bool = False
    fees: int = 0
    dust: int = 0
    net_deposits: int = 0
    shortfall: int = 0
    loss_left: int = 0  # of what the fund is below 0, shared already
    orders_made: int = 0
    trades_made: int = 0
    liquidations_made: int = 0
    places_given: int = 0
    events: list[Event] = field(default_factory=list)
    touched: set[tuple[str, Side, int]] = field(default_factory=set)


# ------------------------------------------------------------------------------------------------------- looking


def position_of(world: World, leg: Leg) -> Position:
    """Return what is held in a leg, nothing if nothing ever was."""
    return world.positions.get(leg, Position())


def legs_of(world: World, account: int, symbol: str) -> list[Leg]:
    """Return the legs that an account has in a contract, by its mode."""
    hedge = (PositionSide.LONG, PositionSide.SHORT)
    return [Leg(account, symbol, side) for side in (hedge if account in world.hedged else (PositionSide.BOTH,))]


def all_legs(world: World, account: int) -> list[Leg]:
    """Return all legs of an account, contracts in listing order."""
    return [leg for symbol in world.contracts for leg in legs_of(world, account, symbol)]


def held_legs(world: World, account: int) -> list[Leg]:
    """Return the legs of an account with a position, contracts in listing order."""
    return [leg for leg in all_legs(world, account) if position_of(world, leg).quantity]


def is_isolated(world: World, leg: Leg) -> bool:
    """Tell whether a leg has a wallet of its own."""
    return (leg.account, leg.symbol) in world.isolated


def isolated_wallet(world: World, leg: Leg) -> int:
    """Return the wallet that a leg has for itself, in atoms."""
    return world.isolated_wallets.get(leg, 0)


def scope_of(world: World, leg: Leg) -> Scope:
    """Return the scope that pays for a leg."""
    return Scope(*leg) if is_isolated(world, leg) else Scope(leg.account)


def leg_of(order: OrderRecord) -> Leg:
    """Return the leg that an order moves."""
    return Leg(order.account_id, order.symbol, order.position_side)


def forget(world: World, scope: Scope) -> None:
    """End the liquidation of a scope, silently."""
    world.locked.discard(scope)
    world.resume_at.pop(scope, None)
    world.memory.pop(scope, None)


def traders(world: World) -> list[int]:
    """Return all accounts but the fund, by id."""
    return sorted(account for account in world.names if account != FUND)


def open_orders(world: World, account: int, symbol: str) -> list[Resting]:
    """Return an account's open orders in a contract, of both legs, oldest first."""
    mine = [one for one in world.orders if one.order.account_id == account and one.order.symbol == symbol]
    return sorted(mine, key=lambda one: one.place)


def waiting_conditionals(world: World, account: int, symbol: str = "") -> list[ConditionalRecord]:
    """Return an account's conditional orders that wait, in a contract or in all of them, oldest first."""
    mine = [one for one in world.conditionals if one.account_id == account and symbol in {"", one.symbol}]
    return sorted(mine, key=lambda one: one.conditional_id)


def leg_orders(world: World, leg: Leg) -> list[Resting]:
    """Return the open orders that move a leg, oldest first."""
    return [one for one in open_orders(world, leg.account, leg.symbol) if one.order.position_side is leg.side]


def queue(world: World, symbol: str, side: Side) -> list[Resting]:
    """Return a side of the book: best price first, then oldest."""
    there = [one for one in world.orders if one.order.symbol == symbol and one.order.side is side]
    return sorted(there, key=lambda one: (-side * one.order.price, one.place))


def best(world: World, symbol: str, side: Side) -> int | None:
    """Return the best price of a side in ticks, None when it is empty."""
    there = queue(world, symbol, side)
    return there[0].order.price if there else None


def working(world: World, leg: Leg, side: Side) -> int:
    """Return the atoms of a leg's open orders of a side that are not reduce-only."""
    unit = world.contracts[leg.symbol].value_unit
    mine = [one for one in leg_orders(world, leg) if one.order.side is side and not one.order.reduce_only]
    return sum(one.left * one.order.price * unit for one in mine)


# --------------------------------------------------------------------------------------------------- orders move


def rest(world: World, order: OrderRecord, amendments: int) -> None:
    """Put an order on the book, behind all others."""
    world.places_given += 1
    world.orders.append(Resting(order, world.places_given, amendments))
    world.touched.add((order.symbol, order.side, order.price))


def take_off(world: World, resting: Resting) -> None:
    """Take an order off the book."""
    world.orders.remove(resting)
    world.touched.add((resting.order.symbol, resting.order.side, resting.order.price))


def end(
    world: World,
    order: OrderRecord,
    status: OrderStatus,
    reason: ExpireReason = ExpireReason.NONE,
) -> None:
    """Report that an order, which is no longer on the book, was canceled or expired."""
    execution = Execution.CANCELED if status is OrderStatus.CANCELED else Execution.EXPIRED
    tell(world, msgspec.structs.replace(order, status=status, updated_ts=Nanos(world.now)), execution, reason=reason)


def tell(
    world: World,
    order: OrderRecord,
    execution: Execution,
    *,
    fill: Fill | None = None,
    reason: ExpireReason = ExpireReason.NONE,
) -> None:
    """Report something that happened to an order."""
    told = {side: working(world, leg_of(order), side) for side in Side}
    new, unit = world.entering, world.contracts[order.symbol].value_unit
    if new is not None and leg_of(new) == leg_of(order) and not new.reduce_only:
        told[new.side] += (new.quantity - new.filled) * new.price * unit
    bids, asks = told[Side.BUY], told[Side.SELL]
    world.events.append(OrderUpdated(order, execution, fill, reason, Atoms(bids), Atoms(asks)))
    if order.origin is not None and order.status in ENDED:
        ended = world.fired.pop(order.origin.conditional_id)
        tell_conditional(world, ended, ConditionalStatus.FINISHED, filled=order.filled, cum_quote=order.cum_quote)


def tell_conditional(
    world: World, record: ConditionalRecord, status: ConditionalStatus, **changes: object
) -> ConditionalRecord:
    """Report that a conditional order came to a status, with whatever else changed; return it as it stands."""
    after = msgspec.structs.replace(record, status=status, updated_ts=Nanos(world.now), **changes)
    world.events.append(ConditionalUpdated(after))
    return after


def tell_book(world: World) -> None:
    """Report the new totals of every level that was touched, contracts in listing order."""
    for symbol, quotes in world.quotes.items():
        bids, asks = (_totals(world, symbol, side) for side in (Side.BUY, Side.SELL))
        if bids or asks:
            quotes.update_id += 1
            world.events.append(BookChanged(symbol, quotes.update_id, bids, asks))
    world.touched.clear()


def _totals(world: World, symbol: str, side: Side) -> tuple[tuple[Ticks, Lots], ...]:
    """Return price and total of the touched levels of a side, best first."""
    there = queue(world, symbol, side)
    touched = {price for at, on, price in world.touched if (at, on) == (symbol, side)}
    prices = sorted(touched, key=lambda price: -side * price)
    return tuple((Ticks(price), Lots(sum(one.left for one in there if one.order.price == price))) for price in prices)


# ---------------------------------------------------------------------------------------------------- money moves


class Moved(NamedTuple):
    """What a fill did to a position: profit (atoms), lots closed and opened, and the atoms at which it opened them."""

    profit: int
    closed: int
    opened: int
    opened_value: int


def move(world: World, leg: Leg, side: Side, quantity: int, value: int) -> Moved:
    """Give a leg lots for atoms; the caller books the profit that this realises.

    The closed part releases its share of the entry value, rounded toward zero. When lots close and open at once, the
    closing part of the value is rounded down.
    """
    held, entry, realized = position_of(world, leg)
    closing = min(quantity, abs(held)) if held * side < 0 else 0
    closing_value = math.floor(Fraction(value * closing, quantity))
    released = math.trunc(Fraction(entry * closing, abs(held))) if closing else 0
    profit = -side * closing_value - released if closing else 0
    after = Position(held + side * quantity, entry - released + side * (value - closing_value), realized + profit)
    world.positions[leg] = after
    if closing and after.quantity * held <= 0:
        world.ended.append((leg, after.quantity))
    return Moved(profit, closing, quantity - closing, value - closing_value)


def pay(
    world: World, account: int, reason: BalanceReason, amount: int, *, symbol: str = "", moved: Leg | None = None
) -> None:
    """Change a cross wallet and report it, with a position that moved; the fund's shortfall, too."""
    world.wallets[account, Wallet.FUTURES] += amount
    tell_account(world, account, reason, amount, symbol=symbol, moved=moved)
    below = -world.wallets[FUND, Wallet.FUTURES]
    if account == FUND and amount < 0 < below:
        lost = min(-amount, below)
        world.shortfall += lost
        world.events.append(FundShortfall(Atoms(lost), Atoms(world.shortfall)))


def pay_leg(world: World, leg: Leg, reason: BalanceReason, amount: int, *, moved: bool = False) -> None:
    """Change the wallet that pays for a leg and report it; an isolated position is always listed, as its wallet is."""
    if is_isolated(world, leg):
        world.isolated_wallets[leg] = isolated_wallet(world, leg) + amount
        tell_account(world, leg.account, reason, amount, symbol=leg.symbol, moved=leg)
    else:
        pay(world, leg.account, reason, amount, symbol=leg.symbol, moved=leg if moved else None)


def tell_account(
    world: World, account: int, reason: BalanceReason, change: int, *, symbol: str = "", moved: Leg | None = None
) -> None:
    """Report an account's wallets and, when it moved, one of its positions."""
    cross, funding = (world.wallets[account, wallet] for wallet in (Wallet.FUTURES, Wallet.FUNDING))
    isolated = sum(amount for leg, amount in world.isolated_wallets.items() if leg.account == account)
    positions = () if moved is None else (position_record(world, moved),)
    event = AccountUpdated(
        account, reason, Atoms(cross + isolated), Atoms(change), Atoms(funding), symbol, positions, Atoms(isolated)
    )
    world.events.append(event)


def position_record(world: World, leg: Leg) -> PositionRecord:
    """Return a position as it is reported."""
    held, entry, realized = position_of(world, leg)
    unrealized = held * world.quotes[leg.symbol].mark * world.contracts[leg.symbol].value_unit - entry
    return PositionRecord(
        symbol=leg.symbol,
        quantity=Lots(held),
        entry_value=Atoms(entry),
        realized_pnl=Atoms(realized),
        unrealized_pnl=Atoms(unrealized),
        position_side=leg.side,
        margin_type=MarginType.ISOLATED if is_isolated(world, leg) else MarginType.CROSS,
        isolated_wallet=Atoms(isolated_wallet(world, leg)),
    )
