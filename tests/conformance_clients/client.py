"""What every client under test is asked to do, in records that are the same for all. It knows no client.

Standard library only. Prices, quantities and amounts are floats here, as bots have them; statuses are the venue's
words.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from tests.conformance_clients.stage import PATIENCE_S, Keys

MARKET_KINDS = ("trade", "candle", "ticker", "best", "mark")  # what `hear_market` tells of
PROVOKE_EVERY_S = 0.5
ERROR_KINDS = ("funds", "not_found", "invalid", "rate", "authentication", "post_only", "fok", "reduce_only", "needless")


class NotApplicableError(Exception):
    """The client has no call for this; the text says so in a few words."""


@dataclass(frozen=True, slots=True)
class Market:
    """What loading the markets tells of the contract."""

    tick: float
    step: float
    min_notional: float


@dataclass(frozen=True, slots=True)
class Book:
    """An order book, best first, as (price, quantity)."""

    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the client sees it; good_till in milliseconds, 0 without."""

    id: str
    client_id: str
    status: str
    price: float
    quantity: float
    filled: float
    average: float
    good_till: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """What stands in a batch's answer instead of an order."""

    code: int


@dataclass(frozen=True, slots=True)
class Conditional:
    """A conditional order; order_id is that of the order it became, or empty."""

    id: str
    client_id: str
    status: str
    trigger: float
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade of the account."""

    order_id: str
    price: float
    quantity: float
    fee: float


@dataclass(frozen=True, slots=True)
class Position:
    """A position: amount signed, side BOTH, LONG or SHORT, margin only of an isolated one."""

    side: str
    amount: float
    entry: float
    margin: float = 0.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order to place or amend in a batch; `order_id` only to amend."""

    side: str
    quantity: float
    price: float
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A conditional order to place: kind is the venue's type word."""

    kind: str
    side: str
    quantity: float = 0.0
    trigger: float = 0.0
    price: float = 0.0
    callback_percent: float = 0.0
    close_position: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What an event said: kind, of whom (id or symbol), the status, and a quantity, price or amount."""

    kind: str
    id: str = ""
    status: str = ""
    amount: float = 0.0


@dataclass(slots=True)
class Ears:
    """What was heard on streams, in order."""

    told: list[Told] = field(default_factory=list)
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, *told: Told) -> None:
        """Take in what an event said."""
        self.told += told
        self._heard.set()

    async def until(self, wanted: Callable[[Told], bool], provoke: Callable[[], object] | None = None) -> Told:
        """Return the first wanted one, past or to come; `provoke` is done again each half second until it comes."""
        loop = asyncio.get_running_loop()
        provoked_at = -PROVOKE_EVERY_S
        async with asyncio.timeout(PATIENCE_S):
            while not any(map(wanted, self.told)):
                self._heard.clear()
                if provoke is not None and loop.time() >= provoked_at + PROVOKE_EVERY_S:
                    provoked_at = loop.time()
                    provoke()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._heard.wait(), PROVOKE_EVERY_S)
        return next(filter(wanted, self.told))


class FollowedBook(Protocol):
    """An order book that a client keeps through diffs."""

    def book(self) -> Book:
        """Return it as it is now."""
        ...

    async def changed(self) -> None:
        """Return after the next diff."""
        ...

    def update_id(self) -> int:
        """Return the id of the last update that is in it."""
        ...


class ConformanceClient(Protocol):
    """A client under test with an account's keys. Each verb is the client's own call; NotApplicableError where none is.

    A refusal comes as the client's own exception: `errors` names its classes by kind, `code_of` finds the venue's code.
    """

    errors: Mapping[str, tuple[type[BaseException], ...]]

    def code_of(self, error: BaseException) -> int: ...
    async def close(self) -> None: ...
    # market data
    async def market(self) -> Market: ...
    async def time(self) -> int: ...
    async def book(self) -> Book: ...
    def follow_book(self) -> AbstractAsyncContextManager[FollowedBook]: ...
    async def candles(self) -> list[tuple[int, float]]: ...  # opening ms, close
    async def trades(self) -> list[tuple[float, float]]: ...  # price, quantity; oldest first
    async def ticker(self) -> tuple[float, float, float]: ...  # last, bid, ask
    async def mark(self) -> tuple[float, float, float]: ...  # mark, index, funding rate
    def hear_market(self) -> AbstractAsyncContextManager[Ears]: ...  # kinds of MARKET_KINDS, amount: the price
    # orders
    async def limit(
        self, side: str, quantity: float, price: float, tif: str = "GTC", *, client_id: str = "", good_till: int = 0
    ) -> Order: ...
    async def take(
        self, side: str, quantity: float, *, reduce_only: bool = False, position_side: str = ""
    ) -> Order: ...  # a market order
    async def matched(self, side: str, quantity: float, price_match: str) -> Order: ...
    async def amend(self, wanted: Wanted) -> Order: ...
    async def place_batch(self, wanted: list[Wanted]) -> list[Order | Refusal]: ...
    async def amend_batch(self, wanted: list[Wanted]) -> list[Order | Refusal]: ...
    async def cancel_batch(self, order_ids: list[str]) -> list[Order | Refusal]: ...
    async def cancel(self, order_id: str = "", client_id: str = "") -> Order: ...
    async def cancel_all(self) -> None: ...
    async def countdown(self, milliseconds: int) -> None: ...
    async def order(self, order_id: str = "", client_id: str = "") -> Order: ...
    async def open_orders(self) -> list[Order]: ...
    async def all_orders(self) -> list[Order]: ...
    async def fills(self) -> list[Fill]: ...
    # conditional orders; they look at the contract's last price
    async def place_conditional(self, trigger: Trigger) -> Conditional: ...
    async def conditional(self, conditional_id: str) -> Conditional: ...
    async def open_conditionals(self) -> list[Conditional]: ...
    async def cancel_conditional(self, conditional_id: str) -> None: ...
    async def cancel_conditionals(self) -> None: ...
    # account
    async def balance(self) -> float: ...  # futures wallet with open profit
    async def positions(self) -> list[Position]: ...  # of an amount other than 0
    async def set_leverage(self, leverage: int) -> int: ...
    async def leverages(self) -> list[int]: ...  # the highest of each bracket
    async def set_isolated(self) -> None: ...
    async def add_margin(self, amount: float) -> None: ...
    async def set_hedge(self) -> bool: ...  # and return what the venue says now
    async def transfer(self, amount: float) -> None: ...  # to the futures wallet; negative: from it
    async def income(self) -> list[tuple[str, float]]: ...  # type, amount
    async def commission(self) -> tuple[float, float]: ...  # maker, taker
    # user events and WebSocket API; kinds: order (amount: filled), balance, position, conditional
    def listen(self) -> AbstractAsyncContextManager[Ears]: ...
    async def renew_listen_key(self) -> None: ...
    async def ws_limit(self, side: str, quantity: float, price: float) -> Order: ...
    async def ws_amend(self, wanted: Wanted) -> Order: ...
    async def ws_order(self, order_id: str) -> Order: ...
    async def ws_cancel(self, order_id: str) -> Order: ...
    async def ws_place_conditional(self, trigger: Trigger) -> Conditional: ...
    async def ws_cancel_conditional(self, conditional_id: str) -> None: ...
    async def ws_balance(self) -> float: ...
    async def ws_positions(self) -> list[Position]: ...
    # errors
    async def weighty(self) -> None: ...  # a signed call of weight 30: whether hedge mode is on
    async def tiny(self) -> Order: ...  # buy 0.001 ETH at 2,900
    def other(self, keys: Keys) -> "ConformanceClient": ...  # the same client with other keys; to be closed, too


MakeClient = Callable[[str, str, Keys], ConformanceClient]  # of REST and WebSocket base URL and keys; no I/O yet
