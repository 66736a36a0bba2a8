"""The servers of the wire benchmarks, each in a process of its own that ends with the block. They measure nothing."""

import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from exchange.testing.control import call

START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 20
PRICE = "100000.0"
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
    api_key: str
    secret_key: str

    def sign(self, text: str) -> str:
        """Return the signature of a text."""
        return hmac.new(self.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()

    def query(self, **params: object) -> str:
        """Return signed parameters as a query, stamped now."""
        text = urlencode({**params, "timestamp": now_ms()})
        return f"{text}&signature={self.sign(text)}"

    def request(self, method: str, number: int, **params: object) -> str:
        """Return a signed request of the WebSocket API."""
        full = {**params, "apiKey": self.api_key, "timestamp": now_ms()}
        text = "&".join(f"{name}={full[name]}" for name in sorted(full))
        return json.dumps({"id": number, "method": method, "params": {**full, "signature": self.sign(text)}})


def now_ms() -> int:
    """Return the machine's time in milliseconds."""
    return time.time_ns() // 10**6


def order(client_order_id: str, price: str = "99000.0") -> dict[str, object]:
    """Return the parameters of an order that rests."""
    return {
        "symbol": "BTCUSDT",
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
def venue(*options: str) -> Iterator[Venue]:
    """Serve a venue on a free port, its journal in a folder that goes with the block."""
    with TemporaryDirectory(prefix="bench-") as folder:
        ready_file = Path(folder) / "ready.json"
        program = "from exchange.cli import main; main()"
        flags = ["--port", "0", "--data", f"{folder}/data", "--ready-file", str(ready_file), *LIMITS_OFF, *options]
        process = subprocess.Popen(
            [sys.executable, "-c", program, "serve", *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            ready = _ready(ready_file, process)
            call(ready["rest"], ready["adminToken"], "POST", "/index-price", {"symbol": "BTCUSDT", "price": PRICE})
            trader = ready["accounts"][0]
            port = int(ready["rest"].rpartition(":")[2])
            yield Venue(process.pid, port, trader["apiKey"], trader["secretKey"])
        finally:
            process.terminate()
            _end(process)


def processor_ns(pid: int) -> int:
    """Return what all threads of a process have spent on a processor, in nanoseconds."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text("ascii").split()[0]) for task in tasks)


def _ready(ready_file: Path, process: "subprocess.Popen[bytes]") -> Any:
    end = time.monotonic() + START_SECONDS_MAX
    while not ready_file.exists():
        assert process.poll() is None, "the venue did not start"
        assert time.monotonic() < end, f"the venue was not ready in {START_SECONDS_MAX} s"
        time.sleep(0.05)
    return json.loads(ready_file.read_text("utf-8"))


def _end(process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> None:
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
