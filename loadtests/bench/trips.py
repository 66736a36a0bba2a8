"""Order round trips over REST and the WebSocket API, against constant answers by aiohttp. It judges nothing.

The same client, the same requests, the same machine; place and cancel in turn, signed before the watch starts.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from statistics import median
from time import perf_counter_ns

import aiohttp
from yarl import URL

from loadtests.bench.figures import Figure
from loadtests.bench.processes import Constant, Venue, constant, order, venue

PAIRS = 300  # of a place and a cancel, one at a time
BURST = 32  # at a time
BURSTS = 30
WARM_UP_PAIRS = 50
CONSTANT, COMMIT, RELAXED = "constant aiohttp handler", "Margincall", "Margincall, --durability relaxed"
ONE, MANY = "one at a time", f"{BURST} at a time"
UNIT = "microseconds an order"
NS_PER_US = 1_000

Burst = Callable[[list[int], bool], Awaitable[int]]  # (numbers, cancel?) -> nanoseconds


def measure(rounds: int, say: Callable[[str], None]) -> list[Figure]:
    """Return the figures of both wires."""
    with ExitStack() as stack:
        plain = stack.enter_context(constant())
        signer = stack.enter_context(venue())
        relaxed = stack.enter_context(venue("--durability", "relaxed"))
        targets = {CONSTANT: (plain.port, signer), COMMIT: (signer.port, signer), RELAXED: (relaxed.port, relaxed)}
        return asyncio.run(_measure(rounds, plain, targets, say))


async def _measure(
    rounds: int, plain: Constant, targets: dict[str, tuple[int, Venue]], say: Callable[[str], None]
) -> list[Figure]:
    runs: dict[tuple[str, str], list[float]] = {}
    async with AsyncExitStack() as stack:
        bursts: dict[tuple[str, str], Burst] = {}
        for name, (port, signer) in targets.items():
            bursts["REST", name] = await stack.enter_async_context(_rest(port, signer))
            path = "/ws" if port == plain.port else "/ws-fapi/v1"
            bursts["WebSocket API", name] = await stack.enter_async_context(_ws(port, path, signer))
        for burst in bursts.values():
            await _one_by_one(burst, WARM_UP_PAIRS)
        for number in range(rounds):
            for (wire, name), burst in bursts.items():
                one, many = await _one_by_one(burst, PAIRS), await _in_bursts(burst)
                runs.setdefault((f"{wire} order round trip, {ONE}", name), []).append(one)
                runs.setdefault((f"{wire} order round trip, {MANY}", name), []).append(many)
                say(f"round {number + 1}, {wire}, {name}: {one:.0f} us one at a time, {many:.0f} us {MANY}")
    return [
        Figure(group, name, UNIT, tuple(times), "" if name == CONSTANT else CONSTANT)
        for (group, name), times in sorted(runs.items(), key=lambda item: item[0][0])
    ]


async def _one_by_one(burst: Burst, pairs: int) -> float:
    """Return the median of single round trips."""
    spent = [await burst([number], cancel) for number in range(pairs) for cancel in (False, True)]
    return median(spent) / NS_PER_US


async def _in_bursts(burst: Burst) -> float:
    """Return the elapsed time of an order when many are under way at once."""
    numbers = list(range(BURST))
    spent = [await burst(numbers, cancel) for _ in range(BURSTS) for cancel in (False, True)]
    return sum(spent) / len(spent) / BURST / NS_PER_US


@asynccontextmanager
async def _rest(port: int, signer: Venue) -> AsyncIterator[Burst]:
    """Open connections as they are needed, and keep them."""
    headers = {"X-MBX-APIKEY": signer.trader.api_key}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=BURST), headers=headers) as session:

        async def trip(method: str, query: str) -> None:
            url = URL(f"http://127.0.0.1:{port}/fapi/v1/order?{query}", encoded=True)
            async with session.request(method, url) as response:
                body = await response.read()
                assert response.status == 200, body

        async def burst(numbers: list[int], cancel: bool) -> int:  # noqa: FBT001 - a pair of place and cancel
            made = [_params(number, cancel=cancel) for number in numbers]
            queries = [signer.query(**params) for params in made]
            began_ns = perf_counter_ns()
            await asyncio.gather(*(trip("DELETE" if cancel else "POST", query) for query in queries))
            return perf_counter_ns() - began_ns

        yield burst


@asynccontextmanager
async def _ws(port: int, path: str, signer: Venue) -> AsyncIterator[Burst]:
    """Keep one connection."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"ws://127.0.0.1:{port}{path}") as connection:

        async def burst(numbers: list[int], cancel: bool) -> int:  # noqa: FBT001 - a pair of place and cancel
            method = "order.cancel" if cancel else "order.place"
            made = [_params(number, cancel=cancel) for number in numbers]
            requests = [signer.request(method, number, **params) for number, params in zip(numbers, made, strict=True)]
            began_ns = perf_counter_ns()
            for request in requests:
                await connection.send_str(request)
            answers = [await connection.receive() for _ in requests]
            spent_ns = perf_counter_ns() - began_ns
            assert all('"status":200' in _text(answer) for answer in answers), answers
            return spent_ns

        yield burst


def _text(answer: aiohttp.WSMessage) -> str:
    return answer.data.decode() if isinstance(answer.data, bytes) else str(answer.data)


def _params(number: int, *, cancel: bool) -> dict[str, str]:
    name = f"bench{number}"
    return {"symbol": "BTCUSDT", "origClientOrderId": name} if cancel else order(name)
