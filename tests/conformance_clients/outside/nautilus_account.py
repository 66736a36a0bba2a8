"""Conditional orders, account, user events and errors of the matrix, as nautilus_trader does them: see its cells."""

from decimal import Decimal
from typing import Any

from nautilus_trader.adapters.binance.common.enums import BinanceOrderSide, BinanceOrderType, BinanceTimeInForce
from nautilus_trader.adapters.binance.futures.enums import BinanceFuturesMarginType
from nautilus_trader.adapters.binance.futures.http.wallet import BinanceFuturesWalletHttpAPI
from nautilus_trader.adapters.binance.http.client import BinanceHttpClient
from nautilus_trader.adapters.binance.http.error import BinanceClientError
from nautilus_trader.adapters.binance.http.user import BinanceUserDataHttpAPI
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import GeneratePositionStatusReports
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.enums import PositionSide, TrailingOffsetType, TriggerType
from nautilus_trader.model.identifiers import PositionId

from tests.conformance_clients.outside.nautilus_cells import BUY, SELL, equal
from tests.conformance_clients.outside.nautilus_node import INSTRUMENT, Bench, amount, at
from tests.conformance_clients.stage import INDEX, SYMBOL


async def bought(bench: Bench, quantity: float = 0.1) -> None:
    """Give the account a long position, against a maker who asks at the index and bids beneath."""
    bench.stage.offer("SELL", quantity, INDEX)
    await bench.event(bench.market_order(BUY, quantity), "OrderFilled")
    bench.stage.offer("BUY", 10, INDEX - 500)


async def _placed(bench: Bench, order: Any, params: dict[str, object] | None = None) -> Any:
    bench.submit(order, params)
    await bench.event(order, "OrderAccepted")
    waiting = await bench.account.query_open_algo_orders(symbol=SYMBOL)
    equal([each.clientAlgoId for each in waiting], [order.client_order_id.value])
    return order


async def became_an_order(bench: Bench, conditional: Any) -> None:
    """Return when the node knows the resting order that a conditional one became, by the same client id."""
    algo_id = (await bench.event(conditional, "OrderAccepted")).venue_order_id
    await bench.until(lambda: conditional.venue_order_id != algo_id)
    [resting] = await bench.account.query_open_orders(symbol=SYMBOL)
    found = (str(resting.orderId), resting.clientOrderId)
    equal(found, (conditional.venue_order_id.value, conditional.client_order_id.value))


async def stop_market(bench: Bench) -> None:
    """Placed with the algo service, listed, triggered by a trade; its order fills under the same client id."""
    await bought(bench)
    make = bench.listener.order_factory.stop_market
    stop = make(INSTRUMENT, SELL, amount(0.1), at(INDEX - 100), TriggerType.LAST_PRICE, reduce_only=True)
    await _placed(bench, stop)
    bench.stage.trade(INDEX - 150)
    filled = await bench.event(stop, "OrderFilled")
    equal((float(filled.last_px), filled.trade_id.value.isdigit()), (INDEX - 500, True))
    equal(await bench.account.query_open_algo_orders(symbol=SYMBOL), [])


async def stop_limit(bench: Bench) -> None:
    """Triggered by the mark price; its limit order rests, and is cancelled by the node."""
    make = bench.listener.order_factory.stop_limit
    stop = make(INSTRUMENT, BUY, amount(0.1), at(INDEX + 50), at(INDEX + 100), TriggerType.MARK_PRICE)
    await _placed(bench, stop)
    bench.stage.set_index(INDEX + 200)
    await became_an_order(bench, stop)
    bench.listener.cancel_order(stop)
    await bench.event(stop, "OrderCanceled")


async def take_profit_market(bench: Bench) -> None:
    """MarketIfTouched, triggered by a trade; its order fills."""
    await bought(bench)
    make = bench.listener.order_factory.market_if_touched
    take = make(INSTRUMENT, SELL, amount(0.1), at(INDEX + 100), TriggerType.LAST_PRICE, reduce_only=True)
    await _placed(bench, take)
    bench.stage.trade(INDEX + 150)
    await bench.event(take, "OrderFilled")


async def take_profit_limit(bench: Bench) -> None:
    """LimitIfTouched, triggered by a trade; its limit order rests."""
    await bought(bench)
    make = bench.listener.order_factory.limit_if_touched
    take = make(INSTRUMENT, SELL, amount(0.1), at(INDEX + 300), at(INDEX + 100), TriggerType.LAST_PRICE)
    await _placed(bench, take)
    bench.stage.trade(INDEX + 150)
    await became_an_order(bench, take)


async def trailing(bench: Bench) -> None:
    """One percent behind the highest trade; triggered by a fall."""
    await bought(bench)
    make = bench.listener.order_factory.trailing_stop_market
    stop = make(
        INSTRUMENT,
        SELL,
        amount(0.1),
        trailing_offset=Decimal(100),
        trailing_offset_type=TrailingOffsetType.BASIS_POINTS,
        trigger_type=TriggerType.LAST_PRICE,
        reduce_only=True,
    )
    await _placed(bench, stop)
    bench.stage.trade(INDEX + 1500)
    bench.stage.makers_gone()
    bench.stage.offer("BUY", 10, INDEX)
    bench.stage.trade(INDEX + 400)  # more than one percent below
    filled = await bench.event(stop, "OrderFilled")
    equal(float(filled.last_px), INDEX)


async def close_position(bench: Bench) -> None:
    """A stop without a quantity of its own closes the whole position."""
    await bought(bench)
    make = bench.listener.order_factory.stop_market
    stop = make(INSTRUMENT, SELL, amount(0.1), at(INDEX - 100), TriggerType.LAST_PRICE)
    await _placed(bench, stop, {"close_position": True})
    bench.stage.trade(INDEX - 150)
    await bench.until(lambda: bench.listener.portfolio.is_flat(INSTRUMENT))


async def conditional_cancel(bench: Bench) -> None:
    """One by the node, and all of the contract."""
    make = bench.listener.order_factory.stop_market
    stops = [make(INSTRUMENT, SELL, amount(0.1), at(INDEX - 100 - n), TriggerType.LAST_PRICE) for n in range(3)]
    for stop in stops:
        bench.submit(stop)
        await bench.event(stop, "OrderAccepted")
    bench.listener.cancel_order(stops[0])
    await bench.event(stops[0], "OrderCanceled")
    bench.listener.cancel_all_orders(INSTRUMENT)
    for stop in stops[1:]:
        await bench.event(stop, "OrderCanceled")
    equal(await bench.account.query_open_algo_orders(symbol=SYMBOL), [])


async def balance(bench: Bench) -> None:
    """The node's account has the venue's wallet balance."""
    account = await bench.account.query_futures_account_info()
    kept = bench.listener.portfolio.account(INSTRUMENT.venue).balance_total(USDT)
    equal(kept.as_decimal(), Decimal(account.totalWalletBalance))


async def positions(bench: Bench) -> None:
    """What the node reconciles with: the open position."""
    await bought(bench)
    command = GeneratePositionStatusReports(INSTRUMENT, None, None, UUID4(), 0)
    [report] = await bench.execution.generate_position_status_reports(command)
    equal((report.position_side, float(report.quantity)), (PositionSide.LONG, 0.1))


async def leverage(bench: Bench) -> None:
    """What `futures_leverages` of the configuration calls when the node starts, and what the account says then."""
    equal((await bench.account.set_leverage(SYMBOL, 7)).leverage, 7)
    [config] = await bench.account.query_futures_symbol_config(SYMBOL)
    equal(config.leverage, 7)


async def margin_type(bench: Bench) -> None:
    """What `futures_margin_types` calls; the second time is refused as needless, which the adapter takes for done."""
    [before] = await bench.account.query_futures_symbol_config(SYMBOL)
    isolated, crossed = BinanceFuturesMarginType.ISOLATED, BinanceFuturesMarginType.CROSS
    other = isolated if before.marginType == "CROSSED" else crossed
    equal((await bench.account.set_margin_type(SYMBOL, other)).code, 200)
    equal((await bench.account.set_margin_type(SYMBOL, other)).code, 200)  # -4046, taken for done
    await bench.account.set_margin_type(SYMBOL, crossed if other is isolated else isolated)


async def commission(bench: Bench) -> None:
    """What `query_commission_rates` asks for."""
    client = bench.execution._http_client
    wallet = BinanceFuturesWalletHttpAPI(client, bench.node.kernel.clock, bench.execution._binance_account_type)
    rate = await wallet.query_futures_commission_rate(SYMBOL)
    equal((rate.makerCommissionRate, rate.takerCommissionRate), ("0.0002", "0.0005"))


async def both_sides(bench: Bench) -> None:
    """In hedge mode a long and a short of one contract live side by side, each under its own position id."""
    stage = bench.stage
    sides = {"LONG": BUY, "SHORT": SELL}
    stage.offer("SELL", 1, INDEX + 1)
    stage.offer("BUY", 1, INDEX - 1)
    for name, side in sides.items():
        order = bench.listener.order_factory.market(INSTRUMENT, side, amount(0.1))
        bench.listener.submit_order(order, position_id=PositionId(f"{INSTRUMENT}-{name}"))
        await bench.event(order, "OrderFilled")
    held = await bench.account.query_futures_position_risk(SYMBOL)
    equal({each.positionSide.value: float(each.positionAmt) for each in held}, {"LONG": 0.1, "SHORT": -0.1})
    equal(len(bench.cache.positions_open()), 2)


async def reconciled(bench: Bench) -> None:
    """A node that starts on an account with a position, an order and a conditional order knows them all."""
    await bench.until(lambda: len(bench.cache.orders_open()) == 2)
    kinds = sorted(order.type_string() for order in bench.cache.orders_open())
    equal(kinds, ["LIMIT", "STOP_MARKET"])
    [position] = bench.cache.positions_open()
    equal((position.side, float(position.quantity)), (PositionSide.LONG, 0.1))


async def event_order(bench: Bench) -> None:
    """Accepted and canceled are made of user events: the node has no other source for them."""
    order = bench.limit(BUY, 0.1, INDEX - 100)
    await bench.event(order, "OrderAccepted")
    bench.listener.cancel_order(order)
    await bench.event(order, "OrderCanceled")
    steps = ["Initialized", "Submitted", "Accepted", "PendingCancel", "Canceled"]
    equal(bench.events_of(order), [f"Order{step}" for step in steps])


async def event_fill(bench: Bench) -> None:
    """A resting order's fill comes by itself, as a maker's."""
    order = bench.limit(BUY, 0.1, INDEX - 100)
    await bench.event(order, "OrderAccepted")
    bench.stage.offer("SELL", 0.1, INDEX - 100)
    filled = await bench.event(order, "OrderFilled")
    equal((filled.liquidity_side.name, filled.commission.as_decimal()), ("MAKER", Decimal("1.998")))


async def event_account(bench: Bench) -> None:
    """The wallet after a fee reaches the node's account without asking."""
    account = bench.listener.portfolio.account(INSTRUMENT.venue)
    before = account.balance_total(USDT).as_decimal()
    await bought(bench)
    await bench.until(lambda: account.balance_total(USDT).as_decimal() == before - 5)


async def listen_key(bench: Bench) -> None:
    """Renewed, the node still hears its orders."""
    execution = bench.execution
    user = BinanceUserDataHttpAPI(execution._http_client, execution._binance_account_type)
    key = (await user.create_listen_key()).listenKey
    await user.keepalive_listen_key(listen_key=key)
    await event_order(bench)


async def error_funds(bench: Bench) -> None:
    """The rejection has the venue's code."""
    order = bench.limit(BUY, 100, INDEX - 100)
    rejected = await bench.event(order, "OrderRejected")
    assert "-2019" in rejected.reason, rejected.reason


async def error_not_found(bench: Bench) -> None:
    """A cancel of an order that is gone is rejected; the client's exception has the code."""
    for ask, code in ((bench.account.cancel_order, -2011), (bench.account.query_order, -2013)):
        try:
            await ask(symbol=SYMBOL, orig_client_order_id="nobody")
        except BinanceClientError as error:
            equal(error.message["code"], code)
        else:
            raise AssertionError(f"no error {code}")


async def error_invalid(bench: Bench) -> None:
    """Past the node's own checks the venue's refusal is the client's exception."""
    try:
        await bench.account.new_order(
            symbol=SYMBOL,
            side=BinanceOrderSide.BUY,
            order_type=BinanceOrderType.LIMIT,
            time_in_force=BinanceTimeInForce.GTC,
            quantity="0.001",
            price="4000.0",
        )
    except BinanceClientError as error:
        equal(error.message["code"], -4164)
    else:
        raise AssertionError("it was taken")


async def error_immediate(bench: Bench) -> None:
    """A stop on the wrong side of the last price is rejected with the venue's code."""
    make = bench.listener.order_factory.stop_market
    stop = bench.submit(make(INSTRUMENT, SELL, amount(0.1), at(INDEX + 100), TriggerType.LAST_PRICE))
    rejected = await bench.event(stop, "OrderRejected")
    assert "-2021" in rejected.reason, rejected.reason


async def error_authentication(bench: Bench) -> None:
    """A wrong secret and an unknown key raise the client's exception."""
    for key, secret, code in ((bench.keys.api_key, "0" * 64, -1022), ("1" * 64, bench.keys.secret_key, -2015)):
        client = BinanceHttpClient(
            clock=bench.node.kernel.clock, api_key=key, api_secret=secret, base_url=bench.stage.rest
        )
        account = type(bench.account)(client, bench.node.kernel.clock, bench.execution._binance_account_type)
        try:
            await account.query_futures_account_info()
        except BinanceClientError as error:
            equal(error.message["code"], code)
        else:
            raise AssertionError(f"no error {code}")
