"""A run is written down whole, under a key, and says the same every time. Seeds stand in the requests."""

import importlib
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from exchange.cli import main
from exchange.core.policies.naive_full import NaiveFull
from exchange.journal.lock import FolderLock
from scenarios import report
from scenarios.analysis.measures import measures
from scenarios.code import code_digest, own_digest, sources
from scenarios.record.schema import COLUMNS
from scenarios.record.sink import read_tables
from scenarios.run import ASIDE, MANIFEST, Outcome, Request, config_of, done, key_of, run, sweep_aside
from scenarios.scenario import read_scenario
from tests.scenarios.runs import CRASH

SHORT = str(Path(__file__).with_name("short.toml"))
REQUEST = Request(SHORT, 3)


class Gentle(NaiveFull, frozen=True, tag="gentle"):
    """A policy of a user's own."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    folder = tmp_path_factory.mktemp("run") / "seed=3"
    return folder, run(REQUEST, folder)


def test_a_run_leaves_tables_picture_and_manifest(written: tuple[Path, Outcome]) -> None:
    folder, outcome = written
    expected = {f"{table}.parquet" for table in COLUMNS} | {MANIFEST, "picture.png", "picture.svg"}
    assert {entry.name for entry in folder.iterdir()} == expected
    assert [entry.name for entry in folder.parent.iterdir()] == [folder.name]  # nothing is left aside
    assert msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Outcome) == outcome
    told = outcome.manifest
    assert (told.scenario, told.policy, told.seed) == ("short", "binance_smart", 3)
    assert (told.muted, told.coupled) == (False, True)
    assert told.virtual_seconds == 300
    assert (told.measures["liquidated_accounts"] or 0) > 0
    tables = read_tables(folder)
    assert told.measures == measures(tables)
    assert tables["run"]["run_id"].to_pylist() == [told.key]
    assert outcome.wall.run_seconds > 0


def test_the_same_request_gives_the_same_run_but_for_the_wall(written: tuple[Path, Outcome], tmp_path: Path) -> None:
    again = run(REQUEST, tmp_path / "again", tables=False)
    assert again.manifest == written[1].manifest
    assert {entry.name for entry in (tmp_path / "again").iterdir()} == {MANIFEST}
    other = run(msgspec.structs.replace(REQUEST, seed=4), tmp_path / "other", tables=False)
    assert other.manifest.event_hash != again.manifest.event_hash
    assert other.manifest.key != again.manifest.key


def test_a_muted_run_has_another_key_and_liquidates_nobody(written: tuple[Path, Outcome], tmp_path: Path) -> None:
    muted = run(msgspec.structs.replace(REQUEST, muted=True), tmp_path / "muted", tables=False).manifest
    assert muted.measures["liquidated_quote"] == 0
    assert muted.key != written[1].manifest.key


def test_a_run_counts_only_with_its_manifest_its_key_and_the_tables_wanted(written: tuple[Path, Outcome]) -> None:
    folder, outcome = written
    key = outcome.manifest.key
    assert done(folder, key, tables=True) == outcome
    assert done(folder, "0" * len(key), tables=True) is None
    assert done(folder.with_name(folder.name + ASIDE), key, tables=False) is None
    trades = folder / "trades.parquet"
    trades.rename(folder / "gone")
    assert done(folder, key, tables=True) is None
    assert done(folder, key, tables=False) == outcome
    (folder / "gone").rename(trades)


def test_a_run_with_an_attacker_says_what_the_attack_cost_and_brought(tmp_path: Path) -> None:
    (tmp_path / "crash.toml").write_text(CRASH)
    request = Request(str(tmp_path / "crash.toml"), 3)
    whole = run(request, tmp_path / "whole").manifest.measures
    assert whole == run(request, tmp_path / "part", tables=False).manifest.measures
    cost, gain, result = (whole[f"attack_{name}_quote"] for name in ("cost", "gain", "result"))
    assert cost is not None
    assert gain is not None
    assert cost == pytest.approx(100, rel=0.5)  # the fee of 200,000, and what the bids were worth beside the index
    assert result == pytest.approx(gain - cost)
    ends = read_tables(tmp_path / "whole")["accounts"].to_pylist()
    end = next(row for row in reversed(ends) if row["account"] == 32)
    assert end["qty_l"] == 0
    assert result == (end["wallet_a"] - end["net_deposits_a"]) / 1e8


def test_what_was_begun_and_ended_is_replaced(tmp_path: Path) -> None:
    aside, folder = tmp_path / f"seed=3{ASIDE}-0123abcd", tmp_path / "seed=3"
    for left in (aside, folder):
        left.mkdir()
        (left / "trades.parquet").write_bytes(b"half")
    assert done(folder, "any", tables=False) is None
    sweep_aside(folder)
    outcome = run(REQUEST, folder, tables=False)
    assert done(folder, outcome.manifest.key, tables=False) == outcome
    assert done(folder, outcome.manifest.key, tables=True) is None  # it has no tables
    assert {entry.name for entry in tmp_path.iterdir()} == {"seed=3"}
    assert {entry.name for entry in folder.iterdir()} == {MANIFEST}


def test_a_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(_share: float) -> None:
        raise InterruptedError("the user has had enough")

    with pytest.raises(InterruptedError):
        run(REQUEST, tmp_path / "seed=3", progress=fail)
    assert not list(tmp_path.iterdir())


def test_the_key_holds_what_results_depend_on() -> None:
    config = config_of(REQUEST.build())
    key = key_of(config, 3)
    assert key == key_of(config_of(REQUEST.build()), 3)
    changed = [
        msgspec.structs.replace(REQUEST, policy="naive_full"),
        msgspec.structs.replace(REQUEST, coupled=False),
        msgspec.structs.replace(REQUEST, muted=True),
        msgspec.structs.replace(REQUEST, policy=f"{__name__}:Gentle"),
    ]
    keys = {key, key_of(config, 4), *(key_of(config_of(request.build()), 3) for request in changed)}
    assert len(keys) == 6
    as_written = msgspec.structs.replace(REQUEST, policy="binance_smart", coupled=True)
    assert key_of(config_of(as_written.build()), 3) == key  # that is what the file says anyway
    assert len(code_digest()) == 32


def test_the_code_in_a_key_is_all_that_results_follow_from_and_nothing_that_only_shows_them() -> None:
    names = sources().keys()
    assert names >= {
        "exchange/core/venue.py",
        "exchange/core/liquidation/sale.py",
        "exchange/journal/codec.py",  # the event hash
        "exchange/projections/causes.py",  # cascades and their generations
        "exchange/runtime/feeds/coupling.py",  # the index
        "scenarios/agents/maker.py",
        "scenarios/analysis/metrics.py",
    }
    assert not names & {"scenarios/report.py", "scenarios/analysis/picture.py", "scenarios/reproduce/cst.py"}


def test_a_policy_of_ones_own_is_known_by_its_source_and_by_what_it_imports_from_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "steps").mkdir()
    texts = {
        "twap_of_mine.py": "import json\nfrom steps.sizes import SIZE\n",
        "steps/__init__.py": "from . import paces\n",
        "steps/sizes.py": "SIZE = 3\n",
        "steps/paces.py": "PACE = 1\n",
        "unrelated.py": "",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    importlib.import_module("unrelated")
    importlib.import_module("twap_of_mine")
    before = own_digest("twap_of_mine")
    changed = set()
    for name, text in texts.items():
        (tmp_path / name).write_text(text + "# changed\n")
        changed |= {name} if own_digest("twap_of_mine") != before else set()
        (tmp_path / name).write_text(text)
    assert changed == texts.keys() - {"unrelated.py"}
    assert own_digest("twap_of_mine") == before


def test_two_sweeps_do_not_write_into_one_folder(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    result = CliRunner().invoke(main, ["run", SHORT, "--out", str(tmp_path)])
    lock.release()
    assert result.exit_code == 1
    assert "another folder with --out" in result.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["lock"]


def test_the_command_prints_a_table_and_does_not_run_again(tmp_path: Path) -> None:
    arguments = ["run", SHORT, "--seed", "3", "--no-tables", "--out", str(tmp_path)]
    first = CliRunner().invoke(main, arguments)
    assert first.exit_code == 0, first.output
    assert "liquidated_quote" in first.stdout
    assert "event hash" in first.stdout
    assert "times real time" in first.stderr
    second = CliRunner().invoke(main, arguments)
    assert "was done before" in second.stderr
    assert [line for line in second.stdout.splitlines() if "hash" in line] == [
        line for line in first.stdout.splitlines() if "hash" in line
    ]


def test_the_file_of_a_scenario_is_shown_and_runs(tmp_path: Path) -> None:
    shown = CliRunner().invoke(main, ["run", "cascade", "--show"])
    assert shown.exit_code == 0
    (tmp_path / "mine.toml").write_text(shown.stdout)
    assert read_scenario(str(tmp_path / "mine.toml")) == read_scenario("cascade")
    assert "# Invented:" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "calmer"], "scenario 'calmer' is none of"),
        (["run", "calm", "--policy", "kind"], "'kind' is none of these"),
        (["run", "calm", "--seeds", "9:1"], "neither a seed of up to 18 digits nor a range"),
        (["run", "calm", "--seeds", "1:x"], "neither a seed of up to 18 digits nor a range"),
        (["run", "calm", "--seeds", ":3"], "neither a seed"),
        (["run", "calm", "--seeds", "1:"], "neither a seed"),
        (["run", "calm", "--seeds", "9" * 20], "neither a seed of up to 18 digits"),
        (["run", "calm", "--policy", "naive_full,"], "a name is missing"),
        (["run", "calm", "--muted", "--against-muted"], "contradict each other"),
        (["reproduce"], "Missing argument"),
        (["reproduce", "A1", "--repetitions", "99"], "99 is not in the range"),
        (["reproduce", "A9"], "'A9' is not one of"),
    ],
)
def test_misuse_is_told_with_exit_code_2(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_reproduce_exits_1_on_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that nobody could meet: one cell of it, so that the rest passes."""
    from scenarios.reproduce import experiments
    from scenarios.reproduce.reference import Check

    def only(*_: object) -> list[experiments.Task]:
        return [
            experiments.Task(0, "a hit", 1.0, lambda: [Check("A1", "hit", 0.5, 0.5, 0.1, 9, passed=True)], ()),
            experiments.Task(1, "a miss", 1.0, lambda: [Check("A1", "miss", 0.5, 0.9, 0.1, 9, passed=False)], ()),
        ]

    monkeypatch.setitem(experiments.EXPERIMENTS, "A1", only)
    result = CliRunner().invoke(main, ["reproduce", "A1"])
    assert result.exit_code == 1
    assert "1 of 2 within tolerance" in result.stdout
    assert "FAILED" in result.stdout
    told = CliRunner().invoke(main, ["reproduce", "A1", "--json"])
    assert told.exit_code == 1
    assert [check["passed"] for check in msgspec.json.decode(told.stdout)["checks"]] == [True, False]
    assert report.SOURCES.keys() == experiments.EXPERIMENTS.keys()
