"""Orders that rest in a book, made by hand. For tests of books and of prices; no venue has let them in."""

from exchange.core.book import Order
from exchange.core.enums import OrderType, SelfTradePrevention, Side, TimeInForce


def resting(order_id: int, side: Side, price: int, quantity: int) -> Order:
    """Return an order of account 1 at a price in ticks, of a quantity in lots; nothing of it is filled."""
    return Order(
        order_id=order_id,
        account_id=1,
        symbol="BTCUSDT",
        client_order_id=f"mc-{order_id}",
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        quantity=quantity,
        price=price,
        reduce_only=False,
        self_trade_prevention=SelfTradePrevention.NONE,
        created_ts=0,
        updated_ts=0,
    )
