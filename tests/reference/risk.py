"""The margin questions of docs/rules.md section 5, answered from the flat lists each time. It changes nothing."""

import math
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from exchange.core.enums import PositionSide, Side, Wallet
from exchange.core.records import OrderRecord
from exchange.core.units import RATE_ONE
from tests.reference.world import (
    Leg,
    Scope,
    World,
    all_legs,
    held_legs,
    is_isolated,
    isolated_wallet,
    leg_of,
    leg_orders,
    position_of,
    scope_of,
    share,
    working,
)


class Extra(NamedTuple):
    """An order that is not on the book, to be counted as if it were: lots at a price in ticks."""

    leg: Leg
    side: Side
    quantity: int
    price: int


# ----------------------------------------------------------------------------------------------------- one position


def value_at_mark(world: World, leg: Leg) -> int:
    """Return the signed notional of a position at the mark, in atoms."""
    held = position_of(world, leg).quantity
    return held * world.quotes[leg.symbol].mark * world.contracts[leg.symbol].value_unit


def profit(world: World, leg: Leg) -> int:
    """Return the unrealised profit of a position, in atoms."""
    return value_at_mark(world, leg) - position_of(world, leg).entry_value


def position_maintenance(world: World, leg: Leg) -> int:
    """Return the maintenance margin of one position: the bracket that holds its notional, the last one beyond all."""
    notional = abs(value_at_mark(world, leg))
    if notional == 0:
        return 0
    brackets = world.contracts[leg.symbol].brackets
    holding = [one for one in brackets if one.floor < notional <= one.cap] or [brackets[-1]]
    return math.ceil(share(notional, holding[0].rate)) - holding[0].cum


def position_initial(world: World, leg: Leg, leverage: int = 0) -> int:
    """Return the initial margin of a position alone, without its orders; 0: at the account's leverage."""
    chosen = leverage or world.leverages[leg.account, leg.symbol]
    return math.ceil(Fraction(abs(value_at_mark(world, leg)), chosen))


def maintenance_at(world: World, leg: Leg, price: Fraction) -> Fraction:
    """Return the maintenance margin that one position would have at a price (ticks), not rounded."""
    contract = world.contracts[leg.symbol]
    notional = abs(position_of(world, leg).quantity) * contract.value_unit * price
    holding = [one for one in contract.brackets if one.floor < notional <= one.cap] or [contract.brackets[-1]]
    return notional * Fraction(holding[0].rate, RATE_ONE) - holding[0].cum


# -------------------------------------------------------------------------------------------------------- one scope


def scopes_of(world: World, account: int) -> list[Scope]:
    """Return the cross scope, then the isolated positions: contracts in listing order, BOTH, LONG, SHORT."""
    isolated = [Scope(*leg) for leg in held_legs(world, account) if is_isolated(world, leg)]
    return [Scope(account), *isolated]


def positions_in(world: World, scope: Scope) -> list[Leg]:
    """Return the open positions that a scope pays for."""
    return [leg for leg in held_legs(world, scope.account) if scope_of(world, leg) == scope]


def wallet(world: World, scope: Scope) -> int:
    """Return the wallet that pays for a scope, in atoms."""
    return isolated_wallet(world, Leg(*scope)) if scope.symbol else world.wallets[scope.account, Wallet.FUTURES]


def equity(world: World, scope: Scope) -> int:
    """Return a scope's wallet plus its unrealised profits, in atoms."""
    return wallet(world, scope) + sum(profit(world, leg) for leg in positions_in(world, scope))


def maintenance(world: World, scope: Scope) -> int:
    """Return the maintenance margin of a scope."""
    return sum(position_maintenance(world, leg) for leg in positions_in(world, scope))


def total_notional(world: World, scope: Scope) -> int:
    """Return the notional of all positions of a scope, sides not netted."""
    return sum(abs(value_at_mark(world, leg)) for leg in positions_in(world, scope))


def liquidation_price(world: World, leg: Leg) -> int | None:
    """Return the displayed liquidation price of a position, in ticks; None when it has none.

    What a scope has beyond its margin is a line between two corners, which are the prices where the notional of one of
    its positions in the contract leaves a bracket. So it is looked for in each such stretch of prices.
    """
    mark = world.quotes[leg.symbol].mark
    found: list[tuple[Fraction, Fraction, bool]] = []  # how far from the mark, price, whether a falling price does it
    corners = _corners(world, leg) if position_of(world, leg).quantity else []
    for low, high in pairwise([Fraction(0), *corners, None] if corners else []):
        assert low is not None
        end = 2 * low + 1 if high is None else high
        middle = (low + end) / 2
        here, there = beyond_margin(world, leg, middle), beyond_margin(world, leg, end)
        rise = (there - here) / (end - middle)
        price = middle - here / rise if rise else low
        if low < price and (high is None or price <= high):
            found.append((abs(price - mark), price, rise > 0))
    if not found:
        return None
    _, price, falling = min(found)
    return (math.ceil(price) if falling else math.floor(price)) or None


def beyond_margin(world: World, leg: Leg, price: Fraction) -> Fraction:
    """Return the equity that a leg's scope has beyond its maintenance margin when the leg's contract is at a price."""
    legs = positions_in(world, scope_of(world, leg))
    total = Fraction(wallet(world, scope_of(world, leg)))
    for one in legs:
        held, unit = position_of(world, one), world.contracts[one.symbol].value_unit
        if one.symbol == leg.symbol:
            total += held.quantity * unit * price - held.entry_value - maintenance_at(world, one, price)
        else:
            total += profit(world, one) - position_maintenance(world, one)
    return total


def _corners(world: World, leg: Leg) -> list[Fraction]:
    """Return the prices, ascending, at which a position of the leg's contract and scope leaves a bracket."""
    contract = world.contracts[leg.symbol]
    legs = [one for one in positions_in(world, scope_of(world, leg)) if one.symbol == leg.symbol]
    sizes = [abs(position_of(world, one).quantity) * contract.value_unit for one in legs]
    return sorted({Fraction(bracket.cap, size) for size in sizes for bracket in contract.brackets})


# ---------------------------------------------------------------------------------------------- orders of one leg


def open_notional(world: World, leg: Leg, extra: Extra | None = None) -> int:
    """Return the larger of what all bids, or all asks, would make of the position."""
    value = value_at_mark(world, leg)
    bids, asks = (working(world, leg, side) for side in (Side.BUY, Side.SELL))
    if extra is not None and extra.leg == leg:
        added = extra.quantity * extra.price * world.contracts[leg.symbol].value_unit
        bids, asks = (bids + added, asks) if extra.side is Side.BUY else (bids, asks + added)
    return max(abs(value + bids), abs(value - asks))


def open_loss(world: World, leg: Leg, extra: Extra | None = None) -> int:
    """Return what the orders that are not reduce-only would lose if they were filled now and valued at the mark."""
    rows: list[tuple[Side, int, int]] = [
        (one.order.side, one.left, one.order.price) for one in leg_orders(world, leg) if not one.order.reduce_only
    ]
    if extra is not None and extra.leg == leg:
        rows.append((extra.side, extra.quantity, extra.price))
    unit, mark = world.contracts[leg.symbol].value_unit, world.quotes[leg.symbol].mark
    return sum(quantity * unit * max(0, side * (price - mark)) for side, quantity, price in rows)


def reserved(world: World, leg: Leg, extra: Extra | None = None, leverage: int = 0) -> int:
    """Return what a leg reserves of the cross wallet; 0: at the account's leverage."""
    chosen = leverage or world.leverages[leg.account, leg.symbol]
    margin = math.ceil(Fraction(open_notional(world, leg, extra), chosen))
    if is_isolated(world, leg):
        return margin - position_initial(world, leg, chosen) + open_loss(world, leg, extra)
    closers = [one.order for one in leg_orders(world, leg) if one.order.reduce_only]
    return margin + open_loss(world, leg, extra) + sum(_loss(world, one) for one in closers)


def stands_to_lose(world: World, scope: Scope) -> int:
    """Return what the open orders of a scope would lose, at their own prices against the mark."""
    if scope.symbol:
        leg = Leg(scope.account, scope.symbol, scope.side)
        held = position_of(world, leg).quantity
        return sum(_loss(world, one) for one in _open_with_entering(world, leg) if one.side * held < 0)
    cross = [leg for leg in all_legs(world, scope.account) if not is_isolated(world, leg)]
    return sum(_loss(world, one) for leg in cross for one in _open_with_entering(world, leg))


def _open_with_entering(world: World, leg: Leg) -> list[OrderRecord]:
    """Return the open orders of a leg, one at work that can rest among them."""
    there = [one.order for one in leg_orders(world, leg)]
    new = world.entering
    return [*there, new] if new is not None and leg_of(new) == leg else there


def reserved_apart(world: World, account: int) -> int:
    """Return what all isolated legs of an account reserve of its cross wallet."""
    return sum(reserved(world, leg) for leg in all_legs(world, account) if is_isolated(world, leg))


def _loss(world: World, order: OrderRecord) -> int:
    unit, mark = world.contracts[order.symbol].value_unit, world.quotes[order.symbol].mark
    return (order.quantity - order.filled) * unit * max(0, order.side * (order.price - mark))


def only_reduces(world: World, extra: Extra) -> bool:
    """Tell whether an order is against the position and, with all open orders of its side, no larger than it."""
    held = position_of(world, extra.leg).quantity
    waiting = [one.left for one in leg_orders(world, extra.leg) if one.order.side is extra.side]
    return held * extra.side < 0 and sum(waiting) + extra.quantity <= abs(held)


# ------------------------------------------------------------------------------------------------- a whole account


def surplus(world: World, account: int, extra: Extra | None = None, leverages: dict[str, int] | None = None) -> int:
    """Return cross equity less all that legs reserve: what placement margin needs to be at least 0."""
    chosen = leverages or {}
    needed = [reserved(world, leg, extra, chosen.get(leg.symbol, 0)) for leg in all_legs(world, account)]
    return equity(world, Scope(account)) - sum(needed)


def is_placeable(
    world: World, account: int, symbol: str, extra: Extra | None = None, leverages: dict[str, int] | None = None
) -> bool:
    """Tell whether placement margin holds in a contract, with an order more or with other leverages."""
    chosen = leverages or {}
    isolated = [leg for leg in all_legs(world, account) if is_isolated(world, leg)]
    apart = sum(reserved(world, leg, extra, chosen.get(leg.symbol, 0)) for leg in isolated)
    movable = apart <= wallet(world, Scope(account)) or (account, symbol) not in world.isolated
    return movable and surplus(world, account, extra, leverages) >= 0


def available(world: World, account: int) -> int:
    """Return the available balance, in atoms."""
    return max(0, surplus(world, account))


def withdrawable(world: World, account: int) -> int:
    """Return the most that may leave the cross wallet: profit counts as margin and never leaves."""
    cross = Scope(account)
    unrealised = max(0, sum(profit(world, leg) for leg in positions_in(world, cross)))
    return max(0, min(wallet(world, cross), surplus(world, account) - unrealised))


def removable(world: World, leg: Leg) -> int:
    """Return the most that may be taken out of an isolated position."""
    kept = position_initial(world, leg) + stands_to_lose(world, scope_of(world, leg))
    return max(0, isolated_wallet(world, leg) + min(0, profit(world, leg)) - kept)


def to_spare(world: World, account: int) -> int:
    """Return what a fill may move from the cross wallet to an isolated position, so that no cross one must fall."""
    cross = Scope(account)
    needed = maintenance(world, cross)
    kept = needed + 1 if needed > 0 else 0
    return max(0, min(wallet(world, cross), equity(world, cross) - kept - stands_to_lose(world, cross)))


def total_equity(world: World, account: int) -> int:
    """Return the equity of all scopes of an account."""
    return sum(equity(world, scope) for scope in scopes_of(world, account))


def total_maintenance(world: World, account: int) -> int:
    """Return the maintenance margin of all scopes of an account."""
    return sum(maintenance(world, scope) for scope in scopes_of(world, account))


def is_locked(world: World, account: int, symbol: str = "") -> bool:
    """Tell whether the cross positions are in liquidation, or an isolated one in a contract."""
    sides = PositionSide if symbol else ()
    return any(scope in world.locked for scope in (Scope(account), *(Scope(account, symbol, side) for side in sides)))


def is_unjudged(world: World, scope: Scope) -> bool:
    """Tell whether a scope has a position in a contract whose index is stale: nobody knows its equity."""
    return any(world.quotes[leg.symbol].stale for leg in positions_in(world, scope))
