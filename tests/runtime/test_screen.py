"""The demo's screen: lines that fit a terminal, news in words, a command that can be typed, addresses that work."""

import os
from importlib.resources import files
from pathlib import Path

import pytest
from rich.text import Text

from exchange.composition import authority
from exchange.core.commands import Tick
from exchange.core.contract import parse_contract
from exchange.core.enums import BalanceReason, MarketState, PositionSide, Side, SourceStatus
from exchange.core.events import (
    AccountUpdated,
    CircuitBroken,
    Deleveraged,
    Event,
    IndexSourceChanged,
    MarketStateSet,
    PositionLiquidated,
)
from exchange.core.units import ATOMS_PER_QUOTE, SECOND, Atoms, Lots, Nanos, Ticks
from exchange.meter import Liquidation, Meter
from exchange.runtime.sequencer import Applied
from exchange.screen import folded, liquidation_parts, market_news_parts, program

BTC = parse_contract((files("exchange") / "data" / "contracts" / "BTCUSDT.toml").read_text("utf-8"))
PARTS = ["[bold]12345[/bold]", "6789", "abc"]


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        (16, ["12345  6789  abc"]),
        (15, ["12345  6789", "  abc"]),
        (11, ["12345  6789", "  abc"]),
        (10, ["12345", "  6789", "  abc"]),
        (1, ["12345", "  6789", "  abc"]),
    ],
)
def test_a_line_is_broken_between_its_parts(columns: int, lines: list[str]) -> None:
    assert folded(PARTS, columns).replace("[bold]", "").replace("[/bold]", "").split("\n") == lines


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in .venv/bin of the working directory, which is not on PATH."""
    path = tmp_path / ".venv" / "bin" / "margincall"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.devnull)
    return path


def test_a_program_that_is_not_on_path_is_named_as_it_was_started(installed: Path) -> None:
    assert program(".venv/bin/margincall") == ".venv/bin/margincall"
    assert program(str(installed)) == ".venv/bin/margincall"
    assert program("/opt/a folder/margincall") == "'/opt/a folder/margincall'"


def test_a_program_on_path_is_named_by_its_name(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(installed.parent))
    assert program(str(installed)) == "margincall"
    assert program("-c") == "margincall"


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("127.0.0.1", "127.0.0.1:80"),
        ("localhost", "localhost:80"),
        ("0.0.0.0", "127.0.0.1:80"),
        ("::", "[::1]:80"),
        ("::1", "[::1]:80"),
        ("fe80::2", "[fe80::2]:80"),
    ],
)
def test_an_address_of_version_6_stands_in_brackets(host: str, place: str) -> None:
    assert authority(host, 80) == place


def told(*events: Event) -> list[str]:
    """Return the lines that a meter keeps of these events, as plain text."""
    meter = Meter()
    meter.take([Applied(1, 0, Tick(), events)])
    lines = (folded(market_news_parts(BTC, news), 200) for news in meter.fresh)  # type: ignore[arg-type]
    return [Text.from_markup(line).plain for line in lines]


def test_what_becomes_of_a_market_is_told_in_words() -> None:
    broken = CircuitBroken("BTCUSDT", Ticks(440_000), Ticks(500_000), Nanos(61 * SECOND))
    states = [MarketStateSet("BTCUSDT", state) for state in MarketState]
    assert told(broken, *states) == [
        "BTCUSDT circuit breaker: the mark went from 50,000.00 to 44,000.00  until 00:01:01",
        "BTCUSDT trades again",
        "BTCUSDT only lets orders be cancelled",
        "BTCUSDT is halted: orders can only be cancelled, liquidation waits",
        "BTCUSDT has no living index: only reduce-only orders, mark and liquidation wait",
    ]


def test_an_index_source_is_news_when_it_goes_and_when_it_is_back_but_not_when_it_begins() -> None:
    changes = [SourceStatus.LIVE, SourceStatus.STALE, SourceStatus.LIVE, SourceStatus.LOST]
    assert told(*(IndexSourceChanged("BTCUSDT", "spot", status) for status in changes)) == [
        "BTCUSDT index source spot has fallen silent",
        "BTCUSDT index source spot is back",
        "BTCUSDT index source spot is lost",
    ]


def test_a_liquidation_is_told_with_what_became_of_its_lots() -> None:
    """Of 1.000, 0.300 were sold and 0.200 taken over at 47,000, 0.400 closed against others; 0.100 is left.

    What others pay of the loss is of the whole pass, and no gain by this liquidation.
    """
    sold, taken = Lots(300), Lots(200)
    liquidated = PositionLiquidated(
        liquidation_id=7,
        account_id=3,
        symbol="BTCUSDT",
        quantity=Lots(1_000),
        mark_price=Ticks(472_000),
        equity=Atoms(0),
        maintenance_margin=Atoms(1),
        bankruptcy_value=Atoms(0),
        limit_price=Ticks(470_000),
        filled_quantity=sold,
        filled_value=BTC.notional(470_000, sold),
        fee=Atoms(0),
        taken_over_quantity=taken,
        taken_over_value=BTC.notional(470_000, taken),
        queued_quantity=Lots(500),
    )
    closings = [deleveraged(4, 300), deleveraged(0, 50), deleveraged(5, 50)]
    meter = Meter()
    paid, shared = fund_moved(BalanceReason.INSURANCE_CLEAR, -3), fund_moved(BalanceReason.LOSS_SHARED, 3)
    meter.take([Applied(1, 0, Tick(), (paid, liquidated, *closings, shared))])
    (news,) = meter.fresh
    assert isinstance(news, Liquidation)
    assert (meter.liquidations, meter.deleveragings) == (1, 2)  # account 0 is the fund
    line = folded(liquidation_parts(BTC, "ada", news), 200)
    assert Text.from_markup(line).plain == (
        "liquidated ada long 1.000 BTC at 47,000.00  "
        "(mark 47,200.00, 0.200 to the fund, 0.400 deleveraged, 0.100 left)  fund -3.00"
    )


def fund_moved(reason: BalanceReason, quote: int) -> AccountUpdated:
    """Return that the fund's wallet moved by so much of the quote asset."""
    return AccountUpdated(0, reason, Atoms(0), Atoms(quote * ATOMS_PER_QUOTE), Atoms(0))


def deleveraged(counterparty_id: int, lots: int) -> Deleveraged:
    """Return that lots of liquidation 7 were closed against somebody's."""
    return Deleveraged(
        liquidation_id=7,
        symbol="BTCUSDT",
        account_id=3,
        position_side=PositionSide.BOTH,
        counterparty_id=counterparty_id,
        counterparty_side=PositionSide.BOTH,
        quantity=Lots(lots),
        value=Atoms(0),
        mark_price=Ticks(472_000),
        order_id=1,
        side=Side.BUY,
        realized_pnl=Atoms(0),
    )
