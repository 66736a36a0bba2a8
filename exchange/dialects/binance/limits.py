"""Request weight and order counters in fixed windows of the clock passed in. It bans nobody and reads no clock.

Binance counts weight per address; this venue counts per API key, and per address only where no key is shown, because a
classroom shares one address.
"""

from exchange.dialects.binance import errors

WEIGHT_PER_MINUTE = 2400
ORDERS_PER_10_SECONDS = 300
ORDERS_PER_MINUTE = 1200
CALLERS_MAX = 10_000  # callers counted one by one in a window; further ones share one counter
MINUTE_MS = 60_000
TEN_SECONDS_MS = 10_000
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
        left_ms = (self._window + 1) * self._window_ms - now_ms
        return -(-left_ms // _MS_PER_SECOND)

    def _turn(self, now_ms: int) -> None:
        window = now_ms // self._window_ms
        if window > self._window:
            self._window = window
            self._counts.clear()

    def _counted_as(self, caller: str) -> str:
        return caller if caller in self._counts or len(self._counts) < CALLERS_MAX else _OVERFLOW


class RateLimits:
    """The three counters of the dialect: weight per minute, orders per ten seconds and per minute."""

    __slots__ = ("_orders_1m", "_orders_10s", "_weight_1m")

    def __init__(self) -> None:
        """Start with empty counters."""
        self._weight_1m = WindowCounter(WEIGHT_PER_MINUTE, MINUTE_MS)
        self._orders_10s = WindowCounter(ORDERS_PER_10_SECONDS, TEN_SECONDS_MS)
        self._orders_1m = WindowCounter(ORDERS_PER_MINUTE, MINUTE_MS)

    def charge_weight(self, caller: str, weight: int, now_ms: int) -> None:
        """Count the weight of a call; -1003 (429, with seconds to wait) when it does not fit, then uncounted."""
        if not self._weight_1m.fits(caller, weight, now_ms):
            wait = self._weight_1m.seconds_left(now_ms)
            raise errors.TOO_MANY_REQUESTS.error(WEIGHT_PER_MINUTE, retry_after=wait)
        self._weight_1m.add(caller, weight, now_ms)

    def charge_orders(self, caller: str, counts: tuple[int, int], now_ms: int) -> None:
        """Count orders of a call, so many in the ten-second and so many in the minute window.

        -1015 when they do not fit one of the two windows: then they are not counted.
        """
        in_10s, in_1m = counts
        for counter, count, limit, interval in (
            (self._orders_10s, in_10s, ORDERS_PER_10_SECONDS, "10 SECOND"),
            (self._orders_1m, in_1m, ORDERS_PER_MINUTE, "1 MINUTE"),
        ):
            if not counter.fits(caller, count, now_ms):
                raise errors.TOO_MANY_ORDERS.error(limit, interval, retry_after=counter.seconds_left(now_ms))
        self._orders_10s.add(caller, in_10s, now_ms)
        self._orders_1m.add(caller, in_1m, now_ms)

    def weight_headers(self, caller: str, now_ms: int) -> dict[str, str]:
        """Return the header that every reply carries."""
        return {"X-MBX-USED-WEIGHT-1M": str(self._weight_1m.used(caller, now_ms))}

    def order_headers(self, caller: str, now_ms: int) -> dict[str, str]:
        """Return the headers that replies to order calls carry."""
        return {
            "X-MBX-ORDER-COUNT-10S": str(self._orders_10s.used(caller, now_ms)),
            "X-MBX-ORDER-COUNT-1M": str(self._orders_1m.used(caller, now_ms)),
        }
