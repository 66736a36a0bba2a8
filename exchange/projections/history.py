"""Orders, fills, income and isolated margin of every account in a SQLite file derived from events. Not the journal.

Delete the file and a replay of the journal rebuilds it; what it has folded already it skips, by sequence number.
Changes gather in memory, an order that changes twice is written once, and they are written in one transaction when
PENDING_MAX have gathered or somebody asks; while another process holds the file, they wait for the next time. Times
are asked for in milliseconds and kept in nanoseconds.

Reading happens on the event loop, so no query may walk all rows of an account: for whatever it filters by there is an
index that ends in the table's key. Keys ascend with time over all accounts, so a span of time is looked up as one of
keys.

Income, in atoms, signed as the futures wallet moved; the sum of an account's rows is its wallet:

| kind | from |
|---|---|
| REALIZED_PNL | a fill that closes, its realised profit or loss (none for 0) |
| COMMISSION | a fill, less its fee (none for 0) |
| REALIZED_PNL | a deleveraging, of the counterparty: without a trade |
| INSURANCE_CLEAR | the liquidation fee of a liquidation order's fill; deficits paid; losses of the fund, shared |
| INSURANCE_CLEAR | positions taken over, or closed by deleveraging, of their former owner |
| FUNDING_FEE | a funding payment |
| TRANSFER | transfers between the wallets, deposits, withdrawals |

What moves between the cross wallet and an isolated one is no income, as both are the futures wallet: `margin_moves`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from exchange.core.commands import Command
from exchange.core.enums import BalanceReason, Execution, MarginMove, OrderType, PositionSide
from exchange.core.events import (
    AccountUpdated,
    ConditionalUpdated,
    Deleveraged,
    Event,
    IsolatedMarginMoved,
    OrderUpdated,
)
from exchange.core.records import Fill, OrderRecord
from exchange.projections.algo_history import Amendments, Conditionals
from exchange.projections.derived import BusyFileError, DerivedFile
from exchange.projections.forced import Forced, by_side, deleveraging_order
from exchange.projections.history_tables import Tables, Wanted, open_tables

PENDING_MAX = 500  # rows that wait in memory for their transaction
PENDING_LIMIT = 20_000  # rows that wait while another process holds the file; then it is an error
TRAN_IDS_PER_COMMAND = 10**6
ADDED, REDUCED = 1, 2  # kinds of margin moves: to the isolated position, and from it

_INCOME_KIND = {
    BalanceReason.FUNDING_FEE: "FUNDING_FEE",
    BalanceReason.INSURANCE_CLEAR: "INSURANCE_CLEAR",
    BalanceReason.LOSS_SHARED: "INSURANCE_CLEAR",
    BalanceReason.DEPOSIT: "TRANSFER",
    BalanceReason.WITHDRAW: "TRANSFER",
    BalanceReason.ADMIN_DEPOSIT: "TRANSFER",
    BalanceReason.ADMIN_WITHDRAW: "TRANSFER",
}  # ORDER is told by the fills, DELEVERAGING by its side, MARGIN_TRANSFER changes no sum
INCOME_KINDS = ("REALIZED_PNL", "COMMISSION", *dict.fromkeys(_INCOME_KIND.values()))


@dataclass(frozen=True, slots=True)
class FillRow:
    """One fill of an account, with its order as it stands now; `ts` in nanoseconds."""

    order: OrderRecord
    fill: Fill
    ts: int


@dataclass(frozen=True, slots=True)
class IncomeRow:
    """One change of a futures wallet: `amount` in atoms, `ts` in nanoseconds, `trade_id` 0 without a trade.

    `tran_id` ascends over all accounts; see `first_tran_id`.
    """

    symbol: str
    kind: str
    amount: int
    ts: int
    tran_id: int
    trade_id: int


@dataclass(frozen=True, slots=True)
class MarginMoveRow:
    """Margin that moved: `amount` in atoms, positive towards the isolated position; `ts` in nanoseconds."""

    symbol: str
    position_side: PositionSide
    amount: int
    cause: MarginMove
    ts: int
    tran_id: int

    @property
    def kind(self) -> int:
        """ADDED or REDUCED."""
        return ADDED if self.amount > 0 else REDUCED


def first_tran_id(seq: int) -> int:
    """Return the `tran_id` of the first row that the command of this sequence number makes, whoever reads it when.

    A command of more than TRAN_IDS_PER_COMMAND rows would push on the ids of those after it; none comes near.
    """
    return seq * TRAN_IDS_PER_COMMAND


class History:
    """The derived file, or a database in memory when there is no path."""

    def __init__(self, path: Path | None = None, venue_id: str = "") -> None:
        """Open or make it; one of another format or venue is emptied.

        Raises DerivedFileError, of its kind DamagedFileError when it must be made anew.
        """
        self._file = DerivedFile(path)
        try:
            self._seq, self._tran_id = open_tables(self._file, venue_id)
        except BaseException:
            self._file.close()
            raise
        self._tables = Tables(self._file, self.flush)
        self._write_at = PENDING_MAX  # rows
        self._conditionals = Conditionals(self._tables)
        self._amendments = Amendments(self._tables)
        self._orders: dict[int, OrderRecord] = {}
        self._forced: list[tuple[int, int, str, str, int]] = []
        self._fills: list[tuple[int, int, int, str, int, bytes]] = []
        self._income: list[tuple[int, int, str, str, int, int, int]] = []
        self._margin_moves: list[tuple[int, int, str, str, int, int, str, int]] = []
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode_order = msgspec.msgpack.Decoder(OrderRecord).decode
        self._decode_fill = msgspec.msgpack.Decoder(Fill).decode

    @property
    def seq(self) -> int:
        """The sequence number of the last command folded, 0 before the first."""
        return self._seq

    def fold(self, seq: int, ts: int, command: Command, events: Sequence[Event]) -> None:
        """Take in what one command caused; a command that the file knows already is skipped.

        Raises DerivedFileError when it cannot be written, also when a reader found damage before.
        """
        del command  # every fold takes it
        if self._file.damage is not None:
            raise self._file.damage
        if seq <= self._seq:
            return
        self._seq = seq
        for event in by_side(events):
            if isinstance(event, OrderUpdated):
                if event.execution is Execution.AMENDMENT:
                    self._amendments.gather(ts, self._known_order(event.order.order_id), event.order)
                self._orders[event.order.order_id] = event.order
                if event.fill is not None:
                    self._fold_fill(ts, event.order, event.fill)
                elif event.execution is Execution.NEW and event.order.order_type is OrderType.LIQUIDATION:
                    self._force(event.order, Forced.LIQUIDATION)
            elif isinstance(event, Deleveraged):
                order = deleveraging_order(event, ts)
                self._orders[order.order_id] = order
                self._force(order, Forced.ADL)
                self._earn(ts, order.account_id, order.symbol, "REALIZED_PNL", event.realized_pnl, 0)
            elif isinstance(event, AccountUpdated) and event.reason in _INCOME_KIND:
                kind = _INCOME_KIND[event.reason]
                self._earn(ts, event.account_id, event.symbol, kind, event.balance_change, 0)
            elif isinstance(event, IsolatedMarginMoved):
                self._move_margin(ts, event)
            elif isinstance(event, ConditionalUpdated):
                self._conditionals.gather(event.conditional)
        if self._pending >= self._write_at:
            self._write_or_wait()

    def flush(self) -> None:
        """Write what has gathered, in one transaction. Raises DerivedFileError; then all of it waits as before."""
        if self._pending == 0:
            return
        orders = (
            (row.order_id, row.account_id, row.symbol, row.client_order_id, row.created_ts, self._encode(row))
            for row in self._orders.values()
        )
        with self._file.transaction() as database:
            database.executemany("INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?, ?)", orders)
            database.executemany("INSERT INTO forced VALUES (?, ?, ?, ?, ?)", self._forced)
            database.executemany("INSERT INTO fills VALUES (?, ?, ?, ?, ?, ?)", self._fills)
            database.executemany("INSERT INTO income VALUES (?, ?, ?, ?, ?, ?, ?)", self._income)
            database.executemany("INSERT INTO margin_moves VALUES (?, ?, ?, ?, ?, ?, ?, ?)", self._margin_moves)
            self._conditionals.write(database)
            self._amendments.write(database)
            database.execute("UPDATE progress SET seq = ?, tran_id = ?", (self._seq, self._tran_id))
        self._orders.clear()
        self._forced.clear()
        self._fills.clear()
        self._income.clear()
        self._margin_moves.clear()
        self._conditionals.clear()
        self._amendments.clear()
        self._write_at = PENDING_MAX

    def close(self) -> None:
        """Write what has gathered and close the file.

        Raises DerivedFileError when it cannot be written: it is closed all the same, and the next start folds the rest.
        """
        try:
            self.flush()
        finally:
            self._file.close()

    def abandon(self) -> None:
        """Close the file without what has gathered: the next start folds it again."""
        self._file.close()

    def order(
        self, account_id: int, symbol: str, order_id: int | None = None, client_order_id: str | None = None
    ) -> OrderRecord | None:
        """Return an order by its id, or the newest one with a client order id, or None. One of the two is needed."""
        if order_id is None and client_order_id is None:
            raise ValueError("order() takes an order id or a client order id")
        name = {"client_order_id": client_order_id} if order_id is None else {"order_id": order_id}
        record = self._tables.latest("orders", "order_id", {**name, "account_id": account_id, "symbol": symbol})
        return None if record is None else self._tables.decoded(self._decode_order, record)

    def orders(
        self,
        account_id: int,
        symbol: str | None = None,
        from_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[OrderRecord]:
        """Return orders by ascending id: from an id or a time of creation on, else the newest ones."""
        wanted = Wanted(account_id, symbol, from_id, start_ms, end_ms, limit)
        rows = self._tables.newest(wanted, "orders", "record, order_id", "order_id")
        return [self._tables.decoded(self._decode_order, row[0]) for row in rows]

    def forced_orders(
        self,
        account_id: int,
        symbol: str | None = None,
        kind: Forced | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 50,
    ) -> list[OrderRecord]:
        """Return liquidation and deleveraging orders, bounded and ordered as `orders` are; of one kind when named."""
        wanted = Wanted(account_id, symbol, None, start_ms, end_ms, limit)
        if kind is not None:
            wanted.also("kind = ?", kind.value)
        column = "(SELECT orders.record FROM orders WHERE orders.order_id = forced.order_id), order_id"
        rows = self._tables.newest(wanted, "forced", column, "order_id")
        return [self._tables.decoded(self._decode_order, row[0]) for row in rows]

    def fills(
        self,
        account_id: int,
        symbol: str,
        order_id: int | None = None,
        from_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[FillRow]:
        """Return fills by ascending trade id: from an id or a time on, else the newest; of one order when named."""
        wanted = Wanted(account_id, symbol, from_id, start_ms, end_ms, limit)
        if order_id is not None:
            wanted.also("order_id = ?", order_id)
        columns = "(SELECT orders.record FROM orders WHERE orders.order_id = fills.order_id), record, ts, trade_id"
        rows = self._tables.newest(wanted, "fills", columns, "trade_id")
        return [
            FillRow(
                self._tables.decoded(self._decode_order, row[0]),
                self._tables.decoded(self._decode_fill, row[1]),
                row[2],
            )
            for row in rows
        ]

    def income(
        self,
        account_id: int,
        symbol: str | None = None,
        kind: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 100,
    ) -> list[IncomeRow]:
        """Return income by ascending time: from a time on, else the newest rows; of one kind when named."""
        wanted = Wanted(account_id, symbol, None, start_ms, end_ms, limit)
        if kind is not None:
            wanted.also("kind = ?", kind)
        rows = self._tables.newest(wanted, "income", "symbol, kind, amount, ts, tran_id, trade_id", "tran_id")
        return [IncomeRow(*row) for row in rows]

    def margin_moves(
        self,
        account_id: int,
        symbol: str,
        kind: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[MarginMoveRow]:
        """Return moves of isolated margin, bounded and ordered as `income` is; `kind` is ADDED or REDUCED."""
        wanted = Wanted(account_id, symbol, None, start_ms, end_ms, limit)
        if kind is not None:
            wanted.also("kind = ?", kind)
        rows = self._tables.newest(
            wanted, "margin_moves", "symbol, position_side, amount, cause, ts, tran_id", "tran_id"
        )
        return [
            MarginMoveRow(of, PositionSide(side), amount, MarginMove(cause), ts, tran_id)
            for of, side, amount, cause, ts, tran_id in rows
        ]

    @property
    def conditionals(self) -> Conditionals:
        """The conditional orders."""
        return self._conditionals

    @property
    def amendments(self) -> Amendments:
        """The amendments of orders."""
        return self._amendments

    @property
    def _pending(self) -> int:
        """How many rows wait for their transaction."""
        rows = (self._orders, self._forced, self._fills, self._income, self._margin_moves)
        return sum(len(gathered) for gathered in (*rows, self._conditionals, self._amendments))

    def _known_order(self, order_id: int) -> OrderRecord:
        """Return an order as it was before the event at hand; it has begun before, so none is damage."""
        known = self._orders.get(order_id)
        if known is not None:
            return known
        [(record,)] = self._tables.peek("SELECT (SELECT record FROM orders WHERE order_id = ?)", (order_id,))
        return self._tables.decoded(self._decode_order, record)

    def _write_or_wait(self) -> None:
        """Write, or, while another process holds the file, wait for as many rows again, up to a limit."""
        try:
            self.flush()
        except BusyFileError:
            if self._pending >= PENDING_LIMIT:
                raise
            self._write_at = self._pending + PENDING_MAX

    def _force(self, order: OrderRecord, kind: Forced) -> None:
        """Gather that an order was not its owner's."""
        self._forced.append((order.order_id, order.account_id, order.symbol, kind.value, order.created_ts))

    def _fold_fill(self, ts: int, order: OrderRecord, fill: Fill) -> None:
        """Gather a fill and what it earned."""
        account_id, symbol = order.account_id, order.symbol
        self._fills.append((fill.trade_id, order.order_id, account_id, symbol, ts, self._encode(fill)))
        self._earn(ts, account_id, symbol, "REALIZED_PNL", fill.realized_pnl, fill.trade_id)
        fee_kind = "INSURANCE_CLEAR" if order.order_type is OrderType.LIQUIDATION else "COMMISSION"
        self._earn(ts, account_id, symbol, fee_kind, -fill.fee, fill.trade_id)

    def _earn(self, ts: int, account_id: int, symbol: str, kind: str, amount: int, trade_id: int) -> None:
        """Gather one row of income, unless it is nothing."""
        if amount:
            self._income.append((self._next_tran_id(), account_id, symbol, kind, amount, ts, trade_id))

    def _move_margin(self, ts: int, event: IsolatedMarginMoved) -> None:
        """Gather one move of isolated margin."""
        kind = ADDED if event.amount > 0 else REDUCED
        side, cause = event.position_side.value, event.cause.value
        row = (self._next_tran_id(), event.account_id, event.symbol, side, kind, event.amount, cause, ts)
        self._margin_moves.append(row)

    def _next_tran_id(self) -> int:
        """Return the id of the next row of income or margin moves."""
        self._tran_id = max(self._tran_id + 1, first_tran_id(self._seq))
        return self._tran_id
