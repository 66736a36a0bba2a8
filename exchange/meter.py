"""Counts what a venue does, and keeps what its screen has yet to tell. It prints nothing."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from exchange.core.account import FUND_ID
from exchange.core.enums import BalanceReason, SourceStatus
from exchange.core.events import (
    AccountLocked,
    AccountUpdated,
    CircuitBroken,
    Deleveraged,
    IndexSourceChanged,
    MarketStateSet,
    OrderUpdated,
    PositionLiquidated,
    TradePrinted,
)
from exchange.runtime.sequencer import Applied


@dataclass(slots=True)
class Liquidation:
    """One liquidated position, what the fund's wallet moved by on its account, in atoms, and lots closed by others."""

    event: PositionLiquidated
    fund_change: int = 0
    deleveraged: int = 0


MarketNews = MarketStateSet | CircuitBroken | IndexSourceChanged


@dataclass(slots=True)
class Meter:
    """Counts what happens; a listener of the sequencer."""

    begun: float = field(default_factory=time.monotonic)
    orders: int = 0
    trades: int = 0
    liquidations: int = 0
    deleveragings: int = 0  # traders' positions that were closed for a bankrupt's
    first_trade_s: float | None = None
    first_liquidation_s: float | None = None
    fresh: list[Liquidation | MarketNews] = field(default_factory=list)  # not printed yet
    silent: set[tuple[str, str]] = field(default_factory=set)  # index sources that spoke and do not live now

    def take(self, batch: Sequence[Applied]) -> None:
        """Take in a committed batch."""
        for applied in batch:
            self._take_one(applied)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the first printed line."""
        return time.monotonic() - self.begun

    def _take_one(self, applied: Applied) -> None:
        fund_change, latest = 0, None
        by_id: dict[int, Liquidation] = {}
        for event in applied.events:
            match event:
                case TradePrinted():
                    self.trades += 1
                    self.first_trade_s = self.first_trade_s if self.first_trade_s is not None else self.elapsed_s
                case OrderUpdated():
                    self.orders += event.execution.value in {"NEW", "AMENDMENT"}
                    latest = None  # the next order's doing is no longer part of the liquidation before
                case AccountLocked():
                    fund_change, latest = 0, None
                case AccountUpdated(reason=BalanceReason.LOSS_SHARED):
                    pass  # it is of the whole margin pass
                case AccountUpdated() if event.account_id == FUND_ID:
                    fund_change += event.balance_change
                    if latest is not None:
                        latest.fund_change += event.balance_change
                        fund_change = 0
                case PositionLiquidated():
                    self.liquidations += 1
                    if self.first_liquidation_s is None:
                        self.first_liquidation_s = self.elapsed_s
                    latest = by_id[event.liquidation_id] = Liquidation(event, fund_change)
                    fund_change = 0
                    self.fresh.append(latest)
                case Deleveraged():
                    self.deleveragings += event.counterparty_id != FUND_ID
                    if event.liquidation_id in by_id:
                        by_id[event.liquidation_id].deleveraged += event.quantity
                case MarketStateSet() | CircuitBroken():
                    self.fresh.append(event)
                case IndexSourceChanged():
                    self._take_source(event)
                case _:
                    pass

    def _take_source(self, event: IndexSourceChanged) -> None:
        """Keep a change of an index source as news, unless it is that it speaks for the first time."""
        source = (event.symbol, event.source)
        if event.status is not SourceStatus.LIVE:
            self.silent.add(source)
        elif source in self.silent:
            self.silent.remove(source)
        else:
            return
        self.fresh.append(event)
