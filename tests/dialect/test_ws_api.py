"""The WebSocket API as text, without a socket: what a request is, what is signed, whose it is, how answers look."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchange.core.units import INT63_MAX
from exchange.dialects.binance.rest.routes import find
from exchange.dialects.binance.route import Security
from exchange.dialects.binance.text.errors import DialectError
from exchange.dialects.binance.text.json_parameters import as_parameters
from exchange.dialects.binance.ws_api import (
    METHODS,
    MalformedRequestError,
    Request,
    Session,
    answer,
    authenticate,
    key_of,
    parse_request,
    route_of,
    session_routes,
    waiting_body,
)
from tests.dialect.test_auth import KEY, sign
from tests.dialect.test_auth import find as find_key

NOW_MS = 1_764_000_000_000


def request_of(method: str, params: str) -> Request:
    return parse_request(f'{{"id": 1, "method": "{method}", "params": {params}}}')


def admit(request: Request, session: Session, security: Security = Security.SIGNED) -> int:
    """Return the account of a request, 0 for nobody's."""
    known = authenticate(security, request, as_parameters(request.sent), session, find_key, NOW_MS)
    return 0 if known is None else known.account_id


def signed(params: dict[str, object], text: str) -> Request:
    """Return a request with the signature of this text."""
    return request_of("order.place", json.dumps({**params, "signature": sign(text.encode()).decode()}))


def test_every_method_is_a_route_and_a_route_has_one_method() -> None:
    assert all(find(*place) is not None for place in METHODS.values())
    assert len(set(METHODS.values())) == len(METHODS)
    session = session_routes(Session(NOW_MS))
    assert set(session) == {"session.logon", "session.status", "session.logout"}
    assert route_of("session.logon", session) is session["session.logon"]
    assert route_of("order.place", session) is find("POST", "/fapi/v1/order")
    with pytest.raises(DialectError, match=r"-5000 Path /ws-fapi/v1, Method x{100} is invalid"):
        route_of("x" * 101, session)


def test_what_is_signed_is_all_but_the_signature_by_name_as_it_was_sent() -> None:
    request = request_of(
        "order.place",
        '{"symbol": "BTCUSDT", "price": 49000.10, "Zeta": 1e-5, "reduceOnly": false, "signature": "s", "none": null,'
        ' "apiKey": "key", "note": "a b&c"}',
    )
    plain, encoded = request.signed_texts()
    assert plain == b"Zeta=1e-5&apiKey=key&note=a b&c&price=49000.10&reduceOnly=false&symbol=BTCUSDT"
    assert encoded == b"Zeta=1e-5&apiKey=key&note=a+b%26c&price=49000.10&reduceOnly=false&symbol=BTCUSDT"
    assert as_parameters(request.sent)["Zeta"] == "0.00001"
    assert as_parameters(request.sent)["price"] == "49000.10"


def test_plain_and_encoded_text_may_be_signed_and_nothing_else() -> None:
    params: dict[str, object] = {"apiKey": KEY.api_key, "note": "a b", "price": 1.5, "timestamp": NOW_MS}
    plain = "&".join(f"{name}={params[name]}" for name in sorted(params))
    session = Session(NOW_MS)
    assert admit(signed(params, plain), session) == KEY.account_id
    assert admit(signed(params, urlencode(sorted(params.items()))), session) == KEY.account_id
    with pytest.raises(DialectError, match="-1022"):
        admit(signed({**params, "price": 2.5}, plain), session)


def test_a_session_stands_for_the_key_until_it_is_left_or_the_key_is_gone() -> None:
    session = Session(NOW_MS)
    bare = request_of("order.place", f'{{"timestamp": {NOW_MS}}}')
    with pytest.raises(DialectError, match="-2014"):
        admit(bare, session)
    session.api_key = KEY.api_key
    assert admit(bare, session) == KEY.account_id
    assert key_of(bare, session, find_key) == KEY
    named = request_of("order.place", f'{{"timestamp": {NOW_MS}, "apiKey": "{KEY.api_key}"}}')
    with pytest.raises(DialectError, match="-1102"):
        admit(named, session)  # who names a key signs
    session.api_key = "revoked"
    with pytest.raises(DialectError, match="-2015"):
        admit(bare, session)
    assert admit(bare, session, Security.NONE) == 0


def test_answers_have_the_documented_form() -> None:
    assert answer("x", 200, {"a": 1}, None) == {"id": "x", "status": 200, "result": {"a": 1}}
    error = {"code": -1003, "msg": "slow"}
    assert answer(None, 429, error, []) == {"id": None, "status": 429, "error": error, "rateLimits": []}
    assert waiting_body(error, 3, 1_000) == {**error, "data": {"serverTime": 1_000, "retryAfter": 4_000}}
    assert waiting_body(error, 0, 1_000) == error


@pytest.mark.parametrize("request_id", [0, -1, NOW_MS * 1_000_000, INT63_MAX, -INT63_MAX])
def test_an_id_is_any_integer_of_63_bits_such_as_a_time_in_nanoseconds(request_id: int) -> None:
    assert parse_request(f'{{"id": {request_id}, "method": "depth"}}').request_id == request_id


@pytest.mark.parametrize("number", [str(INT63_MAX + 1), str(-INT63_MAX - 1), "9" * 5_000, "1.0", "1e3"])
def test_another_number_is_no_id(number: str) -> None:
    with pytest.raises(MalformedRequestError, match="-1130"):
        parse_request(f'{{"id": {number}, "method": "depth"}}')


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60)))
def test_any_message_is_a_request_or_is_refused(data: str | bytes) -> None:
    with pytest.raises(MalformedRequestError) as raised:
        parse_request(data)
    assert raised.value.http == 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=5), parts, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON, JSON)
@example(1, 0, None)
def test_any_json_object_is_a_request_whose_answer_can_be_written_or_is_refused(
    request_id: object, method: object, params: object
) -> None:
    request = parsed(json.dumps({"id": request_id, "method": method, "params": params}))
    if isinstance(request, MalformedRequestError):
        assert request.code in {-1102, -1130}
        assert request.request_id is None or request.request_id == request_id
    else:
        assert (request.request_id, request.method) == (request_id, method)
        assert all(isinstance(text, bytes) for text in request.signed_texts())


def parsed(text: str) -> Request | MalformedRequestError:
    """Return the request in a text, or its refusal."""
    try:
        return parse_request(text)
    except MalformedRequestError as error:
        return error
