"""The tables of history's file and how they are asked: for a span of rows by key, time or both. It folds nothing."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from exchange.core.units import INT63_MAX, MILLISECOND
from exchange.projections.derived import DerivedFile, Row

FORMAT = 7  # raise it with every change of a table or a record: a file of another format is emptied and folded again
Record = TypeVar("Record")

_TABLES = """
CREATE TABLE progress (format INTEGER NOT NULL, venue_id TEXT NOT NULL, seq INTEGER NOT NULL, tran_id INTEGER NOT NULL);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, symbol TEXT NOT NULL,
    client_order_id TEXT NOT NULL, ts INTEGER NOT NULL, record BLOB NOT NULL);
CREATE INDEX orders_by_ts ON orders (ts, order_id);
CREATE INDEX orders_of_account ON orders (account_id, order_id);
CREATE INDEX orders_by_symbol ON orders (account_id, symbol, order_id);
CREATE INDEX orders_by_client_id ON orders (account_id, symbol, client_order_id, order_id);
CREATE TABLE forced (order_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, symbol TEXT NOT NULL,
    kind TEXT NOT NULL, ts INTEGER NOT NULL);
CREATE INDEX forced_by_ts ON forced (ts, order_id);
CREATE INDEX forced_of_account ON forced (account_id, order_id);
CREATE INDEX forced_by_symbol ON forced (account_id, symbol, order_id);
CREATE INDEX forced_by_kind ON forced (account_id, kind, order_id);
CREATE INDEX forced_by_symbol_and_kind ON forced (account_id, symbol, kind, order_id);
CREATE TABLE fills (trade_id INTEGER NOT NULL, order_id INTEGER NOT NULL, account_id INTEGER NOT NULL,
    symbol TEXT NOT NULL, ts INTEGER NOT NULL, record BLOB NOT NULL, PRIMARY KEY (trade_id, order_id)) WITHOUT ROWID;
CREATE INDEX fills_by_ts ON fills (ts, trade_id);
CREATE INDEX fills_by_symbol ON fills (account_id, symbol, trade_id);
CREATE INDEX fills_by_order ON fills (account_id, symbol, order_id, trade_id);
CREATE TABLE amendments (amendment_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, symbol TEXT NOT NULL,
    order_id INTEGER NOT NULL, client_order_id TEXT NOT NULL, price_before INTEGER NOT NULL, price INTEGER NOT NULL,
    quantity_before INTEGER NOT NULL, quantity INTEGER NOT NULL, count INTEGER NOT NULL, modify_id INTEGER NOT NULL,
    ts INTEGER NOT NULL);
CREATE INDEX amendments_by_ts ON amendments (ts, amendment_id);
CREATE INDEX amendments_by_order ON amendments (account_id, symbol, order_id, amendment_id);
CREATE INDEX amendments_by_client_id ON amendments (account_id, symbol, client_order_id, amendment_id);
CREATE TABLE conditionals (conditional_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, symbol TEXT NOT NULL,
    client_id TEXT NOT NULL, ts INTEGER NOT NULL, record BLOB NOT NULL);
CREATE INDEX conditionals_by_ts ON conditionals (ts, conditional_id);
CREATE INDEX conditionals_of_account ON conditionals (account_id, conditional_id);
CREATE INDEX conditionals_by_symbol ON conditionals (account_id, symbol, conditional_id);
CREATE INDEX conditionals_by_client_id ON conditionals (account_id, client_id, conditional_id);
CREATE TABLE income (tran_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, symbol TEXT NOT NULL,
    kind TEXT NOT NULL, amount INTEGER NOT NULL, ts INTEGER NOT NULL, trade_id INTEGER NOT NULL);
CREATE INDEX income_by_ts ON income (ts, tran_id);
CREATE INDEX income_of_account ON income (account_id, tran_id);
CREATE INDEX income_by_symbol ON income (account_id, symbol, tran_id);
CREATE INDEX income_by_kind ON income (account_id, kind, tran_id);
CREATE INDEX income_by_symbol_and_kind ON income (account_id, symbol, kind, tran_id);
CREATE TABLE margin_moves (tran_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, symbol TEXT NOT NULL,
    position_side TEXT NOT NULL, kind INTEGER NOT NULL, amount INTEGER NOT NULL, cause TEXT NOT NULL,
    ts INTEGER NOT NULL);
CREATE INDEX margin_moves_by_ts ON margin_moves (ts, tran_id);
CREATE INDEX margin_moves_by_symbol ON margin_moves (account_id, symbol, tran_id);
CREATE INDEX margin_moves_by_kind ON margin_moves (account_id, symbol, kind, tran_id);
"""


class Wanted:
    """What a query asks for, as the words and values of its WHERE."""

    def __init__(
        self,
        account_id: int,
        symbol: str | None,
        from_id: int | None,
        start_ms: int | None,
        end_ms: int | None,
        limit: int,
    ) -> None:
        """Bound by account and by what else is named; times are whole milliseconds, both ends included.

        They become `start_ts` and, exclusive, `end_ts` in nanoseconds.
        """
        self.limit = limit
        self.from_begin = from_id is not None or start_ms is not None
        self.from_id = from_id or 0
        self.start_ts = 0 if start_ms is None else min(start_ms * MILLISECOND, INT63_MAX)
        self.end_ts = INT63_MAX if end_ms is None else min((end_ms + 1) * MILLISECOND, INT63_MAX)
        self._conditions: list[tuple[str, object]] = [("account_id = ?", account_id)]
        if symbol is not None:
            self.also("symbol = ?", symbol)

    def also(self, condition: str, value: object) -> None:
        """Narrow it by one more condition with one place."""
        self._conditions.append((condition, value))

    def where(self) -> tuple[str, list[object]]:
        """Return the condition and the values for its places."""
        return " AND ".join(text for text, _ in self._conditions), [value for _, value in self._conditions]


class Tables:
    """The file as readers see it: what has gathered is written before they look."""

    def __init__(self, file: DerivedFile, flush: Callable[[], None]) -> None:
        self._file = file
        self._flush = flush

    def latest(self, table: str, key: str, named: Mapping[str, object]) -> bytes | None:
        """Return the record of the newest row of a table whose columns have these values, None when there is none."""
        where = " AND ".join(f"{column} = ?" for column in named)
        sql = f"SELECT record FROM {table} WHERE {where} ORDER BY {key} DESC LIMIT 1"  # noqa: S608 - texts of this package
        rows = self.rows(sql, tuple(named.values()))
        return rows[0][0] if rows else None

    def newest(self, wanted: Wanted, table: str, columns: str, key: str) -> list[Row]:
        """Return rows by ascending key, the oldest that are wanted, or the newest when no begin is named."""
        first = max(wanted.from_id, self._first_key(table, key, wanted.start_ts))
        wanted.also(f"{key} >= ?", first)
        wanted.also(f"{key} < ?", self._first_key(table, key, wanted.end_ts))
        order = "ASC" if wanted.from_begin else "DESC"
        where, values = wanted.where()
        sql = f"SELECT {columns} FROM {table} WHERE {where} ORDER BY {key} {order} LIMIT ?"  # noqa: S608 - texts of this file
        rows = self.rows(sql, (*values, wanted.limit))
        return rows if wanted.from_begin else rows[::-1]

    def _first_key(self, table: str, key: str, ts: int) -> int:
        """Return the first key at or after a time, in ns; 0 and INT63_MAX are open ends, below and above all keys."""
        if ts in {0, INT63_MAX}:
            return ts
        sql = f"SELECT {key} FROM {table} WHERE ts >= ? ORDER BY ts, {key} LIMIT 1"  # noqa: S608 - texts of this file
        rows = self.rows(sql, (ts,))
        return int(rows[0][0]) if rows else INT63_MAX

    def rows(self, sql: str, values: tuple[object, ...]) -> list[Row]:
        """Write what has gathered, so that a reader sees it, and run a query."""
        self._flush()
        return self._file.rows(sql, values)

    def peek(self, sql: str, values: tuple[object, ...]) -> list[Row]:
        """Run a query on what is written already."""
        return self._file.rows(sql, values)

    def decoded(self, decode: Callable[[bytes], Record], data: bytes) -> Record:
        """Return a stored record; one that cannot be read, or is not there, is damage."""
        try:
            return decode(data)
        except (msgspec.DecodeError, TypeError) as error:
            raise self._file.damaged(f"a record cannot be read: {error}") from error


def open_tables(file: DerivedFile, venue_id: str) -> tuple[int, int]:
    """Make the tables of this FORMAT if they are not there; return the last sequence number and transaction id."""
    tables = [name for (name,) in file.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    if "progress" in tables:
        rows = file.rows("SELECT * FROM progress")
        if len(rows) == 1 and rows[0][:2] == (FORMAT, venue_id):
            _, _, seq, tran_id = rows[0]
            if type(seq) is type(tran_id) is int:
                return seq, tran_id
    with file.transaction() as database:
        for name in tables:
            database.execute(f"DROP TABLE {name}")
        for statement in _TABLES.split(";"):
            database.execute(statement)
        database.execute("INSERT INTO progress VALUES (?, ?, 0, 0)", (FORMAT, venue_id))
    return 0, 0
