"""What the served venue is measured against: constant answers by aiohttp, and bare sends. It trades nothing.

Run as a program it prints its ports as one JSON line and serves until its standard input ends.
"""

import asyncio
import json
import socket
import sys

import uvloop
from aiohttp import WSMsgType, web

ANSWER = (
    b'{"orderId":1,"symbol":"BTCUSDT","status":"NEW","clientOrderId":"a","price":"99000.00","avgPrice":"0.00",'
    b'"origQty":"0.010","executedQty":"0.000","cumQty":"0.000","cumQuote":"0.00000","timeInForce":"GTC",'
    b'"type":"LIMIT","reduceOnly":false,"side":"BUY","updateTime":1764000000000}'
)
WS_ANSWER = b'{"id":1,"status":200,"result":' + ANSWER + b',"rateLimits":[]}'
BACKLOG = 2_048


class Constant:
    """Answers every request alike; sends a frame to all who listen when it is told to."""

    def __init__(self) -> None:
        """Begin with nobody listening."""
        self._sockets: dict[web.WebSocketResponse, None] = {}
        self._raw: list[socket.socket] = []

    def application(self) -> web.Application:
        """Return the application."""
        application = web.Application()
        application.router.add_get("/ws", self._answer_frames)
        application.router.add_get("/listen", self._listen)
        application.router.add_post("/fire/{way}/{bytes}", self._fire)
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def accept(self, listening: socket.socket) -> None:
        """Keep every raw connection that comes."""
        loop = asyncio.get_running_loop()
        while True:
            raw, _ = await loop.sock_accept(listening)
            raw.setblocking(False)
            self._raw.append(raw)

    async def _answer(self, request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=ANSWER, content_type="application/json")

    async def _answer_frames(self, request: web.Request) -> web.WebSocketResponse:
        connection = web.WebSocketResponse(compress=False)
        await connection.prepare(request)
        async for message in connection:
            assert message.type is WSMsgType.TEXT
            await connection.send_bytes(WS_ANSWER)
        return connection

    async def _listen(self, request: web.Request) -> web.WebSocketResponse:
        connection = web.WebSocketResponse(compress=False)
        await connection.prepare(request)
        self._sockets[connection] = None
        async for _ in connection:
            pass
        return connection

    async def _fire(self, request: web.Request) -> web.Response:
        size = int(request.match_info["bytes"])
        if request.match_info["way"] == "raw":
            frame = b"x" * size
            for raw in self._raw:
                raw.send(frame)
        else:
            payload = b"x" * size
            for connection in self._sockets:
                await connection.send_bytes(payload)
        return web.Response(body=ANSWER, content_type="application/json")


async def _serve() -> None:
    constant = Constant()
    runner = web.AppRunner(constant.application(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=BACKLOG).start()
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listening:
        listening.setblocking(False)
        accepting = asyncio.create_task(constant.accept(listening))
        print(json.dumps({"http": runner.addresses[0][1], "raw": listening.getsockname()[1]}), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        accepting.cancel()
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(_serve())
