"""What set a liquidation off, its cascade, and where its lots went: small stories told line by line."""

from collections.abc import Sequence

import pytest

from exchange.core.account import FUND_ID
from exchange.core.commands import SetMarketState
from exchange.core.enums import MarginType, MarketState, Side
from exchange.core.events import PositionLiquidated
from exchange.core.units import ATOMS_PER_QUOTE
from exchange.projections import causes
from exchange.projections.case_files import ClosingKind, Liquidation, residue_at_takeover
from tests.projections.stand import BTC, ETH, PRICE, Stand

LOTS = 1_000  # a position of 1000 USDT
MARGIN = 50 * ATOMS_PER_QUOTE  # of it, at 20x: liquidated once the mark is at or below 9596 ticks
FALL = 9_590
NO_FUND = {"backstop.kind": "NONE"}


def event_of(found: Liquidation) -> PositionLiquidated:
    """Return the report of a liquidation."""
    assert found.event is not None
    return found.event


def crowd(stand: Stand, count: int, sign: int = 1, deposit: int = MARGIN) -> list[int]:
    """Return so many traders with a position of LOTS each."""
    maker, traders = stand.rich(), []
    for _ in range(count):
        trader = stand.account(deposit)
        stand.trade(*((trader, maker) if sign > 0 else (maker, trader)), LOTS)
        traders.append(trader)
    return traders


def test_a_mark_that_fell_is_told_with_index_and_trades() -> None:
    stand = Stand()
    (trader,) = crowd(stand, 1)
    stand.price(9_900)
    other, maker = stand.rich(), stand.rich()
    stand.trade(other, maker, 5, 9_950)
    stand.trade(other, maker, 5, 9_950)
    stand.price(9_500, ETH)
    stand.price(FALL)
    (found,) = stand.files
    assert event_of(found).account_id == trader
    assert found.episode is not None
    (move,) = found.episode.trigger.moves  # the fall of ETHUSDT was none of its business
    assert (move.symbol, move.before, move.after, move.index_seq) == (BTC, 9_900, FALL, stand.seq)
    assert (move.trades, move.last_trade_id - move.first_trade_id) == (2, 1)
    assert (found.parent_id, found.link) == (None, (1, 1, 0))
    assert (found.episode.trigger.funding, found.episode.trigger.maker_of) == (0, None)


def cascade(stand: Stand, sign: int = 1) -> Sequence[Liquidation]:
    """Let one trader be liquidated, then, a tick of the mark later, another who had some more margin."""
    crowd(stand, 1, sign)
    crowd(stand, 1, sign, MARGIN + ATOMS_PER_QUOTE)
    stand.order(stand.rich(), Side.BUY if sign > 0 else Side.SELL, 5 * LOTS, FALL if sign > 0 else 10_500)
    stand.price(PRICE - sign * 405)
    stand.price(PRICE - sign * 420)
    return stand.files


@pytest.mark.parametrize("sign", [1, -1])
def test_the_liquidation_that_traded_before_is_the_parent(sign: int) -> None:
    first, second = cascade(Stand(), sign)
    assert event_of(first).filled_quantity == LOTS
    assert (second.parent_id, second.link) == (1, (2, 1, 1))


def test_a_liquidation_that_pushed_the_other_way_is_none() -> None:
    """A short is bought back, which would lift the mark; a long is liquidated by the fall that follows."""
    stand = Stand()
    crowd(stand, 1, -1)
    crowd(stand, 1, 1)
    stand.order(stand.rich(), Side.SELL, 5 * LOTS, 10_450)
    stand.price(10_410)
    stand.price(FALL)
    assert [found.parent_id for found in stand.files] == [None, None]
    assert [found.link.cascade_id for found in stand.files] == [1, 2]


def test_liquidations_without_a_trade_push_nobody() -> None:
    """Nobody buys: the fund takes all of it at bankruptcy, and no price is printed."""
    stand = Stand({"fund_seed": "1000000"})
    crowd(stand, 2)
    stand.price(FALL)
    stand.price(FALL - 100)
    assert [found.parent_id for found in stand.files] == [None, None]
    assert all(found.taken_over == LOTS for found in stand.files)


def test_a_maker_of_a_liquidation_is_its_child() -> None:
    """A bid far above the mark that a liquidation hits: its owner is at once short of margin himself."""
    stand = Stand(NO_FUND)
    crowd(stand, 1)
    buyer = stand.account(MARGIN)
    stand.order(buyer, Side.BUY, LOTS, 9_995)
    stand.price(FALL)
    first, second = stand.files
    assert event_of(second).account_id == buyer
    assert (second.seq, second.parent_id, second.link) == (first.seq, 1, (2, 1, 1))
    assert second.episode is not None
    assert second.episode.trigger.maker_of == first.link
    assert second.episode.trigger.moves[0].after == FALL  # he stands on what has fallen, too: both are told


def test_funding_that_is_paid_is_told() -> None:
    """The rate is held at 4 %, and the longs pay: of 36 of margin beyond maintenance, 39.8."""
    stand = Stand(contract={"funding.floor": "0.04", "funding.cap": "0.04"})
    crowd(stand, 1, deposit=51 * ATOMS_PER_QUOTE)
    stand.price(PRICE - 100)
    stand.price(PRICE - 50)
    stand.later(8 * 3600)
    (found,) = stand.files
    assert found.episode is not None
    assert found.episode.trigger.moves == ()
    assert found.episode.trigger.funding == 9_950 * LOTS * 10_000 * 4 // 100
    assert (found.parent_id, found.link.generation) == (None, 0)


def test_what_is_carried_over_keeps_its_cause() -> None:
    stand = Stand({"scopes_per_pass": "1", **NO_FUND})
    crowd(stand, 3)
    stand.price(FALL)
    assert len(stand.files) == 1
    stand.later(1)
    assert len(stand.files) == 3
    for found in stand.files:
        assert found.episode is not None
        assert [move.after for move in found.episode.trigger.moves] == [FALL]


def test_a_maker_of_what_was_carried_over_is_its_child_at_the_next_mark() -> None:
    """Both longs are sold to one bid, the second between marks, where its owner is not judged."""
    stand = Stand({"scopes_per_pass": "1", **NO_FUND})
    crowd(stand, 2)
    buyer = stand.account(2 * MARGIN)
    stand.order(buyer, Side.BUY, 2 * LOTS, 9_995)
    stand.price(FALL)
    stand.later(1)
    first, second = stand.files
    assert (first.seq < second.seq, second.parent_id) == (True, None)
    stand.price(FALL)
    third = stand.files[-1]
    assert (event_of(third).account_id, third.parent_id, third.link.generation) == (buyer, 2, 1)
    assert third.episode is not None
    assert third.episode.trigger.maker_of == second.link


def test_each_order_is_kept_with_the_price_it_asked() -> None:
    """A long of 3 at 1000 goes down two brackets: what closes it at nothing left is 933.4 first, then less."""
    brackets = "1000:0.01:50,2000:0.02:30,100000:0.03:20"
    stand = Stand({"engine": "tier_ladder"}, {"brackets": brackets})
    maker, trader = stand.rich(), stand.account(200 * ATOMS_PER_QUOTE, 15)
    stand.trade(trader, maker, 3 * LOTS)
    stand.order(stand.rich(), Side.BUY, 3 * LOTS, 9_400)
    stand.price(9_440)
    (found,) = stand.files
    event = event_of(found)
    assert [(one.quantity, one.limit_price) for one in found.asked] == [(882, 9_334), (1_059, 9_306)]
    assert (event.ordered_quantity, event.filled_quantity, event.limit_price) == (1_941, 1_941, 9_306)
    assert len({one.order_id for one in found.asked}) == 2


def test_liquidations_of_one_episode_share_its_place() -> None:
    """Two positions of one account: two liquidations, one lock, one cascade."""
    stand = Stand({"fund_seed": "1000000"})
    maker, trader = stand.rich(), stand.account(2 * MARGIN)
    for symbol in (BTC, ETH):
        stand.trade(trader, maker, LOTS, symbol=symbol)
    stand.price(PRICE - 500, ETH)
    stand.price(PRICE - 500)
    first, second = stand.files
    assert first.episode is second.episode
    assert [found.link for found in (first, second)] == [(1, 1, 0), (2, 1, 0)]
    assert [move.symbol for move in first.episode.trigger.moves] == [BTC] if first.episode else False
    assert first.episode is not None
    assert first.episode.released_seq == stand.seq


def test_each_lot_has_its_path_book_fund_and_others() -> None:
    """Of 1000 lots 300 are bought, the fund may take some 200, the rest goes against the only short."""
    stand = Stand({"fund_seed": "200"})
    maker, trader = stand.rich(), stand.account(MARGIN)
    stand.trade(trader, maker, LOTS)
    stand.order(stand.rich(), Side.BUY, 300, 9_550)
    stand.price(9_550)
    (found,) = stand.files
    event = event_of(found)
    assert [(fill.quantity, fill.price) for fill in found.fills] == [(300, 9_550)]
    assert 0 < found.taken_over < 700
    assert (found.refused, found.deleveraged_lots, found.left_open) == (event.queued_quantity, event.queued_quantity, 0)
    assert found.taken_over + found.refused == 700
    assert found.victims == (maker,)
    row = stand.tapes.adl[-1]
    assert (row.event.counterparty_id, row.link) == (maker, found.link)
    kinds = [(row.kind, row.liquidation_ids) for row in stand.tapes.fund]
    assert ("BACKSTOP_REFUSED", (1,)) in kinds
    assert all(ids == (1,) for kind, ids in kinds if kind == "INSURANCE_CLEAR")


def test_two_that_are_closed_against_each_other_both_say_so() -> None:
    """A long falls with BTC; the short on the other side has lost all in ETH. Nobody else is there."""
    stand = Stand(NO_FUND)
    rich, long, short = stand.rich(), stand.account(MARGIN), stand.account(2 * MARGIN)
    stand.trade(long, short, LOTS)
    stand.trade(rich, short, LOTS, symbol=ETH)
    stand.do(SetMarketState(BTC, MarketState.HALTED))  # both contracts move before anybody is closed
    stand.price(FALL)
    stand.price(PRICE + 1_400, ETH)
    stand.do(SetMarketState(BTC, MarketState.TRADING))
    stand.price(FALL - 1)
    told = {
        (event_of(found).account_id, event_of(found).symbol): found for found in stand.files if found.seq == stand.seq
    }
    first, second = told[long, BTC], told[short, BTC]
    if not first.deleveraged:
        first, second = second, first
    (closing,) = first.deleveraged
    assert second.closed_for == [closing]
    assert (first.left_open, second.left_open) == (0, 0)


def test_what_the_fund_sells_is_booked_on_the_oldest_takeover_first() -> None:
    """Two takeovers of 1000 lots, then 1500 are sold in parts: all of the first, half of the second."""
    stand = Stand({"fund_seed": "1000000", "unwind.share": "1"})
    crowd(stand, 1)
    crowd(stand, 1, deposit=MARGIN + ATOMS_PER_QUOTE)
    stand.price(9_595)
    stand.price(9_585)
    first, second = stand.files
    stand.order(stand.rich(), Side.BUY, LOTS, 9_580)
    stand.later(1)
    stand.order(stand.rich(), Side.BUY, LOTS // 2, 9_582)
    stand.later(1)
    assert [(row.quantity, row.kind) for row in first.closings] == [(LOTS, ClosingKind.UNWINDING)]
    assert [row.quantity for row in second.closings] == [LOTS // 2]
    (closing,) = first.closings
    value = 9_580 * LOTS * 10_000
    assert (closing.value, closing.gain) == (value, value - event_of(first).taken_over_value)
    assert stand.tapes.causes.inventories[BTC].quantity == stand.venue.state.fund.leg(BTC).position.quantity == 500
    sold = [row for row in stand.tapes.fund if row.kind == "ORDER"]
    assert [(row.quantity, row.liquidation_ids, row.order_id) for row in sold] == [
        (-LOTS, (1,), closing.ref_id),
        (-LOTS // 2, (2,), second.closings[0].ref_id),
    ]


def test_a_takeover_of_the_other_side_closes_what_the_fund_holds() -> None:
    stand = Stand({"fund_seed": "1000000"})
    (long,) = crowd(stand, 1)
    stand.price(FALL)
    (short,) = crowd(stand, 1, -1)
    stand.price(FALL + 1_000)
    first, second = stand.files
    assert [event_of(found).account_id for found in (first, second)] == [long, short]
    assert (first.unwound, second.unwound) == (LOTS, LOTS)
    (closing,) = first.closings
    assert (closing.kind, closing.ref_id, closing.value) == (
        ClosingKind.TAKEOVER,
        2,
        event_of(second).taken_over_value,
    )
    assert closing.gain == event_of(second).taken_over_value - event_of(first).taken_over_value
    assert second.closings[0].gain == 0
    assert stand.venue.state.fund.leg(BTC).position.quantity == 0
    gained = closing.gain + sum(found.fees - found.deficit_paid for found in stand.files)
    assert stand.venue.state.fund.wallet_balance == stand.rules.fund_seed + gained


def test_the_residue_of_a_takeover_is_what_the_mark_says_beyond_bankruptcy() -> None:
    """A long of 1000 with 9 left at a mark of 9590: taken over 9 below the mark."""
    stand = Stand({"fund_seed": "1000000"})
    crowd(stand, 1)
    stand.price(FALL)
    (found,) = stand.files
    contract = stand.contracts[0]
    assert residue_at_takeover(contract, event_of(found)) == 9 * ATOMS_PER_QUOTE == event_of(found).equity


def test_a_debt_that_the_fund_pays_is_told() -> None:
    """At any price: sold at 9000, 50 of the 100 lost are not there."""
    stand = Stand({"engine": "naive_full", "loss": "HOUSE", "fund_seed": "1000000"})
    (trader,) = crowd(stand, 1)
    stand.order(stand.rich(), Side.BUY, LOTS, 9_000)
    stand.price(FALL)
    (found,) = stand.files
    assert found.deficit_paid == 50 * ATOMS_PER_QUOTE
    assert found.cost_fund
    (row,) = [row for row in stand.tapes.fund if row.change]
    assert (row.kind, row.change, row.liquidation_ids) == ("INSURANCE_CLEAR", -50 * ATOMS_PER_QUOTE, (1,))
    assert stand.venue.state.accounts[trader].wallet_balance == 0


def test_losses_that_are_shared_are_told_with_their_payers() -> None:
    """The fund has nothing: the short and the buyer, who both gained, pay the 50 that lacked."""
    stand = Stand({"engine": "naive_full", "fund_seed": "0"})
    maker, trader, buyer = stand.rich(), stand.account(MARGIN), stand.rich()
    stand.trade(trader, maker, LOTS)
    stand.order(buyer, Side.BUY, LOTS, 9_000)
    stand.price(FALL)
    (found,) = stand.files
    assert found.shared is not None
    assert found.shared.event.loss == found.shared.event.paid == 50 * ATOMS_PER_QUOTE
    assert {account_id for account_id, _, _ in found.shared.payers} == {maker, buyer}
    assert sum(amount for _, _, amount in found.shared.payers) == found.shared.event.paid
    (row,) = [row for row in stand.tapes.fund if row.kind == "LOSS_SHARED"]
    assert (row.change, row.liquidation_ids) == (found.shared.event.paid, (1,))


def test_one_payment_of_a_cross_wallet_names_no_contract_and_that_of_a_position_does() -> None:
    """Who gains cross in two contracts pays once; who gains in an isolated position pays from that."""
    stand = Stand({"engine": "naive_full", "fund_seed": "0"})
    maker, trader, buyer = stand.rich(), stand.account(MARGIN), stand.rich()
    alone = stand.account(10 * MARGIN, margin_type=MarginType.ISOLATED)
    stand.trade(trader, maker, LOTS)
    stand.trade(buyer, maker, LOTS, symbol=ETH)
    stand.trade(buyer, alone, LOTS)
    stand.order(buyer, Side.BUY, LOTS, 9_000)
    stand.price(PRICE - 100, ETH)
    stand.price(FALL)
    (found,) = stand.files
    assert found.shared is not None
    payers = [(account_id, symbol) for account_id, symbol, _ in found.shared.payers]
    assert payers == [(maker, ""), (buyer, ""), (alone, BTC)]
    assert sum(amount for _, _, amount in found.shared.payers) == found.shared.event.paid


def test_a_vault_under_water_has_a_file_of_its_own() -> None:
    stand = Stand({"engine": "hyperliquid_backstop", "fund_seed": "1", "unwind.interval": "1h"})
    crowd(stand, 1)
    stand.price(9_560)
    stand.price(9_000)
    vault = stand.tapes.causes.find(stand.tapes.adl[-1].event.liquidation_id)
    assert vault is not None
    assert (vault.event, vault.episode, vault.link.generation) == (None, None, 0)
    assert stand.tapes.adl[-1].event.account_id == FUND_ID
    taken = stand.files[0]
    assert [row.kind for row in taken.closings] == [ClosingKind.DELEVERAGING]
    assert [row.kind for row in stand.tapes.fund].count("VAULT_UNDERWATER") == 1
    assert stand.tapes.causes.inventories[BTC].quantity == 0


def test_the_oldest_files_are_forgotten_beyond_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for seven rows: a liquidation, its order and its fill are three."""
    monkeypatch.setattr(causes, "CASE_ROWS_MAX", 7)
    stand = Stand()
    crowd(stand, 4)
    stand.order(stand.rich(), Side.BUY, 10 * LOTS, FALL)
    stand.price(FALL)
    assert [found.liquidation_id for found in stand.files] == [3, 4]
    assert stand.tapes.causes.find(2) is None
    assert stand.tapes.dropped == 2
