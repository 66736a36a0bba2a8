"""What the reference venue remembers, in flat dictionaries and lists, and how it reports. No rules, no sums kept."""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import msgspec

from exchange.core.contract import Contract, VenueRules
from exchange.core.enums import BalanceReason, Execution, ExpireReason, MarketState, OrderStatus, Side, Wallet
from exchange.core.events import (
    AccountUpdated,
    BookChanged,
    Event,
    Fill,
    FundShortfall,
    OrderRecord,
    OrderUpdated,
    PositionRecord,
)
from exchange.core.units import NEVER, RATE_ONE, Atoms, Lots, Nanos, Ticks

FUND = 0


def share(amount: int, rate: int) -> Fraction:
    """Return amount times a rate in 1e-8, exactly; the caller says how to round."""
    return Fraction(amount * rate, RATE_ONE)


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
class Quotes:
    """Prices (ticks, 0: none yet), samples and due times of one contract."""

    state: MarketState = MarketState.TRADING
    index: int = 0
    source_ts: int = 0
    mark: int = 0
    last: int = 0
    samples: list[int] = field(default_factory=list)
    update_id: int = 0
    mark_due: int = NEVER
    basis_due: int = NEVER
    funding_due: int = NEVER


@dataclass(slots=True)
class World:
    """Everything. Positions and leverages are keyed by (account, symbol)."""

    rules: VenueRules
    contracts: dict[str, Contract]
    quotes: dict[str, Quotes]
    names: dict[int, str] = field(default_factory=dict)
    wallets: dict[tuple[int, Wallet], int] = field(default_factory=dict)
    positions: dict[tuple[int, str], Position] = field(default_factory=dict)
    leverages: dict[tuple[int, str], int] = field(default_factory=dict)
    called: set[int] = field(default_factory=set)
    locked: set[int] = field(default_factory=set)
    orders: list[Resting] = field(default_factory=list)
    entering: OrderRecord | None = None  # at work and able to rest: it counts as open in what is told
    now: int = 0
    previous: int = 0  # time of the command before
    resumed: bool = False
    unwind_due: int = NEVER
    fees: int = 0
    dust: int = 0
    net_deposits: int = 0
    shortfall: int = 0
    orders_made: int = 0
    trades_made: int = 0
    liquidations_made: int = 0
    places_given: int = 0
    events: list[Event] = field(default_factory=list)
    touched: set[tuple[str, Side, int]] = field(default_factory=set)


# ------------------------------------------------------------------------------------------------------- looking


def position_of(world: World, account: int, symbol: str) -> Position:
    """Return what an account holds in a contract, nothing if it never did."""
    return world.positions.get((account, symbol), Position())


def traders(world: World) -> list[int]:
    """Return all accounts but the fund, by id."""
    return sorted(account for account in world.names if account != FUND)


def open_orders(world: World, account: int, symbol: str) -> list[Resting]:
    """Return an account's open orders in a contract, oldest first."""
    mine = [one for one in world.orders if one.order.account_id == account and one.order.symbol == symbol]
    return sorted(mine, key=lambda one: one.place)


def queue(world: World, symbol: str, side: Side) -> list[Resting]:
    """Return a side of the book: best price first, then oldest."""
    there = [one for one in world.orders if one.order.symbol == symbol and one.order.side is side]
    return sorted(there, key=lambda one: (-side * one.order.price, one.place))


def best(world: World, symbol: str, side: Side) -> int | None:
    """Return the best price of a side in ticks, None when it is empty."""
    there = queue(world, symbol, side)
    return there[0].order.price if there else None


def working(world: World, account: int, symbol: str, side: Side) -> int:
    """Return the atoms of an account's open orders of a side that are not reduce-only."""
    unit = world.contracts[symbol].value_unit
    mine = [one for one in open_orders(world, account, symbol) if one.order.side is side and not one.order.reduce_only]
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
    told = {side: working(world, order.account_id, order.symbol, side) for side in Side}
    new, unit = world.entering, world.contracts[order.symbol].value_unit
    if new is not None and new.account_id == order.account_id and not new.reduce_only:
        told[new.side] += (new.quantity - new.filled) * new.price * unit
    bids, asks = told[Side.BUY], told[Side.SELL]
    world.events.append(OrderUpdated(order, execution, fill, reason, Atoms(bids), Atoms(asks)))


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


def move(world: World, account: int, symbol: str, side: Side, quantity: int, value: int) -> int:
    """Give an account lots for atoms and return the profit that this realises (the caller books it).

    The closed part releases its share of the entry value, rounded toward zero. When lots close and open at once, the
    closing part of the value is rounded down.
    """
    held, entry, realized = position_of(world, account, symbol)
    closing = min(quantity, abs(held)) if held * side < 0 else 0
    closing_value = math.floor(Fraction(value * closing, quantity))
    released = math.trunc(Fraction(entry * closing, abs(held))) if closing else 0
    profit = -side * closing_value - released if closing else 0
    after = Position(held + side * quantity, entry - released + side * (value - closing_value), realized + profit)
    world.positions[account, symbol] = after
    return profit


def pay(
    world: World, account: int, reason: BalanceReason, amount: int, *, symbol: str = "", moved: bool = False
) -> None:
    """Change a futures wallet and report it; the fund's shortfall, too."""
    world.wallets[account, Wallet.FUTURES] += amount
    tell_account(world, account, reason, amount, symbol=symbol, moved=moved)
    below = -world.wallets[FUND, Wallet.FUTURES]
    if account == FUND and amount < 0 < below:
        lost = min(-amount, below)
        world.shortfall += lost
        world.events.append(FundShortfall(Atoms(lost), Atoms(world.shortfall)))


def tell_account(
    world: World, account: int, reason: BalanceReason, change: int, *, symbol: str = "", moved: bool = False
) -> None:
    """Report an account's wallets and, when it moved, its position in a contract."""
    futures, funding = (world.wallets[account, wallet] for wallet in (Wallet.FUTURES, Wallet.FUNDING))
    positions = (position_record(world, account, symbol),) if moved else ()
    event = AccountUpdated(account, reason, Atoms(futures), Atoms(change), Atoms(funding), symbol, positions)
    world.events.append(event)


def position_record(world: World, account: int, symbol: str) -> PositionRecord:
    """Return a position as it is reported."""
    held, entry, realized = position_of(world, account, symbol)
    unrealized = held * world.quotes[symbol].mark * world.contracts[symbol].value_unit - entry
    return PositionRecord(symbol, Lots(held), Atoms(entry), Atoms(realized), Atoms(unrealized))
