"""The statistics endpoints behind their routes: figures of a small story, documented shapes, times and refusals."""

import json

import pytest

from exchange.dialects.binance.rest.statistics_routes import STATISTICS_ROUTES
from exchange.dialects.binance.text.errors import DialectError
from exchange.projections.interest import SLOT_MS
from tests.dialect.conftest import Golden
from tests.dialect.desk import START, Desk
from tests.dialect.test_market_routes import order
from tests.dialect.test_story import SHAPES, differences

BTC = {"symbol": "BTCUSDT", "period": "5m"}
BASIS = {"pair": "BTCUSDT", "contractType": "PERPETUAL", "period": "5m"}
START_MS = START // 10**6  # on the grid of five minutes


@pytest.fixture
def desk() -> Desk:
    """A venue in whose first five minutes 0.1 was bought, in whose second one 0.04 was sold back, and a bit more."""
    desk = Desk()
    maker, taker, third = desk.account(1_000_000), desk.account(1_000_000), desk.account(1_000_000)
    order(desk, maker, "SELL", "0.100", "50010")
    order(desk, taker, "BUY", "0.060", "50010")
    order(desk, third, "BUY", "0.040", "50010")
    desk.later(SLOT_MS)
    order(desk, maker, "BUY", "0.040", "49990")
    order(desk, third, "SELL", "0.040", "49990")
    desk.later(SLOT_MS + 1_000)
    return desk


def read(desk: Desk, name: str, **params: object) -> list[dict[str, object]]:
    named = {**(BASIS if name == "basis" else BTC), **{key: str(value) for key, value in params.items()}}
    answer = json.loads(json.dumps(desk.call(0, "GET", f"/futures/data/{name}", named)))
    assert isinstance(answer, list)
    return answer


def test_every_answer_is_as_recorded(desk: Desk, golden: Golden) -> None:
    for route in STATISTICS_ROUTES:
        name = route.path.rpartition("/")[2]
        request = {"path": route.path, "params": BASIS if name == "basis" else BTC}
        golden(f"statistics-{name}", {"request": request, "response": read(desk, name)})


def test_every_answer_has_the_documented_shape(desk: Desk) -> None:
    for name in ("openInterestHist", "globalLongShortAccountRatio", "takerlongshortRatio", "basis"):
        sample = json.loads((SHAPES / f"get-futures-data-{name}.json").read_text("utf-8"))
        assert list(differences(sample, read(desk, name), name)) == []


def test_open_interest_is_told_as_of_the_end_of_each_period(desk: Desk) -> None:
    rows = read(desk, "openInterestHist")
    assert [(row["timestamp"], row["sumOpenInterest"]) for row in rows] == [
        (START_MS + SLOT_MS, "0.100"),
        (START_MS + 2 * SLOT_MS, "0.060"),
    ]
    mark = desk.market_data.markets["BTCUSDT"].mark.mark_price
    assert rows[1]["sumOpenInterestValue"] == f"{mark * 0.1 * 0.06:.8f}"
    assert [row["timestamp"] for row in read(desk, "openInterestHist", limit=1)] == [START_MS + 2 * SLOT_MS]
    assert [row["timestamp"] for row in read(desk, "openInterestHist", startTime=0, limit=1)] == [START_MS + SLOT_MS]
    assert read(desk, "openInterestHist", startTime=START_MS + SLOT_MS + 1, endTime=START_MS + 2 * SLOT_MS - 1) == []


def test_nothing_is_told_of_a_contract_that_nobody_ever_held(desk: Desk) -> None:
    assert read(desk, "openInterestHist", symbol="ETHUSDT") == []
    assert read(desk, "globalLongShortAccountRatio", symbol="ETHUSDT") == []


def test_accounts_are_counted_by_the_side_they_hold(desk: Desk) -> None:
    rows = read(desk, "globalLongShortAccountRatio")
    told = [(row["longShortRatio"], row["longAccount"], row["shortAccount"]) for row in rows]
    assert told == [("2.0000", "0.6667", "0.3333"), ("1.0000", "0.5000", "0.5000")]


def test_what_takers_did_is_told_by_the_begin_of_the_period(desk: Desk) -> None:
    rows = read(desk, "takerlongshortRatio")
    assert [(row["timestamp"], row["buyVol"], row["sellVol"], row["buySellRatio"]) for row in rows] == [
        (START_MS, "0.100", "0.000", "0.0000"),
        (START_MS + SLOT_MS, "0.000", "0.040", "0.0000"),
    ]


def test_the_basis_is_the_last_price_above_the_index(desk: Desk) -> None:
    rows = read(desk, "basis")
    assert [(row["timestamp"], row["basis"], row["basisRate"]) for row in rows] == [
        (START_MS + SLOT_MS, "10.00000000", "0.0002"),
        (START_MS + 2 * SLOT_MS, "-10.00000000", "-0.0002"),
    ]
    assert read(desk, "basis", contractType="NEXT_QUARTER") == []
    assert [row["timestamp"] for row in read(desk, "basis", endTime=START_MS + SLOT_MS)] == [START_MS + SLOT_MS]
    assert read(desk, "basis", endTime=1) == []


@pytest.mark.parametrize("name", ["topLongShortAccountRatio", "topLongShortPositionRatio"])
def test_nobody_follows_the_top_traders(desk: Desk, name: str) -> None:
    assert read(desk, name) == []


@pytest.mark.parametrize("route", STATISTICS_ROUTES, ids=lambda route: route.path)
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"period": "1m"}, -1130),
        ({"period": ""}, -1102),
        ({"limit": "501"}, -1130),
        ({"symbol": "NONE", "pair": "NONE"}, -1121),
        ({"startTime": "2", "endTime": "1"}, -1023),
    ],
)
def test_what_is_asked_wrongly_is_refused(desk: Desk, route: object, wrong: dict[str, str], code: int) -> None:
    path = getattr(route, "path", "")
    with pytest.raises(DialectError) as refused:
        desk.call(0, "GET", path, {**BTC, **BASIS, **wrong})
    assert refused.value.code == code
