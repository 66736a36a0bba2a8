"""Market data and orders of the matrix, as nautilus_trader's strategy and clients do them. It imports no part of ours.

A cell is `async def (bench) -> None` that raises unless the row holds. It begins with an empty book and a flat account.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from nautilus_trader.adapters.binance.common.enums import (
    BinanceKlineInterval,
)
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import (
    GenerateFillReports,
    GenerateOrderStatusReport,
    GenerateOrderStatusReports,
)
from nautilus_trader.model.enums import OrderSide, OrderStatus, TimeInForce

from tests.conformance_clients.outside.nautilus_node import BARS, INSTRUMENT, Bench, amount, at
from tests.conformance_clients.stage import INDEX, SYMBOL

Cell = Callable[[Bench], Awaitable[None]]
BUY, SELL = OrderSide.BUY, OrderSide.SELL


def equal(found: object, expected: object) -> None:
    """Raise AssertionError, naming both, unless they are equal."""
    assert found == expected, f"{found!r} instead of {expected!r}"


def heard_since(bench: Bench, start: int, kind: str) -> list[Any]:
    """Return what came of a kind of data after the first `start` pieces."""
    return [data for what, data in bench.heard.data[start:] if what == kind]


async def load_markets(bench: Bench) -> None:
    """Tick, step and smallest notional reached the instrument."""
    instrument = bench.cache.instrument(INSTRUMENT)
    increments = (instrument.price_increment, instrument.size_increment, instrument.min_notional)
    equal([each.as_decimal() for each in increments], [Decimal("0.1"), Decimal("0.001"), Decimal(5)])


async def time(bench: Bench) -> None:
    """The server's time is ours within a second."""
    server_ms = await bench.market.request_server_time()
    assert abs(server_ms - bench.node.kernel.clock.timestamp_ms()) < 1000


async def book_snapshot(bench: Bench) -> None:
    """The strategy asks for a snapshot and gets the venue's two levels."""
    bench.stage.offer("BUY", 1, INDEX - 10)
    bench.stage.offer("SELL", 2, INDEX + 10)
    snapshot = await bench.market.request_order_book_snapshot(INSTRUMENT, ts_init=0, limit=5)
    levels = [(float(delta.order.price), float(delta.order.size)) for delta in snapshot.deltas if delta.order]
    for level in ((INDEX - 10, 1.0), (INDEX + 10, 2.0)):
        assert level in levels, f"{level} is not among {levels}"


def _venue_book(bench: Bench) -> dict[str, list[tuple[float, float]]]:
    depth = bench.stage.public("/fapi/v1/depth", {"symbol": SYMBOL, "limit": "1000"})
    return {side: [(float(price), float(size)) for price, size in depth[side]] for side in ("bids", "asks")}


def _node_book(bench: Bench) -> dict[str, list[tuple[float, float]]]:
    book = bench.cache.order_book(INSTRUMENT)
    read = {"bids": book.bids(), "asks": book.asks()}
    return {side: [(float(level.price), level.size()) for level in levels] for side, levels in read.items()}


async def book_sync(bench: Bench) -> None:
    """After a hundred changes the node's book, kept through diffs, is the venue's."""
    for step in range(50):
        bench.stage.offer("BUY", 0.001 * (1 + step % 7), INDEX - 1 - step * 0.5)
        bench.stage.offer("SELL", 0.001 * (1 + step % 5), INDEX + 1 + step * 0.5)
    bench.stage.offer("SELL", 0.01, INDEX - 3)
    expected = _venue_book(bench)
    await bench.until(lambda: _node_book(bench) == expected)


async def klines(bench: Bench) -> None:
    """The candle of this minute closes at the price just traded."""
    bench.stage.trade(INDEX)
    bars = await bench.market.request_binance_bars(bar_type=BARS, interval=BinanceKlineInterval("1m"))
    equal(float(bars[-1].close), INDEX)


async def trades(bench: Bench) -> None:
    """The newest trade is the one just made."""
    bench.stage.trade(INDEX)
    ticks = await bench.market.request_trade_ticks(instrument_id=INSTRUMENT, limit=10)
    equal(float(ticks[-1].price), INDEX)


async def tickers(bench: Bench) -> None:
    """The adapter's market API reads last price, and best bid and ask."""
    bench.stage.trade(INDEX)
    bench.stage.offer("BUY", 1, INDEX - 10)
    [day] = await bench.market.query_ticker_24hr(symbol=SYMBOL)
    equal(float(day.lastPrice), INDEX)
    [best] = await bench.market.query_ticker_book(symbol=SYMBOL)
    equal(float(best.bidPrice), INDEX - 10)


async def mark_price(bench: Bench) -> None:
    """A mark price comes on its stream."""
    start = len(bench.heard.data)
    [mark] = (await bench.until(lambda: heard_since(bench, start, "mark")))[:1]
    assert abs(float(mark.value) - INDEX) < 10


async def market_streams(bench: Bench) -> None:
    """Trades, quotes, changes of the book and marks come on streams; a candle's stream is subscribed."""
    start = len(bench.heard.data)
    bench.stage.offer("BUY", 1, INDEX - 10)
    bench.stage.offer("SELL", 1, INDEX + 10)
    bench.stage.trade(INDEX + 3)
    for kind in ("trade", "quote", "deltas", "mark"):
        await bench.until(partial(heard_since, bench, start, kind))
    await bench.until(lambda: [tick for tick in heard_since(bench, start, "trade") if float(tick.price) == INDEX + 3])


async def limit_gtc(bench: Bench) -> None:
    """It rests, with the venue's id."""
    order = bench.limit(BUY, 0.1, INDEX - 100)
    await bench.event(order, "OrderAccepted")
    equal(order.status, OrderStatus.ACCEPTED)


async def limit_ioc(bench: Bench) -> None:
    """What is there fills, the rest expires."""
    bench.stage.offer("SELL", 0.02, INDEX)
    order = bench.limit(BUY, 0.1, INDEX, time_in_force=TimeInForce.IOC)
    await bench.until(lambda: order.is_closed)
    equal(float(order.filled_qty), 0.02)


async def limit_fok(bench: Bench) -> None:
    """One that can be filled is, one that cannot is not touched."""
    bench.stage.offer("SELL", 0.02, INDEX)
    short = bench.limit(BUY, 0.1, INDEX, time_in_force=TimeInForce.FOK)
    await bench.until(lambda: short.is_closed)
    equal(float(short.filled_qty), 0)
    full = bench.limit(BUY, 0.02, INDEX, time_in_force=TimeInForce.FOK)
    await bench.event(full, "OrderFilled")
    equal(full.status, OrderStatus.FILLED)


async def limit_gtx(bench: Bench) -> None:
    """A post-only order rests."""
    order = bench.limit(BUY, 0.1, INDEX - 100, post_only=True)
    await bench.event(order, "OrderAccepted")


async def gtx_refused(bench: Bench) -> None:
    """One that would take is rejected, and the node knows why."""
    bench.stage.offer("SELL", 0.1, INDEX)
    order = bench.limit(BUY, 0.1, INDEX, post_only=True)
    rejected = await bench.event(order, "OrderRejected")
    assert rejected.due_post_only, rejected.reason


async def limit_gtd(bench: Bench) -> None:
    """It rests, and the venue knows its date."""
    date = bench.listener.clock.utc_now() + timedelta(hours=1)
    order = bench.limit(BUY, 0.1, INDEX - 100, time_in_force=TimeInForce.GTD, expire_time=date)
    accepted = await bench.event(order, "OrderAccepted")
    params = {"symbol": SYMBOL, "orderId": str(accepted.venue_order_id)}
    kept = bench.stage.signed(bench.keys, "GET", "/fapi/v1/order", params)
    equal((kept["timeInForce"], kept["goodTillDate"] // 1000), ("GTD", int(date.timestamp())))


async def market(bench: Bench) -> None:
    """It fills at the maker's price."""
    bench.stage.offer("SELL", 1, INDEX + 5)
    order = bench.market_order(BUY, 0.1)
    filled = await bench.event(order, "OrderFilled")
    equal((float(filled.last_px), float(filled.last_qty)), (INDEX + 5, 0.1))


async def reduce_only(bench: Bench) -> None:
    """It closes a position, and is rejected without one."""
    bench.stage.offer("SELL", 1, INDEX)
    bench.stage.offer("BUY", 1, INDEX - 1)
    refused = bench.market_order(SELL, 0.1, reduce_only=True)
    await bench.event(refused, "OrderRejected")
    await bench.event(bench.market_order(BUY, 0.1), "OrderFilled")
    closing = bench.market_order(SELL, 0.1, reduce_only=True)
    await bench.event(closing, "OrderFilled")
    await bench.until(lambda: bench.listener.portfolio.is_flat(INSTRUMENT))


async def price_match(bench: Bench) -> None:
    """The venue chooses the best bid's price; nautilus takes the price over."""
    bench.stage.offer("BUY", 1, INDEX - 7)
    order = bench.listener.order_factory.limit(INSTRUMENT, BUY, amount(0.1), at(INDEX - 500))
    bench.submit(order, {"price_match": "QUEUE"})
    accepted = await bench.event(order, "OrderAccepted")
    params = {"symbol": SYMBOL, "orderId": str(accepted.venue_order_id)}
    equal(float(bench.stage.signed(bench.keys, "GET", "/fapi/v1/order", params)["price"]), INDEX - 7)


async def amend(bench: Bench) -> None:
    """Price and quantity change, the id stays."""
    order = bench.limit(BUY, 0.1, INDEX - 100)
    await bench.event(order, "OrderAccepted")
    bench.listener.modify_order(order, quantity=amount(0.2), price=at(INDEX - 90))
    updated = await bench.event(order, "OrderUpdated")
    equal((float(updated.price), float(updated.quantity)), (INDEX - 90, 0.2))


async def batch_cancel(bench: Bench) -> None:
    """Three orders go in one request."""
    orders = [bench.limit(BUY, 0.1, INDEX - 100 - number) for number in range(3)]
    for order in orders:
        await bench.event(order, "OrderAccepted")
    bench.listener.cancel_orders(orders)
    for order in orders:
        await bench.event(order, "OrderCanceled")


async def cancel(bench: Bench) -> None:
    """By the node, and by client order id through its client."""
    order = bench.limit(BUY, 0.1, INDEX - 100)
    await bench.event(order, "OrderAccepted")
    bench.listener.cancel_order(order)
    await bench.event(order, "OrderCanceled")
    other = bench.limit(BUY, 0.1, INDEX - 100)
    await bench.event(other, "OrderAccepted")
    await bench.account.cancel_order(symbol=SYMBOL, orig_client_order_id=other.client_order_id.value)
    await bench.event(other, "OrderCanceled")


async def cancel_all(bench: Bench) -> None:
    """All orders of the contract go."""
    orders = [bench.limit(BUY, 0.1, INDEX - 100 - number) for number in range(3)]
    for order in orders:
        await bench.event(order, "OrderAccepted")
    bench.listener.cancel_all_orders(INSTRUMENT)
    for order in orders:
        await bench.event(order, "OrderCanceled")
    equal(await bench.account.query_open_orders(symbol=SYMBOL), [])


async def order_query(bench: Bench) -> None:
    """By the venue's id and by the client's."""
    order = bench.limit(BUY, 0.1, INDEX - 100)
    await bench.event(order, "OrderAccepted")
    for ids in ((None, order.venue_order_id), (order.client_order_id, None)):
        command = GenerateOrderStatusReport(INSTRUMENT, *ids, UUID4(), 0)
        report = await bench.execution.generate_order_status_report(command)
        equal((report.venue_order_id, report.order_status), (order.venue_order_id, OrderStatus.ACCEPTED))


def _reports(*, open_only: bool) -> Any:
    return GenerateOrderStatusReports(INSTRUMENT, None, None, open_only, UUID4(), 0)


async def open_orders(bench: Bench) -> None:
    """What the node reconciles with: the open orders."""
    order = bench.limit(BUY, 0.1, INDEX - 100)
    await bench.event(order, "OrderAccepted")
    [report] = await bench.execution.generate_order_status_reports(_reports(open_only=True))
    equal(report.client_order_id, order.client_order_id)


async def all_orders(bench: Bench) -> None:
    """What the node reconciles with: ended orders, too."""
    order = bench.limit(BUY, 0.1, INDEX - 100)
    await bench.event(order, "OrderAccepted")
    bench.listener.cancel_order(order)
    await bench.event(order, "OrderCanceled")
    listed = await bench.account.query_all_orders(symbol=SYMBOL)
    [found] = [each for each in listed if each.clientOrderId == order.client_order_id.value]
    equal(found.status.value, "CANCELED")


async def my_trades(bench: Bench) -> None:
    """Fill reports have price and fee."""
    bench.stage.offer("SELL", 1, INDEX)
    order = bench.market_order(BUY, 0.1)
    await bench.event(order, "OrderFilled")
    command = GenerateFillReports(INSTRUMENT, order.venue_order_id, None, None, UUID4(), 0)
    reports = await bench.execution.generate_fill_reports(command)
    of_order = [each for each in reports if each.venue_order_id == order.venue_order_id]
    found = {(each.trade_id.value, float(each.last_px), each.commission.as_decimal()) for each in of_order}
    equal([each[1:] for each in found], [(INDEX, Decimal(5))])  # the adapter asks twice and lists each trade twice


async def flat(bench: Bench) -> None:
    """Close what a cell left: orders, conditional orders and the position, through the venue's own doors."""
    for path in ("/fapi/v1/allOpenOrders", "/fapi/v1/algoOpenOrders"):
        bench.stage.signed(bench.keys, "DELETE", path, {"symbol": SYMBOL})
    await asyncio.to_thread(bench.stage.clear)
    bench.stage.accounts.append(bench.keys)
    for held in bench.stage.signed(bench.keys, "GET", "/fapi/v3/positionRisk", {"symbol": SYMBOL}):
        quantity = float(held["positionAmt"])
        if quantity:
            side = "BUY" if quantity > 0 else "SELL"
            bench.stage.offer(side, abs(quantity), INDEX)
            closing = bench.market_order(SELL if quantity > 0 else BUY, abs(quantity))
            await bench.event(closing, "OrderFilled")
    bench.stage.order_book_emptied()
    bench.stage.trade(INDEX)  # so that the last price is there again, where conditional orders look
