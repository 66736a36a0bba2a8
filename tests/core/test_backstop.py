"""Who is deleveraged, what the backstop takes, who pays a loss: the reference's answers, and some to read."""

from random import Random

import pytest

from exchange.core.enums import PositionSide
from exchange.core.policies.adl import SCORES, Counterparty, Ranker, divided, drawdown_threshold, ranked
from exchange.core.policies.backstop import Backstop, BackstopKind, lots_taken
from exchange.core.policies.losses import charges, haircut, shares
from exchange.core.policies.unwinding import UnwindRules, UnwindStyle, fallen, part, quote_price
from exchange.core.units import ATOMS_PER_QUOTE, RATE_ONE, RateE8
from tests.core.policy_cases import draw_counterparties
from tests.reference.rankers import RankedCandidate, allocate, split
from tests.reference.world import Leg

DRAWS = 3_000
PERCENT = RATE_ONE // 100
ONE = ATOMS_PER_QUOTE


def as_reference(one: Counterparty) -> RankedCandidate:
    """Return a counterparty as the reference names it."""
    leg = Leg(one.account_id, "BTCUSDT", one.side)
    own = (one.quantity, one.entry_value, one.notional, one.profit)
    return RankedCandidate(leg, *own, one.wallet, one.equity, one.maintenance_margin, one.position_margin)


@pytest.mark.parametrize("ranker", Ranker)
def test_core_and_reference_allocate_the_same(ranker: Ranker) -> None:
    """Seeds 0 to DRAWS - 1: also more lots than there are, none, twins, and candidates without equity."""
    for seed in range(DRAWS):
        random = Random(seed)
        candidates = draw_counterparties(random)
        there = sum(one.lots for one in candidates)
        lots = random.choice((1, there, there + 5, random.randint(1, there + 1)))
        core = [(one.account_id, given) for one, given in divided(ranker, ranked(ranker, candidates, seed), lots)]
        told = allocate(ranker, [as_reference(one) for one in candidates], lots, seed)
        assert core == [(candidates[place].account_id, given) for place, given in told], (seed, candidates, lots)
        assert sum(given for _, given in core) == min(lots, there)


def holder(account: int, quantity: int, entry: int, mark: int, equity: int, *, wallet: int = 0) -> Counterparty:
    """Return a position of whole quotes a lot; it needs 1 % of its notional, and is all that its account has."""
    notional, entry_value = quantity * mark * ONE, quantity * entry * ONE
    margin = abs(notional) // 100
    return Counterparty(
        account_id=account,
        side=PositionSide.BOTH,
        quantity=quantity,
        entry_value=entry_value,
        notional=notional,
        profit=notional - entry_value,
        wallet=wallet * ONE,
        equity=equity * ONE,
        maintenance_margin=margin,
        position_margin=margin,
    )


def first(ranker: Ranker, *candidates: Counterparty) -> int:
    """Return the account that is deleveraged first."""
    return ranked(ranker, candidates, 0)[0].account_id


# ------------------------------------------------------------------------------------------------------------- scores


def test_the_score_of_a_short_is_side_corrected() -> None:
    """With an account value of 1,000: a short of 100 from 100 to 50 scores 2 * 5, a long from 100 to 150 1.5 * 15."""
    short, long = holder(1, -100, 100, 50, 1_000), holder(2, 100, 100, 150, 1_000)
    assert [SCORES[Ranker.HL_INDEX](one) for one in (short, long)] == [10, 22.5]
    # By the formula as it is published the short would score 2.5, and come after all these.
    losing = holder(3, -100, 25, 50, 1_000)
    flat = holder(4, 50, 100, 100, 1_000)
    assert first(Ranker.HL_INDEX, losing, short) == 1
    assert first(Ranker.HL_INDEX, flat, short) == 1
    assert SCORES[Ranker.HL_INDEX](holder(5, 100, 0, 150, 1_000)) == 0
    assert SCORES[Ranker.HL_INDEX](holder(5, 100, 100, 150, 0)) == 0


def test_binance_ranks_by_profit_leverage_and_account() -> None:
    """Profit 50 on a wallet of 100 with a margin ratio of 1.5 / 150; a wallet below 1 quote counts as 1."""
    plain, poor = holder(1, 1, 100, 150, 150, wallet=100), holder(2, 1, 100, 150, 50)
    score = SCORES[Ranker.LEVERAGE_PNL_ACCOUNT]
    assert score(plain) * 200 == 1
    assert score(poor) == 50 * 0.03
    assert first(Ranker.LEVERAGE_PNL_ACCOUNT, plain, poor) == 2
    assert score(holder(3, 1, 150, 150, 100)) == score(holder(3, 1, 100, 150, 0)) == 0


def test_bitmex_divides_a_loss_by_leverage() -> None:
    """Half gained at 3 times: 1.5. Half lost at 2 times: a quarter, at 4: an eighth; so the riskier loser is first."""
    gain = holder(1, 1, 100, 150, 50)
    calm, risky = holder(2, 1, 200, 100, 50), holder(3, 1, 200, 100, 25)
    score = SCORES[Ranker.PNL_X_EFFLEV]
    assert [score(one) for one in (gain, calm, risky)] == [1.5, -0.25, -0.125]
    assert [one.account_id for one in ranked(Ranker.PNL_X_EFFLEV, [calm, risky, gain], 0)] == [1, 3, 2]
    assert score(holder(4, 1, 100, 150, -1)) == 0


def test_equal_scores_stay_as_they_come() -> None:
    twins = [holder(account, 2, 100, 150, 50) for account in (1, 2, 3)]
    for ranker in (Ranker.HL_INDEX, Ranker.LEVERAGE_PNL_ACCOUNT, Ranker.PNL_X_EFFLEV):
        given = divided(ranker, ranked(ranker, twins, 9), 3)
        assert [(one.account_id, lots) for one, lots in given] == [(1, 2), (2, 1)]


def test_a_random_place_is_drawn_and_then_it_goes_round() -> None:
    crowd = [holder(account, 1, 100, 100, 50) for account in range(1, 6)]
    begun = set()
    for seed in range(60):
        order = [one.account_id for one in ranked(Ranker.RANDOM_SEEDED, crowd, seed)]
        begun.add(order[0])
        assert order == [(order[0] - 1 + step) % 5 + 1 for step in range(5)]
    assert begun == {1, 2, 3, 4, 5}
    assert ranked(Ranker.RANDOM_SEEDED, [], 3) == []


def test_pro_rata_shares_by_profit_within_what_each_has() -> None:
    """Profits 60, 30 and 10 of 10 lots: 6, 3 and 1. With 8 more: the first has 9 only, so the others share 2 more."""
    crowd = [holder(1, 9, 100, 120, 50), holder(2, 10, 100, 109, 50), holder(3, 10, 100, 103, 50)]
    assert given(Ranker.PRO_RATA, crowd, 10) == {1: 6, 2: 3, 3: 1}
    assert given(Ranker.PRO_RATA, crowd, 18) == {1: 9, 2: 7, 3: 2}
    assert given(Ranker.PRO_RATA, crowd, 99) == {1: 9, 2: 10, 3: 10}


def test_pro_rata_without_profit_shares_by_size() -> None:
    crowd = [holder(1, 9, 100, 90, 50), holder(2, 3, 100, 90, 50), holder(3, 1, 80, 90, 50)]
    assert given(Ranker.PRO_RATA, crowd, 1) == {3: 1}
    assert given(Ranker.PRO_RATA, crowd, 5) == {3: 1, 1: 3, 2: 1}


def test_risk_aware_shares_weigh_profit_by_leverage() -> None:
    """The same profit at 2 and at 6 times leverage, and without equity."""
    crowd = [holder(1, 8, 100, 150, 600), holder(2, 8, 100, 150, 200), holder(3, 8, 100, 150, -1)]
    assert given(Ranker.RISK_AWARE_PRO_RATA, crowd, 8) == {2: 6, 1: 2}


def given(ranker: Ranker, candidates: list[Counterparty], lots: int) -> dict[int, int]:
    """Return the lots that each account gives."""
    return {one.account_id: part for one, part in divided(ranker, ranked(ranker, candidates, 0), lots)}


# --------------------------------------------------------------------------------------------------------- the backstop


@pytest.mark.parametrize(
    ("inventory", "lot", "lots"),
    [
        (0, 10, 10),  # up to its equity of 100 and no further
        (-50, 10, 15),  # lots against what it has make that smaller first
        (95, 10, 0),  # half a lot is none
        (90, 10, 1),
        (300, 10, 0),
        (300, -10, 20),  # all: 300 - 200 = 100 long is within
        (-95, -10, 0),
        (-90, -10, 1),
    ],
)
def test_the_fund_takes_up_to_its_cap(inventory: int, lot: int, lots: int) -> None:
    assert lots_taken(Backstop(), 100, inventory, lot, 20) == lots


def test_cap_and_kind_of_the_backstop() -> None:
    double, nothing = Backstop(cap=RateE8(2 * RATE_ONE)), Backstop(cap=RateE8(0))
    assert lots_taken(double, 100, 0, 10, 50) == 20
    assert (lots_taken(nothing, 100, 0, 10, 50), lots_taken(nothing, 100, -40, 10, 50)) == (0, 4)
    assert (lots_taken(Backstop(), -5, 0, 10, 50), lots_taken(Backstop(), -5, -40, 10, 50)) == (0, 4)
    vault, none = Backstop(kind=BackstopKind.VAULT), Backstop(kind=BackstopKind.NONE)
    assert [lots_taken(vault, equity, 10**9, 10, 50) for equity in (1, 0, -1)] == [50, 0, 0]
    assert lots_taken(none, 100, -900, 10, 50) == 0


def test_the_fund_takes_the_most_that_its_cap_allows() -> None:
    """Against every number, one by one. Seed 5."""
    random = Random(5)
    for _ in range(5_000):
        backstop = Backstop(cap=RateE8(random.choice((0, 7 * PERCENT, RATE_ONE))))
        equity, inventory = random.randint(-50, 400), random.randint(-500, 500)
        lot, lots = random.choice((1, 3, 40, -1, -3, -40)), random.randint(1, 40)
        side, cap = (1 if lot > 0 else -1), max(0, equity) * backstop.cap // RATE_ONE
        fitting = [n for n in range(1, lots + 1) if side * inventory + n * abs(lot) <= cap]
        assert lots_taken(backstop, equity, inventory, lot, lots) == max(fitting, default=0)


def test_a_drawdown_begins_at_a_share_or_an_amount() -> None:
    """OKX: an average of 1,000,000 less the larger of 30 % and 50,000; of 100,000 the amount is larger."""
    drop = 30 * PERCENT
    assert drawdown_threshold(1_000_000, drop, 50_000) == 700_000
    assert drawdown_threshold(100_000, drop, 50_000) == 50_000
    assert drawdown_threshold(11, drop, 0) == 8  # rounded up


@pytest.mark.parametrize(("now", "stopped"), [(90, True), (91, False), (100, False), (-5, True)])
def test_an_amount_has_fallen_by_its_share_or_more(now: int, *, stopped: bool) -> None:
    assert fallen(100, now, 10 * PERCENT) is stopped


def test_quotes_of_the_fund() -> None:
    """At the mark, or at what it paid in its own favour; never where they would take."""
    at_mark, at_entry = UnwindRules(style=UnwindStyle.QUOTE), UnwindRules(style=UnwindStyle.QUOTE_ENTRY)
    assert quote_price(at_mark, 3, 3_000, 90, 10, None) == 90
    assert quote_price(at_entry, 3, 3_001, 90, 10, None) == 101
    assert quote_price(at_entry, -3, -3_001, 90, 10, None) == 100
    assert (quote_price(at_mark, 3, 0, 90, 10, 89), quote_price(at_mark, 3, 0, 90, 10, 90)) == (90, 91)
    assert (quote_price(at_mark, -3, 0, 90, 10, 91), quote_price(at_mark, -3, 0, 90, 10, 90)) == (90, 89)
    assert (quote_price(at_entry, 3, -7, 90, 10, None), quote_price(at_mark, -3, 0, 90, 10, 1)) == (1, 1)
    assert (part(100, 10 * PERCENT), part(19, 10 * PERCENT), part(3, 1)) == (10, 1, 1)


# ------------------------------------------------------------------------------------------------------------- losses


def test_shares_add_up_by_largest_remainder() -> None:
    assert shares(10, [1, 1, 1]) == [4, 3, 3]
    assert shares(10, [5, 3, 2, 0]) == [5, 3, 2, 0]
    assert shares(7, [1, 2, 3]) == [1, 2, 4]  # exactly 1.17, 2.33 and 3.5
    assert shares(0, [1, 2]) == [0, 0]


def test_shares_are_those_of_the_reference() -> None:
    """Seed 6."""
    random = Random(6)
    for _ in range(4_000):
        weights = [random.choice((0, 1, 1, random.randint(1, 10**12))) for _ in range(random.randint(1, 9))]
        weights[0] += 1
        amount = random.choice((0, 1, 2, random.randint(1, 10**14)))
        assert shares(amount, weights) == split(amount, weights)
        assert sum(shares(amount, weights)) == amount


def test_a_haircut_takes_no_more_than_profit() -> None:
    assert haircut(10, [30, 0, 10]) == [8, 0, 2]
    assert haircut(100, [30, 0, 10]) == [30, 0, 10]
    assert haircut(10, [0, 0]) == [0, 0]


def test_charges_are_rounded_up() -> None:
    """Drift: what is paid beyond the loss is dust."""
    assert charges(10, [1, 1, 1]) == [4, 4, 4]
    assert charges(10, [5, 3, 2]) == [5, 3, 2]
    assert charges(1, [7, 0, 1]) == [1, 0, 1]
