"""Liquidations, deleveragings and the fund as the control API tells them, and the story in sentences."""

import json
from typing import Any

import pytest

from exchange.admin.case_bodies import adl_json, fund_row_json, liquidation_json, why_json
from exchange.core.enums import Side
from tests.projections.stand import BTC, PRICE, Stand
from tests.projections.test_causes import FALL, LOTS, MARGIN, NO_FUND, crowd


def whys(stand: Stand) -> list[dict[str, Any]]:
    """Return the answer about each liquidation, as JSON gives it back; its row of the tape tells the same."""
    contracts = {contract.symbol: contract for contract in stand.contracts}
    answers = []
    for found in stand.files:
        answer = json.loads(json.dumps(why_json(contracts, found, stand.rules.engine.backstop.kind)))
        row = json.loads(json.dumps(liquidation_json(contracts, found)))
        common = row.keys() & answer.keys()
        assert {"trigger", "path", "paid", "parentId", "cascadeId", "generation", "orders"} <= common
        assert {name: row[name] for name in common} == {name: answer[name] for name in common}
        answers.append(answer)
    return answers


def mixed() -> Stand:
    """Return a venue where of 1000 lots 300 are sold, the fund takes 209 and 491 are closed against the only short."""
    stand = Stand({"fund_seed": "200"})
    maker, trader = stand.rich(), stand.account(MARGIN)
    stand.trade(trader, maker, LOTS)
    stand.order(stand.rich(), Side.BUY, 300, 9_550)
    stand.price(9_550)
    return stand


def test_a_liquidation_is_told_in_plain_sentences() -> None:
    stand = mixed()
    (why,) = whys(stand)
    assert why["text"] == (
        "Account 2 was long 1.000 BTC (cross), at a mark of 955.0 USDT. When its liquidation began, its wallet and the "
        "profit or loss of its position came to 5 USDT, which had to be more than the maintenance margin of 9.55 USDT. "
        "The mark of BTCUSDT had fallen from 1000.0 to 955.0: since the mark before, the index was set by command "
        f"{stand.seq}, "
        "and trade 1 was printed. No liquidation before it pushed that way: it stands at the beginning of its cascade. "
        "1.000 BTC were to be sold at 950.0 or better; 0.300 were, at 955.0 on average. The fund took 0.209 BTC for "
        "198.55 USDT; at that mark they were worth 1.045 USDT more. 0.491 BTC were closed against account 1 "
        "(auto-deleveraging). With 4.55000001 USDT more in its wallet, or entered with a leverage of at most 18 (with "
        "just the margin of that, fees and funding apart), it would not have been liquidated at that moment."
    )


def test_the_fields_say_the_same_exactly() -> None:
    (why,) = whys(mixed())
    assert (why["smallestDeposit"], why["highestLeverage"], why["victims"]) == ("4.55000001", 18, [1])
    assert (why["limitPrice"], why["bankruptcyPrice"], why["averagePrice"]) == ("950.0", "950.0", "955.0")
    assert why["margin"]["positions"] == [
        {
            "symbol": BTC,
            "positionSide": "BOTH",
            "quantity": "1.000",
            "entryPrice": "1000.0",
            "markPrice": "955.0",
            "unrealizedPnl": "-45.00000000",
            "maintenanceMargin": "9.55000000",
            "leverage": 20,
        }
    ]
    path = why["path"]
    assert [(row["quantity"], row["price"]) for row in path["book"]] == [("0.300", "955.0")]
    assert (path["fund"]["quantity"], path["fund"]["refused"], path["fund"]["held"]) == ("0.209", "0.491", "0.209")
    assert [(row["counterpartyId"], row["quantity"]) for row in path["adl"]] == [(1, "0.491")]
    assert path["open"] == "0.000"
    assert why["paid"]["residueAtTakeover"] == "1.04500000"


def test_each_order_is_told_with_what_it_asked() -> None:
    (why,) = whys(laddered())
    orders = [(row["quantity"], row["limitPrice"]) for row in why["orders"]]
    assert orders == [("0.882", "933.4"), ("1.059", "930.6")]
    assert (why["orderedQuantity"], why["limitPrice"]) == ("1.941", "930.6")


def test_the_payers_of_a_shared_loss_are_told() -> None:
    """Both pay from their cross wallets, which no contract names."""
    (why,) = whys(shared())
    loss = why["paid"]["lossShared"]
    assert (loss["loss"], loss["paid"]) == ("50.00000000", "50.00000000")
    assert [(row["accountId"], row["symbol"]) for row in loss["payers"]] == [(1, None), (3, None)]


def test_the_other_tapes_name_the_liquidation() -> None:
    stand = mixed()
    contracts = {contract.symbol: contract for contract in stand.contracts}
    (adl,) = [adl_json(contracts, row) for row in stand.tapes.adl]
    assert (adl["liquidationId"], adl["cascadeId"], adl["generation"]) == (1, 1, 0)
    assert (adl["accountId"], adl["counterpartyId"], adl["side"], adl["quantity"]) == (2, 1, "BUY", "0.491")
    fund = [fund_row_json(contracts, row) for row in stand.tapes.fund]
    refused = next(row for row in fund if row["kind"] == "BACKSTOP_REFUSED")
    assert (refused["quantity"], refused["liquidationIds"], refused["change"]) == ("0.491", [1], "0.00000000")
    assert all(row["liquidationIds"] == [1] for row in fund)


def unwound() -> Stand:
    """Let the fund sell what it took 5 USDT better than it took it."""
    stand = Stand({"fund_seed": "1000000", "unwind.share": "1"})
    crowd(stand, 1)
    stand.price(FALL)
    stand.order(stand.rich(), Side.BUY, LOTS, 9_550)
    stand.later(1)
    return stand


def shared() -> Stand:
    """Let a long be sold at any price for 50 less than it had, without a fund."""
    stand = Stand({"engine": "naive_full", "fund_seed": "0"})
    crowd(stand, 1)
    stand.order(stand.rich(), Side.BUY, LOTS, 9_000)
    stand.price(FALL)
    return stand


def made() -> Stand:
    """Let a bid far above the mark be hit by a liquidation."""
    stand = Stand(NO_FUND)
    crowd(stand, 1)
    stand.order(stand.account(MARGIN), Side.BUY, LOTS, 9_995)
    stand.price(FALL)
    return stand


def funded() -> Stand:
    """Let a long pay 40 of funding."""
    stand = Stand(contract={"funding.floor": "0.04", "funding.cap": "0.04"})
    crowd(stand, 1)
    stand.later(8 * 3600)
    return stand


def waiting() -> Stand:
    """Let slices be asked for that nobody buys."""
    stand = Stand({"engine": "deribit_incremental"})
    crowd(stand, 1)
    stand.price(FALL)
    return stand


def laddered() -> Stand:
    """Let a long of 3 be sold down two brackets, an order for each."""
    stand = Stand({"engine": "tier_ladder"}, {"brackets": "1000:0.01:50,2000:0.02:30,100000:0.03:20"})
    maker, trader = stand.rich(), stand.account(4 * MARGIN, 15)
    stand.trade(trader, maker, 3 * LOTS)
    stand.order(stand.rich(), Side.BUY, 3 * LOTS, 9_400)
    stand.price(9_440)
    return stand


def vaulted() -> Stand:
    """Let a vault take over what nobody buys."""
    stand = Stand({"engine": "hyperliquid_backstop", "fund_seed": "1000000", "unwind.interval": "1h"})
    crowd(stand, 1)
    stand.price(9_560)
    return stand


def ruined() -> Stand:
    """Let a short lose more than what it was sold for."""
    stand = Stand({"fund_seed": "1000000"})
    crowd(stand, 1, -1)
    stand.price(2 * PRICE + 100)
    return stand


@pytest.mark.parametrize(
    ("story", "sentence"),
    [
        (unwound, "1.000 of these have left its hands since, and it gained 5 USDT by them."),
        (shared, "The fund paid 50 USDT that its wallet lacked."),
        (shared, "a loss of 50 USDT by this margin pass, of which account 1 and account 3 paid 50 USDT."),
        (made, "An order of its own had just traded with liquidation 1."),
        (made, "it counts as generation 1 of cascade 1"),
        (funded, "It had just paid 40 USDT of funding."),
        (waiting, "0.100 BTC were to be sold at 944.7 or better; 0.000 were."),
        (
            laddered,
            "0.882 BTC were to be sold at 933.4 or better, then 1.059 at 930.6; 1.941 were, at 940.0 on average.",
        ),
        (vaulted, "The vault took 1.000 BTC for "),
        (waiting, "1.000 BTC stayed open."),
        (ruined, "The mark of BTCUSDT had risen from 1000.0 to 2010.0"),
        (ruined, "the margin of no leverage at entry was enough for that."),
    ],
)
def test_what_matters_has_its_sentence(story: Any, sentence: str) -> None:
    assert sentence in whys(story())[-1]["text"]


def test_a_vault_under_water_is_told_without_an_account() -> None:
    stand = Stand({"engine": "hyperliquid_backstop", "fund_seed": "1", "unwind.interval": "1h"})
    crowd(stand, 1)
    stand.price(9_560)
    stand.price(9_000)
    contracts = {contract.symbol: contract for contract in stand.contracts}
    found = stand.tapes.causes.find(stand.tapes.adl[-1].event.liquidation_id)
    assert found is not None
    why = why_json(contracts, found, stand.rules.engine.backstop.kind)
    assert why["text"] == "The vault was under water: 1.000 BTC of its position were closed against account 1."
    assert (why["accountId"], why["cascadeId"], why["parentId"]) == (0, found.liquidation_id, None)
