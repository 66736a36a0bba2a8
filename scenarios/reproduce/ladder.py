"""A2's deterministic twin: a ladder of leveraged longs on an even book, to exact integers, by the venue's own parts.

The mark is the last price: of the lots of one tick it is that tick, one above the best bid once they are gone. No
liquidation price of the ladder lies between the two, so that nothing depends on it.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from exchange.core.account import FUND_ID
from exchange.core.commands import Command, SetLeverage, SetMarginType
from exchange.core.enums import BalanceReason, MarginType, MarkRule, Side
from exchange.core.events import AccountReleased, AccountUpdated, BookChanged, Event
from exchange.core.units import RateE8, parse_decimal
from scenarios.reproduce.reference import Check, Ladder, LadderCase
from scenarios.reproduce.stage import Bench, traded, unit_contract
from scenarios.reproduce.to_the_fund import CloseToFund, to_the_fund

LEVELS_BELOW_ALL = 100  # of the book, when every lot of every account has been sold
LEVELS_PER_ACCOUNT = 100  # of those that bid: an account with few open orders is looked at faster


class LadderResult(NamedTuple):
    """What a shock led to: ticks, lots of each generation with the shock as the first, accounts, money in tick-lots."""

    final_best_bid: int
    generations: list[int]
    accounts: int
    fund_change: int


@dataclass(slots=True)
class _Rungs:
    """A venue with the ladder's book and accounts on it."""

    rules: Ladder
    muted: bool
    bench: Bench = field(init=False)
    outside: int = field(init=False)
    bids: dict[int, int] = field(default_factory=dict)  # lots by price, as the venue reports them

    def __post_init__(self) -> None:
        rate = parse_decimal(self.rules.maintenance_rate, 8)
        assert rate is not None
        contract = unit_contract(MarkRule.LAST_PRICE, RateE8(rate), max(self.rules.leverages))
        self.bench = Bench(contract, to_the_fund(muted=self.muted), CloseToFund())
        self.outside = self.bench.open_account("outside")
        self.do(SetLeverage(self.outside, contract.symbol, 1))
        self.bench.price_index(self.rules.start_price)
        for leverage in self.rules.leverages:
            for _ in range(self.rules.accounts_per_leverage):
                self._go_long(leverage)
        self._bid()

    def do(self, command: Command) -> list[Event]:
        """Have a command done, and follow the bids."""
        return self._seen(self.bench.do(command))

    def generations(self, shock: int) -> tuple[list[int], list[Event]]:
        """Sell lots from outside, then let mark after mark be made until nobody is sold; return lots and all events."""
        events = self.do(self.bench.order(self.outside, Side.SELL, shock))
        found, lots = list(events), [traded(events)]
        while lots[-1]:
            events = self._seen(self.bench.until_due())
            found += events
            lots.append(traded(events))
        return lots[:-1], found

    def _go_long(self, leverage: int) -> None:
        """Have an account buy at the start price, with isolated margin down to its bankruptcy price."""
        rules, symbol = self.rules, self.bench.contract.symbol
        account_id = self.bench.open_account(f"long at {leverage}")
        self.do(SetMarginType(account_id, symbol, MarginType.ISOLATED))
        self.do(SetLeverage(account_id, symbol, leverage))
        self.do(self.bench.order(self.outside, Side.SELL, rules.lots_per_account, rules.start_price))
        margin = (rules.start_price - bankruptcy_price(rules, leverage)) * rules.lots_per_account
        self.bench.go_long(account_id, rules.lots_per_account, margin)

    def _bid(self) -> None:
        """Rest the same lots at every tick from the start price down, further than everybody together can sell."""
        rules = self.rules
        held = len(rules.leverages) * rules.accounts_per_leverage * rules.lots_per_account
        most = max(case.shock for case in rules.cases) + held
        levels = most // rules.lots_per_tick + LEVELS_BELOW_ALL
        account_id = 0
        for level in range(levels):
            if level % LEVELS_PER_ACCOUNT == 0:
                account_id = self.bench.open_account("supply")
                self.do(SetLeverage(account_id, self.bench.contract.symbol, 1))
            self.do(self.bench.order(account_id, Side.BUY, rules.lots_per_tick, rules.start_price - level))

    def _seen(self, events: list[Event]) -> list[Event]:
        for event in events:
            if isinstance(event, BookChanged):
                self.bids.update(event.bids)
        return events


def bankruptcy_price(rules: Ladder, leverage: int) -> int:
    """Return the price in ticks at which an account of this leverage has nothing left."""
    return rules.start_price * (leverage - 1) // leverage


def run_ladder(rules: Ladder, shock: int, *, muted: bool = False) -> LadderResult:
    """Sell a shock of lots into the ladder on a venue of its own; `muted`: nobody is liquidated."""
    rungs = _Rungs(rules, muted)
    lots, events = rungs.generations(shock)
    return LadderResult(
        final_best_bid=max(price for price, quantity in rungs.bids.items() if quantity),
        generations=lots,
        accounts=len({event.account_id for event in events if isinstance(event, AccountReleased)}),
        fund_change=sum(_to_fund(event) for event in events),
    )


def check_ladder(rules: Ladder, case: LadderCase) -> list[Check]:
    """Hold one shock against the exact integers, with the engine on and muted."""
    found, quiet = run_ladder(rules, case.shock), run_ladder(rules, case.shock, muted=True)
    drop, alone = rules.start_price - found.final_best_bid, rules.start_price - quiet.final_best_bid
    rows: list[tuple[str, float, float]] = [
        ("final best bid", case.final_best_bid, found.final_best_bid),
        ("drop, engine muted", case.drop_muted, alone),
        ("amplification", case.amplification, round(drop / alone, 3)),
        ("accounts liquidated", case.accounts, found.accounts),
        ("fund change, tick-lots", case.fund_change, found.fund_change),
        *_generation_rows(case.generations, found.generations),
    ]
    title = f"ladder, {case.shock} lots: "
    return [Check("A2", title + name, want, got, 0.0, 1, want == got) for name, want, got in rows]


def _generation_rows(expected: list[int], found: list[int]) -> list[tuple[str, float, float]]:
    count = max(len(expected), len(found))
    padded = [lots + [0] * (count - len(lots)) for lots in (expected, found)]
    return [(f"lots of generation {at}", want, got) for at, (want, got) in enumerate(zip(*padded, strict=True))]


def _to_fund(event: Event) -> int:
    """Return what the fund received, or paid when negative, in tick-lots."""
    if not isinstance(event, AccountUpdated) or event.account_id != FUND_ID:
        return 0
    return event.balance_change if event.reason is BalanceReason.INSURANCE_CLEAR else 0
