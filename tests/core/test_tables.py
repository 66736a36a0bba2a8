"""The core's tables are total, and the words of the journal and the wire stay what they are."""

from enum import Enum
from typing import get_args

import msgspec
import pytest

from exchange.core import enums
from exchange.core.commands import Command
from exchange.core.enums import ExpireReason, MarkRule, OrderType, PremiumSource, TimeInForce
from exchange.core.events import Event
from exchange.core.funding import PREMIUM_SOURCES
from exchange.core.matching import LIFE_RULES, MARKET_RULE, life_rule
from exchange.core.pricing import MARK_RULES
from exchange.core.venue import COMMANDS

# Tags and values are in journals: they may be added to, never changed. The numbers are Binance's field `er`.
COMMAND_TAGS = [
    "create_account",
    "deposit",
    "withdraw",
    "transfer",
    "place_order",
    "cancel_order",
    "cancel_all_orders",
    "amend_order",
    "place_conditional",
    "cancel_conditional",
    "cancel_all_conditionals",
    "set_countdown",
    "set_leverage",
    "set_margin_type",
    "set_position_mode",
    "adjust_margin",
    "set_auto_add_margin",
    "set_index_price",
    "drop_index_source",
    "set_market_state",
    "annotate",
    "tick",
    "resume",
]
EXPIRE_REASONS = {
    "NONE": 0,
    "SELF_TRADE": 1,
    "IOC_REMAINDER": 2,
    "IOC_SELF_TRADE": 3,
    "REDUCE_ONLY": 4,
    "LIQUIDATION": 5,
    "MARKET_REMAINDER": 9,
}


def test_every_time_in_force_has_its_rule() -> None:
    assert LIFE_RULES.keys() == set(TimeInForce)


@pytest.mark.parametrize("time_in_force", TimeInForce)
def test_the_rules_of_life_are_consistent(time_in_force: TimeInForce) -> None:
    rule = life_rule(OrderType.LIMIT, time_in_force)
    # What rests has no remainder to expire; what does not rest and need not fill whole says why its remainder expires.
    assert not (rule.rests and rule.fills_whole)
    assert rule.rests or not rule.post_only
    assert (rule.remainder is not ExpireReason.NONE) == (not rule.rests and not rule.fills_whole)
    assert life_rule(OrderType.MARKET, time_in_force) is MARKET_RULE


def test_every_rule_of_prices_has_its_functions() -> None:
    assert MARK_RULES.keys() == set(MarkRule)
    assert PREMIUM_SOURCES.keys() == set(PremiumSource)


def test_every_command_has_its_function() -> None:
    assert COMMANDS.keys() == set(get_args(Command))


def test_the_tags_of_commands_are_what_journals_hold() -> None:
    assert [msgspec.inspect.type_info(each).tag for each in get_args(Command)] == COMMAND_TAGS  # type: ignore[attr-defined]


def test_every_event_has_a_tag_of_its_own() -> None:
    tags = [msgspec.inspect.type_info(each).tag for each in get_args(Event)]  # type: ignore[attr-defined]
    assert len(set(tags)) == len(tags)
    assert all(isinstance(tag, str) for tag in tags)


def test_expire_reasons_keep_their_numbers() -> None:
    assert {reason.name: reason.value for reason in ExpireReason} == EXPIRE_REASONS


@pytest.mark.parametrize(
    "vocabulary",
    [each for each in vars(enums).values() if isinstance(each, type) and issubclass(each, Enum) and list(each)],
)
def test_words_are_their_own_names(vocabulary: type[Enum]) -> None:
    """A word on the wire and in the journal is the member's name, or a number."""
    assert all(member.value == member.name or isinstance(member.value, int) for member in vocabulary)
