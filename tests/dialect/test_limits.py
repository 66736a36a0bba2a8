"""Weight, orders, funding queries and connections: what fits, what is refused, who is banned, and bounded memory."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.cli import LIMITS, demo, serve
from exchange.dialects.binance.door import bans, windows
from exchange.dialects.binance.door.bans import BAN_MS, FORGIVEN_AFTER_MS, REFUSALS_MAX
from exchange.dialects.binance.door.limits import PROFILES, Caller, RateLimits, told_limits, told_order_limits
from exchange.dialects.binance.route import BatchRoute, CommandRoute, ReadRoute, Route, Security, Weight
from exchange.dialects.binance.text.errors import DialectError
from exchange.runtime.settings import Settings
from tests.dialect.outcome import outcome

MINUTE = 60_000
NOW = 1_000 * MINUTE
A = Caller("10.0.0.1")
ANN = Caller("10.0.0.1", "ann", 1)
ANNS_OTHER_KEY = Caller("10.0.0.1", "ann2", 1)
BEN = Caller("10.0.0.1", "ben", 2)
AWAY = Caller("10.0.0.2", "ann", 1)


def never(*_: object) -> object:
    """Stand in a route that is charged and not done."""
    raise AssertionError("a route that is only charged was done")


def reads(weight: Weight, path: str = "/read") -> ReadRoute:
    """Return a query that costs so much."""
    return ReadRoute("GET", path, Security.NONE, weight, never)


def batch(counts: tuple[int, int]) -> Route:
    """Return an endpoint that costs these orders and a weight of 5."""
    return BatchRoute("POST", "/orders", Security.SIGNED, 5, counts, never, never)  # type: ignore[arg-type]


def orders(counts: tuple[int, int]) -> Route:
    """Return an endpoint that costs these orders and no weight."""
    if counts[0] == counts[1]:
        return CommandRoute("POST", "/order", Security.SIGNED, 0, counts[0], never, never)  # type: ignore[arg-type]
    return BatchRoute("POST", "/orders", Security.SIGNED, 0, counts, never, never)  # type: ignore[arg-type]


FUNDING = reads(0, "/fapi/v1/fundingRate")
FUNDING_INFO = reads(0, "/fapi/v1/fundingInfo")


def limits_of(profile: str) -> RateLimits:
    """Return fresh counters."""
    return RateLimits(PROFILES[profile])


def status(act: Callable[..., object], *given: object) -> int:
    """Return the HTTP status that an act on these comes to."""
    found = outcome(lambda: act(*given))
    return found.http if isinstance(found, DialectError) else 200


def use(rates: RateLimits, caller: Caller, weight: int, now_ms: int) -> None:
    """Have a caller use weight."""
    rates.charge(caller, reads(weight), {}, now_ms)


def place(rates: RateLimits, caller: Caller, count: int, now_ms: int) -> None:
    """Have a caller place orders."""
    rates.charge(caller, orders((count, count)), {}, now_ms)


def test_the_command_line_offers_the_profiles_that_there_are() -> None:
    assert list(PROFILES) == LIMITS
    options = [(command.name, option) for command in (serve, demo) for option in command.params]
    defaults = {name: option.default for name, option in options if option.name == "limits"}
    assert defaults == {"serve": "binance", "demo": "classroom"}
    assert Settings(Path()).limits in PROFILES


def test_weight_is_refused_beyond_the_limit_and_comes_back_with_the_minute() -> None:
    rates = limits_of("classroom")
    use(rates, ANN, 2399, NOW + 15_500)
    with pytest.raises(DialectError) as raised:
        use(rates, ANN, 2, NOW + 15_500)
    assert (raised.value.http, raised.value.code, raised.value.retry_after) == (429, -1003, 45)
    assert "current limit is 2400 requests per minute" in raised.value.msg
    assert rates.weight_headers(ANN, NOW + 15_500) == {"X-MBX-USED-WEIGHT-1M": "2399"}
    use(rates, ANN, 1, NOW + 15_500)
    use(rates, ANN, 2400, NOW + MINUTE)


def test_a_call_that_began_in_an_earlier_window_does_not_turn_the_clock_back() -> None:
    rates = limits_of("classroom")
    place(rates, ANN, 300, NOW)
    use(rates, ANN, 2400, NOW)
    slow = NOW - 1  # when the head of its request came; its body took longer
    with pytest.raises(DialectError, match="2400 requests per minute") as raised:
        use(rates, ANN, 1, slow)
    assert raised.value.retry_after == 61
    with pytest.raises(DialectError, match="300 orders per 10 SECOND"):
        place(rates, ANN, 1, slow)
    with pytest.raises(DialectError, match="2400 requests per minute"):
        use(rates, ANN, 1, NOW)


@pytest.mark.parametrize(
    ("profile", "shared_by"),
    [
        ("binance", {A: 2400, ANN: 2400, BEN: 2400, AWAY: 0}),
        ("classroom", {A: 0, ANN: 2400, BEN: 0, AWAY: 2400}),
        ("off", {A: 2400, ANN: 2400, BEN: 2400, AWAY: 0}),
    ],
)
def test_an_address_or_a_key_pays(profile: str, shared_by: dict[Caller, int]) -> None:
    rates = limits_of(profile)
    use(rates, ANN, 2400, NOW)
    for caller, used in shared_by.items():
        assert rates.weight_headers(caller, NOW) == {"X-MBX-USED-WEIGHT-1M": str(used)}


@pytest.mark.parametrize(
    ("profile", "statuses"), [("binance", [429, 429, 200]), ("classroom", [200, 200, 429]), ("off", [200, 200, 200])]
)
def test_who_pays_is_refused(profile: str, statuses: list[int]) -> None:
    rates = limits_of(profile)
    use(rates, ANN, 2400, NOW)
    assert [status(use, rates, caller, 1, NOW) for caller in (A, BEN, AWAY)] == statuses


def test_a_call_that_fails_at_the_door_is_its_addresss() -> None:
    rates = limits_of("classroom")
    rates.charge_failed(ANN, NOW)
    assert rates.weight_headers(A, NOW) == {"X-MBX-USED-WEIGHT-1M": "1"}
    assert rates.weight_headers(ANN, NOW) == {"X-MBX-USED-WEIGHT-1M": "0"}


@pytest.mark.parametrize("profile", ["binance", "classroom"])
def test_orders_have_two_windows_for_the_account_whatever_its_keys_and_addresses(profile: str) -> None:
    rates = limits_of(profile)
    for start in range(0, 40_000, 10_000):
        place(rates, ANN, 100, NOW + start)
        place(rates, ANNS_OTHER_KEY, 100, NOW + start)
        place(rates, AWAY, 100, NOW + start)
        with pytest.raises(DialectError, match="current limit is 300 orders per 10 SECOND"):
            place(rates, ANN, 1, NOW + start)
        place(rates, BEN, 1, NOW + start)
    with pytest.raises(DialectError, match="current limit is 1200 orders per 1 MINUTE") as raised:
        place(rates, ANN, 1, NOW + 40_000)
    assert (raised.value.http, raised.value.code, raised.value.retry_after) == (429, -1015, 20)
    assert rates.order_headers(ANN, NOW + 40_000) == {"X-MBX-ORDER-COUNT-10S": "0", "X-MBX-ORDER-COUNT-1M": "1200"}


def test_a_batch_costs_the_two_windows_apart() -> None:
    rates = limits_of("binance")
    rates.charge(ANN, orders((5, 1)), {}, NOW)
    assert rates.order_headers(ANN, NOW) == {"X-MBX-ORDER-COUNT-10S": "5", "X-MBX-ORDER-COUNT-1M": "1"}


def test_refused_orders_are_not_counted() -> None:
    rates = limits_of("binance")
    place(rates, ANN, 300, NOW)
    with pytest.raises(DialectError):
        rates.charge(ANN, orders((1, 0)), {}, NOW)
    assert rates.order_headers(ANN, NOW) == {"X-MBX-ORDER-COUNT-10S": "300", "X-MBX-ORDER-COUNT-1M": "300"}


def test_of_a_batch_that_is_refused_nothing_is_counted() -> None:
    rates = limits_of("binance")
    place(rates, ANN, 299, NOW)
    assert status(rates.charge, ANN, batch((5, 1)), {}, NOW) == 429
    assert rates.weight_headers(ANN, NOW) == {"X-MBX-USED-WEIGHT-1M": "0"}
    use(rates, ANN, 2398, NOW)
    assert status(rates.charge, ANN, batch((1, 0)), {}, NOW) == 429
    assert rates.order_headers(ANN, NOW) == {"X-MBX-ORDER-COUNT-10S": "299", "X-MBX-ORDER-COUNT-1M": "299"}


def test_too_many_orders_are_no_reason_for_a_ban() -> None:
    rates = limits_of("binance")
    place(rates, ANN, 300, NOW)
    found = [status(place, rates, ANN, 1, NOW) for _ in range(10 * REFUSALS_MAX)]
    assert set(found) == {429}
    rates.refuse_banned(ANN, NOW)


def test_funding_queries_share_five_hundred_in_five_minutes() -> None:
    rates = limits_of("binance")
    start = NOW - NOW % (5 * MINUTE)
    for route in (FUNDING, FUNDING_INFO) * 250:
        rates.charge(A, route, {}, start + MINUTE)
    with pytest.raises(DialectError) as raised:
        rates.charge(BEN, FUNDING, {}, start + MINUTE)
    assert (raised.value.http, raised.value.code, raised.value.retry_after) == (429, -1003, 240)
    assert "500 requests per 5 minutes" in raised.value.msg
    use(rates, A, 2400, start + MINUTE)
    rates.charge(A, FUNDING, {}, start + 5 * MINUTE)


def test_three_hundred_connections_may_be_tried_in_five_minutes() -> None:
    found = {}
    for profile in PROFILES:
        rates = limits_of(profile)
        found[profile] = [status(rates.charge_connection, A, NOW) for _ in range(302)]
        rates.charge_connection(AWAY, NOW)
    assert found == {"binance": [200] * 300 + [429] * 2, "classroom": [200] * 302, "off": [200] * 302}


def go_on(rates: RateLimits, caller: Caller, now_ms: int) -> DialectError:
    """Use up the weight, be told so as often as is borne, go on, and return what that comes to."""
    use(rates, caller, 2400, now_ms)
    told = [status(use, rates, caller, 1, now_ms) for _ in range(REFUSALS_MAX)]
    assert set(told) == {429}
    with pytest.raises(DialectError) as raised:
        use(rates, caller, 1, now_ms)
    return raised.value


def test_who_goes_on_is_banned_with_every_key_and_for_longer_each_time() -> None:
    rates = limits_of("binance")
    now = NOW + 20_000
    for ban_ms in (*BAN_MS, BAN_MS[-1]):
        ban = go_on(rates, ANN, now)
        assert (ban.http, ban.code, ban.retry_after) == (418, -1003, ban_ms // 1000)
        assert ban.msg.startswith(f"Way too many requests; IP banned until {now + ban_ms}.")
        for caller in (A, BEN):
            assert status(rates.refuse_banned, caller, now + ban_ms - 1) == 418
        assert status(rates.charge_connection, A, now) == 418
        rates.refuse_banned(AWAY, now)
        now += ban_ms
        rates.refuse_banned(ANN, now)
    assert (BAN_MS[0], BAN_MS[-1]) == (2 * MINUTE, 3 * 24 * 60 * MINUTE)


def test_who_keeps_quiet_for_long_begins_anew() -> None:
    rates = limits_of("binance")
    go_on(rates, ANN, NOW)
    go_on(rates, ANN, NOW + BAN_MS[0])
    quiet = NOW + BAN_MS[0] + BAN_MS[1] + FORGIVEN_AFTER_MS
    assert go_on(rates, ANN, quiet).retry_after == BAN_MS[0] // 1000


def test_a_few_refusals_in_each_minute_ban_nobody() -> None:
    rates = limits_of("binance")
    for minute in range(5):
        now = NOW + minute * MINUTE
        use(rates, ANN, 2400, now)
        assert {status(use, rates, ANN, 1, now) for _ in range(REFUSALS_MAX)} == {429}
    rates.refuse_banned(ANN, NOW + 5 * MINUTE)


@pytest.mark.parametrize(("profile", "refused"), [("classroom", 429), ("off", 200)])
def test_elsewhere_nobody_is_banned(profile: str, refused: int) -> None:
    rates = limits_of(profile)
    use(rates, ANN, 2400, NOW)
    assert {status(use, rates, ANN, 1, NOW) for _ in range(10 * REFUSALS_MAX)} == {refused}
    rates.refuse_banned(ANN, NOW)


def test_off_counts_what_it_does_not_refuse() -> None:
    rates = limits_of("off")
    use(rates, ANN, 5000, NOW)
    place(rates, ANN, 5000, NOW)
    assert rates.weight_headers(ANN, NOW) == {"X-MBX-USED-WEIGHT-1M": "5000"}
    assert rates.order_headers(ANN, NOW) == {"X-MBX-ORDER-COUNT-10S": "5000", "X-MBX-ORDER-COUNT-1M": "5000"}


def test_strangers_beyond_the_bound_share_one_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "CALLERS_MAX", 2)
    rates = limits_of("classroom")
    a, b, c, d, e = (Caller(name) for name in "abcde")
    for caller in (a, b, c, d):
        use(rates, caller, 1200, NOW)
    assert rates.weight_headers(a, NOW) == {"X-MBX-USED-WEIGHT-1M": "1200"}
    assert rates.weight_headers(d, NOW) == {"X-MBX-USED-WEIGHT-1M": "2400"}
    with pytest.raises(DialectError):
        use(rates, e, 1, NOW)
    use(rates, a, 1200, NOW)


def test_bans_are_bounded_and_the_old_ones_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bans, "CALLERS_MAX", 1)
    rates = limits_of("binance")
    go_on(rates, ANN, NOW)
    use(rates, AWAY, 2400, NOW)
    assert {status(use, rates, AWAY, 1, NOW) for _ in range(5 * REFUSALS_MAX)} == {429}
    later = NOW + BAN_MS[0] + FORGIVEN_AFTER_MS
    assert go_on(rates, replace(AWAY, api_key=""), later).http == 418
    rates.refuse_banned(ANN, later)


def test_what_is_told_is_what_is_counted() -> None:
    rates = limits_of("binance")
    rates.charge(ANN, orders((5, 1)), {}, NOW)
    use(rates, ANN, 7, NOW)
    weight = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400}
    in_10s = {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300}
    in_1m = {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200}
    assert told_limits() == [weight, in_1m, in_10s]
    assert told_order_limits() == [in_10s, in_1m]
    assert rates.figures(ANN, NOW, orders=False) == [weight | {"count": 7}]
    assert rates.figures(ANN, NOW, orders=True) == [in_10s | {"count": 5}, in_1m | {"count": 1}]


CALLS = st.tuples(st.sampled_from([A, ANN, BEN, AWAY]), st.integers(0, 900), st.integers(0, 40_000))


@given(st.sampled_from(list(PROFILES)), st.lists(CALLS, max_size=60))
def test_whatever_comes_nobody_gets_more_than_the_limit_and_headers_tell_what_was_got(
    profile: str, calls: list[tuple[Caller, int, int]]
) -> None:
    rates, payer, now = limits_of(profile), PROFILES[profile].payer, NOW
    got: dict[tuple[str, int], int] = {}
    for caller, weight, later_ms in calls:
        now += later_ms
        name = (payer(caller), now // MINUTE)
        banned = status(rates.refuse_banned, caller, now) == 418
        found = status(use, rates, caller, weight, now)
        fits = got.get(name, 0) + weight <= 2400
        if found == 200:
            got[name] = got.get(name, 0) + weight
        assert (found == 200) == (fits or profile == "off")
        assert profile == "binance" or not banned
        assert rates.weight_headers(caller, now) == {"X-MBX-USED-WEIGHT-1M": str(got.get(name, 0))}
