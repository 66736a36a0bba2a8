"""Two stories, of isolated margin and of hedge mode: each answer is a golden file, and has the documented shape."""

import pytest

from exchange.core.commands import DropIndexSource, SetAutoAddMargin, SetIndexPrice
from exchange.core.units import Ticks
from exchange.dialects.binance.text.errors import DialectError
from tests.dialect.conftest import Golden
from tests.dialect.desk import Desk
from tests.dialect.test_story import BTC, LIMIT, Step, misshapen, record, told

ORDER, DUAL, MARGIN = "/fapi/v1/order", "/fapi/v1/positionSide/dual", "/fapi/v1/positionMargin"
MARKET = {**BTC, "type": "MARKET", "newOrderRespType": "RESULT"}

ISOLATED = [
    Step("isolated-set", "POST", "/fapi/v1/marginType", {**BTC, "marginType": "ISOLATED"}, "post-marginType"),
    Step("isolated-order", "POST", ORDER, {**MARKET, "side": "BUY", "quantity": "0.1"}, "post-order-result"),
    Step("isolated-add", "POST", MARGIN, {**BTC, "amount": "100", "type": "1"}, "post-positionMargin"),
    Step("isolated-reduce", "POST", MARGIN, {**BTC, "amount": "40.5", "type": "2"}, "post-positionMargin"),
    Step("isolated-close-half", "POST", ORDER, {**MARKET, "side": "SELL", "quantity": "0.05"}, "post-order-result"),
    Step("isolated-history", "GET", f"{MARGIN}/history", BTC, "get-positionMargin-history"),
    Step("isolated-history-reduced", "GET", f"{MARGIN}/history", {**BTC, "type": "2"}, "get-positionMargin-history"),
    Step("isolated-position-risk-v2", "GET", "/fapi/v2/positionRisk", BTC, "get-v2-positionRisk"),
    Step("isolated-position-risk-v3", "GET", "/fapi/v3/positionRisk", {}, "get-v3-positionRisk"),
    Step("isolated-account-v2", "GET", "/fapi/v2/account", {}, "get-v2-account"),
    Step("isolated-account-v3", "GET", "/fapi/v3/account", {}, "get-v3-account"),
    Step("isolated-balance", "GET", "/fapi/v3/balance", {}, "get-v3-balance"),
    Step("isolated-symbol-config", "GET", "/fapi/v1/symbolConfig", {}, "get-symbolConfig"),
    Step("isolated-adl-quantile", "GET", "/fapi/v1/adlQuantile", {}, "get-adlQuantile"),
]

LONG, SHORT = {"positionSide": "LONG"}, {"positionSide": "SHORT"}
HEDGE = [
    Step("hedge-set", "POST", DUAL, {"dualSidePosition": "true"}, "post-positionSide-dual"),
    Step("hedge-mode", "GET", DUAL, {}, "get-positionSide-dual"),
    Step("hedge-long", "POST", ORDER, {**MARKET, **LONG, "side": "BUY", "quantity": "0.3"}, "post-order-result"),
    Step("hedge-short", "POST", ORDER, {**MARKET, **SHORT, "side": "SELL", "quantity": "0.1"}, "post-order-result"),
    Step(
        "hedge-closing-order",
        "POST",
        ORDER,
        {**LIMIT, **SHORT, "side": "BUY", "quantity": "0.1", "price": "49000", "newClientOrderId": "closing"},
        "post-order",
    ),
    Step(
        "hedge-amend",
        "PUT",
        ORDER,
        {**BTC, **SHORT, "side": "BUY", "quantity": "0.05", "price": "49100", "origClientOrderId": "closing"},
        "put-order",
    ),
    Step("hedge-position-risk-v2", "GET", "/fapi/v2/positionRisk", BTC, "get-v2-positionRisk"),
    Step("hedge-position-risk-v3", "GET", "/fapi/v3/positionRisk", {}, "get-v3-positionRisk"),
    Step("hedge-account-v2", "GET", "/fapi/v2/account", {}, "get-v2-account"),
    Step("hedge-account-v3", "GET", "/fapi/v3/account", {}, "get-v3-account"),
    Step("hedge-account-config", "GET", "/fapi/v1/accountConfig", {}, "get-accountConfig"),
    Step("hedge-user-trades", "GET", "/fapi/v1/userTrades", BTC, "get-userTrades"),
    Step("hedge-adl-quantile", "GET", "/fapi/v1/adlQuantile", {}, "get-adlQuantile-hedge"),
    Step("hedge-close-long", "POST", ORDER, {**MARKET, **LONG, "side": "SELL", "quantity": "0.3"}, "post-order-result"),
]


@pytest.mark.parametrize("steps", [ISOLATED, HEDGE], ids=["isolated", "hedge"])
def test_every_answer_is_as_recorded_and_has_the_documented_shape(steps: list[Step], golden: Golden) -> None:
    """A maker quotes 49990 and 50000, one BTC each, before the trader begins."""
    desk = Desk()
    maker, trader = desk.account(1_000_000), desk.account(10_000)
    for side, price in (("SELL", "50000"), ("BUY", "49990")):
        desk.call(maker, "POST", ORDER, {**LIMIT, "side": side, "quantity": "1", "price": price})
    answers = {step.name: answer for step, answer in told(desk, trader, steps)}
    for step in steps:
        golden(step.name, record(step, answers[step.name]))
    assert list(misshapen(steps, answers)) == []


def test_choices_are_refused_while_something_is_open() -> None:
    """Each refusal of margin type, position mode, leverage and isolated margin, met on the way that leads to it."""
    desk = Desk()
    maker, trader = desk.account(1_000_000), desk.account(10_000)
    isolated, hedge = {**BTC, "marginType": "ISOLATED"}, {"dualSidePosition": "true"}
    sell = {**LIMIT, "side": "SELL", "quantity": "1", "price": "50000"}
    desk.call(maker, "POST", ORDER, sell)

    def code(path: str, params: dict[str, str], *, account: int = trader) -> int:
        with pytest.raises(DialectError) as refused:
            desk.call(account, "POST", path, params)
        return refused.value.code

    assert code("/fapi/v1/marginType", isolated, account=maker) == -4047
    assert code(DUAL, hedge, account=maker) == -4067
    desk.call(trader, "POST", "/fapi/v1/marginType", isolated)
    assert code("/fapi/v1/marginType", isolated) == -4046
    assert code(MARGIN, {**BTC, "amount": "1", "type": "1"}) == -4054
    desk.call(trader, "POST", ORDER, {**MARKET, "side": "BUY", "quantity": "0.1"})
    assert code("/fapi/v1/marginType", {**BTC, "marginType": "CROSSED"}) == -4048
    assert code(DUAL, hedge) == -4068
    assert code("/fapi/v1/leverage", {**BTC, "leverage": "19"}) == -4161
    assert code(MARGIN, {**BTC, "amount": "9750.00000001", "type": "1"}) == -4050
    desk.call(trader, "POST", MARGIN, {**BTC, "amount": "9750", "type": "1"})
    assert code(MARGIN, {**BTC, "amount": "9747.50000001", "type": "2"}) == -4051
    desk.call(trader, "POST", MARGIN, {**BTC, "amount": "9747.5", "type": "2"})


def test_margin_that_the_venue_adds_is_told() -> None:
    """0.1 BTC at 20x from 50,000, with 247.5. A mark of 47,104.7 takes 289.53 of it: up to the initial margin comes.

    That is 47,104.7 * 0.1 / 20 = 235.5235, so 277.5535 to the equity of -42.03.
    """
    desk = Desk()
    maker, trader = desk.account(1_000_000), desk.account(10_000)
    desk.call(maker, "POST", ORDER, {**LIMIT, "side": "SELL", "quantity": "0.1", "price": "50000"})
    desk.call(trader, "POST", "/fapi/v1/marginType", {**BTC, "marginType": "ISOLATED"})
    desk.execute(SetAutoAddMargin(trader, "BTCUSDT", enabled=True))
    desk.call(trader, "POST", ORDER, {**MARKET, "side": "BUY", "quantity": "0.1"})
    desk.execute(SetIndexPrice("BTCUSDT", Ticks(471_000)))
    desk.later(2_000)
    rows = as_rows(desk.call(trader, "GET", f"{MARGIN}/history", {**BTC, "type": "1"}))
    assert [(row["deltaType"], row["amount"]) for row in rows] == [
        ("TRADE", "250.00000000"),
        ("AUTO_ADD", "277.55350000"),
    ]
    [config] = as_rows(desk.call(trader, "GET", "/fapi/v1/symbolConfig", BTC))
    [risk] = as_rows(desk.call(trader, "GET", "/fapi/v2/positionRisk", BTC))
    assert (config["isAutoAddMargin"], risk["isAutoAddMargin"], risk["positionAmt"]) == (True, "true", "0.100")
    assert risk["isolatedWallet"] == "525.05350000"


def test_without_an_index_only_what_is_reduce_only_is_let_in() -> None:
    """An order that would close the position, but does not say that it only reduces, is refused as well."""
    desk = Desk()
    maker, trader = desk.account(1_000_000), desk.account(10_000)
    for side, price in (("SELL", "50000"), ("BUY", "49990")):
        desk.call(maker, "POST", ORDER, {**LIMIT, "side": side, "quantity": "1", "price": price})
    desk.call(trader, "POST", ORDER, {**MARKET, "side": "BUY", "quantity": "0.1"})
    desk.execute(DropIndexSource("BTCUSDT"))
    transfer = {"type": "UMFUTURE_MAIN", "asset": "USDT", "amount": "1"}
    for path, params in (
        (ORDER, {**MARKET, "side": "BUY", "quantity": "0.1"}),
        (ORDER, {**MARKET, "side": "SELL", "quantity": "0.1"}),
        ("/sapi/v1/asset/transfer", transfer),
    ):
        with pytest.raises(DialectError) as refused:
            desk.call(trader, "POST", path, params)
        assert refused.value.code == -4400
    sold = desk.call(trader, "POST", ORDER, {**MARKET, "side": "SELL", "quantity": "0.1", "reduceOnly": "true"})
    assert isinstance(sold, dict)
    assert sold["status"] == "FILLED"


def test_a_stale_index_also_holds_margin_between_cross_and_isolated_positions() -> None:
    """Cross in BTCUSDT, isolated in ETHUSDT. Whose index falls silent decides what is refused."""
    desk = Desk()
    maker, trader = desk.account(1_000_000), desk.account(10_000)
    eth = {"symbol": "ETHUSDT"}
    desk.call(trader, "POST", "/fapi/v1/marginType", {**eth, "marginType": "ISOLATED"})
    for contract, price in ((BTC, "50000"), (eth, "2500")):
        desk.call(maker, "POST", ORDER, {**LIMIT, **contract, "side": "SELL", "quantity": "1", "price": price})
        desk.call(trader, "POST", ORDER, {**MARKET, **contract, "side": "BUY", "quantity": "0.1"})
    add, remove = {**eth, "amount": "5", "type": "1"}, {**eth, "amount": "1", "type": "2"}
    opens = {**LIMIT, **eth, "side": "BUY", "quantity": "0.1", "price": "2400"}
    desk.call(trader, "POST", MARGIN, add)

    def refused(*requests: tuple[str, dict[str, str]]) -> None:
        for path, params in requests:
            with pytest.raises(DialectError) as told:
                desk.call(trader, "POST", path, params)
            assert told.value.code == -4400

    desk.execute(DropIndexSource("BTCUSDT"))
    refused((ORDER, opens), (MARGIN, add))
    desk.call(trader, "POST", MARGIN, remove)
    desk.execute(SetIndexPrice("BTCUSDT", Ticks(500_000)))
    desk.execute(DropIndexSource("ETHUSDT"))
    refused((ORDER, opens), (MARGIN, remove))
    desk.call(trader, "POST", MARGIN, add)


def test_nobody_closes_beyond_bankruptcy() -> None:
    """197.5 of equity: 0.1 BTC may lose 100 against the mark, but not 240."""
    desk = Desk()
    maker, trader = desk.account(1_000_000), desk.account(200)
    desk.call(maker, "POST", ORDER, {**LIMIT, "side": "SELL", "quantity": "0.1", "price": "50000"})
    desk.call(trader, "POST", "/fapi/v1/leverage", {**BTC, "leverage": "50"})
    desk.call(trader, "POST", ORDER, {**MARKET, "side": "BUY", "quantity": "0.1"})
    desk.call(maker, "POST", ORDER, {**LIMIT, "side": "BUY", "quantity": "0.1", "price": "47600"})
    close = {**MARKET, "side": "SELL", "quantity": "0.1", "reduceOnly": "true"}
    with pytest.raises(DialectError) as refused:
        desk.call(trader, "POST", ORDER, close)
    assert refused.value.code == -2019
    desk.call(maker, "POST", ORDER, {**LIMIT, "side": "BUY", "quantity": "0.1", "price": "49000"})
    sold = desk.call(trader, "POST", ORDER, close)
    assert isinstance(sold, dict)
    assert (sold["status"], sold["avgPrice"]) == ("FILLED", "49000.00")


def test_a_plain_order_that_comes_to_open_is_not_checked_again() -> None:
    """103 at 50x. An ask would have closed the long; when another one has, 97 are left, and a short needs 100.2."""
    desk = Desk()
    maker, waiting, again = desk.account(1_000_000), desk.account(103), desk.account(103)
    resting = {**LIMIT, "side": "SELL", "quantity": "0.1", "price": "50100"}
    for trader in (waiting, again):
        desk.call(trader, "POST", "/fapi/v1/leverage", {**BTC, "leverage": "50"})
        for side, price in (("SELL", "50000"), ("BUY", "49990")):
            desk.call(maker, "POST", ORDER, {**LIMIT, "side": side, "quantity": "0.1", "price": price})
        desk.call(trader, "POST", ORDER, {**MARKET, "side": "BUY", "quantity": "0.1"})
        desk.call(trader, "POST", ORDER, resting)
        desk.call(trader, "POST", ORDER, {**MARKET, "side": "SELL", "quantity": "0.1", "reduceOnly": "true"})
    desk.call(again, "DELETE", "/fapi/v1/allOpenOrders", BTC)
    with pytest.raises(DialectError) as refused:
        desk.call(again, "POST", ORDER, resting)
    assert refused.value.code == -2019
    desk.call(maker, "POST", ORDER, {**MARKET, "side": "BUY", "quantity": "0.1"})
    [risk] = as_rows(desk.call(waiting, "GET", "/fapi/v2/positionRisk", BTC))
    assert (risk["positionAmt"], risk["entryPrice"]) == ("-0.100", "50100.00")


def as_rows(answer: object) -> list[dict[str, object]]:
    """Return an answer that is a list of objects."""
    assert isinstance(answer, list)
    return answer
