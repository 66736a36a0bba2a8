"""The time of a venue that is served: wall time that never goes backwards. To the core, time is an argument."""

import time
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> int:
        """Return nanoseconds since the epoch, never less than before."""
        ...

    def wall(self) -> int:
        """Return what the machine's clock shows now, which somebody may have set back."""
        ...


class WallClock:
    """The machine's clock; when somebody sets it back, time stands still until it has caught up."""

    def __init__(self) -> None:
        self._latest = 0

    def now(self) -> int:
        """Return nanoseconds since the epoch, never less than before."""
        self._latest = max(self._latest, self.wall())
        return self._latest

    def wall(self) -> int:
        """Return nanoseconds since the epoch as the machine tells them now."""
        return time.time_ns()
