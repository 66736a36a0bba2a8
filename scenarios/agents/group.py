"""What all groups of agents have in common, as a scenario file writes it. The agents of each kind are a file beside it.

Amounts are floats in the unit that their name ends in: they enter decisions; what enters the venue is rounded to
integers by `Desk`.
"""

from typing import Annotated, Literal

import msgspec

Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Interval = Annotated[float, msgspec.Meta(ge=0.001)]  # seconds
Rate = Annotated[float, msgspec.Meta(gt=0, le=60_000)]  # a minute
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Direction = Literal[1, -1]  # up, or long; down, or short


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all that is written in a scenario file: a key that nobody knows is refused."""


class Group(Record, frozen=True, kw_only=True, tag_field="kind"):
    """Some agents alike. Their accounts are called `name-1`, `name-2`, and so on."""

    name: str
    count: Count = 1
    latency_ms: Positive = 20.0
    deposit_quote: NotNegative = 100_000.0
    leverage: Count = 10

    @property
    def leverage_most(self) -> int:
        """The highest leverage that one of its agents may choose."""
        return self.leverage
