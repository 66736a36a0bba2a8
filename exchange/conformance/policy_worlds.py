"""Small seeded worlds in which a liquidation policy is tried: contracts, traders, a path of prices, a kind of book.

They say what happens; `check_policy` lets it happen and judges. A seed gives the same world on every machine.
"""

from dataclasses import dataclass
from enum import Enum
from random import Random

from msgspec.structs import replace

from exchange.core.commands import (
    CancelAllOrders,
    Command,
    CreateAccount,
    PlaceOrder,
    SetIndexPrice,
    SetLeverage,
    SetMarginType,
    SetMarketState,
    SetPositionMode,
)
from exchange.core.contract import Contract, parse_contract
from exchange.core.enums import MarginType, MarketState, OrderType, PositionSide, Side
from exchange.core.policies.presets import EngineRules
from exchange.core.rules import VenueRules
from exchange.core.units import ATOMS_PER_QUOTE, MONEY_MAX, RATE_ONE, SECOND, Atoms, Lots, Ticks

START = 1_738_540_800 * SECOND  # 3 February 2025, 00:00 UTC: no funding falls due while a world lasts
MAKER = 1
TRADERS_LEAST, TRADERS_MOST = 4, 7
LEVERAGES = (10, 20, 20)
NOTIONALS = (2_000, 30_000, 80_000, 300_000)  # in quote, each of another bracket; the last is too much for 20x
HEDGE_PART, SECOND_PART = 4, 2  # a hedge is 1/4 of the position, that in the second contract 1/2
HEDGED_SHARE, SECOND_SHARE = 0.3, 0.5  # of traders who have one
SPARE_LEAST, SPARE_MOST = 2, 15  # percent of the margin
FUND_SEEDS = (0, 1_000, 10_000_000)  # in quote
DEEP_NOTIONAL = 50_000_000  # in quote, at one price: more than all positions together
MOVES = 36  # seconds in which prices move,
AWAY = MOVES // 3  # first away from where positions were opened
DEEP_STEP, STEP, GAP = 400_000, 800_000, 15_000_000  # of a price, in 1e-8
GAP_AT, HALT_AT, HALT_ENDS = 18, 6, 10  # seconds
THIN_LEVELS, THIN_SPACING, THIN_SHARE = 4, 200_000, 40  # levels; 1e-8 of the price; a level holds 1/40 of a position

CONTRACT = """
symbol = "{base}USDT"
base_asset = "{base}"
quote_asset = "USDT"
tick_size = "{tick}"
step_size = "{step}"
price_digits = 4
quantity_digits = 4
min_price = "{tick}"
max_price = "{most}"
min_quantity = "{step}"
max_quantity = "{most_lots}"
market_max_quantity = "{most_lots}"
min_notional = "1"
band_up = "4"
band_down = "0.1"
market_take_bound = "0.5"
max_open_orders = 200
maker_fee = "0.0002"
taker_fee = "0.0005"
liquidation_fee = "0.005"
default_leverage = 10
[index]
sources = [{{ name = "spot", weight = 1 }}]
clamp = "0.01"
stale_seconds = 0
min_live = 1
[mark]
rule = "INDEX"
interval_seconds = 1
sample_interval_seconds = 60
basis_window = 1
basis_ema_seconds = 1
price_ema_seconds = 1
band = "0"
[funding]
interval_seconds = 28800
shortened_interval_seconds = 0
premium = "MARK_PRICE"
premium_interval_seconds = 60
weights = "UNIFORM"
impact_margin = "200"
interest = "0"
clamp = "0"
cap = "0"
floor = "0"
[breaker]
move = "0"
window_seconds = 60
pause_seconds = 60
[[brackets]]
cap = "10000"
rate = "0.02"
max_leverage = 25
[[brackets]]
cap = "50000"
rate = "0.025"
max_leverage = 20
[[brackets]]
cap = "100000"
rate = "0.04"
max_leverage = 20
[[brackets]]
cap = "1000000000"
rate = "0.08"
max_leverage = 10
"""
CONTRACTS: tuple[Contract, ...] = tuple(
    parse_contract(CONTRACT.format(base=base, tick=tick, step=step, most=most, most_lots=most_lots))
    for base, tick, step, most, most_lots in (
        ("AAA", "0.01", "0.001", "10000", "1000000"),
        ("BBB", "0.0001", "500", "100", "100000000"),  # so coarse that some positions are two lots
    )
)
PRICES = (10_000, 10_000)  # ticks: 100 USDT, 1 USDT


class Book(Enum):
    """What an order of the venue meets."""

    DEEP = "a deep book"
    THIN = "a thin book"
    NO_BIDS = "a book without bids"
    NO_ASKS = "a book without asks"
    EMPTY = "an empty book"
    GAP = "a thin book and a gap through bankruptcy"


ROUND = (Book.DEEP, Book.THIN, Book.NO_BIDS, Book.DEEP, Book.NO_ASKS, Book.EMPTY, Book.GAP)  # worlds take turns


@dataclass(frozen=True, slots=True)
class Trader:
    """One who takes positions and then does nothing: (contract, side, notional in quote) of each."""

    leverage: int
    margin_type: MarginType
    hedge: bool
    positions: tuple[tuple[int, Side, int], ...]
    spare: int  # of its margin, in percent


class World:
    """One world. Prices in ticks; `rules` are those of its venue."""

    def __init__(self, seed: int, *, own: EngineRules, other: EngineRules) -> None:
        """Draw everything. The kind of book goes round with the seed; every second round has the `other` engine."""
        turn, kind = divmod(seed, len(ROUND))
        self.book = ROUND[kind]
        self.own = turn % 2 == 0
        random = Random(seed)
        self.rules = VenueRules(
            fund_seed=Atoms(random.choice(FUND_SEEDS) * ATOMS_PER_QUOTE),
            engine=replace(own if self.own else other, muted=False),
        )
        self.ways = random.choice((1, -1)), random.choice((1, -1))
        self.traders = [_trader(random) for _ in range(random.randint(TRADERS_LEAST, TRADERS_MOST))]

    def opening(self) -> list[Command]:
        """Return how prices, accounts and positions come to be, from a deep book."""
        prices = [SetIndexPrice(each.symbol, Ticks(at)) for each, at in zip(CONTRACTS, PRICES, strict=True)]
        maker = CreateAccount("maker", MONEY_MAX)
        quotes = [quote for place in range(len(CONTRACTS)) for quote in _deep(place, PRICES[place])]
        trades = [command for place, trader in enumerate(self.traders) for command in _entry(MAKER + 1 + place, trader)]
        return [*prices, maker, *quotes, *trades]

    def moved(self, second: int, prices: list[int]) -> list[int]:
        """Return the next prices: first one way, then twice as long back."""
        step = self._step(second) * (1 if second <= AWAY else -1)
        return [price + price * way * step // RATE_ONE for price, way in zip(prices, self.ways, strict=True)]

    def commands(self, second: int, prices: list[int]) -> list[Command]:
        """Return what makes the book stand around these prices, and the index follow."""
        commands: list[Command] = []
        for place, contract in enumerate(CONTRACTS):
            commands += [CancelAllOrders(MAKER, contract.symbol), *self._quotes(place, prices[place])]
            commands.append(SetIndexPrice(contract.symbol, Ticks(prices[place])))
        if self.book is Book.GAP and second in {HALT_AT, HALT_ENDS}:
            state = MarketState.HALTED if second == HALT_AT else MarketState.TRADING
            commands.append(SetMarketState(CONTRACTS[0].symbol, state))
        return commands

    def _step(self, second: int) -> int:
        if self.book is Book.DEEP:
            return DEEP_STEP
        return GAP if self.book is Book.GAP and second == GAP_AT else STEP

    def _quotes(self, place: int, price: int) -> list[Command]:
        if self.book is Book.DEEP:
            return _deep(place, price)
        if self.book is Book.EMPTY:
            return []
        missing = {Book.NO_BIDS: Side.BUY, Book.NO_ASKS: Side.SELL}.get(self.book)
        return [quote for quote in _thin(place, price) if quote.side is not missing]


def _trader(random: Random) -> Trader:
    leverage = random.choice(LEVERAGES)
    hedge = random.random() < HEDGED_SHARE
    notional = random.choice(NOTIONALS if leverage == LEVERAGES[0] else NOTIONALS[:-1])
    first = random.choice(list(Side))
    positions = [(0, first, notional)]
    if hedge:
        positions.append((0, Side(-first), notional // HEDGE_PART))
    if random.random() < SECOND_SHARE:
        positions.append((1, random.choice(list(Side)), notional // SECOND_PART))
    return Trader(
        leverage, random.choice(list(MarginType)), hedge, tuple(positions), random.randint(SPARE_LEAST, SPARE_MOST)
    )


def _entry(account_id: int, trader: Trader) -> list[Command]:
    margin = sum(notional for _, _, notional in trader.positions) * ATOMS_PER_QUOTE // trader.leverage
    commands: list[Command] = [CreateAccount("trader", Atoms(margin * (100 + trader.spare) // 100))]
    if trader.hedge:
        commands.append(SetPositionMode(account_id, hedge=True))
    for contract in CONTRACTS:
        commands.append(SetLeverage(account_id, contract.symbol, trader.leverage))
        if trader.margin_type is MarginType.ISOLATED:
            commands.append(SetMarginType(account_id, contract.symbol, MarginType.ISOLATED))
    for place, side, notional in trader.positions:
        opened = PositionSide.LONG if side is Side.BUY else PositionSide.SHORT
        leg = opened if trader.hedge else PositionSide.BOTH
        commands.append(
            PlaceOrder(
                account_id,
                CONTRACTS[place].symbol,
                side,
                OrderType.MARKET,
                lots_of(place, notional),
                position_side=leg,
            )
        )
    return commands


def lots_of(place: int, notional: int) -> Lots:
    """Return the lots of a contract that a notional in quote buys at its first price."""
    return Lots(notional * ATOMS_PER_QUOTE // (PRICES[place] * CONTRACTS[place].value_unit))


def _deep(place: int, price: int) -> list[Command]:
    everything = lots_of(place, DEEP_NOTIONAL)
    return [_order(place, Side.BUY, price - 1, everything), _order(place, Side.SELL, price + 1, everything)]


def _thin(place: int, price: int) -> list[PlaceOrder]:
    lots = Lots(max(1, lots_of(place, NOTIONALS[2]) // THIN_SHARE))
    return [
        _order(place, side, price - side * max(1, level * price * THIN_SPACING // RATE_ONE), lots)
        for level in range(1, THIN_LEVELS + 1)
        for side in Side
    ]


def _order(place: int, side: Side, price: int, lots: int) -> PlaceOrder:
    return PlaceOrder(MAKER, CONTRACTS[place].symbol, side, OrderType.LIMIT, Lots(lots), Ticks(price))
