"""Margincall's own book, venue, and venue with journal, as the benchmark drives them. They measure nothing.

The bare book is `OrderBook` and `matching.walk` with accounts that hold nothing: no checks, no margin, no events.
"""

from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from exchange.core import commands as c
from exchange.core.account import Account, Holding
from exchange.core.book import Order, OrderBook
from exchange.core.contract import Contract, parse_contract
from exchange.core.enums import OrderType, PositionSide, SelfTradePrevention, Side, TimeInForce
from exchange.core.events import Event, OrderUpdated, Rejected, TradePrinted
from exchange.core.matching import Terms, walk
from exchange.core.rules import VenueRules
from exchange.core.units import ATOMS_PER_QUOTE, MILLISECOND, SECOND, Atoms, Lots, Ticks
from exchange.core.venue import Venue
from exchange.journal.codec import GENESIS, decode_command, encode_command, encode_entries, hash_events
from exchange.journal.header import Header
from exchange.journal.store import Batch, Journal, create
from loadtests.bench.stream import OWNERS, START, Operation

BATCH = 64  # commands of one commit
DEPOSIT = Atoms(10**9 * ATOMS_PER_QUOTE)
SIDES = {1: Side.BUY, -1: Side.SELL}
# Nobody's own orders may be in the way: other books know no owners.
ANYBODY = SelfTradePrevention.NONE


def shipped(symbol: str) -> Contract:
    """Return a shipped contract."""
    return parse_contract((files("exchange") / f"data/contracts/{symbol}.toml").read_text("utf-8"))


class BareBook:
    """The book and the walk."""

    def __init__(self) -> None:
        """Begin with an empty book."""
        self._book = OrderBook()
        self._orders: dict[int, Order] = {}
        self._accounts = {
            number: Account(number, f"owner{number}", {"BTCUSDT": Holding(1)}) for number in range(1, OWNERS + 1)
        }
        self._traded = 0

    def run(self, operations: list[Operation]) -> None:
        """Do the operations in their order."""
        book, orders = self._book, self._orders
        for owner, number, side, price, lots in operations:
            if lots:
                self._enter(owner, number, SIDES[side], price, lots)
            else:
                book.remove(orders.pop(number))

    def traded_lots(self) -> int:
        """Return what was traded since it was made, in lots."""
        return self._traded

    def close(self) -> None:
        """Hold nothing."""

    def _enter(self, owner: int, number: int, side: Side, price: int, lots: int) -> None:
        book = self._book
        order = Order(
            order_id=number,
            account_id=owner,
            symbol="BTCUSDT",
            client_order_id="",
            side=side,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            quantity=lots,
            price=price,
            reduce_only=False,
            self_trade_prevention=ANYBODY,
            created_ts=0,
            updated_ts=0,
        )
        found = walk(book, self._accounts, Terms(owner, "BTCUSDT", side, price, lots, ANYBODY, PositionSide.BOTH))
        for step in found.steps:
            book.reduce(step.maker, step.quantity)
            step.maker.filled += step.quantity
            if not step.maker.remaining:
                del self._orders[step.maker.order_id]
        order.filled = found.filled
        self._traded += found.filled
        if order.remaining:
            book.add(order)
            self._orders[number] = order


class WholeVenue:
    """`Venue.execute` with checks, margin, positions and events: two contracts, a hundred accounts; marks stand."""

    def __init__(self) -> None:
        """Open the accounts."""
        self.contracts = (shipped("BTCUSDT"), shipped("ETHUSDT"))
        self.venue = Venue(VenueRules(), self.contracts)
        self._ts = SECOND
        self._ids: dict[int, int] = {}
        self._traded = 0
        setup: list[c.Command] = [
            c.Resume(),
            c.SetIndexPrice("BTCUSDT", Ticks(START)),
            *(c.CreateAccount(f"owner{number}", DEPOSIT) for number in range(1, OWNERS + 1)),
        ]
        for command in setup:
            self._execute(command)

    def run(self, operations: list[Operation]) -> None:
        """Do the operations in their order."""
        ids = self._ids
        for owner, number, side, price, lots in operations:
            self._ts += MILLISECOND
            if not lots:
                self._execute(c.CancelOrder(owner, "BTCUSDT", ids.pop(number)))
                continue
            order = c.PlaceOrder(
                owner,
                "BTCUSDT",
                SIDES[side],
                OrderType.LIMIT,
                Lots(lots),
                Ticks(price),
                self_trade_prevention=ANYBODY,
            )
            first = self._execute(order)[0]
            assert isinstance(first, OrderUpdated), f"the benchmark refuses nothing: {first}"
            ids[number] = first.order.order_id

    def traded_lots(self) -> int:
        """Return what was traded since it was made, in lots."""
        return self._traded

    def close(self) -> None:
        """Hold nothing."""

    def _execute(self, command: c.Command) -> list[Event]:
        events = self.venue.execute(self._ts, command)
        for event in events:
            if type(event) is TradePrinted:
                self._traded += event.quantity
            assert type(event) is not Rejected, f"the benchmark refuses nothing: {event}"
        return events


class JournaledVenue(WholeVenue):
    """The same with what the sequencer does around it: encode, decode, hash, and commit in batches of `BATCH`."""

    def __init__(self) -> None:
        """Begin a journal in a folder of its own, durable with each commit."""
        self._folder = TemporaryDirectory(prefix="bench-")
        self._pending: list[tuple[int, bytes]] = []
        self._hash, self._seq = GENESIS, 0
        data = Path(self._folder.name) / "data"
        create(data, Header(VenueRules(), (shipped("BTCUSDT"), shipped("ETHUSDT")), {}))
        self._journal = Journal(data)
        super().__init__()

    def run(self, operations: list[Operation]) -> None:
        """Do the operations in their order, and commit the last of them, too."""
        super().run(operations)
        self._commit()

    def close(self) -> None:
        """Close the journal and remove it."""
        self._journal.close()
        self._folder.cleanup()

    def _execute(self, command: c.Command) -> list[Event]:
        data = encode_command(command)
        events = super()._execute(decode_command(data))
        self._hash = hash_events(self._hash, events)
        self._pending.append((self._ts, data))
        if len(self._pending) == BATCH:
            self._commit()
        return events

    def _commit(self) -> None:
        if not self._pending:
            return
        first, self._seq = self._seq + 1, self._seq + len(self._pending)
        entries = encode_entries(self._pending)
        self._journal.append(Batch(first, self._seq, self._ts, entries, self._hash))
        self._pending = []
