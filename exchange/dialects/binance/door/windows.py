"""Counters in fixed windows of the clock passed in, in bounded memory. They read no clock and refuse nothing."""

CALLERS_MAX = 10_000  # callers counted one by one in a window; further ones share one counter
_MS_PER_SECOND = 1000
_OVERFLOW = ""  # the shared counter; no caller is named so


class WindowCounter:
    """Counts per caller within the running window of `window_ms`; a new window forgets all of the old one.

    Windows only go forwards: a call whose time lies before the running window (its body was slow) counts in that one.
    """

    __slots__ = ("_counts", "_limit", "_window", "_window_ms")

    def __init__(self, limit: int, window_ms: int) -> None:
        """Start empty; at most `limit` per caller and window."""
        self._limit = limit
        self._window_ms = window_ms
        self._window = -1
        self._counts: dict[str, int] = {}

    def used(self, caller: str, now_ms: int) -> int:
        """Return what a caller has used of the running window."""
        self._turn(now_ms)
        return self._counts.get(self._counted_as(caller), 0)

    def fits(self, caller: str, amount: int, now_ms: int) -> bool:
        """Tell whether `amount` more stays within the limit."""
        return self.used(caller, now_ms) + amount <= self._limit

    def add(self, caller: str, amount: int, now_ms: int) -> None:
        """Count `amount` more for a caller."""
        used = self.used(caller, now_ms)
        self._counts[self._counted_as(caller)] = used + amount

    def seconds_left(self, now_ms: int) -> int:
        """Return the seconds until the next window, rounded up: at least 1."""
        self._turn(now_ms)
        return seconds_up((self._window + 1) * self._window_ms - now_ms)

    def _turn(self, now_ms: int) -> None:
        window = now_ms // self._window_ms
        if window > self._window:
            self._window = window
            self._counts.clear()

    def _counted_as(self, caller: str) -> str:
        return caller if caller in self._counts or len(self._counts) < CALLERS_MAX else _OVERFLOW


def seconds_up(duration_ms: int) -> int:
    """Return milliseconds as seconds, rounded up."""
    return -(-duration_ms // _MS_PER_SECOND)
