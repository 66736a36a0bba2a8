"""User events of isolated positions and of hedge mode, and their difference from those of cross, one-way accounts."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from exchange.core.commands import SetIndexPrice
from exchange.core.units import SECOND, RateE8, Ticks
from tests.dialect.conftest import Golden
from tests.dialect.desk import shipped_contracts
from tests.dialect.test_story import differences
from tests.dialect.test_streams_table import BTC, Recorder, shape_of

FUNDING = 1_764_028_800 * SECOND
Payload = dict[str, Any]


def payloads(desk: Recorder, account: int, begun: int) -> list[Payload]:
    """Return what an account is told from the commands after the first `begun`, as JSON gives it back."""
    return [json.loads(json.dumps(message.payload)) for message in desk.messages(account, begun)]


def updates(told: list[Payload]) -> Iterator[tuple[str, Payload]]:
    """Yield the account updates by their reason."""
    for message in told:
        if message["e"] == "ACCOUNT_UPDATE":
            yield message["a"]["m"], message["a"]


@pytest.fixture
def isolated() -> list[Payload]:
    """Return all that a trader hears who holds 0.2 isolated at 20x, from three seconds before funding to liquidation.

    500 less the fee of 5, 100 added, 1 of funding: 594 for a value of 10,000. Maintenance is some 37.8, so it is called
    at an equity of 47.2 (a mark of 47,266) and liquidated at 37.8 (47,219). The mark stands 4.7 above the index.
    """
    desk = Recorder(ts=FUNDING - 3 * SECOND)
    maker, trader = desk.account(1_000_000), desk.account(10_000)
    begun = len(desk.done)
    desk.call(trader, "POST", "/fapi/v1/marginType", {**BTC, "marginType": "ISOLATED"})
    desk.order(maker, "SELL", "0.200", "50000")
    desk.order(trader, "BUY", "0.200", "50000")
    desk.call(trader, "POST", "/fapi/v1/positionMargin", {**BTC, "amount": "100", "type": "1"})
    desk.later(4_000)
    desk.execute(SetIndexPrice("BTCUSDT", Ticks(472_600)))
    desk.later(1_000)
    desk.order(maker, "BUY", "0.100", "47000")
    desk.execute(SetIndexPrice("BTCUSDT", Ticks(471_000)))
    desk.later(1_000)
    return payloads(desk, trader, begun)


def test_an_isolated_position_is_told_as_recorded(isolated: list[Payload], golden: Golden) -> None:
    golden("user-stream-isolated", isolated)


def test_the_call_comes_before_the_liquidation(isolated: list[Payload]) -> None:
    called = next(message["E"] for message in isolated if message["e"] == "MARGIN_CALL")
    sold = next(message["E"] for message in isolated if message.get("o", {}).get("o") == "LIQUIDATION")
    assert called < sold


def test_reasons_come_in_the_order_of_what_happened(isolated: list[Payload]) -> None:
    reasons = [reason for reason, _ in updates(isolated)]
    assert reasons[:4] == ["MARGIN_TYPE_CHANGE", "ORDER", "MARGIN_TRANSFER", "FUNDING_FEE"]
    assert reasons[-1] == "INSURANCE_CLEAR"


def test_a_chosen_margin_type_names_the_contract_and_moves_no_balance(isolated: list[Payload]) -> None:
    body = dict(updates(isolated))["MARGIN_TYPE_CHANGE"]
    assert body["B"] == []
    [position] = body["P"]
    assert (position["s"], position["pa"], position["mt"], position["iw"]) == ("BTCUSDT", "0.000", "isolated", "0")


def test_a_margin_type_chosen_in_hedge_mode_concerns_both_sides() -> None:
    desk = Recorder()
    trader = desk.account(10_000)
    desk.call(trader, "POST", "/fapi/v1/positionSide/dual", {"dualSidePosition": "true"})
    begun = len(desk.done)
    desk.call(trader, "POST", "/fapi/v1/marginType", {**BTC, "marginType": "ISOLATED"})
    [told] = payloads(desk, trader, begun)
    rows = [(row["s"], row["pa"], row["mt"], row["ps"]) for row in told["a"]["P"]]
    assert rows == [("BTCUSDT", "0.000", "isolated", "LONG"), ("BTCUSDT", "0.000", "isolated", "SHORT")]


@pytest.mark.parametrize("isolated", [False, True], ids=["cross", "isolated"])
def test_a_funding_payment_of_nothing_is_told(*, isolated: bool) -> None:
    """Contracts without interest, and nobody quotes for the impact notional: the rate is 0."""
    free = [replace(one, funding=replace(one.funding, interest=RateE8(0))) for one in shipped_contracts()]
    desk = Recorder(free, ts=FUNDING - 3 * SECOND)
    maker, trader = desk.account(1_000_000), desk.account(10_000)
    if isolated:
        desk.call(trader, "POST", "/fapi/v1/marginType", {**BTC, "marginType": "ISOLATED"})
    desk.order(maker, "SELL", "0.200", "50000")
    desk.order(trader, "BUY", "0.200", "50000")
    begun = len(desk.done)
    desk.later(4_000)
    [(reason, body)] = updates(payloads(desk, trader, begun))
    [balance] = body["B"]
    assert (reason, balance["bc"], len(body["P"])) == ("FUNDING_FEE", "0.00000000", int(isolated))


def test_money_that_comes_to_the_funding_wallet_alone_is_not_told() -> None:
    desk = Recorder()
    both, funding_only = desk.account(10_000, 10), desk.account(0, 10)
    assert [reason for reason, _ in updates(payloads(desk, both, 0))] == ["ADMIN_DEPOSIT"]
    assert payloads(desk, funding_only, 0) == []


@pytest.mark.parametrize("reason", ["MARGIN_TYPE_CHANGE", "ORDER", "MARGIN_TRANSFER", "FUNDING_FEE", "INSURANCE_CLEAR"])
def test_account_updates_have_the_documented_shape(isolated: list[Payload], reason: str) -> None:
    documented = shape_of("user-ACCOUNT_UPDATE")
    assert isinstance(documented, dict)
    body = dict(updates(isolated))[reason]
    if body["B"]:
        assert list(differences(documented["a"], body, reason)) == []
    else:
        assert list(differences(documented["a"]["P"], body["P"], reason)) == []


def test_whole_and_cross_wallet_part_where_a_position_has_its_own(isolated: list[Payload]) -> None:
    by_reason = dict(updates(isolated))
    order, moved = by_reason["ORDER"], by_reason["MARGIN_TRANSFER"]
    assert [(row["wb"], row["cw"]) for row in order["B"]] == [("9995.00000000", "9500.00000000")]
    assert [row["iw"] for row in order["P"]] == ["495.00000000"]
    assert [(row["wb"], row["cw"], row["bc"]) for row in moved["B"]] == [
        ("9995.00000000", "9400.00000000", "0.00000000")
    ]
    assert [(row["iw"], row["mt"], row["ps"]) for row in moved["P"]] == [("595.00000000", "isolated", "BOTH")]


def test_funding_of_an_isolated_position_names_it(isolated: list[Payload]) -> None:
    body = dict(updates(isolated))["FUNDING_FEE"]
    [balance], [position] = body["B"], body["P"]
    assert balance["cw"] == "9400.00000000"
    assert float(position["iw"]) == pytest.approx(595 + float(balance["bc"]), abs=1e-8)


def test_an_isolated_margin_call_has_no_cross_wallet(isolated: list[Payload]) -> None:
    [call] = [message for message in isolated if message["e"] == "MARGIN_CALL"]
    documented = shape_of("user-MARGIN_CALL")
    assert isinstance(documented, dict)
    assert list(differences({**documented, "cw": "0"}, {**call, "cw": "0"}, "MARGIN_CALL")) == []
    assert "cw" not in call
    [position] = call["p"]
    funded = dict(updates(isolated))["FUNDING_FEE"]["P"][0]["iw"]
    assert (position["mt"], position["iw"], position["ps"]) == ("ISOLATED", funded, "BOTH")


def test_orders_and_positions_of_hedge_mode_name_their_side() -> None:
    desk = Recorder()
    maker, trader = desk.account(1_000_000), desk.account(10_000)
    desk.call(trader, "POST", "/fapi/v1/positionSide/dual", {"dualSidePosition": "true"})
    begun = len(desk.done)
    desk.order(maker, "SELL", "0.100", "50000")
    desk.order(trader, "BUY", "0.100", "50000", positionSide="LONG")
    desk.order(maker, "BUY", "0.200", "49990")
    desk.order(trader, "SELL", "0.200", "49990", positionSide="SHORT")
    told = payloads(desk, trader, begun)
    orders = [(message["o"]["x"], message["o"]["ps"]) for message in told if message["e"] == "ORDER_TRADE_UPDATE"]
    assert orders == [("NEW", "LONG"), ("TRADE", "LONG"), ("NEW", "SHORT"), ("TRADE", "SHORT")]
    moved = [(row["ps"], row["pa"], row["mt"]) for _, body in updates(told) for row in body["P"]]
    assert moved == [("LONG", "0.100", "cross"), ("SHORT", "-0.200", "cross")]
