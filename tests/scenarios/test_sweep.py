"""Many runs give the same results however many processes do them, and none is done twice. Seeds 1 to 3."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from exchange.cli import main
from scenarios.analysis.comparisons import POOLED_RATIO, paired_bootstrap
from scenarios.processes import pool
from scenarios.run import MANIFEST, Manifest, Outcome
from scenarios.sweep import Plan, comparisons, folder_of, outcomes, plans, requests

SHORT = str(Path(__file__).with_name("short.toml"))
SEEDS = (1, 2)
POLICIES = ("naive_full", "binance_smart")


def planned(out: Path) -> list[Plan]:
    return plans(requests(SHORT, SEEDS, POLICIES, against_muted=True), out, tables=False)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Outcome]]:
    """A sweep in this process alone."""
    out = tmp_path_factory.mktemp("sweep")
    return out, [outcome for _, outcome, _ in outcomes(planned(out))]


def manifests(out: Path) -> dict[str, Manifest]:
    found = sorted(out.rglob(MANIFEST))
    return {str(path.relative_to(out)): msgspec.json.decode(path.read_bytes(), type=Outcome).manifest for path in found}


def test_two_processes_give_what_one_gives(swept: tuple[Path, list[Outcome]], tmp_path: Path) -> None:
    with pool(2) as executor:
        told = {plan.key: outcome.manifest for plan, outcome, _ in outcomes(planned(tmp_path), executor)}
    assert manifests(tmp_path) == manifests(swept[0])
    assert len(manifests(tmp_path)) == len(told) == 6
    assert {outcome.manifest.key: outcome.manifest for outcome in swept[1]} == told


def test_what_is_done_is_not_done_again(swept: tuple[Path, list[Outcome]], tmp_path: Path) -> None:
    todo = planned(tmp_path)
    first = [next(outcomes(todo[:1]))]
    (todo[1].folder).mkdir(parents=True)  # begun, with no manifest
    before = (todo[0].folder / MANIFEST).stat().st_mtime_ns
    again = list(outcomes(todo[:2]))
    assert [was_done for _, _, was_done in first] == [False]
    assert [(plan.key, was_done) for plan, _, was_done in again] == [(todo[0].key, True), (todo[1].key, False)]
    assert (todo[0].folder / MANIFEST).stat().st_mtime_ns == before
    assert again[0][1] == first[0][1]
    assert again[1][1].manifest in {outcome.manifest.key: outcome.manifest for outcome in swept[1]}.values()


def test_the_same_draws_are_held_against_each_other(swept: tuple[Path, list[Outcome]]) -> None:
    rows = {(row.what, row.measure, row.second): row for row in comparisons(swept[1])}
    runs = {(one.manifest.policy, one.manifest.muted, one.manifest.seed): one.manifest.measures for one in swept[1]}
    for policy in POLICIES:
        row = rows["amplification", "fall_bp", policy]
        quiet = [runs["naive_full", True, seed]["fall_bp"] or 0 for seed in SEEDS]
        loud = [runs[policy, False, seed]["fall_bp"] or 0 for seed in SEEDS]
        assert row.value == pytest.approx(sum(loud) / sum(quiet))
        assert row.value > 1
        assert (row.first, row.pairs) == ("muted", 2)
        expected = paired_bootstrap(quiet, loud, 0, statistic=POOLED_RATIO)
        assert (row.low, row.high) == (expected.low, expected.high)
    difference = rows["difference", "liquidated_quote", "binance_smart"]
    each = [
        (runs["binance_smart", False, seed]["liquidated_quote"] or 0)
        - (runs["naive_full", False, seed]["liquidated_quote"] or 0)
        for seed in SEEDS
    ]
    assert difference.first == "naive_full"
    assert difference.value == pytest.approx(sum(each) / len(each))
    assert difference.low <= difference.value <= difference.high


def test_one_muted_run_stands_for_all_policies(swept: tuple[Path, list[Outcome]], tmp_path: Path) -> None:
    hashes = {one.manifest.seed: one.manifest.event_hash for one in swept[1] if one.manifest.muted}
    other = plans(requests(SHORT, SEEDS, ["hyperliquid_backstop"], muted=True), tmp_path, tables=False)
    assert {outcome.manifest.seed: outcome.manifest.event_hash for _, outcome, _ in outcomes(other)} == hashes
    assert hashes.keys() == set(SEEDS)


def test_folders_tell_what_varies_and_never_meet(tmp_path: Path) -> None:
    found = [
        *requests("calm", [1, 2], [None, "naive_full", "mine.toml", "mine/toml", "my:Policy"], against_muted=True),
        *requests("calm", [1], [None], coupled=True),
        *requests("calm", [1], [None], coupled=False),
    ]
    folders = [folder_of(request, tmp_path) for request in found]
    assert len(set(folders)) == len(folders) == 14
    assert folders[1].relative_to(tmp_path) == Path("policy=naive_full/engine=on/seed=1")
    assert folders[5].relative_to(tmp_path) == Path("policy=as-written/engine=muted/seed=1")
    assert folders[-1].relative_to(tmp_path) == Path("policy=as-written/coupled=no/engine=on/seed=1")


def test_the_command_sweeps_resumes_and_compares(tmp_path: Path) -> None:
    arguments = [
        "run",
        SHORT,
        "--seeds",
        "1:2",
        "--policy",
        "naive_full,naive_full",
        "--against-muted",
        "--out",
        str(tmp_path),
    ]
    first = CliRunner().invoke(main, [*arguments, "-j", "2", "--json"])
    assert first.exit_code == 0, first.output
    told = msgspec.json.decode(first.stdout)
    assert [(one["manifest"]["seed"], one["manifest"]["muted"]) for one in told["runs"]] == [
        (1, False),
        (1, True),
        (2, False),
        (2, True),
    ]
    assert {row["measure"] for row in told["comparisons"]} == {"fall_bp", "rise_bp"}
    assert not list(tmp_path.rglob("*.parquet"))  # many runs leave no tables unless asked
    second = CliRunner().invoke(main, arguments)
    assert second.stderr.count("was done before") == 4
    assert "amplification" in second.stdout
    assert "naive_full, muted, mean of 2" in second.stdout
