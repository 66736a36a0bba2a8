"""Conditional orders, and what amendments changed: two tables of history, each with its rows that wait. No file."""

import sqlite3
from dataclasses import dataclass

import msgspec

from exchange.core.records import ConditionalRecord, OrderRecord
from exchange.projections.history_tables import Tables, Wanted


@dataclass(frozen=True, slots=True)
class AmendmentRow:
    """One amendment: prices in ticks, quantities in lots, `ts` in nanoseconds; `count`: 1 for the first of an order."""

    amendment_id: int
    symbol: str
    order_id: int
    client_order_id: str
    price_before: int
    price: int
    quantity_before: int
    quantity: int
    count: int
    modify_id: int
    ts: int


class Conditionals:
    """All conditional orders as they were last told: of a waiting one that trails, the venue knows better."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._gathered: dict[int, ConditionalRecord] = {}
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(ConditionalRecord).decode

    def __len__(self) -> int:
        """Return how many rows wait to be written."""
        return len(self._gathered)

    def gather(self, record: ConditionalRecord) -> None:
        """Take in how one stands now."""
        self._gathered[record.conditional_id] = record

    def write(self, database: sqlite3.Connection) -> None:
        """Write what has gathered, within a transaction."""
        rows = (
            (row.conditional_id, row.account_id, row.symbol, row.client_id, row.created_ts, self._encode(row))
            for row in self._gathered.values()
        )
        database.executemany("INSERT OR REPLACE INTO conditionals VALUES (?, ?, ?, ?, ?, ?)", rows)

    def clear(self) -> None:
        """Forget what has been written."""
        self._gathered.clear()

    def one(
        self, account_id: int, conditional_id: int | None = None, client_id: str | None = None
    ) -> ConditionalRecord | None:
        """Return one by its id, or the newest one with a client id, or None. One of the two is needed."""
        if conditional_id is None and client_id is None:
            raise ValueError("one() takes an id or a client id")
        name = {"client_id": client_id} if conditional_id is None else {"conditional_id": conditional_id}
        record = self._tables.latest("conditionals", "conditional_id", {**name, "account_id": account_id})
        return None if record is None else self._tables.decoded(self._decode, record)

    def many(
        self,
        account_id: int,
        symbol: str | None = None,
        from_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[ConditionalRecord]:
        """Return them by ascending id: from an id or a time of creation on, else the newest ones."""
        wanted = Wanted(account_id, symbol, from_id, start_ms, end_ms, limit)
        rows = self._tables.newest(wanted, "conditionals", "record, conditional_id", "conditional_id")
        return [self._tables.decoded(self._decode, row[0]) for row in rows]


class Amendments:
    """All amendments of orders, with what was before them."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._gathered: list[tuple[object, ...]] = []
        self._counts: dict[int, int] = {}  # of the orders of these

    def __len__(self) -> int:
        """Return how many rows wait to be written."""
        return len(self._gathered)

    def gather(self, ts: int, before: OrderRecord, after: OrderRecord) -> None:
        """Take in that an order was amended; nothing else changes its price or quantity."""
        order_id = after.order_id
        count = 1 + (self._counts[order_id] if order_id in self._counts else self._written(after))
        self._counts[order_id] = count
        self._gathered.append(
            (
                after.account_id,
                after.symbol,
                order_id,
                after.client_order_id,
                before.price,
                after.price,
                before.quantity,
                after.quantity,
                count,
                after.modify_id,
                ts,
            )
        )

    def write(self, database: sqlite3.Connection) -> None:
        """Write what has gathered, within a transaction; ids ascend in the order of what happened."""
        places = ", ".join("?" * 11)
        database.executemany(f"INSERT INTO amendments VALUES (NULL, {places})", self._gathered)  # noqa: S608 - places

    def clear(self) -> None:
        """Forget what has been written."""
        self._gathered.clear()
        self._counts.clear()

    def many(
        self,
        account_id: int,
        symbol: str,
        order_id: int | None = None,
        client_order_id: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 50,
    ) -> list[AmendmentRow]:
        """Return those of one order, or of all with a client order id, oldest first: from a time on, or the newest."""
        if order_id is None and client_order_id is None:
            raise ValueError("many() takes an order id or a client order id")
        wanted = Wanted(account_id, symbol, None, start_ms, end_ms, limit)
        if order_id is not None:
            wanted.also("order_id = ?", order_id)
        else:
            wanted.also("client_order_id = ?", client_order_id)
        columns = (
            "amendment_id, symbol, order_id, client_order_id, price_before, price, quantity_before, quantity, count,"
            " modify_id, ts"
        )
        return [AmendmentRow(*row) for row in self._tables.newest(wanted, "amendments", columns, "amendment_id")]

    def _written(self, order: OrderRecord) -> int:
        """Return how often an order was amended as far as the file knows."""
        sql = (
            "SELECT count FROM amendments WHERE account_id = ? AND symbol = ? AND order_id = ?"
            " ORDER BY amendment_id DESC LIMIT 1"
        )
        rows = self._tables.peek(sql, (order.account_id, order.symbol, order.order_id))
        return int(rows[0][0]) if rows else 0
