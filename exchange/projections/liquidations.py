"""The newest rows of the tapes of liquidations and of the insurance fund, for the control API. They decide nothing."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import TypeVar

from exchange.core.account import FUND_ID
from exchange.core.commands import Command
from exchange.core.enums import BalanceReason
from exchange.core.events import AccountUpdated, Event, FundInventoryExceeded, FundShortfall, PositionLiquidated

TAPE_ROWS_MAX = 100_000  # the oldest rows go first, and `dropped` counts them
_SEQ = attrgetter("seq")


@dataclass(frozen=True, slots=True)
class LiquidationRow:
    """One liquidated position, with the sequence number and the time (nanoseconds) of its command."""

    seq: int
    ts: int
    event: PositionLiquidated


@dataclass(frozen=True, slots=True)
class FundRow:
    """One change of the fund's wallet, or a word of it: `change` and `balance` in atoms.

    `kind` is the reason of the change, or SHORTFALL (`change` is the loss left open, negative) or INVENTORY_EXCEEDED
    (`change` is 0).
    """

    seq: int
    ts: int
    kind: str
    symbol: str
    change: int
    balance: int


Row = TypeVar("Row", LiquidationRow, FundRow)


def page(tape: deque[Row], limit: int, after_seq: int | None = None) -> list[Row]:
    """Return the newest `limit` rows, or the oldest `limit` beyond a sequence number, oldest first.

    Rows of one command are never parted, else asking on from the last row's sequence number would miss some: so a page
    may be longer by what one command caused.
    """
    if after_seq is None:
        begin, end = max(0, len(tape) - limit), len(tape)
        if 0 < begin < end:
            begin = bisect_left(tape, tape[begin].seq, key=_SEQ)
    else:
        begin = bisect_right(tape, after_seq, key=_SEQ)
        end = min(len(tape), begin + limit)
        if begin < end:
            end = bisect_right(tape, tape[end - 1].seq, key=_SEQ)
    return list(islice(tape, begin, end))


class Liquidations:
    """Folds events into the two tapes."""

    def __init__(self, fund_seed: int = 0) -> None:
        """Start with empty tapes; the fund holds its seed, in atoms."""
        self.liquidations: deque[LiquidationRow] = deque(maxlen=TAPE_ROWS_MAX)
        self.fund: deque[FundRow] = deque(maxlen=TAPE_ROWS_MAX)
        self.dropped = 0
        self._fund_balance = fund_seed

    def fold(self, seq: int, ts: int, command: Command, events: Sequence[Event]) -> None:
        """Take in what one command caused."""
        del command  # every fold takes it
        for event in events:
            if isinstance(event, PositionLiquidated):
                self._keep(self.liquidations, LiquidationRow(seq, ts, event))
            elif isinstance(event, AccountUpdated) and event.account_id == FUND_ID:
                self._fund_balance = event.wallet_balance
                self._fund(seq, ts, event.reason.value, event.symbol, event.balance_change)
            elif isinstance(event, FundShortfall):
                self._fund(seq, ts, "SHORTFALL", "", -event.amount)
            elif isinstance(event, FundInventoryExceeded):
                self._fund(seq, ts, "INVENTORY_EXCEEDED", event.symbol, 0)

    def _fund(self, seq: int, ts: int, kind: str, symbol: str, change: int) -> None:
        if change or kind != BalanceReason.ORDER.value:  # an unwinding fill without profit is no change
            self._keep(self.fund, FundRow(seq, ts, kind, symbol, change, self._fund_balance))

    def _keep(self, tape: deque[Row], row: Row) -> None:
        if len(tape) == TAPE_ROWS_MAX:
            self.dropped += 1
        tape.append(row)
