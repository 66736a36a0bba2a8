"""One story through every trading and account endpoint: each answer is a golden file, and has the documented shape."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.dialect.conftest import Golden
from tests.dialect.desk import Desk

SHAPES = Path(__file__).parent / "shapes"
BTC = {"symbol": "BTCUSDT"}
LIMIT = {**BTC, "type": "LIMIT", "timeInForce": "GTC"}


class Step(NamedTuple):
    """A request of the trader, and the documented sample that its answer must look like."""

    name: str
    method: str
    path: str
    params: dict[str, str]
    shape: str


STEPS = [
    Step("set-leverage", "POST", "/fapi/v1/leverage", {**BTC, "leverage": "21"}, "post-leverage"),
    Step(
        "place-limit-ack",
        "POST",
        "/fapi/v1/order",
        {**LIMIT, "side": "BUY", "quantity": "0.1", "price": "49000", "newClientOrderId": "testOrder"},
        "post-order",
    ),
    Step(
        "amend",
        "PUT",
        "/fapi/v1/order",
        {**BTC, "side": "BUY", "quantity": "0.200", "price": "49100.0", "origClientOrderId": "testOrder"},
        "put-order",
    ),
    Step(
        "place-market-result",
        "POST",
        "/fapi/v1/order",
        {**BTC, "type": "MARKET", "side": "BUY", "quantity": "0.1", "newOrderRespType": "RESULT"},
        "post-order-result",
    ),
    Step("query-order", "GET", "/fapi/v1/order", {**BTC, "origClientOrderId": "testOrder"}, "get-order"),
    Step("query-filled-order", "GET", "/fapi/v1/order", {**BTC, "orderId": "4"}, "get-order"),
    Step("open-order", "GET", "/fapi/v1/openOrder", {**BTC, "origClientOrderId": "testOrder"}, "get-openOrder"),
    Step("open-orders", "GET", "/fapi/v1/openOrders", {}, "get-openOrders"),
    Step("all-orders", "GET", "/fapi/v1/allOrders", BTC, "get-allOrders"),
    Step("user-trades", "GET", "/fapi/v1/userTrades", BTC, "get-userTrades"),
    Step("account-v2", "GET", "/fapi/v2/account", {}, "get-v2-account"),
    Step("account-v3", "GET", "/fapi/v3/account", {}, "get-v3-account"),
    Step("balance-v2", "GET", "/fapi/v2/balance", {}, "get-v2-balance"),
    Step("balance-v3", "GET", "/fapi/v3/balance", {}, "get-v3-balance"),
    Step("position-risk-v2", "GET", "/fapi/v2/positionRisk", {}, "get-v2-positionRisk"),
    Step("position-risk-v3", "GET", "/fapi/v3/positionRisk", {}, "get-v3-positionRisk"),
    Step("cancel", "DELETE", "/fapi/v1/order", {**BTC, "origClientOrderId": "testOrder"}, "delete-order"),
    Step("cancel-all", "DELETE", "/fapi/v1/allOpenOrders", BTC, "delete-allOpenOrders"),
    Step("leverage-brackets", "GET", "/fapi/v1/leverageBracket", BTC, "get-leverageBracket"),
    Step("symbol-config", "GET", "/fapi/v1/symbolConfig", BTC, "get-symbolConfig"),
    Step("commission-rate", "GET", "/fapi/v1/commissionRate", BTC, "get-commissionRate"),
    Step("account-config", "GET", "/fapi/v1/accountConfig", {}, "get-accountConfig"),
    Step("position-mode", "GET", "/fapi/v1/positionSide/dual", {}, "get-positionSide-dual"),
    Step("assets-mode", "GET", "/fapi/v1/multiAssetsMargin", {}, "get-multiAssetsMargin"),
    Step(
        "set-assets-mode",
        "POST",
        "/fapi/v1/multiAssetsMargin",
        {"multiAssetsMargin": "False"},
        "post-multiAssetsMargin",
    ),
    Step(
        "transfer",
        "POST",
        "/sapi/v1/asset/transfer",
        {"type": "UMFUTURE_MAIN", "asset": "USDT", "amount": "100.5"},
        "",
    ),
    Step("income", "GET", "/fapi/v1/income", {}, "get-income"),
]


def told(desk: Desk, trader: int, steps: list[Step]) -> Iterator[tuple[Step, object]]:
    """Yield each step with its answer; half a second passes between steps."""
    for step in steps:
        desk.later(500)
        yield step, desk.call(trader, step.method, step.path, step.params)


@pytest.fixture
def answers() -> dict[str, object]:
    """Return all answers by the name of their step. A maker offers before the trader begins."""
    desk = Desk()
    maker = desk.account(1_000_000)
    trader = desk.account(10_000, funding=500)
    for quantity, price in (("0.060", "50000"), ("1", "50010")):
        desk.call(maker, "POST", "/fapi/v1/order", {**LIMIT, "side": "SELL", "quantity": quantity, "price": price})
    return {step.name: answer for step, answer in told(desk, trader, STEPS)}


def test_every_answer_is_as_recorded(answers: dict[str, object], golden: Golden) -> None:
    for step in STEPS:
        golden(step.name, record(step, answers[step.name]))


def test_every_answer_has_the_documented_shape(answers: dict[str, object]) -> None:
    assert list(misshapen(STEPS, answers)) == []


def record(step: Step, answer: object) -> object:
    """Return what a golden file keeps of a step."""
    return {"request": {"method": step.method, "path": step.path, "params": step.params}, "response": answer}


def misshapen(steps: list[Step], answers: dict[str, object]) -> Iterator[str]:
    """Yield where answers differ in shape from the documented samples that their steps name."""
    for step in steps:
        if step.shape:
            sample = json.loads((SHAPES / f"{step.shape}.json").read_text("utf-8"))
            yield from differences(sample, json.loads(json.dumps(answers[step.name])), step.name)


def differences(sample: object, answer: object, at: str) -> Iterator[str]:
    """Yield where an answer has other keys or JSON types than the sample; lists are compared by their first rows."""
    if type(sample) is not type(answer):
        yield f"{at}: {type(answer).__name__} instead of {type(sample).__name__}"
    elif isinstance(sample, dict) and isinstance(answer, dict):
        for name in sorted(set(sample) ^ set(answer)):
            yield f"{at}.{name}: {'missing' if name in sample else 'not documented'}"
        for name in sorted(set(sample) & set(answer)):
            yield from differences(sample[name], answer[name], f"{at}.{name}")
    elif isinstance(sample, list) and isinstance(answer, list):
        if sample and not answer:
            yield f"{at}: empty"
        for row in answer[: len(sample) and len(answer)]:
            yield from differences(sample[0], row, f"{at}[]")


@pytest.mark.parametrize(
    ("sample", "answer"),
    [({"a": 1}, {}), ({"a": 1}, {"a": "1"}), ({}, {"b": 1}), ([{"a": 1}], []), ([{"a": 1}], [{"a": 1}, {"a": True}])],
)
def test_a_difference_of_shape_is_seen(sample: object, answer: object) -> None:
    assert list(differences(sample, answer, "x"))
