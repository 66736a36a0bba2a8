"""A data folder becomes a venue, and the same venue again; what contradicts its journal is refused by name."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.core.commands import CreateAccount, PlaceOrder, SetIndexPrice
from exchange.core.enums import OrderType, Side
from exchange.core.rules import VenueRules
from exchange.core.snapshot import state_hash
from exchange.core.units import Atoms, Lots, Ticks
from exchange.journal.errors import CorruptJournalError, DataFolderLockedError, HeaderMismatchError
from exchange.journal.recovery import replay
from exchange.journal.store import JOURNAL_NAME
from exchange.projections.derived import DamagedFileError, DerivedFileError
from exchange.runtime.app import HISTORY_NAME, App, open_app
from exchange.runtime.keys import KEYS_NAME, KeysError
from exchange.runtime.settings import DEFAULT_INDEX, Settings, SettingsError, read_contracts

CONTRACTS = Path(__file__).resolve().parents[2] / "exchange" / "data" / "contracts"


async def trade(app: App) -> None:
    """Two accounts trade one lot."""
    await app.start()
    await app.sequencer.submit(SetIndexPrice("BTCUSDT", Ticks(1_000_000)))
    for name in ("maker", "taker"):
        done = await app.sequencer.submit(CreateAccount(name, Atoms(10**13)))
        app.keys.issue(done.events[0].account_id)  # type: ignore[union-attr]
    await app.sequencer.submit(PlaceOrder(1, "BTCUSDT", Side.BUY, OrderType.LIMIT, Lots(10), Ticks(1_000_000)))
    await app.sequencer.submit(PlaceOrder(2, "BTCUSDT", Side.SELL, OrderType.MARKET, Lots(10)))


async def test_a_folder_becomes_a_venue_and_the_same_one_again(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    app = open_app(Settings(folder))
    await trade(app)
    trades = list(app.market_data.markets["BTCUSDT"].trades)
    assert len(trades) == 1
    await app.close()
    assert replay(folder).state_hash == state_hash(app.venue.state)

    again = open_app(Settings(folder))
    assert state_hash(again.venue.state) == state_hash(app.venue.state)
    assert list(again.market_data.markets["BTCUSDT"].trades) == trades
    assert again.history.seq == again.sequencer.seq == app.sequencer.seq
    assert (again.admin_token, again.keys.all()) == (app.admin_token, app.keys.all())
    await again.close()


async def test_projections_are_the_same_live_and_recovered_without_history_file(tmp_path: Path) -> None:
    app = open_app(Settings(tmp_path))
    await trade(app)
    fills = app.history.fills(1, "BTCUSDT")
    assert len(fills) == 1
    await app.close()
    (tmp_path / HISTORY_NAME).unlink()
    again = open_app(Settings(tmp_path))
    assert again.history.fills(1, "BTCUSDT") == fills
    await again.close()


def overwrite(path: Path, begin: int, end: int) -> None:
    """Write over the bytes of a file from `begin` to `end`."""
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(b"no page! " * (end // 9 + 1))
        file.truncate(end)


def all_of_it(history: Path) -> None:
    """Nothing is left of it."""
    overwrite(history, 0, 6_000)


def the_middle(history: Path) -> None:
    """The first two pages are as they were."""
    overwrite(history, 8192, history.stat().st_size)


def the_file_below_its_log(history: Path) -> None:
    """The write-ahead log is whole, what it belongs to is not."""
    log = history.with_name(history.name + "-wal")
    with sqlite3.connect(history, isolation_level=None) as connection:
        connection.execute("UPDATE progress SET tran_id = tran_id + 1")
        kept = log.read_bytes()
    connection.close()
    assert kept
    all_of_it(history)
    log.write_bytes(kept)


def a_row_that_no_check_of_pages_finds(history: Path) -> None:
    """It has rows beyond its own sequence number: folding them again fails."""
    with sqlite3.connect(history) as connection:
        connection.execute("UPDATE progress SET seq = 1")
    connection.close()


@pytest.mark.parametrize("damage", [all_of_it, the_middle, the_file_below_its_log, a_row_that_no_check_of_pages_finds])
async def test_a_damaged_history_is_made_anew(
    tmp_path: Path, damage: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    app = open_app(Settings(tmp_path))
    await trade(app)
    fills = app.history.fills(1, "BTCUSDT")
    await app.close()
    damage(tmp_path / HISTORY_NAME)
    again = open_app(Settings(tmp_path))
    assert f"{HISTORY_NAME} is made anew from the journal" in capsys.readouterr().err
    assert again.history.fills(1, "BTCUSDT") == fills
    assert len(again.market_data.markets["BTCUSDT"].trades) == 1, "the others are folded once"
    await again.start()
    await again.close()
    await open_app(Settings(tmp_path)).close()
    assert capsys.readouterr().err == ""


async def test_a_history_that_is_ahead_of_its_journal_is_made_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await open_app(Settings(tmp_path)).close()
    journal = tmp_path / JOURNAL_NAME
    backup = journal.read_bytes()
    app = open_app(Settings(tmp_path))
    await trade(app)
    await app.close()
    journal.write_bytes(backup)
    again = open_app(Settings(tmp_path))
    assert f"{HISTORY_NAME} is made anew from the journal: it is at sequence number" in capsys.readouterr().err
    assert again.history.seq == again.sequencer.seq == 0
    assert again.history.fills(1, "BTCUSDT") == []
    await again.close()


async def test_a_history_of_another_journal_is_made_anew(tmp_path: Path) -> None:
    fills = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        app = open_app(Settings(folder))
        await trade(app)
        fills = app.history.fills(1, "BTCUSDT")
        await app.close()
    (tmp_path / "one" / HISTORY_NAME).replace(tmp_path / "other" / HISTORY_NAME)
    again = open_app(Settings(tmp_path / "other"))
    assert again.history.fills(1, "BTCUSDT") == fills
    await again.close()


async def test_a_history_that_cannot_be_written_stops_the_venue_and_names_the_file(tmp_path: Path) -> None:
    fatal: list[str] = []
    app = open_app(Settings(tmp_path), on_fatal=fatal.append)
    await trade(app)
    assert app.history.fills(1, "BTCUSDT") != []
    with sqlite3.connect(tmp_path / HISTORY_NAME) as connection:
        connection.execute("DROP TABLE fills")
    connection.close()
    with pytest.raises(DamagedFileError):
        app.history.fills(1, "BTCUSDT")
    assert fatal == []
    await app.sequencer.submit(SetIndexPrice("BTCUSDT", Ticks(1_000_000)))
    assert len(fatal) == 1
    assert f"{tmp_path / HISTORY_NAME} is damaged: no such table: fills; delete it" in fatal[0]
    assert "Traceback" not in fatal[0]
    await app.close()


async def test_closing_lets_the_folder_go_when_the_history_cannot_be_written(tmp_path: Path) -> None:
    app = open_app(Settings(tmp_path))
    await trade(app)
    with sqlite3.connect(tmp_path / HISTORY_NAME, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DerivedFileError, match="another process is writing it"):
            await app.close()
    other.close()
    again = open_app(Settings(tmp_path))
    assert len(again.history.fills(1, "BTCUSDT")) == 1, "what was not written is folded again"
    await again.close()


async def test_keys_do_not_open_the_accounts_of_another_journal(tmp_path: Path) -> None:
    app = open_app(Settings(tmp_path))
    await trade(app)
    await app.close()
    journal, keys = tmp_path / JOURNAL_NAME, tmp_path / KEYS_NAME
    journal.rename(tmp_path / "kept")
    with pytest.raises(KeysError, match=r"move .* away"):
        open_app(Settings(tmp_path))
    assert not journal.exists(), "it was refused before anything was written"
    keys.rename(tmp_path / "away")
    anew = open_app(Settings(tmp_path))
    assert anew.keys.all() == ()
    await anew.close()
    (tmp_path / "kept").rename(journal)
    with pytest.raises(KeysError, match=r"move .* away"):
        open_app(Settings(tmp_path))
    (tmp_path / "away").rename(keys)
    again = open_app(Settings(tmp_path))
    assert again.keys.all() == app.keys.all()
    await again.close()


async def test_keys_of_a_tail_that_the_journal_lost_do_not_open_what_comes_after(tmp_path: Path) -> None:
    await open_app(Settings(tmp_path)).close()
    journal = tmp_path / JOURNAL_NAME
    backup = journal.read_bytes()
    app = open_app(Settings(tmp_path))
    await trade(app)
    old = app.keys.all()
    assert [key.account_id for key in old] == [1, 2]
    await app.close()
    journal.write_bytes(backup)
    again = open_app(Settings(tmp_path))
    assert [again.keys.find(key.api_key) for key in old] == [None, None]
    await trade(again)
    assert [key.account_id for key in again.keys.all()] == [1, 2]
    await again.close()


async def test_a_folder_serves_one_venue_at_a_time(tmp_path: Path) -> None:
    app = open_app(Settings(tmp_path))
    with pytest.raises(DataFolderLockedError):
        open_app(Settings(tmp_path))
    await app.close()
    await open_app(Settings(tmp_path)).close()


async def test_what_is_left_out_is_as_it_was_begun(tmp_path: Path) -> None:
    begun = Settings(tmp_path, index="walk:7", coupled=True, seed=9, contracts=(CONTRACTS / "ETHUSDT.toml",))
    await open_app(begun).close()
    app = open_app(Settings(tmp_path, speed=10.0))
    assert (app.settings.index, app.settings.coupled, app.settings.seed) == ("walk:7", True, 9)
    assert list(app.venue.state.markets) == ["ETHUSDT"]
    await app.close()


async def test_a_new_venue_has_the_shipped_contracts_and_the_defaults(tmp_path: Path) -> None:
    app = open_app(Settings(tmp_path))
    assert list(app.venue.state.markets) == ["BTCUSDT", "ETHUSDT"]
    assert (app.settings.index, app.settings.coupled) == (DEFAULT_INDEX, False)
    assert app.venue.state.rules == VenueRules()
    await app.close()


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"index": "walk:8"}, "settings.index: journal 'manual', now 'walk:8'"),
        ({"coupled": True}, "settings.coupled: journal 'false', now 'true'"),
        ({"seed": 5}, "settings.seed: journal '1', now '5'"),
        ({"rules": VenueRules(max_accounts=3)}, "rules.max_accounts: journal 10000, now 3"),
        ({"contracts": (CONTRACTS / "BTCUSDT.toml",)}, "contracts.ETHUSDT.taker_fee: journal"),
    ],
)
async def test_what_contradicts_the_journal_is_refused_by_name(
    tmp_path: Path, settings: dict[str, object], field: str
) -> None:
    await open_app(Settings(tmp_path)).close()
    with pytest.raises(HeaderMismatchError) as caught:
        open_app(Settings(tmp_path, **settings))  # type: ignore[arg-type]
    assert field in str(caught.value)
    await open_app(Settings(tmp_path)).close()  # the refusal has let the folder go


async def test_a_damaged_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    await open_app(Settings(tmp_path)).close()
    path = tmp_path / "journal.sqlite"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CorruptJournalError):
        open_app(Settings(tmp_path))
    assert path.stat().st_size == 100


def test_a_contract_file_that_cannot_be_listed_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "BAD.toml"
    bad.write_text('symbol = "BAD"')
    for path, reason in [(bad, "base_asset"), (tmp_path / "none.toml", "No such file")]:
        with pytest.raises(SettingsError, match=f"{path.name}.*{reason}"):
            read_contracts([path])
    with pytest.raises(SettingsError, match="listed twice: BTCUSDT, BTCUSDT"):
        read_contracts([CONTRACTS / "BTCUSDT.toml"] * 2)


def test_contracts_of_different_quote_assets_are_refused_since_one_wallet_carries_them_all(tmp_path: Path) -> None:
    other = tmp_path / "ETHUSDC.toml"
    other.write_text((CONTRACTS / "ETHUSDT.toml").read_text("utf-8").replace("USDT", "USDC"))
    assert read_contracts([other])[0].quote_asset == "USDC"
    with pytest.raises(SettingsError, match=r"one quote asset.*BTCUSDT in USDT, ETHUSDC in USDC"):
        read_contracts([CONTRACTS / "BTCUSDT.toml", other])


def test_contracts_are_listed_in_the_order_given() -> None:
    paths = [CONTRACTS / "ETHUSDT.toml", CONTRACTS / "BTCUSDT.toml"]
    assert [contract.symbol for contract in read_contracts(paths)] == ["ETHUSDT", "BTCUSDT"]
