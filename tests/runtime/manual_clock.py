"""A clock that stands until a test moves it, as the venue's time."""


class ManualClock:
    """A `Clock` for tests."""

    def __init__(self, ts: int) -> None:
        """Set it to `ts`, nanoseconds since the epoch."""
        self._ts = ts

    def now(self) -> int:
        """Return nanoseconds since the epoch."""
        return self._ts

    def advance(self, nanos: int) -> None:
        """Move it on by `nanos` nanoseconds, not negative."""
        assert nanos >= 0, "time does not go backwards"
        self._ts += nanos
