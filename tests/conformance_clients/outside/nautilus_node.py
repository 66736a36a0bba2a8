"""A real TradingNode of nautilus_trader on a served venue, and a strategy that keeps what it hears. It judges nothing.

Runs where nautilus_trader is installed (`make nautilus`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from nautilus_trader.adapters.binance import BINANCE, BinanceLiveDataClientFactory, BinanceLiveExecClientFactory
from nautilus_trader.adapters.binance.common.symbol import BinanceSymbol
from nautilus_trader.adapters.binance.futures.enums import BinanceFuturesMarginType
from nautilus_trader.config import InstrumentProviderConfig, LiveExecEngineConfig, LoggingConfig, TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.identifiers import ClientId, InstrumentId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from clients.connect.nautilus import nautilus_data_config, nautilus_exec_config
from tests.conformance_clients.stage import Keys, Stage

INSTRUMENT = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
BARS = BarType.from_str("BTCUSDT-PERP.BINANCE-1-MINUTE-LAST-EXTERNAL")
PATIENCE_S = 20.0

Found = TypeVar("Found")


@dataclass(slots=True)
class Heard:
    """What the strategy heard: order events and account states, and the latest of each kind of data."""

    events: list[Any] = field(default_factory=list)
    data: list[Any] = field(default_factory=list)
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, kept: list[Any], what: object) -> None:
        """Keep it, and wake who waits."""
        kept.append(what)
        self.happened.set()


class Listener(Strategy):  # type: ignore[misc]  # nautilus_trader has no types here
    """A strategy that subscribes to everything, keeps it, and otherwise does what a cell tells it."""

    def __init__(self, heard: Heard) -> None:
        super().__init__()
        self.heard = heard

    def on_start(self) -> None:
        """Subscribe to book, trades, quotes, candles and mark price."""
        self.subscribe_order_book_deltas(INSTRUMENT, book_type=BookType.L2_MBP)
        self.subscribe_trade_ticks(INSTRUMENT)
        self.subscribe_quote_ticks(INSTRUMENT)
        self.subscribe_bars(BARS)
        self.subscribe_mark_prices(INSTRUMENT)

    def on_event(self, event: Any) -> None:
        """Keep an order's or a position's event."""
        self.heard.note(self.heard.events, event)

    def on_historical_data(self, data: Any) -> None:
        """Keep what was asked for."""
        self.heard.note(self.heard.data, ("historical", data))

    def on_order_book_deltas(self, deltas: Any) -> None:
        """Keep changes of the book."""
        self.heard.note(self.heard.data, ("deltas", deltas))

    def on_trade_tick(self, tick: Any) -> None:
        """Keep a trade."""
        self.heard.note(self.heard.data, ("trade", tick))

    def on_quote_tick(self, tick: Any) -> None:
        """Keep a best bid and ask."""
        self.heard.note(self.heard.data, ("quote", tick))

    def on_bar(self, bar: Any) -> None:
        """Keep a closed candle."""
        self.heard.note(self.heard.data, ("bar", bar))

    def on_mark_price(self, mark: Any) -> None:
        """Keep a mark price."""
        self.heard.note(self.heard.data, ("mark", mark))


@dataclass(slots=True)
class Bench:
    """A running node, its strategy, the venue and the account: what a cell works with."""

    stage: Stage
    keys: Keys
    node: Any
    listener: Any
    heard: Heard

    @property
    def cache(self) -> Any:
        """The node's cache."""
        return self.node.kernel.cache

    @property
    def execution(self) -> Any:
        """The node's execution client."""
        return self.node.kernel.exec_engine._clients[ClientId(BINANCE)]

    @property
    def market(self) -> Any:
        """The HTTP API of the node's execution client for market data."""
        return self.execution._http_market

    @property
    def account(self) -> Any:
        """The HTTP API of the node's execution client for the account."""
        return self.execution._futures_http_account

    async def until(self, find: Callable[[], Found]) -> Found:
        """Return what `find` finds as soon as that is something. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            while not (found := find()):
                self.heard.happened.clear()
                await self.heard.happened.wait()
        return found

    async def event(self, order: Any, kind: str) -> Any:
        """Return the newest event of an order of the kind, such as OrderAccepted. Raises TimeoutError."""

        def newest() -> Any:
            return next((event for event in reversed(self.heard.events) if self._is(event, order, kind)), None)

        try:
            return await self.until(newest)
        except TimeoutError as error:
            raise AssertionError(f"no {kind}; the order had {self.events_of(order)}") from error

    def events_of(self, order: Any) -> list[str]:
        """Return the kinds of events of an order so far, with the reason of a refusal."""
        found = [
            event for event in self.heard.events if getattr(event, "client_order_id", None) == order.client_order_id
        ]
        return [type(event).__name__ + f" {getattr(event, 'reason', '')}".rstrip() for event in found]

    def limit(self, side: Any, quantity: float, price: float, **options: Any) -> Any:
        """Submit a limit order and return it."""
        order = self.listener.order_factory.limit(INSTRUMENT, side, amount(quantity), at(price), **options)
        return self.submit(order)

    def market_order(self, side: Any, quantity: float, **options: Any) -> Any:
        """Submit a market order and return it."""
        return self.submit(self.listener.order_factory.market(INSTRUMENT, side, amount(quantity), **options))

    def submit(self, order: Any, params: dict[str, object] | None = None) -> Any:
        """Submit an order and return it."""
        self.listener.submit_order(order, params=params)
        return order

    @staticmethod
    def _is(event: Any, order: Any, kind: str) -> bool:
        return type(event).__name__ == kind and event.client_order_id == order.client_order_id


def amount(quantity: float) -> Any:
    """Return a quantity with the contract's digits."""
    return Quantity(quantity, 3)


def at(price: float) -> Any:
    """Return a price with the contract's digits."""
    return Price(price, 1)


@asynccontextmanager
async def running(
    stage: Stage, keys: Keys, *, hedge: bool = False, leverage: int | None = None
) -> AsyncIterator[Bench]:
    """Start a node for an account and stop it when the block ends; `dispose` is the caller's, after its loop."""
    provider = InstrumentProviderConfig(load_all=True)
    data = nautilus_data_config(stage.rest, keys.api_key, keys.secret_key, instrument_provider=provider)
    execution = nautilus_exec_config(
        stage.rest,
        keys.api_key,
        keys.secret_key,
        instrument_provider=provider,
        use_reduce_only=not hedge,
        futures_leverages={BinanceSymbol("BTCUSDT"): leverage} if leverage else None,
        futures_margin_types={BinanceSymbol("BTCUSDT"): BinanceFuturesMarginType.ISOLATED} if leverage else None,
    )
    heard = Heard()
    config = TradingNodeConfig(
        logging=LoggingConfig(log_level="WARNING"),
        exec_engine=LiveExecEngineConfig(reconciliation=True, reconciliation_startup_delay_secs=0.0),
        data_clients={BINANCE: data},
        exec_clients={BINANCE: execution},
        timeout_connection=30.0,
        timeout_disconnection=5.0,
        timeout_post_stop=1.0,
    )
    node = TradingNode(config=config, loop=asyncio.get_running_loop())
    listener = Listener(heard)
    node.trader.add_strategy(listener)
    node.add_data_client_factory(BINANCE, BinanceLiveDataClientFactory)
    node.add_exec_client_factory(BINANCE, BinanceLiveExecClientFactory)
    node.build()
    running_node = asyncio.create_task(node.run_async())
    bench = Bench(stage, keys, node, listener, heard)
    try:
        await bench.until(lambda: [kind for kind, _ in heard.data if kind == "mark"])
        yield bench
    finally:
        await node.stop_async()
        await running_node
