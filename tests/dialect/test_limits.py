"""Weight and order counters: what fits, what is refused with how long to wait, and that memory stays bounded."""

import pytest

from exchange.dialects.binance import limits
from exchange.dialects.binance.errors import DialectError
from exchange.dialects.binance.limits import RateLimits

MINUTE = 60_000
NOW = 1_000 * MINUTE


def test_weight_is_refused_beyond_the_limit_and_comes_back_with_the_minute() -> None:
    rates = RateLimits()
    rates.charge_weight("a", 2399, NOW + 15_500)
    with pytest.raises(DialectError) as raised:
        rates.charge_weight("a", 2, NOW + 15_500)
    assert (raised.value.http, raised.value.code, raised.value.retry_after) == (429, -1003, 45)
    assert "current limit is 2400 requests per minute" in raised.value.msg
    assert rates.weight_headers("a", NOW + 15_500) == {"X-MBX-USED-WEIGHT-1M": "2399"}
    rates.charge_weight("a", 1, NOW + 15_500)
    rates.charge_weight("a", 2400, NOW + MINUTE)


def test_a_call_that_began_in_an_earlier_window_does_not_turn_the_clock_back() -> None:
    rates = RateLimits()
    rates.charge_orders("a", (300, 300), NOW)
    rates.charge_weight("a", 2400, NOW)
    slow = NOW - 1  # when the head of its request came; its body took longer
    with pytest.raises(DialectError, match="2400 requests per minute") as raised:
        rates.charge_weight("a", 1, slow)
    assert raised.value.retry_after == 61
    with pytest.raises(DialectError, match="300 orders per 10 SECOND"):
        rates.charge_orders("a", (1, 1), slow)
    with pytest.raises(DialectError, match="2400 requests per minute"):
        rates.charge_weight("a", 1, NOW)


def test_callers_are_counted_apart() -> None:
    rates = RateLimits()
    rates.charge_weight("a", 2400, NOW)
    rates.charge_weight("b", 2400, NOW)
    assert rates.weight_headers("c", NOW) == {"X-MBX-USED-WEIGHT-1M": "0"}


def test_orders_have_two_windows() -> None:
    rates = RateLimits()
    for start in range(0, 40_000, 10_000):
        rates.charge_orders("a", (300, 300), NOW + start)
        with pytest.raises(DialectError, match="current limit is 300 orders per 10 SECOND"):
            rates.charge_orders("a", (1, 1), NOW + start)
    with pytest.raises(DialectError, match="current limit is 1200 orders per 1 MINUTE") as raised:
        rates.charge_orders("a", (1, 1), NOW + 40_000)
    assert (raised.value.code, raised.value.retry_after) == (-1015, 20)
    assert rates.order_headers("a", NOW + 40_000) == {"X-MBX-ORDER-COUNT-10S": "0", "X-MBX-ORDER-COUNT-1M": "1200"}


def test_a_refused_call_is_not_counted() -> None:
    rates = RateLimits()
    rates.charge_orders("a", (300, 300), NOW)
    with pytest.raises(DialectError):
        rates.charge_orders("a", (1, 1), NOW)
    assert rates.order_headers("a", NOW) == {"X-MBX-ORDER-COUNT-10S": "300", "X-MBX-ORDER-COUNT-1M": "300"}


def test_strangers_beyond_the_bound_share_one_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CALLERS_MAX", 2)
    rates = RateLimits()
    for caller in ("a", "b", "c", "d"):
        rates.charge_weight(caller, 1200, NOW)
    assert rates.weight_headers("a", NOW) == {"X-MBX-USED-WEIGHT-1M": "1200"}
    assert rates.weight_headers("d", NOW) == {"X-MBX-USED-WEIGHT-1M": "2400"}
    with pytest.raises(DialectError):
        rates.charge_weight("e", 1, NOW)
    rates.charge_weight("a", 1200, NOW)
