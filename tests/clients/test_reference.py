"""The pure parts of the reference client: a book's sync rules, an account's view, numbers on a grid, the ready file."""

import json
from pathlib import Path
from typing import Any

import pytest

from clients.reference import AccountView, Credentials, LocalBook, on_grid, read_ready

ROOT = Path(__file__).resolve().parents[2]


def diff(first: int, last: int, previous: int, bids: Any = (), asks: Any = ()) -> dict[str, Any]:
    return {"e": "depthUpdate", "U": first, "u": last, "pu": previous, "b": list(bids), "a": list(asks)}


@pytest.fixture
def book() -> LocalBook:
    book = LocalBook()
    book.reset({"lastUpdateId": 10, "bids": [["99.0", "1"], ["98.0", "2"]], "asks": [["101.0", "1"]]})
    return book


def test_a_book_drops_old_diffs_and_begins_with_the_one_that_spans_it(book: LocalBook) -> None:
    assert book.apply(diff(5, 8, 4, bids=[["99.0", "7"]]))
    assert book.bids["99.0"] == "1"
    assert book.apply(diff(9, 11, 8, bids=[["99.0", "0"]], asks=[["100.0", "3"]]))
    assert book.best() == ("98.0", "100.0")
    assert book.update_id == 11


def test_a_gap_puts_a_book_out_of_sync_until_the_next_snapshot(book: LocalBook) -> None:
    assert book.apply(diff(11, 12, 10))
    assert not book.apply(diff(15, 16, 14))
    assert not book.apply(diff(17, 18, 16))
    book.reset({"lastUpdateId": 20, "bids": [], "asks": []})
    assert book.apply(diff(20, 21, 19))
    assert book.best() == ("", "")


def test_a_first_diff_that_lies_beyond_the_snapshot_is_a_gap(book: LocalBook) -> None:
    assert not book.apply(diff(15, 16, 14))


def order(**changes: Any) -> dict[str, Any]:
    row = {"c": "a-1", "s": "BTCUSDT", "S": "BUY", "p": "100.0", "q": "2.000", "z": "0.000", "X": "NEW"}
    return {"e": "ORDER_TRADE_UPDATE", "o": {**row, **changes}}


def test_a_view_follows_orders_and_positions() -> None:
    view = AccountView()
    view.apply(order())
    view.apply(order(z="0.500", X="PARTIALLY_FILLED"))
    assert view.orders["a-1"].filled == 0.5
    view.apply(order(X="CANCELED"))
    assert view.orders == {}
    position = {"s": "BTCUSDT", "pa": "-0.500"}
    view.apply({"e": "ACCOUNT_UPDATE", "a": {"B": [{"a": "USDT", "wb": "99.5"}], "P": [position]}})
    assert (view.wallet, view.position("BTCUSDT"), view.position("ETHUSDT")) == (99.5, -0.5, 0)
    view.apply({"e": "MARGIN_CALL"})
    view.apply(order(c="autoclose-1", X="EXPIRED"))
    assert (view.margin_calls, view.liquidations) == (1, 1)


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (0.0129, "0.001", "0.012"),
        (97_000.06, "0.10", "97000.00"),
        (1e6, "0.10", "1000000.00"),
        (0.0004, "0.001", "0.000"),
    ],
)
def test_numbers_are_cut_to_the_grid(value: float, step: str, text: str) -> None:
    assert on_grid(value, step) == text


def test_a_ready_file_is_read(tmp_path: Path) -> None:
    accounts = [{"accountId": 1, "apiKey": "k", "secretKey": "s"}]
    path = tmp_path / "ready.json"
    path.write_text(json.dumps({"rest": "http://h:1/", "ws": "ws://h:1", "adminToken": "t", "accounts": accounts}))
    ready = read_ready(path)
    assert (ready.rest, ready.ws, ready.admin_token) == ("http://h:1", "ws://h:1", "t")
    assert ready.accounts == (Credentials(1, "k", "s"),)


def test_the_template_is_short() -> None:
    assert len((ROOT / "clients" / "template.py").read_text("utf-8").splitlines()) < 60
