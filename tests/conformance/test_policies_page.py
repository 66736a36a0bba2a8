"""docs/policies.md says what is there: its files can be read, its class is the one tested here, no field is missing."""

import re
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest

from exchange.conformance import check_policy
from exchange.conformance.policy_worlds import ROUND
from exchange.core.policies.adl import AdlRules, AdlTrigger, Ranker
from exchange.core.policies.backstop import Backstop, BackstopKind
from exchange.core.policies.losses import LossPolicy
from exchange.core.policies.presets import PRESETS, EngineRules, ShippedPolicy
from exchange.core.policies.unwinding import UnwindRules, UnwindStyle
from exchange.core.units import Nanos
from exchange.runtime.engines import parse_engine
from tests.conformance import twap

PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text("utf-8")
FILES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
PARTS = {"liquidation", "backstop", "unwind", "adl"}  # tables, not fields
RECORDS = (*get_args(ShippedPolicy), Backstop, UnwindRules, AdlRules, EngineRules)


@pytest.mark.parametrize("text", FILES)
def test_a_file_of_the_page_can_be_read(text: str) -> None:
    assert parse_engine(text) not in PRESETS.values()


def test_the_class_of_the_page_is_the_one_that_is_tested() -> None:
    assert re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) == [Path(twap.__file__).read_text("utf-8")]


def test_the_class_of_the_page_passes() -> None:
    assert check_policy(twap.Twap(), seeds=4 * len(ROUND)) == []


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_the_page_names_every_field(record: type[msgspec.Struct]) -> None:
    hints = {field: hint for field, hint in get_type_hints(record).items() if field in record.__struct_fields__}
    written = [field + "_seconds" * (hint is Nanos) for field, hint in hints.items() if field not in PARTS]
    assert [name for name in written if f"`{name}`" not in PAGE] == []


def test_the_page_names_every_preset_ranker_and_choice() -> None:
    quoted = [*PRESETS, *(ranker.value for ranker in Ranker)]
    plain = [word.value for kind in (AdlTrigger, BackstopKind, LossPolicy, UnwindStyle) for word in kind]
    assert [name for name in quoted if f"`{name}`" not in PAGE] + [word for word in plain if word not in PAGE] == []
