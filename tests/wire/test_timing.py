"""When answers and events leave: order within a channel, seeded delays, over real sockets a fill before its answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import aiohttp
import pytest

from exchange import cli
from exchange.dialects.binance.streams.event_order import EVENT_ORDERS, account_first, order_first
from exchange.dialects.binance.streams.user_events import UserEvent
from exchange.gateway.server import serve
from exchange.gateway.timing import INSTANT, REAL, TIMINGS, DelayedChannel, Delays, InstantChannel, Kind, Timing
from exchange.runtime.app import open_app
from exchange.runtime.settings import Settings
from tests.wire.api_client import api_connected
from tests.wire.conftest import Served, stop_loudly
from tests.wire.signed_client import SignedClient
from tests.wire.stream_client import StrictBook, connected
from tests.wire.test_streams_book import settled, trade_at_random
from tests.wire.test_streams_user import listen_key

BTC: dict[str, object] = {"symbol": "BTCUSDT"}


class HandWound:
    """A loop whose time a test sets; timers ring when it passes them, or `early` seconds before."""

    def __init__(self, early: float = 0.0) -> None:
        self.now = 0.0
        self._early = early
        self._timers: list[tuple[float, Callable[[], object]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], object]) -> object:
        self._timers.append((when, callback))
        return None

    def pass_to(self, now: float) -> None:
        """Let time pass, ringing each timer at its time."""
        while due := [timer for timer in self._timers if timer[0] - self._early <= now]:
            first = min(due, key=lambda timer: timer[0])
            self._timers.remove(first)
            self.now = first[0] - self._early
            first[1]()
        self.now = now


@pytest.mark.parametrize("early", [0.0, 0.002])
def test_a_channel_keeps_its_order_whatever_the_delays(early: float) -> None:
    chance = Random(7)
    delays_ms = [chance.choice((0.0, 1.0, 5.0, 30.0)) for _ in range(200)]
    loop = HandWound(early)
    drawn = iter(delays_ms)
    channel = DelayedChannel(loop, lambda: next(drawn))
    heard: list[tuple[int, float]] = []
    given: list[float] = []
    for number in range(200):
        loop.pass_to(number * 0.003)
        given.append(loop.time())
        channel.carry(lambda number=number: heard.append((number, loop.time())))  # type: ignore[misc]
    loop.pass_to(10.0)
    assert [number for number, _ in heard] == list(range(200))
    latest = 0.0
    for (number, at), began in zip(heard, given, strict=True):
        latest = max(latest, began + delays_ms[number] / 1000)
        assert at == pytest.approx(latest, abs=early + 1e-9)


def test_nothing_is_late_unless_asked_for() -> None:
    heard: list[int] = []
    timing = Timing("instant", 1, HandWound)
    for kind in Kind:
        channel = timing.channel(kind, "1")
        assert isinstance(channel, InstantChannel)
        channel.carry(lambda: heard.append(1))
    assert heard == [1] * len(Kind)
    assert Settings(data_folder=Path()).timing == "instant"


def test_the_command_line_offers_the_timings_and_event_orders_that_there_are() -> None:
    assert list(TIMINGS) == cli.TIMINGS
    assert list(EVENT_ORDERS) == cli.EVENT_ORDERS
    settings = Settings(Path())
    defaults = {option.name: option.default for option in cli.serve.params}
    assert (defaults["timing"], defaults["event_order"]) == (settings.timing, settings.event_order)
    assert (TIMINGS[settings.timing], EVENT_ORDERS[settings.event_order]) == (INSTANT, account_first)


def test_each_kind_of_channel_has_delays_of_its_own_that_follow_from_the_seed() -> None:
    assert TIMINGS == {"instant": INSTANT, "real": REAL}
    assert set(REAL) == set(Kind)

    def drawn(seed: int, kind: Kind, whose: str) -> list[float]:
        loop = HandWound()
        channel = Timing("real", seed, lambda: loop).channel(kind, whose)
        times: list[float] = []
        for _ in range(20):
            began = loop.time()
            channel.carry(lambda began=began: times.append(loop.time() - began))  # type: ignore[misc]
            loop.pass_to(began + 1)
        return times

    assert drawn(1, Kind.USER, "7") == drawn(1, Kind.USER, "7")
    others = [drawn(1, Kind.USER, "7"), drawn(2, Kind.USER, "7"), drawn(1, Kind.USER, "8"), drawn(1, Kind.MARKET, "7")]
    assert len({tuple(times) for times in others}) == len(others)


def test_half_of_the_delays_are_below_the_median_and_none_is_above_the_most() -> None:
    delays, chance = Delays(median_ms=10, spread=0.6, most_ms=40), Random(3)
    drawn = sorted(delays.draw_ms(chance) for _ in range(10_001))
    assert drawn[5_000] == pytest.approx(10, rel=0.05)
    assert 0 < drawn[0] < drawn[-1] == 40


@pytest.fixture
async def late(tmp_path: Path) -> AsyncIterator[Served]:
    """Serve a venue with the delays of real life (seed 1), and a fill told as the order's event first."""
    settings = Settings(tmp_path / "data", index="manual", timing="real", event_order="order-first", seed=1)
    app = open_app(settings, on_fatal=stop_loudly)
    await app.start()
    serving = await serve(app, "127.0.0.1", 0)
    place = f"127.0.0.1:{serving.port}"
    async with aiohttp.ClientSession() as session:
        yield Served(app, f"http://{place}", f"ws://{place}", app.admin_token, session)
    await serving.stop()
    await app.close()


@pytest.fixture
async def trader(late: Served) -> SignedClient:
    """An account with money, and BTCUSDT at 50000 with something to buy."""
    await late.set_index("BTCUSDT", "50000")
    maker = await late.create_account("1000000")
    await maker.limit("SELL", "1", "50000")
    return await late.create_account("1000000")


async def test_a_bot_meets_its_fill_before_its_acknowledgement_and_after_it(late: Served, trader: SignedClient) -> None:
    """Which of the two comes first differs from order to order, while each channel keeps its own order."""
    first: list[str] = []
    told: list[tuple[str, int]] = []
    async with (
        connected(late, f"/private/ws?listenKey={await listen_key(trader)}") as stream,
        api_connected(late, trader) as api,
    ):
        for number in range(20):
            order = {**BTC, "side": "BUY", "type": "MARKET", "quantity": "0.001", "newClientOrderId": f"n-{number}"}
            arrived: list[str] = []
            answering = asyncio.create_task(api.done("order.place", order))
            answering.add_done_callback(lambda _, arrived=arrived: arrived.append("answer"))  # type: ignore[misc]
            while (event := await stream.next())["e"] != "ACCOUNT_UPDATE":
                told.append((event["e"], number))
                if event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["x"] == "TRADE":
                    assert event["o"]["c"] == f"n-{number}"
                    arrived.append("fill")
            told.append((event["e"], number))
            await answering
            first.append(arrived[0])
    assert set(first) == {"fill", "answer"}
    events = ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"]
    assert told == [(name, number) for number in range(20) for name in events]


async def test_answers_of_an_account_keep_their_order_on_both_doors(late: Served, trader: SignedClient) -> None:
    async with api_connected(late, trader) as api:
        for number in range(20):
            order = {**BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001", "price": "49000"}
            await api.say({"id": number, "method": "order.place", "params": api.signed(order)})
        answers = [await api.heard() for _ in range(20)]
    assert [answer["id"] for answer in answers] == list(range(20))
    assert [answer["status"] for answer in answers] == [200] * 20


async def test_reads_are_not_late(late: Served, trader: SignedClient) -> None:
    """They pass no channel, so a bot that asks at once after an answer finds what it was told."""
    answer = await trader.limit("BUY", "0.001", "49000")
    found = await trader.get("/fapi/v1/order", symbol="BTCUSDT", orderId=answer["orderId"])
    assert found["status"] == "NEW"


@pytest.mark.parametrize("speed", ["@0ms", "@100ms"])
async def test_a_strict_client_can_follow_a_book_whose_diffs_are_late(late: Served, speed: str) -> None:
    await late.set_index("BTCUSDT", "50000")
    for _ in range(2):
        await late.create_account("100000000")
    async with connected(late, f"/ws/btcusdt@depth{speed}") as client:
        traffic = asyncio.create_task(trade_at_random(late, Random(5)))
        book = StrictBook(client, late)
        await book.synchronise()
        await traffic
        update_id, levels = await settled(late)
        await book.follow(update_id)
    assert book.levels() == levels


def user_event(account_id: int, name: str, **told: object) -> UserEvent:
    return UserEvent(account_id, name, {"e": name, **told})


def test_only_the_account_update_of_a_fill_changes_places() -> None:
    of_fill, of_funding = {"a": {"m": "ORDER"}}, {"a": {"m": "FUNDING_FEE"}}
    events = [
        user_event(1, "TRADE_LITE"),
        user_event(1, "ACCOUNT_UPDATE", **of_fill),
        user_event(1, "ORDER_TRADE_UPDATE"),
        user_event(2, "ACCOUNT_UPDATE", **of_fill),
        user_event(1, "ORDER_TRADE_UPDATE"),
        user_event(1, "ACCOUNT_UPDATE", **of_funding),
        user_event(1, "ORDER_TRADE_UPDATE"),
        user_event(3, "ACCOUNT_UPDATE", **of_fill),
    ]
    turned = list(order_first(events))
    assert turned == [events[index] for index in (0, 2, 1, 3, 4, 5, 6, 7)]
