"""The `venue` line of the market tables: words like `backstop.cap=0.5` as rules of the venue. It runs nothing."""

from enum import Enum
from typing import Any, TypeVar, get_type_hints

import msgspec

from exchange.core.policies.binance_smart import BinanceSmart
from exchange.core.policies.presets import PRESETS, EngineRules
from exchange.core.rules import VenueRules
from exchange.core.units import Nanos
from tests.market.notation import counted, nanos

# The engine of the tables: the default one, but positions are closed whole, so that a story is about one thing.
ENGINE = EngineRules(liquidation=BinanceSmart(partial=False))
Rules = TypeVar("Rules", bound=msgspec.Struct)
SWITCH = {"yes": True, "no": False}


def read_rules(changes: dict[str, str]) -> VenueRules:
    """Return the tables' rules of the venue with some of them changed, the preset `engine` first.

    A dot leads into a part of the engine (`adl.ranker`); `liquidation=dydx_v4` takes only the policy of that preset.
    Raises ValueError on an unknown name.
    """
    rules = {key: value for key, value in changes.items() if key in VenueRules.__struct_fields__ and key != "engine"}
    engine = PRESETS[changes["engine"]] if "engine" in changes else ENGINE
    for key, text in changes.items():
        if key != "engine" and key not in rules:
            engine = _changed_engine(engine, key, text)
    return _changed(VenueRules(engine=engine), rules)


def _changed_engine(engine: EngineRules, key: str, text: str) -> EngineRules:
    part, _, name = key.partition(".")
    if key == "liquidation":
        return msgspec.structs.replace(engine, liquidation=PRESETS[text].liquidation)
    if not name:
        return _changed(engine, {key: text})
    if part not in EngineRules.__struct_fields__:
        raise ValueError(f"an engine has no {part}")
    return msgspec.structs.replace(engine, **{part: _changed(getattr(engine, part), {name: text})})


def _changed(rules: Rules, changes: dict[str, str]) -> Rules:
    """Return a record with some fields read from text, each by its type."""
    types = get_type_hints(type(rules))
    unknown = changes.keys() - types.keys()
    if unknown:
        raise ValueError(f"{type(rules).__name__} has no {', '.join(sorted(unknown))}")
    return msgspec.structs.replace(rules, **{key: _read(types[key], text) for key, text in changes.items()})


def _read(kind: Any, text: str) -> Any:
    """Return text as a value: a word of an enumeration, yes or no, a time, a count, or a number with decimals."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(text)
    if kind is bool:
        return SWITCH[text]
    if kind is Nanos:
        return nanos(text)
    return int(text) if kind is int else counted(text)
