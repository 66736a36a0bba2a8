"""What a test does with a venue: plain methods that block, to be called from the test's own thread. Rules: none here.

In an asynchronous test whatever takes time blocks the test's loop, and so a bot that runs on it: call such methods in
a thread, as `await asyncio.to_thread(venue.crash, "BTCUSDT", percent=10)`.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from exchange.core.commands import Command, CreateAccount, SetIndexPrice, SetMarketState
from exchange.core.contract import Contract
from exchange.core.enums import MarketState
from exchange.core.events import AccountCreated, Rejected
from exchange.core.units import ATOM_DECIMALS, Atoms, Ticks
from exchange.projections import views
from exchange.runtime.keys import ApiKey
from exchange.testing import control, records
from exchange.testing.hosting import Host, HostedSettings
from exchange.testing.house import House
from exchange.testing.records import (
    Balance,
    ConditionalOrder,
    HeldPosition,
    OrderFill,
    PlacedOrder,
    PositionLoss,
    Recorder,
)
from exchange.testing.scripted_maker import Ladder, ScriptedMaker

WAIT_SECONDS = 10.0  # patience of `wait_for`
POLL_SECONDS = 0.02  # how often it looks when the venue does nothing: what it waits for may lie outside the venue
STEPS_PER_SECOND = 10  # of a price path: a mark, made once a second, never jumps by much more than a tenth of it
PERCENT = 100

Number = Decimal | int | float | str  # a float is taken as it is printed
T = TypeVar("T")
Recorded = TypeVar("Recorded", PlacedOrder, ConditionalOrder, OrderFill, PositionLoss)


class SettingRefusedError(ValueError):
    """The venue did not take what the test asked of it."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a trader with its key; what it did and has is read from the venue at each look."""

    account_id: int
    name: str
    api_key: str
    secret_key: str
    _venue: "Venue"

    @property
    def balance(self) -> Balance:
        """Its money now."""
        return self._venue.balance(self)

    @property
    def positions(self) -> list[HeldPosition]:
        """Its open positions now."""
        return [position for position in self._venue.positions if position.account_id == self.account_id]

    @property
    def orders(self) -> list[PlacedOrder]:
        """All its orders as they stand now, oldest first."""
        return [order for order in self._venue.orders if order.account_id == self.account_id]

    @property
    def fills(self) -> list[OrderFill]:
        """All its fills, oldest first."""
        return [fill for fill in self._venue.fills if fill.account_id == self.account_id]

    @property
    def liquidations(self) -> list[PositionLoss]:
        """The liquidations of its positions, oldest first."""
        return [one for one in self._venue.liquidations if one.account_id == self.account_id]


class Maker:
    """A scripted maker, as a test sees it."""

    def __init__(self, host: Host, script: ScriptedMaker) -> None:
        """Take charge of a maker that quotes."""
        self._host = host
        self._script = script
        self.account_id = script.account_id

    @property
    def follows(self) -> bool:
        """Whether it quotes anew with each index price."""
        return self._script.follow

    @follows.setter
    def follows(self, follow: bool) -> None:
        self._script.follow = follow

    def quote(self) -> None:
        """Take back all quotes and rest new ones around the index as it is now. Raises MakerError."""
        self._host.call(self._script.quote)

    def withdraw(self) -> None:
        """Take back all quotes, and follow the index no more; `quote` rests them again."""
        self._host.call(self._script.withdraw)


class Venue:
    """A served venue, a first account with 10,000 USDT, and what a test does to both."""

    def __init__(self, hosted: HostedSettings) -> None:
        """Start it and set its first prices. Raises whatever is wrong with the settings."""
        self._host = Host(hosted.settings)
        served = self._host.served
        self._app = served.app
        self._sequencer = served.app.sequencer
        self._contracts = {contract.symbol: contract for contract in served.app.journal.header.contracts}
        self._recorder = Recorder(self._contracts)
        self._host.read(lambda: self._sequencer.subscribe(self._recorder.take))
        self._makers: list[ScriptedMaker] = []
        self._house: House | None = None
        self.url = served.ready.rest  # where REST is served, without a trailing slash
        self.ws_url = served.ready.ws  # where streams are
        self.admin_token = served.ready.admin_token
        self.ready_file: Path = served.ready_path
        self.data_folder: Path = served.app.data_folder
        self.trader = self._account("trader", self._app.keys.all()[0])  # the first account
        try:
            for symbol, price in hosted.prices.items():
                self.set_index(symbol, str(price))
        except BaseException:
            self._host.close()
            raise

    def close(self) -> None:
        """Stop serving; raises VenueFailedError when the venue has failed meanwhile."""
        if self._house is not None:
            self._house.close()
        self._host.close()

    # ------------------------------------------------------------------------------------------------------- accounts

    @property
    def api_key(self) -> str:
        """The API key of the first account."""
        return self.trader.api_key

    @property
    def secret_key(self) -> str:
        """The secret key of the first account."""
        return self.trader.secret_key

    def account(self, name: str, deposit: Number = 10_000) -> Account:
        """Open another account with this much in its futures wallet, and make a key for it."""
        atoms = int(_decimal(deposit).scaleb(ATOM_DECIMALS))

        async def work() -> ApiKey:
            applied = await self._submit(CreateAccount(name, Atoms(atoms)))
            created = next(event for event in applied if isinstance(event, AccountCreated))
            return await asyncio.to_thread(self._app.keys.issue, created.account_id)  # it waits for the disk

        return self._account(name, self._host.call(work))

    # --------------------------------------------------------------------------------------------------------- market

    def set_index(self, symbol: str, price: Number) -> None:
        """Set the index price; scripted makers that follow it have quoted anew when this returns.

        The mark follows with its next tick: once a second, on the second. `wait_for_mark` returns after it.
        """
        contract = self._contract(symbol)
        ticks = records.ticks_of(contract, _decimal(price))
        self._host.call(lambda: self._set_index(contract, ticks))

    def move_index(self, symbol: str, *, to: Number, seconds: float = 5) -> None:
        """Move the index to a price in even steps, ten a second of real time, and wait for the mark at its end.

        A venue's time is wall time, so this takes `seconds` and up to one more, until positions were judged at that
        mark. With 0 seconds it is one jump.
        """
        contract = self._contract(symbol)
        target = records.ticks_of(contract, _decimal(to))

        async def work() -> None:
            loop = asyncio.get_running_loop()
            begun, steps = loop.time(), max(1, round(seconds * STEPS_PER_SECOND))
            start = self._app.venue.state.markets[symbol].index_price
            for step in range(1, steps + 1):
                await asyncio.sleep(begun + seconds * step / steps - loop.time())
                await self._set_index(contract, start + (target - start) * step // steps)

        self._host.call(work)
        self.wait_for_mark(symbol)

    def crash(self, symbol: str, *, percent: float, seconds: float = 5) -> None:
        """Let the index fall by so many percent, as `move_index` does it; a negative number lets it rise."""
        price = self.index_price(symbol)
        self.move_index(symbol, to=price * (PERCENT - _decimal(percent)) / PERCENT, seconds=seconds)

    def wait_for_mark(self, symbol: str) -> None:
        """Return when the next mark was made, and every position judged at it: about a second at most."""
        before = self._recorder.marks[self._contract(symbol).symbol]
        self.wait_for(lambda: self._recorder.marks[symbol] > before)

    def index_price(self, symbol: str) -> Decimal:
        """Return the index price; 0 while there is none."""
        contract = self._contract(symbol)
        return self._host.read(lambda: records.price(contract, self._app.venue.state.markets[symbol].index_price))

    def mark_price(self, symbol: str) -> Decimal:
        """Return the mark price; 0 while there is none."""
        contract = self._contract(symbol)
        return self._host.read(lambda: records.price(contract, self._app.venue.state.markets[symbol].mark_price))

    def maker(
        self,
        symbol: str,
        *,
        spread: Number = 1,
        quantity: Number = 10,
        levels: int = 5,
        step: Number | None = None,
        follow: bool = True,
    ) -> Maker:
        """Add a maker that rests `quantity` on exact levels around the index: half a `spread` away, then each `step`.

        `step` is the spread when it is not given. With `follow` it quotes anew with each index price, and by itself
        never: what was taken stays taken until then. Raises MakerError when the venue refuses its quotes.
        """
        contract = self._contract(symbol)
        spread_ticks = records.ticks_of(contract, _decimal(spread))
        step_ticks = spread_ticks if step is None else records.ticks_of(contract, _decimal(step))
        ladder = Ladder(spread_ticks, step_ticks, records.lots_of(contract, _decimal(quantity)), levels)
        script = ScriptedMaker(self._sequencer, contract, ladder, follow=follow)
        self._makers.append(script)
        self._host.call(script.open)
        return Maker(self._host, script)

    def house_bots(self, seed: int = 1) -> None:
        """Add the house bots of the demo (makers, takers, gamblers), in a process of their own, until the test ends."""
        if self._house is None:
            self._house = House(self.ready_file, self.data_folder, seed)

    def halt(self, symbol: str) -> None:
        """Halt a contract: it refuses orders, lets cancels through, and liquidates nobody."""
        self._set_state(symbol, MarketState.HALTED)

    def resume(self, symbol: str) -> None:
        """Let a contract trade again."""
        self._set_state(symbol, MarketState.TRADING)

    # --------------------------------------------------------------------------------------------------------- faults

    def fail_next_order(
        self,
        code: int = -1001,
        *,
        msg: str | None = None,
        retry_after: int = 0,
        account: Account | None = None,
        times: int = 1,
        request: str = "PLACE",
    ) -> None:
        """Answer the next order request with this error of the dialect, without doing it.

        `msg` replaces the dialect's text; `retry_after` is sent as that header. `request` is PLACE, AMEND or CANCEL.
        """
        body = {"kind": "REFUSE", "code": code, "retryAfter": retry_after}
        self._add_fault(body if msg is None else {**body, "msg": msg}, account, times, request)

    def lose_next_answer(
        self,
        *,
        answered: bool = True,
        account: Account | None = None,
        times: int = 1,
        request: str = "PLACE",
    ) -> None:
        """Do the next order request, but do not say what became of it: the bot has to find out.

        It is answered with 503 "Unknown error, please check your request or try again later."; with `answered` false
        it is not answered at all, and its connection ends.
        """
        self._add_fault({"kind": "UNKNOWN" if answered else "SILENT"}, account, times, request)

    def delay_next_answer(
        self, seconds: float, *, account: Account | None = None, times: int = 1, request: str = "PLACE"
    ) -> None:
        """Do the next order request at once, but answer late: its events, fills too, come before the answer."""
        self._add_fault({"kind": "DELAY", "delayMs": round(seconds * 1000)}, account, times, request)

    def disconnect_streams(self, account: Account | None = None) -> int:
        """End stream connections as when a cable is pulled, and return how many; bots may connect again at once.

        With an account those that hear its user stream, else all.
        """
        named = {} if account is None else {"accountId": account.account_id}
        return int(self.control("POST", "/streams/disconnect", named)["disconnected"])

    @contextmanager
    def streams_down(self) -> Iterator[None]:
        """End all stream connections, and take none until the block ends (503). REST goes on."""
        self.control("POST", "/streams", {"open": False})
        try:
            yield
        finally:
            self.control("POST", "/streams", {"open": True})

    # -------------------------------------------------------------------------------------------------- what happened

    @property
    def orders(self) -> list[PlacedOrder]:
        """All orders as they stand now, oldest first; those of scripted makers are left out here and below."""
        return self._recorded(self._recorder.orders.values())

    @property
    def conditional_orders(self) -> list[ConditionalOrder]:
        """All conditional orders as they stand now, oldest first."""
        return self._recorded(self._recorder.conditionals.values())

    @property
    def fills(self) -> list[OrderFill]:
        """All fills, oldest first; a trade between two accounts is two."""
        return self._recorded(self._recorder.fills)

    @property
    def liquidations(self) -> list[PositionLoss]:
        """All liquidations, oldest first."""
        return self._recorded(self._recorder.liquidations)

    @property
    def positions(self) -> list[HeldPosition]:
        """All open positions now, by account."""
        state = self._app.venue.state

        def look() -> list[HeldPosition]:
            makers = {maker.account_id for maker in self._makers}
            return [
                records.position(account_id, view)
                for account_id, account in state.accounts.items()
                if state.trader(account_id) is not None and account_id not in makers
                for symbol in self._contracts
                for view in views.position_views(state, account, symbol)
                if view.quantity
            ]

        return self._host.read(look)

    def balance(self, account: Account | None = None) -> Balance:
        """Return the money of an account, the first one when none is given."""
        account_id = (account or self.trader).account_id
        return self._host.read(lambda: records.balance(views.account_view(self._app.venue.state, account_id)))

    def wait_for(self, condition: Callable[[], T], timeout: float = WAIT_SECONDS) -> T:
        """Return the first true value of a condition, asked whenever the venue has done something.

        Raises TimeoutError after so many seconds.
        """
        deadline = time.monotonic() + timeout
        while not (value := condition()):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{condition} did not come true within {timeout} s")
            with self._recorder.changed:
                self._recorder.changed.wait(min(left, POLL_SECONDS))
        return value

    def coverage(self) -> Any:
        """Return what was used of the venue: endpoints, streams, ignored parameters, calls of what there is not."""
        return self.control("GET", "/coverage")

    def control(self, method: str, path: str, body: object | None = None) -> Any:
        """Return the answer of the control API to a call, as docs/control.md lists them. Raises ControlError."""
        return control.call(self.url, self.admin_token, method, path, body)

    # ------------------------------------------------------------------------------------------------------ in private

    def _account(self, name: str, key: ApiKey) -> Account:
        return Account(key.account_id, name, key.api_key, key.secret_key, self)

    def _contract(self, symbol: str) -> Contract:
        contract = self._contracts.get(symbol)
        if contract is None:
            raise SettingRefusedError(f"{symbol!r} is not listed; listed are {', '.join(self._contracts)}")
        return contract

    async def _set_index(self, contract: Contract, ticks: int) -> None:
        await self._submit(SetIndexPrice(contract.symbol, Ticks(ticks)))
        for maker in self._makers:
            if maker.follow and maker.contract is contract:
                await maker.quote()

    def _set_state(self, symbol: str, state: MarketState) -> None:
        command = SetMarketState(self._contract(symbol).symbol, state)
        self._host.call(lambda: self._submit(command))

    def _add_fault(self, body: dict[str, object], account: Account | None, times: int, request: str) -> None:
        named = {} if account is None else {"accountId": account.account_id}
        self.control("POST", "/faults", {**body, **named, "times": times, "request": request})

    def _recorded(self, rows: Iterable[Recorded]) -> list[Recorded]:
        makers = {maker.account_id for maker in self._makers}
        with self._recorder.changed:
            return [row for row in rows if row.account_id not in makers]

    async def _submit(self, command: Command) -> Sequence[object]:
        applied = await self._sequencer.submit(command)
        for event in applied.events:
            if isinstance(event, Rejected):
                raise SettingRefusedError(f"the venue refused {command}: {event.reason.value}")
        return applied.events


def _decimal(number: Number) -> Decimal:
    return Decimal(str(number))
