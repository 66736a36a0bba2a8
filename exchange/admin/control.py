"""The control API over HTTP: accounts, money, prices, market states, health and tapes. Every change is a command.

One bearer token opens all of it. Amounts are decimal text; errors are `{"code", "msg"}`, as in the dialect.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

from exchange.admin.bodies import (
    Amount,
    Annotation,
    AutoAddMargin,
    IndexPrice,
    IndexSourceNamed,
    NewAccount,
    StateOfMarket,
    fund_json,
    market_json,
    parse_body,
)
from exchange.admin.case_bodies import adl_json, fund_row_json, liquidation_json, why_json
from exchange.admin.openapi import add_openapi_route
from exchange.core.checks import conservation_residue
from exchange.core.commands import (
    Annotate,
    Command,
    CreateAccount,
    Deposit,
    DropIndexSource,
    SetAutoAddMargin,
    SetIndexPrice,
    SetMarketState,
    Withdraw,
)
from exchange.core.contract import Contract
from exchange.core.enums import MarketState
from exchange.core.events import AccountCreated, MarketStateSet
from exchange.core.snapshot import state_hash
from exchange.core.units import INT63_MAX, MILLISECOND
from exchange.dialects.binance.parameters import optional_integer, row_limit
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.errors import DialectError, Refusal
from exchange.dialects.binance.text.numbers import parse_amount, parse_price
from exchange.door import json_response, read_body, submit
from exchange.projections.liquidations import page
from exchange.runtime.app import App
from exchange.runtime.feeds.sources import MANUAL
from exchange.runtime.sequencer import CLOCK_AHEAD_NS_MAX

TOKEN_NOT_VALID = Refusal(-9100, "Send the admin token: `Authorization: Bearer <admin token>`.", 401)
ACCOUNT_UNKNOWN = Refusal(-9102, "No such account.", 404)
NOT_MANUAL = Refusal(-9103, "Index prices come from a feed (%s); `--index manual` lets you set them.", 409)
SOURCE_UNKNOWN = Refusal(-9104, "No such index source: %s has %s.")
LIQUIDATION_UNKNOWN = Refusal(-9105, "No such liquidation, or it is forgotten.", 404)
TAPE_LIMIT_DEFAULT, TAPE_LIMIT_MAX = 500, 1_000  # rows of a page: a thousand take about 10 ms to write
_BEARER = "Bearer "
_LOG = logging.getLogger(__name__)

Answer = Callable[[web.Request], Awaitable[object]]
Handler = Callable[[web.Request], Awaitable[web.Response]]


def add_control_routes(application: web.Application, app: App) -> None:
    """Add every path of the control API to an application."""
    control = Control(app)
    for method, path, answer in (
        ("POST", "/accounts", control.create_account),
        ("POST", "/accounts/{account_id:[0-9]{1,18}}/deposit", control.deposit),
        ("POST", "/accounts/{account_id:[0-9]{1,18}}/withdraw", control.withdraw),
        ("POST", "/accounts/{account_id:[0-9]{1,18}}/auto-add-margin", control.set_auto_add_margin),
        ("POST", "/index-price", control.set_index_price),
        ("POST", "/index-drop", control.drop_index_source),
        ("POST", "/market-state", control.set_market_state),
        ("POST", "/annotate", control.annotate),
        ("GET", "/markets", control.markets),
        ("GET", "/health", control.health),
        ("GET", "/liquidations", control.liquidations),
        ("GET", "/liquidations/{liquidation_id:[0-9]{1,18}}/why", control.why),
        ("GET", "/insurance-fund", control.insurance_fund),
        ("GET", "/adl", control.adl),
        ("GET", "/coverage", control.coverage),
    ):
        application.router.add_route(method, f"/sim/v1{path}", guarded(app.admin_token, answer))
    add_openapi_route(application)


class Control:
    """What the control API does with one venue. Methods return JSON-able objects and raise DialectError."""

    def __init__(self, app: App) -> None:
        """Keep the venue that is controlled."""
        self._app = app

    async def create_account(self, request: web.Request) -> object:
        """Open an account, make a key for it, and return both."""
        body = parse_body(await read_body(request), NewAccount)
        deposit = parse_amount(body.deposit, "deposit")
        funding = parse_amount(body.funding_deposit, "fundingDeposit")
        applied = await submit(self._app.sequencer, CreateAccount(body.name, deposit, funding))
        created = next(event for event in applied.events if isinstance(event, AccountCreated))
        key = await asyncio.to_thread(self._app.keys.issue, created.account_id)  # it waits for the disk
        return {"accountId": key.account_id, "apiKey": key.api_key, "secretKey": key.secret_key}

    async def deposit(self, request: web.Request) -> object:
        """Add money to a futures wallet."""
        body = parse_body(await read_body(request), Amount)
        return await self._receipt(Deposit(self._account_id(request), parse_amount(body.amount, "amount")))

    async def withdraw(self, request: web.Request) -> object:
        """Take withdrawable money out of a futures wallet."""
        body = parse_body(await read_body(request), Amount)
        return await self._receipt(Withdraw(self._account_id(request), parse_amount(body.amount, "amount")))

    async def set_auto_add_margin(self, request: web.Request) -> object:
        """Choose whether an account's isolated positions in a contract are topped up."""
        body = parse_body(await read_body(request), AutoAddMargin)
        symbol = self._contract(body.symbol).symbol
        return await self._receipt(SetAutoAddMargin(self._account_id(request), symbol, body.enabled))

    async def set_index_price(self, request: web.Request) -> object:
        """Set the price of one source of an index, or of all, where no feed does."""
        self._refuse_beside_a_feed()
        body = parse_body(await read_body(request), IndexPrice)
        contract = self._contract_of_source(body.symbol, body.source)
        price = parse_price(contract, body.price)
        return await self._receipt(SetIndexPrice(body.symbol, price, source=body.source))

    async def drop_index_source(self, request: web.Request) -> object:
        """Let one source of an index be lost, or all, where no feed would bring it back with its next price."""
        self._refuse_beside_a_feed()
        body = parse_body(await read_body(request), IndexSourceNamed)
        self._contract_of_source(body.symbol, body.source)
        return await self._receipt(DropIndexSource(body.symbol, body.source))

    async def set_market_state(self, request: web.Request) -> object:
        """Open, restrict or halt a contract; return the state that holds, which a breaker or the index may decide."""
        body = parse_body(await read_body(request), StateOfMarket)
        applied = await submit(self._app.sequencer, SetMarketState(body.symbol, MarketState(body.state)))
        held = next(event.state for event in applied.events if isinstance(event, MarketStateSet))
        return {"seq": applied.seq, "state": held.value}

    async def markets(self, _request: web.Request) -> object:
        """Return what every contract stands at, with the sources of its index."""
        body = [market_json(market) for market in self._app.venue.state.markets.values()]
        await self._app.sequencer.durable()
        return body

    async def annotate(self, request: web.Request) -> object:
        """Record a text."""
        body = parse_body(await read_body(request), Annotation)
        return await self._receipt(Annotate(body.kind, body.text))

    async def health(self, _request: web.Request) -> object:
        """Tell the sequence number, the hashes of state and events after it, and what is missing from all the money.

        Also how far venue time is ahead of the machine's clock: by more than a second, and that is the status.
        Also what was left out for want of room: index prices (the inbox was full) and rows of the tapes. The state's
        hash is made while the venue waits, about 35 ms at 10,000 accounts: ask every few seconds, not more.
        """
        sequencer, state = self._app.sequencer, self._app.venue.state
        clock_ahead_ns = sequencer.clock_ahead_ns
        body = {
            "status": "clock_ahead" if clock_ahead_ns > CLOCK_AHEAD_NS_MAX else "ok",
            "clockAheadMs": clock_ahead_ns // MILLISECOND,
            "seq": sequencer.executed_seq,
            "stateHash": state_hash(state),
            "eventHash": sequencer.event_hash.hex(),
            "conservationResidue": conservation_residue(state),
            "commitLagMs": round(sequencer.commit_lag_ms, 3),
            "indexBeatsDropped": self._app.feed.beats_dropped if self._app.feed else 0,
            "tapeRowsDropped": self._app.liquidations.dropped,
        }
        await sequencer.durable()
        return body

    async def liquidations(self, request: web.Request) -> object:
        """Return a page of the liquidated positions, oldest first."""
        limit, after_seq = _page_asked(request)
        await self._app.sequencer.durable()
        rows = page(self._app.liquidations.liquidations, limit, after_seq)
        return [liquidation_json(self._contracts, row) for row in rows]

    async def why(self, request: web.Request) -> object:
        """Return one liquidation in one answer, with its story in plain sentences; -9105 when it is not known."""
        await self._app.sequencer.durable()
        found = self._app.liquidations.causes.find(int(request.match_info["liquidation_id"]))
        if found is None:
            raise LIQUIDATION_UNKNOWN.error()
        return why_json(self._contracts, found, self._app.venue.state.rules.engine.backstop.kind)

    async def insurance_fund(self, request: web.Request) -> object:
        """Return the fund as it stands, with a page of the changes of its wallet, oldest first."""
        limit, after_seq = _page_asked(request)
        body = fund_json(self._app.venue.state)
        await self._app.sequencer.durable()
        rows = page(self._app.liquidations.fund, limit, after_seq)
        return {**body, "tape": [fund_row_json(self._contracts, row) for row in rows]}

    async def adl(self, request: web.Request) -> object:
        """Return a page of the deleveragings, oldest first."""
        limit, after_seq = _page_asked(request)
        await self._app.sequencer.durable()
        return [adl_json(self._contracts, row) for row in page(self._app.liquidations.adl, limit, after_seq)]

    async def coverage(self, _request: web.Request) -> object:
        """Return what clients used since the venue was opened, and what they asked for that it has not."""
        return msgspec.to_builtins(self._app.usage.report(self._app.clock.wall() // MILLISECOND))

    @property
    def _contracts(self) -> Mapping[str, Contract]:
        return {symbol: market.contract for symbol, market in self._app.venue.state.markets.items()}

    def _contract(self, symbol: str) -> Contract:
        market = self._app.venue.state.markets.get(symbol)
        if market is None:
            raise errors.SYMBOL_NOT_VALID.error()
        return market.contract

    def _contract_of_source(self, symbol: str, source: str) -> Contract:
        """Return the contract of an index source; -1121 when it is not listed, -9104 when it has no such source."""
        contract = self._contract(symbol)
        names = [named.name for named in contract.index.sources]
        if source and source not in names:
            raise SOURCE_UNKNOWN.error(symbol, ", ".join(names))
        return contract

    def _refuse_beside_a_feed(self) -> None:
        """Raise -9103 where a feed plays: it goes on from the source time of the last price it gave."""
        if self._app.settings.index != MANUAL:
            raise NOT_MANUAL.error(self._app.settings.index)

    def _account_id(self, request: web.Request) -> int:
        """Return the account that the path names; -9102 when it is no trader's."""
        account_id = int(request.match_info["account_id"])
        if self._app.venue.state.trader(account_id) is None:
            raise ACCOUNT_UNKNOWN.error()
        return account_id

    async def _receipt(self, command: Command) -> object:
        return {"seq": (await submit(self._app.sequencer, command)).seq}


def _page_asked(request: web.Request) -> tuple[int, int | None]:
    """Return `limit` and `afterSeq` of a query: the newest rows without `afterSeq`, else the oldest ones beyond it."""
    limit = row_limit(request.query, TAPE_LIMIT_DEFAULT, TAPE_LIMIT_MAX)
    return limit, optional_integer(request.query, "afterSeq", 0, INT63_MAX)


def guarded(admin_token: str, answer: Answer) -> Handler:
    """Return a handler that asks for the token first and answers with JSON whatever happens."""

    async def handle(request: web.Request) -> web.Response:
        try:
            _check_token(request, admin_token)
            return json_response(await answer(request))
        except DialectError as error:
            return json_response(error.body(), error.http)
        except Exception:  # noqa: BLE001 - an own error: the answer is still JSON, the log gets the traceback
            _LOG.exception("control %s %s failed", request.method, request.path)
            unknown = errors.UNKNOWN_ERROR.error()
            return json_response(unknown.body(), unknown.http)

    return handle


def _check_token(request: web.Request, admin_token: str) -> None:
    header = request.headers.get("Authorization", "")
    given = header[len(_BEARER) :] if header.startswith(_BEARER) else ""
    if not hmac.compare_digest(given.encode("utf-8", errors="surrogateescape"), admin_token.encode()):
        raise TOKEN_NOT_VALID.error()
