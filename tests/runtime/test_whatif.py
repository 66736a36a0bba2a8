"""The same commands under another engine: what stays, what differs, and which order a command means there."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from exchange.cli import main
from exchange.core import commands as c
from exchange.core.enums import OrderType, Side
from exchange.core.events import MarkPriceSet, OrderUpdated, PositionLiquidated
from exchange.core.policies.presets import PRESETS, EngineRules
from exchange.core.units import ATOMS_PER_QUOTE, SECOND, Atoms, Lots, Ticks
from exchange.journal.store import create
from exchange.runtime.comparison import compare, lines
from exchange.runtime.settings import SettingsError
from exchange.runtime.whatif import whatif
from tests.journal.life import life
from tests.journal.recording import START, header, record

SYMBOL = "BTCUSDT"
RECORDED = PRESETS["binance_smart"]
MUTED = replace(RECORDED, muted=True)
UNSOLD = (MUTED, PRESETS["tier_ladder"])  # nothing is sold on the book, so the bid of 400 stays


def crash() -> Iterator[tuple[int, c.Command]]:
    """A 50x long over a thin book, a crash that liquidates it, and a bid that is placed, then canceled by its id."""
    money = Atoms(1_000_000 * ATOMS_PER_QUOTE)
    yield START, c.Resume()
    yield START, c.CreateAccount("maker", money)
    yield START, c.CreateAccount("long", Atoms(2_300 * ATOMS_PER_QUOTE))
    yield START, c.SetIndexPrice(SYMBOL, Ticks(1_000_000))
    yield START, c.SetLeverage(2, SYMBOL, 50)
    yield START, limit(1, Side.SELL, 1_000, 1_000_000)
    yield START, limit(2, Side.BUY, 1_000, 1_000_000)
    yield START, limit(1, Side.BUY, 400, 985_000)
    yield START + 2 * SECOND, c.SetIndexPrice(SYMBOL, Ticks(979_000))
    yield START + 4 * SECOND, limit(1, Side.BUY, 7, 900_000)  # its id follows those of the liquidation
    yield START + 5 * SECOND, c.CancelOrder(1, SYMBOL, RESTED)
    yield START + 9 * SECOND, c.SetIndexPrice(SYMBOL, Ticks(990_000))


RESTED = 5  # the recorded id of the bid that is canceled: one order of the liquidation came before it


def limit(account_id: int, side: Side, lots: int, ticks: int) -> c.PlaceOrder:
    """Place a limit order."""
    return c.PlaceOrder(account_id, SYMBOL, side, OrderType.LIMIT, Lots(lots), Ticks(ticks))


def test_under_its_own_engine_a_record_repeats(tmp_path: Path) -> None:
    events = record(tmp_path, life())
    (report,) = whatif(tmp_path, [RECORDED])
    marks = [event.mark_price for event in events if isinstance(event, MarkPriceSet) and event.symbol == SYMBOL]
    path = report.marks[SYMBOL]
    assert (path.first, path.lowest, path.last) == (marks[0], min(marks), marks[-1])
    assert report.liquidations == sum(1 for event in events if isinstance(event, PositionLiquidated)) > 0


def test_muted_nobody_is_liquidated(tmp_path: Path) -> None:
    record(tmp_path, crash())
    recorded, muted = whatif(tmp_path, [RECORDED, MUTED])
    assert recorded.liquidations == 1
    assert (muted.liquidations, muted.fund_change, muted.deleveragings) == (0, 0, 0)


@pytest.mark.parametrize("engine", [RECORDED, MUTED, *PRESETS.values()])
def test_a_cancel_by_id_means_the_order_of_the_same_command(tmp_path: Path, engine: EngineRules) -> None:
    """Muted, no liquidation takes an order id, so the bid has another id than in the record."""
    events = record(tmp_path, crash())
    bids = [event.order for event in events if isinstance(event, OrderUpdated) and event.order.quantity == 7]
    assert {order.order_id for order in bids} == {RESTED}
    (report,) = whatif(tmp_path, [engine])
    assert report.open_orders == (1 if engine in UNSOLD else 0)


def test_engines_side_by_side_come_to_what_each_comes_to_alone(tmp_path: Path) -> None:
    record(tmp_path, crash())
    engines = [MUTED, *PRESETS.values()]
    for coupled in (False, True):
        alone = [whatif(tmp_path, [engine], coupled=coupled)[0] for engine in engines]
        assert whatif(tmp_path, engines, coupled=coupled) == alone


def test_coupled_the_index_follows_the_flow_of_the_run(tmp_path: Path) -> None:
    record(tmp_path, crash())
    assert whatif(tmp_path, [RECORDED])[0].marks[SYMBOL].lowest == 979_000
    # 0.1 million was bought before that price: 8 bp a million, so it is 0.8 bp higher.
    assert whatif(tmp_path, [RECORDED], coupled=True)[0].marks[SYMBOL].lowest == 979_078


def test_what_was_recorded_coupled_is_not_coupled_again(tmp_path: Path) -> None:
    create(tmp_path, replace(header(), settings={"index": "manual", "coupled": "true", "seed": "1"}))
    assert whatif(tmp_path, [MUTED])[0].liquidations == 0
    with pytest.raises(SettingsError, match="was recorded with its coupling"):
        whatif(tmp_path, [MUTED], coupled=True)


def test_a_comparison_is_a_line_for_each_engine(tmp_path: Path) -> None:
    record(tmp_path, crash())
    comparison = compare(tmp_path, ["binance_smart", "naive_full"], coupled=False)
    assert [one.policy for one in comparison.engines] == ["binance_smart", "naive_full"]
    assert comparison.engines[0].amplification == {SYMBOL: 1.0}  # the index is all that its mark follows here
    index, names, *rows = lines(comparison)
    assert index == "index: exogenous"
    assert names.split("  ")[-1] == "losses shared"
    assert [row.split()[0] for row in rows] == ["muted", "binance_smart", "naive_full"]
    assert "2.1000%, 1.000" in rows[1]


def test_the_command_prints_the_comparison(tmp_path: Path) -> None:
    record(tmp_path, crash())
    done = CliRunner().invoke(main, ["whatif", str(tmp_path), "--policy", "naive_full"])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == lines(compare(tmp_path, ["naive_full"], coupled=False))
    assert CliRunner().invoke(main, ["whatif", str(tmp_path), "--policy", "nobody's"]).exit_code == 2
    printed = CliRunner().invoke(main, ["whatif", str(tmp_path), "--policy", "naive_full", "--json"]).stdout
    assert json.loads(printed)["engines"][0]["outcome"]["liquidations"] == 1
