"""The control API over the wire: accounts, money, prices, states, health, tapes; its token and its refusals."""

import logging
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from exchange.admin import control
from exchange.core.checks import conservation_residue
from exchange.core.snapshot import state_hash
from exchange.core.units import SECOND
from exchange.dialects.binance.parameters import BODY_BYTES_MAX
from exchange.gateway.server import serve
from exchange.projections.liquidations import FundRow
from exchange.runtime.app import open_app
from exchange.runtime.settings import Settings
from tests.runtime.manual_clock import ManualClock
from tests.wire.conftest import Served, open_served

PATHS = [
    ("POST", "/accounts"),
    ("POST", "/accounts/1/deposit"),
    ("POST", "/accounts/1/withdraw"),
    ("POST", "/accounts/1/auto-add-margin"),
    ("POST", "/index-price"),
    ("POST", "/index-drop"),
    ("POST", "/market-state"),
    ("POST", "/annotate"),
    ("GET", "/markets"),
    ("GET", "/health"),
    ("GET", "/liquidations"),
    ("GET", "/liquidations/1/why"),
    ("GET", "/insurance-fund"),
    ("GET", "/adl"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_only_the_admin_token_opens_it(still: Served, method: str, path: str) -> None:
    for token in ("", "wrong", still.admin_token[:-1], still.admin_token + "x"):
        reply = await still.control(method, path, {}, token=token)
        assert (reply.status, reply.code) == (401, -9100)
    assert still.app.sequencer.seq == 1


async def test_an_account_is_opened_with_a_key_and_both_wallets(still: Served) -> None:
    made = await still.controlled("/accounts", {"name": "ada", "deposit": "1000.5", "fundingDeposit": "20"})
    assert made["accountId"] == 1
    assert len(made["apiKey"]) == len(made["secretKey"]) == 64
    account = still.app.venue.state.accounts[1]
    assert (account.cross_wallet, account.funding_wallet) == (100050000000, 2000000000)
    assert account.name == "ada"


async def test_money_comes_and_goes(still: Served) -> None:
    trader = await still.create_account("100")
    await still.controlled("/accounts/1/deposit", {"amount": "50"})
    await still.controlled("/accounts/1/withdraw", {"amount": "120.00000001"})
    assert (await trader.get("/fapi/v3/account"))["totalWalletBalance"] == "29.99999999"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/accounts", {}, 400, -9101),
        ("/accounts", {"name": "a"}, 400, -9101),
        ("/accounts", {"name": 1, "deposit": "1"}, 400, -9101),
        ("/accounts", {"name": "a", "deposit": 1}, 400, -9101),
        ("/accounts", {"name": "a", "deposit": "1", "fundingdeposit": "1"}, 400, -9101),
        ("/accounts", {"name": "a", "deposit": "x"}, 400, -1100),
        ("/accounts", {"name": "a", "deposit": "1" * 40}, 400, -1100),
        ("/accounts", {"name": "a", "deposit": "99999999999999999999"}, 400, -1130),
        ("/accounts", {"name": "a", "deposit": "-1"}, 400, -1130),
        ("/accounts", {"name": "a", "deposit": "0.000000001"}, 400, -1111),
        ("/accounts", {"name": "n" * 65, "deposit": "1"}, 400, -1130),
        ("/accounts", [], 400, -9101),
        ("/accounts", None, 400, -9101),
        ("/accounts/1/deposit", {"amount": "0"}, 400, -4055),
        ("/accounts/1/deposit", {"amount": "-1"}, 400, -4055),
        ("/accounts/1/deposit", {"amount": None}, 400, -9101),
        ("/accounts/1/withdraw", {"amount": "100.00000001"}, 400, -5013),
        ("/accounts/9/deposit", {"amount": "1"}, 404, -9102),
        ("/accounts/0/deposit", {"amount": "1"}, 404, -9102),
        ("/accounts/x/deposit", {"amount": "1"}, 404, -5000),
        ("/accounts/" + "9" * 30 + "/deposit", {"amount": "1"}, 404, -5000),
        ("/index-price", {"symbol": "NOPE", "price": "1"}, 400, -1121),
        ("/index-price", {"symbol": "BTCUSDT", "price": "0"}, 400, -4001),
        ("/index-price", {"symbol": "BTCUSDT", "price": "0.05"}, 400, -4014),
        ("/index-price", {"symbol": "BTCUSDT", "price": "2000000"}, 400, -4002),
        ("/index-price", {"symbol": "BTCUSDT", "price": "1", "source": "moon"}, 400, -9104),
        ("/index-price", {"symbol": "BTCUSDT", "price": "1", "sources": "spot"}, 400, -9101),
        ("/index-drop", {"symbol": "NOPE"}, 400, -1121),
        ("/index-drop", {"symbol": "BTCUSDT", "source": "moon"}, 400, -9104),
        ("/index-drop", {"source": "spot"}, 400, -9101),
        ("/accounts/1/auto-add-margin", {"symbol": "NOPE", "enabled": True}, 400, -1121),
        ("/accounts/1/auto-add-margin", {"symbol": "BTCUSDT", "enabled": "yes"}, 400, -9101),
        ("/accounts/9/auto-add-margin", {"symbol": "BTCUSDT", "enabled": True}, 404, -9102),
        ("/market-state", {"symbol": "BTCUSDT", "state": "INDEX_STALE"}, 400, -9101),
        ("/market-state", {"symbol": "NOPE", "state": "HALTED"}, 400, -1121),
        ("/market-state", {"symbol": "BTCUSDT", "state": "ASLEEP"}, 400, -9101),
        ("/annotate", {"kind": "k" * 33, "text": "x"}, 400, -1130),
        ("/annotate", {"kind": "news", "text": "x" * 4097}, 400, -1130),
        ("/nothing", {}, 404, -5000),
    ],
)
async def test_what_it_refuses(still: Served, path: str, body: object, status: int, code: int) -> None:
    await still.create_account("100")
    before = await still.state()
    reply = await still.control("POST", path, body)
    assert (reply.status, reply.code) == (status, code)
    assert "%s" not in reply.body["msg"]
    assert await still.state() == before


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, -9101),
        (b"\xff\xfe", 400, -9101),
        (b'{"name": "\\ud800", "deposit": "1"}', 400, -9101),
        (b'{"name": "' + b"x" * BODY_BYTES_MAX + b'", "deposit": "1"}', 413, -9000),
    ],
)
async def test_bodies_that_are_none(still: Served, raw: bytes, status: int, code: int) -> None:
    bearer = {"Authorization": f"Bearer {still.admin_token}"}
    async with still.session.post(f"{still.rest_url}/sim/v1/accounts", data=raw, headers=bearer) as response:
        body: Any = await response.json()
        assert (response.status, body["code"]) == (status, code)
    assert still.app.venue.state.next_account_id == 1


async def test_health_tells_what_the_venue_stands_at(still: Served) -> None:
    await still.create_account("100")
    body = (await still.control("GET", "/health")).body
    state = still.app.venue.state
    assert body.pop("commitLagMs") >= 0
    assert body == {
        "status": "ok",
        "clockAheadMs": 0,
        "seq": 2,
        "stateHash": state_hash(state),
        "eventHash": still.app.sequencer.event_hash.hex(),
        "conservationResidue": conservation_residue(state),
        "indexBeatsDropped": 0,
        "tapeRowsDropped": 0,
    }
    assert body["conservationResidue"] == 0


async def test_health_tells_that_marks_stand_since_the_clock_was_set_back(still: Served) -> None:
    still.app.clock.set_back(1_000 * 10**6)  # type: ignore[attr-defined]
    within = (await still.control("GET", "/health")).body
    assert (within["status"], within["clockAheadMs"]) == ("ok", 1_000)
    still.app.clock.set_back(10**6)  # type: ignore[attr-defined]
    beyond = (await still.control("GET", "/health")).body
    assert (beyond["status"], beyond["clockAheadMs"]) == ("clock_ahead", 1_001)


async def test_annotations_are_recorded(still: Served) -> None:
    assert await still.controlled("/annotate", {"kind": "news", "text": "halving: done"}) == {"seq": 2}


async def test_a_feed_is_not_overridden(tmp_path: Path) -> None:
    app = open_app(Settings(data_folder=tmp_path / "data", index="walk:7"))
    await app.start()
    serving = await serve(app, "127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        served = Served(app, f"http://127.0.0.1:{serving.port}", "", app.admin_token, session)
        for path, body in (
            ("/index-price", {"symbol": "BTCUSDT", "price": "1"}),
            ("/index-drop", {"symbol": "BTCUSDT"}),
        ):
            reply = await served.control("POST", path, body)
            assert (reply.status, reply.code) == (409, -9103)
            assert "walk:7" in reply.body["msg"]
    await serving.stop()
    await app.close()


@pytest.fixture
async def three_sources(tmp_path: Path) -> AsyncIterator[Served]:
    """Serve BTCUSDT alone, its index made of three sources, with a circuit breaker; the clock stands."""
    shipped = (files("exchange") / "data" / "contracts" / "BTCUSDT.toml").read_text("utf-8")
    named = ", ".join(f'{{ name = "{name}", weight = {weight} }}' for name, weight in (("a", 1), ("b", 2), ("c", 1)))
    text = shipped.replace('[{ name = "spot", weight = 1 }]', f"[{named}]").replace('move = "0"', 'move = "0.1"')
    assert text != shipped
    path = tmp_path / "BTCUSDT.toml"
    path.write_text(text)
    async with open_served(tmp_path / "data", ManualClock(1_764_000_000 * SECOND), (path,)) as opened:
        yield opened


async def market(served: Served) -> dict[str, Any]:
    """Return what the control API tells of the only contract."""
    (body,) = (await served.control("GET", "/markets")).body
    assert isinstance(body, dict)
    return body


async def test_sources_are_priced_and_dropped_one_by_one(three_sources: Served) -> None:
    served = three_sources
    begin = await market(served)
    assert (begin["state"], begin["indexStale"], begin["breakerUntil"]) == ("TRADING", False, None)
    assert (begin["indexPrice"], begin["markPrice"], begin["lastPrice"]) == (None, None, None)
    assert [(row["status"], row["price"], row["time"]) for row in begin["indexSources"]] == [("LOST", None, None)] * 3
    for source, price in (("a", "50000"), ("b", "50010"), ("c", "49980")):
        await served.controlled("/index-price", {"symbol": "BTCUSDT", "price": price, "source": source})
    priced = await market(served)
    assert (priced["indexPrice"], priced["markPrice"]) == ("50000.00", "50000.00")
    assert [(row["name"], row["weight"], row["status"], row["price"]) for row in priced["indexSources"]] == [
        ("a", 1, "LIVE", "50000.00"),
        ("b", 2, "LIVE", "50010.00"),
        ("c", 1, "LIVE", "49980.00"),
    ]
    assert priced["indexSources"][0]["time"] == served.now_ms()
    await served.controlled("/index-drop", {"symbol": "BTCUSDT", "source": "b"})
    without = await market(served)
    assert (without["state"], without["indexPrice"]) == ("TRADING", "49990.00")
    assert [row["status"] for row in without["indexSources"]] == ["LIVE", "LOST", "LIVE"]
    await served.controlled("/index-drop", {"symbol": "BTCUSDT"})
    stale = await market(served)
    assert (stale["state"], stale["indexStale"], stale["operatorState"]) == ("INDEX_STALE", True, "TRADING")
    await served.controlled("/index-price", {"symbol": "BTCUSDT", "price": "50000"})
    alive = await market(served)
    assert (alive["state"], [row["status"] for row in alive["indexSources"]]) == ("TRADING", ["LIVE"] * 3)


async def test_a_stale_index_lets_in_only_what_is_reduce_only(three_sources: Served) -> None:
    served = three_sources
    await served.set_index("BTCUSDT", "50000")
    maker, trader = await served.create_account("1000000"), await served.create_account("10000")
    await maker.limit("SELL", "1", "50000")
    await trader.limit("BUY", "0.1", "50000")
    await served.controlled("/index-drop", {"symbol": "BTCUSDT"})
    order: dict[str, Any] = {"symbol": "BTCUSDT", "type": "MARKET", "quantity": "0.1"}
    for side in ("BUY", "SELL"):
        refused = await trader.call("POST", "/fapi/v1/order", **order, side=side)
        assert (refused.status, refused.code) == (400, -4400)
    await trader.limit("SELL", "0.1", "50010", reduceOnly="true")
    (symbol,) = (await trader.get("/fapi/v1/exchangeInfo"))["symbols"]
    assert symbol["status"] == "TRADING"


async def test_a_market_state_is_answered_with_the_one_that_holds(three_sources: Served) -> None:
    served = three_sources

    async def held(state: str) -> str:
        return str((await served.controlled("/market-state", {"symbol": "BTCUSDT", "state": state}))["state"])

    await served.set_index("BTCUSDT", "50000")
    assert await held("HALTED") == "HALTED"
    assert await held("TRADING") == "TRADING"
    await served.controlled("/index-drop", {"symbol": "BTCUSDT"})
    assert await held("CANCEL_ONLY") == "CANCEL_ONLY"
    assert await held("TRADING") == "INDEX_STALE"
    for second, price in ((1, "50000"), (2, "44000")):
        await served.set_index("BTCUSDT", price)
        served.app.clock.advance(second * SECOND)  # type: ignore[attr-defined]
        served.app.sequencer.wake()
        await served.controlled("/annotate", {"kind": "after", "text": "the mark ticks"})
    broken = await market(served)
    assert (broken["state"], broken["operatorState"], broken["indexStale"]) == ("HALTED", "TRADING", False)
    assert 0 < broken["breakerUntil"] - served.now_ms() <= 60_000
    assert await held("TRADING") == "TRADING"


async def test_auto_add_margin_is_set_for_an_account_in_a_contract(still: Served) -> None:
    await still.create_account("100")
    assert await still.controlled("/accounts/1/auto-add-margin", {"symbol": "ETHUSDT", "enabled": True}) == {"seq": 3}
    holdings = still.app.venue.state.accounts[1].holdings
    assert [holding.auto_add_margin for holding in holdings.values()] == [False, True]
    await still.controlled("/accounts/1/auto-add-margin", {"symbol": "ETHUSDT", "enabled": False})
    assert not holdings["ETHUSDT"].auto_add_margin


async def test_a_liquidation_is_on_the_tape(still: Served) -> None:
    await still.set_index("BTCUSDT", "10000")
    maker, trader = await still.create_account("1000000"), await still.create_account("1000")
    await maker.limit("SELL", "1", "10000")
    await trader.post("/fapi/v1/leverage", symbol="BTCUSDT", leverage="20")
    await trader.market("BUY", "1")
    await maker.limit("BUY", "2", "9600")
    await still.set_index("BTCUSDT", "9000")
    still.app.clock.advance(31 * 10**9)  # type: ignore[attr-defined]
    still.app.sequencer.wake()
    await still.controlled("/annotate", {"kind": "after", "text": "the mark ticks"})
    (row,) = (await still.control("GET", "/liquidations")).body
    assert (row["accountId"], row["symbol"], row["quantity"], row["filledQuantity"]) == (2, "BTCUSDT", "1.000", "1.000")
    assert (row["positionSide"], row["marginType"]) == ("BOTH", "CROSS")
    assert (row["cascadeId"], row["generation"], row["parentId"], row["path"]["open"]) == (1, 0, None, "0.000")
    why = (await still.control("GET", "/liquidations/1/why")).body
    assert all(row[name] == why[name] for name in row.keys() & why.keys())
    assert why["text"].startswith("Account 2 was long 1.000 BTC (cross), at a mark of ")
    assert float(why["smallestDeposit"]) > 0
    assert 1 <= why["highestLeverage"] < 20
    fund = (await still.control("GET", "/insurance-fund")).body
    assert fund["tape"][-1]["balance"] == fund["balance"]
    assert all(change["liquidationIds"] == [1] for change in fund["tape"])
    assert {change["kind"] for change in fund["tape"]} == {"INSURANCE_CLEAR"}
    assert fund["positions"] == []
    assert (await still.control("GET", "/adl")).body == []
    assert (await still.state())[1] == 0


async def test_tapes_come_in_pages(still: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "TAPE_LIMIT_DEFAULT", 2)
    monkeypatch.setattr(control, "TAPE_LIMIT_MAX", 3)
    tape = still.app.liquidations.fund
    tape.extend(FundRow(seq, 0, "INSURANCE_CLEAR", "BTCUSDT", 1, seq) for seq in range(1, 8))
    still.app.liquidations.causes.forgotten = 4
    for query, seqs in [
        ("", [6, 7]),
        ("?limit=1", [7]),
        ("?limit=3", [5, 6, 7]),
        ("?afterSeq=2", [3, 4]),
        ("?afterSeq=0&limit=3", [1, 2, 3]),
        ("?afterSeq=7", []),
    ]:
        body = (await still.control("GET", f"/insurance-fund{query}")).body
        assert [row["seq"] for row in body["tape"]] == seqs, query
        assert (await still.control("GET", f"/liquidations{query}")).body == []
    assert (await still.control("GET", "/health")).body["tapeRowsDropped"] == 4


@pytest.mark.parametrize("name", ["0", "1", "9" * 18])
async def test_an_unknown_liquidation_is_told_as_such(still: Served, name: str) -> None:
    reply = await still.control("GET", f"/liquidations/{name}/why")
    assert (reply.status, reply.code) == (404, -9105)


@pytest.mark.parametrize(
    ("query", "code"), [("limit=0", -1130), ("limit=1001", -1130), ("limit=x", -1100), ("afterSeq=-1", -1130)]
)
async def test_pages_that_are_none(still: Served, query: str, code: int) -> None:
    for path in ("liquidations", "insurance-fund", "adl"):
        reply = await still.control("GET", f"/{path}?{query}")
        assert (reply.status, reply.code) == (400, code)


async def test_an_own_error_is_told_as_json_and_logged(still: Served, caplog: pytest.LogCaptureFixture) -> None:
    del still.app.liquidations
    with caplog.at_level(logging.ERROR):
        reply = await still.control("GET", "/liquidations")
    assert (reply.status, reply.code) == (500, -1000)
    assert "Traceback" in caplog.text
