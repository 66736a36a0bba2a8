"""binance-futures-connector's column: UMFutures for REST, UMFuturesWebsocketClient for streams. `make connector`.

It is a legacy client, without a call for the algo service: conditional orders go by `POST order`, the old way, which a
venue takes when it is served with `--legacy-stops`. That is tried on a venue of its own and is no row of the matrix.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from typing import Any

from binance.error import ClientError

from clients.connect.futures_connector import um_futures, um_futures_streams
from tests.conformance_clients.client import ERROR_KINDS, Book, ConformanceClient, Ears, NotApplicableError, Trigger
from tests.conformance_clients.column import run_column
from tests.conformance_clients.outside.legacy_stops import check_legacy_stops
from tests.conformance_clients.outside.pages import run_page
from tests.conformance_clients.raw import DiffBook, Json, RawClient, market_told_of, told_of
from tests.conformance_clients.results import FAILED, write_column
from tests.conformance_clients.rows import ROWS
from tests.conformance_clients.stage import PATIENCE_S, SYMBOL, Keys, staged

NAME = "binance-futures-connector"
OURS = ".venv/bin/margincall"
CALLS = {
    "exchange_info": "exchange_info",
    "time": "time",
    "depth": "depth",
    "klines": "klines",
    "trades": "trades",
    "agg_trades": "agg_trades",
    "ticker": "ticker_24hr_price_change",
    "book_ticker": "book_ticker",
    "premium_index": "mark_price",
    "place": "new_order",
    "amend": "modify_order",
    "place_batch": "new_batch_order",
    "cancel_batch": "cancel_batch_order",
    "cancel": "cancel_order",
    "cancel_all": "cancel_open_orders",
    "countdown": "countdown_cancel_order",
    "order": "query_order",
    "open_orders": "get_orders",
    "all_orders": "get_all_orders",
    "fills": "get_account_trades",
    "balance": "balance",
    "positions": "get_position_risk",
    "leverage": "change_leverage",
    "brackets": "leverage_brackets",
    "margin_type": "change_margin_type",
    "add_margin": "modify_isolated_position_margin",
    "set_hedge": "change_position_mode",
    "hedge": "get_position_mode",
    "income": "get_income_history",
    "commission": "commission_rate",
}
HAS_NONE = {
    "amend_batch": "it has no call for it",
    "transfer": "it has no call for it",
}
NO_ALGO = "it has no call for the algo service; `serve --legacy-stops` takes the old way"
NO_WS_API = "it has no WebSocket API"


class Connector(RawClient):
    """The connector with an account's keys."""

    errors = dict.fromkeys(ERROR_KINDS, (ClientError,))

    def __init__(self, rest: str, ws: str, keys: Keys) -> None:
        """Point it at a venue."""
        self._addresses = rest, ws
        self._client = um_futures(rest, keys.api_key, keys.secret_key, timeout=PATIENCE_S)

    def code_of(self, error: BaseException) -> int:
        """Return the venue's code."""
        assert isinstance(error, ClientError)
        return int(error.error_code)

    def other(self, keys: Keys) -> ConformanceClient:
        """Return one with other keys."""
        return Connector(*self._addresses, keys)

    async def close(self) -> None:
        """Close its connections."""
        self._client.session.close()

    async def ask(self, name: str, **params: Any) -> Json:
        """Make a call; it blocks, so in a thread."""
        if name in HAS_NONE:
            raise NotApplicableError(HAS_NONE[name])
        if name == "cancel_batch":
            params["origClientOrderIdList"] = None
        return await asyncio.to_thread(getattr(self._client, CALLS[name]), **params)

    async def ask_ws(self, name: str, **params: Any) -> Json:
        """It has none."""
        raise NotApplicableError(NO_WS_API)

    async def place_conditional(self, trigger: Trigger) -> Any:
        """It has none."""
        raise NotApplicableError(NO_ALGO)

    async def ws_place_conditional(self, trigger: Trigger) -> Any:
        """It has none."""
        raise NotApplicableError(NO_WS_API)

    @asynccontextmanager
    async def follow_book(self) -> AsyncIterator["_Following"]:
        """Follow the book with the diffs that come after the subscription's answer."""
        events: asyncio.Queue[Json] = asyncio.Queue()
        with self._hearing(events.put_nowait) as streams:
            streams.diff_book_depth(SYMBOL, speed=100)
            await events.get()  # the answer of the subscription
            yield _Following(DiffBook(await self.ask("depth", symbol=SYMBOL, limit=1000)), events)

    @asynccontextmanager
    async def hear_market(self) -> AsyncIterator[Ears]:
        """Subscribe to five streams, each by its own method."""
        ears = Ears()
        with self._hearing(lambda event: ears.hear(*market_told_of(event))) as streams:
            streams.agg_trade(SYMBOL)
            streams.kline(SYMBOL, "1m")
            streams.ticker(SYMBOL)
            streams.book_ticker(SYMBOL)
            streams.mark_price(SYMBOL, speed=1)
            yield ears

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Ears]:
        """Subscribe to the listenKey."""
        ears = Ears()
        subscribed = asyncio.Event()

        def hear(event: Json) -> None:
            if "result" in event:
                subscribed.set()
            ears.hear(*told_of(event))

        with self._hearing(hear) as streams:
            streams.user_data((await asyncio.to_thread(self._client.new_listen_key))["listenKey"])
            await subscribed.wait()
            yield ears

    async def renew_listen_key(self) -> None:
        """Renew it."""
        key = (await asyncio.to_thread(self._client.new_listen_key))["listenKey"]
        await asyncio.to_thread(self._client.renew_listen_key, key)

    @contextmanager
    def _hearing(self, hear: Callable[[Json], object]) -> Any:
        """Open a stream connection whose messages, which come in its thread, reach `hear` in this loop."""
        loop = asyncio.get_running_loop()

        def on_message(_: object, text: str) -> None:
            loop.call_soon_threadsafe(hear, json.loads(text))

        streams = um_futures_streams(self._addresses[0], on_message=on_message)
        try:
            yield streams
        finally:
            streams.stop()


class _Following:
    """The book of a diff stream."""

    def __init__(self, kept: DiffBook, events: asyncio.Queue[Json]) -> None:
        self.kept = kept
        self._events = events

    def book(self) -> Book:
        """Return it as it is now."""
        return self.kept.book()

    def update_id(self) -> int:
        """Return the id of the last update in it."""
        return self.kept.update_id

    async def changed(self) -> None:
        """Take in the next diff."""
        self.kept.apply(await self._events.get())


def main() -> int:
    """Run the column, write it, try the old way of stops, and return 1 when something failed."""
    program = os.environ.get("MARGINCALL", OURS)
    chosen = sys.argv[1:]
    with staged(program) as stage:
        column = run_column(stage, NAME, version(NAME), Connector, chosen or ROWS)
    failures = [f"{key}: {cell.reason}" for key, cell in column.cells.items() if cell.status == FAILED]
    if not chosen:
        write_column(column)
        check_legacy_stops(program)
        run_page("binance-futures-connector", program, "CANCELED")
    print(*failures, f"{len(column.cells)} cells, {len(failures)} failures", sep="\n")
    return min(len(failures), 1)


if __name__ == "__main__":
    sys.exit(main())
