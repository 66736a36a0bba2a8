"""What the life of the golden journal does with conditional orders, dates, price matching and countdowns. No rules."""

from exchange.core.commands import (
    AmendOrder,
    CancelAllConditionals,
    CancelConditional,
    Command,
    CreateAccount,
    PlaceConditional,
    PlaceOrder,
    SetCountdown,
)
from exchange.core.enums import ConditionalType, OrderType, PositionSide, PriceMatch, Side, TimeInForce, WorkingType
from exchange.core.units import SECOND, Lots, Nanos, RateE8, Ticks
from tests.journal.recording import START
from tests.journal.words import BTC, ETH, HEDGED, LONG, SHORT, WAITING, ladder, market, usdt

STOP, STOP_MARKET, TRAILING = ConditionalType.STOP, ConditionalType.STOP_MARKET, ConditionalType.TRAILING_STOP_MARKET
TAKE_PROFIT, TAKE_PROFIT_MARKET = ConditionalType.TAKE_PROFIT, ConditionalType.TAKE_PROFIT_MARKET
MARK, CONTRACT = WorkingType.MARK_PRICE, WorkingType.CONTRACT_PRICE
DATE = Nanos(START + 700 * SECOND)  # in the outage


def conditional(
    kind: ConditionalType,
    side: Side,
    quantity: int,
    trigger: int = 0,
    price: int = 0,
    *,
    on: WorkingType = MARK,
    name: str = "",
    reduce_only: bool = False,
    time_in_force: TimeInForce = TimeInForce.GTC,
) -> PlaceConditional:
    """A conditional order in BTCUSDT; quantity in lots, prices in ticks; one without a quantity closes all."""
    return PlaceConditional(
        WAITING,
        BTC,
        side,
        kind,
        Lots(quantity),
        Ticks(trigger),
        Ticks(price),
        working_type=on,
        client_id=name,
        reduce_only=reduce_only,
        close_position=not quantity,
        time_in_force=time_in_force,
        good_till=DATE if time_in_force is TimeInForce.GTD else Nanos(0),
    )


def matched(side: Side, price_match: PriceMatch, name: str) -> PlaceOrder:
    """An order that takes its price from the book."""
    return PlaceOrder(WAITING, BTC, side, OrderType.LIMIT, Lots(5), client_order_id=name, price_match=price_match)


CONDITIONALS: list[Command] = [
    CreateAccount("waiting", usdt(60_000)),
    market(WAITING, Side.BUY, 6),
    conditional(STOP_MARKET, Side.SELL, 0, 962_000, name="closer"),
    conditional(STOP_MARKET, Side.SELL, 2, 955_000, name="too late to reduce", reduce_only=True),
    conditional(STOP, Side.SELL, 2, 975_000, 990_000, name="rests until its date", time_in_force=TimeInForce.GTD),
    conditional(TAKE_PROFIT_MARKET, Side.BUY, 2, 966_000, on=CONTRACT, name="buys the fall"),
    conditional(TAKE_PROFIT, Side.SELL, 10, 1_020_000, 1_021_000, name="waits in vain", on=CONTRACT),
    conditional(TAKE_PROFIT, Side.SELL, 10, 1_025_000, 1_026_000, time_in_force=TimeInForce.GTD),
    conditional(STOP_MARKET, Side.BUY, 10, 900_000, name="would trigger"),
    conditional(STOP_MARKET, Side.SELL, 10, name="no trigger"),
    PlaceConditional(
        WAITING,
        BTC,
        Side.SELL,
        TRAILING,
        Lots(2),
        callback_rate=RateE8(1_000_000),
        working_type=MARK,
        price_protect=True,
        client_id="trailing",
    ),
    PlaceConditional(WAITING, BTC, Side.BUY, TRAILING, Lots(10), callback_rate=RateE8(50_000)),
    PlaceConditional(LONG, BTC, Side.SELL, TAKE_PROFIT_MARKET, Lots(10), Ticks(1_100_000)),
    PlaceConditional(
        HEDGED,
        BTC,
        Side.SELL,
        STOP_MARKET,
        trigger_price=Ticks(950_000),
        close_position=True,
        position_side=PositionSide.LONG,
    ),
]
DATES: list[Command] = [
    CancelConditional(WAITING, client_id="waits in vain"),
    CancelConditional(WAITING, client_id="waits in vain"),
    CancelAllConditionals(WAITING, ETH),
    PlaceOrder(
        WAITING,
        BTC,
        Side.BUY,
        OrderType.LIMIT,
        Lots(5),
        Ticks(850_000),
        TimeInForce.GTD,
        client_order_id="dated",
        good_till=DATE,
    ),
    PlaceOrder(WAITING, BTC, Side.BUY, OrderType.LIMIT, Lots(5), Ticks(900_000), TimeInForce.GTD, good_till=Nanos(1)),
    SetCountdown(WAITING, ETH, Nanos(3 * SECOND)),
    PlaceOrder(WAITING, ETH, Side.BUY, OrderType.LIMIT, Lots(100), Ticks(290_000)),
]
LOOK: list[Command] = [
    matched(Side.BUY, PriceMatch.QUEUE_5, "behind"),
    AmendOrder(WAITING, BTC, Side.BUY, Lots(5), Ticks(0), client_order_id="behind", price_match=PriceMatch.QUEUE),
    matched(Side.SELL, PriceMatch.OPPONENT, "takes"),
    matched(Side.SELL, PriceMatch.OPPONENT_20, "too deep"),
    SetCountdown(WAITING, BTC, Nanos(30 * SECOND)),
    SetCountdown(WAITING, BTC, Nanos(0)),
]
BACK_AGAIN: list[Command] = [
    *ladder(990_000, 40),
    conditional(STOP_MARKET, Side.BUY, 45, 990_100, on=CONTRACT, name="first"),
    conditional(STOP_MARKET, Side.BUY, 5, 990_110, on=CONTRACT, name="second"),
    market(WAITING, Side.BUY, 41),
    PlaceConditional(SHORT, BTC, Side.BUY, STOP_MARKET, Lots(1), Ticks(1_090_000)),
    CancelAllConditionals(SHORT, BTC),
]
