"""Records a served session: every answer of a story over REST, and what all streams said meanwhile, as JSON lines.

A line is `{"kind": "rest", "method", "path", "params", "status", "body"}` or `{"kind": "stream", "stream", "data"}`.
Whoever has models of the venue's messages reads them from there. It runs in our own environment (`python -m ... FILE`);
every REST route of the venue must have been called with success, every stream have spoken, or it says which did not.
"""

import asyncio
import hashlib
import hmac
import json
import os
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from exchange.dialects.binance.rest.routes import ROUTES
from tests.conformance_clients.outside.session_story import STREAMS, USER_EVENTS, told
from tests.conformance_clients.stage import Keys, Stage, staged

QUIET_S = 4.0  # the slowest streams speak every 3 s
OURS = ".venv/bin/margincall"


@dataclass(slots=True)
class Recorder:
    """Calls the venue and keeps what it says."""

    stage: Stage
    http: aiohttp.ClientSession
    lines: list[dict[str, Any]] = field(default_factory=list)

    async def call(self, method: str, path: str, params: dict[str, Any] | None = None, keys: Keys | None = None) -> Any:
        """Make a call, signed when keys are given; keep and return the body, of a refusal, too."""
        params = {name: str(value) for name, value in (params or {}).items()}
        query, headers = urlencode(params), {}
        if keys is not None:
            query = urlencode(params | {"timestamp": str(time.time_ns() // 10**6), "recvWindow": "60000"})
            query += f"&signature={hmac.new(keys.secret_key.encode(), query.encode(), hashlib.sha256).hexdigest()}"
            headers["X-MBX-APIKEY"] = keys.api_key
        url = URL(f"{self.stage.rest}{path}?{query}", encoded=True)  # as it was signed
        async with self.http.request(method, url, headers=headers) as response:
            body = await response.json()
            said = {"method": method, "path": path, "params": params, "status": response.status, "body": body}
            self.lines.append({"kind": "rest"} | said)
            return body

    async def hear(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Keep what a stream connection says until it is closed; a listenKey is kept as `user`."""
        async for message in socket:
            said = json.loads(message.data)
            stream = said["stream"] if "@" in said["stream"] or said["stream"].startswith("!") else "user"
            self.lines.append({"kind": "stream", "stream": stream, "data": said["data"]})

    def uncalled(self) -> list[str]:
        """Return the routes that were not called with success."""
        good = {(line["method"], line["path"]) for line in self.lines if line.get("status") == 200}
        return sorted(f"{route.method} {route.path}" for route in ROUTES if (route.method, route.path) not in good)


async def record(stage: Stage) -> Recorder:
    """Tell the story with all streams open."""
    async with AsyncExitStack() as stack:
        recorder = Recorder(stage, await stack.enter_async_context(aiohttp.ClientSession()))
        accounts = [stage.account("100000") for _ in range(3)]
        names = list(STREAMS)
        answers = [await recorder.call("POST", "/fapi/v1/listenKey", keys=keys) for keys in accounts]
        names += [answer["listenKey"] for answer in answers]
        url = f"{stage.ws}/stream?streams={'/'.join(names)}"
        socket = await stack.enter_async_context(recorder.http.ws_connect(url))
        hearing = asyncio.create_task(recorder.hear(socket))
        await told(recorder, *accounts)
        await asyncio.wait([hearing], timeout=QUIET_S)
        await socket.close()
        await hearing
    return recorder


def main() -> int:
    """Record a session into the file named; return 1 when something that the venue can say was not said."""
    with staged(os.environ.get("MARGINCALL", OURS)) as stage:
        recorder = asyncio.run(record(stage))
    Path(sys.argv[1]).write_text("".join(json.dumps(line) + "\n" for line in recorder.lines), "utf-8")
    heard = [line for line in recorder.lines if line["kind"] == "stream"]
    missing = {
        "routes never called with success": recorder.uncalled(),
        "mute streams": sorted(set(STREAMS) - {line["stream"] for line in heard}),
        "user events never heard": sorted(
            USER_EVENTS - {line["data"]["e"] for line in heard if line["stream"] == "user"}
        ),
    }
    print(f"{len(recorder.lines) - len(heard)} answers, {len(heard)} events")
    for what, names in missing.items():
        if names:
            print(f"{what}: {', '.join(names)}")
    return int(any(missing.values()))


if __name__ == "__main__":
    sys.exit(main())
