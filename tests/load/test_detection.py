"""The benchmark of detection runs and finds all its figures, with few accounts. How large they are is not tested."""

from dataclasses import fields

import pytest

from loadtests.bench.detection import SEED, Figures, FillCosts, demands, main, measure, rows

ACCOUNTS = 300
FILLS = 40


@pytest.fixture(scope="module")
def figures() -> Figures:
    return measure(ACCOUNTS, FILLS, SEED)


def test_the_benchmark_finds_every_figure(figures: Figures) -> None:
    assert (figures.accounts, figures.fills) == (ACCOUNTS, FILLS)
    assert min(figures.build_ns, figures.scan_ns, figures.full_pass_ns) > 0
    for ticks in (figures.still, figures.walk, figures.trend):
        assert 0 < ticks.median_ns <= ticks.worst_ns
        assert 0 <= ticks.median_looked_at <= ticks.worst_looked_at <= ACCOUNTS
    for fills in (figures.spread, figures.busy):
        assert min(getattr(fills, field.name) for field in fields(FillCosts)) > 0
        assert fills.taker_ns < fills.orders_ns
    assert figures.busy.touched < figures.spread.touched <= ACCOUNTS
    assert len(dict(rows(figures))) == len(rows(figures))
    assert len(demands(figures)) == 3


def test_marks_that_stand_still_bring_nobody_up(figures: Figures) -> None:
    assert figures.still.worst_looked_at == 0


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--accounts", str(ACCOUNTS), "--fills", str(FILLS)]) == 0
    printed = capsys.readouterr().out
    assert "walk, worst tick" in printed
    assert "busy, per fill: watch" in printed


@pytest.mark.parametrize("arguments", [["--accounts", "2"], ["--fills", "0"]])
def test_too_few_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
