"""python-binance in the matrix: AsyncClient for REST and WebSocket API, BinanceSocketManager for streams."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from binance.exceptions import BinanceAPIException

from clients.connect import binance_async_client, binance_sockets
from tests.conformance_clients.client import ERROR_KINDS, Book, ConformanceClient, Ears, Told
from tests.conformance_clients.raw import DiffBook, Json, RawClient, market_told_of, told_of
from tests.conformance_clients.stage import SYMBOL, Keys

NAME = "python-binance"
VERSION = version(NAME)
STREAMS_OF_MARKET = ("aggTrade", "kline_1m", "ticker", "markPrice@1s")
CALLS = {
    "exchange_info": "futures_exchange_info",
    "time": "futures_time",
    "depth": "futures_order_book",
    "klines": "futures_klines",
    "trades": "futures_recent_trades",
    "agg_trades": "futures_aggregate_trades",
    "ticker": "futures_ticker",
    "book_ticker": "futures_orderbook_ticker",
    "premium_index": "futures_mark_price",
    "place": "futures_create_order",
    "amend": "futures_modify_order",
    "place_batch": "futures_place_batch_order",
    "cancel": "futures_cancel_order",
    "cancel_all": "futures_cancel_all_open_orders",
    "countdown": "futures_countdown_cancel_all",
    "order": "futures_get_order",
    "open_orders": "futures_get_open_orders",
    "all_orders": "futures_get_all_orders",
    "fills": "futures_account_trades",
    "place_conditional": "futures_create_order",
    "conditional": "futures_get_algo_order",
    "open_conditionals": "futures_get_open_algo_orders",
    "cancel_conditional": "futures_cancel_algo_order",
    "cancel_conditionals": "futures_cancel_all_algo_open_orders",
    "balance": "futures_account_balance",
    "positions": "futures_position_information",
    "leverage": "futures_change_leverage",
    "brackets": "futures_leverage_bracket",
    "margin_type": "futures_change_margin_type",
    "add_margin": "futures_change_position_margin",
    "set_hedge": "futures_change_position_mode",
    "hedge": "futures_get_position_mode",
    "transfer": "make_universal_transfer",
    "income": "futures_income_history",
    "commission": "futures_commission_rate",
}
WS_CALLS = {
    "place": "ws_futures_create_order",
    "amend": "ws_futures_edit_order",
    "order": "ws_futures_get_order",
    "cancel": "ws_futures_cancel_order",
    "place_conditional": "ws_futures_create_algo_order",
    "cancel_conditional": "ws_futures_cancel_algo_order",
    "balance": "ws_futures_v2_account_balance",
    "positions": "ws_futures_v2_account_position",
}


class PythonBinance(RawClient):
    """python-binance with an account's keys."""

    errors = dict.fromkeys(ERROR_KINDS, (BinanceAPIException,))

    def __init__(self, rest: str, ws: str, keys: Keys) -> None:
        """Point it at a venue."""
        self._addresses = rest, ws
        self._client = binance_async_client(rest, keys.api_key, keys.secret_key)
        self._sockets = binance_sockets(self._client)

    def code_of(self, error: BaseException) -> int:
        assert isinstance(error, BinanceAPIException)
        return int(error.code)

    def other(self, keys: Keys) -> ConformanceClient:
        return PythonBinance(*self._addresses, keys)

    async def close(self) -> None:
        await self._client.close_connection()

    async def ask(self, name: str, **params: Any) -> Json:
        if name == "cancel_batch":
            params["orderidlist"] = params.pop("orderIdList")
            return await self._client.futures_cancel_orders(**params)
        if name == "amend_batch":
            params["batchOrders"] = self._client.ws_future.json_dumps(params["batchOrders"])
            return await self._client.futures_v1_put_batch_orders(**params)
        return await getattr(self._client, CALLS[name])(**params)

    async def ask_ws(self, name: str, **params: Any) -> Json:
        return await getattr(self._client, WS_CALLS[name])(**params)

    @asynccontextmanager
    async def follow_book(self) -> AsyncIterator["_Following"]:
        socket = self._sockets.futures_multiplex_socket([f"{SYMBOL.lower()}@depth@100ms"], category="public")
        async with _impatient(socket):
            yield _Following(DiffBook(await self.ask("depth", symbol=SYMBOL, limit=1000)), socket)

    @asynccontextmanager
    async def hear_market(self) -> AsyncIterator[Ears]:
        streams = [f"{SYMBOL.lower()}@{name}" for name in STREAMS_OF_MARKET]
        best = [f"{SYMBOL.lower()}@bookTicker"]
        ears = Ears()
        async with (
            _heard(self._sockets.futures_multiplex_socket(streams, category="market"), ears, market_told_of),
            _heard(self._sockets.futures_multiplex_socket(best, category="public"), ears, market_told_of),
        ):
            yield ears

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Ears]:
        ears = Ears()
        async with _heard(self._sockets.futures_user_socket(), ears, told_of):
            yield ears

    async def renew_listen_key(self) -> None:
        key = await self._client.futures_stream_get_listen_key()
        await self._client.futures_stream_keepalive(listenKey=key)


class _Following:
    """The book of a diff socket."""

    def __init__(self, kept: DiffBook, socket: Any) -> None:
        self.kept = kept
        self._socket = socket

    def book(self) -> Book:
        return self.kept.book()

    def update_id(self) -> int:
        return self.kept.update_id

    async def changed(self) -> None:
        message = await self._socket.recv()
        self.kept.apply(message["data"])


def _impatient(socket: Any) -> Any:
    """Let a socket see within a moment that it is closed; by itself it looks every ten seconds."""
    socket.TIMEOUT = 0.1
    return socket


@asynccontextmanager
async def _heard(socket: Any, ears: Ears, told_of_event: Callable[[Json], list[Told]]) -> AsyncIterator[None]:
    """Let ears hear what a socket receives, until the block ends."""
    ended = False

    async def hear() -> None:
        while not ended:  # a cancellation alone can be lost in `recv`, when a message comes at the same moment
            message = await socket.recv()
            ears.hear(*told_of_event(message.get("data", message)))

    async with _impatient(socket):
        hearing = asyncio.create_task(hear())
        try:
            yield
        finally:
            ended = True
            hearing.cancel()
            await asyncio.wait([hearing])
