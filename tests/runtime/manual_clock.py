"""A clock that stands until a test moves it, as the venue's time."""


class ManualClock:
    """A `Clock` for tests."""

    def __init__(self, ts: int) -> None:
        """Set it to `ts`, nanoseconds since the epoch."""
        self._ts = ts
        self._set_back = 0

    def now(self) -> int:
        """Return nanoseconds since the epoch."""
        return self._ts

    def wall(self) -> int:
        """Return what the machine's clock would show."""
        return self._ts - self._set_back

    def advance(self, nanos: int) -> None:
        """Move it on by `nanos` nanoseconds, not negative; after `set_back`, time stands until it has caught up."""
        assert nanos >= 0, "time does not go backwards"
        caught_up = min(nanos, self._set_back)
        self._set_back -= caught_up
        self._ts += nanos - caught_up

    def set_back(self, nanos: int) -> None:
        """Set the machine's clock back by `nanos` nanoseconds."""
        self._set_back += nanos
