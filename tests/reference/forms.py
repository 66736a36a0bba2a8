"""What the reference venue asks of an order by itself: names, client ids, dates, quantity, price. No margin."""

from exchange.core.contract import Contract
from exchange.core.enums import MarketState, PositionSide, PriceMatch, RejectReason, Side, TimeInForce
from exchange.core.units import SECOND
from tests.reference.refusal import demand
from tests.reference.risk import is_locked
from tests.reference.world import FUND, World, queue

CLIENT_ORDER_ID_MAX = 36
VENUE_PREFIXES = ("mc-", "autoclose-", "unwind-")
OPEN = (MarketState.TRADING, MarketState.INDEX_STALE)
GOOD_TILL_LEAST = 600 * SECOND
OPPONENTS = {
    PriceMatch.OPPONENT: 1,
    PriceMatch.OPPONENT_5: 5,
    PriceMatch.OPPONENT_10: 10,
    PriceMatch.OPPONENT_20: 20,
}
QUEUES = {PriceMatch.QUEUE: 1, PriceMatch.QUEUE_5: 5, PriceMatch.QUEUE_10: 10, PriceMatch.QUEUE_20: 20}


def check_side(world: World, account: int, side: PositionSide) -> None:
    """Refuse a position side that is not one of the account's mode."""
    fits = (side is not PositionSide.BOTH) == (account in world.hedged)
    demand(fits, RejectReason.POSITION_SIDE_MISMATCH)


def check_names(world: World, account: int, symbol: str) -> None:
    """Checks 1 and 2."""
    demand(account in world.names and account != FUND, RejectReason.UNKNOWN_ACCOUNT)
    demand(symbol in world.contracts, RejectReason.UNKNOWN_SYMBOL)


def matched_price(world: World, symbol: str, side: Side, match: PriceMatch) -> int:
    """Return the price of the level that a price match names."""
    there = side.opposite if match in OPPONENTS else side
    prices = list(dict.fromkeys(one.order.price for one in queue(world, symbol, there)))
    place = {**OPPONENTS, **QUEUES}[match]
    demand(len(prices) >= place, RejectReason.NO_DEPTH)
    return prices[place - 1]


def check_client_id(client_id: str) -> None:
    """Refuse a client id that is too long, or that the venue could make itself."""
    demand(len(client_id) <= CLIENT_ORDER_ID_MAX, RejectReason.VALUE_OUT_OF_RANGE)
    reserved = any(client_id.startswith(prefix) for prefix in VENUE_PREFIXES)
    demand(not reserved, RejectReason.VALUE_OUT_OF_RANGE)


def check_good_till(time_in_force: TimeInForce, good_till: int, *, limit: bool) -> None:
    """Refuse a date for what has none."""
    dated = limit and time_in_force is TimeInForce.GTD
    demand(dated or good_till == 0, RejectReason.VALUE_OUT_OF_RANGE)


def check_good_till_time(world: World, time_in_force: TimeInForce, good_till: int, *, limit: bool) -> None:
    """Refuse a date that is too near (check 3a)."""
    dated = limit and time_in_force is TimeInForce.GTD
    demand(not dated or good_till > world.now + GOOD_TILL_LEAST, RejectReason.GOOD_TILL_NOT_VALID)


def check_may_trade(world: World, account: int, symbol: str, side: PositionSide) -> None:
    """Checks 4 to 7."""
    demand(not is_locked(world, account, symbol), RejectReason.IN_LIQUIDATION)
    demand(world.quotes[symbol].state in OPEN, RejectReason.MARKET_NOT_TRADING)
    demand(world.quotes[symbol].mark > 0, RejectReason.NO_MARK_PRICE)
    check_side(world, account, side)


def check_quantity(contract: Contract, quantity: int, *, market: bool) -> None:
    """Check 10."""
    largest = contract.market_max_quantity if market else contract.max_quantity
    demand(quantity >= contract.min_quantity, RejectReason.QUANTITY_BELOW_MIN, contract.min_quantity)
    demand(quantity <= largest, RejectReason.QUANTITY_ABOVE_MAX, largest)


def check_price(contract: Contract, price: int) -> None:
    """Check 11."""
    demand(price >= contract.min_price, RejectReason.PRICE_BELOW_MIN, contract.min_price)
    demand(price <= contract.max_price, RejectReason.PRICE_ABOVE_MAX, contract.max_price)
