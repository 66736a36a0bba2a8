"""Who may ask how much: counters in fixed windows of the clock passed in, and three profiles of what follows from them.

It reads no clock. What is told to clients (exchangeInfo, rateLimit/order, `rateLimits` of the WebSocket API) comes from
the same rows as what is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exchange.dialects.binance.door.bans import BAN_MS, Bans
from exchange.dialects.binance.door.windows import WindowCounter, seconds_up
from exchange.dialects.binance.route import Params, Route, order_counts, weight_of
from exchange.dialects.binance.text import errors
from exchange.dialects.binance.text.errors import DialectError

FAILED_CALL_WEIGHT = 1  # what a request costs its address when nobody can be told to have sent it
FUNDING_PATHS = frozenset({"/fapi/v1/fundingRate", "/fapi/v1/fundingInfo"})  # they share a counter of their own
_INTERVAL_MS = {"SECOND": 1000, "MINUTE": 60_000}

Row = dict[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """At most `most` in each window of `count` intervals (SECOND or MINUTE); `kind` as clients are told it."""

    kind: str
    interval: str
    count: int
    most: int

    @property
    def window_ms(self) -> int:
        """The length of a window."""
        return self.count * _INTERVAL_MS[self.interval]

    def told(self) -> Row:
        """Return it as a JSON-able row."""
        return {
            "rateLimitType": self.kind,
            "interval": self.interval,
            "intervalNum": self.count,
            "limit": self.most,
        }


WEIGHT_PER_MINUTE = 2400
ORDERS_PER_10_SECONDS = 300
ORDERS_PER_MINUTE = 1200
WEIGHT_1M = Limit("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_PER_MINUTE)
ORDERS_10S = Limit("ORDERS", "SECOND", 10, ORDERS_PER_10_SECONDS)
ORDERS_1M = Limit("ORDERS", "MINUTE", 1, ORDERS_PER_MINUTE)
FUNDING_5M = Limit("FUNDING", "MINUTE", 5, 500)  # this one and the next are documented, not told on the wire
CONNECTIONS_5M = Limit("CONNECTIONS", "MINUTE", 5, 300)
ALL_LIMITS = frozenset({WEIGHT_1M, ORDERS_10S, ORDERS_1M, FUNDING_5M, CONNECTIONS_5M})


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request it is: the address it came from, and the key that was shown with the account it opens, if known."""

    address: str
    api_key: str = ""
    account_id: int = 0


def by_address(caller: Caller) -> str:
    """Return who pays for a request where addresses pay, as on Binance."""
    return f"address:{caller.address}"


def by_key(caller: Caller) -> str:
    """Return who pays where keys pay: the address only for who shows none."""
    return f"key:{caller.api_key}" if caller.api_key else by_address(caller)


@dataclass(frozen=True, slots=True)
class Profile:
    """Who pays for requests, which limits are refused beyond, and how long bans take, in milliseconds (none: no bans).

    What is beyond a limit that is not refused is counted all the same.
    """

    payer: Callable[[Caller], str]
    refused: frozenset[Limit]
    ban_ms: tuple[int, ...]


PROFILES: Mapping[str, Profile] = {
    "binance": Profile(by_address, ALL_LIMITS, BAN_MS),
    "classroom": Profile(by_key, ALL_LIMITS - {CONNECTIONS_5M}, ()),  # a class shares one address
    "off": Profile(by_address, frozenset(), ()),
}


class RateLimits:
    """The counters of one venue under a profile. All times are milliseconds."""

    __slots__ = ("_bans", "_counters", "_profile")

    def __init__(self, profile: Profile) -> None:
        """Start with empty counters, and nobody banned."""
        self._profile = profile
        self._counters = {limit: WindowCounter(limit.most, limit.window_ms) for limit in ALL_LIMITS}
        self._bans = Bans(profile.ban_ms)

    def refuse_banned(self, caller: Caller, now_ms: int) -> None:
        """Raise the ban (-1003, 418, with seconds to wait) of an address that has one. Ask before anything is read."""
        until_ms = self._bans.until_ms(caller.address, now_ms)
        if until_ms:
            raise errors.BANNED.error(until_ms, retry_after=seconds_up(until_ms - now_ms))

    def charge(self, caller: Caller, route: Route, params: Params, now_ms: int) -> None:
        """Count all that a call costs; -1003 or -1015 (429, with seconds to wait) when it does not fit.

        Of a refused call nothing is counted. Raises the ban of an address that goes on all the same.
        """
        requests = {WEIGHT_1M: weight_of(route, params)} | ({FUNDING_5M: 1} if route.path in FUNDING_PATHS else {})
        in_10s, in_1m = order_counts(route)
        orders = {ORDERS_10S: in_10s, ORDERS_1M: in_1m} if in_10s or in_1m else {}
        self._check_requests(caller, requests, now_ms)
        self._check(_account(caller), orders, now_ms)
        self._add(self._profile.payer(caller), requests, now_ms)
        self._add(_account(caller), orders, now_ms)

    def charge_failed(self, caller: Caller, now_ms: int) -> None:
        """Count a call that failed at the door, for its address. Raises as `charge` does."""
        nobody, weight = Caller(caller.address), {WEIGHT_1M: FAILED_CALL_WEIGHT}
        self._check_requests(nobody, weight, now_ms)
        self._add(self._profile.payer(nobody), weight, now_ms)

    def charge_connection(self, caller: Caller, now_ms: int) -> None:
        """Count an attempt to open a WebSocket; 418 for a banned address, -1003 (429) beyond the limit."""
        self.refuse_banned(caller, now_ms)
        self._check(by_address(caller), {CONNECTIONS_5M: 1}, now_ms)
        self._add(by_address(caller), {CONNECTIONS_5M: 1}, now_ms)

    def weight_headers(self, caller: Caller, now_ms: int) -> dict[str, str]:
        """Return the header that every reply carries."""
        return {"X-MBX-USED-WEIGHT-1M": str(self._used(WEIGHT_1M, caller, now_ms))}

    def order_headers(self, caller: Caller, now_ms: int) -> dict[str, str]:
        """Return the headers that replies to order calls carry."""
        return {
            "X-MBX-ORDER-COUNT-10S": str(self._used(ORDERS_10S, caller, now_ms)),
            "X-MBX-ORDER-COUNT-1M": str(self._used(ORDERS_1M, caller, now_ms)),
        }

    def figures(self, caller: Caller, now_ms: int, *, orders: bool) -> list[Row]:
        """Return the `rateLimits` of an answer of the WebSocket API: those of orders, or the weight."""
        limits = (ORDERS_10S, ORDERS_1M) if orders else (WEIGHT_1M,)
        return [limit.told() | {"count": self._used(limit, caller, now_ms)} for limit in limits]

    def _used(self, limit: Limit, caller: Caller, now_ms: int) -> int:
        payer = _account(caller) if limit.kind == ORDERS_1M.kind else self._profile.payer(caller)
        return self._counters[limit].used(payer, now_ms)

    def _check_requests(self, caller: Caller, amounts: Mapping[Limit, int], now_ms: int) -> None:
        """Refuse what does not fit for whoever the profile lets pay; going on after that gets the address banned."""
        try:
            self._check(self._profile.payer(caller), amounts, now_ms)
        except DialectError:
            self._bans.note_refusal(caller.address, now_ms)
            self.refuse_banned(caller, now_ms)
            raise

    def _check(self, payer: str, amounts: Mapping[Limit, int], now_ms: int) -> None:
        """Refuse these amounts, with the seconds to wait, when one of them does not fit."""
        for limit, amount in amounts.items():
            counter = self._counters[limit]
            if limit in self._profile.refused and not counter.fits(payer, amount, now_ms):
                raise _REFUSALS[limit](counter.seconds_left(now_ms))

    def _add(self, payer: str, amounts: Mapping[Limit, int], now_ms: int) -> None:
        """Count these amounts."""
        for limit, amount in amounts.items():
            self._counters[limit].add(payer, amount, now_ms)


def told_limits() -> list[Row]:
    """Return the limits as exchangeInfo tells them."""
    return [WEIGHT_1M.told(), ORDERS_1M.told(), ORDERS_10S.told()]


def told_order_limits() -> list[Row]:
    """Return the limits of orders as rateLimit/order tells them."""
    return [ORDERS_10S.told(), ORDERS_1M.told()]


def _account(caller: Caller) -> str:
    return f"account:{caller.account_id}"


_REFUSALS: Mapping[Limit, Callable[[int], DialectError]] = {
    WEIGHT_1M: lambda wait: errors.TOO_MANY_REQUESTS.error(WEIGHT_1M.most, retry_after=wait),
    ORDERS_10S: lambda wait: errors.TOO_MANY_ORDERS.error(ORDERS_10S.most, "10 SECOND", retry_after=wait),
    ORDERS_1M: lambda wait: errors.TOO_MANY_ORDERS.error(ORDERS_1M.most, "1 MINUTE", retry_after=wait),
    FUNDING_5M: lambda wait: errors.TOO_MANY_REQUESTS_IN_MINUTES.error(
        FUNDING_5M.most, FUNDING_5M.count, retry_after=wait
    ),
    CONNECTIONS_5M: lambda wait: errors.TOO_MANY_CONNECTIONS.error(
        CONNECTIONS_5M.most, CONNECTIONS_5M.count, retry_after=wait
    ),
}
