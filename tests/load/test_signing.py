"""What a load user sends is what the venue verifies."""

import hashlib
import hmac
from urllib.parse import parse_qsl

import orjson
import pytest

from clients.ready import Credentials
from exchange.dialects.binance.ws_api import parse_request
from loadtests.signing import signature, signed_params, signed_query

SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
ACCOUNT = Credentials(7, "k" * 64, SECRET)


def test_the_documented_example_has_the_documented_signature() -> None:
    text = (
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000"
        "&timestamp=1591702613943"
    )
    assert signature(SECRET, text) == "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"


def test_a_rest_query_is_signed_as_it_is_sent() -> None:
    query = signed_query(ACCOUNT, {"symbol": "BTCUSDT", "newClientOrderId": "a/b"}, 1_700_000_000_000)
    signed, _, sent = query.rpartition("&signature=")
    assert sent == hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
    assert dict(parse_qsl(signed)) == {
        "symbol": "BTCUSDT",
        "newClientOrderId": "a/b",
        "recvWindow": "5000",
        "timestamp": "1700000000000",
    }


@pytest.mark.parametrize("params", [{}, {"symbol": "BTCUSDT", "quantity": "0.100", "zeta": 1, "alpha": "x"}])
def test_a_socket_request_is_signed_over_what_the_venue_reads_of_it(params: dict[str, str | int]) -> None:
    sent = signed_params(ACCOUNT, params, 1_700_000_000_000)
    request = parse_request(orjson.dumps({"id": 1, "method": "order.place", "params": sent}))
    plain, _ = request.signed_texts()
    assert sent["signature"] == hmac.new(SECRET.encode(), plain, hashlib.sha256).hexdigest()
    assert request.api_key == ACCOUNT.api_key
