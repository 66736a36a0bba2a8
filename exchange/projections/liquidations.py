"""The newest rows of the tapes of liquidations, deleveragings and of the insurance fund. They decide nothing."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from exchange.core.account import FUND_ID
from exchange.core.commands import Command
from exchange.core.contract import Contract
from exchange.core.enums import BalanceReason
from exchange.core.events import (
    AccountUpdated,
    BackstopRefused,
    Deleveraged,
    DrawdownChanged,
    Event,
    FundShortfall,
    OrderUpdated,
    UnwindingStopped,
    VaultUnderwater,
)
from exchange.projections.case_files import Link, Liquidation
from exchange.projections.causes import Causes, Ids

TAPE_ROWS_MAX = 100_000  # the oldest rows go first, and `dropped` counts them
_SEQ = attrgetter("seq")


@dataclass(frozen=True, slots=True)
class AdlRow:
    """Lots of a bankrupt that were closed against a counterparty's, with the liquidation's place in its cascade."""

    seq: int
    ts: int
    event: Deleveraged
    link: Link


@dataclass(frozen=True, slots=True)
class FundRow:
    """One change of the fund's wallet, or a word of it: `change` and `balance` in atoms.

    `kind` is the reason of the change, or one of `_WORDS`, whose table says what `change` and `quantity` are then;
    `liquidation_ids` are those that it is about. `order_id` and `trade_id` are those of an unwinding fill, else 0.
    """

    seq: int
    ts: int
    kind: str
    symbol: str
    change: int
    balance: int
    liquidation_ids: Ids = ()
    order_id: int = 0
    trade_id: int = 0
    quantity: int = 0


class _Numbered(Protocol):
    @property
    def seq(self) -> int: ...


Row = TypeVar("Row", bound=_Numbered)


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
    """Folds events into the three tapes, and the liquidations into their files (`causes`)."""

    def __init__(self, contracts: Sequence[Contract], fund_seed: int = 0) -> None:
        """Start with empty tapes; the fund holds its seed, in atoms."""
        self.causes = Causes(contracts)
        self.adl: deque[AdlRow] = deque(maxlen=TAPE_ROWS_MAX)
        self.fund: deque[FundRow] = deque(maxlen=TAPE_ROWS_MAX)
        self._dropped = 0
        self._fund_balance: int = fund_seed

    @property
    def liquidations(self) -> deque[Liquidation]:
        """The liquidations, oldest first."""
        return self.causes.tape

    @property
    def dropped(self) -> int:
        """How many rows of the three tapes were let go for want of room."""
        return self._dropped + self.causes.forgotten

    def fold(self, seq: int, ts: int, command: Command, events: Sequence[Event]) -> None:
        """Take in what one command caused."""
        fund_ids = self.causes.take(seq, ts, command, events)
        for row in self._fund_rows(seq, ts, events, fund_ids):
            self._keep(self.fund, row)
        for event in events:
            if isinstance(event, Deleveraged):
                found = self.causes.find(event.liquidation_id)
                link = found.link if found is not None else Link(event.liquidation_id, event.liquidation_id, 0)
                self._keep(self.adl, AdlRow(seq, ts, event, link))

    def _fund_rows(self, seq: int, ts: int, events: Sequence[Event], fund_ids: Mapping[int, Ids]) -> Iterator[FundRow]:
        for place, event in enumerate(events):
            if isinstance(event, AccountUpdated):
                if event.account_id == FUND_ID:
                    self._fund_balance = event.wallet_balance
                    kind, symbol, change = event.reason.value, event.symbol, event.balance_change
                    order_id, trade_id, lots = _unwinding(event, events[place + 1 : place + 2])
                    ids = fund_ids.get(place, ())
                    if change or ids or event.reason is not BalanceReason.ORDER:
                        row = (seq, ts, kind, symbol, change, self._fund_balance, ids, order_id, trade_id, lots)
                        yield FundRow(*row)
            else:
                tell = _WORDS.get(type(event))
                if tell is not None:
                    word, about, amount, concerned, refused = tell(event)
                    yield FundRow(seq, ts, word, about, amount, self._fund_balance, concerned, quantity=refused)

    def _keep(self, tape: deque[Any], row: object) -> None:
        if len(tape) == TAPE_ROWS_MAX:
            self._dropped += 1
        tape.append(row)


def _unwinding(event: AccountUpdated, after: Sequence[Event]) -> tuple[int, int, int]:
    """Return order, trade and signed lots of the unwinding fill that moved the fund's wallet, zeros if none did."""
    for told in after if event.reason is BalanceReason.ORDER else ():
        if isinstance(told, OrderUpdated) and told.fill is not None:
            return told.order.order_id, told.fill.trade_id, told.order.side * told.fill.quantity
    return 0, 0, 0


_Word = tuple[str, str, int, Ids, int]  # kind, symbol, change, liquidations, lots


def _drawdown(event: DrawdownChanged) -> _Word:
    return "DRAWDOWN" if event.active else "DRAWDOWN_OVER", "", event.equity - event.peak, (), 0


def _refused(event: BackstopRefused) -> _Word:
    return "BACKSTOP_REFUSED", event.symbol, 0, (event.liquidation_id,), event.quantity


# What else is told of the fund, and what its `change` is: a loss left open, a fall from the peak, the equity.
_WORDS: Mapping[type[Any], Callable[[Any], _Word]] = {
    FundShortfall: lambda event: ("SHORTFALL", "", -event.amount, (), 0),
    BackstopRefused: _refused,
    UnwindingStopped: lambda event: ("UNWINDING_STOPPED", "", event.equity - event.peak, (), 0),
    DrawdownChanged: _drawdown,
    VaultUnderwater: lambda event: ("VAULT_UNDERWATER", "", event.equity, (), 0),
}
