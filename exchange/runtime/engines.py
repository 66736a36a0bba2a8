"""What `--policy` names: a preset, a TOML file or a class becomes the rules of a liquidation engine. It runs nothing.

docs/policies.md describes the file. Rates and amounts are text, so that they stay exact; durations are numbers of
seconds, whole or decimal, under the field's name with `_seconds` behind it.
"""

import tomllib
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard, TypeVar, get_args, get_type_hints

import msgspec

from exchange.core.liquidation.procedure import WAIT_LEAST
from exchange.core.policies.adl import AdlTrigger
from exchange.core.policies.backstop import Backstop, BackstopKind
from exchange.core.policies.case import Custom
from exchange.core.policies.dydx_v4 import DydxV4
from exchange.core.policies.presets import DEFAULT_PRESET, PRESETS, UNLIMITED, EngineRules, ShippedPolicy
from exchange.core.policies.tier_ladder import TierLadder
from exchange.core.policies.unwinding import UnwindStyle
from exchange.core.units import MONEY_MAX, RATE_ONE, SECOND, Atoms, Nanos, RateE8, parse_decimal
from exchange.journal.errors import PolicyError
from exchange.journal.policies import engine_with, load_policy
from exchange.runtime.settings import SettingsError

FILE_SUFFIX = ".toml"
DURATION_MOST = 366 * 24 * 3600 * SECOND
COUNT_MOST = 1_000_000
FORMS = f"a preset ({', '.join(PRESETS)}), a file ending in {FILE_SUFFIX}, or module:Class"
TABLES = ("liquidation", "backstop", "unwind", "adl")
SHIPPED: Mapping[str, type[msgspec.Struct]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(ShippedPolicy)
}

Rules = TypeVar("Rules", bound=msgspec.Struct)


class Kind(NamedTuple):
    """How values of one type are written, and within which bounds of the core's unit."""

    read: Callable[[Any], int | None]
    least: int
    most: int
    written: str
    one: int  # of what is written, in the core's unit


def read_engine(choice: str) -> EngineRules:
    """Return the engine of a preset, of a file, or around the class at `module:Class`.

    Raises SettingsError, naming the field, when the file is not exact, or the class cannot be had.
    """
    if choice.endswith(FILE_SUFFIX):
        return _of_file(Path(choice))
    if ":" in choice:
        try:
            return engine_with(choice)
        except PolicyError as error:
            raise SettingsError(f"--{error}") from error
    if choice not in PRESETS:
        raise SettingsError(f"--policy {choice!r} is none of these: {FORMS}")
    return PRESETS[choice]


def parse_engine(text: str) -> EngineRules:
    """Return the engine described by TOML text. Raises ValueError or PolicyError, naming the field, on anything amiss.

    A field that nothing of the engine would look at is refused: whoever writes it expects something of it.
    """
    written = tomllib.loads(text, parse_float=Decimal)
    preset = written.pop("preset", None)
    tables = {name: _table(written.pop(name, {}), name) for name in TABLES}
    base = _base(preset, tables["liquidation"])
    parts = {name: _changed(getattr(base, name), tables[name], name) for name in TABLES[1:]}
    engine = _changed(base, written, "")
    engine = msgspec.structs.replace(engine, liquidation=_liquidation(base, tables["liquidation"]), **parts)
    _refuse_idle(engine, {*written, *(f"{table}.{name}" for table in TABLES for name in tables[table])})
    if engine.adl.stop > engine.adl.drop:
        raise ValueError("adl.stop must be at most adl.drop: else a drawdown would end as it begins")
    return engine


def _base(preset: object, liquidation: Mapping[str, Any]) -> EngineRules:
    """Return what a file changes: the preset that it names, else that of the class that it names, else the default."""
    policy = liquidation.get("policy")
    if preset is None and _is_class(policy):
        return engine_with(policy)
    name = DEFAULT_PRESET if preset is None else preset
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(f"preset = {name!r} is none of {', '.join(PRESETS)}")
    return PRESETS[name]


def _refuse_idle(engine: EngineRules, written: Collection[str]) -> None:
    for name, (is_used, need) in NEEDS.items():
        if name in written and not is_used(engine):
            raise ValueError(f"{name} has no effect here: it needs {need}")


def _of_file(path: Path) -> EngineRules:
    try:
        return parse_engine(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, PolicyError) as error:
        raise SettingsError(f"policy file {path}: {error}") from error
    except RecursionError:
        raise SettingsError(f"policy file {path}: tables are nested too deeply") from None


def _liquidation(base: EngineRules, written: Mapping[str, Any]) -> Any:
    """Return the policy of the table [liquidation]: another one than the preset's begins at its own defaults."""
    own = base.liquidation
    name = written.get("policy", own.__struct_config__.tag)
    fields = {field: value for field, value in written.items() if field != "policy"}
    if _is_class(name):
        if fields:
            raise ValueError(f"liquidation.{next(iter(fields))}: a class of your own takes no fields from here")
        load_policy(name)  # now, not at the first liquidation
        return Custom(name)
    if not isinstance(name, str) or name not in SHIPPED:
        raise ValueError(f"liquidation.policy = {name!r} is none of {', '.join(SHIPPED)}, nor a module:Class")
    kind = SHIPPED[name]
    return _changed(own if isinstance(own, kind) else kind(), fields, "liquidation")


def _is_class(name: object) -> TypeGuard[str]:
    return isinstance(name, str) and ":" in name


def _changed(rules: Rules, written: Mapping[str, Any], table: str) -> Rules:
    """Return rules with the fields that are written; the table's name stands before theirs in errors."""
    prefix = f"{table}." if table else ""
    fields = {
        field + SUFFIXES.get(hint, ""): (field, hint)
        for field, hint in get_type_hints(type(rules)).items()
        if field in rules.__struct_fields__ and (hint in KINDS or hint is bool or _is_enum(hint))
    }
    changes = {}
    for name, value in written.items():
        if name not in fields:
            raise ValueError(f"{prefix}{name}: there is no such field here, but {', '.join(fields) or 'none'}")
        field, hint = fields[name]
        problem, changes[field] = _read(hint, BOUNDS.get((type(rules), field)), value)
        if problem:
            raise ValueError(f"{prefix}{name} = {_shown(value)} is {problem}")
    return msgspec.structs.replace(rules, **changes)


def _read(hint: Any, bounds: tuple[int, int] | None, value: Any) -> tuple[str, Any]:
    """Return what is wrong with a value, or an empty text; and the value in the core's unit."""
    if _is_enum(hint):
        words = {member.value: member for member in hint}
        known = isinstance(value, str) and value in words
        return ("", words[value]) if known else (f"none of {', '.join(words)}", None)
    if hint is bool:
        return ("" if isinstance(value, bool) else "neither true nor false"), value
    kind = KINDS[hint]
    least, most = bounds or (kind.least, kind.most)
    read = kind.read(value)
    if read is None:
        return f"not {kind.written}", None
    within = least <= read <= most
    return ("" if within else f"not between {Decimal(least) / kind.one:f} and {Decimal(most) / kind.one:f}"), read


def _table(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} = {value!r} is no table: write [{name}]")  # noqa: TRY004  as all that a file has wrong
    return dict(value)


def _is_enum(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Enum)


def _text(value: Any) -> int | None:
    return parse_decimal(value, 8) if isinstance(value, str) else None


def _seconds(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return parse_decimal(f"{value:f}" if isinstance(value, Decimal) else str(value), 9)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _shown(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else repr(value)


SUFFIXES: Mapping[Any, str] = {Nanos: "_seconds"}
KINDS: Mapping[Any, Kind] = {
    RateE8: Kind(_text, 0, RATE_ONE, 'decimal text, as "0.015"', RATE_ONE),
    Atoms: Kind(_text, 0, MONEY_MAX, 'decimal text, as "100000"', RATE_ONE),
    Nanos: Kind(_seconds, WAIT_LEAST, DURATION_MOST, "a number of seconds, as 30 or 0.5", SECOND),
    int: Kind(_count, 1, COUNT_MOST, "a whole number", 1),
}
# What is bounded otherwise than its kind.
BOUNDS: Mapping[tuple[type[msgspec.Struct], str], tuple[int, int]] = {
    (TierLadder, "requote"): (0, DURATION_MOST),  # 0: it is fill-or-kill
    (DydxV4, "bankruptcy_adjustment"): (RATE_ONE, 100 * RATE_ONE),
    (DydxV4, "spread"): (0, 100 * RATE_ONE),
    (Backstop, "cap"): (0, UNLIMITED),
}
Condition = tuple[Callable[[EngineRules], bool], str]
DRAWN_DOWN: Condition = (lambda engine: engine.adl.trigger is AdlTrigger.DRAWDOWN, 'adl.trigger = "DRAWDOWN"')
# Fields, as a file writes them, that only some engines look at, and what the others lack.
NEEDS: Mapping[str, Condition] = {
    "backstop.cap": (lambda engine: engine.backstop.kind is BackstopKind.FUND, 'backstop.kind = "FUND"'),
    "unwind.bound": (lambda engine: engine.unwind.style is UnwindStyle.TAKE, 'unwind.style = "TAKE"'),
    "unwind.stop_pause_seconds": (lambda engine: engine.unwind.loss_stop > 0, "an unwind.loss_stop above 0"),
    "adl.drop": DRAWN_DOWN,
    "adl.drop_floor": DRAWN_DOWN,
    "adl.stop": DRAWN_DOWN,
    "fund_window_seconds": (
        lambda engine: DRAWN_DOWN[0](engine) or engine.unwind.loss_stop > 0,
        f"{DRAWN_DOWN[1]}, or an unwind.loss_stop above 0",
    ),
}
