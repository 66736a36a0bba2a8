"""What `--policy` names becomes the rules of an engine; a file that is not exact is refused with the field's name."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from exchange.core.policies.adl import AdlPrice, AdlTrigger, Ranker
from exchange.core.policies.backstop import BackstopKind
from exchange.core.policies.binance_smart import BinanceSmart
from exchange.core.policies.case import Custom
from exchange.core.policies.deribit_incremental import DeribitIncremental
from exchange.core.policies.dydx_v4 import DydxV4
from exchange.core.policies.hyperliquid_backstop import HyperliquidBackstop
from exchange.core.policies.losses import LossPolicy
from exchange.core.policies.presets import PRESETS, EngineRules
from exchange.core.policies.tier_ladder import TierLadder
from exchange.core.policies.unwinding import UnwindStyle
from exchange.core.units import ATOMS_PER_QUOTE, MILLISECOND, SECOND, Atoms, Nanos, RateE8
from exchange.journal.errors import HeaderMismatchError
from exchange.runtime.app import open_app
from exchange.runtime.engines import parse_engine, read_engine
from exchange.runtime.settings import Settings, SettingsError

LADDER = '[liquidation]\npolicy = "tier_ladder"\n'
TWAP = "tests.conformance.twap:Twap"

EVERYTHING = """
preset = "hyperliquid_backstop"
loss = "FUNDING_DELTA"
scopes_per_pass = 7
carry_over_seconds = 0.25
fund_window_seconds = 60
muted = true

[liquidation]
large = "5000.5"
portion = "0.3"
cooldown_seconds = 10

[backstop]
kind = "FUND"
cap = "2.5"
in_adl = false

[unwind]
style = "TAKE"
interval_seconds = 2
share = "0.05"
bound = "0.001"
loss_stop = "0.2"
stop_pause_seconds = 3600

[adl]
trigger = "DRAWDOWN"
ranker = "pro_rata"
price = "MARK"
drop = "0.5"
drop_floor = "100"
stop = "0.4"
"""


def test_a_file_changes_every_part_of_a_preset() -> None:
    preset = PRESETS["hyperliquid_backstop"]
    engine = parse_engine(EVERYTHING)
    assert engine.liquidation == HyperliquidBackstop(
        large=Atoms(500_050_000_000), portion=RateE8(30_000_000), cooldown=Nanos(10 * SECOND)
    )
    assert (engine.backstop.kind, engine.backstop.cap) == (BackstopKind.FUND, 250_000_000)
    assert not engine.backstop.in_adl
    unwind = engine.unwind
    assert (unwind.style, unwind.interval, unwind.share) == (UnwindStyle.TAKE, 2 * SECOND, 5_000_000)
    assert (unwind.bound, unwind.loss_stop, unwind.stop_pause) == (100_000, 20_000_000, 3600 * SECOND)
    adl = engine.adl
    assert (adl.trigger, adl.ranker, adl.price) == (AdlTrigger.DRAWDOWN, Ranker.PRO_RATA, AdlPrice.MARK)
    assert (adl.drop, adl.drop_floor, adl.stop) == (50_000_000, 100 * ATOMS_PER_QUOTE, 40_000_000)
    assert (engine.loss, engine.scopes_per_pass, engine.muted) == (LossPolicy.FUNDING_DELTA, 7, True)
    assert (engine.carry_over, engine.fund_window) == (250 * MILLISECOND, 60 * SECOND)
    assert not [name for name in EngineRules.__struct_fields__ if getattr(engine, name) == getattr(preset, name)]


@pytest.mark.parametrize("name", PRESETS)
def test_a_file_that_only_names_a_preset_is_that_preset(name: str) -> None:
    assert parse_engine(f'preset = "{name}"') == PRESETS[name] == read_engine(name)


def test_an_empty_file_is_the_default() -> None:
    assert parse_engine("") == EngineRules()


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        (
            '[liquidation]\npolicy = "tier_ladder"\nbrackets_per_step = 2\nrequote_seconds = 60',
            TierLadder(2, Nanos(60 * SECOND)),
        ),
        (f"{LADDER}requote_seconds = 0", TierLadder()),
        ('[liquidation]\npolicy = "deribit_incremental"\nslice = "0.2"', DeribitIncremental(slice=RateE8(20_000_000))),
        ('[liquidation]\npartial = false\nbuffer = "0.1"', BinanceSmart(partial=False, buffer=RateE8(10_000_000))),
        ('preset = "dydx_v4"\n[liquidation]\nspread = "3"', DydxV4(spread=RateE8(300_000_000))),
        (f'[liquidation]\npolicy = "{TWAP}"', Custom(TWAP)),
    ],
)
def test_the_liquidation_policy_is_the_presets_or_another_one(text: str, policy: object) -> None:
    assert parse_engine(text).liquidation == policy


@pytest.mark.parametrize(
    ("written", "base"),
    [("", "dydx_v4"), ('preset = "naive_full"', "naive_full"), ('preset = "binance_smart"', "binance_smart")],
)
def test_a_class_in_a_file_keeps_its_preset_unless_the_file_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, base: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine_kept.py").write_text(
        "class Own:\n    preset = 'dydx_v4'\n    def decide(self, case):\n        return None\n", "utf-8"
    )
    text = f'{written}\n[liquidation]\npolicy = "mine_kept:Own"\n[unwind]\nshare = "0.5"'
    unwind = replace(PRESETS[base].unwind, share=RateE8(50_000_000))
    assert parse_engine(text) == replace(PRESETS[base], liquidation=Custom("mine_kept:Own"), unwind=unwind)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('preset = "binance"', "preset = 'binance' is none of binance_smart, "),
        ("preset = [1]", r"preset = \[1\] is none of"),
        ('loss = "NOBODY"', "loss = 'NOBODY' is none of HOUSE, HAIRCUT, FUNDING_DELTA"),
        ("loss = [1]", r"loss = \[1\] is none of"),
        ("muted = 1", "muted = 1 is neither true nor false"),
        ("los = 1", "los: there is no such field here, but loss, "),
        ("carry_over = 1", "carry_over: there is no such field here, but .*carry_over_seconds"),
        ("scopes_per_pass = 0", "scopes_per_pass = 0 is not between 1 and 1000000"),
        ("scopes_per_pass = true", "scopes_per_pass = True is not a whole number"),
        ('carry_over_seconds = "1"', "carry_over_seconds = '1' is not a number of seconds"),
        ("carry_over_seconds = true", "carry_over_seconds = True is not a number of seconds"),
        ("carry_over_seconds = 0.009", "carry_over_seconds = 0.009 is not between 0.01 and 31622400"),
        ("carry_over_seconds = 0.0000000001", "carry_over_seconds = 0.0000000001 is not a number of seconds"),
        ("carry_over_seconds = nan", "carry_over_seconds = NaN is not a number of seconds"),
        ("carry_over_seconds = inf", "carry_over_seconds = Infinity is not a number of seconds"),
        ("[unwind]\ninterval_seconds = 0", "unwind.interval_seconds = 0 is not between"),
        ("[liquidation]\nbuffer = 0.1", "liquidation.buffer = 0.1 is not decimal text"),
        ('[liquidation]\nbuffer = "2"', "liquidation.buffer = '2' is not between 0 and 1"),
        ('[liquidation]\nbuffer = "-0.1"', "liquidation.buffer = '-0.1' is not between 0 and 1"),
        ('[liquidation]\nslice = "0.1"', "liquidation.slice: there is no such field here, but partial, buffer"),
        ('[liquidation]\npolicy = "smart"', "liquidation.policy = 'smart' is none of .* nor a module:Class"),
        ("[liquidation]\npolicy = 1", "liquidation.policy = 1 is none of"),
        ('[liquidation]\npolicy = "mine_nowhere:Class"', "policy mine_nowhere:Class: no module 'mine_nowhere'"),
        (f'[liquidation]\npolicy = "{TWAP}"\nslices = 3', "liquidation.slices: a class of your own takes no fields"),
        ('preset = "naive_full"\n[liquidation]\nslice = "1"', "liquidation.slice: .* but none"),
        ('[backstop]\ncap = "1e5"', "backstop.cap = '1e5' is not decimal text"),
        ('[adl]\ntrigger = "DRAWDOWN"\nstop = "0.4"', "adl.stop must be at most adl.drop"),
        ('[adl]\nstop = "0.1"', 'adl.stop has no effect here: it needs adl.trigger = "DRAWDOWN"'),
        ('[adl]\ndrop = "0.5"', "adl.drop has no effect"),
        ('[adl]\ndrop_floor = "0"', "adl.drop_floor has no effect"),
        ('preset = "hyperliquid_backstop"\n[backstop]\ncap = "1"', 'backstop.cap .* needs backstop.kind = "FUND"'),
        ('[backstop]\nkind = "NONE"\ncap = "1"', "backstop.cap has no effect"),
        ('preset = "tier_ladder"\n[unwind]\nbound = "0.1"', 'unwind.bound .* needs unwind.style = "TAKE"'),
        ("[unwind]\nstop_pause_seconds = 60", "unwind.stop_pause_seconds .* needs an unwind.loss_stop above 0"),
        ("fund_window_seconds = 60", "fund_window_seconds has no effect here"),
        ("adl = 1", r"adl = 1 is no table: write \[adl\]"),
        ("adl", "Expected '='"),
    ],
)
def test_a_file_that_is_not_exact_is_refused_with_the_field(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=problem) as refused:
        read_engine(str(path))
    assert str(refused.value).startswith(f"policy file {path}: ")


@pytest.mark.parametrize(
    ("choice", "problem"),
    [
        ("nonsense", "--policy 'nonsense' is none of these: a preset"),
        ("nowhere.toml", "policy file nowhere.toml: .*No such file"),
        ("mine_nowhere:Class", "--policy mine_nowhere:Class: no module"),
    ],
)
def test_a_choice_that_is_nothing_is_refused(choice: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        read_engine(choice)


def test_tables_nested_beyond_all_reason_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.toml"
    path.write_text("loss = " + "[" * 5_000 + "]" * 5_000, "utf-8")
    with pytest.raises(SettingsError, match="nested too deeply"):
        read_engine(str(path))


async def test_the_journal_keeps_the_choice_and_refuses_another(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "mine.toml"
    file.write_text('preset = "dydx_v4"\nloss = "HAIRCUT"', "utf-8")
    wanted = replace(PRESETS["dydx_v4"], loss=LossPolicy.HAIRCUT)
    for policy in (str(file), None, str(file)):
        app = open_app(Settings(data, policy=policy))
        assert app.venue.state.rules.engine == wanted
        await app.close()
    with pytest.raises(HeaderMismatchError, match=r"rules\.engine\.loss: journal 'HAIRCUT', now 'HOUSE'"):
        open_app(Settings(data, policy="dydx_v4"))
    with pytest.raises(HeaderMismatchError, match=r"liquidation\.policy: journal 'dydx_v4', now 'custom'"):
        open_app(Settings(data, policy=TWAP))
    file.write_text('preset = "dydx_v4"', "utf-8")
    with pytest.raises(HeaderMismatchError):
        open_app(Settings(data, policy=str(file)))


async def test_a_choice_that_is_nothing_leaves_nothing_behind(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with pytest.raises(SettingsError, match="none of these"):
        open_app(Settings(data, policy="nonsense"))
    assert not data.exists()
