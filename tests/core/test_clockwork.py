"""What a tick, a restart and an index price set going, and in which order."""

import pytest

from exchange.core import commands as c
from exchange.core.enums import OrderType, Side, SourceStatus
from exchange.core.events import (
    AccountLocked,
    AccountUpdated,
    Event,
    FundingSettled,
    IndexPriceSet,
    IndexSourceChanged,
    MarketStateSet,
    MarkPriceSet,
    Resumed,
)
from exchange.core.policies.presets import EngineRules
from exchange.core.policies.unwinding import UnwindRules
from exchange.core.rules import VenueRules
from exchange.core.units import NEVER, SECOND, Atoms, Lots, Nanos, Ticks
from exchange.core.venue import Venue
from tests.core.priced import START, SYMBOL, Priced
from tests.market.notation import read_contract

HOUR = 3600 * SECOND
QUOTE = 10**8
# Two sources far apart: without the upper one the index falls by a half of the way.
PAIR = {"index.sources": "up:1,low:1", "index.clamp": "0.5", "index.stale_seconds": "10"}


def indebted(changes: dict[str, str]) -> Priced:
    """A venue at 1000 ticks in which account 1 holds 1 BTC, worth 100, with 5: below 960 ticks it is liquidated."""
    priced = Priced(changes)
    priced.price(0, 1050, "up")
    priced.price(0, 950, "low")
    for name, deposit in (("long", 5), ("counter", 1000)):
        priced.at(0, c.CreateAccount(name, Atoms(deposit * QUOTE)))
    for account, side in ((2, Side.SELL), (1, Side.BUY)):
        priced.at(0, c.PlaceOrder(account, SYMBOL, side, OrderType.LIMIT, Lots(1000), Ticks(1000)))
    assert priced.venue.state.accounts[1].leg(SYMBOL).position.quantity == 1000
    return priced


def kinds(events: list[Event]) -> list[type]:
    """The types of events, without accounts and orders: what liquidation does is not told here."""
    followed = (IndexSourceChanged, IndexPriceSet, MarketStateSet, MarkPriceSet, FundingSettled, AccountLocked, Resumed)
    return [type(event) for event in events if isinstance(event, followed)]


FALLEN = [IndexSourceChanged, IndexPriceSet, MarkPriceSet, AccountLocked]


def test_an_index_price_that_is_the_mark_is_judged_at_once() -> None:
    priced = indebted(PAIR)
    assert kinds(priced.price(1, 961)) == [IndexPriceSet, MarkPriceSet]
    assert kinds(priced.price(2, 950)) == [IndexPriceSet, MarkPriceSet, AccountLocked]


def test_an_index_price_that_waits_for_a_mark_is_not_judged() -> None:
    priced = indebted({**PAIR, "mark.interval_seconds": "1"})
    # The first price was the first mark; it is 1050, so that nothing is owed yet.
    assert kinds(priced.price(1, 950)) == [IndexPriceSet]
    assert kinds(priced.tick(SECOND)) == [MarkPriceSet, AccountLocked]


def test_a_lost_source_is_judged_at_once() -> None:
    assert kinds(indebted(PAIR).drop(1, "up")) == FALLEN


def test_a_source_that_falls_silent_is_judged_in_its_tick() -> None:
    priced = indebted(PAIR)
    priced.price(SECOND, 950, "low")
    assert kinds(priced.tick(10 * SECOND)) == FALLEN


def test_a_source_that_fell_silent_is_judged_at_the_restart() -> None:
    priced = indebted(PAIR)
    priced.price(SECOND, 950, "low")
    assert kinds(priced.at(10 * SECOND, c.Resume())) == [Resumed, *FALLEN]


def test_a_restart_that_makes_no_mark_judges_nobody() -> None:
    priced = indebted({**PAIR, "index.stale_seconds": "0"})
    priced.venue.state.accounts[1].cross_wallet = 0  # it would not stand a judgement
    assert kinds(priced.at(10 * SECOND, c.Resume())) == [Resumed]


@pytest.mark.parametrize(("passed", "settled"), [(999, 999), (1000, 1000), (1001, 1000), (100_000, 1000)])
def test_an_outage_makes_up_for_so_many_settlements_of_a_contract(passed: int, settled: int) -> None:
    """A short interval and a long outage would else keep the restart busy for hours; the rest is missed."""
    priced = Priced({"funding.interval_seconds": "1"})
    priced.price(0, 1000)
    events = priced.at(passed * SECOND, c.Resume())
    assert events[0] == Resumed(Nanos(passed * SECOND), settled)
    times = [event.funding_ts for event in events if isinstance(event, FundingSettled)]
    assert times == [START + number * SECOND for number in range(1, settled + 1)]
    assert priced.market.funding_due == START + (passed + 1) * SECOND


def test_each_contract_has_so_many_settlements_of_its_own() -> None:
    changes = {"funding.interval_seconds": "1"}
    pair = [read_contract(changes), read_contract({**changes, "symbol": "ETHUSDT", "base_asset": "ETH"})]
    venue = Venue(VenueRules(), pair)
    venue.execute(START, c.Resume())
    for contract in pair:
        venue.execute(START, c.SetIndexPrice(contract.symbol, Ticks(1000)))
    events = venue.execute(START + 1001 * SECOND, c.Resume())
    assert events[0] == Resumed(Nanos(1001 * SECOND), 2000)
    settled = [event.symbol for event in events if isinstance(event, FundingSettled)]
    assert settled == ["BTCUSDT"] * 1000 + ["ETHUSDT"] * 1000


def test_a_settlement_is_judged_without_a_mark_in_its_tick() -> None:
    rate = {"funding.cap": "0.045", "funding.floor": "0.045", "funding.interval_seconds": "3600"}
    priced = indebted({**PAIR, **rate, "index.stale_seconds": "0"})
    events = priced.tick(HOUR)
    assert kinds(events) == [FundingSettled, AccountLocked]
    payments = [event for event in events if isinstance(event, AccountUpdated)]
    assert payments[0].balance_change == -4_50000000


def test_a_tick_keeps_its_order() -> None:
    """Silence, samples, mark, settlement, judgement: all due at once."""
    priced = indebted(
        {
            **PAIR,
            "index.stale_seconds": "3600",
            "mark.rule": "MEDIAN_OF_THREE",
            "mark.interval_seconds": "3600",
            "mark.sample_interval_seconds": "3600",
            "funding.interval_seconds": "3600",
            "funding.premium": "MID_PRICE",
            "funding.premium_interval_seconds": "3600",
            "funding.weights": "UNIFORM",
            "funding.cap": "0.5",
            "funding.floor": "-0.5",
        }
    )
    priced.price(SECOND, 950, "low")
    for side, price in ((Side.BUY, 930), (Side.SELL, 940)):
        priced.at(SECOND, c.PlaceOrder(2, SYMBOL, side, OrderType.LIMIT, Lots(1), Ticks(price)))
    events = priced.tick(HOUR)
    assert kinds(events) == [IndexSourceChanged, IndexPriceSet, MarkPriceSet, FundingSettled, AccountLocked]
    assert events[0] == IndexSourceChanged(SYMBOL, "up", SourceStatus.STALE)
    mark = next(event for event in events if isinstance(event, MarkPriceSet))
    # The look at the book of this tick counts: 950, 950 - 15 and the last price 1000; so does the premium.
    assert (mark.index_price, mark.mark_price) == (950, 950)
    assert priced.market.basis_samples == [930 + 940 - 2 * 950]
    assert mark.premium_index == (930 + 940 - 1900) * 10**8 // 1900 + 1
    assert mark.funding_rate != 0
    assert priced.venue.state.unwind_due == START + HOUR + SECOND


def test_what_is_not_due_is_not_done() -> None:
    priced = Priced({"mark.interval_seconds": "2", "mark.rule": "MEDIAN_OF_THREE"})
    priced.price(0, 1000)
    assert priced.tick(SECOND - 1) == []
    assert (priced.market.basis_samples, priced.market.premium.count) == ([], 0)


def test_the_next_due_time_is_the_smallest_of_all() -> None:
    venue = Venue(
        VenueRules(engine=EngineRules(unwind=UnwindRules(interval=Nanos(1000 * SECOND)))), [read_contract(PAIR)]
    )
    assert venue.next_due == NEVER
    venue.execute(START, c.Resume())
    market = venue.state.markets[SYMBOL]
    dues = ("sample_due", "premium_due", "mark_due", "funding_due", "stale_due", "breaker_due")
    for name in dues:
        for each in dues:
            setattr(market, each, NEVER)
        setattr(market, name, START + 7)
        assert venue.next_due == START + 7
    market.breaker_due = NEVER
    assert venue.next_due == venue.state.unwind_due == START + 1000 * SECOND


@pytest.mark.parametrize(("offset", "due"), [(0, 2), (2 * SECOND - 1, 2), (2 * SECOND, 4)])
def test_due_times_are_the_next_multiples_strictly_after(offset: int, due: int) -> None:
    priced = Priced({"mark.interval_seconds": "2"})
    priced.at(offset, c.Resume())
    assert priced.market.mark_due == START + due * SECOND
    # Where marks follow the index, none is due.
    assert Priced({}).market.mark_due == NEVER
