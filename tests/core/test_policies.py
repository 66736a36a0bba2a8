"""What each liquidation policy decides: the reference's answers on thousands of random cases, and some to read."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest

from exchange.core.enums import PositionSide
from exchange.core.policies.binance_smart import BinanceSmart
from exchange.core.policies.case import Case, Deleverage, HandOver, Intent, PositionCase, SendOrder, Wait
from exchange.core.policies.chance import drawn
from exchange.core.policies.deribit_incremental import DeribitIncremental
from exchange.core.policies.dydx_v4 import DydxV4
from exchange.core.policies.hyperliquid_backstop import COOLED, HyperliquidBackstop
from exchange.core.policies.naive_full import NaiveFull
from exchange.core.policies.presets import ShippedPolicy
from exchange.core.policies.sizing import lots_to_heal
from exchange.core.policies.tier_ladder import TierLadder
from exchange.core.units import ATOMS_PER_QUOTE, RATE_ONE, SECOND, Atoms, Nanos, RateE8
from tests.core.policy_cases import case_of, draw_case, maintenance_of, position_case
from tests.market.notation import read_contract
from tests.reference import policies as reference

CASES = 8_000
FLAT = read_contract({})  # 1 % of maintenance margin; a lot is worth 0.0001 quote per tick
LADDER = read_contract({"brackets": "1000:0.01:50,3000:0.02:20,10000:0.05:10"})
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
PERCENT = RATE_ONE // 100


def quote(text: str) -> int:
    """Return a decimal amount of the quote asset in atoms."""
    atoms = Fraction(text) * ATOMS_PER_QUOTE
    assert atoms.denominator == 1
    return int(atoms)


def test_core_and_reference_decide_the_same() -> None:
    """Seeds 0 to CASES - 1; each policy says all that it can say."""
    said: set[tuple[str, str]] = set()
    for seed in range(CASES):
        policy, case = draw_case(Random(seed))
        intent = policy.decide(case)
        assert intent == reference.decide(policy, case), (seed, policy, case)
        said.add((type(policy).__name__, type(intent).__name__))
    orders = {(policy.__name__, "SendOrder") for policy in POLICIES}
    ends = {("BinanceSmart", "HandOver"), ("TierLadder", "HandOver"), ("TierLadder", "Wait"), ("NaiveFull", "NoneType")}
    waits = {("DeribitIncremental", "Wait"), ("DydxV4", "Wait"), ("DydxV4", "Deleverage")}
    hyperliquid = {("HyperliquidBackstop", name) for name in ("Deleverage", "HandOver", "Wait", "NoneType")}
    assert said == orders | ends | waits | hyperliquid


POLICIES: tuple[type[ShippedPolicy], ...] = (
    BinanceSmart,
    TierLadder,
    DeribitIncremental,
    DydxV4,
    HyperliquidBackstop,
    NaiveFull,
)


def test_a_policy_of_somebody_else_is_asked() -> None:
    class Patient:
        """Waits a second, always."""

        def decide(self, case: Case) -> Intent | None:
            """Return a wait."""
            return Wait(case.ts + SECOND)

    assert reference.decide(Patient(), long_of(10, "1")) == Wait(SECOND)


def test_what_is_drawn_looks_drawn() -> None:
    """Both draw the same, each place comes up, and one seed more draws anew."""
    places = [drawn(5, ts, account) for ts in range(100) for account in (1, 2, 3)]
    assert places == [reference.drawn(5, ts, account) for ts in range(100) for account in (1, 2, 3)]
    assert {places.count(place) > 30 for place in range(5)} == {True}
    assert drawn(1, 2**63, 8) == 0


def long_of(lots: int, equity: str, orders: int = 0) -> Case:
    """Return a long at 1,000.0 with so much equity: each lot is worth 1 quote, and needs 0.01 of margin."""
    return case_of([position_case(FLAT, lots, 10_000, orders=orders)], quote(equity))


def order(intent: Intent | None) -> SendOrder:
    """Return an intent that must be an order."""
    assert isinstance(intent, SendOrder)
    return intent


# ---------------------------------------------------------------------------------------------------- binance_smart


def test_binance_smart_sells_just_enough() -> None:
    """A long of 1,000 needs 10 and has 9.996: above that margin it comes with one lot less, needing 9.99."""
    intent = BinanceSmart().decide(long_of(1_000, "9.996"))
    assert intent == SendOrder("BTCUSDT", PositionSide.BOTH, 1, limit_price=9_901)


@pytest.mark.parametrize(
    ("equity", "lots"), [("9.99", 2), ("9.990001", 1), ("5", 501), ("0.005", 1_000), ("-1", 1_000)]
)
def test_binance_smart_needs_more_than_the_margin_that_is_left(equity: str, lots: int) -> None:
    intent = order(BinanceSmart().decide(long_of(1_000, equity)))
    assert intent.quantity == lots


def test_binance_smart_asks_for_more_with_a_buffer_and_for_all_when_told() -> None:
    case = long_of(1_000, "9.99")
    with_buffer, whole = BinanceSmart(buffer=RateE8(5 * PERCENT)), BinanceSmart(partial=False)
    intent = order(with_buffer.decide(case))
    assert intent.quantity == 1_000 - 951  # 9.51 * 1.05 = 9.9855 is less than 9.99, 9.52 * 1.05 = 9.996 is not
    intent = order(whole.decide(case))
    assert intent.quantity == 1_000


def test_binance_smart_hands_over_after_one_order() -> None:
    case = long_of(1_000, "9", orders=1)
    assert BinanceSmart().decide(case) == HandOver("BTCUSDT", PositionSide.BOTH)


def test_the_bankruptcy_price_is_rounded_for_the_owner() -> None:
    """Long: 3 lots with 1 quote: worth 3 - 1; two thirds of 10,000 ticks, rounded up. Short: four thirds, down."""
    (long,), (short,) = (case_of([position_case(FLAT, lots, 10_000)], quote("1")).positions for lots in (3, -3))
    assert (long.bankruptcy_price, short.bankruptcy_price) == (6_667, 13_333)
    (hopeful,) = case_of([position_case(FLAT, 3, 10_000)], quote("9")).positions  # with more than it is worth
    assert hopeful.bankruptcy_price == 1


def test_the_fewest_lots_that_heal_are_the_fewest() -> None:
    """Against every smaller number, one by one. Seeds 0 to 1,999; a lot frees more than rounding takes."""
    partial = 0
    for seed in range(2_000):
        policy, case = draw_case(Random(seed))
        worst = case.positions[0]
        buffer = policy.buffer if isinstance(policy, BinanceSmart) else 0
        lots = abs(worst.quantity)
        fee = worst.contract.liquidation_fee
        enough = [n for n in range(1, lots + 1) if heals(case, worst, n, fee, buffer)]
        found = lots_to_heal(case, worst, fee, buffer)
        if worst.mark_price * worst.contract.value_unit < 1_000:  # a lot moves less than a few atoms of margin
            assert found == lots or found in enough
        else:
            assert found == (enough[0] if enough else lots), (seed, case)
        partial += found < lots
    assert partial > 200


def heals(case: Case, worst: PositionCase, lots: int, fee: int, buffer: int) -> bool:
    """Tell whether a scope has more than it needs once so many lots are sold at the mark."""
    unit = worst.mark_price * worst.contract.value_unit
    rest = maintenance_of(worst.contract, (abs(worst.quantity) - lots) * unit)
    needed = case.maintenance_margin - worst.maintenance_margin + rest
    return (case.equity - lots * unit * fee // RATE_ONE) * RATE_ONE > needed * (RATE_ONE + buffer)


# -------------------------------------------------------------------------------------------------------- the ladder


@pytest.mark.parametrize(
    ("lots", "steps", "sold"),
    [(5_000, 1, 2_000), (5_000, 2, 4_000), (5_000, 9, 4_000), (3_001, 1, 1), (3_000, 1, 2_000), (20_000, 1, 17_000)],
)
def test_tier_ladder_goes_down_brackets(lots: int, steps: int, sold: int) -> None:
    """Brackets up to 1,000, 3,000 and 10,000 quote, a lot worth 1 quote; above the last cap the last one holds."""
    case = case_of([position_case(LADDER, lots, 10_000)], quote("1"))
    intent = order(TierLadder(brackets_per_step=steps).decide(case))
    assert (intent.quantity, intent.fills_whole, intent.fee_rate) == (sold, True, 0)


def test_tier_ladder_hands_over_what_is_in_the_lowest_bracket_or_did_not_fill() -> None:
    lowest = case_of([position_case(LADDER, 1_000, 10_000)], quote("1"))
    stuck = case_of([position_case(LADDER, -5_000, 10_000, orders=1, unfilled=2_000)], quote("1"), ts=50)
    assert TierLadder().decide(lowest) == HandOver("BTCUSDT", PositionSide.BOTH)
    assert TierLadder().decide(stuck) == HandOver("BTCUSDT", PositionSide.BOTH)
    assert TierLadder(requote=Nanos(SECOND)).decide(stuck) == Wait(SECOND + 50)
    again = TierLadder(requote=Nanos(SECOND)).decide(case_of([position_case(LADDER, -5_000, 10_000)], quote("1")))
    assert again == SendOrder("BTCUSDT", PositionSide.BOTH, 2_000, limit_price=10_002)


# ------------------------------------------------------------------------------------------------- slices and blocks


def test_deribit_sells_a_slice_in_a_band() -> None:
    assert DeribitIncremental().decide(long_of(101, "0.5")) == SendOrder(
        "BTCUSDT", PositionSide.BOTH, 11, limit_price=9_850, fee_rate=750_000
    )
    intent = order(DeribitIncremental().decide(long_of(-101, "0.5")))
    assert (intent.quantity, intent.limit_price) == (11, 10_150)
    assert DeribitIncremental().decide(case_of([position_case(FLAT, 90, 10_000)], 0, ts=7, steps=1)) == Wait(SECOND + 7)


def test_deribit_sends_no_order_below_the_smallest() -> None:
    coarse = read_contract({"min_quantity": "0.005"})
    for lots, sold in ((30, 5), (3, 3)):
        intent = order(DeribitIncremental().decide(case_of([position_case(coarse, lots, 10_000)], 0)))
        assert intent.quantity == sold


def test_dydx_sells_below_the_mark_by_distress() -> None:
    """A long of 1,000 with half of its margin of 10: 0.5 * 1.5 * 10 = 7.5 below the mark, where the fund can pay."""
    poor = case_of([position_case(FLAT, 1_000, 10_000)], quote("5"))
    rich = case_of([position_case(FLAT, 1_000, 10_000)], quote("5"), fund_equity=quote("3"))
    policy = DydxV4(least=Atoms(quote("50")), most=Atoms(quote("400")))
    assert policy.decide(rich) == SendOrder(
        "BTCUSDT", PositionSide.BOTH, 100, limit_price=9_925, fee_rate=1_500_000, fund_pays_gap=True
    )
    intent = order(policy.decide(poor))
    assert intent.limit_price == 9_950  # bankruptcy: the gap of 2.5 is more than the fund has


def test_dydx_buys_back_above_the_mark() -> None:
    short = case_of([position_case(FLAT, -1_000, 10_000)], quote("5"), fund_equity=quote("3"))
    intent = order(DydxV4().decide(short))
    assert (intent.quantity, intent.limit_price) == (1_000, 10_075)  # 1,000 quote is the least for one block


@pytest.mark.parametrize(
    ("least", "most", "lots"), [("50", "400", 100), ("300", "400", 300), ("0", "60.5", 60), ("0", "0.5", 1)]
)
def test_dydx_sells_a_part_in_a_block(least: str, most: str, lots: int) -> None:
    policy = DydxV4(least=Atoms(quote(least)), most=Atoms(quote(most)))
    intent = order(policy.decide(long_of(1_000, "5")))
    assert intent.quantity == lots


def test_dydx_deleverages_a_bankrupt_that_nobody_bought() -> None:
    tried = [
        position_case(FLAT, 50, 10_000, LONG, orders=1, filled=5),
        position_case(FLAT, 40, 10_000, SHORT, orders=1),
    ]
    assert DydxV4().decide(case_of(tried, -1, steps=1)) == Deleverage("BTCUSDT", SHORT)
    assert DydxV4().decide(case_of(tried, 0, steps=1)) == Wait(SECOND)
    assert DydxV4().decide(case_of(tried[:1], -1, steps=1)) == Wait(SECOND)


def test_dydx_draws_another_position_in_another_block() -> None:
    both = [position_case(FLAT, 50, 10_000, LONG), position_case(FLAT, -40, 10_000, SHORT)]
    drawn_sides = []
    for ts in range(0, 40 * SECOND, SECOND // 2):
        intent = order(DydxV4().decide(case_of(both, 0, ts=ts)))
        drawn_sides.append(intent.side)
    assert drawn_sides[::2] == drawn_sides[1::2]  # within a block always the same
    assert set(drawn_sides) == {LONG, SHORT}


# ------------------------------------------------------------------------------------- hyperliquid_backstop, naive_full


def test_hyperliquid_sells_a_part_of_what_is_large_then_waits_then_all() -> None:
    policy = HyperliquidBackstop(large=Atoms(quote("999")))
    assert policy.decide(long_of(1_001, "9")) == SendOrder("BTCUSDT", PositionSide.BOTH, 201, limit_price=1)
    assert policy.decide(long_of(1_001, "9", orders=1)) == Wait(30 * SECOND, COOLED)
    cooled = replace(long_of(1_001, "9"), memory=COOLED)
    intent = order(policy.decide(cooled))
    assert intent.quantity == 1_001
    assert policy.decide(replace(long_of(1_001, "9", orders=1), memory=COOLED)) is None
    intent = order(policy.decide(long_of(-999, "9")))
    assert (intent.quantity, intent.limit_price) == (999, FLAT.max_price)  # of 999 and not more: not large


def test_hyperliquid_hands_over_below_two_thirds_and_deleverages_below_nothing() -> None:
    """A long of 900 needs 9: two thirds are 6, rounded up in 1e-8."""
    assert HyperliquidBackstop().decide(long_of(900, "6.000001", orders=1)) is None
    assert HyperliquidBackstop().decide(long_of(900, "6", orders=1)) == HandOver("BTCUSDT", PositionSide.BOTH)
    assert HyperliquidBackstop().decide(long_of(900, "0", orders=1)) == HandOver("BTCUSDT", PositionSide.BOTH)
    assert HyperliquidBackstop().decide(long_of(900, "-0.00000001")) == Deleverage("BTCUSDT", PositionSide.BOTH)


def test_naive_full_tries_each_position_once_at_any_price() -> None:
    both = [position_case(FLAT, 50, 10_000, LONG, orders=1), position_case(FLAT, -40, 10_000, SHORT)]
    assert NaiveFull().decide(case_of(both, -5)) == SendOrder("BTCUSDT", SHORT, 40, limit_price=FLAT.max_price)
    assert NaiveFull().decide(case_of(both[:1], -5)) is None
