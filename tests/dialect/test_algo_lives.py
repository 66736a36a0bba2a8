"""Random lives of conditional orders through the dialect: what is heard, what is asked and what is kept agree."""

import random
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from exchange.core.commands import SetIndexPrice, SetPositionMode
from exchange.core.units import Ticks
from exchange.dialects.binance.text.errors import DialectError
from tests.dialect.outcome import outcome
from tests.dialect.test_streams_table import Recorder

BTC = {"symbol": "BTCUSDT"}
CALLS = 600
NEXT_STATUSES = {
    "": {"NEW"},
    "NEW": {"TRIGGERING", "CANCELED", "EXPIRED"},
    "TRIGGERING": {"TRIGGERED", "REJECTED"},
    "TRIGGERED": {"FINISHED"},
}
KINDS = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
CLOSINGS = ({"side": "SELL", "positionSide": "LONG"}, {"side": "BUY", "positionSide": "SHORT"})
Row = dict[str, Any]


class Life:
    """Three traders who send whatever comes to their mind around a price that wanders; seeded."""

    def __init__(self, seed: int, *, legacy: bool) -> None:
        self.chance = random.Random(seed)
        self.desk = Recorder(legacy_conditional=legacy)
        self.traders = [self.desk.account(deposit) for deposit in (100_000, 20_000, 2_000)]
        self.hedger = self.traders[1]
        self.desk.execute(SetPositionMode(self.hedger, hedge=True))
        self.price = 50_000
        self.refused = 0

    def live(self) -> None:
        """Make all the calls."""
        for _ in range(CALLS):
            self.price += self.chance.randrange(-60, 61)
            if self.chance.random() < 0.1:
                self.desk.execute(SetIndexPrice("BTCUSDT", Ticks(self.price * 10)))
            self.desk.later(self.chance.choice((1, 50, 2_000)))
            trader = self.chance.choice(self.traders)
            self.refused += isinstance(outcome(self.call_of(trader)), DialectError)

    def call_of(self, trader: int) -> Callable[[], object]:
        """Return a call that comes to a trader's mind."""
        makers = (self.limit, self.limit, self.market, self.conditional, self.conditional, self.cancel, self.flatten)
        method, path, params = self.chance.choice(makers)(trader)
        return lambda: self.desk.call(trader, method, path, params)

    def named(self, trader: int) -> Row:
        """Return what every order names: contract, side, quantity, in hedge mode the position."""
        sides = {"positionSide": self.chance.choice(("LONG", "SHORT"))} if trader == self.hedger else {}
        quantity = f"{self.chance.randrange(1, 80) / 1000:.3f}"
        return {**BTC, "side": self.chance.choice(("BUY", "SELL")), "quantity": quantity, **sides}

    def around(self, spread: int) -> str:
        return str(self.price + self.chance.randrange(-spread, spread + 1))

    def limit(self, trader: int) -> tuple[str, str, Row]:
        life = self.chance.choice(("GTC", "GTC", "IOC", "GTX"))
        return (
            "POST",
            "/fapi/v1/order",
            {**self.named(trader), "type": "LIMIT", "timeInForce": life, "price": self.around(40)},
        )

    def market(self, trader: int) -> tuple[str, str, Row]:
        return "POST", "/fapi/v1/order", {**self.named(trader), "type": "MARKET"}

    def flatten(self, trader: int) -> tuple[str, str, Row]:
        """Close a position as far as the book lets it."""
        sent = {**BTC, "type": "MARKET", "quantity": "10"}
        if trader == self.hedger:
            return "POST", "/fapi/v1/order", {**sent, **self.chance.choice(CLOSINGS)}
        side = "SELL" if self.desk.venue.state.accounts[trader].leg("BTCUSDT").position.quantity > 0 else "BUY"
        return "POST", "/fapi/v1/order", {**sent, "side": side, "reduceOnly": "true"}

    def conditional(self, trader: int) -> tuple[str, str, Row]:
        kind = self.chance.choice(KINDS)
        sent = self.named(trader) | {"type": kind, "workingType": self.chance.choice(("MARK_PRICE", "CONTRACT_PRICE"))}
        if kind == "TRAILING_STOP_MARKET":
            sent["callbackRate"] = self.chance.choice(("0.1", "0.2"))
        else:
            sent["stopPrice" if self.desk.legacy_conditional else "triggerPrice"] = self.around(150)
        if kind in {"STOP", "TAKE_PROFIT"}:
            sent |= self.chance.choice(
                ({"price": self.around(100)}, {"priceMatch": "QUEUE"}, {"priceMatch": "OPPONENT"})
            )
        elif kind != "TRAILING_STOP_MARKET" and self.chance.random() < 0.3:
            sent = {name: value for name, value in sent.items() if name != "quantity"} | {"closePosition": "true"}
        if self.desk.legacy_conditional:
            return "POST", "/fapi/v1/order", sent
        return "POST", "/fapi/v1/algoOrder", {**sent, "algoType": "CONDITIONAL"}

    def cancel(self, trader: int) -> tuple[str, str, Row]:
        waiting = list(self.desk.venue.state.accounts[trader].conditionals)
        chosen = str(self.chance.choice(waiting)) if waiting else "1"
        if self.desk.legacy_conditional:
            return "DELETE", "/fapi/v1/order", {**BTC, "orderId": chosen}
        return "DELETE", "/fapi/v1/algoOrder", {"algoId": chosen}

    def heard(self, trader: int) -> list[Row]:
        """Return all that a trader ever heard."""
        return [dict(message.payload) for message in self.desk.messages(trader)]


@pytest.fixture(scope="module", params=[(31, False), (32, False), (33, True)], ids=str)
def life(request: pytest.FixtureRequest) -> Life:
    """Return a life that is over: seeds 31 to 33, the last one on a venue that takes stops the old way."""
    seed, legacy = request.param
    lived = Life(seed, legacy=legacy)
    lived.live()
    return lived


def algo_updates(life: Life, trader: int) -> dict[int, list[Row]]:
    """Return what was heard of each conditional order, by its id."""
    told: dict[int, list[Row]] = defaultdict(list)
    for message in life.heard(trader):
        if message["e"] == "ALGO_UPDATE":
            told[message["o"]["aid"]].append(message["o"])
    return told


def test_the_life_has_everything(life: Life) -> None:
    told = [update for trader in life.traders for updates in algo_updates(life, trader).values() for update in updates]
    assert {update["X"] for update in told} == {
        "NEW",
        "TRIGGERING",
        "TRIGGERED",
        "FINISHED",
        "CANCELED",
        "REJECTED",
        "EXPIRED",
    }
    assert {update["o"] for update in told} == set(KINDS)
    assert 0 < life.refused < CALLS / 2


def test_statuses_follow_each_other_as_they_may(life: Life) -> None:
    for trader in life.traders:
        for updates in algo_updates(life, trader).values():
            statuses = ["", *(update["X"] for update in updates)]
            for before, after in pairwise(statuses):
                assert after in NEXT_STATUSES[before], statuses


def test_what_waits_is_what_was_told_and_is_over_no_more(life: Life) -> None:
    for trader in life.traders:
        told = algo_updates(life, trader)
        rows: Any = life.desk.call(trader, "GET", "/fapi/v1/openAlgoOrders", {})
        assert [row["algoId"] for row in rows] == [number for number in sorted(told) if told[number][-1]["X"] == "NEW"]


def test_a_query_answers_what_was_heard_last(life: Life) -> None:
    for trader in life.traders:
        for number, updates in algo_updates(life, trader).items():
            row: Any = life.desk.call(trader, "GET", "/fapi/v1/algoOrder", {"algoId": str(number)})
            last = updates[-1]
            assert (row["algoStatus"], row["actualOrderId"], row["clientAlgoId"]) == (
                last["X"],
                last["ai"],
                last["caid"],
            )
            assert (row["reduceOnly"], row["closePosition"], row["quantity"]) == (last["R"], last["cp"], last["q"])
            if last["X"] == "FINISHED":
                assert float(row["actualQty"]) == float(last["aq"])


def test_trades_are_heard_before_the_end_and_add_up_to_it(life: Life) -> None:
    for trader in life.traders:
        filled: dict[str, float] = defaultdict(float)
        for message in life.heard(trader):
            body: Row = message.get("o", {})
            if message["e"] == "ORDER_TRADE_UPDATE":
                filled[str(body["i"])] += float(body["l"])
            elif message["e"] == "ALGO_UPDATE" and body["X"] == "FINISHED":
                assert filled[body["ai"]] == pytest.approx(float(body["aq"]), abs=1e-9)


def test_an_order_and_what_it_came_from_know_each_other(life: Life) -> None:
    for trader in life.traders:
        for number, updates in algo_updates(life, trader).items():
            last = updates[-1]
            if last["ai"]:
                row: Any = life.desk.call(trader, "GET", "/fapi/v1/order", {**BTC, "orderId": last["ai"]})
                assert (row["origType"], row["clientOrderId"], row["stopPrice"]) == (
                    last["o"],
                    last["caid"],
                    last["tp"],
                )
                assert (last["X"] == "TRIGGERED") == (row["status"] in {"NEW", "PARTIALLY_FILLED"}), number


def test_a_replay_of_the_events_keeps_the_same(life: Life) -> None:
    for trader in life.traders:
        rows: Any = life.desk.call(trader, "GET", "/fapi/v1/allAlgoOrders", {**BTC, "limit": "1000"})
        told = algo_updates(life, trader)
        assert [(row["algoId"], row["algoStatus"]) for row in rows] == [
            (number, told[number][-1]["X"]) for number in sorted(told)
        ]
