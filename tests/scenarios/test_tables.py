"""The tables of small stories, by hand; what must agree between tables; files and memory alike."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exchange.core.account import FUND_ID
from exchange.core.commands import AdjustMargin, CancelOrder, Withdraw
from exchange.core.enums import MarginType, Side
from exchange.core.units import ATOMS_PER_QUOTE, SECOND, Atoms
from exchange.journal.codec import GENESIS, hash_events
from scenarios.record import sink
from scenarios.record.recorder import Sampling
from scenarios.record.schema import COLUMNS, SCHEMA_VERSION
from scenarios.record.sink import Tables
from tests.scenarios.story import BTC, PRICE, START, VALUE_UNIT, Story

LOTS = 1_000  # a position of 1000 USDT
MARGIN = 50 * ATOMS_PER_QUOTE  # of it, at 20x: liquidated once the mark is at or below 9596 ticks
FEES = {"maker_fee": "0.0002", "taker_fee": "0.0005", "liquidation_fee": "0.01"}
FUNDING = {"funding.interval_seconds": "120", "funding.floor": "0.01", "funding.cap": "0.01"}


def rows(tables: Tables, name: str, *columns: str) -> list[tuple[object, ...]]:
    """Return some columns of a table, row by row."""
    return [tuple(row[column] for column in columns) for row in tables[name].to_pylist()]


def cascade(story: Story) -> tuple[int, int, int]:
    """Let one trader be liquidated and, by a lower mark, another who had some more margin; return all three."""
    maker, first, second = story.rich(), story.account(MARGIN), story.account(MARGIN + ATOMS_PER_QUOTE)
    story.trade(first, maker, LOTS)
    story.trade(second, maker, LOTS)
    story.order(maker, Side.BUY, 5 * LOTS, 9_590)
    story.later(30)
    story.price(9_595)
    story.later(2)
    story.price(9_580)
    return maker, first, second


def ruin(story: Story, margin_type: MarginType = MarginType.CROSS) -> list[int]:
    """Let two traders be ruined with bids for a part of their lots only, and return them."""
    maker, buyer = story.rich(), story.rich()
    traders = [story.account(MARGIN, margin_type=margin_type), story.account(MARGIN)]
    for trader in traders:
        story.trade(trader, maker, LOTS)
    story.order(buyer, Side.BUY, 400, 9_550)
    story.order(buyer, Side.BUY, 3 * LOTS, 9_300)
    story.later(60)
    story.price(9_400)
    story.later(10)
    story.order(buyer, Side.BUY, 3 * LOTS, 9_490)
    story.price(9_500)
    story.later(200)
    return traders


def test_every_table_has_its_columns_its_run_and_its_version() -> None:
    tables = Story().tables()
    assert tables.keys() == COLUMNS.keys()
    for name, table in tables.items():
        assert {field.name: field.type for field in table.schema} == dict(COLUMNS[name])
        assert table.schema.metadata[b"schema_version"] == str(SCHEMA_VERSION).encode()
        assert table.schema.metadata[b"run_id"] == tables["run"]["run_id"][0].as_py().encode()
        assert not any(pa.types.is_floating(kind) for kind in table.schema.types), "no float holds money"


def test_commands_say_what_was_wanted_by_whom_and_what_was_refused() -> None:
    story = Story()
    trader = story.account(MARGIN)
    story.order(trader, Side.BUY, 10, PRICE - 5, origin="noise-1")
    story.do(CancelOrder(trader, BTC, 99), "noise-1")
    story.do(Withdraw(trader, Atoms(7)))
    columns = ("seq", "origin", "kind", "account", "side", "price_t", "qty_l", "order_id", "amount_a", "rejected")
    assert rows(story.tables(), "commands", *columns) == [
        (2, "index", "set_index_price", None, None, PRICE, None, None, None, None),
        (3, "teller", "create_account", None, None, None, None, None, MARGIN, None),
        (4, "teller", "set_leverage", 1, None, None, None, None, None, None),
        (5, "noise-1", "place_order", 1, "BUY", PRICE - 5, 10, None, None, None),
        (6, "noise-1", "cancel_order", 1, None, None, None, 99, None, "UNKNOWN_ORDER"),
        (7, "teller", "withdraw", 1, None, None, None, None, 7, None),
    ]


def test_orders_tell_the_queue_that_they_found() -> None:
    story = Story()
    first, second, taker = story.rich(), story.rich(), story.rich()
    story.order(first, Side.BUY, 10, 9_990)
    story.order(second, Side.BUY, 20, 9_990)
    story.order(taker, Side.SELL, 15, 9_990)
    story.order(first, Side.BUY, 5, 9_990)
    found = rows(story.tables(), "orders", "order_id", "execution", "status", "filled_l", "queue_ahead_l")
    assert found == [
        (1, "NEW", "NEW", 0, 0),
        (2, "NEW", "NEW", 0, 10),
        (3, "NEW", "NEW", 0, 0),
        (1, "TRADE", "FILLED", 10, None),
        (3, "TRADE", "PARTIALLY_FILLED", 10, None),
        (2, "TRADE", "PARTIALLY_FILLED", 5, None),
        (3, "TRADE", "FILLED", 15, None),
        (4, "NEW", "NEW", 0, 15),
    ]


def test_trades_carry_both_sides_with_fees_and_the_liquidations_their_place_in_the_cascade() -> None:
    story = Story(contract=FEES)
    maker, first, second = cascade(story)
    trades = story.tables()["trades"].to_pylist()
    assert [(one["maker_account"], one["taker_account"], one["taker_origin"]) for one in trades] == [
        (maker, first, "trader"),
        (maker, second, "trader"),
        (maker, first, "liquidation"),
        (maker, second, "liquidation"),
    ]
    assert [(one["price_t"], one["qty_l"], one["value_a"]) for one in trades[1:3]] == [
        (PRICE, LOTS, PRICE * LOTS * VALUE_UNIT),
        (9_590, LOTS, 9_590 * LOTS * VALUE_UNIT),
    ]
    ordinary, forced, child = trades[1:]
    assert (ordinary["fee_m_a"], ordinary["fee_t_a"]) == (ordinary["value_a"] // 5_000, ordinary["value_a"] // 2_000)
    assert forced["rpnl_t_a"] == (9_590 - PRICE) * LOTS * VALUE_UNIT
    links = ("liq_id", "cascade_id", "generation", "parent_liq_id")
    assert [tuple(one[link] for link in links) for one in (ordinary, forced, child)] == [
        (None, None, None, None),
        (1, 1, 0, None),
        (2, 1, 1, 1),
    ]


def test_a_liquidation_tells_what_moved_its_mark() -> None:
    story = Story()
    _, first, second = cascade(story)
    columns = ("account", "parent_liq_id", "mark_before_t", "mark_t", "pushing_trades", "first_trade_id", "filled_l")
    assert rows(story.tables(), "liquidations", *columns) == [
        (first, None, PRICE, 9_595, 2, 1, LOTS),
        (second, 1, 9_595, 9_580, 1, 3, LOTS),
    ]


def test_marks_tell_the_book_and_the_open_interest_of_that_moment() -> None:
    story = Story()
    cascade(story)
    columns = ("t_ns", "index_t", "mark_t", "last_t", "bid_t", "ask_t", "open_interest_l")
    assert rows(story.tables(), "marks", *columns) == [
        (START, PRICE, PRICE, None, None, None, 0),
        (START + 30 * SECOND, 9_595, 9_595, PRICE, 9_590, None, 2 * LOTS),
        (START + 32 * SECOND, 9_580, 9_580, 9_590, 9_590, None, LOTS),
    ]


def test_a_locked_scope_is_told_as_it_stood() -> None:
    story = Story()
    _, first, _ = cascade(story)
    told = next(one for one in story.tables()["accounts"].to_pylist() if one["why"] == "locked")
    loss = (9_595 - PRICE) * LOTS * VALUE_UNIT
    expected = {
        "account": first,
        "mode": "CROSS",
        "wallet_a": MARGIN,
        "net_deposits_a": MARGIN,
        "qty_l": LOTS,
        "entry_a": PRICE * LOTS * VALUE_UNIT,
        "mark_t": 9_595,
        "upnl_a": loss,
        "equity_a": MARGIN + loss,
        "mm_a": 9_595 * LOTS * VALUE_UNIT // 100,
        "im_a": 9_595 * LOTS * VALUE_UNIT // 20,
        "leverage": 20,
    }
    assert {column: told[column] for column in expected} == expected


def test_samples_stand_on_the_grid_and_tell_isolated_wallets_apart() -> None:
    story = Story(sampling=Sampling(accounts_ns=60 * SECOND, book_ns=30 * SECOND, book_levels=1))
    maker, trader = story.rich(), story.account(2 * MARGIN, margin_type=MarginType.ISOLATED)
    story.trade(trader, maker, LOTS)
    story.do(AdjustMargin(trader, BTC, Atoms(3), add=True))
    story.order(maker, Side.BUY, 7, 9_000)
    story.order(maker, Side.BUY, 8, 9_100)
    story.later(61)
    tables = story.tables()
    sampled = [one for one in tables["accounts"].to_pylist() if one["account"] == trader and one["why"] == "sample"]
    assert [(one["t_ns"], one["mode"], one["wallet_a"], one["qty_l"]) for one in sampled] == [
        (START + 60 * SECOND, "CROSS", MARGIN - 3, 0),
        (START + 60 * SECOND, "ISOLATED", MARGIN + 3, LOTS),
    ]
    assert rows(tables, "book_l2", "t_ns", "side", "level", "price_t", "qty_l") == [
        (START + 30 * SECOND, "BUY", 1, 9_100, 8),
        (START + 60 * SECOND, "BUY", 1, 9_100, 8),
    ]


def wallets_told(tables: Tables, seed: int) -> Counter[int]:
    """Return what the tables say that each account's wallet must hold: every change of it stands in one of them."""
    held: Counter[int] = Counter({FUND_ID: seed})
    for one in tables["trades"].to_pylist():
        for account, side in ((one["maker_account"], "m"), (one["taker_account"], "t")):
            if account != FUND_ID:
                held[account] += one[f"rpnl_{side}_a"] - one[f"fee_{side}_a"]
    for one in tables["funding"].to_pylist():
        if one["account"] != FUND_ID:
            held[one["account"]] += one["received_a"]
    for one in tables["wallets"].to_pylist():
        held[one["account"]] += one["delta_a"]
    for one in tables["insurance"].to_pylist():
        held[FUND_ID] += one["delta_a"]
    return held


ENDS: dict[str, tuple[dict[str, str], str, set[str]]] = {
    # rules; a column of `liquidations` that is not all 0 then; words of `insurance` that are told then
    "the fund takes all": ({}, "fund_l", {"INSURANCE_CLEAR", "ORDER"}),
    "traders must close": ({"fund_seed": "20"}, "adl_l", {"BACKSTOP_REFUSED", "INSURANCE_CLEAR"}),
    "the fund pays": ({"engine": "naive_full", "fund_seed": "500"}, "deficit_paid_a", {"INSURANCE_CLEAR"}),
    "losses are shared": ({"engine": "naive_full", "fund_seed": "20"}, "deficit_paid_a", {"SHORTFALL", "LOSS_SHARED"}),
}


@pytest.mark.parametrize("margin_type", [MarginType.CROSS, MarginType.ISOLATED])
@pytest.mark.parametrize("end", ENDS)
def test_the_tables_add_up_to_what_every_account_has(end: str, margin_type: MarginType) -> None:
    rules, column, words = ENDS[end]
    story = Story(rules, {**FEES, **FUNDING})
    traders = ruin(story, margin_type)
    tables, state = story.tables(), story.kernel.venue.state
    assert dict(wallets_told(tables, state.rules.fund_seed)) == {
        account_id: account.wallet_balance for account_id, account in state.accounts.items()
    }
    fees = sum(one["fee_m_a"] * (one["maker_origin"] != "liquidation") for one in tables["trades"].to_pylist())
    fees += sum(one["fee_t_a"] * (one["taker_origin"] != "liquidation") for one in tables["trades"].to_pylist())
    assert fees == state.trading_fees
    told = tables["liquidations"].to_pylist()
    assert {one["account"] for one in told} >= set(traders)
    forced = [one for one in tables["trades"].to_pylist() if one["taker_origin"] == "liquidation"]
    assert any(one[column] for one in told)
    assert {one["kind"] for one in tables["insurance"].to_pylist()} >= words
    assert sum(one["filled_l"] for one in told) == sum(one["qty_l"] for one in forced) >= 400
    assert sum(one["fee_a"] for one in told) == sum(one["fee_t_a"] for one in forced)
    assert sum(one["adl_l"] for one in told) == sum(one["qty_l"] for one in tables["adl"].to_pylist())
    for one in told:
        parts = ("filled_l", "fund_l", "adl_l", "closed_for_l", "left_l")
        assert sum(one[part] for part in parts) == abs(one["pos_before_l"])


def test_the_last_sample_is_the_venue_at_its_end() -> None:
    story = Story({"fund_seed": "20"}, FEES)
    ruin(story)
    tables, state = story.tables(), story.kernel.venue.state
    ends = [one for one in tables["accounts"].to_pylist() if one["why"] == "end"]
    for one in ends:
        account = state.accounts[one["account"]]
        position = account.leg(BTC).position
        assert (one["wallet_a"], one["qty_l"], one["entry_a"]) == (
            account.wallet_balance,
            position.quantity,
            position.entry_value,
        )
    assert sum(max(0, one["qty_l"]) for one in ends) == -sum(min(0, one["qty_l"]) for one in ends)


def test_files_hold_what_memory_holds_and_rows_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.record.recorder.ROWS_PER_GROUP", 8)
    monkeypatch.setattr("scenarios.record.recorder._FLUSH_MASK", 0x3)
    kept, written = Story(contract=FEES), Story(contract=FEES, out=tmp_path)
    for story in (kept, written):
        ruin(story)
    assert max(len(found.rows) for found in written.recorder._sinks.values()) < 40
    one, other = kept.tables(), written.tables()
    assert {name: table.to_pylist() for name, table in one.items()} == {
        name: table.to_pylist() for name, table in other.items()
    }
    file = pq.ParquetFile(tmp_path / "commands.parquet")
    assert file.num_row_groups > 30
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert other["commands"].schema.metadata == one["commands"].schema.metadata


def test_the_hash_is_that_of_the_journal_and_tells_runs_apart() -> None:
    story, again, other = Story(), Story(), Story()
    seen = GENESIS
    listened = []
    story.kernel.listen(lambda executed: listened.append(executed.events))
    before = story.recorder.event_hash
    for one in (story, again, other):
        cascade(one)
    other.price(9_581)
    assert story.recorder.event_hash == again.recorder.event_hash
    assert other.recorder.event_hash != again.recorder.event_hash
    seen = bytes.fromhex(before)
    for events in listened:
        seen = hash_events(seen, events)
    tables = story.tables()
    assert rows(tables, "run", "event_hash", "seed", "config") == [(seen.hex(), 7, '{"story":1}')]
    assert tables["run"]["commands"][0].as_py() == tables["commands"].num_rows
    assert tables["run"]["trades"][0].as_py() == tables["trades"].num_rows > 0
    assert other.tables()["run"]["run_id"] == tables["run"]["run_id"], "the run's name is that of what was set up"


def test_of_tables_that_nobody_wants_nothing_is_kept() -> None:
    whole, part = Story(), Story(only={"run", "marks"})
    for story in (whole, part):
        cascade(story)
    assert set(part.tables()) == {"run", "marks"}
    assert part.recorder.event_hash == whole.recorder.event_hash


def test_what_does_not_fit_into_64_bits_is_refused(tmp_path: Path) -> None:
    table = sink.Sink("wallets", "x", tmp_path)
    table.rows.append((1, 1, 1, "ORDER", None, 2**63, 0))
    with pytest.raises((OverflowError, pa.ArrowInvalid)):
        table.flush()
