"""How the insurance fund gets rid of what it took over: small orders into the book, a share of its depth at a time."""

from exchange.core.book import OrderBook
from exchange.core.clearing import no_fee
from exchange.core.enums import OrderType, Side
from exchange.core.state import State
from exchange.core.units import RATE_ONE, div_floor
from exchange.core.venue_orders import new_venue_order, send_venue_order


def unwind(state: State) -> None:
    """Send one order of the fund in each contract in which it holds a position."""
    for symbol, market in state.markets.items():
        held = state.fund.leg(symbol).position.quantity
        if not held or not market.mark_price or market.frozen:
            continue
        side = Side.SELL if held > 0 else Side.BUY
        bound = state.rules.unwind_bound
        limit = market.contract.price_shifted(market.mark_price, side * bound)
        quantity = unwind_quantity(market.book, side, limit, abs(held), state.rules.unwind_share)
        if quantity:
            order = new_venue_order(state, state.fund, market, side, OrderType.LIMIT, quantity, limit)
            order.client_order_id = f"unwind-{order.order_id}"
            send_venue_order(state, market, order, no_fee)


def unwind_quantity(book: OrderBook, side: Side, limit: int, held: int, share: int) -> int:
    """Return how many lots to send: a share (1e-8) of the depth that meets the limit, at least one; 0 without depth."""
    depth = 0
    for level in book.levels(side.opposite):
        if (level.price - limit) * side > 0:
            break
        depth += level.quantity
    return min(held, max(1, div_floor(depth * share, RATE_ONE))) if depth else 0
