"""What REST and the WebSocket API do alike once the caller is known: charge, do, and settle. It knows no socket.

A door makes a `Call`, finds out what is asked and by whom, and has the desk answer it. Whatever happens is settled here
into an `Answer`, which each door writes in its own way.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable

from exchange.dialects.binance.door.auth import check_permission
from exchange.dialects.binance.door.credentials import Credentials
from exchange.dialects.binance.door.faults import Faults
from exchange.dialects.binance.door.limits import PROFILES, Caller, RateLimits
from exchange.dialects.binance.route import (
    BatchRoute,
    CommandRoute,
    Context,
    Params,
    Part,
    ReadRoute,
    Route,
    order_counts,
)
from exchange.dialects.binance.streams.listen_keys import ListenKeys
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.errors import DialectError
from exchange.dialects.binance.text.numbers import to_ms
from exchange.door import submit
from exchange.gateway.call import Answer, Call
from exchange.gateway.coverage import note_call
from exchange.gateway.faults import UnansweredError, suffer
from exchange.gateway.timing import Channel, Kind, Timing
from exchange.projections.adl import AdlQueues
from exchange.projections.derived import BusyFileError
from exchange.runtime.app import App

LOGGED_CHARACTERS_MAX = 200
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_LOG = logging.getLogger(__name__)


class Desk:
    """Answers the calls of the dialect for one venue."""

    def __init__(self, app: App, listen_keys: ListenKeys) -> None:
        """Start with empty rate counters and no queue made."""
        self.faults = Faults()
        self.limits = RateLimits(PROFILES[app.settings.limits])
        settings = app.settings
        assert settings.seed is not None, "the journal's header has a seed"
        self.timing = Timing(settings.timing, settings.seed, asyncio.get_running_loop)
        self._channels: dict[int, Channel] = {}  # of answers to commands, by account
        self._app = app
        self._listen_keys = listen_keys
        self._adl_queues = AdlQueues()
        self._contracts = {symbol: market.contract for symbol, market in app.venue.state.markets.items()}

    def call(self, verb: str, name: str, address: str | None) -> Call:
        """Return a call that came from an address just now, in wall time: venue time may stand, and clients do not."""
        return Call(verb, name, Caller(str(address)), to_ms(self._app.clock.wall()))

    def refuse_banned(self, call: Call) -> None:
        """Refuse (418) a call from a banned address: a door asks before it reads any of it."""
        self.limits.refuse_banned(call.caller, call.now_ms)

    def find_key(self, api_key: str) -> Credentials | None:
        """Return what is known of an API key, or None."""
        return self._app.keys.find(api_key)

    def charge_failed(self, call: Call) -> None:
        """Charge the address for a call whose sender is not known."""
        self.limits.charge_failed(call.caller, call.now_ms)

    async def settle(self, call: Call, answering: Awaitable[object]) -> Answer:
        """Return what a call came to, whatever happens, when it is time to tell it."""
        answer = await self._outcome(call, answering)
        note_call(self._app.usage, call, answer)
        if isinstance(call.route, CommandRoute | BatchRoute):
            await self._pass(call.account_id)
        return answer

    async def _outcome(self, call: Call, answering: Awaitable[object]) -> Answer:
        """Return what a call came to; an error of our own gets its traceback into the log."""
        try:
            return Answer(200, await answering)
        except DialectError as error:
            return Answer(error.http, error.body(), error.retry_after)
        except UnansweredError:
            return Answer(errors.UNKNOWN_ERROR.http, None, unanswered=True)
        except Exception:  # noqa: BLE001 - an own error: the answer is still the dialect's
            _LOG.exception("%s %s failed", call.verb, printable(call.name))
            unknown = errors.UNKNOWN_ERROR.error()
            return Answer(unknown.http, unknown.body())

    async def answer(self, call: Call, known: Credentials | None, payer: Credentials | None) -> object:
        """Charge a call that has its route and params, do it, and return the answer; DialectError for a refusal.

        `known` is who was authenticated; `payer`, whose key was at least shown, is charged.
        """
        assert call.route is not None, "a call without a route is refused at the door"
        call.account_id = 0 if known is None else known.account_id
        self._charge(call, call.route, payer)
        check_permission(known, call.route)
        fault = self.faults.take(call.route, call.account_id)
        return await suffer(fault, lambda: self._do(call))

    async def _pass(self, account_id: int) -> None:
        """Return when the answer to a command of this account has come through its channel."""
        channel = self._channels.get(account_id)
        if channel is None:
            channel = self._channels[account_id] = self.timing.channel(Kind.ANSWER, str(account_id))
        passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        channel.carry(lambda: None if passed.done() else passed.set_result(None))  # done: its caller was cancelled
        await passed

    async def _do(self, call: Call) -> object:
        """Do a call that is paid for."""
        context = self._context(call)
        match call.route:
            case ReadRoute() as route:
                return await self._read(route, context, call.params)
            case CommandRoute() as route:
                return await self._command(route, context, call.params)
            case BatchRoute() as route:
                return await self._batch(route, context, call.params)
            case None:
                raise AssertionError("a call without a route is refused at the door")

    def _charge(self, call: Call, route: Route, payer: Credentials | None) -> None:
        """Count the call for the key that was shown, or for its address; refuse what does not fit."""
        if payer is not None:
            call.caller = Caller(call.caller.address, payer.api_key, payer.account_id)
            call.counts_orders = any(order_counts(route))
        self.limits.charge(call.caller, route, call.params, call.now_ms)

    async def _read(self, route: ReadRoute, context: Context, params: Params) -> object:
        """Read when history has caught up, and answer when what was read is durable, too."""
        await self._app.sequencer.durable()
        try:
            answer = route.read(context, params)
        except BusyFileError as error:  # it passes, and the venue trades on: come again
            raise errors.OVERLOADED.error() from error
        await self._app.sequencer.durable()
        return answer

    async def _command(self, route: CommandRoute, context: Context, params: Params) -> object:
        """Have the command done and render what it did."""
        applied = await submit(self._app.sequencer, route.parse(context, params))
        return route.respond(context, params, applied.seq, applied.events)

    async def _batch(self, route: BatchRoute, context: Context, params: Params) -> object:
        """Have the parts done in order and answer in order. They reach the sequencer in one turn of the loop."""
        return await asyncio.gather(*(self._part(route, context, part) for part in route.parse(context, params)))

    async def _part(self, route: BatchRoute, context: Context, part: Part) -> object:
        """Have one part done; the body of its error stands in its place when it fails."""
        try:
            if isinstance(part.command, DialectError):
                raise part.command
            applied = await submit(self._app.sequencer, part.command)
        except DialectError as error:
            return error.body()
        return route.respond(context, part.params, applied.seq, applied.events)

    def _context(self, call: Call) -> Context:
        return Context(
            state=self._app.venue.state,
            contracts=self._contracts,
            market_data=self._app.market_data,
            history=self._app.history,
            listen_keys=self._listen_keys,
            adl_queues=self._adl_queues,
            now_ms=call.now_ms,
            account_id=call.account_id,
            legacy_conditional=self._app.settings.legacy_stops,
        )


def printable(text: str) -> str:
    """Return what a client sent fit for a log line: bounded, and without what could forge another line."""
    return _UNPRINTABLE.sub("?", text[:LOGGED_CHARACTERS_MAX])
