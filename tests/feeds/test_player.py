"""The feed that plays: its prices are commands, it goes on where the journal ends, a coupled one moves with flow."""

import asyncio
import math
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

import aiohttp
import pytest

from clients.reference import Admin
from exchange.composition import Served, served
from exchange.core.commands import CreateAccount, PlaceOrder, SetIndexPrice
from exchange.core.enums import MarketState, OrderType, Side, SourceStatus
from exchange.core.events import AccountCreated
from exchange.core.rules import VenueRules
from exchange.core.units import ATOMS_PER_QUOTE, SECOND, Atoms, Lots, Ticks
from exchange.projections.bars import INTERVALS
from exchange.runtime.app import open_app
from exchange.runtime.feeds.coupling import TEMPORARY_HALF_LIFE_S, Coupling
from exchange.runtime.feeds.minutes import MalformedBarsError
from exchange.runtime.feeds.player import IndexFeed
from exchange.runtime.feeds.sources import DAY_PATH, UnknownIndexError, index_source, shipped_path
from exchange.runtime.keys import KEYS_NAME
from exchange.runtime.sequencer import Applied
from exchange.runtime.settings import Settings, SettingsError, read_contracts

SEED = 5
PATIENCE_S = 20
BTC = "BTCUSDT"
START_NS = shipped_path(DAY_PATH, SEED).start_ns + 70 * 60 * SECOND


def settings(folder: Path, **changes: object) -> Settings:
    given: dict[str, object] = {"index": f"path:{DAY_PATH}@01:10", "seed": SEED, "speed": 60.0, "port": 0, **changes}
    return Settings(folder, **given)  # type: ignore[arg-type]


async def index_prices(venue: Served, until: Callable[[list[SetIndexPrice]], bool]) -> list[SetIndexPrice]:
    """Return the index prices of BTC from now on, as soon as `until` holds of them."""
    seen: list[SetIndexPrice] = []
    enough = asyncio.Event()

    def listen(batch: Sequence[Applied]) -> None:
        commands = (applied.command for applied in batch)
        seen.extend(command for command in commands if isinstance(command, SetIndexPrice) and command.symbol == BTC)
        if until(seen):
            enough.set()

    venue.app.sequencer.subscribe(listen)
    async with asyncio.timeout(PATIENCE_S):
        await enough.wait()
    return seen


async def test_a_restarted_feed_goes_on_from_the_journaled_time_of_its_source(tmp_path: Path) -> None:
    async with served(settings(tmp_path)) as venue:
        first = await index_prices(venue, lambda seen: len(seen) >= 4)
    path = shipped_path(DAY_PATH, SEED)
    assert first[0].source_ts - START_NS <= 15 * SECOND
    assert all(command.price == round(path.price_at(command.source_ts) * 10) for command in first)
    async with served(settings(tmp_path)) as venue:
        # what was executed after our last look is in the journal, too
        left_at = venue.app.venue.state.markets[BTC].index_source_ts
        second = await index_prices(venue, lambda seen: len(seen) >= 2)
    assert left_at >= first[-1].source_ts
    assert 0 <= second[0].source_ts - left_at <= 15 * SECOND


async def test_a_feed_prices_every_source_of_an_index(tmp_path: Path) -> None:
    shipped = (files("exchange") / "data" / "contracts" / f"{BTC}.toml").read_text("utf-8")
    named = '[{ name = "one", weight = 1 }, { name = "two", weight = 2 }]'
    contract = tmp_path / "contract.toml"
    text = shipped.replace('[{ name = "spot", weight = 1 }]', named).replace("stale_seconds = 0", "stale_seconds = 30")
    contract.write_text(text)
    async with served(settings(tmp_path / "data", contracts=(contract,))) as venue:
        played = await index_prices(venue, lambda seen: len(seen) >= 2)
        market = venue.app.venue.state.markets[BTC]
        assert [(name, source.status) for name, source in market.sources.items()] == [
            ("one", SourceStatus.LIVE),
            ("two", SourceStatus.LIVE),
        ]
        assert {source.price for source in market.sources.values()} == {market.index_price}
        assert market.state is MarketState.TRADING
        assert {command.source for command in played} == {""}


async def test_a_coupled_index_follows_what_is_bought(tmp_path: Path) -> None:
    path = shipped_path(DAY_PATH, SEED)
    async with served(settings(tmp_path, coupled=True)) as venue:
        submit = venue.app.sequencer.submit
        before = await index_prices(venue, bool)
        assert before[0].price == round(path.price_at(before[0].source_ts) * 10)
        accounts = []
        for name in ("seller", "buyer"):
            applied = await submit(CreateAccount(name, Atoms(1_000_000 * ATOMS_PER_QUOTE)))
            accounts += [event.account_id for event in applied.events if isinstance(event, AccountCreated)]
        price = Ticks(before[0].price)
        await submit(PlaceOrder(accounts[0], BTC, Side.SELL, OrderType.LIMIT, Lots(10_000), price))
        await submit(PlaceOrder(accounts[1], BTC, Side.BUY, OrderType.LIMIT, Lots(10_000), price))

        def above(command: SetIndexPrice) -> bool:
            return command.price > 1.0005 * path.price_at(command.source_ts) * 10

        after = await index_prices(venue, lambda seen: any(map(above, seen)))
    assert above(after[-1])


async def test_health_tells_how_many_prices_found_no_room(tmp_path: Path) -> None:
    async with served(settings(tmp_path)) as venue, aiohttp.ClientSession() as session:
        venue.feed.beats_dropped = 3
        health = await Admin(venue.ready.rest, venue.ready.admin_token, session).call("GET", "/sim/v1/health")
    assert health["indexBeatsDropped"] == 3


async def test_impact_fades_over_the_time_that_went_by_however_many_beats_were_late(tmp_path: Path) -> None:
    app = open_app(settings(tmp_path))
    contracts = read_contracts(())
    source = index_source(f"path:{DAY_PATH}@01:10", contracts, SEED)
    feed = IndexFeed(source, app.sequencer, contracts, speed=60.0, coupled=True)
    feed.prices_at(5.0)
    feed._coupling[BTC] = Coupling(temporary_bp=100)
    late = feed.prices_at(5.0 + TEMPORARY_HALF_LIFE_S)[0]
    assert late.source_ts == START_NS + round((5 + TEMPORARY_HALF_LIFE_S) * 60) * SECOND
    assert late.price / 10 == pytest.approx(source.paths[BTC].price_at(late.source_ts) * math.exp(50e-4), rel=1e-6)
    await app.close()


async def test_candles_of_the_past_are_there_from_the_start(tmp_path: Path) -> None:
    async with served(settings(tmp_path)) as venue:
        now_ms = venue.app.clock.now() // 10**6
        market = venue.app.market_data.markets["ETHUSDT"]
        assert len(market.candles.read("1h", now_ms, limit=1_500)) == 1_500


async def test_a_restart_at_another_speed_shows_the_same_past(tmp_path: Path) -> None:
    pasts, end_ms = [], 0
    for speed in (60.0, 1.0):
        async with served(settings(tmp_path, speed=speed)) as venue:
            end_ms = end_ms or venue.app.clock.now() // 10**6
            markets = venue.app.market_data.markets.values()
            pasts.append([market.candles.read(name, end_ms, end_ms=end_ms) for market in markets for name in INTERVALS])
    assert pasts[0] == pasts[1]


@pytest.mark.parametrize(
    ("index", "error"),
    [
        ("path:nowhere", UnknownIndexError),
        ("file:bad.csv", MalformedBarsError),
        ("file:missing.csv", UnknownIndexError),
    ],
)
async def test_an_index_that_cannot_be_played_leaves_no_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: str, error: type[Exception]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("1,2,3\n")
    with pytest.raises(error):
        async with served(settings(tmp_path / "data", index=index)):
            pass
    assert not (tmp_path / "data").exists()


async def test_a_restart_plays_the_contracts_of_the_journal_that_are_not_named_again(tmp_path: Path) -> None:
    listing = (Path(__file__).parents[2] / "exchange" / "data" / "contracts" / "ETHUSDT.toml").read_text("utf-8")
    doge, prices = tmp_path / "DOGEUSDT.toml", tmp_path / "doge.csv"
    doge.write_text(listing.replace("ETH", "DOGE"))
    prices.write_text("".join(f"{1_738_540_800 + 60 * minute},0.20,0.22,0.19,0.21,1\n" for minute in range(10)))
    given = {"index": f"file:{prices}"}
    async with served(settings(tmp_path / "data", contracts=(doge,), **given)):
        pass
    async with served(settings(tmp_path / "data", **given)) as again:
        assert again.app.venue.state.markets["DOGEUSDT"].contract.base_asset == "DOGE"
    prices.unlink()
    with pytest.raises(UnknownIndexError, match="No such file"):
        async with served(settings(tmp_path / "data", **given)):
            pass


async def test_without_a_key_and_without_room_for_an_account_the_setting_is_named(tmp_path: Path) -> None:
    full = settings(tmp_path, index="manual", rules=VenueRules(max_accounts=1))
    async with served(full) as venue:
        assert len(venue.ready.accounts) == 1
    (tmp_path / KEYS_NAME).unlink()
    with pytest.raises(SettingsError, match=r"keys\.jsonl has no key, .* max_accounts, 1\."):
        async with served(full):
            pass


async def test_a_contract_without_a_path_leaves_no_journal(tmp_path: Path) -> None:
    listing = (Path(__file__).parents[2] / "exchange" / "data" / "contracts" / "ETHUSDT.toml").read_text("utf-8")
    (tmp_path / "SOLUSDT.toml").write_text(listing.replace("ETH", "SOL"))
    given = {"contracts": (tmp_path / "SOLUSDT.toml",)}
    with pytest.raises(UnknownIndexError, match="no path for SOLUSDT"):
        async with served(settings(tmp_path / "data", index="walk:1", **given)):
            pass
    assert not (tmp_path / "data").exists()
    async with served(settings(tmp_path / "data", index="manual", **given)) as venue:
        assert list(venue.app.venue.state.markets) == ["SOLUSDT"]
