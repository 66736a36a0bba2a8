"""Calls of a venue's control API from a thread that may block. It knows no path of it."""

import json
import urllib.error
import urllib.request
from typing import Any

TIMEOUT_S = 30


class ControlError(Exception):
    """The control API refused: its HTTP status, code and message."""

    def __init__(self, http: int, code: int, msg: str) -> None:
        super().__init__(f"{msg} ({code}, HTTP {http})")
        self.http = http
        self.code = code
        self.msg = msg


def call(url: str, token: str, method: str, path: str, body: object | None = None) -> Any:
    """Return the body of the answer to a call of `/sim/v1` + `path`. Raises ControlError, OSError when none comes."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - the address is that of our own venue
        f"{url}/sim/v1{path}", data, {"Authorization": f"Bearer {token}"}, method=method
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a venue on the loopback needs no proxy
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        refused = json.load(error)
        raise ControlError(error.code, refused["code"], refused["msg"]) from error
