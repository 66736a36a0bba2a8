"""Every market-data endpoint behind its route: golden files, documented shapes, and which error refuses what."""

import json
import re
from importlib.resources import files

import pytest

from exchange.core.commands import DropIndexSource, SetIndexPrice, SetMarketState
from exchange.core.contract import parse_contract
from exchange.core.enums import MarketState, PositionSide
from exchange.core.rules import VenueRules
from exchange.core.units import Atoms, Ticks
from exchange.core.venue import Venue
from exchange.dialects.binance.bodies.market import exchange_info_json
from exchange.dialects.binance.door.limits import WEIGHT_PER_MINUTE
from exchange.dialects.binance.rest.market_routes import MARKET_ROUTES
from exchange.dialects.binance.rest.routes import find
from exchange.dialects.binance.route import Params, weight_of
from exchange.dialects.binance.text.errors import DialectError
from exchange.dialects.binance.text.numbers import rate_text
from exchange.projections.bars import INTERVALS, MINUTE_MS
from exchange.projections.candles import Candle
from tests.dialect.conftest import Golden
from tests.dialect.desk import START, Desk, shipped_contracts
from tests.dialect.test_story import SHAPES, differences

BTC = {"symbol": "BTCUSDT"}
PERPETUAL = {"pair": "BTCUSDT", "contractType": "PERPETUAL"}
START_MS = START // 10**6
FUNDING_MS = 8 * 3600 * 1000
CONTRACT_FOLDER = files("exchange") / "data" / "contracts"

# name of the golden file, path after /fapi, parameters, documented sample
READS: list[tuple[str, str, Params, str]] = [
    ("ping", "/v1/ping", {}, "get-ping"),
    ("time", "/v1/time", {}, "get-time"),
    ("exchange-info", "/v1/exchangeInfo", {}, "get-exchangeInfo"),
    ("depth", "/v1/depth", {**BTC, "limit": "5"}, "get-depth"),
    ("trades", "/v1/trades", BTC, "get-trades"),
    ("agg-trades", "/v1/aggTrades", BTC, "get-aggTrades"),
    ("klines", "/v1/klines", {**BTC, "interval": "1m"}, ""),  # its places have kinds of their own, see below
    ("mark-price-klines", "/v1/markPriceKlines", {**BTC, "interval": "1m"}, ""),
    ("index-price-klines", "/v1/indexPriceKlines", {"pair": "BTCUSDT", "interval": "1m"}, ""),
    ("premium-index-klines", "/v1/premiumIndexKlines", {**BTC, "interval": "1m"}, ""),
    ("premium-index", "/v1/premiumIndex", BTC, "get-premiumIndex"),
    ("funding-rate", "/v1/fundingRate", BTC, "get-fundingRate"),
    ("funding-info", "/v1/fundingInfo", {}, "get-fundingInfo"),
    ("ticker-24hr", "/v1/ticker/24hr", BTC, "get-ticker-24hr"),
    ("ticker-book", "/v1/ticker/bookTicker", BTC, "get-ticker-bookTicker"),
    ("ticker-price", "/v1/ticker/price", BTC, "get-ticker-price"),
    ("ticker-price-v2", "/v2/ticker/price", BTC, "get-v2-ticker-price"),
    ("open-interest", "/v1/openInterest", BTC, "get-openInterest"),
    ("historical-trades", "/v1/historicalTrades", {**BTC, "fromId": "2"}, "get-historicalTrades"),
    ("continuous-klines", "/v1/continuousKlines", {**PERPETUAL, "interval": "1m"}, ""),
    ("rpi-depth", "/v1/rpiDepth", BTC, "get-rpiDepth"),
    ("insurance-balance", "/v1/insuranceBalance", BTC, "get-insuranceBalance"),
    ("symbol-adl-risk", "/v1/symbolAdlRisk", BTC, "get-symbolAdlRisk"),
    ("constituents", "/v1/constituents", BTC, "get-constituents"),
]


def order(desk: Desk, account: int, side: str, quantity: str, price: str) -> None:
    params = {"type": "LIMIT", "timeInForce": "GTC", "side": side, "quantity": quantity, "price": price}
    desk.call(account, "POST", "/fapi/v1/order", {**BTC, **params})


@pytest.fixture
def desk() -> Desk:
    """A venue on which a funding was paid and three sweeps were traded, a minute apart, the last ten seconds ago."""
    desk = Desk(ts=START + (FUNDING_MS - 2_000) * 10**6)
    maker, taker = desk.account(1_000_000), desk.account(1_000_000)
    desk.later(2_000)
    for price in ("50000", "50000", "50010.5", "50020"):
        order(desk, maker, "SELL", "0.100", price)
    order(desk, maker, "BUY", "0.300", "49990")
    order(desk, taker, "BUY", "0.250", "50015")
    desk.later(MINUTE_MS)
    order(desk, taker, "SELL", "0.010", "49990")
    desk.later(MINUTE_MS)
    order(desk, taker, "BUY", "0.020", "50015")
    desk.later(10_000)
    return desk


def read(desk: Desk, path: str, **params: object) -> object:
    return desk.call(0, "GET", f"/fapi{path}", {name: str(value) for name, value in params.items()})


def test_every_answer_is_as_recorded(desk: Desk, golden: Golden) -> None:
    for name, path, params, _ in READS:
        response = desk.call(0, "GET", f"/fapi{path}", params)
        golden(f"market-{name}", {"request": {"path": path, "params": dict(params)}, "response": response})


def test_every_answer_has_the_documented_shape(desk: Desk) -> None:
    for name, path, params, shape in READS:
        if not shape:
            continue
        sample = json.loads((SHAPES / f"{shape}.json").read_text("utf-8"))
        answer = json.loads(json.dumps(desk.call(0, "GET", f"/fapi{path}", params)))
        if name == "exchange-info":
            for row in (*sample["symbols"], *answer["symbols"]):
                assert isinstance(row.pop("underlyingSubType"), list), "tags, none here"
                assert isinstance(row.pop("filters"), list), "compared one by one below"
        if name == "ticker-book":
            assert isinstance(answer.pop("lastUpdateId"), int), "which the WebSocket API tells, and REST may"
        assert list(differences(sample, answer, name)) == []


def test_exchange_info_offers_the_words_and_filters_that_clients_expect(desk: Desk) -> None:
    sample = json.loads((SHAPES / "get-exchangeInfo.json").read_text("utf-8"))
    answer = json.loads(json.dumps(read(desk, "/v1/exchangeInfo")))
    for name in ("orderTypes", "timeInForce", "filters", "contractType", "deliveryDate", "pair", "status"):
        assert answer["symbols"][0][name] == sample["symbols"][0][name], name
    assert answer["rateLimits"] == sample["rateLimits"]
    assert [row["symbol"] for row in answer["symbols"]] == ["BTCUSDT", "ETHUSDT"]


def test_exchange_info_tells_the_rules_of_this_venue() -> None:
    venue = Venue(VenueRules(max_amendments=7), shipped_contracts())
    rows = json.loads(json.dumps(exchange_info_json(venue.state, [], START_MS)))["symbols"]
    assert [row["maxMoveOrderLimit"] for row in rows] == [7, 7]


def test_a_kline_is_twelve_places_with_integers_at_0_6_and_8(desk: Desk) -> None:
    rows = json.loads(json.dumps(read(desk, "/v1/klines", **BTC, interval="1m")))
    kinds = [int, str, str, str, str, str, int, str, int, str, str, str]
    assert [[type(place) for place in row] for row in rows] == [kinds] * 3
    assert [row[8] for row in rows] == [3, 1, 1]
    assert rows[0][6] == rows[0][0] + MINUTE_MS - 1


@pytest.mark.parametrize(
    ("kind", "named"), [("markPrice", "symbol"), ("indexPrice", "pair"), ("premiumIndex", "symbol")]
)
def test_a_kline_of_a_price_has_the_same_places_and_no_volume(desk: Desk, kind: str, named: str) -> None:
    rows = json.loads(json.dumps(read(desk, f"/v1/{kind}Klines", **{named: "BTCUSDT"}, interval="1m")))
    (sample,) = json.loads((SHAPES / f"get-{kind}Klines.json").read_text("utf-8"))
    assert [[type(place) for place in row] for row in rows] == [[type(place) for place in sample]] * len(rows)
    assert [row[8] for row in rows[1:]] == [60, 60, 11], "a mark a second; the candles are of two minutes and a bit"
    for row in rows:
        assert row[6] == row[0] + MINUTE_MS - 1
        assert (row[5], row[7], row[9:]) == ("0", "0", ["0", "0", "0"])
    newest = json.loads(json.dumps(read(desk, "/v1/premiumIndex", **BTC)))
    told = {"markPrice": newest["markPrice"], "indexPrice": newest["indexPrice"]}
    assert kind not in told or rows[-1][4] == told[kind][:-6]
    assert [len(row[4].partition(".")[2]) for row in rows] == [len(sample[4].partition(".")[2])] * len(rows)


def test_the_rate_of_the_funding_to_come_follows_the_book(desk: Desk) -> None:
    def told(path: str, name: str) -> str:
        answer = json.loads(json.dumps(read(desk, path, **BTC)))
        return str((answer[-1] if isinstance(answer, list) else answer)[name])

    assert told("/v1/premiumIndex", "lastFundingRate") == "0.00010000", "the interest alone"
    assert told("/v1/fundingRate", "fundingRate") == "0.00010000"
    order(desk, desk.account(100_000_000), "BUY", "50.000", "50100")  # 20 basis points above the index: longs will pay
    desk.later(MINUTE_MS)
    first = told("/v1/premiumIndex", "lastFundingRate")
    assert first == rate_text(desk.market_data.markets["BTCUSDT"].mark.funding_rate)
    assert 0.0001 < float(first) < 0.0015
    settled_ms = told("/v1/premiumIndex", "nextFundingTime")
    desk.later(FUNDING_MS)
    assert told("/v1/fundingRate", "fundingTime") == settled_ms
    assert told("/v1/fundingRate", "fundingRate") == rate_text(desk.venue.state.markets["BTCUSDT"].funding_rate)
    assert float(first) < float(told("/v1/fundingRate", "fundingRate")) <= 0.0015


def test_the_interval_told_is_the_one_that_runs() -> None:
    """A contract whose cap is its floor settles at both: the next interval is the shortened one."""
    written = (CONTRACT_FOLDER / "BTCUSDT.toml").read_text("utf-8")
    flat = re.sub(r'(?m)^(cap|floor) = "-?0.003"$', r'\1 = "0.0001"', written)
    desk = Desk(contracts=[parse_contract(flat)], ts=START)
    info = json.loads(json.dumps(read(desk, "/v1/fundingInfo")))
    assert info == [
        {
            "symbol": "BTCUSDT",
            "adjustedFundingRateCap": "0.00010000",
            "adjustedFundingRateFloor": "0.00010000",
            "fundingIntervalHours": 8,
            "disclaimer": False,
        }
    ]
    desk.later(FUNDING_MS)
    (settled,) = json.loads(json.dumps(read(desk, "/v1/fundingRate")))
    (info,) = json.loads(json.dumps(read(desk, "/v1/fundingInfo")))
    told = json.loads(json.dumps(read(desk, "/v1/premiumIndex", **BTC)))
    assert (settled["fundingRate"], info["fundingIntervalHours"]) == ("0.00010000", 1)
    assert told["nextFundingTime"] == settled["fundingTime"] + 3_600_000
    assert desk.market_data.markets["BTCUSDT"].mark.next_funding_ms == told["nextFundingTime"]


def test_a_stale_index_leaves_the_symbol_trading_and_a_halt_does_not(desk: Desk) -> None:
    def status() -> str:
        return str(json.loads(json.dumps(read(desk, "/v1/exchangeInfo")))["symbols"][0]["status"])

    desk.execute(DropIndexSource("BTCUSDT"))
    assert desk.venue.state.markets["BTCUSDT"].state is MarketState.INDEX_STALE
    assert status() == "TRADING"
    desk.execute(SetMarketState("BTCUSDT", MarketState.HALTED))
    assert status() == "PENDING_TRADING"


def test_aggregate_trades_join_the_fills_of_one_order_at_one_price(desk: Desk) -> None:
    rows = json.loads(json.dumps(read(desk, "/v1/aggTrades", **BTC)))
    assert [(row["a"], row["p"], row["q"], row["f"], row["l"], row["m"]) for row in rows] == [
        (1, "50000.00", "0.200", 1, 2, False),
        (2, "50010.50", "0.050", 3, 3, False),
        (3, "49990.00", "0.010", 4, 4, True),
        (4, "50010.50", "0.020", 5, 5, False),
    ]

    def ids(**asked: object) -> list[int]:
        return [row["a"] for row in json.loads(json.dumps(read(desk, "/v1/aggTrades", **BTC, **asked)))]

    second = rows[2]["T"]
    assert ids(fromId=2, limit=2) == [2, 3]
    assert ids(limit=1) == [4]
    assert ids(startTime=second) == [3, 4]
    assert ids(startTime=second, endTime=second) == [3]
    assert ids(endTime=second - 1) == [1, 2]


def test_the_snapshot_is_the_book_of_the_venue(desk: Desk) -> None:
    answer = json.loads(json.dumps(read(desk, "/v1/depth", **BTC)))
    assert answer["bids"] == [["49990.00", "0.290"]]
    assert answer["asks"] == [["50010.50", "0.030"], ["50020.00", "0.100"]]
    assert answer["lastUpdateId"] == 2 * desk.venue.state.markets["BTCUSDT"].book_update_id + 1


def test_candles_of_the_perpetual_are_those_of_its_contract(desk: Desk) -> None:
    named = read(desk, "/v1/continuousKlines", **PERPETUAL, interval="1m")
    assert named == read(desk, "/v1/klines", **BTC, interval="1m")


def test_old_trades_are_told_from_an_id_on(desk: Desk) -> None:
    def ids(**asked: object) -> list[int]:
        return [row["id"] for row in json.loads(json.dumps(read(desk, "/v1/historicalTrades", **BTC, **asked)))]

    assert ids() == [1, 2, 3, 4, 5]
    assert ids(limit=2) == [4, 5]
    assert ids(fromId=2, limit=3) == [2, 3, 4]
    assert ids(fromId=9) == []


def test_the_fund_is_one_pool_told_as_an_object_for_a_symbol() -> None:
    desk = Desk(rules=VenueRules(fund_seed=Atoms(1_000 * 10**8)))
    pool = json.loads(json.dumps(read(desk, "/v1/insuranceBalance", **BTC)))
    assert pool["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert pool["assets"][0]["marginBalance"] == "1000.00000000"
    assert read(desk, "/v1/insuranceBalance") == [pool]


def test_a_deleveraging_is_near_when_the_fund_has_nothing_left() -> None:
    def risks(desk: Desk) -> list[str]:
        return [row["adlRisk"] for row in json.loads(json.dumps(read(desk, "/v1/symbolAdlRisk")))]

    desk = Desk(rules=VenueRules(fund_seed=Atoms(1_000 * 10**8)))
    assert risks(desk) == ["low", "low"]
    fund = desk.venue.state.fund
    fund.holdings["ETHUSDT"].legs[PositionSide.BOTH].position.quantity = 1
    assert risks(desk) == ["low", "medium"]
    fund.cross_wallet = Atoms(-(10**12))  # beyond what the lot is worth
    assert risks(desk) == ["high", "high"]


def test_without_a_symbol_all_contracts_are_told(desk: Desk) -> None:
    for path in (
        "/v1/symbolAdlRisk",
        "/v1/premiumIndex",
        "/v1/ticker/24hr",
        "/v1/ticker/bookTicker",
        "/v1/ticker/price",
        "/v2/ticker/price",
    ):
        rows = json.loads(json.dumps(read(desk, path)))
        assert [row["symbol"] for row in rows] == ["BTCUSDT", "ETHUSDT"], path
    fundings = json.loads(json.dumps(read(desk, "/v1/fundingRate")))
    assert sorted(row["symbol"] for row in fundings) == ["BTCUSDT", "ETHUSDT"]


def test_before_the_first_trade_the_last_price_is_the_mark() -> None:
    desk = Desk()
    assert json.loads(json.dumps(read(desk, "/v1/ticker/price", **BTC)))["price"] == "50000.00"
    assert read(desk, "/v1/klines", **BTC, interval="1h") == []
    assert json.loads(json.dumps(read(desk, "/v1/ticker/24hr", **BTC)))["count"] == 0


def test_before_the_first_trade_of_a_played_path_the_last_price_is_that_of_its_newest_candle() -> None:
    desk = Desk()
    bar = Candle(START_MS - MINUTE_MS, 499_000, 499_500, 498_000, 499_100, 10, 49_900_000_000, 3)
    desk.market_data.seed("BTCUSDT", "1m", [bar])
    assert json.loads(json.dumps(read(desk, "/v1/ticker/price", **BTC)))["price"] == "49910.00"
    assert json.loads(json.dumps(read(desk, "/v1/ticker/24hr", **BTC)))["lastPrice"] == "49910.00"
    order(desk, desk.account(10_000), "SELL", "0.010", "49950")
    order(desk, desk.account(10_000), "BUY", "0.010", "49950")
    assert json.loads(json.dumps(read(desk, "/v1/ticker/price", **BTC)))["price"] == "49950.00"


def test_the_index_price_is_told_at_once_and_the_mark_at_its_tick() -> None:
    desk = Desk()
    desk.execute(SetIndexPrice("BTCUSDT", Ticks(510_000)))
    before = json.loads(json.dumps(read(desk, "/v1/premiumIndex", **BTC)))
    assert (before["indexPrice"], before["markPrice"]) == ("51000.00000000", "50000.00000000")
    assert desk.market_data.markets["BTCUSDT"].mark.mark_price == 500_000
    desk.later(1_000)
    assert json.loads(json.dumps(read(desk, "/v1/premiumIndex", **BTC)))["markPrice"] != "50000.00000000"


def test_a_listen_key_lives_an_hour_and_is_extended() -> None:
    desk = Desk()
    account = desk.account(1)

    def call(method: str) -> object:
        answer = desk.call(account, method, "/fapi/v1/listenKey", {"timestamp": "ignored"})
        sample = json.loads((SHAPES / f"{method.lower()}-listenKey.json").read_text("utf-8"))
        assert list(differences(sample, answer, method)) == []
        return answer

    with pytest.raises(DialectError) as refused:
        call("PUT")
    assert refused.value.code == -1125
    assert call("POST") == {"listenKey": "a-listen-key"}
    desk.later(59 * MINUTE_MS)
    assert call("PUT") == {"listenKey": "a-listen-key"}
    desk.later(59 * MINUTE_MS)
    assert desk.listen_keys.account_of("a-listen-key", desk.ts // 10**6) == account
    assert desk.listen_keys.expire(desk.ts // 10**6) == []
    desk.later(MINUTE_MS)
    assert desk.listen_keys.account_of("a-listen-key", desk.ts // 10**6) is None
    assert [held.key for held in desk.listen_keys.expire(desk.ts // 10**6)] == ["a-listen-key"]
    call("POST")
    assert call("DELETE") == {}
    assert call("DELETE") == {}
    with pytest.raises(DialectError) as refused:
        call("PUT")
    assert refused.value.code == -1125


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_named_listen_key_must_be_the_accounts_own(method: str) -> None:
    desk = Desk()
    account = desk.account(1)
    assert desk.call(account, "POST", "/fapi/v1/listenKey", {}) == {"listenKey": "a-listen-key"}
    with pytest.raises(DialectError) as refused:
        desk.call(account, method, "/fapi/v1/listenKey", {"listenKey": "wrong"})
    assert refused.value.code == -1125
    assert desk.listen_keys.account_of("a-listen-key", desk.ts // 10**6) == account
    desk.call(account, method, "/fapi/v1/listenKey", {"listenKey": "a-listen-key"})


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("/v1/depth", {}, -1102),
        ("/v1/depth", {"symbol": ""}, -1102),
        ("/v1/depth", {"symbol": "btcusdt"}, -1121),
        ("/v1/depth", {**BTC, "limit": "7"}, -1130),
        ("/v1/depth", {**BTC, "limit": "0"}, -1130),
        ("/v1/depth", {**BTC, "limit": "-5"}, -1130),
        ("/v1/depth", {**BTC, "limit": "five"}, -1100),
        ("/v1/depth", {**BTC, "limit": "9" * 40}, -1100),
        ("/v1/klines", {**BTC}, -1102),
        ("/v1/klines", {**BTC, "interval": "7m"}, -1120),
        ("/v1/klines", {**BTC, "interval": "1m", "limit": "1501"}, -1130),
        ("/v1/klines", {**BTC, "interval": "1m", "limit": "0"}, -1130),
        ("/v1/klines", {**BTC, "interval": "1m", "startTime": "-1"}, -1130),
        ("/v1/klines", {**BTC, "interval": "1M", "startTime": "9" * 19}, -1130),
        ("/v1/klines", {**BTC, "interval": "1m", "startTime": "2", "endTime": "1"}, -1023),
        ("/v1/markPriceKlines", {**BTC}, -1102),
        ("/v1/markPriceKlines", {"pair": "BTCUSDT", "interval": "1m"}, -1102),
        ("/v1/indexPriceKlines", {**BTC, "interval": "1m"}, -1102),
        ("/v1/indexPriceKlines", {"pair": "BTC", "interval": "1m"}, -1121),
        ("/v1/premiumIndexKlines", {**BTC, "interval": "1s"}, -1120),
        ("/v1/premiumIndexKlines", {**BTC, "interval": "1m", "limit": "1501"}, -1130),
        ("/v1/aggTrades", {**BTC, "startTime": "2", "endTime": "1"}, -1023),
        ("/v1/trades", {"symbol": "DOGEUSDT"}, -1121),
        ("/v1/trades", {**BTC, "limit": "1001"}, -1130),
        ("/v1/aggTrades", {**BTC, "fromId": "1", "startTime": "1"}, -1128),
        ("/v1/aggTrades", {**BTC, "limit": "1e3"}, -1100),
        ("/v1/ticker/24hr", {"symbol": "NONE"}, -1121),
        ("/v1/openInterest", {}, -1102),
        ("/v1/continuousKlines", {"pair": "BTCUSDT", "interval": "1m"}, -1102),
        ("/v1/continuousKlines", {**PERPETUAL, "contractType": "CURRENT_QUARTER", "interval": "1m"}, -1130),
        ("/v1/historicalTrades", {**BTC, "fromId": "x"}, -1100),
        ("/v1/rpiDepth", {**BTC, "limit": "7"}, -1130),
        ("/v1/insuranceBalance", {"symbol": "NONE"}, -1121),
    ],
)
def test_what_is_asked_wrongly_is_refused(path: str, params: dict[str, str], code: int) -> None:
    with pytest.raises(DialectError) as refused:
        Desk().call(0, "GET", f"/fapi{path}", params)
    assert (refused.value.http, refused.value.code) == (400, code)


def test_any_time_that_is_a_time_can_be_asked_for_in_every_interval(desk: Desk) -> None:
    for name in INTERVALS:
        far = str(9_223_372_036_854)
        assert desk.call(0, "GET", "/fapi/v1/klines", {**BTC, "interval": name, "startTime": far}) == []
        rows = desk.call(0, "GET", "/fapi/v1/klines", {**BTC, "interval": name, "startTime": "0", "endTime": far})
        assert isinstance(rows, list)
        assert len(rows) >= 1, name


@pytest.mark.parametrize(
    ("path", "params", "weight"),
    [
        ("/v1/depth", {"limit": "50"}, 2),
        ("/v1/depth", {"limit": "100"}, 5),
        ("/v1/depth", {}, 10),
        ("/v1/depth", {"limit": "1000"}, 20),
        ("/v1/depth", {"limit": "x"}, 20),
        ("/v1/klines", {"limit": "99"}, 1),
        ("/v1/klines", {"limit": "100"}, 2),
        ("/v1/klines", {"limit": "1000"}, 5),
        ("/v1/klines", {"limit": "1001"}, 10),
        ("/v1/markPriceKlines", {"limit": "1001"}, 10),
        ("/v1/indexPriceKlines", {"limit": "99"}, 1),
        ("/v1/premiumIndexKlines", {}, 5),
        ("/v1/ticker/24hr", BTC, 1),
        ("/v1/ticker/24hr", {}, 40),
        ("/v1/aggTrades", {}, 20),
        ("/v1/historicalTrades", {}, 200),
        ("/v1/rpiDepth", {}, 20),
    ],
)
def test_weights_follow_the_limits(path: str, params: dict[str, str], weight: int) -> None:
    route = find("GET", f"/fapi{path}")
    assert route is not None
    assert weight_of(route, params) == weight


def test_every_route_can_be_paid() -> None:
    free = {"/fapi/v1/fundingRate", "/fapi/v1/fundingInfo"}  # these have a counter of their own
    assert {route.path for route in MARKET_ROUTES if not weight_of(route, {})} == free
    assert all(weight_of(route, {}) <= WEIGHT_PER_MINUTE for route in MARKET_ROUTES)


def test_clients_that_ask_for_other_markets_in_passing_are_answered() -> None:
    desk = Desk()
    for path in (
        "/sapi/v1/capital/config/getall",
        "/sapi/v1/margin/allPairs",
        "/sapi/v1/margin/isolated/allPairs",
        "/sapi/v1/spot/delist-schedule",
    ):
        assert desk.call(0, "GET", path, {}) == []
    sample = json.loads((SHAPES / "get-api-v3-exchangeInfo.json").read_text("utf-8"))
    for path in ("/api/v3/exchangeInfo", "/dapi/v1/exchangeInfo", "/eapi/v1/exchangeInfo"):
        assert list(differences(sample, desk.call(0, "GET", path, {}), path)) == []
    assert desk.call(0, "GET", "/api/v3/ping", {}) == {}
    assert desk.call(0, "GET", "/api/v3/time", {}) == {"serverTime": START_MS}
