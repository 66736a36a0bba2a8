"""A journal names the user's own policy; recovery and replay import it again, and say so when they cannot."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from exchange.core.events import PositionLiquidated
from exchange.core.policies.case import Custom
from exchange.core.policies.presets import PRESETS
from exchange.core.rules import VenueRules
from exchange.journal.errors import DivergenceError, PolicyError
from exchange.journal.policies import engine_with, load_policy, policy_name, policy_of
from exchange.journal.recovery import recover, replay, verify
from exchange.journal.store import Journal
from tests.conformance.twap import Twap
from tests.journal.life import life
from tests.journal.recording import record

TWAP = "tests.conformance.twap:Twap"
PATIENT = """
from exchange.core.policies.case import Wait

class Patient:
    def decide(self, case):
        return Wait(case.ts + 1_000_000_000)
"""


def rules_with(path: str) -> VenueRules:
    return VenueRules(engine=engine_with(path))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder of its own, whose modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("mine_")]:
        del sys.modules[name]


def test_a_class_is_asked_and_the_journal_names_it(tmp_path: Path) -> None:
    events = record(tmp_path, life(), rules=rules_with(TWAP))
    assert any(isinstance(event, PositionLiquidated) for event in events)
    assert events != record(tmp_path / "shipped", life())
    report = replay(tmp_path)
    assert report.seq > 0
    with Journal(tmp_path) as journal:
        assert journal.header.rules.engine.liquidation == Custom(TWAP)
        recovered = recover(journal)
    assert isinstance(recovered.venue.state.policy, Twap)
    assert recovered.seq == report.seq


def test_the_other_parts_are_those_of_the_preset_that_it_names(folder: Path) -> None:
    (folder / "mine_preset.py").write_text(f"{PATIENT}\n    preset = 'dydx_v4'\n", "utf-8")
    assert engine_with("mine_preset:Patient") == replace(PRESETS["dydx_v4"], liquidation=Custom("mine_preset:Patient"))
    assert engine_with(TWAP) == replace(PRESETS["binance_smart"], liquidation=Custom(TWAP))


def test_what_ships_is_its_own_policy() -> None:
    for engine in PRESETS.values():
        assert policy_of(VenueRules(engine=engine)) is engine.liquidation


def test_an_engine_is_called_as_its_preset_unless_it_was_changed() -> None:
    assert [policy_name(engine) for engine in PRESETS.values()] == list(PRESETS)
    assert policy_name(replace(PRESETS["naive_full"], muted=True)) == "naive_full, changed"
    assert policy_name(engine_with(TWAP)) == TWAP


def test_a_journal_whose_class_is_gone_names_it(folder: Path) -> None:
    module = folder / "mine_gone.py"
    module.write_text(PATIENT, "utf-8")
    data = folder / "data"
    record(data, life(), rules=rules_with("mine_gone:Patient"))
    replay(data)
    module.unlink()
    del sys.modules["mine_gone"]
    with pytest.raises(PolicyError, match="policy mine_gone:Patient: no module 'mine_gone'"):
        replay(data)
    assert verify(data).problems == (), "storage can be checked without it"
    with Journal(data) as journal, pytest.raises(PolicyError, match="no module 'mine_gone'"):
        recover(journal)


@pytest.mark.parametrize("changed", [("1_000_000_000", "2_000_000_000"), ("case.ts", "case.tss")])
def test_a_class_that_has_changed_is_the_first_suspect(folder: Path, changed: tuple[str, str]) -> None:
    module = folder / "mine_changed.py"
    module.write_text(PATIENT, "utf-8")
    record(folder / "data", life(), rules=rules_with("mine_changed:Patient"))
    module.write_text(PATIENT.replace(*changed), "utf-8")
    del sys.modules["mine_changed"]
    with pytest.raises(DivergenceError, match=r"has the policy mine_changed:Patient changed since\?"):
        replay(folder / "data")


BROKEN = """
class NoDecide:
    pass

class NeedsArguments:
    def __init__(self, slices):
        self.slices = slices

class OtherPreset:
    preset = "binance"
    def decide(self, case):
        return None

class ListedPreset(OtherPreset):
    preset = ["binance_smart"]

class Exits(OtherPreset):
    def __init__(self):
        raise SystemExit(3)

class Interrupts(OtherPreset):
    def __init__(self):
        raise KeyboardInterrupt

function = len
"""


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("mine_broken", "write it as module:Class"),
        ("mine_broken:", "write it as module:Class"),
        (":Class", "write it as module:Class"),
        ("mine broken:Class", "write it as module:Class"),
        ("a:b:c", "write it as module:Class"),
        ("mine_nowhere:Class", "no module 'mine_nowhere', neither in .* nor among the installed ones"),
        ("mine_nowhere.deeper:Class", "no module 'mine_nowhere'"),
        ("mine_broken:Nobody", r"mine_broken\.py has no class Nobody"),
        ("mine_broken:function", r"mine_broken\.py has no class function"),
        ("mine_broken:NoDecide", r"the class has no method `decide\(self, case\)`"),
        ("mine_broken:NeedsArguments", "cannot be made without arguments: TypeError"),
        ("mine_broken:OtherPreset", "its attribute preset = 'binance' is none of binance_smart, "),
        ("mine_broken:ListedPreset", r"its attribute preset = \['binance_smart'\] is none of binance_smart, "),
        ("mine_broken:Exits", r"cannot be made without arguments: SystemExit\(3\)"),
        ("mine_broken:Interrupts", r"cannot be made without arguments: KeyboardInterrupt\(\)"),
        ("mine_exits:Class", r"importing mine_exits fails: SystemExit\(4\)"),
        ("mine_syntax:Class", "importing mine_syntax fails: SyntaxError"),
        ("mine_needs:Class", "no module 'mine_missing_library'"),
    ],
)
def test_a_class_that_cannot_be_had_is_refused_with_the_reason(folder: Path, path: str, reason: str) -> None:
    (folder / "mine_broken.py").write_text(BROKEN, "utf-8")
    (folder / "mine_syntax.py").write_text("class :", "utf-8")
    (folder / "mine_exits.py").write_text("import sys; sys.exit(4)", "utf-8")
    (folder / "mine_needs.py").write_text("import mine_missing_library", "utf-8")
    with pytest.raises(PolicyError, match=reason) as refused:
        engine_with(path)
    assert str(refused.value).startswith(f"policy {path}: ")


def test_each_venue_has_a_policy_of_its_own(folder: Path) -> None:
    (folder / "mine_own.py").write_text(PATIENT, "utf-8")
    assert load_policy("mine_own:Patient") is not load_policy("mine_own:Patient")


def test_a_file_of_the_users_does_not_stand_in_for_an_installed_module(folder: Path) -> None:
    (folder / "mine_last.py").write_text(PATIENT, "utf-8")
    load_policy("mine_last:Patient")
    assert sys.path[-1] == str(folder)
    assert sys.path.count(str(folder)) == 1
