"""The servers of the wire benchmarks, each in a process of its own that ends with the block. They measure nothing."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from clients.ready import Credentials
from loadtests.control import Control
from loadtests.signing import signed_params, signed_query
from loadtests.venue import served

STOP_SECONDS_MAX = 20
SYMBOL = "BTCUSDT"
PRICE = 100_000.0
LIMITS_OFF = ("--limits", "off")


@dataclass(frozen=True, slots=True)
class Constant:
    """A process of `loadtests.bench.servers`."""

    pid: int
    port: int
    raw_port: int


@dataclass(frozen=True, slots=True)
class Venue:
    """A served venue with one trader, and its index at `PRICE`."""

    pid: int
    port: int
    trader: Credentials

    def query(self, **params: str) -> str:
        """Return signed parameters as a query, stamped now."""
        return signed_query(self.trader, params, now_ms())

    def request(self, method: str, number: int, **params: str) -> str:
        """Return a signed request of the WebSocket API."""
        sent = signed_params(self.trader, params, now_ms())
        return json.dumps({"id": number, "method": method, "params": sent})


def now_ms() -> int:
    """Return the machine's time in milliseconds."""
    return time.time_ns() // 10**6


def order(client_order_id: str, price: str = "99000.0") -> dict[str, str]:
    """Return the parameters of an order that rests."""
    return {
        "symbol": SYMBOL,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": price,
        "newClientOrderId": client_order_id,
    }


@contextmanager
def constant() -> Iterator[Constant]:
    """Run the constant server."""
    process = subprocess.Popen(
        [sys.executable, "-m", "loadtests.bench.servers"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        ports = json.loads(process.stdout.readline())
        yield Constant(process.pid, ports["http"], ports["raw"])
    finally:
        process.stdin.close()
        _end(process)


@contextmanager
def venue(*flags: str) -> Iterator[Venue]:
    """Serve a venue without limits, its journal in a folder that goes with the block."""
    with (
        TemporaryDirectory(prefix="bench-") as folder,
        served(Path(folder), Path(folder) / "venue.log", *LIMITS_OFF, *flags) as (ready, process),
    ):
        Control(ready.rest, ready.admin_token).set_index(SYMBOL, PRICE)
        yield Venue(process.pid, int(ready.rest.rpartition(":")[2]), ready.accounts[0])


def processor_ns(pid: int) -> int:
    """Return what all threads of a process have spent on a processor, in nanoseconds."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text("ascii").split()[0]) for task in tasks)


def _end(process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> None:
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
