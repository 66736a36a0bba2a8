"""From a seed to the rules of a small, harsh world in which rare things happen often. No commands."""

from dataclasses import dataclass
from random import Random

from exchange.core.contract import Bracket, Contract
from exchange.core.policies.case import LiquidationPolicy
from exchange.core.price_rules import MISSED_FUNDINGS_MAX
from exchange.core.rules import VenueRules
from exchange.core.units import RATE_ONE, Atoms, Lots, RateE8, Ticks
from tests.simulation.engine_knobs import draw_engine, draw_own_policy
from tests.simulation.price_knobs import PERCENT, draw_breaker, draw_funding, draw_index, draw_mark

QUANTITY_SCALE = 50  # lots that an ordinary large position has
CAP_GRID = 100  # with rates in whole percents, caps on this grid give a `cum` in whole atoms
OUTAGE_FUNDINGS = 40  # in one contract, in one outage, at most: in most worlds, and in those that sleep long
OUTAGE_FUNDINGS_LONG = 2 * MISSED_FUNDINGS_MAX
LONG_CHANCE = 0.15
MILLISECOND = 10**6


@dataclass(frozen=True, slots=True)
class Knobs:
    """The world of one seed: what its venue allows, and how its people and prices behave."""

    rules: VenueRules
    policy: LiquidationPolicy | None  # the user's own, if the rules ask for one
    contracts: tuple[Contract, ...]
    base_prices: tuple[int, ...]  # index prices at the start, ticks
    accounts: int
    hedged: float  # share of the accounts that begin in hedge mode
    isolated: float  # share of their contracts that begin isolated
    deposit: int  # atoms of an ordinary account
    index_step: int  # ordinary move of the index, in 1e-8
    crash_step: int  # rare move
    conditionals: int  # how often their people use conditional orders, beside everything else
    calm: int  # milliseconds between commands, at most
    outage: int  # milliseconds of an outage, at most


def draw_knobs(random: Random) -> Knobs:
    """Return a world; every figure comes from `random`."""
    contracts, prices = [], []
    calm = random.choice((20, 400, 1_500))
    for symbol in ("AAAUSDT", "BBBUSDT", "CCCUSDT")[: random.choice((1, 2, 3, 3))]:
        price = random.choice((60, 300, 2_000, 30_000))
        contracts.append(_draw_contract(random, symbol, price, calm))
        prices.append(price)
    fundings = [time for one in contracts for time in (one.funding.interval, one.funding.shortened_interval) if time]
    notional = max(one.notional(price, QUANTITY_SCALE) for one, price in zip(contracts, prices, strict=True))
    deposit = max(1, notional // random.choice((3, 10, 30, 100)))
    rules = _draw_rules(random, deposit, calm)
    return Knobs(
        rules=rules,
        policy=draw_own_policy(random, rules.engine, calm),
        contracts=tuple(contracts),
        base_prices=tuple(prices),
        accounts=random.randint(3, 8),
        hedged=random.choice((0, 0.4, 0.4, 1)),
        isolated=random.choice((0, 0, 0.3, 0.7, 1)),
        deposit=deposit,
        index_step=random.choice((200_000, 600_000, 2_000_000)),
        crash_step=random.choice((4_000_000, 8_000_000, 20_000_000, 45_000_000)),
        conditionals=random.choice((0, 0, 1, 1, 3)),
        calm=calm,
        outage=_draw_outage(random, min(fundings) // MILLISECOND),
    )


def _draw_outage(random: Random, funding_ms: int) -> int:
    """Return milliseconds; the shortest interval of funding sets the measure, as each settlement takes its time."""
    if random.random() < LONG_CHANCE:
        return OUTAGE_FUNDINGS_LONG * funding_ms
    return min(random.choice((5_000, 120_000, 60_000_000)), OUTAGE_FUNDINGS * funding_ms)


def _draw_rules(random: Random, deposit: int, calm: int) -> VenueRules:
    call = random.choice((50_000_000, 80_000_000, 100_000_000))
    return VenueRules(
        fund_seed=Atoms(random.choice((0, deposit // 30, deposit // 5, deposit, deposit * 100))),
        margin_call_ratio=RateE8(call),
        margin_call_rearm=RateE8(call - random.choice((0, 10_000_000))),
        engine=draw_engine(random, deposit, calm),
        max_accounts=random.choice((9, 10, 10_000)),
        max_amendments=random.choice((2, 5, 10_000)),
        max_conditionals=random.choice((2, 6, 200)),
        firings_per_command=random.choice((1, 2, 100)),
    )


def _draw_contract(random: Random, symbol: str, price: int, calm: int) -> Contract:
    tick_atoms, step_e8 = random.choice(((1, RATE_ONE), (1_000, 700_000), (100_000, 1_000_000), (1_000_000, RATE_ONE)))
    unit = tick_atoms * step_e8 // RATE_ONE
    taker = random.choice((0, 50_000, 500_000, 3_000_000))
    maker = random.choice((-taker, -taker // 3, 0, 20_000, 1_000_000))
    minimum = random.choice((1, 1, 1, 2))
    maximum = random.choice((40, 100, 400))
    brackets = _draw_brackets(random, price * QUANTITY_SCALE * unit)
    return Contract(
        symbol=symbol,
        base_asset=symbol[:3],
        quote_asset="USDT",
        tick_atoms=tick_atoms,
        step_e8=step_e8,
        price_digits=8,
        quantity_digits=8,
        min_price=Ticks(random.choice((1, price // 3))),
        max_price=Ticks(price * random.choice((2, 20))),
        min_quantity=Lots(minimum),
        max_quantity=Lots(maximum),
        market_max_quantity=Lots(random.choice((maximum, maximum // 2))),
        min_notional=Atoms(price * unit * random.choice((0, 0, 1, 2))),
        band_up=RateE8(RATE_ONE + random.choice((3, 10, 60)) * PERCENT),
        band_down=RateE8(RATE_ONE - random.choice((3, 10, 60)) * PERCENT),
        market_take_bound=RateE8(random.choice((1, 5, 30)) * PERCENT),
        max_open_orders=random.choice((3, 6, 12)),
        maker_fee=RateE8(maker),
        taker_fee=RateE8(taker),
        liquidation_fee=RateE8(random.choice((0, 1_250_000, 5_000_000))),
        default_leverage=random.choice(
            (1, *(brackets[0].max_leverage,) * 4, brackets[len(brackets) // 2].max_leverage)
        ),
        index=draw_index(random, calm),
        mark=draw_mark(random),
        funding=draw_funding(random, price * QUANTITY_SCALE * unit, brackets[0].max_leverage),
        breaker=draw_breaker(random, calm),
        brackets=brackets,
        trigger_protect=RateE8(random.choice((1, PERCENT // 2, 5 * PERCENT))),
    )


def _draw_brackets(random: Random, notional: int) -> tuple[Bracket, ...]:
    """Return one to four brackets around an ordinary notional, with a maintenance margin that does not jump."""
    table = ((2, 1, 50), (-2, 4, 20), (-5, 10, 8), (-16, 40, 2))  # (divisor or -factor of notional, percent, leverage)
    notional //= random.choice((1, 1, 4, 10))  # in some worlds a few lots are beyond the first one
    chosen = table[: random.randint(1, 4)] if random.random() < 0.5 else table[random.randint(0, 3) :]
    brackets: list[Bracket] = []
    floor = cum = 0
    for size, percent, leverage in chosen:
        cap = notional // size if size > 0 else notional * -size
        cap = max(cap // CAP_GRID, floor // CAP_GRID + 1) * CAP_GRID
        rate = percent * PERCENT
        if brackets:
            cum += floor * (rate - brackets[-1].rate) // RATE_ONE
        brackets.append(Bracket(Atoms(floor), Atoms(cap), RateE8(rate), Atoms(cum), leverage))
        floor = cap
    return tuple(brackets)
