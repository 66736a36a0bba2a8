"""What happens by time in the reference venue, in which order: a tick, and starting again (docs/rules.md section 1)."""

from collections.abc import Callable

from exchange.core.commands import Resume, Tick
from exchange.core.enums import SourceStatus
from exchange.core.events import Resumed
from exchange.core.price_rules import MISSED_FUNDINGS_MAX
from exchange.core.units import NEVER, Nanos
from tests.reference.deadlines import deadlines, end_what_is_over
from tests.reference.liquidation import go_on, margin_pass
from tests.reference.premium import next_multiple, sample_premium, settle_funding
from tests.reference.prices import change_sources, end_pause, falls_silent, make_mark, sample_book, silent_sources
from tests.reference.unwinding import unwind
from tests.reference.world import World


def next_due(world: World) -> int:
    """Return when the next Tick is due."""
    times = [world.unwind_due, world.pass_due, world.firing_due, *deadlines(world)]
    for symbol, quotes in world.quotes.items():
        times += [quotes.sample_due, quotes.premium_due, quotes.mark_due, quotes.funding_due, quotes.broken_until]
        times += [falls_silent(world.contracts[symbol], source) for source in quotes.sources.values()]
    return min(times)


def tick(world: World, _command: Tick) -> None:
    """Do what is due, step by step over all contracts."""
    end_what_is_over(world)
    settle = _silence(world)
    for symbol in world.contracts:
        end_pause(world, symbol)
    _each(world, "sample_due", sample_book)
    _each(world, "premium_due", sample_premium)
    settle |= _each(world, "mark_due", make_mark)
    for symbol, quotes in world.quotes.items():
        if quotes.funding_due <= world.now:
            if quotes.mark:
                settle_funding(world, symbol, quotes.funding_due)
                settle = True
            quotes.funding_due = next_multiple(quotes.interval, world.now)
    if settle:
        margin_pass(world)
    elif world.pass_due <= world.now:
        go_on(world)
    if world.unwind_due <= world.now:
        unwind(world)
        world.unwind_due = next_multiple(world.rules.engine.unwind.interval, world.now)


def resume(world: World, _command: Resume) -> None:
    """Start, or start again: missed fundings settle at the last mark, and what fell silent or was over meanwhile is."""
    told, world.events = world.events, []
    missed = 0
    for symbol, quotes in world.quotes.items():
        for _ in range(MISSED_FUNDINGS_MAX):
            if quotes.funding_due > world.now or not quotes.mark:
                break
            time = quotes.funding_due
            settle_funding(world, symbol, time)
            quotes.funding_due = next_multiple(quotes.interval, time)
            missed += 1
        for name in DUES:
            setattr(quotes, name, _next_of(world, symbol, name))
    outage = world.now - world.previous if world.resumed else 0
    world.events = [*told, Resumed(Nanos(outage), missed), *world.events]
    world.resumed = True
    world.unwind_due = next_multiple(world.rules.engine.unwind.interval, world.now)
    end_what_is_over(world)
    marked = _silence(world)
    for symbol in world.contracts:
        end_pause(world, symbol)
    if marked:
        margin_pass(world)
    elif world.pass_due <= world.now:
        go_on(world)


def _silence(world: World) -> bool:
    """Let sources fall silent; tell whether a mark was made by that."""
    marked = False
    for symbol in world.contracts:
        silent = silent_sources(world, symbol)
        marked |= bool(silent) and change_sources(world, symbol, silent, SourceStatus.STALE, priced=False)
    return marked


def _each(world: World, name: str, act: Callable[[World, str], None]) -> bool:
    """Do what is due in each contract whose index lives; tell whether it was done anywhere."""
    done = False
    for symbol, quotes in world.quotes.items():
        if getattr(quotes, name) > world.now:
            continue
        if quotes.index and not quotes.stale:
            act(world, symbol)
            done = True
        setattr(quotes, name, _next_of(world, symbol, name))
    return done


def _next_of(world: World, symbol: str, name: str) -> int:
    """Return the next of a contract's due times that are multiples, strictly after now."""
    interval = DUES[name](world, symbol)
    return next_multiple(interval, world.now) if interval else NEVER


DUES: dict[str, Callable[[World, str], int]] = {
    "sample_due": lambda world, symbol: world.contracts[symbol].mark.sample_interval,
    "premium_due": lambda world, symbol: world.contracts[symbol].funding.premium_interval,
    "mark_due": lambda world, symbol: world.contracts[symbol].mark.interval,
    "funding_due": lambda world, symbol: world.quotes[symbol].interval,
}
