"""Queues of auto-deleveraging: where each position stands, in fifths of its side."""

import pytest
from msgspec.structs import replace

from exchange.core.commands import Annotate, SetIndexPrice, SetMarginType, SetPositionMode
from exchange.core.enums import MarginType, PositionSide, Side
from exchange.core.events import Deleveraged
from exchange.core.liquidation.adl_queue import counterparty
from exchange.core.policies.adl import AdlRules, AdlTrigger, Ranker, ranked
from exchange.core.policies.backstop import Backstop, BackstopKind
from exchange.core.policies.deribit_incremental import DeribitIncremental
from exchange.core.policies.presets import EngineRules
from exchange.core.rules import VenueRules
from exchange.core.units import Ticks
from exchange.projections.adl import AdlQueues, adl_ranks
from tests.dialect.desk import Desk
from tests.dialect.test_streams_table import Recorder
from tests.projections.test_views import mark, trade

BOTH, LONG, SHORT = PositionSide.BOTH, PositionSide.LONG, PositionSide.SHORT


def ranks(desk: Desk, accounts: list[int]) -> list[int]:
    """Return the ranks of one-way positions in BTCUSDT."""
    made = adl_ranks(desk.venue.state, "BTCUSDT")
    return [made[account_id, BOTH] for account_id in accounts]


def test_a_side_is_ranked_in_fifths_by_profit_on_the_wallet_times_margin_ratio() -> None:
    """Ten equal longs, each with a larger wallet than the one before: the smaller the wallet, the sooner its turn."""
    desk = Desk()
    maker = desk.account(10_000_000)
    longs = [desk.account(3_000 + 1_000 * number) for number in range(10)]
    for long in longs:
        trade(desk, maker, long, Side.BUY, 1000)
    mark(desk, 505_000)
    assert ranks(desk, longs) == [4, 4, 3, 3, 2, 2, 1, 1, 0, 0]
    assert ranks(desk, [maker]) == [0]  # the only short, but it loses
    mark(desk, 495_000)
    assert ranks(desk, longs) == [0] * 10
    assert ranks(desk, [maker]) == [4]


def test_equal_scores_rank_alike_and_no_position_ranks_0() -> None:
    desk = Desk()
    maker, idle = desk.account(10_000_000), desk.account(5_000)
    longs = [desk.account(5_000) for _ in range(3)]
    for long in longs:
        trade(desk, maker, long, Side.BUY, 1000)
    mark(desk, 505_000)
    assert ranks(desk, longs) == [4, 4, 4]
    assert AdlQueues().rank(desk.venue.state, idle, "BTCUSDT", BOTH) == 0


def test_an_isolated_position_is_scored_by_its_own_wallet() -> None:
    """Of two traders alike, the isolated one has 2,500 of 100,000 in its position: it goes first."""
    desk = Desk()
    maker, cross, isolated = (desk.account(deposit) for deposit in (10_000_000, 100_000, 100_000))
    desk.execute(SetMarginType(isolated, "BTCUSDT", MarginType.ISOLATED))
    for long in (cross, isolated):
        trade(desk, maker, long, Side.BUY, 1000)
    mark(desk, 505_000)
    assert ranks(desk, [isolated, cross]) == [4, 2]


def test_cross_positions_of_a_hedge_share_one_score() -> None:
    """The loss of its short half eats the profit of a hedger's long: a plain long of the same wallet goes first."""
    desk = Desk()
    maker, plain, hedger = (desk.account(deposit) for deposit in (10_000_000, 100_000, 100_000))
    desk.execute(SetPositionMode(hedger, hedge=True))
    trade(desk, maker, plain, Side.BUY, 1000)
    trade(desk, maker, hedger, Side.BUY, 1000, LONG)
    trade(desk, maker, hedger, Side.SELL, 500, SHORT)
    mark(desk, 505_000)
    assert ranks(desk, [plain]) == [4]
    made = adl_ranks(desk.venue.state, "BTCUSDT")
    assert made[hedger, LONG] == 2
    assert made[hedger, SHORT] == 4  # no other short has profit


def test_ranks_are_kept_for_a_second() -> None:
    """A rank that is asked for again within a second of the venue's time is the old one."""
    desk, queues = Desk(), AdlQueues()
    maker, long = desk.account(10_000_000), desk.account(10_000)
    trade(desk, maker, long, Side.BUY, 1000)
    state = desk.venue.state
    assert queues.rank(state, long, "BTCUSDT", BOTH) == 0
    desk.execute(SetIndexPrice("BTCUSDT", Ticks(505_000)))
    for milliseconds, expected in ((999, 0), (1, 4)):
        desk.later(milliseconds)
        desk.execute(Annotate("now", "time has passed"))
        assert queues.rank(state, long, "BTCUSDT", BOTH) == expected
    assert queues.rank(state, maker, "BTCUSDT", BOTH) == 0


RANKED = [ranker for ranker in Ranker if ranker is not Ranker.RANDOM_SEEDED]


def queue(engine: EngineRules) -> tuple[Recorder, list[int], int]:
    """Return a venue without a backstop: five longs in profit, unlike in size and wallet, and a poor short."""
    desk = Recorder(rules=VenueRules(engine=replace(engine, backstop=Backstop(kind=BackstopKind.NONE))))
    maker, short = desk.account(10_000_000), desk.account(13_000)
    longs = [desk.account(deposit) for deposit in (30_000, 4_000, 100_000, 9_000, 2_700)]
    for long, lots in zip(longs, (1_000, 400, 3_000, 2_500, 900), strict=True):
        trade(desk, maker, long, Side.BUY, lots)
    trade(desk, short, maker, Side.BUY, 5_000)
    mark(desk, 522_500)
    return desk, longs, short


@pytest.mark.parametrize("ranker", RANKED)
def test_the_ranks_are_those_of_the_ranker_in_force(ranker: Ranker) -> None:
    """The order of the ranks is that in which the core would close them, and who is of the highest is closed first."""
    desk, longs, _ = queue(EngineRules(adl=AdlRules(ranker=ranker)))
    state = desk.venue.state
    held = [(state.accounts[one], state.accounts[one].leg("BTCUSDT")) for one in longs]
    candidates = [counterparty(state, account, "BTCUSDT", leg) for account, leg in held]
    order = [one.account_id for one in ranked(ranker, candidates, seed=1)]
    assert ranks(desk, order) == [4, 3, 2, 1, 0]
    begun = len(desk.done)
    mark(desk, 524_500)
    done = [event for _, events in desk.done[begun:] for event in events]
    closed = [event.counterparty_id for event in done if isinstance(event, Deleveraged)]
    assert closed
    assert closed == order[: len(closed)]


@pytest.mark.parametrize(
    ("ranker", "trigger"),
    [(Ranker.RANDOM_SEEDED, AdlTrigger.REFUSED), *((ranker, AdlTrigger.NEVER) for ranker in Ranker)],
)
def test_where_nobody_is_sooner_all_are_0(ranker: Ranker, trigger: AdlTrigger) -> None:
    desk, longs, short = queue(EngineRules(adl=AdlRules(ranker=ranker, trigger=trigger)))
    state = desk.venue.state
    assert {AdlQueues().rank(state, one, "BTCUSDT", BOTH) for one in (*longs, short)} == {0}


def test_who_is_in_liquidation_stands_in_no_queue() -> None:
    """Slices that nobody meets: the short stays in liquidation, and the maker, who is short, too, is alone there."""
    desk, _, short = queue(EngineRules(liquidation=DeribitIncremental(), adl=AdlRules(ranker=Ranker.PNL_X_EFFLEV)))
    state = desk.venue.state
    assert (short, BOTH) in adl_ranks(state, "BTCUSDT")
    mark(desk, 524_500)
    assert state.accounts[short].in_liquidation
    made = adl_ranks(state, "BTCUSDT")
    assert (short, BOTH) not in made
    assert [made[key] for key in made if state.accounts[key[0]].leg("BTCUSDT").position.quantity < 0] == [4]


def test_a_fund_that_takes_part_has_its_place() -> None:
    """It took a long over, and stands in the queue of longs, which is never shown to it."""
    backstop = Backstop(in_adl=True)
    desk = Desk(rules=VenueRules(engine=EngineRules(backstop=backstop)))
    maker, gambler = desk.account(10_000_000), desk.account(2_600)
    trade(desk, maker, gambler, Side.BUY, 1000)
    mark(desk, 475_000)
    assert {account_id for account_id, _ in adl_ranks(desk.venue.state, "BTCUSDT")} == {0, maker}


def test_the_fund_stands_in_no_queue() -> None:
    """A long that nobody buys is taken over by the fund, which is then the only one long."""
    desk = Desk()
    maker, gambler = desk.account(10_000_000), desk.account(2_600)
    trade(desk, maker, gambler, Side.BUY, 1000)
    mark(desk, 475_000)
    desk.later(60_000)
    state = desk.venue.state
    assert state.fund.leg("BTCUSDT").position.quantity == 1000
    assert [account_id for account_id, _ in adl_ranks(state, "BTCUSDT")] == [maker]
