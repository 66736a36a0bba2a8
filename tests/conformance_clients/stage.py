"""A venue in a process of its own, and what happens on it beside the client under test: a maker and an index by hand.

Standard library only, so that it runs in environments where only one client is installed. Its calls block for a
millisecond or so; the venue answers from another process.
"""

import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

SYMBOL = "BTCUSDT"
INDEX = 100_000.0
MARK_NEAR = 500.0  # the mark follows the book and the last trade a little
ETH, ETH_INDEX = "ETHUSDT", "3000.00"
PATIENCE_S = 20.0
TOO_MANY_REQUESTS = "-1003"
POLL_S = 0.02
SERVE_FLAGS = ("--index", "manual", "--port", "0", "--limits", "classroom", "--durability", "relaxed")


class StageError(Exception):
    """The venue did not start, or refused what the stage asked of it."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of an account."""

    account_id: int
    api_key: str
    secret_key: str


@dataclass(slots=True)
class Stage:
    """A venue at work, with a maker whose orders are the only ones beside the client's."""

    rest: str
    ws: str
    admin_token: str
    maker: Keys = field(init=False)
    accounts: list[Keys] = field(default_factory=list)
    index_price: float = 0.0

    def account(self, deposit: str = "10000", funding: str = "5000") -> Keys:
        """Open an account with these amounts in its futures and its funding wallet, and return its keys."""
        body = {"name": "trader", "deposit": deposit, "fundingDeposit": funding}
        made = self.control("POST", "/accounts", body)
        keys = Keys(int(made["accountId"]), made["apiKey"], made["secretKey"])
        self.accounts.append(keys)
        return keys

    def set_index(self, price: float) -> None:
        """Set the index price; the mark follows within about a second."""
        self.control("POST", "/index-price", {"symbol": SYMBOL, "price": f"{price:.2f}"})
        self.index_price = price

    def offer(self, side: str, quantity: float, price: float) -> Any:
        """Let the maker place a limit order that rests or takes; return the venue's answer."""
        return self.order(self.maker, side, quantity, price)

    def order(self, keys: Keys, side: str, quantity: float, price: float) -> Any:
        """Place a limit order for an account; return the venue's answer."""
        params = {
            "symbol": SYMBOL,
            "side": side,
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": f"{quantity:.3f}",
            "price": f"{price:.2f}",
        }
        return self.signed(keys, "POST", "/fapi/v1/order", params)

    def trade(self, price: float, quantity: float = 0.001) -> None:
        """Let two others trade at a price, so that it is the last one; the book must not stand in the way."""
        self.offer("SELL", quantity, price)
        self.order(self.accounts[1], "BUY", quantity, price)

    def clear(self) -> None:
        """Take all orders of everybody out of the book, and bring index and mark back; forget the cells' accounts."""
        self.order_book_emptied()
        del self.accounts[2:]
        if self.index_price != INDEX:
            self.set_index(INDEX)
            self.control("POST", "/index-price", {"symbol": ETH, "price": ETH_INDEX})
        self.until_mark(lambda mark: abs(mark - INDEX) < MARK_NEAR)

    def order_book_emptied(self) -> None:
        """Cancel all orders of everybody."""
        for keys in self.accounts:
            try:
                for path in ("/fapi/v1/allOpenOrders", "/fapi/v1/algoOpenOrders"):
                    self.signed(keys, "DELETE", path, {"symbol": SYMBOL})
            except StageError as error:
                if TOO_MANY_REQUESTS not in str(error):  # whom the cell on rate limits used up has no orders
                    raise

    def makers_gone(self) -> None:
        """Cancel the orders of the maker and of who trades with it; those of the cells stay."""
        for keys in self.accounts[:2]:
            self.signed(keys, "DELETE", "/fapi/v1/allOpenOrders", {"symbol": SYMBOL})

    def until_mark(self, holds: Any) -> None:
        """Wait until the mark price is as wanted. Raises StageError after a while."""
        until = time.monotonic() + PATIENCE_S
        while not holds(float(self.public("/fapi/v1/premiumIndex", {"symbol": SYMBOL})["markPrice"])):
            if time.monotonic() > until:
                raise StageError("the mark price did not come")
            time.sleep(POLL_S)

    def public(self, path: str, params: dict[str, str]) -> Any:
        """Return the answer of a public GET."""
        headers = {"X-MBX-APIKEY": self.maker.api_key}  # so that its weight is the maker's
        return _send("GET", f"{self.rest}{path}?{urlencode(params)}", headers)

    def signed(self, keys: Keys, method: str, path: str, params: dict[str, str]) -> Any:
        """Return the answer of a signed request of an account. Raises StageError when it is refused."""
        query = urlencode(params | {"timestamp": str(time.time_ns() // 10**6), "recvWindow": "60000"})
        signature = hmac.new(keys.secret_key.encode(), query.encode(), hashlib.sha256).hexdigest()
        headers = {"X-MBX-APIKEY": keys.api_key}
        return _send(method, f"{self.rest}{path}?{query}&signature={signature}", headers)

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer of the control API. Raises StageError when it refuses."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.admin_token}", "Content-Type": "application/json"}
        return _send(method, f"{self.rest}/sim/v1{path}", headers, data)


@contextmanager
def staged(command: str | None = None, flags: Sequence[str] = ()) -> Iterator[Stage]:
    """Serve a venue until the block ends.

    `command`: the program `margincall`; else $MARGINCALL, else the one here. `flags`: further ones of `serve`.
    """
    program = command or os.environ.get("MARGINCALL") or _beside_python()
    folder = Path(tempfile.mkdtemp(prefix="conformance-"))
    ready_path = folder / "ready.json"
    log_path = folder / "log"
    arguments = [
        program,
        "serve",
        *SERVE_FLAGS,
        *flags,
        "--data",
        str(folder / "data"),
        "--ready-file",
        str(ready_path),
    ]
    with log_path.open("wb") as log:
        process = subprocess.Popen(arguments, stdout=log, stderr=log)
    try:
        _until_ready(process, ready_path, log_path)
        yield stage_at(ready_path)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)
        shutil.rmtree(folder)


def stage_at(ready_path: Path) -> Stage:
    """Return the stage of a venue that is served already (`--index manual`), by its ready file."""
    ready = json.loads(ready_path.read_text("utf-8"))
    stage = Stage(ready["rest"], ready["ws"], ready["adminToken"])
    stage.maker = stage.account("100000000")
    stage.account("1000000")  # the other side of `trade`
    stage.clear()
    return stage


def _beside_python() -> str:
    return str(Path(sys.executable).parent / "margincall")


def _until_ready(process: subprocess.Popen[bytes], ready_path: Path, log_path: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while not ready_path.exists():
        if process.poll() is not None or time.monotonic() > until:
            raise StageError(f"the venue did not start: {log_path.read_text('utf-8')[-2000:]}")
        time.sleep(POLL_S)


def _send(method: str, url: str, headers: dict[str, str], data: bytes | None = None) -> Any:
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise StageError(f"{method} {url.partition('?')[0]}: {error.code} {error.read().decode()}") from error
