"""The tapes of liquidations and of the fund: what they keep, in order, within their bound."""

import pytest

from exchange.core.commands import Tick
from exchange.core.enums import BalanceReason, PositionSide
from exchange.core.events import AccountUpdated, BackstopRefused, Event, FundShortfall, PositionLiquidated
from exchange.core.units import Atoms, Lots, Ticks
from exchange.projections import causes
from exchange.projections.liquidations import FundRow, Liquidations, page
from tests.dialect.desk import shipped_contracts

CONTRACTS = shipped_contracts()


def liquidated(liquidation_id: int) -> PositionLiquidated:
    """Return a liquidation with this id."""
    return PositionLiquidated(
        liquidation_id=liquidation_id,
        account_id=3,
        symbol="BTCUSDT",
        quantity=Lots(5),
        mark_price=Ticks(9),
        equity=Atoms(1),
        maintenance_margin=Atoms(2),
        bankruptcy_value=Atoms(40),
        limit_price=Ticks(8),
        filled_quantity=Lots(5),
        filled_value=Atoms(41),
        fee=Atoms(1),
        taken_over_quantity=Lots(0),
        taken_over_value=Atoms(0),
    )


def wallet(account_id: int, reason: BalanceReason, balance: int, change: int) -> AccountUpdated:
    """Return a change of a futures wallet."""
    return AccountUpdated(account_id, reason, Atoms(balance), Atoms(change), Atoms(0), "BTCUSDT")


def test_the_fund_is_followed_and_traders_are_not() -> None:
    tapes = Liquidations(CONTRACTS, fund_seed=100)
    events: list[Event] = [
        wallet(3, BalanceReason.INSURANCE_CLEAR, 5, 5),
        wallet(0, BalanceReason.INSURANCE_CLEAR, 103, 3),
        liquidated(1),
        wallet(0, BalanceReason.ORDER, 103, 0),
        wallet(0, BalanceReason.ORDER, 101, -2),
        BackstopRefused(2, 3, "BTCUSDT", PositionSide.BOTH, Lots(6), Atoms(9), Atoms(8)),
        FundShortfall(Atoms(7), Atoms(7)),
    ]
    tapes.fold(4, 50, Tick(), events)
    assert [row.event for row in tapes.liquidations] == [liquidated(1)]
    assert list(tapes.fund) == [
        FundRow(4, 50, "INSURANCE_CLEAR", "BTCUSDT", 3, 103, (1,)),
        FundRow(4, 50, "ORDER", "BTCUSDT", -2, 101),
        FundRow(4, 50, "BACKSTOP_REFUSED", "BTCUSDT", 0, 101, (2,), quantity=6),
        FundRow(4, 50, "SHORTFALL", "", -7, 101),
    ]


def test_the_oldest_rows_go_first_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(causes, "CASE_ROWS_MAX", 2)
    tapes = Liquidations(CONTRACTS)
    for number in range(1, 4):
        tapes.fold(number, number, Tick(), [liquidated(number)])
    assert [row.liquidation_id for row in tapes.liquidations] == [2, 3]
    assert tapes.dropped == 1


def test_pages_follow_each_other_and_part_no_command() -> None:
    tapes = Liquidations(CONTRACTS)
    for seq, count in ((3, 1), (5, 3), (9, 1), (12, 2)):
        tapes.fold(seq, seq, Tick(), [liquidated(10 * seq + number) for number in range(count)])

    def seqs(limit: int, after_seq: int | None = None) -> list[int]:
        return [row.seq for row in page(tapes.liquidations, limit, after_seq)]

    assert seqs(100) == [3, 5, 5, 5, 9, 12, 12]
    assert seqs(3) == [9, 12, 12]
    assert seqs(1) == [12, 12]
    assert seqs(4) == [5, 5, 5, 9, 12, 12]
    assert seqs(2, after_seq=0) == [3, 5, 5, 5]
    assert seqs(2, after_seq=5) == [9, 12, 12]
    assert seqs(2, after_seq=12) == []
    assert page(Liquidations(CONTRACTS).fund, 5) == page(Liquidations(CONTRACTS).fund, 5, 1) == []
