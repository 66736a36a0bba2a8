"""The recorder: it listens to a run and writes the tables of `schema`. It decides nothing and reads no state.

All that it writes it has from commands and events. Who caused what is the fold of `exchange.projections.causes`.
"""

import json
import platform
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path
from typing import Any

import msgspec

from exchange.core.account import FUND_ID
from exchange.core.contract import Contract
from exchange.core.enums import BalanceReason, Execution, OrderType, Side
from exchange.core.events import (
    AccountCreated,
    AccountLocked,
    AccountUpdated,
    BookChanged,
    FundingSettled,
    LeverageSet,
    MarkPriceSet,
    OrderUpdated,
    Rejected,
    TradePrinted,
)
from exchange.core.rules import VenueRules
from exchange.core.units import SECOND
from exchange.journal.codec import GENESIS, hash_events
from exchange.projections.liquidations import Liquidations
from scenarios.kernel import Executed
from scenarios.record.command_rows import kind, said
from scenarios.record.ledger import Ledger
from scenarios.record.liquidation_rows import adl_row, insurance_row, liquidation_row
from scenarios.record.mirror import Mirror
from scenarios.record.schema import COLUMNS, SCHEMA_VERSION
from scenarios.record.sink import ROWS_PER_GROUP, Row, Sink, Tables

PACKAGES = ("margincall", "numpy", "pyarrow")  # whose versions a run tells
_FLUSH_MASK = 0x3FF  # whether a row group is full is looked up every 1024 commands
_SETTLED = frozenset({BalanceReason.ORDER, BalanceReason.FUNDING_FEE})  # told in `trades` and `funding`


@dataclass(frozen=True, slots=True)
class Sampling:
    """How often states are sampled, on a grid of virtual time; `book_levels` of each side."""

    accounts_ns: int = 60 * SECOND
    book_ns: int = 10 * SECOND
    book_levels: int = 20


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the run was, for the table `run`: its whole configuration as JSON text, its seed, and what it is known by.

    Without a `run_id` it is known by a hash of the rest.
    """

    config: str = "{}"
    seed: int = 0
    run_id: str = ""


class Recorder:
    """A listener of a kernel. It must hear every command from the first account on."""

    def __init__(
        self,
        contracts: Sequence[Contract],
        rules: VenueRules,
        out: Path | None = None,
        run: RunFacts | None = None,
        sampling: Sampling | None = None,
        only: Collection[str] = COLUMNS,
    ) -> None:
        """Begin the tables: in memory, or with `out` as Parquet files in a folder, which must exist.

        `only`: the tables that are kept; rows of the others are dropped.
        """
        self.commands = self.events = self.trades = 0
        self._hash = GENESIS
        self._contracts = {contract.symbol: contract for contract in contracts}
        self._rules, self._run, self._sampling = rules, run or RunFacts(), sampling or Sampling()
        self.run_id = self._run.run_id or _run_id(self._run, contracts, rules)
        self._sinks = {table: Sink(table, self.run_id, out) for table in only}
        dropped: deque[Row] = deque(maxlen=0)
        self._rows = {table: self._sinks[table].rows if table in self._sinks else dropped for table in COLUMNS}
        self._ledger = Ledger(contracts, rules.fund_seed)
        self._tapes = Liquidations(contracts, rules.fund_seed)
        # A tape, the table it goes into, and what makes a row of one entry.
        self._watched: Sequence[tuple[deque[Any], str, Callable[[int, int, Any], Row]]] = (
            (self._tapes.liquidations, "liquidations", liquidation_row),
            (self._tapes.adl, "adl", adl_row),
            (self._tapes.fund, "insurance", insurance_row),
        )
        self._books = {contract.symbol: Mirror() for contract in contracts}
        self._lasts: dict[str, int] = {}
        self._accounts_at = self._book_at = -1  # the grid points that were sampled last
        # Of the command at work:
        self._seq = self._ts = 0
        self._trade: TradePrinted | None = None
        self._maker: OrderUpdated | None = None
        self._trades: list[tuple[TradePrinted, OrderUpdated, OrderUpdated]] = []
        self._settled: FundingSettled | None = None
        # The type of an event depends on its key in the table, which a mapping cannot say: hence Any.
        self._handlers: Mapping[type[Any], Callable[[Any], None]] = {
            AccountCreated: self._on_created,
            AccountUpdated: self._on_account,
            AccountLocked: self._on_locked,
            BookChanged: self._on_book,
            FundingSettled: self._on_funding,
            LeverageSet: self._on_leverage,
            MarkPriceSet: self._on_mark,
            OrderUpdated: self._on_order,
            TradePrinted: self._on_trade,
        }

    @property
    def event_hash(self) -> str:
        """The running hash of all events so far, chained command by command as the journal's is."""
        return self._hash.hex()

    def __call__(self, executed: Executed) -> None:
        """Take in one command and what it caused."""
        seq, ts, command, events = executed.seq, executed.ts, executed.command, executed.events
        if ts > self._ts:
            self._sample(ts)
        self._seq, self._ts = seq, ts
        refused = events[0].reason if events and isinstance(events[0], Rejected) else None
        self._rows["commands"].append((seq, ts, executed.origin, kind(command), *said(command), refused))
        for event in events:
            handle = self._handlers.get(type(event))
            if handle is not None:
                handle(event)
        self._settled = None
        self._tapes.fold(seq, ts, command, events)
        self._write_trades()
        self._write_tapes()
        self._hash = hash_events(self._hash, events)
        self.commands += 1
        self.events += len(events)
        if not self.commands & _FLUSH_MASK:
            for sink in self._sinks.values():
                sink.flush(ROWS_PER_GROUP)

    def close(self) -> Tables:
        """Write the last sample and the table `run`, and return the tables; those in a folder: `read_tables`."""
        self._sample_accounts("end", self._ts)
        self._rows["run"].append(self._run_row())
        tables = {name: sink.close() for name, sink in self._sinks.items()}
        return {name: table for name, table in tables.items() if table is not None}

    # ----------------------------------------------------------------------------------------------------------- events

    def _on_created(self, event: AccountCreated) -> None:
        self._ledger.open(event.account_id)
        self._rows["participants"].append((self._seq, self._ts, event.account_id, event.name))

    def _on_account(self, event: AccountUpdated) -> None:
        self._ledger.update(event)
        told = (event.account_id, event.reason, event.symbol or None, event.balance_change, event.wallet_balance)
        if event.account_id != FUND_ID and event.reason not in _SETTLED:
            self._rows["wallets"].append((self._seq, self._ts, *told))
        elif event.reason is BalanceReason.FUNDING_FEE and self._settled is not None:
            settled = self._settled
            what = (settled.symbol, settled.funding_rate, settled.mark_price)
            self._rows["funding"].append((self._seq, self._ts, *what, event.account_id, event.balance_change))

    def _on_funding(self, event: FundingSettled) -> None:
        self._settled = event

    def _on_leverage(self, event: LeverageSet) -> None:
        self._ledger.leverages[event.account_id, event.symbol] = event.leverage

    def _on_book(self, event: BookChanged) -> None:
        self._books[event.symbol].fold(event)

    def _on_mark(self, event: MarkPriceSet) -> None:
        symbol, ledger = event.symbol, self._ledger
        ledger.marks[symbol] = event.mark_price
        prices = (event.index_price, event.mark_price, self._lasts.get(symbol))
        book = (self._books[symbol].best(Side.BUY), self._books[symbol].best(Side.SELL))
        rates = (event.premium_index, event.funding_rate)
        held = (ledger.open_interest[symbol], ledger.fund_equity)
        self._rows["marks"].append((self._seq, self._ts, symbol, *prices, *book, *rates, *held))

    def _on_trade(self, event: TradePrinted) -> None:
        self.trades += 1
        self._trade = event
        self._lasts[event.symbol] = event.price

    def _on_order(self, event: OrderUpdated) -> None:
        order, fill = event.order, event.fill
        if fill is not None and self._trade is not None:
            if fill.maker:
                self._maker = event
            elif self._maker is not None:
                self._trades.append((self._trade, self._maker, event))
                self._trade = self._maker = None
        resting = event.execution is Execution.NEW and order.order_type is OrderType.LIMIT
        ahead = self._books[order.symbol].level(order.side, order.price) if resting else None
        self._rows["orders"].append(
            (
                self._seq,
                self._ts,
                order.order_id,
                order.account_id,
                order.symbol,
                event.execution,
                order.status,
                order.side,
                order.order_type,
                order.price or None,
                order.quantity,
                order.filled,
                ahead,
                event.expire_reason or None,
            )
        )

    def _on_locked(self, event: AccountLocked) -> None:
        """Write the positions of a scope as its liquidation begins."""
        account_id, ledger = event.account_id, self._ledger
        for line in event.positions:
            symbol, quantity, mark = line.symbol, line.quantity, line.mark_price
            worth = self._contracts[symbol].notional(mark, quantity)
            initial = ledger.margins(symbol, quantity, line.leverage)[1]
            place = (account_id, symbol, line.position_side, "ISOLATED" if event.symbol else "CROSS")
            money = (event.wallet_balance, ledger.net_deposits(account_id))
            held = (quantity, worth - line.unrealized_pnl, mark, line.unrealized_pnl)
            margins = (event.equity, event.maintenance_margin, initial, line.leverage)
            self._rows["accounts"].append((self._seq, self._ts, "locked", *place, *money, *held, *margins))

    # ------------------------------------------------------------------------------------------------- after the events

    def _write_trades(self) -> None:
        for trade, maker, taker in self._trades:
            self._rows["trades"].append(self._trade_row(trade, maker, taker))
        self._trades.clear()

    def _trade_row(self, trade: TradePrinted, maker: OrderUpdated, taker: OrderUpdated) -> Row:
        made, took = maker.order, taker.order
        assert maker.fill is not None
        assert taker.fill is not None
        value = self._contracts[trade.symbol].notional(trade.price, trade.quantity)
        links: Row = (None, None, None, None)
        if took.order_type is OrderType.LIQUIDATION:
            found = self._tapes.causes.find(_liquidation_id(took.client_order_id))
            if found is not None:
                links = (*found.link, found.parent_id)
        return (
            *(self._seq, self._ts, trade.trade_id, trade.symbol, trade.price, trade.quantity, value, trade.taker_side),
            *(made.account_id, made.order_id, _origin(maker), took.account_id, took.order_id, _origin(taker)),
            *(maker.fill.fee, taker.fill.fee, maker.fill.realized_pnl, taker.fill.realized_pnl),
            *links,
        )

    def _write_tapes(self) -> None:
        """Write what this command added to the tapes of liquidations, deleveragings and of the fund."""
        seq = self._seq
        for tape, table, row_of in self._watched:
            if tape and tape[-1].seq == seq:
                new = takewhile(lambda one: one.seq == seq, reversed(tape))
                self._rows[table].extend(reversed([row_of(seq, self._ts, one) for one in new]))

    # ---------------------------------------------------------------------------------------------------------- samples

    def _sample(self, ts: int) -> None:
        """Sample what is due on the grid before a command of this time is taken in."""
        sampling = self._sampling
        if not self.commands:
            self._accounts_at, self._book_at = ts // sampling.accounts_ns, ts // sampling.book_ns
            return
        at = ts // sampling.accounts_ns
        if at > self._accounts_at:
            self._accounts_at = at
            self._sample_accounts("sample", at * sampling.accounts_ns)
        at = ts // sampling.book_ns
        if at > self._book_at:
            self._book_at = at
            self._sample_books(at * sampling.book_ns)

    def _sample_accounts(self, why: str, ts: int) -> None:
        self._rows["accounts"].extend((self._seq, ts, why, *row) for row in self._ledger.rows())

    def _sample_books(self, ts: int) -> None:
        levels = self._sampling.book_levels
        for symbol, book in self._books.items():
            for side in Side:
                self._rows["book_l2"].extend(
                    (self._seq, ts, symbol, side, place, price, quantity)
                    for place, (price, quantity) in enumerate(book.depth(side, levels), 1)
                )

    def _run_row(self) -> Row:
        contracts = msgspec.json.encode(self._contracts).decode()
        rules = msgspec.json.encode(self._rules).decode()
        facts = (self._run.config, self._run.seed, json.dumps(versions(), sort_keys=True), contracts, rules)
        return (self.run_id, SCHEMA_VERSION, *facts, self.commands, self.events, self.trades, self.event_hash)


def _origin(event: OrderUpdated) -> str:
    if event.order.order_type is OrderType.LIQUIDATION:
        return "liquidation"
    return "fund" if event.order.account_id == FUND_ID else "trader"


def _liquidation_id(client_order_id: str) -> int:
    """Return the liquidation that an order of the venue says it is of."""
    return int(client_order_id.split("-")[1])


def versions() -> dict[str, str]:
    """Return what a run is done with: Python, and the packages whose versions it tells."""
    return {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}}


def _run_id(run: RunFacts, contracts: Sequence[Contract], rules: VenueRules) -> str:
    """Return a name of the run that depends on what it is alone: configuration, seed, contracts, rules, versions."""
    said_of_it = [run.config, run.seed, json.dumps(versions(), sort_keys=True), list(contracts), rules]
    return blake2b(msgspec.json.encode(said_of_it), digest_size=8).hexdigest()
