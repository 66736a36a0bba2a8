"""Good-till dates and countdowns of the reference venue: docs/rules.md 12.4 and 12.5."""

from exchange.core.commands import SetCountdown
from exchange.core.enums import ConditionalStatus, OrderStatus, RejectReason
from exchange.core.events import CountdownSet
from exchange.core.units import Nanos
from tests.reference.conditional import give_up
from tests.reference.forms import check_names
from tests.reference.refusal import demand
from tests.reference.world import World, end, open_orders, take_off

TIME_END = 2**63


def set_countdown(world: World, command: SetCountdown) -> None:
    """Begin a countdown anew, or end it."""
    check_names(world, command.account_id, command.symbol)
    fits = command.countdown >= 0 and world.now + command.countdown < TIME_END
    demand(fits, RejectReason.VALUE_OUT_OF_RANGE)
    if command.countdown:
        world.countdowns[command.account_id, command.symbol] = world.now + command.countdown
    else:
        world.countdowns.pop((command.account_id, command.symbol), None)
    due = world.countdowns.get((command.account_id, command.symbol), 0)
    world.events.append(CountdownSet(command.account_id, command.symbol, Nanos(due)))


def dates(world: World) -> list[tuple[int, int]]:
    """Return until when open orders and waiting conditional ones are good, with their ids; nothing of undated ones."""
    resting = [(one.order.good_till, one.order.order_id) for one in world.orders if one.order.good_till]
    waiting = [(one.good_till, one.conditional_id) for one in world.conditionals if one.good_till]
    return [*resting, *waiting]


def deadlines(world: World) -> list[int]:
    """Return all times at which something ends by its date, or a countdown is over."""
    return [*(date for date, _ in dates(world)), *world.countdowns.values()]


def end_what_is_over(world: World) -> None:
    """End what was good until now at the latest, then cancel the orders whose countdown is over."""
    for date, number in sorted(dates(world)):
        if date <= world.now:
            _end(world, number)
    over = [(due, *key) for key, due in world.countdowns.items() if due <= world.now]
    for _, account, symbol in sorted(over):
        for resting in open_orders(world, account, symbol):
            take_off(world, resting)
            end(world, resting.order, OrderStatus.CANCELED)
        del world.countdowns[account, symbol]
        world.events.append(CountdownSet(account, symbol, Nanos(0)))


def _end(world: World, number: int) -> None:
    for resting in [one for one in world.orders if one.order.order_id == number]:
        take_off(world, resting)
        end(world, resting.order, OrderStatus.EXPIRED)
    for waiting in [one for one in world.conditionals if one.conditional_id == number]:
        give_up(world, waiting, ConditionalStatus.EXPIRED)
