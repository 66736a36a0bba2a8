"""History: what it answers, that it skips what it knows, that a deleted or outdated file is rebuilt. Events by hand."""

import random
import re
import sqlite3
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path

import msgspec
import pytest

from exchange.core.commands import PlaceOrder, SetIndexPrice, Tick, Transfer
from exchange.core.enums import (
    BalanceReason,
    Execution,
    MarginMove,
    OrderStatus,
    OrderType,
    PositionSide,
    SelfTradePrevention,
    Side,
    TimeInForce,
    Wallet,
)
from exchange.core.events import AccountUpdated, Event, IsolatedMarginMoved, OrderUpdated
from exchange.core.records import Fill, OrderRecord
from exchange.core.units import Atoms, Lots, Nanos, Ticks
from exchange.projections import history as history_module
from exchange.projections import history_tables
from exchange.projections.derived import BusyFileError, DamagedFileError, DerivedFileError
from exchange.projections.forced import Forced
from exchange.projections.history import (
    ADDED,
    INCOME_KINDS,
    REDUCED,
    History,
    IncomeRow,
    MarginMoveRow,
    first_tran_id,
)
from tests.dialect.desk import START, Desk

MS = 10**6


def order(order_id: int, account_id: int = 1, symbol: str = "BTCUSDT", *, ms: int = 0, client: str = "") -> OrderRecord:
    return OrderRecord(
        order_id=order_id,
        account_id=account_id,
        symbol=symbol,
        client_order_id=client or f"mc-{order_id}",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        quantity=Lots(10),
        price=Ticks(500),
        reduce_only=False,
        self_trade_prevention=SelfTradePrevention.EXPIRE_MAKER,
        status=OrderStatus.NEW,
        filled=Lots(0),
        cum_quote=Atoms(0),
        created_ts=Nanos(ms * MS),
        updated_ts=Nanos(ms * MS),
    )


def placed(record: OrderRecord) -> OrderUpdated:
    return OrderUpdated(record, Execution.NEW)


def filled(record: OrderRecord, trade_id: int, fee: int = 5, pnl: int = 0) -> OrderUpdated:
    fill = Fill(trade_id, Ticks(500), Lots(1), Atoms(fee), Atoms(pnl), maker=False)
    status = msgspec.structs.replace(record, status=OrderStatus.PARTIALLY_FILLED)
    return OrderUpdated(status, Execution.TRADE, fill)


def moved(reason: BalanceReason, change: int, symbol: str = "", account_id: int = 1) -> AccountUpdated:
    return AccountUpdated(account_id, reason, Atoms(0), Atoms(change), Atoms(0), symbol)


def margin(amount: int, cause: MarginMove, symbol: str = "BTCUSDT", account_id: int = 1) -> IsolatedMarginMoved:
    return IsolatedMarginMoved(account_id, symbol, PositionSide.LONG, Atoms(amount), cause)


@dataclass
class Fed:
    """A history that is fed one command a millisecond."""

    history: History = field(default_factory=History)
    seq: int = 0

    def feed(self, *events: Event) -> None:
        self.seq += 1
        self.history.fold(self.seq, self.seq * MS, Tick(), events)


def test_an_order_is_found_by_either_id_as_it_stands_last() -> None:
    fed = Fed()
    fed.feed(placed(order(7, client="mine")))
    fed.feed(filled(order(7, client="mine"), 1))
    found = fed.history.order(1, "BTCUSDT", order_id=7)
    assert found is not None
    assert found.status is OrderStatus.PARTIALLY_FILLED
    assert fed.history.order(1, "BTCUSDT", client_order_id="mine") == found
    assert fed.history.order(2, "BTCUSDT", order_id=7) is None
    assert fed.history.order(1, "ETHUSDT", order_id=7) is None
    assert fed.history.order(1, "BTCUSDT", client_order_id="other") is None
    with pytest.raises(ValueError, match="order id"):
        fed.history.order(1, "BTCUSDT")


def test_of_orders_that_shared_a_client_id_the_newest_is_found() -> None:
    fed = Fed()
    fed.feed(placed(order(7, client="mine")), placed(order(9, client="mine")), placed(order(8)))
    found = fed.history.order(1, "BTCUSDT", client_order_id="mine")
    assert found is not None
    assert found.order_id == 9


def test_orders_are_listed_from_an_id_from_a_time_or_the_newest() -> None:
    fed = Fed()
    for order_id in range(1, 7):
        fed.feed(placed(order(order_id, symbol="ETHUSDT" if order_id == 4 else "BTCUSDT", ms=order_id * 10)))
    fed.feed(placed(order(99, account_id=2)))

    def ids(symbol: str | None = "BTCUSDT", **asked: int) -> list[int]:
        return [row.order_id for row in fed.history.orders(1, symbol, **asked)]

    assert ids() == [1, 2, 3, 5, 6]
    assert ids(None) == [1, 2, 3, 4, 5, 6]
    assert ids(limit=2) == [5, 6]
    assert ids(from_id=2, limit=2) == [2, 3]
    assert ids(start_ms=20, limit=2) == [2, 3]
    assert ids(start_ms=20, end_ms=50) == [2, 3, 5]
    assert ids(end_ms=50, limit=2) == [3, 5]
    assert ids(start_ms=61) == []
    assert ids(start_ms=2**62, end_ms=2**62) == []


def test_fills_come_with_their_order_as_it_stands() -> None:
    fed = Fed()
    fed.feed(filled(order(7), 1), filled(order(8), 1), filled(order(7), 2))
    fed.feed(filled(order(9), 3))
    rows = fed.history.fills(1, "BTCUSDT")
    assert [(row.fill.trade_id, row.order.order_id, row.ts) for row in rows] == [
        (1, 7, MS),
        (1, 8, MS),
        (2, 7, MS),
        (3, 9, 2 * MS),
    ]
    assert rows[0].order.status is OrderStatus.PARTIALLY_FILLED
    assert [row.fill.trade_id for row in fed.history.fills(1, "BTCUSDT", order_id=7)] == [1, 2]
    assert [row.fill.trade_id for row in fed.history.fills(1, "BTCUSDT", from_id=2, limit=1)] == [2]
    assert [row.fill.trade_id for row in fed.history.fills(1, "BTCUSDT", start_ms=2)] == [3]
    assert fed.history.fills(2, "BTCUSDT") == []


def test_income_tells_where_every_change_came_from() -> None:
    fed = Fed()
    liquidation = msgspec.structs.replace(order(8), order_type=OrderType.LIQUIDATION)
    fed.feed(moved(BalanceReason.ADMIN_DEPOSIT, 1000))
    fed.feed(moved(BalanceReason.ORDER, -25, "BTCUSDT"), filled(order(7), 1, fee=5, pnl=-20))
    fed.feed(filled(liquidation, 2, fee=3))
    fed.feed(moved(BalanceReason.FUNDING_FEE, -2, "BTCUSDT"), moved(BalanceReason.FUNDING_FEE, 2, "BTCUSDT", 2))
    fed.feed(moved(BalanceReason.INSURANCE_CLEAR, 4, "BTCUSDT"))
    fed.feed(moved(BalanceReason.WITHDRAW, -100), moved(BalanceReason.DEPOSIT, 0))
    assert fed.history.income(1) == [
        IncomeRow("", "TRANSFER", 1000, 1 * MS, first_tran_id(1), 0),
        IncomeRow("BTCUSDT", "REALIZED_PNL", -20, 2 * MS, first_tran_id(2), 1),
        IncomeRow("BTCUSDT", "COMMISSION", -5, 2 * MS, first_tran_id(2) + 1, 1),
        IncomeRow("BTCUSDT", "INSURANCE_CLEAR", -3, 3 * MS, first_tran_id(3), 2),
        IncomeRow("BTCUSDT", "FUNDING_FEE", -2, 4 * MS, first_tran_id(4), 0),
        IncomeRow("BTCUSDT", "INSURANCE_CLEAR", 4, 5 * MS, first_tran_id(5), 0),
        IncomeRow("", "TRANSFER", -100, 6 * MS, first_tran_id(6), 0),
    ]
    assert {row.kind for row in fed.history.income(1)} == set(INCOME_KINDS)
    assert [row.amount for row in fed.history.income(1, "BTCUSDT", "INSURANCE_CLEAR")] == [-3, 4]
    assert [row.amount for row in fed.history.income(1, start_ms=2, end_ms=3)] == [-20, -5, -3]
    assert [row.amount for row in fed.history.income(1, limit=2)] == [4, -100]


def test_a_share_of_a_loss_is_income_of_the_contract_only_where_an_isolated_position_paid_it() -> None:
    fed = Fed()
    fed.feed(moved(BalanceReason.LOSS_SHARED, -7), moved(BalanceReason.LOSS_SHARED, -2, "BTCUSDT"))
    assert fed.history.income(1) == [
        IncomeRow("", "INSURANCE_CLEAR", -7, 1 * MS, first_tran_id(1), 0),
        IncomeRow("BTCUSDT", "INSURANCE_CLEAR", -2, 1 * MS, first_tran_id(1) + 1, 0),
    ]
    assert [row.amount for row in fed.history.income(1, "BTCUSDT")] == [-2]


def test_moves_of_isolated_margin_are_told_with_their_cause_and_are_no_income() -> None:
    fed = Fed()
    fed.feed(margin(50, MarginMove.TRADE), moved(BalanceReason.FUNDING_FEE, -2, "BTCUSDT"))
    fed.feed(margin(-20, MarginMove.USER_ADJUST), moved(BalanceReason.MARGIN_TRANSFER, 0, "BTCUSDT"))
    fed.feed(margin(7, MarginMove.AUTO_ADD), margin(9, MarginMove.TRADE, "ETHUSDT"))
    fed.feed(margin(9, MarginMove.TRADE, account_id=2))
    first, *later = fed.history.margin_moves(1, "BTCUSDT")
    assert first == MarginMoveRow("BTCUSDT", PositionSide.LONG, 50, MarginMove.TRADE, 1 * MS, first_tran_id(1))
    assert [(row.amount, row.cause, row.kind, row.ts) for row in later] == [
        (-20, MarginMove.USER_ADJUST, REDUCED, 2 * MS),
        (7, MarginMove.AUTO_ADD, ADDED, 3 * MS),
    ]
    assert [(row.amount, row.tran_id) for row in fed.history.income(1)] == [(-2, first_tran_id(1) + 1)]

    def amounts(**asked: int) -> list[int]:
        return [row.amount for row in fed.history.margin_moves(1, "BTCUSDT", **asked)]

    assert amounts(kind=ADDED) == [50, 7]
    assert amounts(kind=REDUCED) == [-20]
    assert amounts(limit=2) == [-20, 7]
    assert amounts(start_ms=1, limit=2) == [50, -20]
    assert amounts(start_ms=2, end_ms=2) == [-20]


def test_an_order_and_its_fills_tell_which_position_they_are_of() -> None:
    fed = Fed()
    fed.feed(filled(msgspec.structs.replace(order(7), position_side=PositionSide.SHORT), 1))
    found = fed.history.order(1, "BTCUSDT", order_id=7)
    assert found is not None
    assert found.position_side is PositionSide.SHORT
    assert [row.order.position_side for row in fed.history.fills(1, "BTCUSDT")] == [PositionSide.SHORT]


def test_ids_of_income_go_on_ascending_when_a_command_has_more_rows_than_are_set_aside_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history_module, "TRAN_IDS_PER_COMMAND", 2)
    fed = Fed()
    fed.feed(*(moved(BalanceReason.FUNDING_FEE, change) for change in range(1, 5)))
    fed.feed(moved(BalanceReason.DEPOSIT, 9))
    fed.feed(moved(BalanceReason.DEPOSIT, 9))
    fed.feed(moved(BalanceReason.DEPOSIT, 9))
    assert [row.tran_id for row in fed.history.income(1)] == [2, 3, 4, 5, 6, 7, 8]


def test_a_replay_is_skipped_where_it_is_known_and_goes_on_where_it_is_not(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    first = Fed(History(path))
    first.feed(filled(order(7), 1))
    first.history.close()
    again = Fed(History(path))
    assert again.history.seq == 1
    again.feed(filled(order(7), 1))
    again.feed(filled(order(7), 2))
    assert [row.fill.trade_id for row in again.history.fills(1, "BTCUSDT")] == [1, 2]
    assert [row.tran_id for row in again.history.income(1)] == [first_tran_id(1), first_tran_id(2)]
    again.history.close()


def test_what_was_not_written_when_the_process_died_is_folded_again(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    died = Fed(History(path))
    died.feed(filled(order(7), 1))
    died.history.flush()
    died.feed(filled(order(7), 2))
    after = Fed(History(path))
    assert after.history.seq == 1
    after.feed(filled(order(7), 1))
    after.feed(filled(order(7), 2))
    assert [row.fill.trade_id for row in after.history.fills(1, "BTCUSDT")] == [1, 2]


def test_a_file_of_another_format_is_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "history.sqlite"
    old = Fed(History(path))
    old.feed(placed(order(7)))
    old.history.close()
    monkeypatch.setattr(history_tables, "FORMAT", history_tables.FORMAT + 1)
    new = History(path)
    assert new.seq == 0
    assert new.orders(1) == []


def test_a_file_of_another_venue_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    fed = Fed(History(path, "one"))
    fed.feed(placed(order(7)))
    fed.history.close()
    same = History(path, "one")
    assert len(same.orders(1)) == 1
    same.close()
    other = History(path, "other")
    assert other.seq == 0
    assert other.orders(1) == []
    other.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(DamagedFileError, match=r"history\.sqlite is damaged: file is not a database; delete it"):
        History(path)


def test_a_file_that_another_process_writes_is_waited_for_without_a_lost_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_module, "PENDING_MAX", 3)
    monkeypatch.setattr(history_module, "PENDING_LIMIT", 12)
    path = tmp_path / "history.sqlite"
    fed = Fed(History(path))
    fed.feed(placed(order(1)))
    fed.history.flush()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert len(fed.history.orders(1)) == 1, "with nothing to write, reading goes on"
    for order_id in range(2, 9):
        fed.feed(placed(order(order_id)))
    with pytest.raises(BusyFileError, match=r"history\.sqlite: another process is writing it"):
        fed.history.orders(1)  # it would not tell all
    other.execute("ROLLBACK")
    assert [row.order_id for row in fed.history.orders(1)] == list(range(1, 9))
    other.execute("BEGIN IMMEDIATE")
    for order_id in range(9, 8 + history_module.PENDING_LIMIT):
        fed.feed(placed(order(order_id)))
    with pytest.raises(BusyFileError):
        fed.feed(placed(order(8 + history_module.PENDING_LIMIT)))
    other.close()
    fed.history.close()
    assert len(History(path).orders(1)) == 8 + history_module.PENDING_LIMIT


def test_a_full_disk_is_told_and_the_rows_wait(tmp_path: Path) -> None:
    fed = Fed(History(tmp_path / "history.sqlite"))
    pages = fed.history._file.rows("PRAGMA page_count")[0][0]
    fed.history._file.rows(f"PRAGMA max_page_count = {pages}")
    for order_id in range(1, 200):
        fed.feed(placed(order(order_id)))
    with pytest.raises(DerivedFileError, match=r"history\.sqlite: database or disk is full; free some space"):
        fed.history.flush()
    fed.history._file.rows("PRAGMA max_page_count = 1000000")
    assert len(fed.history.orders(1)) == 199
    fed.history.close()


def test_pages_that_are_no_pages_are_found_at_the_opening(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    fed = Fed(History(path))
    for order_id in range(1, 200):
        fed.feed(placed(order(order_id)))
    fed.history.close()
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"x" * (path.stat().st_size - 8192 - 4096))
    with pytest.raises(DamagedFileError, match="delete it"):
        History(path)


def test_damage_that_a_reader_finds_stops_the_next_fold(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    fed = Fed(History(path))
    fed.feed(placed(order(1)))
    fed.history.flush()
    with sqlite3.connect(path) as other:
        other.execute("UPDATE orders SET record = x'c1'")
    other.close()
    with pytest.raises(DamagedFileError, match="a record cannot be read"):
        fed.history.orders(1)
    with pytest.raises(DamagedFileError, match="a record cannot be read"):
        fed.feed(placed(order(2)))


def test_an_order_that_changes_often_is_written_once_per_transaction() -> None:
    fed = Fed()
    for _ in range(history_module.PENDING_MAX - 1):
        fed.feed(placed(order(7)))
    assert fed.history._file._connection.total_changes == 1, "the row of progress alone"
    for order_id in range(8, 8 + history_module.PENDING_MAX):
        fed.feed(placed(order(order_id)))
    assert fed.history._file._connection.total_changes == 1 + history_module.PENDING_MAX + 1


def test_the_income_of_every_account_adds_up_to_its_wallet() -> None:
    chance = random.Random(11)
    desk = Desk(ts=START + (8 * 3600 - 20) * 10**9)  # twenty seconds before a funding
    accounts = [desk.account(deposit, funding=100) for deposit in (1_000_000, 1_000_000, 700, 650, 600)]
    index = 500_000
    for step in range(400):
        account = chance.choice(accounts)
        side = chance.choice(list(Side)) if account <= 2 else Side.BUY  # gamblers only go long, into a falling market
        price = index + chance.randrange(-40, 40) * 10
        quantity = chance.randrange(1, 200 if account <= 2 else 60)
        desk.execute(PlaceOrder(account, "BTCUSDT", side, OrderType.LIMIT, Lots(quantity), Ticks(price)))
        if step % 10 == 0:
            index -= 1_000
            desk.execute(SetIndexPrice("BTCUSDT", Ticks(index)))
        if step % 50 == 0:
            desk.execute(Transfer(account, chance.choice(list(Wallet)), Atoms(10**8)))
        desk.later(100)
    for account in accounts:
        total = sum(row.amount for row in desk.history.income(account, limit=10**6))
        assert total == desk.venue.state.accounts[account].wallet_balance, account
    kinds = {row.kind for account in accounts for row in desk.history.income(account, limit=10**6)}
    assert kinds == set(INCOME_KINDS), "the traffic must have had all of them"


Asked = dict[str, object]
ALL: Asked = {}
BTC: Asked = {"symbol": "BTCUSDT"}
FEES: Asked = {"kind": "COMMISSION"}
ADL: Asked = {"kind": Forced.ADL}
FROM_ID: Asked = {"from_id": 5}
OF_ORDER: Asked = {"order_id": 7}
WHEN: list[Asked] = [{}, {"start_ms": 3}, {"end_ms": 9}, {"start_ms": 3, "end_ms": 9}]
QUESTIONS: list[tuple[str, Asked]] = [
    ("order", BTC | OF_ORDER),
    ("order", BTC | {"client_order_id": "mine"}),
    *(("orders", some | when) for some in (ALL, FROM_ID, BTC, BTC | FROM_ID) for when in WHEN),
    *(("forced_orders", some | when) for some in (ALL, BTC, ADL, BTC | ADL) for when in WHEN),
    *(("fills", BTC | some | when) for some in (ALL, FROM_ID, OF_ORDER, OF_ORDER | FROM_ID) for when in WHEN),
    *(("income", some | when) for some in (ALL, BTC, FEES, BTC | FEES) for when in WHEN),
    *(("margin_moves", BTC | some | when) for some in (ALL, {"kind": ADDED}) for when in WHEN),
]


OF_CLIENT: Asked = {"client_order_id": "mine"}
ALGO_QUESTIONS: list[tuple[str, Asked]] = [
    ("conditionals.one", {"conditional_id": 7}),
    ("conditionals.one", {"client_id": "mine"}),
    *(("conditionals.many", some | when) for some in (ALL, FROM_ID, BTC, BTC | FROM_ID) for when in WHEN),
    *(("amendments.many", BTC | some | when) for some in (OF_ORDER, OF_CLIENT) for when in WHEN),
]


@pytest.mark.parametrize(("table", "asked"), QUESTIONS + ALGO_QUESTIONS, ids=str)
def test_no_query_walks_all_rows_of_an_account(table: str, asked: Asked) -> None:
    """Each condition narrows the search in an index that has the wanted order: no row is read for naught."""
    fed = Fed()
    for order_id in range(1, 20):
        fed.feed(filled(order(order_id, ms=order_id), order_id))
    fed.history.flush()
    database = fed.history._file._connection
    queries: list[str] = []
    database.set_trace_callback(queries.append)
    attrgetter(table)(fed.history)(1, **asked)
    database.set_trace_callback(None)
    assert queries
    for sql in queries:
        plan = " / ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}"))
        # an order's own key is enough to find it; whose it is is looked at then
        conditions = 1 if re.search("WHERE (order|conditional)_id = ", sql) else len(re.findall(r" (?:=|>=|<) ", sql))
        assert len(re.findall(r"[=<>]\?", plan)) == conditions, f"{sql}: {plan}"
        assert "SCAN" not in plan
        assert "TEMP B-TREE" not in plan


def test_a_span_of_time_bounds_what_an_id_begins() -> None:
    fed = Fed()
    for order_id in range(1, 7):
        fed.feed(filled(order(order_id, ms=order_id), order_id))

    def ids(**asked: int) -> list[int]:
        return [row.order_id for row in fed.history.orders(1, "BTCUSDT", **asked)]

    assert ids(from_id=2, start_ms=4) == [4, 5, 6]
    assert ids(from_id=4, start_ms=2, end_ms=5) == [4, 5]
    assert ids(from_id=6, end_ms=5) == []
    assert ids(start_ms=0, end_ms=0) == []
    assert [row.ts for row in fed.history.income(1, "BTCUSDT", "COMMISSION", start_ms=2, end_ms=3)] == [2 * MS, 3 * MS]
    assert fed.history.income(1, "BTCUSDT", "FUNDING_FEE") == fed.history.income(1, "ETHUSDT") == []
