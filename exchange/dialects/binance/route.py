"""What an endpoint is: two kinds of table rows, and what an endpoint may look at. It lists no endpoint."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from exchange.core.commands import Command
from exchange.core.contract import Contract
from exchange.core.events import Event
from exchange.core.state import State
from exchange.dialects.binance.streams.listen_keys import ListenKeys
from exchange.dialects.binance.text.errors import DialectError
from exchange.projections.adl import AdlQueues
from exchange.projections.history import History
from exchange.projections.market_data import MarketData

Params = Mapping[str, str]
Weight = int | Callable[[Params], int]


class Security(Enum):
    """What a caller must show: nothing, the API key, or the key with a timestamp and a signature."""

    NONE = "NONE"
    KEY = "KEY"
    SIGNED = "SIGNED"


@dataclass(frozen=True, slots=True)
class Context:
    """What an endpoint may look at. `account_id` is 0 where the route asks for no key.

    `state` is read, never written. `now_ms` is the server's wall time in milliseconds. `legacy_conditional`
    tells whether the order endpoint takes conditional types, too, as it did before they had endpoints of their own.
    """

    state: State
    contracts: Mapping[str, Contract]
    market_data: MarketData
    history: History
    listen_keys: ListenKeys
    adl_queues: AdlQueues
    now_ms: int
    account_id: int
    legacy_conditional: bool = False


@dataclass(frozen=True, slots=True)
class ReadRoute:
    """An endpoint that is no command: no venue state changes. `read` returns a JSON-able object or raises DialectError.

    Some are POST: settings that every account has anyway, and listen keys, which are no state of the venue.
    """

    method: str
    path: str
    security: Security
    weight: Weight
    read: Callable[[Context, Params], object]


@dataclass(frozen=True, slots=True)
class CommandRoute:
    """An endpoint that is one command: `parse` makes it or raises DialectError.

    `respond` renders what it came to, from its sequence number and the events it caused; it may not look for that in a
    projection, as commands of the same batch are folded already when it is asked.
    `order_count` is what one call costs in the order counters (4 of the dialect). A `Rejected` event never reaches
    `respond`: the gateway turns it into the error of `rejections.REJECTIONS` first.
    """

    method: str
    path: str
    security: Security
    weight: Weight
    order_count: int
    parse: Callable[[Context, Params], Command]
    respond: Callable[[Context, Params, int, Sequence[Event]], object]


@dataclass(frozen=True, slots=True)
class Part:
    """One element of a batch: its parameters, and the command they ask for or why they ask for none."""

    params: Params
    command: Command | DialectError


@dataclass(frozen=True, slots=True)
class BatchRoute:
    """An endpoint that is several commands, done in order; one that fails stops none of the others.

    `parse` refuses the whole, or makes the parts; `respond` renders what one part came to, given that part's own
    parameters. The answer is the list of these, with the body of its error in the place of a part that failed.
    `order_counts` is what one call costs in the ten-second and in the minute counter, however many its parts.
    """

    method: str
    path: str
    security: Security
    weight: Weight
    order_counts: tuple[int, int]
    parse: Callable[[Context, Params], Sequence[Part]]
    respond: Callable[[Context, Params, int, Sequence[Event]], object]


Route = ReadRoute | CommandRoute | BatchRoute


def weight_of(route: Route, params: Params) -> int:
    """Return what a call of this route costs in request weight."""
    return route.weight if isinstance(route.weight, int) else route.weight(params)


def by_symbol(one: int, every: int) -> Weight:
    """Return the weight of an endpoint that costs more without a symbol."""
    return lambda params: one if params.get("symbol") else every


def order_counts(route: Route) -> tuple[int, int]:
    """Return what a call of this route costs in the ten-second and in the minute counter of orders."""
    match route:
        case BatchRoute():
            return route.order_counts
        case CommandRoute():
            return route.order_count, route.order_count
        case ReadRoute():
            return 0, 0
