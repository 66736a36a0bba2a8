"""The fixture `venue` as a bot's test uses it, from synchronous and asynchronous tests, with clients on the wire."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from clients.reference import ConnectionLostError, Credentials, Rest, VenueError, user_events
from exchange.core.commands import SetMarketState
from exchange.core.enums import MarketState, Side
from exchange.journal.policies import policy_name
from exchange.journal.recovery import replay
from exchange.runtime.settings import SettingsError
from exchange.testing.control import ControlError
from exchange.testing.hosting import VenueFailedError
from exchange.testing.scripted_maker import MakerError
from exchange.testing.venue import Account, SettingRefusedError, Venue

START_SECONDS_MAX = 2
PATIENCE_SECONDS = 10
BTC, ETH = "BTCUSDT", "ETHUSDT"


@asynccontextmanager
async def trading(venue: Venue, account: Account | None = None) -> AsyncIterator[Rest]:
    """Speak for an account, the first one when none is given."""
    who = account or venue.trader
    async with Rest(venue.url, Credentials(who.account_id, who.api_key, who.secret_key)) as rest:
        yield rest


# ----------------------------------------------------------------------------------------------------- starting, ending


def test_it_starts_in_under_two_seconds(venue_factory: Callable[..., Venue]) -> None:
    began = time.perf_counter()
    venue = venue_factory()
    venue.control("GET", "/health")
    assert time.perf_counter() - began < START_SECONDS_MAX


def test_it_begins_with_prices_a_trader_and_money(venue: Venue) -> None:
    assert venue.url.startswith("http://127.0.0.1:")
    assert venue.ws_url.startswith("ws://127.0.0.1:")
    assert venue.index_price(BTC) == venue.mark_price(BTC) == 50_000
    assert venue.index_price(ETH) == venue.mark_price(ETH) == 2_500
    assert venue.balance().wallet == venue.trader.balance.available == 10_000
    assert (venue.orders, venue.fills, venue.positions, venue.liquidations) == ([], [], [], [])


def test_several_venues_know_nothing_of_each_other(venue: Venue, venue_factory: Callable[..., Venue]) -> None:
    other = venue_factory(prices={BTC: "60000.5"})
    assert other.url != venue.url
    venue.set_index(BTC, 40_000)
    assert venue.index_price(BTC) == 40_000
    assert other.index_price(BTC) == Decimal("60000.5")


@pytest.mark.venue(policy="naive_full", seed=7, limits="off", prices={BTC: 1_000})
def test_the_marker_sets_it(venue: Venue) -> None:
    header = venue._app.journal.header
    assert header.settings["seed"] == "7"
    assert venue._app.settings.limits == "off"
    assert policy_name(venue._app.venue.state.rules.engine) == "naive_full"
    assert venue.index_price(BTC) == 1_000


def test_a_setting_that_there_is_not_is_refused(venue_factory: Callable[..., Venue]) -> None:
    with pytest.raises(TypeError, match="leverage"):
        venue_factory(leverage=3)


@pytest.mark.parametrize("setting", ["limits", "timing", "event_order"])
def test_a_word_that_is_no_choice_is_refused(venue_factory: Callable[..., Venue], setting: str) -> None:
    with pytest.raises(SettingsError, match=rf"{setting}='none': use one of \w+"):
        venue_factory(**{setting: "none"})


@pytest.mark.venue(timing="real", event_order="order-first", legacy_stops=True)
async def test_the_other_choices_are_taken(venue: Venue) -> None:
    venue.maker(BTC)
    async with trading(venue) as rest:
        stop = {"symbol": BTC, "side": "SELL", "type": "STOP_MARKET", "quantity": "1", "stopPrice": "49000"}
        await rest.signed("POST", "/fapi/v1/order", stop)
        assert (await rest.place(BTC, "BUY", "1"))["status"] == "FILLED"
    assert [conditional.type for conditional in venue.conditional_orders] == ["STOP_MARKET"]


def test_a_first_price_that_cannot_be_leaves_nothing_running(venue_factory: Callable[..., Venue]) -> None:
    with pytest.raises(SettingRefusedError, match="'DOGEUSDT' is not listed"):
        venue_factory(prices={"DOGEUSDT": 1})
    assert [thread for thread in threading.enumerate() if thread.name == "margincall"] == []


def test_a_contract_file_replaces_the_shipped_ones(venue_factory: Callable[..., Venue], tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "exchange" / "data" / "contracts" / "BTCUSDT.toml"
    own = tmp_path / "own.toml"
    own.write_text(shipped.read_text("utf-8").replace('"BTCUSDT"', '"XBTUSDT"').replace('"BTC"', '"XBT"'), "utf-8")
    venue = venue_factory(contracts=[own], prices={"XBTUSDT": 100})
    assert venue.index_price("XBTUSDT") == 100
    with pytest.raises(SettingRefusedError, match="'BTCUSDT' is not listed; listed are XBTUSDT"):
        venue.set_index(BTC, 1)


def test_what_it_leaves_can_be_replayed(venue: Venue) -> None:
    venue.maker(BTC)
    venue.crash(BTC, percent=1, seconds=0)
    venue.close()
    assert replay(venue.data_folder).seq > 0


def test_a_closed_venue_says_so(venue: Venue) -> None:
    venue.close()
    with pytest.raises(VenueFailedError, match="the venue is closed"):
        venue.index_price(BTC)


def test_a_failure_of_the_venue_ends_the_test_and_not_the_process(venue: Venue) -> None:
    venue._host.loop.call_soon_threadsafe(venue._sequencer.fail, "a listener found out")
    with pytest.raises(VenueFailedError, match="a listener found out"):
        venue.wait_for(lambda: venue.index_price(BTC) < 0)
    with pytest.raises(VenueFailedError, match="a listener found out"):
        venue.close()
    venue._host._fatal = ""  # the fixture closes it once more, and should find nothing then


# ---------------------------------------------------------------------------------------------------- prices and makers


async def test_a_maker_rests_exact_levels_and_follows_the_index(venue: Venue) -> None:
    venue.maker(BTC, spread=10, quantity="0.5", levels=3, step=20)
    async with trading(venue) as rest:
        book = await rest.public("GET", "/fapi/v1/depth", {"symbol": BTC, "limit": 5})
        assert book["bids"] == [["49995.00", "0.500"], ["49975.00", "0.500"], ["49955.00", "0.500"]]
        assert book["asks"] == [["50005.00", "0.500"], ["50025.00", "0.500"], ["50045.00", "0.500"]]
        venue.set_index(BTC, 51_000)
        book = await rest.public("GET", "/fapi/v1/depth", {"symbol": BTC, "limit": 5})
        assert (book["bids"][0], book["asks"][0]) == (["50995.00", "0.500"], ["51005.00", "0.500"])


async def test_a_maker_that_does_not_follow_stays_until_it_is_told(venue: Venue) -> None:
    maker = venue.maker(BTC, spread=10, follow=False)
    async with trading(venue) as rest:
        venue.set_index(BTC, 51_000)
        assert (await rest.public("GET", "/fapi/v1/depth", {"symbol": BTC, "limit": 5}))["bids"][0][0] == "49995.00"
        maker.quote()
        assert (await rest.public("GET", "/fapi/v1/depth", {"symbol": BTC, "limit": 5}))["bids"][0][0] == "50995.00"
        maker.follows = True
        venue.set_index(BTC, 52_000)
        assert (await rest.public("GET", "/fapi/v1/depth", {"symbol": BTC, "limit": 5}))["bids"][0][0] == "51995.00"
        maker.withdraw()
        assert not maker.follows
        assert (await rest.public("GET", "/fapi/v1/depth", {"symbol": BTC, "limit": 5}))["bids"] == []


async def test_a_maker_that_jumps_beyond_the_band_is_there_once_the_mark_is(venue: Venue) -> None:
    venue.maker(BTC, spread=10)
    await asyncio.to_thread(venue.crash, BTC, percent=20, seconds=0)
    async with trading(venue) as rest:

        async def best() -> list[str]:
            book = await rest.public("GET", "/fapi/v1/depth", {"symbol": BTC, "limit": 5})
            return [side[0][0] for side in (book["bids"], book["asks"]) if side]

        async with asyncio.timeout(START_SECONDS_MAX):
            while await best() != ["39995.00", "40005.00"]:
                pass
    assert venue.mark_price(BTC) < 41_000


def test_a_maker_that_withdraws_as_trading_resumes_stays_away(venue: Venue) -> None:
    maker = venue.maker(BTC, spread=10)
    venue.halt(BTC)
    venue.set_index(BTC, 51_000)  # its quotes are refused now, so it will try again
    script, book = maker._script, venue._app.venue.state.markets[BTC].book

    async def resume_and_withdraw() -> None:
        await venue._app.sequencer.submit(SetMarketState(BTC, MarketState.TRADING))
        await script.withdraw()

    venue._host.call(resume_and_withdraw)
    venue.wait_for_mark(BTC)
    assert venue._host.read(lambda: [book.best_price(side) for side in Side]) == [None, None]


def test_a_maker_that_cannot_quote_says_why_and_leaves_nothing_behind(venue: Venue) -> None:
    with pytest.raises(MakerError, match="QUANTITY_ABOVE_MAX"):
        venue.maker(BTC, quantity=1_000_000)
    venue.set_index(BTC, 51_000)
    assert venue.index_price(BTC) == 51_000
    assert venue.orders == []


def test_a_maker_needs_an_index(venue_factory: Callable[..., Venue], tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "exchange" / "data" / "contracts" / "BTCUSDT.toml"
    with pytest.raises(MakerError, match="BTCUSDT has no index price"):
        venue_factory(contracts=[shipped]).maker(BTC)


@pytest.mark.parametrize(("percent", "end"), [(10, 45_000), (-10, 55_000)])
def test_a_crash_takes_its_seconds_and_ends_with_the_mark(venue: Venue, percent: int, end: int) -> None:
    venue.maker(BTC, spread=10)
    began = time.perf_counter()
    venue.crash(BTC, percent=percent, seconds=0.5)
    assert time.perf_counter() - began >= 0.5
    assert venue.index_price(BTC) == end
    assert abs(venue.mark_price(BTC) - end) < 100


def test_prices_off_the_grid_and_below_zero(venue: Venue) -> None:
    venue.set_index(BTC, 0.1 + 0.2)
    assert venue.index_price(BTC) == Decimal("0.3")
    with pytest.raises(SettingRefusedError, match="PRICE_NOT_POSITIVE"):
        venue.set_index(BTC, -1)


async def test_a_halt_refuses_orders_until_it_is_over(venue: Venue) -> None:
    venue.maker(BTC)
    venue.halt(BTC)
    async with trading(venue) as rest:
        with pytest.raises(VenueError, match="Invalid symbol status"):
            await rest.place(BTC, "BUY", "1")
        venue.resume(BTC)
        assert (await rest.place(BTC, "BUY", "1"))["status"] == "FILLED"


# -------------------------------------------------------------------------------------------------------- what happened


async def test_what_happened_is_told_in_decimals(venue: Venue) -> None:
    venue.maker(BTC, spread=10, quantity=5)
    other = venue.account("other", deposit="2500.5")
    async with trading(venue, other) as rest:
        await rest.place(BTC, "BUY", "0.1", client_order_id="mine")
        await rest.place(BTC, "BUY", "0.2", "49000.5", client_order_id="rests")
    [taken, rests] = venue.orders
    assert (taken.client_order_id, taken.side, taken.type, taken.status) == ("mine", "BUY", "MARKET", "FILLED")
    assert not taken.is_open
    assert taken.filled == Decimal("0.1")
    assert taken.average_price == 50_005
    assert (rests.price, rests.quantity, rests.time_in_force) == (Decimal("49000.5"), Decimal("0.2"), "GTC")
    assert rests.is_open
    [fill] = venue.fills
    assert (fill.order_id, fill.fee, fill.maker) == (taken.order_id, Decimal("2.50025"), False)
    assert fill.price == 50_005
    [position] = venue.positions
    assert (position.account_id, position.quantity) == (other.account_id, Decimal("0.1"))
    assert (other.orders, other.fills, other.positions) == (venue.orders, venue.fills, venue.positions)
    assert (venue.trader.orders, venue.trader.fills, venue.trader.positions) == ([], [], [])
    assert other.balance.wallet == Decimal("2500.5") - fill.fee
    assert str(position.entry_price) == "50005"


async def test_a_conditional_order_is_told(venue: Venue) -> None:
    async with trading(venue) as rest:
        params = {"symbol": BTC, "side": "SELL", "algoType": "CONDITIONAL", "type": "STOP_MARKET", "quantity": "1"}
        await rest.signed("POST", "/fapi/v1/algoOrder", {**params, "triggerPrice": "49000"})
    [conditional] = venue.conditional_orders
    assert (conditional.type, conditional.status) == ("STOP_MARKET", "NEW")
    assert conditional.trigger_price == 49_000


async def test_a_liquidation_is_told(venue: Venue) -> None:
    venue.maker(BTC, spread=10, quantity=20)
    async with trading(venue) as rest:
        await rest.place(BTC, "BUY", "3")
    await asyncio.to_thread(venue.crash, BTC, percent=10, seconds=1)
    [liquidation] = venue.wait_for(lambda: venue.liquidations)
    assert liquidation.account_id == venue.trader.account_id
    assert liquidation.quantity == 3
    assert venue.trader.liquidations == [liquidation]


def test_what_never_comes_true_is_an_error(venue: Venue) -> None:
    with pytest.raises(TimeoutError, match=r"did not come true within 0\.05 s"):
        venue.wait_for(lambda: False, timeout=0.05)


# --------------------------------------------------------------------------------------------------------------- faults


async def test_the_next_order_fails_as_told(venue: Venue) -> None:
    venue.maker(BTC)
    venue.fail_next_order(code=-2019, times=2)
    venue.fail_next_order(code=-1003, msg="Slow down.", retry_after=3)
    async with trading(venue) as rest:
        for code, msg in [
            (-2019, "Margin is insufficient."),
            (-2019, "Margin is insufficient."),
            (-1003, "Slow down."),
        ]:
            with pytest.raises(VenueError) as refused:
                await rest.place(BTC, "BUY", "1")
            assert (refused.value.code, refused.value.msg) == (code, msg)
        assert venue.orders == []
        await rest.place(BTC, "BUY", "1")
    assert len(venue.orders) == 1


async def test_a_fault_waits_for_its_account_and_its_request(venue: Venue) -> None:
    other = venue.account("other")
    venue.fail_next_order(account=other)
    venue.fail_next_order(request="CANCEL")
    async with trading(venue) as rest, trading(venue, other) as others:
        await rest.place(BTC, "BUY", "1", "100", client_order_id="a")
        with pytest.raises(VenueError, match="-1001"):
            await others.place(BTC, "BUY", "1", "100")
        with pytest.raises(VenueError, match="-1001"):
            await rest.cancel(BTC, "a")
        await rest.cancel(BTC, "a")


async def test_an_answer_is_lost(venue: Venue) -> None:
    venue.maker(BTC)
    venue.lose_next_answer()
    venue.lose_next_answer(answered=False)
    async with trading(venue) as rest:
        with pytest.raises(VenueError, match="Unknown error, please check your request") as unknown:
            await rest.place(BTC, "BUY", "1", client_order_id="first")
        assert unknown.value.http == 503
        with pytest.raises(ConnectionLostError):
            await rest.place(BTC, "BUY", "1", client_order_id="second")
        for name in ("first", "second"):
            asked = await rest.signed("GET", "/fapi/v1/order", {"symbol": BTC, "origClientOrderId": name})
            assert asked["status"] == "FILLED"


async def test_a_fill_comes_before_its_acknowledgement(venue: Venue) -> None:
    venue.maker(BTC)
    told: list[str] = []
    async with aiohttp.ClientSession() as session, trading(venue) as rest:
        events = user_events(session, venue.ws_url, rest)
        assert (await anext(events))["e"] == "connected"
        venue.delay_next_answer(0.5)

        async def place() -> None:
            await rest.place(BTC, "BUY", "1")
            told.append("answer")

        placing = asyncio.create_task(place())
        async for event in events:
            if event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["X"] == "FILLED":
                told.append("fill")
                break
        await placing
    assert told == ["fill", "answer"]


async def test_streams_end_and_come_again(venue: Venue) -> None:
    other = venue.account("other")
    async with aiohttp.ClientSession() as session, trading(venue) as rest, trading(venue, other) as others:
        keys = [(await who.public("POST", "/fapi/v1/listenKey"))["listenKey"] for who in (rest, others)]
        mine = await session.ws_connect(f"{venue.ws_url}/ws/{keys[0]}")
        theirs = await session.ws_connect(f"{venue.ws_url}/ws/{keys[1]}")
        assert venue.disconnect_streams(other) == 1
        assert (await theirs.receive(PATIENCE_SECONDS)).type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
        await mine.ping()
        with venue.streams_down():
            assert (await mine.receive(PATIENCE_SECONDS)).type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
            with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
                await session.ws_connect(f"{venue.ws_url}/ws")
        again = await session.ws_connect(f"{venue.ws_url}/ws")
        assert not again.closed
        assert venue.disconnect_streams() == 1


async def test_what_the_bot_used_is_told(venue: Venue) -> None:
    async with trading(venue) as rest:
        await rest.public("GET", "/fapi/v1/time")
        with pytest.raises(VenueError):
            await rest.public("GET", "/fapi/v1/nothing")
    report = venue.coverage()
    assert [used["name"] for used in report["endpoints"]] == ["GET /fapi/v1/time"]
    assert [missed["name"] for missed in report["notImplemented"]] == ["GET /fapi/v1/nothing"]


def test_the_control_api_refuses_in_words(venue: Venue) -> None:
    with pytest.raises(ControlError, match="the dialect has no error -7") as refused:
        venue.fail_next_order(code=-7)
    assert (refused.value.http, refused.value.code) == (400, -9101)


# ------------------------------------------------------------------------------------------------------------ the house


def test_the_house_bots_trade_and_leave(venue: Venue) -> None:
    venue.house_bots()
    venue.wait_for(lambda: venue.fills, timeout=30)
    assert venue._house is not None
    venue.close()
    assert venue._house._process.returncode is not None
