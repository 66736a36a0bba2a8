"""The liquidation policy that a journal's header names: a record that ships, or the user's own class. It runs nothing.

A class is named `module:Class`. It is imported as `import module` would do it in the current folder, and made without
arguments. The journal keeps only the name: whoever changes the class changes what a replay does.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from msgspec.structs import replace

from exchange.core.policies.case import Custom, LiquidationPolicy
from exchange.core.policies.presets import PRESETS, EngineRules, no_preset, preset_of
from exchange.core.rules import VenueRules
from exchange.journal.errors import PolicyError


def policy_of(rules: VenueRules) -> LiquidationPolicy:
    """Return what decides about liquidations under these rules. Raises PolicyError when it cannot be imported."""
    named = rules.engine.liquidation
    return load_policy(named.path) if isinstance(named, Custom) else named


def policy_name(engine: EngineRules) -> str:
    """Return what an engine is called: as its preset is, or `module:Class`; of a file that changes one says so."""
    named = engine.liquidation
    if isinstance(named, Custom):
        return named.path
    name = str(named.__struct_config__.tag)
    return name if engine == PRESETS[name] else f"{name}, changed"


def load_policy(path: str) -> LiquidationPolicy:
    """Return a new policy of the class at `module:Class`. Raises PolicyError, saying what is missing."""
    made = _class_at(path)
    try:
        policy = made()
    except BaseException as error:  # one that exits, too: that must not be the end of us without a word
        raise PolicyError(path, f"the class cannot be made without arguments: {error!r}") from error
    if not callable(getattr(policy, "decide", None)):
        raise PolicyError(path, "the class has no method `decide(self, case)`")
    return cast("LiquidationPolicy", policy)


def engine_with(path: str) -> EngineRules:
    """Return an engine whose liquidation policy is the class at `module:Class`.

    The other four parts are those of the preset that its attribute `preset` names, or of the default one. Raises
    PolicyError.
    """
    policy = load_policy(path)
    preset = preset_of(policy)
    if preset is None:
        raise PolicyError(path, no_preset(policy))
    return replace(preset, liquidation=Custom(path))


def _class_at(path: str) -> Callable[[], object]:
    module_name, _, class_name = path.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), class_name)):
        raise PolicyError(path, "write it as module:Class")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # last: a file of the user's must not stand in for one of ours
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise PolicyError(path, f"no module {error.name!r}, neither in {here} nor among the installed ones") from error
    except BaseException as error:
        raise PolicyError(path, f"importing {module_name} fails: {error!r}") from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise PolicyError(path, f"{module.__file__} has no class {class_name}")
    return found
