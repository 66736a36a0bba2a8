"""How the fund gets rid of what it took over: small orders into the book, or a quote. `unwinding` decides."""

from exchange.core.book import Order
from exchange.core.clearing import end_order, no_fee
from exchange.core.enums import OrderStatus, OrderType, Side, TimeInForce
from exchange.core.events import UnwindingStopped
from exchange.core.fund import note_equity
from exchange.core.policies.unwinding import UnwindStyle, fallen, part, quote_price
from exchange.core.state import Market, State
from exchange.core.units import Atoms, Nanos
from exchange.core.venue_orders import new_venue_order, rest_venue_order, send_venue_order


def unwind(state: State) -> None:
    """Let the fund trade a little in each contract in which it holds a position, unless it has lost too much."""
    if _stops(state):
        return
    for symbol, market in state.markets.items():
        held = state.fund.leg(symbol).position.quantity
        if not held or not market.mark_price or market.frozen:
            continue
        side = Side.SELL if held > 0 else Side.BUY
        if state.rules.engine.unwind.style is UnwindStyle.TAKE:
            _take(state, market, side, abs(held))
        else:
            _quote(state, market, side, held)


def _stops(state: State) -> bool:
    """Leave the market when the equity has fallen too far from its peak; tell whether the fund is out of it."""
    rules = state.rules.engine.unwind
    if state.ts < state.unwind_stopped_until:
        return True
    if not rules.loss_stop:
        return False
    now, peak = note_equity(state, state.stop_notes)
    if peak <= 0 or not fallen(peak, now, rules.loss_stop):
        return False
    state.unwind_stopped_until = state.ts + rules.stop_pause
    state.stop_notes.clear()
    state.events.append(UnwindingStopped(Nanos(state.unwind_stopped_until), Atoms(now), Atoms(peak)))
    for holding in state.fund.holdings.values():
        for order in list(holding.orders.values()):
            end_order(state, order, OrderStatus.CANCELED)
    return True


def _take(state: State, market: Market, side: Side, held: int) -> None:
    """Sell a share of what stands at the best price, if that is near the mark: what stands behind it cannot lure."""
    rules, contract = state.rules.engine.unwind, market.contract
    bound = contract.price_shifted(market.mark_price, side * min(rules.bound, contract.brackets[0].rate))
    best = market.book.best_price(side.opposite)
    if best is None or (best - bound) * side > 0:
        return
    lots = min(held, part(market.book.level_quantity(side.opposite, best), rules.share))
    order = new_venue_order(state, state.fund, market, side, OrderType.LIMIT, lots, best)
    order.client_order_id = f"unwind-{order.order_id}"
    send_venue_order(state, market, order, no_fee)


def _quote(state: State, market: Market, side: Side, held: int) -> None:
    """Keep one order on the book that closes a share of the position and takes nothing."""
    rules, leg = state.rules.engine.unwind, state.fund.leg(market.contract.symbol)
    ahead = market.book.best_price(side.opposite)
    unit = market.contract.value_unit
    price = quote_price(rules, held, leg.position.entry_value, market.mark_price, unit, ahead)
    if ahead is not None and (price - ahead) * side >= 0:
        return  # no tick lies behind an ask of one tick
    lots = min(abs(held), part(abs(held), rules.share))
    resting: list[Order] = list(state.fund.holdings[market.contract.symbol].orders.values())
    if [(order.side, order.price, order.remaining) for order in resting] == [(side, price, lots)]:
        return
    for order in resting:
        end_order(state, order, OrderStatus.CANCELED)
    life = TimeInForce.GTX
    order = new_venue_order(state, state.fund, market, side, OrderType.LIMIT, lots, price, time_in_force=life)
    order.client_order_id = f"unwind-{order.order_id}"
    rest_venue_order(state, market, order)
