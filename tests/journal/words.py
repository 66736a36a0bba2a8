"""The words in which the life of the golden journal is written: who, where, and orders in few characters."""

from exchange.core.commands import Command, PlaceOrder, SetIndexPrice
from exchange.core.enums import OrderType, PositionSide, SelfTradePrevention, Side, TimeInForce
from exchange.core.units import ATOMS_PER_QUOTE, Atoms, Lots, Nanos, Ticks
from tests.journal.recording import START

BTC, ETH = "BTCUSDT", "ETHUSDT"
MAKER, LONG, SHORT, CAREFUL, NOISE, ISOLATED, HEDGED, WAITING = 1, 2, 3, 4, 5, 6, 7, 8
LEVELS = 8


def usdt(amount: int) -> Atoms:
    """Whole USDT in atoms."""
    return Atoms(amount * ATOMS_PER_QUOTE)


def index(price: int, symbol: str = BTC, tick_e2: int = 10, source: str = "") -> SetIndexPrice:
    """An index price in whole USDT; `tick_e2` is the contract's tick in hundredths."""
    return SetIndexPrice(symbol, Ticks(price * 100 // tick_e2), source_ts=Nanos(START + price), source=source)


def limit(
    account_id: int,
    side: Side,
    quantity: int,
    price: int,
    time_in_force: TimeInForce = TimeInForce.GTC,
    name: str = "",
    *,
    reduce_only: bool = False,
    stp: SelfTradePrevention = SelfTradePrevention.EXPIRE_MAKER,
) -> PlaceOrder:
    """A limit order in BTCUSDT; quantity in lots (0.001), price in ticks (0.1)."""
    return PlaceOrder(
        account_id,
        BTC,
        side,
        OrderType.LIMIT,
        Lots(quantity),
        Ticks(price),
        time_in_force,
        reduce_only=reduce_only,
        client_order_id=name,
        self_trade_prevention=stp,
    )


def market(
    account_id: int,
    side: Side,
    quantity: int,
    *,
    reduce_only: bool = False,
    position_side: PositionSide = PositionSide.BOTH,
) -> PlaceOrder:
    """A market order in BTCUSDT; quantity in lots."""
    order_type = OrderType.MARKET
    return PlaceOrder(
        account_id, BTC, side, order_type, Lots(quantity), reduce_only=reduce_only, position_side=position_side
    )


def ladder(middle: int, quantity: int) -> list[Command]:
    """Bids and asks of the maker around a price in ticks."""
    bids = [limit(MAKER, Side.BUY, quantity, middle - 50 * step) for step in range(1, LEVELS)]
    asks = [limit(MAKER, Side.SELL, quantity, middle + 50 * step) for step in range(1, LEVELS)]
    return [*bids, *asks]
