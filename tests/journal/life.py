"""A life of three minutes, an outage and an end, for the golden journal: every command, and most that can happen."""

from collections.abc import Iterator

from exchange.core.commands import (
    AdjustMargin,
    AmendOrder,
    Annotate,
    CancelAllOrders,
    CancelOrder,
    Command,
    CreateAccount,
    Deposit,
    DropIndexSource,
    PlaceOrder,
    Resume,
    SetAutoAddMargin,
    SetLeverage,
    SetMarginType,
    SetMarketState,
    SetPositionMode,
    Tick,
    Transfer,
    Withdraw,
)
from exchange.core.enums import (
    MarginType,
    MarketState,
    OrderType,
    PositionSide,
    SelfTradePrevention,
    Side,
    TimeInForce,
    Wallet,
)
from exchange.core.policies.adl import AdlRules, AdlTrigger
from exchange.core.policies.losses import LossPolicy
from exchange.core.policies.presets import EngineRules
from exchange.core.policies.unwinding import UnwindRules
from exchange.core.rules import VenueRules
from exchange.core.units import ATOMS_PER_QUOTE, SECOND, Atoms, Lots, Nanos, RateE8, Ticks
from tests.journal.conditionals import BACK_AGAIN, CONDITIONALS, DATES, LOOK
from tests.journal.recording import START
from tests.journal.words import (
    BTC,
    CAREFUL,
    ETH,
    HEDGED,
    ISOLATED,
    LONG,
    MAKER,
    NOISE,
    SHORT,
    index,
    ladder,
    limit,
    market,
    usdt,
)

# Under these much happens: a small fund that stops, one liquidation a pass, losses that are shared.
RULES = VenueRules(
    fund_seed=Atoms(20_000 * ATOMS_PER_QUOTE),
    engine=EngineRules(
        unwind=UnwindRules(loss_stop=RateE8(5_000_000), stop_pause=Nanos(20 * SECOND)),
        adl=AdlRules(trigger=AdlTrigger.DRAWDOWN, drop=RateE8(6_000_000), stop=RateE8(1_000_000)),
        loss=LossPolicy.FUNDING_DELTA,
        scopes_per_pass=1,
    ),
)


def life() -> Iterator[tuple[int, Command]]:
    """Yield (time in nanoseconds, command); the ticks that fall due in between are the recorder's."""
    for second, commands in SCRIPT:
        for command in commands:
            yield START + second * SECOND, command


OPENING: list[Command] = [
    Resume(),
    index(100_000),
    index(3_000, ETH, 1),
    CreateAccount("maker", usdt(5_000_000), usdt(1_000)),
    CreateAccount("long at twenty times", usdt(10_500)),
    CreateAccount("short", usdt(50_000)),
    CreateAccount("careful", usdt(20_000), usdt(20_000)),
    CreateAccount("noise, ünïcode", usdt(5_000)),
    Annotate("news", "the venue opens"),
    *ladder(1_000_000, 500),
]

ORDERS: list[Command] = [
    SetLeverage(LONG, BTC, 20),
    SetLeverage(SHORT, BTC, 10),
    SetLeverage(NOISE, BTC, 500),
    SetLeverage(NOISE, BTC, 125),
    market(LONG, Side.BUY, 2_000),
    limit(SHORT, Side.SELL, 2_500, 999_000, TimeInForce.IOC, "ioc"),
    limit(CAREFUL, Side.BUY, 1_000, 1_001_500, TimeInForce.GTC, "resting"),
    limit(NOISE, Side.BUY, 900_000, 999_000, TimeInForce.FOK, "too large to fill"),
    limit(NOISE, Side.SELL, 100, 999_000, TimeInForce.FOK, "fok"),
    limit(NOISE, Side.BUY, 100, 1_010_000, TimeInForce.GTX, "would take"),
    limit(NOISE, Side.BUY, 100, 998_000, TimeInForce.GTX, "amended"),
    AmendOrder(NOISE, BTC, Side.BUY, Lots(60), Ticks(998_000), client_order_id="amended"),
    AmendOrder(NOISE, BTC, Side.BUY, Lots(80), Ticks(999_990), client_order_id="amended", modify_id=7),
    limit(NOISE, Side.SELL, 50, 998_500, name="own", stp=SelfTradePrevention.EXPIRE_TAKER),
    CancelOrder(NOISE, BTC, client_order_id="amended"),
    CancelOrder(NOISE, BTC, order_id=999_999),
    limit(LONG, Side.SELL, 1_500, 1_040_000, name="take profit", reduce_only=True),
    limit(LONG, Side.SELL, 400, 1_045_000, name="more", reduce_only=True),
    market(LONG, Side.SELL, 300, reduce_only=True),
    Transfer(CAREFUL, Wallet.FUNDING, usdt(5_000)),
    Transfer(CAREFUL, Wallet.FUTURES, usdt(999_999)),
    Deposit(SHORT, usdt(1_000)),
    Withdraw(SHORT, usdt(500)),
    PlaceOrder(MAKER, ETH, Side.BUY, OrderType.LIMIT, Lots(1_000), Ticks(299_900)),
    PlaceOrder(SHORT, ETH, Side.SELL, OrderType.MARKET, Lots(500)),
]

QUIET: list[Command] = [Annotate("round", "two fundings pass")]
MODES: list[Command] = [
    CreateAccount("isolated", usdt(1_500)),
    CreateAccount("hedged", usdt(20_000)),
    *ladder(1_000_000, 500),
    SetMarginType(ISOLATED, BTC, MarginType.ISOLATED),
    SetMarginType(ISOLATED, BTC, MarginType.ISOLATED),
    SetAutoAddMargin(ISOLATED, BTC, enabled=True),
    market(ISOLATED, Side.BUY, 200),
    SetMarginType(ISOLATED, BTC, MarginType.CROSS),
    AdjustMargin(ISOLATED, BTC, usdt(100), add=True),
    AdjustMargin(ISOLATED, BTC, usdt(50), add=False),
    AdjustMargin(ISOLATED, BTC, usdt(5_000), add=False),
    market(ISOLATED, Side.SELL, 50),
    SetPositionMode(HEDGED, hedge=True),
    SetMarginType(HEDGED, BTC, MarginType.ISOLATED),
    market(HEDGED, Side.BUY, 300, position_side=PositionSide.LONG),
    market(HEDGED, Side.SELL, 100, position_side=PositionSide.SHORT),
    market(HEDGED, Side.SELL, 100),
    market(HEDGED, Side.SELL, 100, position_side=PositionSide.LONG),
    SetPositionMode(HEDGED, hedge=False),
]
SOURCES: list[Command] = [
    index(2_990, ETH, 1, "other"),
    DropIndexSource(ETH, "spot"),
    DropIndexSource(ETH),
    PlaceOrder(SHORT, ETH, Side.SELL, OrderType.LIMIT, Lots(100), Ticks(300_500)),
    PlaceOrder(SHORT, ETH, Side.BUY, OrderType.LIMIT, Lots(100), Ticks(299_000)),
    Withdraw(SHORT, usdt(1)),
    index(3_000, ETH, 1),
]
THIN: list[Command] = [CancelAllOrders(MAKER, BTC), *ladder(968_000, 40)]
FALL: list[Command] = [index(96_300), Annotate("news", "the index falls")]
ANSWER: list[Command] = [Transfer(CAREFUL, Wallet.FUNDING, usdt(10_000)), index(94_400)]
CRASH: list[Command] = [index(93_900)]
UNWIND: list[Command] = [*ladder(940_000, 200), PlaceOrder(SHORT, ETH, Side.BUY, OrderType.MARKET, Lots(100))]
HALT: list[Command] = [
    SetMarketState(ETH, MarketState.CANCEL_ONLY),
    PlaceOrder(SHORT, ETH, Side.BUY, OrderType.MARKET, Lots(1)),
    SetMarketState(ETH, MarketState.TRADING),
]
BREAK: list[Command] = [index(2_780, ETH, 1), Annotate("news", "ether breaks down")]
BROKEN: list[Command] = [PlaceOrder(SHORT, ETH, Side.BUY, OrderType.MARKET, Lots(1)), CancelAllOrders(SHORT, ETH)]
PAUSED: list[Command] = [Annotate("news", "ether trades again")]
STAND: list[Command] = [SetMarketState(BTC, MarketState.HALTED), index(88_000), Annotate("news", "bitcoin is halted")]
GO_ON: list[Command] = [SetMarketState(BTC, MarketState.TRADING)]
RECOVER: list[Command] = [index(99_500)]
OUTAGE: list[Command] = [Resume(), index(94_500), Annotate("news", "back after ten minutes")]
END: list[Command] = [Tick()]

SCRIPT: list[tuple[int, list[Command]]] = [
    (0, OPENING),
    (3, ORDERS),
    (65, QUIET),
    (80, MODES),
    (84, CONDITIONALS),
    (90, DATES),
    (96, LOOK),
    (100, SOURCES),
    (130, THIN),
    (140, FALL),
    (145, ANSWER),
    (150, CRASH),
    (160, UNWIND),
    (170, HALT),
    (175, BREAK),
    (178, BROKEN),
    (190, PAUSED),
    (200, STAND),
    (210, GO_ON),
    (230, RECOVER),
    (240, BACK_AGAIN),
    (770, OUTAGE),
    (790, END),
]
