"""A deleveraging as both sides hear of it, by stream and by REST; and what traders pay for a fund below zero."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from exchange.core.commands import SetIndexPrice
from exchange.core.events import TradePrinted
from exchange.core.policies.backstop import Backstop, BackstopKind
from exchange.core.policies.losses import LossPolicy
from exchange.core.policies.presets import EngineRules
from exchange.core.rules import VenueRules
from exchange.core.units import ATOMS_PER_QUOTE, Atoms, Ticks
from exchange.dialects.binance.text.errors import DialectError
from tests.dialect.conftest import Golden
from tests.dialect.test_story import differences
from tests.dialect.test_streams_table import BTC, Recorder, force_orders, shape_of

Rows = list[dict[str, Any]]


class Sides:
    """A long of 0.2 that nobody buys is closed against a short of 0.5, who has an order resting."""

    def __init__(self, rules: VenueRules | None = None) -> None:
        """Play it."""
        engine = EngineRules(backstop=Backstop(kind=BackstopKind.NONE))
        self.desk = desk = Recorder(rules=rules or VenueRules(engine=engine))
        self.short, self.long = desk.account(1_000_000), desk.account(600)
        desk.order(self.short, "SELL", "0.200", "50000")
        desk.order(self.long, "BUY", "0.200", "50000")
        desk.order(desk.account(1_000_000), "BUY", "0.300", "50000")
        desk.order(self.short, "SELL", "0.300", "50000")
        desk.order(self.short, "SELL", "0.100", "55000", newClientOrderId="resting")
        self.begun = len(desk.done)
        desk.execute(SetIndexPrice("BTCUSDT", Ticks(472_000)))
        desk.later(1_000)

    def told(self, account: int) -> Rows:
        """Return what an account hears of it, margin calls apart."""
        told = [json.loads(json.dumps(message.payload)) for message in self.desk.messages(account, self.begun)]
        return [message for message in told if message["e"] != "MARGIN_CALL"]

    def read(self, account: int, path: str, **params: str) -> Rows:
        """Return the rows of an endpoint."""
        rows: Any = self.desk.call(account, "GET", path, params)
        return json.loads(json.dumps(rows))  # type: ignore[no-any-return]


@pytest.fixture
def sides() -> Sides:
    """Return both sides of a deleveraging."""
    return Sides()


def test_the_counterparty_hears_of_an_order_that_was_filled_at_once(sides: Sides, golden: Golden) -> None:
    told = sides.told(sides.short)
    golden("user-stream-adl", told)
    names = [(message["e"], message.get("a", {}).get("m"), message.get("o", {}).get("c")) for message in told]
    assert names == [
        ("ORDER_TRADE_UPDATE", None, "resting"),
        ("ACCOUNT_UPDATE", "ORDER", None),
        ("ORDER_TRADE_UPDATE", None, "adl_autoclose"),
    ]
    expired, account, order = (message.get("o") or message["a"] for message in told)
    assert (expired["X"], expired["er"]) == ("EXPIRED", "5")
    assert [(row["s"], row["pa"]) for row in account["P"]] == [("BTCUSDT", "-0.300")]
    assert account["B"][0]["bc"] == "0"
    words = {name: order[name] for name in ("S", "o", "x", "X", "q", "z", "l", "n", "t", "b", "a", "ap", "L")}
    assert words == {
        "S": "BUY",
        "o": "LIQUIDATION",
        "x": "CALCULATED",
        "X": "FILLED",
        "q": "0.200",
        "z": "0.200",
        "l": "0.200",
        "n": "0",
        "t": 0,
        "b": "0",
        "a": "0",
        "ap": order["L"],
        "L": "47025.00",  # 600 less the fee of 5 is gone 2975 below 50000
    }
    assert order["rp"] == "595.00000000"
    assert list(differences(shape_of("user-ORDER_TRADE_UPDATE"), told[-1], "adl")) == []


def test_the_bankrupt_hears_that_its_position_is_gone_and_of_no_order_for_it(sides: Sides) -> None:
    told = sides.told(sides.long)
    orders = [(message["o"]["c"], message["o"]["X"]) for message in told if message["e"] == "ORDER_TRADE_UPDATE"]
    assert orders == [("autoclose-1", "NEW"), ("autoclose-1", "EXPIRED")]
    (gone,) = [message["a"] for message in told if message["e"] == "ACCOUNT_UPDATE"]
    assert (gone["m"], gone["P"][0]["pa"]) == ("INSURANCE_CLEAR", "0.000")
    assert gone["B"][0]["bc"] == "-595.00000000"


def test_nothing_is_printed_and_the_public_stream_tells_of_the_liquidation_order_only(sides: Sides) -> None:
    printed = [event for _, events in sides.desk.done[sides.begun :] for event in events]
    assert not any(isinstance(event, TradePrinted) for event in printed)
    assert len(force_orders(sides.desk, asked_each_ms=1_000)) == 1


def test_it_is_an_order_of_the_counterparty_but_none_of_its_trades(sides: Sides, golden: Golden) -> None:
    short = sides.short
    newest = sides.read(short, "/fapi/v1/allOrders", **BTC)[-1]
    assert (newest["clientOrderId"], newest["status"], newest["avgPrice"]) == ("adl_autoclose", "FILLED", "47025.00")
    assert sides.read(short, "/fapi/v1/userTrades", **BTC, orderId=str(newest["orderId"])) == []
    forced = sides.read(short, "/fapi/v1/forceOrders")
    golden("force-orders", forced)
    assert [row["orderId"] for row in forced] == [newest["orderId"]]
    assert list(differences(shape_of("get-forceOrders"), forced, "forceOrders")) == []
    income = sides.read(short, "/fapi/v1/income", incomeType="REALIZED_PNL")
    assert [(row["income"], row["tradeId"]) for row in income] == [("595.00000000", "")]


def test_forced_orders_are_asked_for_by_contract_kind_and_time(sides: Sides) -> None:
    ids = {
        (account, kind): [
            row["clientOrderId"]
            for row in sides.read(account, "/fapi/v1/forceOrders", **BTC, **({"autoCloseType": kind} if kind else {}))
        ]
        for account in (sides.short, sides.long)
        for kind in ("", "ADL", "LIQUIDATION")
    }
    assert ids == {
        (sides.short, ""): ["adl_autoclose"],
        (sides.short, "ADL"): ["adl_autoclose"],
        (sides.short, "LIQUIDATION"): [],
        (sides.long, ""): ["autoclose-1"],
        (sides.long, "ADL"): [],
        (sides.long, "LIQUIDATION"): ["autoclose-1"],
    }
    at = sides.read(sides.long, "/fapi/v1/forceOrders")[0]["time"]
    assert sides.read(sides.long, "/fapi/v1/forceOrders", symbol="ETHUSDT") == []
    assert len(sides.read(sides.long, "/fapi/v1/forceOrders", startTime=str(at), endTime=str(at))) == 1
    assert sides.read(sides.long, "/fapi/v1/forceOrders", startTime=str(at + 1)) == []
    for params in ({"autoCloseType": "SETTLEMENT"}, {"limit": "101"}):
        with pytest.raises(DialectError):
            sides.read(sides.long, "/fapi/v1/forceOrders", **params)


def test_the_income_of_both_sides_adds_up_to_their_wallets(sides: Sides) -> None:
    for account in (sides.short, sides.long):
        total = sum(float(row["income"]) for row in sides.read(account, "/fapi/v1/income"))
        assert total * ATOMS_PER_QUOTE == pytest.approx(
            sides.desk.venue.state.accounts[account].wallet_balance, rel=1e-12
        )
    cleared = sides.read(sides.long, "/fapi/v1/income", incomeType="INSURANCE_CLEAR")
    assert [row["income"] for row in cleared] == ["-595.00000000"]


def test_a_shared_loss_is_an_adjustment() -> None:
    """The fund begins 10 short of nothing: who is in profit pays for it."""
    engine = EngineRules(loss=LossPolicy.HAIRCUT, backstop=Backstop(kind=BackstopKind.NONE))
    rules = VenueRules(engine=replace(engine), fund_seed=Atoms(-10 * ATOMS_PER_QUOTE))
    sides = Sides(rules)
    told = [message["a"] for message in sides.told(sides.short) if message["e"] == "ACCOUNT_UPDATE"]
    assert [(body["m"], body["P"], body["B"][0]["bc"]) for body in told][-1] == ("ADJUSTMENT", [], "-10.00000000")
    income = sides.read(sides.short, "/fapi/v1/income", incomeType="INSURANCE_CLEAR")
    assert [row["income"] for row in income] == ["-10.00000000"]
