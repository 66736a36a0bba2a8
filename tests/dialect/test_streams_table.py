"""Stream names, control messages, and what each stream sends: golden files and documented shapes, without a socket."""

import json
from collections.abc import Sequence
from itertools import groupby

import pytest
from msgspec.structs import replace

from exchange.core.commands import Command, SetIndexPrice, SetMarketState, Tick
from exchange.core.enums import Execution, MarketState, OrderType
from exchange.core.events import Event, FundingSettled, MarkPriceSet, OrderUpdated
from exchange.core.policies.deribit_incremental import DeribitIncremental
from exchange.core.policies.presets import PRESETS
from exchange.core.rules import VenueRules
from exchange.core.units import SECOND, Nanos, RateE8, Ticks
from exchange.dialects.binance.streams.control import ControlError, answer, parse_control
from exchange.dialects.binance.streams.table import STREAM_TABLE, STREAMS_MAX, Stream, find_stream, stream_names
from exchange.dialects.binance.streams.user_events import UserEvent, listen_key_expired, user_events
from exchange.projections.bars import INTERVALS
from tests.dialect.conftest import Golden
from tests.dialect.desk import Desk
from tests.dialect.test_story import SHAPES, differences

BTC = {"symbol": "BTCUSDT"}

# name of the stream, how often it speaks in ms (0: after each batch), documented sample
STREAMS = [
    ("btcusdt@depth", 250, "stream-depthUpdate"),
    ("btcusdt@depth@0ms", 0, "stream-depthUpdate"),
    ("btcusdt@depth@100ms", 100, "stream-depthUpdate"),
    ("btcusdt@depth@250ms", 250, "stream-depthUpdate"),
    ("btcusdt@depth@500ms", 500, "stream-depthUpdate"),
    ("btcusdt@rpiDepth@500ms", 500, "stream-depthUpdate"),
    ("btcusdt@depth10", 250, "stream-depthUpdate"),
    ("btcusdt@depth5@0ms", 0, "stream-depthUpdate"),
    ("btcusdt@depth20@100ms", 100, "stream-depthUpdate"),
    ("btcusdt@bookTicker", 0, "stream-bookTicker"),
    ("!bookTicker", 5_000, "stream-bookTicker"),
    ("btcusdt@aggTrade", 100, "stream-aggTrade"),
    ("btcusdt@trade", 0, "stream-trade"),
    ("btcusdt@markPrice", 3_000, "stream-markPriceUpdate"),
    ("btcusdt@markPrice@3s", 3_000, "stream-markPriceUpdate"),
    ("btcusdt@markPrice@1s", 1_000, "stream-markPriceUpdate"),
    ("!markPrice@arr", 3_000, "stream-markPriceUpdate-arr"),
    ("!markPrice@arr@1s", 1_000, "stream-markPriceUpdate-arr"),
    ("btcusdt@kline_1m", 250, "stream-kline"),
    ("btcusdt_perpetual@continuousKline_1h", 250, "stream-continuous_kline"),
    ("btcusdt@miniTicker", 500, "stream-24hrMiniTicker"),
    ("!miniTicker@arr", 1_000, "stream-24hrMiniTicker-arr"),
    ("btcusdt@ticker", 2_000, "stream-24hrTicker"),
    ("!ticker@arr", 1_000, "stream-24hrTicker"),
    ("btcusdt@forceOrder", 1_000, "stream-forceOrder"),
    ("!forceOrder@arr", 1_000, "stream-forceOrder"),
    ("!contractInfo", 0, "stream-contractInfo"),
]
NO_STREAMS = [
    "",
    "btcusdt",
    "BTCUSDT@trade",
    "dogeusdt@trade",
    "btcusdt@depth7",
    "btcusdt@depth@10ms",
    "btcusdt@kline_7m",
    "btcusdt@kline_",
    "btcusdt@markPrice@2s",
    "btcusdt@trade ",
    "!trade",
    "0",
    "b" * 101 + "@trade",
]


class Recorder(Desk):
    """A desk that sets streams to work and remembers what every command caused."""

    def __post_init__(self) -> None:
        self.done: list[tuple[int, Sequence[Event]]] = []
        super().__post_init__()

    def execute(self, command: Command) -> list[Event]:
        events = super().execute(command)
        self.done.append((self.ts, events))
        return events

    @property
    def now_ms(self) -> int:
        return self.ts // 10**6 + 1

    def order(self, account: int, side: str, quantity: str, price: str, **more: str) -> object:
        params = {**BTC, "type": "LIMIT", "timeInForce": "GTC", "side": side, "quantity": quantity, "price": price}
        return self.call(account, "POST", "/fapi/v1/order", {**params, **more})

    def messages(self, account: int, since: int = 0) -> list[UserEvent]:
        """Return the user events of an account from the commands after the first `since`."""
        contracts = {contract.symbol: contract for contract in self.contracts}
        return [
            message
            for ts, events in self.done[since:]
            for message in user_events(contracts, ts, events, ts // 10**6 + 1, {account})
        ]


def shape_of(name: str) -> object:
    return json.loads((SHAPES / f"{name}.json").read_text("utf-8"))


def stream_of(desk: Desk, name: str) -> Stream:
    stream = find_stream(desk.market_data, name)
    assert stream is not None, name
    return stream


@pytest.mark.parametrize(("name", "period_ms", "_shape"), STREAMS)
def test_a_name_says_what_is_sent_and_how_often(name: str, period_ms: int, _shape: str) -> None:
    assert stream_of(Desk(), name).period_ms == period_ms


def test_every_interval_has_its_streams_and_every_row_of_the_table_is_tried() -> None:
    desk = Desk()
    for interval in INTERVALS:
        stream_of(desk, f"ethusdt@kline_{interval}")
        stream_of(desk, f"ethusdt_perpetual@continuousKline_{interval}")
    tried = [next(row for row in STREAM_TABLE if row.pattern.fullmatch(name)) for name, _, _ in STREAMS]
    assert all(row in tried for row in STREAM_TABLE)


@pytest.mark.parametrize("name", NO_STREAMS)
def test_what_is_no_stream_is_none(name: str) -> None:
    assert find_stream(Desk().market_data, name) is None


def test_each_stream_sends_what_is_documented(golden: Golden) -> None:
    desk = Recorder()
    maker, taker, gambler = (desk.account(deposit) for deposit in (1_000_000, 1_000_000, 600))
    desk.order(maker, "SELL", "0.200", "50000")
    desk.order(gambler, "BUY", "0.200", "50000")
    sources = {name: stream_of(desk, name).make_source() for name, _, _ in STREAMS}
    begun = len(desk.done)
    desk.order(maker, "BUY", "0.500", "47600")
    desk.order(maker, "SELL", "0.040", "50001")
    desk.order(taker, "BUY", "0.040", "50001")
    desk.execute(SetIndexPrice("BTCUSDT", Ticks(472_000)))
    desk.later(1_000)
    desk.order(maker, "SELL", "0.100", "48000")
    desk.execute(SetMarketState("ETHUSDT", MarketState.CANCEL_ONLY))
    for source in sources.values():
        for ts, events in desk.done[begun:]:
            for event in events:
                if isinstance(event, source.takes):
                    source.fold(ts, event)
    for name, _, shape in STREAMS:
        wait_ms = 1_000 if "forceOrder" in name else 0  # until the second of the order is over
        sent = json.loads(json.dumps(sources[name].take(desk.now_ms + wait_ms)))
        assert sent, f"{name} says nothing"
        sample = shape_of(shape)
        assert list(differences([sample] if name == "!ticker@arr" else sample, sent[0], name)) == []
        golden(f"stream-{name.replace('!', 'all-').replace('@', '-')}", sent)


def test_a_stream_says_nothing_when_nothing_changed() -> None:
    desk = Recorder()
    maker, taker = desk.account(1_000_000), desk.account(1_000_000)
    desk.order(maker, "SELL", "0.200", "50000")
    desk.order(taker, "BUY", "0.100", "50000")
    for name, _, _ in STREAMS:
        source = stream_of(desk, name).make_source()
        source.take(desk.now_ms)
        again = source.take(desk.now_ms + 1)
        assert bool(again) == ("markPrice" in name), name
        source.renew()
        state = any(part in name for part in ("icker", "markPrice", "line_", "depth5", "depth10", "depth20"))
        assert bool(source.take(desk.now_ms + 2)) == state, f"{name}, for a new listener"


def test_the_mark_tells_the_rate_to_come_and_when_it_comes() -> None:
    desk = Desk()
    stream = find_stream(desk.market_data, "btcusdt@markPrice@1s")
    assert stream is not None
    source = stream.make_source()

    def told() -> tuple[str, int]:
        (message,) = json.loads(json.dumps(source.take(desk.ts // 10**6)))
        return message["r"], message["T"]

    mark = MarkPriceSet("BTCUSDT", Ticks(500_000), Ticks(500_000), RateE8(-123), Nanos(desk.ts), RateE8(7))
    desk.market_data.fold(desk.seq + 1, desk.ts, Tick(), (mark,))
    assert told() == ("-0.00000123", desk.ts // 10**6)
    hour = Nanos(3_600 * SECOND)
    settled = FundingSettled("BTCUSDT", RateE8(9), Ticks(500_000), Nanos(desk.ts), hour)
    desk.market_data.fold(desk.seq + 2, desk.ts, Tick(), (settled,))
    assert told() == ("-0.00000123", (desk.ts // hour + 1) * hour // 10**6)


def test_the_end_of_a_candle_is_never_superfluous() -> None:
    supersedes = stream_of(Desk(), "btcusdt@kline_1m").supersedes
    assert supersedes({"e": "kline", "k": {"x": False}}) == ""
    assert supersedes({"e": "kline", "k": {"x": True}}) is None


def test_a_candle_is_told_once_more_when_it_is_over() -> None:
    desk = Recorder()
    maker, taker = desk.account(1_000_000), desk.account(1_000_000)
    desk.order(maker, "SELL", "0.200", "50000")
    desk.order(taker, "BUY", "0.100", "50000")
    source = stream_of(desk, "btcusdt@kline_1m").make_source()
    (first,) = json.loads(json.dumps(source.take(desk.now_ms)))
    assert (first["k"]["x"], first["k"]["n"]) == (False, 1)
    over, flat = json.loads(json.dumps(source.take(first["k"]["T"] + 1)))
    assert (over["k"]["x"], over["k"]["t"], over["k"]["n"]) == (True, first["k"]["t"], 1)
    assert (flat["k"]["x"], flat["k"]["t"], flat["k"]["n"]) == (False, first["k"]["T"] + 1, 0)
    assert (flat["k"]["o"], flat["k"]["f"], flat["k"]["L"]) == ("50000.00", -1, -1)


def force_orders(desk: Recorder, *, asked_each_ms: int) -> list[tuple[str, int]]:
    """Return contract and time of what the stream of all liquidation orders tells, when it is asked so often."""
    source = stream_of(desk, "!forceOrder@arr").make_source()
    told: list[tuple[str, int]] = []
    now_ms = desk.done[0][0] // 10**6

    def ask() -> None:
        told.extend((body["o"]["s"], body["o"]["T"]) for body in json.loads(json.dumps(source.take(now_ms))))

    for ts, events in desk.done:
        while now_ms + asked_each_ms <= ts // 10**6:
            now_ms += asked_each_ms
            ask()
        for event in events:
            if isinstance(event, source.takes):
                source.fold(ts, event)
    now_ms = desk.now_ms + 1_000
    ask()
    assert source.take(now_ms + 10_000) == []
    return told


def liquidation_orders(desk: Recorder) -> list[int]:
    """Return the times of all liquidation orders, in ms."""
    return [
        ts // 10**6
        for ts, events in desk.done
        for event in events
        if isinstance(event, OrderUpdated)
        and event.order.order_type is OrderType.LIQUIDATION
        and event.execution is Execution.NEW
    ]


def test_of_many_liquidation_orders_within_a_second_the_latest_is_told() -> None:
    desk = Recorder()
    maker = desk.account(1_000_000)
    gamblers = [desk.account(600) for _ in range(3)]
    for gambler in gamblers:
        desk.order(maker, "SELL", "0.200", "50000")
        desk.order(gambler, "BUY", "0.200", "50000")
    desk.execute(SetIndexPrice("BTCUSDT", Ticks(472_000)))
    desk.later(1_000)
    assert len(liquidation_orders(desk)) == 3
    assert len(force_orders(desk, asked_each_ms=1_000)) == 1


@pytest.mark.parametrize("asked_each_ms", [1, 250, 1_000, 60_000])
def test_slices_do_not_flood_the_public_stream(asked_each_ms: int) -> None:
    """Five slices a second for five seconds: one of each second is told, the latest, however often somebody asks."""
    engine = replace(PRESETS["deribit_incremental"], liquidation=DeribitIncremental(cadence=Nanos(SECOND // 5)))
    desk = Recorder(rules=VenueRules(engine=engine))
    maker, gambler = desk.account(1_000_000), desk.account(10_500)
    desk.order(maker, "SELL", "4.000", "50000")
    desk.order(gambler, "BUY", "4.000", "50000")
    desk.order(maker, "BUY", "9.000", "47000")
    desk.execute(SetIndexPrice("BTCUSDT", Ticks(475_500)))
    desk.later(6_000)
    sent = liquidation_orders(desk)
    assert len(sent) > 20
    latest_of_each = [max(times) for _, times in groupby(sent, key=lambda ms: ms // 1_000)]
    assert [ms for _, ms in force_orders(desk, asked_each_ms=asked_each_ms)] == latest_of_each


def test_user_events_are_as_documented(golden: Golden) -> None:
    desk = Recorder(ts=1_764_028_800_000_000_000 - 3 * 10**9)  # three seconds before a funding
    maker, trader = desk.account(1_000_000), desk.account(600)
    begun = len(desk.done)
    desk.call(trader, "POST", "/fapi/v1/leverage", {**BTC, "leverage": "25"})
    desk.order(trader, "BUY", "0.010", "49000", newClientOrderId="testOrder")
    amended = {**BTC, "side": "BUY", "quantity": "0.020", "price": "49100", "origClientOrderId": "testOrder"}
    desk.call(trader, "PUT", "/fapi/v1/order", {**amended, "modifyId": "1"})
    desk.call(trader, "DELETE", "/fapi/v1/order", {**BTC, "origClientOrderId": "testOrder"})
    desk.order(trader, "BUY", "0.200", "50000", newClientOrderId="long")
    desk.order(maker, "SELL", "0.040", "50000")
    desk.order(maker, "SELL", "0.160", "50000")
    desk.order(trader, "BUY", "0.001", "48000", timeInForce="IOC")
    desk.later(4_000)
    desk.execute(SetIndexPrice("BTCUSDT", Ticks(472_400)))
    desk.later(2_000)
    desk.order(maker, "BUY", "0.500", "47200")
    desk.execute(SetIndexPrice("BTCUSDT", Ticks(471_500)))
    desk.later(2_000)
    told = desk.messages(trader, begun)
    golden("user-stream", [message.payload for message in told])
    assert all(message.account_id == trader for message in told)
    for name, found in found_by_sample(told).items():
        assert list(differences(shape_of(f"user-{name}"), json.loads(json.dumps(found)), name)) == []


def found_by_sample(told: list[UserEvent]) -> dict[str, object]:
    """Return the first event that each documented sample stands for; KeyError when one did not happen."""
    by_sample: dict[str, object] = {"listenKeyExpired": listen_key_expired("key", 1)}
    words = {"NEW": "-new", "TRADE": "", "CANCELED": "-canceled", "EXPIRED": "-expired", "AMENDMENT": "-amendment"}
    for message in told:
        body = json.loads(json.dumps(message.payload))
        suffix = ""
        if message.name == "ORDER_TRADE_UPDATE":
            suffix = words.get(body["o"]["x"], "-liquidation")
        elif message.name == "ACCOUNT_UPDATE" and body["a"]["m"] == "FUNDING_FEE":
            suffix = "-funding"
        elif message.name == "ACCOUNT_CONFIG_UPDATE":
            suffix = "-leverage"
        by_sample.setdefault(f"{message.name}{suffix}", message.payload)
    samples = {path.stem.removeprefix("user-") for path in SHAPES.glob("user-*.json")}
    return {name: by_sample[name] for name in sorted(samples)}


def test_a_fill_is_told_lite_first_then_the_account_then_the_order() -> None:
    desk = Recorder()
    maker, taker = desk.account(1_000_000), desk.account(1_000_000)
    desk.order(maker, "SELL", "0.200", "50000")
    begun = len(desk.done)
    desk.order(taker, "BUY", "0.100", "50000")
    fill = ["TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]
    assert [message.name for message in desk.messages(maker, begun)] == fill
    assert [message.name for message in desk.messages(taker, begun)] == ["ORDER_TRADE_UPDATE", *fill]
    assert desk.messages(99, begun) == []


def test_a_liquidation_is_told_as_calculated_fills_of_an_autoclose_order() -> None:
    desk = Recorder()
    maker, gambler = desk.account(1_000_000), desk.account(600)
    desk.order(maker, "SELL", "0.200", "50000")
    desk.order(gambler, "BUY", "0.200", "50000")
    desk.order(maker, "BUY", "0.100", "47600")
    begun = len(desk.done)
    desk.execute(SetIndexPrice("BTCUSDT", Ticks(472_000)))
    desk.later(1_000)
    told = [message.payload["o"] for message in desk.messages(gambler, begun) if message.name == "ORDER_TRADE_UPDATE"]
    words = [(body["x"], body["X"], body["o"], body["er"]) for body in json.loads(json.dumps(told))]
    assert words == [
        ("NEW", "NEW", "LIQUIDATION", "0"),
        ("CALCULATED", "PARTIALLY_FILLED", "LIQUIDATION", "0"),
        ("EXPIRED", "EXPIRED", "LIQUIDATION", "2"),
    ]
    assert all(str(body["c"]).startswith("autoclose-") for body in json.loads(json.dumps(told)))


@pytest.mark.parametrize("request_id", [1, 0, "6ba7b810-9dad", None, 1_764_000_000_123])
def test_ids_come_back_as_they_were_sent(request_id: int | str | None) -> None:
    control = parse_control(json.dumps({"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": request_id}))
    echoed = answer(None, control.request_id)["id"]
    assert (type(echoed), echoed) == (type(request_id), request_id)


@pytest.mark.parametrize(
    ("message", "echoed"),
    [
        ("{", None),
        ("[]", None),
        ('"SUBSCRIBE"', None),
        ("\ud800", None),
        ('{"method":"SUBSCRIBE","params":["a"],"id":1.5}', None),
        ('{"method":"SUBSCRIBE","params":["a"],"id":true}', None),
        ('{"method":"LOGON","id":7}', 7),
        ('{"method":["SUBSCRIBE"],"id":7}', 7),
        ('{"id":7}', 7),
        ('{"method":"SUBSCRIBE","params":"btcusdt@trade","id":7}', 7),
        ('{"method":"SUBSCRIBE","params":[1],"id":7}', 7),
        ('{"method":"SUBSCRIBE","params":[],"id":7}', 7),
        ('{"method":"SUBSCRIBE","params":null,"id":"x"}', "x"),
        ('{"method":"SET_PROPERTY","params":["combined"],"id":7}', 7),
        ('{"method":"SET_PROPERTY","params":["combined",1],"id":7}', 7),
        ('{"method":"GET_PROPERTY","params":["colour"],"id":7}', 7),
    ],
)
def test_a_bad_request_is_answered_with_code_2(message: str, echoed: int | str | None) -> None:
    with pytest.raises(ControlError) as refused:
        parse_control(message.encode("utf-8", errors="surrogatepass"))
    body = refused.value.body
    assert list(differences(shape_of("stream-control-error"), {**body, "id": 7}, "error")) == []
    error = body["error"]
    assert isinstance(error, dict)
    assert (error["code"], body["id"]) == (2, echoed)


def test_the_error_of_an_unknown_method_has_the_documented_text() -> None:
    with pytest.raises(ControlError) as refused:
        parse_control('{"method":"LOGON","id":7}')
    assert refused.value.body == shape_of("stream-control-error")


@pytest.mark.parametrize(
    ("sample", "produced"),
    [
        ("stream-control-subscribe-response", answer(None, 1)),
        ("stream-control-list_subscriptions-response", answer(["btcusdt@aggTrade", "btcusdt@depth"], 3)),
        ("stream-control-get_property-response", answer(True, 5)),
    ],
)
def test_answers_are_those_of_the_samples(sample: str, produced: dict[str, object]) -> None:
    assert produced == shape_of(sample)


def test_names_in_a_path_are_taken_once_each_and_bounded() -> None:
    assert stream_names("/a//b/a/") == ["a", "b"]
    assert len(stream_names("/".join(str(number) for number in range(STREAMS_MAX + 5)))) == STREAMS_MAX
