"""What all groups of agents have in common, as a scenario file writes it. The agents of each kind are a file beside it.

Amounts are floats in the unit that their name ends in: they enter decisions; what enters the venue is rounded to
integers by `Desk`.
"""

from typing import Protocol

import msgspec

from scenarios.agents.agent import Agent


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all that is written in a scenario file: a key that nobody knows is refused."""


class Group(Record, frozen=True, kw_only=True, tag_field="kind"):
    """Some agents alike. Their accounts are called `name-1`, `name-2`, and so on."""

    name: str
    count: int = 1
    latency_ms: float = 20.0
    deposit_quote: float = 100_000.0
    leverage: int = 10

    def __post_init__(self) -> None:
        """Refuse what no run can begin with."""
        if self.count < 1 or self.latency_ms <= 0 or self.deposit_quote < 0:
            raise ValueError(f"agents {self.name!r}: count, latency_ms and deposit_quote must be positive")


class Member(Agent, Protocol):
    """An agent with what its account begins with."""

    deposit_quote: float
    leverage: int
