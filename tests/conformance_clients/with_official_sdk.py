"""Binance's official SDK in the matrix: its REST client, its streams and its WebSocket API."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from binance_common.errors import BadRequestError, TooManyRequestsError, UnauthorizedError
from pydantic import BaseModel

from clients.connect import sdk_client
from tests.conformance_clients.client import ERROR_KINDS, Book, ConformanceClient, Ears, NotApplicableError
from tests.conformance_clients.raw import DiffBook, Json, RawClient, market_told_of, told_of
from tests.conformance_clients.stage import SYMBOL, Keys

NAME = "official SDK"
VERSION = version("binance-sdk-derivatives-trading-usds-futures")
CALLS = {
    "exchange_info": "exchange_information",
    "time": "check_server_time",
    "depth": "order_book",
    "klines": "kline_candlestick_data",
    "trades": "recent_trades_list",
    "agg_trades": "compressed_aggregate_trades_list",
    "ticker": "ticker24hr_price_change_statistics",
    "book_ticker": "symbol_order_book_ticker",
    "premium_index": "mark_price",
    "place": "new_order",
    "amend": "modify_order",
    "place_batch": "place_multiple_orders",
    "amend_batch": "modify_multiple_orders",
    "cancel_batch": "cancel_multiple_orders",
    "cancel": "cancel_order",
    "cancel_all": "cancel_all_open_orders",
    "countdown": "auto_cancel_all_open_orders",
    "order": "query_order",
    "open_orders": "current_all_open_orders",
    "all_orders": "all_orders",
    "fills": "account_trade_list",
    "place_conditional": "new_algo_order",
    "conditional": "query_algo_order",
    "open_conditionals": "current_all_algo_open_orders",
    "cancel_conditional": "cancel_algo_order",
    "cancel_conditionals": "cancel_all_algo_open_orders",
    "balance": "futures_account_balance_v3",
    "positions": "position_information_v3",
    "leverage": "change_initial_leverage",
    "brackets": "notional_and_leverage_brackets",
    "margin_type": "change_margin_type",
    "add_margin": "modify_isolated_position_margin",
    "set_hedge": "change_position_mode",
    "hedge": "get_current_position_mode",
    "income": "get_income_history",
    "commission": "user_commission_rate",
}
WS_CALLS = {
    "place": "new_order",
    "amend": "modify_order",
    "order": "query_order",
    "cancel": "cancel_order",
    "place_conditional": "new_algo_order",
    "cancel_conditional": "cancel_algo_order",
    "balance": "futures_account_balance_v2",
    "positions": "position_information_v2",
}


class OfficialSdk(RawClient):
    """The official SDK with an account's keys."""

    errors = dict.fromkeys(ERROR_KINDS, (BadRequestError,)) | {
        "rate": (TooManyRequestsError,),
        "authentication": (UnauthorizedError, BadRequestError),  # a wrong signature is HTTP 400
    }

    def __init__(self, rest: str, ws: str, keys: Keys) -> None:
        """Point it at a venue."""
        self._addresses = rest, ws
        self._sdk = sdk_client(rest, keys.api_key, keys.secret_key)
        self._api: Any = None
        self._listen_key = ""

    def code_of(self, error: BaseException) -> int:
        found = re.search(r"-\d{4}", str(error))
        return int(found[0]) if found else 0

    def other(self, keys: Keys) -> ConformanceClient:
        return OfficialSdk(*self._addresses, keys)

    async def close(self) -> None:
        if self._api is not None:
            await self._api.close_connection(close_session=True)

    async def ask(self, name: str, **params: Any) -> Json:
        if name == "transfer":
            raise NotApplicableError("the futures SDK has no call for transfers")
        call = getattr(self._sdk.rest_api, CALLS[name])
        return plain(call(**_snake_cased(params)).data())

    async def ask_ws(self, name: str, **params: Any) -> Json:
        if self._api is None:
            self._api = await self._sdk.websocket_api.create_connection()
        answer = plain((await getattr(self._api, WS_CALLS[name])(**_snake_cased(params))).data())
        assert "result" in answer, answer
        return answer["result"]

    @asynccontextmanager
    async def follow_book(self) -> AsyncIterator["_Following"]:
        async with self._streams() as streams:
            diffs: asyncio.Queue[Json] = asyncio.Queue()
            stream = await streams.diff_book_depth_streams(symbol=SYMBOL.lower(), update_speed="100ms")
            stream.on("message", lambda message: diffs.put_nowait(plain(message)))
            yield _Following(DiffBook(await self.ask("depth", symbol=SYMBOL, limit=1000)), diffs)

    @asynccontextmanager
    async def hear_market(self) -> AsyncIterator[Ears]:
        ears = Ears()
        async with self._streams() as streams:
            for stream in (
                await streams.aggregate_trade_streams(symbol=SYMBOL.lower()),
                await streams.kline_candlestick_streams(symbol=SYMBOL.lower(), interval="1m"),
                await streams.individual_symbol_ticker_streams(symbol=SYMBOL.lower()),
                await streams.individual_symbol_book_ticker_streams(symbol=SYMBOL.lower()),
                await streams.mark_price_stream(symbol=SYMBOL.lower(), update_speed="1s"),
            ):
                stream.on("message", lambda message: ears.hear(*market_told_of(plain(message))))
            yield ears

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Ears]:
        ears = Ears()
        self._listen_key = plain(self._sdk.rest_api.start_user_data_stream().data())["listenKey"]
        async with self._streams() as streams:
            stream = await streams.user_data(self._listen_key)
            stream.on("message", lambda message: ears.hear(*told_of(_user_event(message))))
            yield ears

    async def renew_listen_key(self) -> None:
        answer = plain(self._sdk.rest_api.keepalive_user_data_stream().data())
        assert answer["listenKey"] == self._listen_key

    @asynccontextmanager
    async def _streams(self) -> AsyncIterator[Any]:
        streams = await self._sdk.websocket_streams.create_connection()
        try:
            yield streams
        finally:
            await streams.close_connection(close_session=True)


class _Following:
    """The book of a diff stream."""

    def __init__(self, kept: DiffBook, diffs: asyncio.Queue[Json]) -> None:
        self.kept = kept
        self._diffs = diffs

    def book(self) -> Book:
        return self.kept.book()

    def update_id(self) -> int:
        return self.kept.update_id

    async def changed(self) -> None:
        self.kept.apply(await self._diffs.get())


def plain(answer: Any) -> Json:
    """Return the venue's JSON that the SDK's models stand for."""
    if isinstance(answer, BaseModel):
        inner = getattr(answer, "actual_instance", None)
        return plain(inner) if inner is not None else plain(answer.to_dict())  # type: ignore[attr-defined]  # those of the SDK have it
    if isinstance(answer, list):
        return [plain(one) for one in answer]
    if isinstance(answer, dict):
        return {name: plain(value) for name, value in answer.items()}
    return answer


def _user_event(message: Any) -> Json:
    """Return a user event with its name, which the SDK's models keep as the name of their class only."""
    name = re.sub("(?<!^)([A-Z])", r"_\1", type(message.actual_instance).__name__).upper()
    return plain(message) | {"e": name}


def _snake_cased(params: dict[str, Any]) -> dict[str, Any]:
    return {re.sub("([A-Z])", r"_\1", name).lower(): value for name, value in params.items()}
