"""One update of the book told to a thousand subscribers, against bare sends of as many bytes. It judges nothing.

Elapsed time runs from the request that sets the update off until the last subscriber has it; processor time is the
server's own for that. Subscribers are raw sockets of this process, the same for all.
"""

import selectors
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit, setrlimit
from statistics import mean, median
from time import perf_counter_ns

from loadtests.bench.figures import Figure
from loadtests.bench.processes import Venue, constant, order, processor_ns, venue

SUBSCRIBERS = 1_000
UPDATES = 20
WARM_UP_UPDATES = 4
WAIT_SECONDS_MAX = 10
OPEN_FILES = 4_096
STREAM = "btcusdt@bookTicker"
BARE, AIOHTTP, VENUE = "bare socket sends", "aiohttp, send_bytes in a loop", "Margincall, bookTicker"
ELAPSED = f"one update to {SUBSCRIBERS:,} subscribers, elapsed time"
PROCESSOR = f"one update to {SUBSCRIBERS:,} subscribers, server's processor time"
UNIT = "milliseconds an update"
NS_PER_MS = 1_000_000
RECEIVED_MAX = 65_536
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@dataclass(slots=True)
class Audience:
    """Subscribers of one server, and how an update is set off there."""

    pid: int
    trigger: socket.socket
    subscribers: list[socket.socket]
    request: Callable[[int], bytes]  # of the update of this number
    selector: selectors.EpollSelector = field(default_factory=selectors.EpollSelector)

    def watch(self) -> None:
        """Begin to listen."""
        for one in (self.trigger, *self.subscribers):
            one.setblocking(False)
            self.selector.register(one, selectors.EVENT_READ)

    def update(self, number: int) -> tuple[int, int, int]:
        """Set an update off; return elapsed and processor time in nanoseconds, and the bytes each has received."""
        request = self.request(number)
        waiting = {one.fileno() for one in (self.trigger, *self.subscribers)}
        size, last_ns = 0, 0
        before_ns, began_ns = processor_ns(self.pid), perf_counter_ns()
        self.trigger.send(request)
        while waiting:
            ready = self.selector.select(WAIT_SECONDS_MAX)
            assert ready, f"{len(waiting)} subscribers heard nothing"
            for key, _ in ready:
                one = key.fileobj
                assert isinstance(one, socket.socket)
                data = one.recv(RECEIVED_MAX)
                assert data, "the server closed a connection"
                waiting.discard(one.fileno())
                if one is self.trigger:
                    assert data.startswith(b"HTTP/1.1 200"), data
                else:
                    size, last_ns = len(data), perf_counter_ns()
        return last_ns - began_ns, processor_ns(self.pid) - before_ns, size


def measure(rounds: int, say: Callable[[str], None]) -> list[Figure]:
    """Return the figures of all three, in turn."""
    allowed = getrlimit(RLIMIT_NOFILE)[1]
    if allowed != RLIM_INFINITY and allowed < OPEN_FILES:
        raise SystemExit(f"the fan-out opens {OPEN_FILES} files, and {allowed} are allowed here: raise `ulimit -Hn`")
    setrlimit(RLIMIT_NOFILE, (OPEN_FILES, allowed))
    runs: dict[tuple[str, str], list[float]] = {}
    with ExitStack() as stack:
        plain, served = stack.enter_context(constant()), stack.enter_context(venue())
        audiences = {
            VENUE: stack.enter_context(_audience(served.pid, served.port, _place_or_cancel(served), f"/ws/{STREAM}"))
        }
        size = [audiences[VENUE].update(number)[2] for number in range(WARM_UP_UPDATES)][-1]
        fire = f"POST /fire/{{}}/{size} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
        raw, frames = fire.format("raw").encode(), fire.format("ws").encode()
        audiences[BARE] = stack.enter_context(_audience(plain.pid, plain.port, lambda _: raw, "", plain.raw_port))
        audiences[AIOHTTP] = stack.enter_context(_audience(plain.pid, plain.port, lambda _: frames, "/listen"))
        for audience in audiences.values():
            for number in range(WARM_UP_UPDATES):
                audience.update(number)
        for number in range(rounds):
            for name in (BARE, AIOHTTP, VENUE):
                updates = [audiences[name].update(turn) for turn in range(UPDATES)]
                elapsed_ms = median(spent[0] for spent in updates) / NS_PER_MS
                processor_ms = mean(spent[1] for spent in updates) / NS_PER_MS
                runs.setdefault((ELAPSED, name), []).append(elapsed_ms)
                runs.setdefault((PROCESSOR, name), []).append(processor_ms)
                say(f"round {number + 1}, fan-out of {size} bytes, {name}: {elapsed_ms:.2f} ms, {processor_ms:.2f} ms")
    return [
        Figure(group, name, UNIT, tuple(times), "" if name == BARE else BARE, f"{size} bytes")
        for (group, name), times in sorted(runs.items(), key=lambda item: item[0][0])
    ]


@contextmanager
def _audience(pid: int, port: int, request: Callable[[int], bytes], path: str, raw_port: int = 0) -> Iterator[Audience]:
    """Connect all subscribers: to a WebSocket path, or to a port where nothing is said first."""
    with ExitStack() as stack:
        trigger = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        subscribers = []
        for _ in range(SUBSCRIBERS):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", raw_port or port)))
            if path:
                one.sendall(HANDSHAKE.format(path=path).encode())
                greeting = one.recv(RECEIVED_MAX)
                assert greeting.startswith(b"HTTP/1.1 101"), greeting
            subscribers.append(one)
        audience = Audience(pid, trigger, subscribers, request)
        audience.watch()
        stack.callback(audience.selector.close)
        yield audience


def _place_or_cancel(served: Venue) -> Callable[[int], bytes]:
    """Return a request that makes a best bid, and then one that takes it away."""

    def request(number: int) -> bytes:
        if number % 2:
            method, query = "DELETE", served.query(symbol="BTCUSDT", origClientOrderId="bench")
        else:
            method, query = "POST", served.query(**order("bench"))
        head = (
            f"{method} /fapi/v1/order?{query} HTTP/1.1\r\nHost: localhost\r\nX-MBX-APIKEY: {served.trader.api_key}\r\n"
        )
        return f"{head}Content-Length: 0\r\n\r\n".encode()

    return request
